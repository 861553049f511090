//! Webhook: an HTTP POST of the notification, signed where there is a secret. The only file that knows `ureq`.
//!
//! `X-Quaywatch-Signature: t=<unix seconds>,v1=<hex>`, where v1 is HMAC-SHA256 with the secret over `<t>.<body>`. The time is signed
//! along, so a receiver can refuse what somebody kept and sends again.

use std::{sync::OnceLock, time::Duration};

use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac};
use quaywatch_protocol::contract::time::UnixMs;
use sha2::Sha256;
use ureq::Agent;

/// How long a receiver may take, connection included.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Header of the signature.
pub const SIGNATURE_HEADER: &str = "x-quaywatch-signature";

/// A receiver. Its debug form tells no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Hook {
    /// Where to.
    pub url: String,
    /// What signs.
    pub secret: Option<String>,
}

impl std::fmt::Debug for Hook {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Hook({})", self.url)
    }
}

impl Hook {
    /// Posts a notification; any answer of 200 to 299 takes it.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn post(&self, key: String, body: String, now: UnixMs) -> Result<(), String> {
        let Self { url, secret } = self.clone();
        let signed = secret
            .map(|secret| signature(&secret, now.0.div_euclid(1_000), &body))
            .transpose()?;
        tokio::task::spawn_blocking(move || {
            let mut request = agent()
                .post(&url)
                .header("content-type", "application/json")
                .header("idempotency-key", &key);
            if let Some(signed) = signed {
                request = request.header(SIGNATURE_HEADER, signed);
            }
            request.send(body).map(|_| ()).map_err(|error| error.to_string())
        })
        .await
        .map_err(|_| "try ended without an answer".to_owned())?
    }
}

/// The signature's header.
fn signature(secret: &str, at_s: i64, body: &str) -> Result<String, String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|error| error.to_string())?;
    mac.update(format!("{at_s}.{body}").as_bytes());
    let code = HEXLOWER.encode(&mac.finalize().into_bytes());
    Ok(format!("t={at_s},v1={code}"))
}

fn agent() -> &'static Agent {
    static AGENT: OnceLock<Agent> = OnceLock::new();
    AGENT.get_or_init(|| {
        Agent::config_builder()
            .timeout_global(Some(ANSWER_MAX))
            // A receiver that moved must be configured anew: alerts go nowhere that nobody wrote down.
            .max_redirects(0)
            .build()
            .into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_that_another_implementation_makes() {
        // python3: hmac.new(b"0123456789abcdef", b'1710300000.{"a":1}', "sha256").hexdigest()
        let made = signature("0123456789abcdef", 1_710_300_000, "{\"a\":1}").unwrap();
        assert_eq!(
            made,
            "t=1710300000,v1=15f1048fe580f10611b024d236f6ac67b43273a2f81265678910805ddf7f7182"
        );
    }
}
