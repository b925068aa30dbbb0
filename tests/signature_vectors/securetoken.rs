//! The streamer's own tokens against vectors made elsewhere.

use sdp_gateway::clock::Timestamp;
use sdp_gateway::signature::securetoken::{NO_CHECK_IP, Pass, sign};
use secrecy::SecretString;

const PASS: Pass<'_> = Pass {
    stream: "cam-10-9bdbc979dd",
    ip: NO_CHECK_IP,
    starts_at: Timestamp(1_715_128_188_000),
    ends_at: Timestamp(1_715_138_988_000),
    salt: "00112233445566778899aabbccddeeff",
    user_id: None,
};

fn signed(pass: &Pass<'_>) -> String {
    sign(&SecretString::from("unit-test-key"), pass)
}

#[test]
fn vectors() {
    let rest = "00112233445566778899aabbccddeeff-1715138988-1715128188";
    assert_eq!(signed(&PASS), format!("5be4e228375d647343f51f2e3ec5ffc688e7d338-{rest}"));
    let pass = Pass { ip: "203.0.113.7", ..PASS };
    assert_eq!(signed(&pass), format!("c8b05659379cdeabfd78e6fe6a18cda0d6fd7cf4-{rest}"));
}

#[test]
fn a_user_takes_part_in_the_hash_alone_and_times_are_whole_seconds() {
    let (plain, of_user) = (signed(&PASS), signed(&Pass { user_id: Some("ann"), ..PASS }));
    assert_ne!(plain[..40], of_user[..40]);
    assert_eq!(plain[40..], of_user[40..]);
    let later = Pass { starts_at: PASS.starts_at.plus_ms(999), ends_at: PASS.ends_at.plus_ms(1), ..PASS };
    assert_eq!(signed(&later), plain);
}
