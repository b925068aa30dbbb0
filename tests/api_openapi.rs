//! The OpenAPI document against the routing table and against what a running gateway answers.

#[path = "support/apps.rs"]
mod apps;
#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/outbox.rs"]
mod outbox;
#[path = "support/said.rs"]
mod said;
#[path = "support/signed.rs"]
mod signed;

#[path = "api_openapi/app_calls.rs"]
mod app_calls;
#[path = "api_openapi/bought.rs"]
mod bought;
#[path = "api_openapi/parameters.rs"]
mod parameters;
#[path = "api_openapi/signed_asks.rs"]
mod signed_asks;
#[path = "api_openapi/single.rs"]
mod single;

use std::collections::BTreeSet;

use gateway::{Answer, Gateway, request};
use hyper::Method;
use said::{cancel, register};
use sdp_gateway::activation::PATHS;
use sdp_gateway::admin::OPENAPI;
use sdp_gateway::clock::Clock;
use sdp_gateway::flussonic::token::{self, Ticket};
use sdp_gateway::ids::{DeviceId, UserAccount};
use sdp_gateway::{admin, flussonic, partner};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Method and path of every call of the surfaces that speak JSON and take no signature.
fn json_routes() -> impl Iterator<Item = (Method, &'static str)> {
    let partners = partner::ROUTES.into_iter().map(|(method, path, _)| (method, path));
    let operators = admin::ROUTES.into_iter().map(|(method, path, _)| (method, path));
    partners.chain(flussonic::ROUTES).chain(operators)
}

fn document() -> Value {
    serde_json::from_str(OPENAPI).expect("JSON")
}

