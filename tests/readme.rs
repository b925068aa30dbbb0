//! The README and the pages of docs/ tell the truth: their commands print what they print, their tables are the code's,
//! and their links lead somewhere.

#[path = "support/gateway.rs"]
mod gateway;

#[path = "readme/links.rs"]
mod links;

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use gateway::{Folder, Gateway};
use sdp_gateway::activation::ResultCode;
use sdp_gateway::wire::code::Code;
use sdp_gateway::{ledger, vas};

const README: &str = include_str!("../README.md");
const APPS: &str = include_str!("../docs/apps.md");
const PARTNERS: &str = include_str!("../docs/partners.md");
const UPGRADING: &str = include_str!("../docs/upgrading.md");

/// Separates what one command prints from what the next does.
const MARK: &str = "=-=-=";

/// Lines of the README, at most.
const README_LINES_MAX: usize = 250;

/// Every page for people: its path below the repository, and its text.
fn pages() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_dir(root.join("docs")).expect("a folder");
    let docs = docs.map(|page| Path::new("docs").join(page.expect("a file").file_name()));
    let mut paths: Vec<PathBuf> =
        docs.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    paths.extend(["README.md", "CHANGELOG.md", "findings/README.md"].map(PathBuf::from));
    paths.sort();
    paths
        .into_iter()
        .map(|path| (path.clone(), std::fs::read_to_string(root.join(path)).expect("a page")))
        .collect()
}

/// The commands of all console blocks of a page with what they print.
fn console(page: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for block in page.split("```console\n").skip(1) {
        let (block, _) = block.split_once("```").expect("a block ends");
        for line in block.lines() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push((command.to_owned(), String::new())),
                (None, Some((_, printed))) => writeln!(printed, "{line}").expect("written"),
                (None, None) => panic!("{line} is printed by no command"),
            }
        }
    }
    commands
}

/// What differs from day to day, made the same: times, ids that follow from them, column widths.
fn timeless(text: &str) -> String {
    let mut words = Vec::new();
    for line in text.lines() {
        let blank_runs = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut rest = blank_runs.as_str();
        let mut out = String::new();
        while let Some(at) = rest.find("20").filter(|at| rest[*at..].len() >= 20) {
            let end = rest[at..].find('Z').map(|end| at + end + 1);
            match end.filter(|end| is_time(&rest[at..*end])) {
                Some(end) => {
                    write!(out, "{}TIME", &rest[..at]).expect("written");
                    rest = &rest[end..];
                }
                None => {
                    out += &rest[..at + 2];
                    rest = &rest[at + 2..];
                }
            }
        }
        let line = without_ids(&(out + rest));
        // The journal's rows are counted over all numbers.
        let is_row = line.split_once(" TIME ").is_some_and(|(id, _)| id.bytes().all(|b| b.is_ascii_digit()));
        words.push(if is_row { line.replace(|c: char| c.is_ascii_digit(), "") } else { line });
    }
    words.join("\n")
}

fn is_time(text: &str) -> bool {
    chrono::DateTime::parse_from_rfc3339(text).is_ok()
}

fn without_ids(text: &str) -> String {
    let mut text = without_milliseconds(text);
    for kind in ["ent-", "svc-"] {
        let mut parts = text.split(kind);
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let id = part.bytes().take_while(u8::is_ascii_hexdigit).count();
            assert_eq!(id, 24, "an id: {kind}{part}");
            write!(out, "{kind}ID{}", &part[id..]).expect("written");
        }
        text = out;
    }
    text
}

/// Times in milliseconds since 1970 are 13 digits, and nothing else in JSON here is.
fn without_milliseconds(text: &str) -> String {
    let mut out = String::new();
    let mut parts = text.split(':');
    out += parts.next().unwrap_or_default();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (value, rest) = if digits == 13 { ("MS", &part[digits..]) } else { ("", part) };
        write!(out, ":{value}{rest}").expect("written");
    }
    out
}

/// The clock when the README was written, and a later one.
const CLOCKS: [&str; 2] = ["1772420645", "1772499999"];

#[test]
fn every_command_prints_what_its_page_prints_and_again() {
    assert!(console(README).len() > 8);
    for (path, page) in pages() {
        let commands = console(&page);
        if !commands.is_empty() {
            let folder = Folder::new();
            let gateway = start(&page, folder.path());
            CLOCKS.iter().for_each(|clock| paste(&path, &commands, &gateway, clock));
        }
    }
}

/// The gateway that a page's commands talk to: with the example's settings, or with those that lines of its own make.
fn start(page: &str, folder: &Path) -> Gateway {
    let makes = |block: &&str| block.contains(&format!("> {PLACE}/settings.toml"));
    let Some(lines) = page.split("```sh\n").find(makes).and_then(|block| block.split("```").next()) else {
        return Gateway::start_in(folder, include_str!("../config/example.toml"));
    };
    let (lines, serve) = lines.trim_end().rsplit_once('\n').expect("lines");
    assert_eq!(serve, format!("cargo run --release -- serve --config {PLACE}/settings.toml"));
    let root = env!("CARGO_MANIFEST_DIR");
    let made = Command::new("bash").args(["-euc", &placed(lines, folder)]).current_dir(root).status();
    assert!(made.expect("bash runs").success());
    let settings = std::fs::read_to_string(folder.join("settings.toml")).expect("settings");
    Gateway::start_in(folder, &settings.replace("= \"config/", &format!("= \"{root}/config/")))
}

