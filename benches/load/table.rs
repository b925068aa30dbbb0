//! What is printed.

use crate::compare::Line;
use crate::process::Memory;

/// The figures that the design aims at, for comparison only: a busy machine misses them.
pub(crate) const TARGETS: &[(&str, f64)] = &[
    ("check / bare", 0.50),
    ("notify / bare", 0.15),
    ("notify / one transaction each", 4.0),
    ("notify / one sync each", 1.5),
    ("slow disk: notify / one transaction each", 10.0),
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

pub(crate) fn ratio(name: &str, connections: usize, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    let Some(median) = values.get(values.len() / 2) else { return };
    let (least, most) = (values[0], values[values.len() - 1]);
    let target = TARGETS.iter().find(|(target, _)| *target == name);
    let target = target.map_or(String::new(), |(_, target)| {
        let word = if median >= target { "met" } else { "missed" };
        format!(">= {target:<5.2} {word}")
    });
    println!("{name:<42} {connections:>5} {median:>8.2} {least:>8.2} {most:>8.2}   {target}");
}

pub(crate) fn ratio_head() {
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
