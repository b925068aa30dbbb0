//! The camera apps' surface against the document: every method that it serves, by the document's own example.

use sdp_gateway::vas::{Code, Method};
use serde_json::json;

use crate::apps::{Call, call, code};
use crate::gateway::{Answer, Folder, Gateway, request};
use crate::signed::PARTNER;
use crate::{Schemas, document};

const BELOW: &str = "/vas/v1/";

/// What a call has beside its own parameters.
const COMMON: [&str; 4] = ["partnerKey", "timestamp", "signatureNonce", "signature"];

fn start(folder: &Folder, more: &str) -> Gateway {
    let catalog = include_str!("../../config/example-shop.toml");
    let settings = crate::apps::settings(folder.path(), catalog, &format!("{PARTNER}[payments.sdp]\n{more}"));
    Gateway::start_in(folder.path(), &settings)
}

/// What the examples are about: two devices of their account, a voucher in stock, and what another became on the
/// second device.
fn prepare(gateway: &Gateway) {
    let token = [("Authorization", "Bearer app-token")];
    for device in ["cam-1", "cam-2"] {
        let path = format!("/v1/accounts/ann@sdp.example/devices/{device}");
        assert_eq!(request(gateway.main, "PUT", &path, &token, b"{}").status, 200);
    }
    let (unused, other) = ("7K2M-9QWX-4HTD-VB3S", "R5ZN-8CYG-2FJ6-PWA8");
    let lines = format!("code,package\n{unused},ye1m7d\n{other},ye1m7d\n");
    std::fs::write(gateway.folder.join("cards.csv"), lines).expect("written");
    let settings = std::fs::read_to_string(gateway.folder.join("settings.toml")).expect("settings");
    let mut import = Gateway::cli(&gateway.folder, &settings);
    let done = import.args(["codes", "import", "cards.csv"]).output().expect("the command runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let used = json!({"deviceId": "cam-2", "voucherCode": other});
    call("useVoucher", "ann@sdp.example", used).data(gateway);
}

/// The same about an order that is there, where it is about one.
fn of_an_order(gateway: &Gateway, asked: Call) -> Call {
    if !asked.params.contains_key("orderId") {
        return asked;
    }
    let made = json!({"deviceId": "cam-1", "packageNo": "ye1m7d"});
    let made = call("createOrder", "ann@sdp.example", made).data(gateway);
    asked.with("orderId", made["orderId"].clone())
}

/// The methods that the document has.
fn told() -> Vec<Method> {
    let document = document();
    let paths = document["paths"].as_object().expect("paths").keys();
    let names = paths.filter_map(|path| path.strip_prefix(BELOW)).filter(|name| !name.contains('/'));
    names.map(|name| Method::named(name).expect("a method")).collect()
}

/// A method's example, signed anew.
fn example(method: Method) -> Call {
    let document = document();
    let body = &document["paths"][format!("{BELOW}{}", method.name())]["post"]["requestBody"];
    let content = &body["content"]["application/json"];
    let faults = Schemas::strict().faults(&content["schema"], &content["example"]);
    assert!(faults.is_empty(), "{}: {faults:#?}", method.name());
    let mut own = content["example"].clone();
    let own_fields = own.as_object_mut().expect("an object");
    COMMON.iter().for_each(|name| drop(own_fields.remove(*name)));
    let account = own["userAccount"].as_str().expect("an account").to_owned();
    call(method.name(), &account, own)
}

#[test]
fn the_document_has_what_is_served_and_nothing_else() {
    let folder = Folder::new();
    let gateway = start(&folder, "");
    let told = told();
    for method in Method::ALL {
        let is_served = call(method.name(), "ann", json!({})).code(&gateway) != 10003;
        assert_eq!(told.contains(method), is_served, "{}", method.name());
    }
}

#[test]
fn its_codes_are_the_surfaces() {
    let codes = Code::ALL.map(|code| json!(code.word().parse::<u32>().expect("digits")));
    assert_eq!(document()["components"]["schemas"]["VasCode"]["enum"], json!(codes));
}

#[test]
fn its_examples_are_answered_as_it_says() {
    let (schemas, folder) = (Schemas::strict(), Folder::new());
    let gateway = start(&folder, "");
    prepare(&gateway);
    for method in told() {
        let path = format!("{BELOW}{}", method.name());
        let asked = of_an_order(&gateway, example(method));
        let answer = asked.clone().sign().send(&gateway);
        assert_eq!((answer.status, code(&answer)), (200, 0), "{path}: {}", answer.text());
        schemas.check_envelope(&path, "post", &answer);
        for refused in [asked.with("note", "a&b").sign(), example(method)] {
            let answer = refused.send(&gateway);
            assert_ne!((answer.status, code(&answer)), (200, 0), "{path}");
            schemas.check_envelope(&path, "post", &answer);
        }
    }
}

#[test]
fn what_http_refuses_is_told_as_it_says() {
    let (schemas, folder) = (Schemas::strict(), Folder::new());
    let hasty = start(&folder, "[limits]\nbad_signature_per_second = 1\n");
    let limited = (0..200).map(|_| request(hasty.main, "POST", "/vas/v1/queryPackgeList", &[], b"{}"));
    let limited = limited.into_iter().find(|answer| answer.status == 429).expect("a limit");
    assert!(hasty.stop().success());
    let (gateway, large) = (start(&folder, ""), "x".repeat(70_000));
    for method in told() {
        let path = format!("{BELOW}{}", method.name());
        schemas.check_envelope(&path, "post", &limited);
        let send = |verb: &str, headers: &[(&str, &str)], body: &str| {
            request(gateway.main, verb, &path, headers, body.as_bytes())
        };
        let check = |answer: &Answer, status: u16| {
            assert_eq!(answer.status, status, "{path}: {}", answer.text());
            schemas.check_envelope(&path, "post", answer);
        };
        check(&send("DELETE", &[], ""), 405);
        check(&send("POST", &[("Content-Encoding", "zstd")], "{}"), 415);
        check(&send("POST", &[], &large), 413);
    }
}
