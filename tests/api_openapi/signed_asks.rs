//! The activation surface against the document.

use sdp_gateway::activation::PATHS;

use crate::gateway::{Gateway, request};
use crate::signed::{EFFECT, FORM, PARTNER, REDEEM, USAGE, ask, generate, redeem};
use crate::{Schemas, document};

#[test]
fn apps_get_what_the_document_says() {
    let schemas = Schemas::strict();
    let gateway = Gateway::start(&format!("{PARTNER}[limits]\nbad_code_per_minute = 1\n"));
    let codes = generate(&gateway, PARTNER, "--kind cloud --count 2 --days 30");
    let check = |path: &str, method: &str, answer: &crate::Answer, status: u16| {
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        schemas.check_envelope(path, method, answer);
    };
    let right = redeem("ann", "cam-1", &codes[0], "0").sign();
    for (asked, status) in [
        (right.clone(), 200),
        (right, 200),
        (ask(USAGE, "ann", "cam-1").sign(), 200),
        (ask(EFFECT, "ann", "cam-1").sign(), 200),
        (ask(EFFECT, "bob", "cam-1").sign(), 200),
        (ask(EFFECT, "ann", "cam-1"), 200),
        (ask(REDEEM, "ann", "cam-1").sign(), 200),
    ] {
        check(asked.path, "post", &asked.send(&gateway), status);
        let query = format!("{}?{}", asked.path, asked.form());
        check(asked.path, "get", &request(gateway.main, "GET", &query, &[], b""), status);
    }
    let wrong = redeem("ann", "cam-1", "GUESSED00000", "0").sign();
    let limited = (0..100).map(|_| wrong.send(&gateway)).find(|answer| answer.status == 429);
    check(REDEEM, "post", &limited.expect("a limit"), 429);
    for (path, _) in PATHS {
        check(path, "post", &request(gateway.main, "DELETE", path, &[], b""), 405);
        let large = "x".repeat(70_000);
        let headers = [("Content-Type", FORM)];
        check(path, "post", &request(gateway.main, "POST", path, &headers, large.as_bytes()), 413);
    }
}

#[test]
fn its_parameters_are_told_alike_for_every_way_of_sending_them() {
    let document = document();
    for (path, _) in PATHS {
        let asked = &document["paths"][path]["get"]["parameters"];
        let names = asked.as_array().expect("parameters").iter().map(|one| {
            let place = one["$ref"].as_str().and_then(|place| place.strip_prefix('#')).expect("a place");
            let parameter = document.pointer(place).expect("a parameter");
            (parameter["name"].as_str().expect("a name").to_owned(), parameter["schema"].clone())
        });
        let mut names: Vec<_> = names.collect();
        for content in
            document["paths"][path]["post"]["requestBody"]["content"].as_object().expect("two").values()
        {
            let place = content["schema"]["$ref"].as_str().and_then(|place| place.strip_prefix('#'));
            let schema = document.pointer(place.expect("a place")).expect("a schema");
            let fields = schema["properties"].as_object().expect("fields");
            let mut fields: Vec<_> =
                fields.iter().map(|(name, schema)| (name.clone(), schema.clone())).collect();
            fields.sort_by(|one, other| one.0.cmp(&other.0));
            names.sort_by(|one, other| one.0.cmp(&other.0));
            assert_eq!(fields, names, "{path}");
        }
    }
}
