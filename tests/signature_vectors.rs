//! Signatures against vectors that two other implementations of HMAC-SHA1 agree on.

#[path = "support/properties.rs"]
mod properties;
#[path = "signature_vectors/securetoken.rs"]
mod securetoken;
#[path = "signature_vectors/token.rs"]
mod token;

use sdp_gateway::signature::{canonical, sign, verify};
use secrecy::SecretString;

/// The string to sign, and its signature with the secret below.
const VECTORS: [(&str, &str, &str); 7] = [
    (
        "redirect",
        "countryCode=VN&partnerKey=pk-test&signatureMethod=HMAC-SHA1&signatureNonce=1684823279&\
         signatureVersion=1.0&sourceApp=72&timestamp=1684823279",
        "/uDtn4o7B6vbpSVPuUkTdxI8hMY=",
    ),
    (
        "activation, all parameters",
        "actCode=ABCD-1234&deviceID=10001&lngType=en&partnerKey=pk-test&phoneType=a&\
         signatureMethod=HMAC-SHA1&signatureNonce=1712115627000&signatureVersion=1.0&sourceApp=72&\
         timestamp=1712115627000&type=0&userAccount=84945989325@sdp.example",
        "tIM4JbNWwcivPQYqiuJU9WYwrNQ=",
    ),
    (
        "activation, without time and nonce",
        "actCode=ABCD-1234&deviceID=10001&lngType=en&partnerKey=pk-test&phoneType=a&\
         signatureVersion=1.0&sourceApp=72&type=0&userAccount=84945989325@sdp.example",
        "W2kyfZ7nWPWfUm2CwiaD5fPfJnA=",
    ),
    (
        "usage record",
        "deviceID=10001&lngType=en&partnerKey=pk-test&phoneType=a&signatureMethod=HMAC-SHA1&\
         signatureNonce=1712115627001&signatureVersion=1.0&sourceApp=72&timestamp=1712115627001&\
         userAccount=84945989325@sdp.example",
        "Fh4d9Vklu/INCAdu6/ADIOXIJE4=",
    ),
    (
        "an empty value, + / = in a value, letters outside ASCII",
        "actCode=a+b/c=&deviceID=9223372036854775807&lngType=&partnerKey=pk-test&phoneType=i&\
         signatureMethod=HMAC-SHA1&signatureNonce=704&signatureVersion=1.0&sourceApp=72&\
         timestamp=1667476374574&type=2&userAccount=người.dùng@example.vn",
        "HzeOycnXWSSKFWk+QQGpFOjs2pQ=",
    ),
    (
        "order create",
        "deviceID=10001&orderNum=01582572KS0209053&orderType=1&packageId=pkg-7d&partnerKey=test&\
         quantity=1&signatureMethod=HMAC-SHA1&signatureNonce=704&signatureVersion=1.0&sourceApp=72&\
         timestamp=1667476374574&userAccount=test@123.com",
        "Mm+0myZMYPwEJ7QiflEUp0UGHw8=",
    ),
    (
        "order cancel",
        "orderNum=1&orderType=1&partnerKey=test&signatureMethod=HMAC-SHA1&signatureNonce=704&\
         signatureVersion=1.0&sourceApp=72&timestamp=1667476374574",
        "k1sS0ldI3AU/OfI4Xm6yHp/fSKY=",
    ),
];

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

#[test]
fn every_vector_is_signed_and_verified_from_its_parameters() {
    let secrets = [secret("unit-test-partner-secret")];
    for (name, text, signature) in VECTORS {
        let mut pairs: Vec<(&str, &str)> =
            text.split('&').map(|pair| pair.split_once('=').expect("a pair")).collect();
        pairs.reverse();
        pairs.insert(1, ("signature", signature));
        let string = canonical(pairs);
        assert_eq!(string, text, "{name}");
        assert_eq!(sign(&secrets[0], &string), signature, "{name}");
        assert!(verify(&secrets, &string, signature), "{name}");
    }
}

#[test]
fn names_sort_by_code_point() {
    let pairs = [("appVerCode", "2"), ("b", "4"), ("appVer", "1"), ("Z", "0"), ("é", "5"), ("app_", "3")];
    assert_eq!(canonical(pairs), "Z=0&appVer=1&appVerCode=2&app_=3&b=4&é=5");
    assert_eq!(canonical([]), "");
}

#[test]
fn any_of_the_secrets_may_have_signed() {
    let (old, new) = (secret("old"), secret("new"));
    let signature = sign(&old, "a=1");
    assert!(verify(&[new.clone(), old.clone()], "a=1", &signature));
    assert!(verify(&[old.clone(), new.clone()], "a=1", &signature));
    assert!(!verify(&[new], "a=1", &signature));
    assert!(!verify(std::slice::from_ref(&old), "a=2", &signature));
    assert!(!verify(&[], "a=1", &signature));
    for other in ["", &signature[..27], &signature[1..], "not base64 at all"] {
        assert!(!verify(std::slice::from_ref(&old), "a=1", other), "{other}");
    }
}

#[test]
fn a_plus_that_became_a_blank_is_forgiven() {
    let (name, text, signature) = VECTORS[5];
    let secrets = [secret("unit-test-partner-secret")];
    assert!(verify(&secrets, text, &signature.replace('+', " ")), "{name}");
}
