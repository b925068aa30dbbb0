//! The walkthrough of the scenarios in docs/watcher.md prints what it prints.

use std::fmt::Write as _;

use super::Setup;
use super::tariffs::offer;

const PAGE: &str = include_str!("../../docs/watcher.md");

/// Blocks of commands with what they print. What is done in billing's own pages stands there as a comment.
fn blocks() -> impl Iterator<Item = &'static str> {
    PAGE.split("```shell-session\n").skip(1).map(|block| block.split_once("```").expect("a block ends").0)
}

/// Does what a comment says was done in billing's pages.
fn in_pages(setup: &Setup, what: &str) {
    let name = what.split('"').nth(1).expect("a tariff's name in quotes");
    let mut state = setup.double.state();
    let known = state.tariffs.iter().find(|(_, tariff)| tariff.name == name).map(|(id, _)| *id);
    match known {
        Some(id) => state.make_default(id),
        None => {
            let days = what.split_once(" days").expect("its days").0.rsplit(' ').next().expect("a number");
            state.create_tariff(name, days.parse().expect("a number"));
        }
    }
}

/// With what lists print in order: Watcher's own is anyone's guess.
fn in_order(block: &str) -> String {
    let (mut ordered, mut rows, mut is_list) = (String::new(), Vec::new(), false);
    for line in block.lines().chain([""]) {
        if line.starts_with(['$', '#']) || line.is_empty() {
            rows.sort_unstable();
            rows.drain(..).for_each(|row| writeln!(ordered, "{row}").expect("written"));
            is_list = line.contains(" list");
        }
        if is_list && !line.starts_with('$') {
            rows.push(line);
        } else {
            writeln!(ordered, "{line}").expect("written");
        }
    }
    ordered
}

/// Words of a command line, those in quotes as one.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in line.split('"').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walkthrough_prints_what_it_prints() {
    let mut setup = Setup::new().await;
    setup.double.state().tariffs.retain(|id, _| *id == 548);
    setup.catalog(&offer("month-30", "1", 394));
    let mut commands = 0;
    for block in blocks() {
        let mut printed = String::new();
        for line in block.lines() {
            if let Some(what) = line.strip_prefix("# in billing's pages: ") {
                in_pages(&setup, what);
                writeln!(printed, "{line}").expect("written");
            } else if let Some(command) = line.strip_prefix("$ sdp-gateway vsaas ") {
                let words = words(command);
                let ended = setup.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
                write!(printed, "{line}\n{}{}", ended.out, ended.err).expect("written");
                commands += 1;
            }
        }
        assert_eq!(in_order(&printed), in_order(block));
    }
    assert!(commands > 12, "{commands}");
    setup.was_right();
}
