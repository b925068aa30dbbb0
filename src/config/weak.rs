//! What in the settings is no fault, and yet an operator should think about: secrets that could be guessed, doors
//! that stand open. Told at the start of a gateway and by `config`.

use secrecy::{ExposeSecret, SecretString};

use super::Config;

/// A secret of fewer bytes could be guessed.
pub const SECRET_BYTES_SAFE: usize = 16;

impl Config {
    /// One sentence for each, with its key. A secret that another system gave us is not ours to judge.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let short = |key: String| {
            format!("{key} has fewer than {SECRET_BYTES_SAFE} bytes: it could be guessed, make another")
        };
        let weak = self.secrets().into_iter().filter(|(_, secret)| is_short(secret));
        let mut warnings: Vec<String> = weak.map(|(key, _)| short(key)).collect();
        // Of one partner's several secrets one line is enough.
        warnings.dedup();
        if self.flussonic.token_secret.is_some() && self.flussonic.is_open() {
            let open = "flussonic.allow reaches further than this machine and there is no flussonic.key: whoever is \
                 there can ask whether a token is good";
            warnings.push(open.to_owned());
        }
        warnings.extend(self.payments.warnings(self.server.public_url.as_deref()));
        warnings
    }

    /// The secrets by which others prove to us who they are, with their keys.
    fn secrets(&self) -> Vec<(String, &SecretString)> {
        let mut all = Vec::new();
        for (at, caller) in (1..).zip(&self.carrier.caller) {
            all.extend(caller.password.iter().map(|word| (format!("carrier.caller[{at}].password"), word)));
        }
        for (at, partner) in (1..).zip(&self.partner) {
            all.extend(partner.token.iter().map(|token| (format!("partner[{at}].token"), token)));
            all.extend(partner.secrets.iter().map(|secret| (format!("partner[{at}].secrets"), secret)));
        }
        for (key, secret) in [
            ("admin.token", &self.admin.token),
            ("flussonic.key", &self.flussonic.key),
            ("flussonic.token_secret", &self.flussonic.token_secret),
        ] {
            all.extend(secret.iter().map(|secret| (key.to_owned(), secret)));
        }
        all
    }
}

fn is_short(secret: &SecretString) -> bool {
    secret.expose_secret().len() < SECRET_BYTES_SAFE
}