/// Method and path of every operation.
fn operations(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().expect("paths");
    let of_path = |(path, item): (&String, &Value)| {
        let methods: Vec<_> = METHODS.iter().filter(|method| item.get(**method).is_some()).collect();
        methods.into_iter().map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn the_document_has_every_route_and_nothing_else() {
    let routes = json_routes().map(|(method, path)| (method.to_string(), path.to_owned()));
    let signed =
        PATHS.iter().flat_map(|(path, _)| ["GET", "POST"].map(|way| (way.to_owned(), (*path).to_owned())));
    // Which methods the camera apps' surface serves, `app_calls` looks at.
    let others = operations(&document()).into_iter().filter(|(_, path)| !path.starts_with("/vas/v1/"));
    assert_eq!(others.collect::<BTreeSet<_>>(), routes.chain(signed).collect());
}

#[test]
fn its_version_is_the_programs() {
    assert_eq!(document()["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document()["openapi"], "3.1.0");
}

#[test]
fn operations_have_names_of_their_own() {
    let document = document();
    let id = |(method, path): (String, String)| {
        document["paths"][path][method.to_lowercase()]["operationId"].as_str().expect("a name").to_owned()
    };
    let all = operations(&document);
    let count = all.len();
    assert_eq!(all.into_iter().map(id).collect::<BTreeSet<_>>().len(), count);
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(node: &Value, document: &Value) {
        if let Some(place) = node.get("$ref").and_then(Value::as_str) {
            let place = place.strip_prefix('#').expect("a place in this document");
            assert!(document.pointer(place).is_some(), "{place}");
        }
        match node {
            Value::Object(object) => object.values().for_each(|inner| walk(inner, document)),
            Value::Array(array) => array.iter().for_each(|inner| walk(inner, document)),
            _ => {}
        }
    }
    walk(&document(), &document());
}

/// The document as a validator sees it. The document promises that fields may be added; here a field
/// that it does not know is a fault, so that none is added without it.
struct Schemas(Value);

impl Schemas {
    fn strict() -> Self {
        let mut document = document();
        for schema in document["components"]["schemas"].as_object_mut().expect("schemas").values_mut() {
            if schema.get("properties").is_some() {
                schema["additionalProperties"] = json!(false);
            }
        }
        Self(document)
    }

    fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut whole = schema.clone();
        whole["components"] = self.0["components"].clone();
        let validator = jsonschema::options().should_validate_formats(true).build(&whole);
        let validator = validator.unwrap_or_else(|error| panic!("{schema}: {error}"));
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// A response of an operation, whether written there or referred to.
    fn response(&self, path: &str, method: &str, status: u16) -> &Value {
        let responses = &self.0["paths"][path][method]["responses"];
        let found = &responses[status.to_string()];
        let place = found["$ref"].as_str().and_then(|place| place.strip_prefix('#'));
        let found = place.map_or(found, |place| self.0.pointer(place).expect("a response"));
        assert!(found.is_object(), "{method} {path} says nothing of {status}");
        found
    }

    /// Holds an answer against what the document says of it.
    #[track_caller]
    fn check(&self, path: &str, method: &str, answer: &Answer) {
        let value = self.check_envelope(path, method, answer);
        if answer.status >= 400 && value.get("ready").is_none() {
            assert_eq!(value["status"], answer.status, "{value}");
        }
    }

    /// The same where a refusal is no problem document; what was answered.
    #[track_caller]
    fn check_envelope(&self, path: &str, method: &str, answer: &Answer) -> Value {
        let response = self.response(path, method, answer.status);
        let kind = answer.header("content-type").expect("a type");
        let kind = kind.split(';').next().expect("a type");
        let content = &response["content"][kind];
        assert!(content.is_object(), "{method} {path} {}: {kind} is not in the document", answer.status);
        for name in response["headers"].as_object().into_iter().flat_map(|headers| headers.keys()) {
            assert!(answer.header(name).is_some(), "{method} {path} {}: no {name}", answer.status);
        }
        let value = if kind.ends_with("json") { answer.json() } else { json!(answer.text()) };
        let faults = self.faults(&content["schema"], &value);
        assert!(faults.is_empty(), "{method} {path} {}: {faults:#?}\n{value:#}", answer.status);
        value
    }
}

#[test]
fn its_examples_are_valid() {
    let schemas = Schemas::strict();
    for (method, path) in operations(&schemas.0) {
        let responses = schemas.0["paths"][&path][method.to_lowercase()]["responses"].clone();
        for (status, response) in responses.as_object().expect("responses") {
            for media in response["content"].as_object().into_iter().flat_map(|content| content.values()) {
                let Some(example) = media.get("example") else { continue };
                let faults = schemas.faults(&media["schema"], example);
                assert!(faults.is_empty(), "{method} {path} {status}: {faults:#?}");
            }
        }
    }
}

const SETTINGS: &str = "[[partner]]\nname = 'app'\ntoken = 'app-token'\n";

/// A partner that is over its limit soon, however slow the machine is.
const HASTY: &str = "[[partner]]\nname = 'hasty'\ntoken = 'hasty-token'\n[limits]\npartner_per_second = 1\n";

/// A ledger with something of everything that a default gateway can hold.
fn fill(gateway: &Gateway) {
    let number = "84945000001";
    register("1", number).tell(gateway);
    register("2", number).with("package_id", said::MONTH).tell(gateway);
    register("3", "84945000002").with("expiredTime", &said::at(-1)).tell(gateway);
    cancel("4", "84945000003").tell(gateway);
    register("5", "84945000004").with("package_id", "999").tell(gateway);
    register("5", "84945000004").with("price", "1").tell(gateway);
    register("6", "84945000005").with("resultCode", "5").tell(gateway);
    register("7", "84945000006").with("regType", "3").tell(gateway);
    gateway.post(said::REG, "no XML");
    request(gateway.main, "POST", said::REG, &[], b"<ACCESSGW>\xff\xfe<");
    request(gateway.main, "GET", &format!("{}?msisdn=84945000001&regType=1", said::REG), &[], b"");
    gateway.post(said::REG, &register("8", number).xml().replace("NOTIFY", "REQUEST"));
}

#[test]
fn partners_get_what_the_document_says() {
    let (schemas, gateway, hasty) = (Schemas::strict(), Gateway::start(SETTINGS), Gateway::start(HASTY));
    fill(&gateway);
    let ask_of = |address, method: &str, path: &str, token: &str| {
        let token = format!("Bearer {token}");
        request(address, method, path, &[("Authorization", &token)], b"")
    };
    let call = |method: &str, path: &str, token: &str| ask_of(gateway.main, method, path, token);
    for (list, bad) in [("subscriptions", "12345/subscriptions"), ("entitlements", "12345/entitlements")] {
        let path = format!("/v1/subscribers/{{msisdn}}/{list}");
        for number in ["84945000001", "84945000002", "84945000003", "84999999999"] {
            let answer = call("GET", &format!("/v1/subscribers/{number}/{list}"), "app-token");
            assert_eq!(answer.status, 200);
            schemas.check(&path, "get", &answer);
        }
        let ask = format!("/v1/subscribers/84945000001/{list}");
        let cases = [
            (call("GET", &format!("/v1/subscribers/{bad}"), "app-token"), 400),
            (call("GET", &format!("{ask}?at=yesterday"), "app-token"), 400),
            (call("GET", &ask, "wrong"), 401),
            (call("DELETE", &ask, "app-token"), 405),
        ];
        for (answer, status) in cases {
            assert_eq!(answer.status, status, "{}", answer.text());
            schemas.check(&path, "get", &answer);
        }
        let mut asked = (0..100).map(|_| ask_of(hasty.main, "GET", &ask, "hasty-token"));
        let limited = asked.find(|answer| answer.status == 429);
        schemas.check(&path, "get", &limited.expect("a limit"));
    }
}

#[test]
fn partners_bind_devices_as_the_document_says() {
    let (schemas, gateway) = (Schemas::strict(), Gateway::start(SETTINGS));
    fill(&gateway);
    let headers = [("Authorization", "Bearer app-token")];
    let call =
        |method: &str, path: &str, body: &str| request(gateway.main, method, path, &headers, body.as_bytes());
    let large = " ".repeat(70_000);
    let number = "/v1/subscribers/{msisdn}/devices/{device_id}";
    let account = "/v1/accounts/{user_account}/devices/{device_id}";
    let of_number = |device: &str| number.replace("{msisdn}", "84945000001").replace("{device_id}", device);
    let of_account = |device: &str| account.replace("{user_account}", "ann").replace("{device_id}", device);
    for (path, real, body, status) in [
        (number, of_number("cam-1"), r#"{"user_account":"ann","camera":"door"}"#, 200),
        (number, of_number("cam-1"), r#"{"user_account":"bob"}"#, 409),
        (number, of_number("cam-1"), "{}", 400),
        (number, of_number("cam-1"), &large, 413),
        (account, of_account("cam-2"), "", 200),
        (account, of_account("cam%202"), "", 400),
    ] {
        let answer = call("PUT", &real, body);
        assert_eq!(answer.status, status, "{real}: {}", answer.text());
        schemas.check(path, "put", &answer);
    }
    let rights = call("GET", "/v1/subscribers/84945000001/entitlements", "");
    schemas.check("/v1/subscribers/{msisdn}/entitlements", "get", &rights);
    let reached = rights.json()["entitlements"].as_array().expect("a list").clone();
    let camera = reached.iter().find_map(|right| right["devices"][0]["camera"].as_str().map(str::to_owned));
    assert_eq!(camera.as_deref(), Some("door"), "{}", rights.text());
    let story = gateway.admin("/api/v1/subscribers/84945000001");
    schemas.check("/api/v1/subscribers/{msisdn}", "get", &story);
    for (path, real, status) in [
        (number, of_number("cam-2"), 409),
        (number, of_number("cam-1"), 204),
        (account, of_account("cam-2"), 204),
    ] {
        let answer = call("DELETE", &real, "");
        assert_eq!(answer.status, status, "{real}: {}", answer.text());
        match status {
            204 => assert!(answer.body.is_empty() && schemas.response(path, "delete", 204).is_object()),
            _ => schemas.check(path, "delete", &answer),
        }
    }
}

#[test]
fn streamers_get_what_the_document_says() {
    let secret = SecretString::from("no secret, for this test");
    let settings = format!("{SETTINGS}[flussonic]\ntoken_secret = '{}'\n", secret.expose_secret());
    let (schemas, gateway) = (Schemas::strict(), Gateway::start(&settings));
    let ledger = outbox::beside(&gateway.folder);
    register("1", &outbox::bound(&ledger, 1)).tell(&gateway);
    let ticket = Ticket {
        device: DeviceId::parse("cam-1").expect("a device"),
        account: UserAccount::parse("84945100001@sdp.example").expect("an account"),
        expires_at: Clock::system().now().plus_ms(600_000),
    };
    let path = "/flussonic/v1/auth";
    let question = format!("{path}?name=cam-1&token={}", token::sign(&secret, "cam-1", &ticket));
    let ask = |method: &str, path: &str| request(gateway.main, method, path, &[], b"");
    for (answer, status) in [(ask("GET", &question), 200), (ask("POST", &question), 405)] {
        assert_eq!(answer.status, status, "{}", answer.text());
        schemas.check(path, "get", &answer);
    }
    let nothing = |answer: &Answer, status: u16| {
        assert_eq!((answer.status, answer.body.as_slice()), (status, &b""[..]));
        assert!(schemas.response(path, "get", status)["content"].is_null());
    };
    nothing(&ask("GET", path), 403);
    gateway::Ledger::of(&gateway.folder).execute("ALTER TABLE device RENAME TO device_gone");
    let answer = ask("GET", &question);
    nothing(&answer, 500);
    outbox::wait(ledger.close());
}

#[test]
fn operators_get_what_the_document_says() {
    let (schemas, gateway) = (Schemas::strict(), Gateway::start(SETTINGS));
    fill(&gateway);
    let get = |path: &str, real: &str, status: u16| {
        let answer = gateway.admin(real);
        assert_eq!(answer.status, status, "{real}: {}", answer.text());
        schemas.check(path, "get", &answer);
    };
    for path in ["/livez", "/readyz", "/metrics", "/openapi.json", "/api/v1/stats"] {
        get(path, path, 200);
    }
    get("/api/v1/notices", "/api/v1/notices", 200);
    get("/api/v1/notices", "/api/v1/notices?outcome=parked&limit=2", 200);
    get("/api/v1/notices", "/api/v1/notices?limit=0", 400);
    for number in ["84945000001", "84945000002", "84945000003", "84945000004", "84999999999"] {
        get("/api/v1/subscribers/{msisdn}", &format!("/api/v1/subscribers/{number}"), 200);
    }
    get("/api/v1/subscribers/{msisdn}", "/api/v1/subscribers/nobody", 400);
    get("/api/v1/notices/{id}", "/api/v1/notices/1", 200);
    get("/api/v1/notices/{id}", "/api/v1/notices/999", 404);
    get("/api/v1/audit", "/api/v1/audit", 200);
    get("/api/v1/audit", "/api/v1/audit?limit=501", 400);
    for (operation, id) in [("retry", "6"), ("discard", "5")] {
        let (path, real) = (format!("/api/v1/notices/{{id}}/{operation}"), |id: &str| {
            format!("/api/v1/notices/{id}/{operation}")
        });
        let answers = [real("7"), real(id), real("1"), real("999")].map(|path| gateway.admin_post(&path));
        for answer in &answers {
            schemas.check(&path, "post", answer);
        }
        assert_eq!(answers.last().map(|answer| answer.status), Some(404));
    }
}

#[test]
fn operators_put_right_as_the_document_says() {
    let (schemas, gateway) = (Schemas::strict(), Gateway::start(SETTINGS));
    fill(&gateway);
    let until = said::rfc3339(24);
    let grant = |offer: &str| json!({"offer": offer, "until": until, "why": "a test"}).to_string();
    let large = " ".repeat(70_000);
    let cases = [
        ("subscribers/{msisdn}/grant", "84945000009", grant("lovetv-day"), 200),
        ("subscribers/{msisdn}/grant", "84945000009", grant("no-such-offer"), 400),
        ("subscribers/{msisdn}/grant", "84945000009", "{}".to_owned(), 400),
        ("subscribers/{msisdn}/grant", "nobody", grant("lovetv-day"), 400),
        ("subscribers/{msisdn}/end", "84945000009", r#"{"service_id": "1000161"}"#.to_owned(), 409),
        ("subscribers/{msisdn}/end", "84945000009", r#"{"servce_id": "1000161"}"#.to_owned(), 400),
        ("subscribers/{msisdn}/end", "84945000009", large.clone(), 413),
        ("subscribers/{msisdn}/end", "84945000009", r#"{"who": "ann", "why": null}"#.to_owned(), 200),
        ("subscribers/{msisdn}/end", "84945000009", String::new(), 409),
        ("notices/{id}/discard", "1", r#"{"why": "a test"}"#.to_owned(), 200),
        ("notices/{id}/retry", "1", large, 413),
        ("notices/{id}/retry", "1", r#"{"why": ""}"#.to_owned(), 400),
        ("notices/{id}/retry", "1", String::new(), 200),
    ];
    for (path, item, body, status) in cases {
        let path = format!("/api/v1/{path}");
        let real = path.replace("{msisdn}", item).replace("{id}", item);
        let answer = request(gateway.admin, "POST", &real, &[], body.as_bytes());
        assert_eq!(answer.status, status, "{real} {body:.50}: {}", answer.text());
        schemas.check(&path, "post", &answer);
    }
    let conflict = gateway.admin("/api/v1/notices?reason=conflict").json()["notices"][0]["id"].to_string();
    for (path, real) in [
        ("/api/v1/audit", "/api/v1/audit?limit=2".to_owned()),
        ("/api/v1/subscribers/{msisdn}", "/api/v1/subscribers/84945000009".to_owned()),
        ("/api/v1/notices/{id}", format!("/api/v1/notices/{conflict}")),
    ] {
        let answer = gateway.admin(&real);
        assert_eq!(answer.status, 200, "{real}: {}", answer.text());
        schemas.check(path, "get", &answer);
    }
}

#[test]
fn operators_get_of_tasks_what_the_document_says() {
    let (schemas, gateway) = (Schemas::strict(), Gateway::start("[worker]\nenabled = false\n"));
    let ledger = outbox::beside(&gateway.folder);
    for n in 1..4 {
        register(&n.to_string(), &outbox::bound(&ledger, n)).tell(&gateway);
    }
    for query in ["", "?state=due&provider=local&limit=2", "?msisdn=84945100001", "?state=dead"] {
        let answer = gateway.admin(&format!("/api/v1/tasks{query}"));
        assert_eq!(answer.status, 200);
        schemas.check("/api/v1/tasks", "get", &answer);
    }
    let page = gateway.admin("/api/v1/tasks?limit=2").json();
    let rest =
        gateway.admin(&format!("/api/v1/tasks?cursor={}", page["next"].as_str().expect("more"))).json();
    assert_eq!((rest["tasks"].as_array().map(Vec::len), &rest["next"]), (Some(1), &Value::Null));
    for query in ["?state=lost", "?limit=501", "?cursor=x", "?msisdn=x"] {
        let answer = gateway.admin(&format!("/api/v1/tasks{query}"));
        assert_eq!(answer.status, 400, "{query}");
        schemas.check("/api/v1/tasks", "get", &answer);
    }
    let id = &rest["tasks"][0]["id"];
    for (operation, id, status) in [
        ("retry", id.to_string(), 409),
        ("discard", id.to_string(), 200),
        ("discard", id.to_string(), 409),
        ("retry", id.to_string(), 200),
        ("retry", "999999".to_owned(), 404),
        ("discard", "x".to_owned(), 404),
    ] {
        let answer = gateway.admin_post(&format!("/api/v1/tasks/{id}/{operation}"));
        assert_eq!(answer.status, status, "{operation} {id}: {}", answer.text());
        schemas.check(&format!("/api/v1/tasks/{{id}}/{operation}"), "post", &answer);
    }
    schemas.check("/api/v1/stats", "get", &gateway.admin("/api/v1/stats"));
    schemas.check("/api/v1/subscribers/{msisdn}", "get", &gateway.admin("/api/v1/subscribers/84945100001"));
    outbox::wait(ledger.close());
}

#[test]
fn refusals_of_the_admin_listener_are_as_the_document_says() {
    let (schemas, gateway) = (Schemas::strict(), Gateway::start("[admin]\ntoken = 'ops'\n"));
    for (method, path, _) in &admin::ROUTES {
        let real = path.replace("{msisdn}", "84945000001").replace("{id}", "1");
        let (method, lower) = (method.as_str(), method.as_str().to_lowercase());
        let probe = matches!(*path, "/livez" | "/readyz");
        let foreign = request(gateway.admin, method, &real, &[("Host", "evil.example")], b"");
        assert_eq!(foreign.status, if probe { 200 } else { 403 }, "{path}");
        schemas.check(path, &lower, &foreign);
        let other = request(gateway.admin, "PATCH", &real, &[], b"");
        assert_eq!(other.status, 405, "{path}");
        schemas.check(path, &lower, &other);
        let none = request(gateway.admin, method, &real, &[], b"");
        assert_eq!(none.status, if probe { 200 } else { 401 }, "{path}");
        schemas.check(path, &lower, &none);
    }
    let open = Gateway::start("");
    for path in ["/livez", "/readyz", "/api/v1/stats"] {
        let proxied = request(open.admin, "GET", path, &[("X-Forwarded-For", "192.0.2.1")], b"");
        assert_eq!(proxied.status, 403, "{path}");
        schemas.check(path, "get", &proxied);
    }
}
