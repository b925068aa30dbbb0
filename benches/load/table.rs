//! What is printed.

use crate::compare::Line;
use crate::pgbench;
use crate::process::Memory;

/// A name, at so many connections, and its value in one round.
pub(crate) type Ratio = (&'static str, usize, f64);

enum Target {
    AtLeast(f64),
    AtMost(f64),
}

use Target::{AtLeast, AtMost};

/// The figures that the design aims at, for comparison only: a busy machine misses them.
const TARGETS: &[(&str, Target)] = &[
    ("check / bare", AtLeast(0.50)),
    ("notify / bare", AtLeast(0.15)),
    ("packages / bare", AtLeast(0.60)),
    ("orders made / codes redeemed", AtLeast(0.50)),
    ("callbacks / codes redeemed", AtLeast(0.50)),
    ("notify / one transaction each", AtLeast(4.0)),
    ("notify / one sync each", AtLeast(1.5)),
    ("slow disk: notify / one transaction each", AtLeast(10.0)),
    ("postgres: check / bare", AtLeast(0.30)),
    ("postgres: notify / pgbench, one row", AtLeast(0.75)),
    ("postgres: notify / pgbench, same rows", AtLeast(2.5)),
    ("postgres: notify / one transaction each", AtLeast(4.0)),
    ("postgres: CPU s of 100,000 notices", AtMost(5.0)),
];

pub(crate) fn head() {
    println!(
        "\n{:<28} {:>5} {:>9} {:>9} {:>9} {:>9} {:>8} {:>9} {:>8} {:>8} {:>9}",
        "", "conns", "per s", "p50 ms", "p99 ms", "max ms", "failed", "cpu s", "reads", "writes", "switches"
    );
    println!("{:>91} {:>8} {:>8} {:>9}", "/100,000", "each", "each", "each");
}

pub(crate) fn line(line: &Line) {
    let ms = |us: u32| f64::from(us) / 1000.0;
    let each = |count: u64| count as f64 / (line.counted.total.max(1)) as f64;
    let counted = &line.counted;
    println!(
        "{:<28} {:>5} {:>9.0} {:>9.2} {:>9.2} {:>9.2} {:>8} {:>9.2} {:>8.2} {:>8.2} {:>9.2}",
        line.name,
        line.connections,
        line.per_s(),
        ms(counted.p50_us),
        ms(counted.p99_us),
        ms(counted.max_us),
        counted.failed,
        line.cpu_s(),
        each(line.used.reads),
        each(line.used.writes),
        each(line.used.switches),
    );
}

/// What a server and the database behind it used, CPU seconds for 100,000 requests.
pub(crate) fn cpu(server_s: f64, database_s: f64) {
    println!(
        "{:<28} CPU s /100,000: its own {server_s:.2}, the database's {database_s:.2}, together {:.2}",
        "",
        server_s + database_s
    );
}

pub(crate) fn pgbench(name: &str, connections: usize, counted: &pgbench::Counted, cpu_s: f64) {
    println!("{name:<28} {connections:>5} {:>9.0}   {:.2} ms on average", counted.per_s, counted.average_ms);
    println!("{:<28} CPU s /100,000: the database's {cpu_s:.2}, new sessions included", "");
}

/// Each ratio over its rounds.
pub(crate) fn ratios(connections: &[usize], ratios: &[Ratio]) {
    ratio_head();
    for connections in connections {
        let mut names: Vec<&str> = Vec::new();
        for (name, _, _) in ratios.iter().filter(|ratio| ratio.1 == *connections) {
            if !names.contains(name) {
                names.push(name);
            }
        }
        for name in names {
            let of_name = ratios.iter().filter(|ratio| ratio.0 == name && ratio.1 == *connections);
            ratio(name, *connections, of_name.map(|ratio| ratio.2).collect());
        }
    }
}

fn ratio(name: &str, connections: usize, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    let Some(median) = values.get(values.len() / 2) else { return };
    let (least, most) = (values[0], values[values.len() - 1]);
    let target = TARGETS.iter().find(|(target, _)| *target == name);
    let target = target.map_or(String::new(), |(_, target)| {
        let (sign, bound, met) = match target {
            AtLeast(bound) => (">=", bound, median >= bound),
            AtMost(bound) => ("<=", bound, median <= bound),
        };
        format!("{sign} {bound:<5.2} {}", if met { "met" } else { "missed" })
    });
    println!("{name:<42} {connections:>5} {median:>8.2} {least:>8.2} {most:>8.2}   {target}");
}

fn ratio_head() {
    println!("\n{:<42} {:>5} {:>8} {:>8} {:>8}   target", "ratio", "conns", "median", "least", "most");
}

pub(crate) fn memory(when: &str, memory: Memory) {
    let mb = |kb: u64| kb as f64 / 1024.0;
    println!(
        "gateway's memory {when}: {:.1} MB now, {:.1} MB at most",
        mb(memory.now_kb),
        mb(memory.most_kb)
    );
}
