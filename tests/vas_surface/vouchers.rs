//! Vouchers as an app uses them, and transfers of what they became.

use serde_json::{Value, json};

use crate::apps::{Call, call};
use crate::gateway::{Folder, Gateway, request};
use crate::signed::PARTNER;
use crate::start;

/// Another tenant's partner.
const OTHER: &str = "[[partner]]\nname = 'other'\ntoken = 'other-token'\nkey = 'pk-other'\n\
    secrets = ['unit-test-partner-secret']\ntenant = 'reseller-a'\n";

/// A gateway with two tenants, and a device of each of these accounts.
fn with_devices(folder: &Folder, bound: &[(&str, &str)]) -> Gateway {
    let gateway = start(folder, &format!("{PARTNER}{OTHER}"));
    bound.iter().for_each(|(account, device)| bind(&gateway, account, device));
    gateway
}

fn bind(gateway: &Gateway, account: &str, device: &str) {
    let (path, token) = (format!("/v1/accounts/{account}/devices/{device}"), "Bearer app-token");
    let bound = request(gateway.main, "PUT", &path, &[("Authorization", token)], b"{}");
    assert_eq!(bound.status, 200, "{}", bound.text());
}

/// Vouchers as the command makes them.
fn vouchers(gateway: &Gateway, options: &str) -> Vec<String> {
    let settings = std::fs::read_to_string(gateway.folder.join("settings.toml")).unwrap();
    let mut command = Gateway::cli(&gateway.folder, &settings);
    command.args(["codes", "generate", "--package", "ye1m7d"]).args(options.split_whitespace());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn query(account: &str, code: &str) -> Call {
    call("queryVoucher", account, json!({"voucherCode": code}))
}

fn using(account: &str, device: &str, code: &str) -> Call {
    let asked =
        json!({"deviceId": device, "voucherCode": code, "timezone": "Asia/Ho_Chi_Minh", "terminalOS": "ios"});
    call("useVoucher", account, asked)
}

fn transferable(account: &str, to: &str) -> Call {
    call("queryCanTransferPackge", account, json!({"deviceId": to}))
}

fn transfer(account: &str, to: &str, service: &Value) -> Call {
    call("transferPackge", account, json!({"deviceId": to, "serviceId": service}))
}

fn seconds(value: &Value) -> i64 {
    value.as_i64().expect("seconds")
}

#[test]
fn from_a_card_to_a_service_in_force() {
    let folder = Folder::new();
    let gateway = with_devices(&folder, &[("ann", "cam-1")]);
    let cards = vouchers(&gateway, "--count 2");
    let told = query("ann", &cards[0].to_lowercase().replace('-', " ")).data(&gateway);
    let expected = json!({
        "voucherCode": cards[0].to_lowercase().replace('-', " "), "packageNo": "ye1m7d", "name": "Sự kiện 7 ngày",
        "serviceType": 2, "storageDays": 7, "period": "month", "periodCount": 1, "status": 0,
    });
    assert_eq!(told, expected);
    let first = using("ann", "cam-1", &cards[0]).data(&gateway);
    assert_eq!((&first["deviceId"], &first["packageNo"]), (&json!("cam-1"), &json!("ye1m7d")));
    assert_eq!(query("ann", &cards[0]).data(&gateway)["status"], 1);
    let days = (seconds(&first["endTime"]) - seconds(&first["startTime"])) / 86_400;
    assert!((28..=31).contains(&days), "{first}");
    // The next one queues.
    let second = using("ann", "cam-1", &cards[1]).with("timezone", Value::Null).data(&gateway);
    assert!((seconds(&second["startTime"]) - seconds(&first["endTime"])).abs() <= 1, "{first} {second}");
    let device = request(
        gateway.main,
        "PUT",
        "/v1/accounts/ann/devices/cam-1",
        &[("Authorization", "Bearer app-token")],
        b"{}",
    );
    let services = device.json()["services"].clone();
    let states: Vec<_> = services.as_array().unwrap().iter().map(|s| (&s["state"], &s["source"])).collect();
    assert_eq!(states, [(&json!("queued"), &json!("voucher")), (&json!("active"), &json!("voucher"))]);
    assert!(!gateway.log().contains(&cards[0]), "no code is logged");
}

#[test]
fn what_is_refused_and_by_which_code() {
    let folder = Folder::new();
    let gateway = with_devices(&folder, &[("ann", "cam-1"), ("bob", "cam-2")]);
    let cards = vouchers(&gateway, "--count 2");
    let theirs = vouchers(&gateway, "--count 1 --tenant reseller-a");
    let soon = (chrono::Utc::now() + chrono::Duration::seconds(2))
        .to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let brief = vouchers(&gateway, &format!("--count 1 --expires {soon}"));
    assert_eq!(using("ann", "cam-2", &cards[0]).code(&gateway), 11002);
    assert_eq!(using("ann", "cam-9", &cards[0]).code(&gateway), 11001);
    for missing in ["userAccount", "deviceId", "voucherCode"] {
        let told = using("ann", "cam-1", &cards[0]).with(missing, Value::Null).msg(&gateway);
        assert_eq!(told, format!("{missing} is missing"));
    }
    assert_eq!(using("ann", "cam-1", &cards[0]).with("timezone", "Hanoi").code(&gateway), 10001);
    let unknown = [theirs[0].as_str(), "7K2M-9QWX-4HTD-VB3S", "mã", &"A".repeat(65)];
    for code in unknown {
        assert_eq!(query("ann", code).code(&gateway), 14040, "{code}");
        assert_eq!(using("ann", "cam-1", code).code(&gateway), 14040, "{code}");
    }
    let other = query("ann", &theirs[0]).by("pk-other");
    assert_eq!(other.data(&gateway)["status"], 0, "its own tenant's");
    assert_eq!(query("ann", &cards[1]).by("pk-other").code(&gateway), 14040);
    assert_eq!(
        using("ann", "cam-1", &theirs[0]).by("pk-other").code(&gateway),
        11001,
        "no device of that tenant"
    );
    let until = std::time::Instant::now() + crate::gateway::PATIENCE;
    while query("ann", &brief[0]).data(&gateway)["status"] != 2 {
        assert!(std::time::Instant::now() < until, "it does not expire");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    assert_eq!(using("ann", "cam-1", &brief[0]).code(&gateway), 14042);
    assert_eq!(using("ann", "cam-1", &cards[0]).code(&gateway), 0);
    assert_eq!(using("ann", "cam-1", &cards[0]).code(&gateway), 14041);
    assert_eq!(using("bob", "cam-2", &cards[0]).code(&gateway), 14041);
}

#[test]
fn who_guesses_is_not_heard_for_a_while() {
    let folder = Folder::new();
    let settings = format!("{PARTNER}[limits]\nbad_code_per_minute = 3\n");
    let gateway = start(&folder, &settings);
    bind(&gateway, "ann", "cam-1");
    bind(&gateway, "bob", "cam-2");
    let card = vouchers(&gateway, "--count 1").remove(0);
    for n in 0..3 {
        assert_eq!(query("ann", &format!("GUESS-{n}")).code(&gateway), 14040);
    }
    for call in [query("ann", &card), using("ann", "cam-1", &card)] {
        let answer = call.sign().send(&gateway);
        assert_eq!((answer.status, crate::apps::code(&answer)), (429, 10004));
        assert!(answer.header("Retry-After").is_some());
    }
    assert_eq!(using("bob", "cam-2", &card).code(&gateway), 0, "others are");
}

#[test]
fn there_and_back_the_end_is_the_same_to_the_second() {
    let folder = Folder::new();
    let gateway = with_devices(&folder, &[("ann", "cam-1"), ("ann", "cam-2"), ("bob", "cam-3")]);
    let card = vouchers(&gateway, "--count 1").remove(0);
    let used = using("ann", "cam-1", &card).data(&gateway);
    let service = &used["serviceId"];
    let row = |device: &str| {
        json!([{
            "serviceId": service, "deviceId": device, "packageNo": "ye1m7d", "name": "Sự kiện 7 ngày", "serviceType": 2,
            "status": 1, "startTime": used["startTime"], "endTime": used["endTime"],
        }])
    };
    assert_eq!(transferable("ann", "cam-1").data(&gateway), json!([]));
    assert_eq!(transferable("ann", "cam-2").data(&gateway), row("cam-1"));
    for to in ["cam-2", "cam-2", "cam-1", "cam-2", "cam-1"] {
        let moved = transfer("ann", to, service).data(&gateway);
        let expected = json!({"serviceId": service, "deviceId": to, "startTime": used["startTime"], "endTime": used["endTime"]});
        assert_eq!(moved, expected);
    }
    let renamed = Call { method: "transferPackage".to_owned(), ..transfer("ann", "cam-2", service) };
    assert_eq!(renamed.code(&gateway), 0);
    let renamed = Call { method: "queryCanTransferPackage".to_owned(), ..transferable("ann", "cam-1") };
    assert_eq!(renamed.data(&gateway), row("cam-2"));
    for (refused, code) in [
        (transfer("ann", "cam-3", service), 11002),
        (transfer("ann", "cam-9", service), 11001),
        (transfer("bob", "cam-3", service), 14050),
        (transfer("ann", "cam-1", &json!("svc-0")), 14050),
        (transfer("ann", "cam-1", &json!("mã\u{0}")), 14050),
        (transfer("ann", "cam-1", service).with("serviceId", Value::Null), 10001),
        (transferable("ann", "cam-3"), 11002),
        (transferable("ann", "cam-9"), 11001),
    ] {
        assert_eq!(refused.code(&gateway), code, "{}", refused.body());
    }
}

#[test]
fn a_numbers_story_tells_of_vouchers_and_transfers() {
    let folder = Folder::new();
    let gateway = with_devices(&folder, &[("ann", "cam-2")]);
    let registered = crate::gateway::notice(&[
        ("queueID", "1"),
        ("msisdn", "84945989325"),
        ("regType", "1"),
        ("service_id", "1000625"),
        ("package_id", "1003013"),
    ]);
    assert_eq!(gateway.post("/vascloud/v1/notify_reg", &registered).element("error_id"), "0");
    let path = "/v1/subscribers/84945989325/devices/cam-1";
    let token = [("Authorization", "Bearer app-token")];
    let bound = request(gateway.main, "PUT", path, &token, br#"{"user_account":"ann"}"#);
    assert_eq!(bound.status, 200, "{}", bound.text());
    let card = vouchers(&gateway, "--count 1 --batch cards").remove(0);
    let used = using("ann", "cam-1", &card).data(&gateway);
    let service = used["serviceId"].clone();
    transfer("ann", "cam-2", &service).data(&gateway);
    transfer("ann", "cam-1", &service).data(&gateway);
    let story = gateway.story("84945989325");
    let voucher = &story["vouchers"][0];
    assert_eq!((&voucher["package"], &voucher["batch"]), (&json!("ye1m7d"), &json!("cards")), "{story}");
    assert_eq!((&voucher["service_id"], &voucher["device_id"]), (&service, &json!("cam-1")));
    let ways: Vec<_> =
        story["transfers"].as_array().unwrap().iter().map(|t| (&t["from_device"], &t["to_device"])).collect();
    let (one, two) = (&json!("cam-1"), &json!("cam-2"));
    assert_eq!(ways, [(two, one), (one, two)]);
    let shown =
        Gateway::cli(&gateway.folder, &std::fs::read_to_string(folder.path().join("settings.toml")).unwrap())
            .args(["subscriber", "show", "0945989325"])
            .output()
            .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains("vouchers: 1") && shown.contains("transfers: 2") && !shown.contains(&card),
        "{shown}"
    );
}