/// Where pages have their readers put what they try with.
const PLACE: &str = "/tmp/shop";

fn placed(lines: &str, folder: &Path) -> String {
    static VENDOR: LazyLock<String> = LazyLock::new(free_port);
    lines.replace(PLACE, &folder.display().to_string()).replace("8089", &VENDOR)
}

/// For a vendor that a page has its reader start.
fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port().to_string()
}

/// The walkthrough of Watcher's scenarios is held to by `vsaas_scenarios`, which knows that page alone.
#[test]
fn no_prompt_stands_where_no_test_reads_it() {
    for (path, page) in pages() {
        let sessions = page.matches("```shell-session").count();
        assert!(sessions == 0 || path == Path::new("docs/watcher.md"), "{}", path.display());
        let prompts = page.lines().filter(|line| line.starts_with("$ ")).count();
        assert!(prompts == console(&page).len() || sessions > 0, "{}", path.display());
    }
}

#[test]
fn every_table_has_its_head() {
    for (path, page) in pages() {
        let lines: Vec<&str> = page.lines().collect();
        for pair in lines.windows(2).filter(|pair| pair[1].starts_with("|---")) {
            let [head, rule] = [pair[0], pair[1]].map(|line| line.matches('|').count());
            assert_eq!(head, rule, "{}: {}", path.display(), pair[0]);
        }
    }
}

#[test]
fn the_readme_is_short() {
    assert!(README.lines().count() <= README_LINES_MAX);
}

fn paste(page: &Path, commands: &[(String, String)], gateway: &Gateway, clock: &str) {
    let mut script = String::new();
    for (command, _) in commands {
        let command = command
            .replace("127.0.0.1:8080", &gateway.main.to_string())
            .replace("127.0.0.1:8081", &gateway.admin.to_string())
            .replace("$(date +%s)", clock)
            .replace("cargo run --release --quiet --", env!("CARGO_BIN_EXE_sdp-gateway"));
        let command = placed(&command, &gateway.folder);
        writeln!(script, "{command}\necho {MARK}").expect("written");
    }
    let ledger = format!("sqlite://{}", gateway.folder.join("data/gateway.db").display());
    let ran = Command::new("bash")
        .args(["-c", &script])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("SDP_GATEWAY__LEDGER__URL", ledger)
        .output()
        .expect("bash runs");
    let printed = String::from_utf8(ran.stdout).expect("text");
    let printed: Vec<&str> = printed.split(&format!("{MARK}\n")).collect();
    for ((command, expected), printed) in commands.iter().zip(printed) {
        let errors = String::from_utf8_lossy(&ran.stderr);
        // The last eight digits are the number's too.
        let printed = printed.replace(&clock[2..], &CLOCKS[0][2..]);
        assert_eq!(timeless(&printed), timeless(expected), "{}: $ {command}\n{errors}", page.display());
    }
}

#[test]
fn the_table_of_result_codes_is_the_activation_surfaces() {
    let rows: Vec<&str> = PARTNERS.lines().filter(|line| line.starts_with("| `10")).collect();
    let words = rows.iter().map(|row| row.split('`').nth(1).expect("a code"));
    assert_eq!(words.collect::<Vec<_>>(), ResultCode::ALL.map(ResultCode::word));
}

#[test]
fn the_table_of_codes_is_the_camera_apps_surfaces() {
    let rows = APPS.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let codes = rows.map(|(word, _)| word).filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    // The ways to pay have words of their own behind theirs.
    let codes: Vec<_> = codes.filter(|word| *word == "0" || word.len() > 1).collect();
    assert_eq!(codes[..vas::Code::ALL.len()], vas::Code::ALL.map(vas::Code::word));
}

#[test]
fn the_reply_table_is_the_codes() {
    for code in Code::ALL {
        let row = README.lines().find(|line| line.starts_with(&format!("| `{code:?}`:")));
        let row = row.unwrap_or_else(|| panic!("the README has no row for {code:?}"));
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert_eq!(cells[2], code.http_status().to_string(), "{row}");
        assert_eq!(cells[3], code.error_id(), "{row}");
        let descs = [code.notify_desc(), code.check_desc()].map(|desc| format!("`{desc}`"));
        let expected = if descs[0] == descs[1] { descs[0].clone() } else { descs.join(" / ") };
        assert!(cells[4] == expected || cells[4] == descs[1], "{row}");
        assert_eq!(row.contains("`Retry-After`"), code.wants_retry_after(), "{row}");
    }
}

#[test]
fn the_upgrade_page_tells_of_every_step() {
    let told: Vec<i64> = UPGRADING
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok())
        .collect();
    assert_eq!(told, (1..=ledger::schema_version()).collect::<Vec<_>>());
}
