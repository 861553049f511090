//! Who may do what: roles, passwords, secrets, the pause after wrong passwords. No store and no network here.
//!
//! A secret (session, token, set-up link) is 256 random bits, shown once and kept as its SHA-256: with that many bits a slow hash adds
//! nothing. A password is a person's, so it is kept by Argon2id.

pub mod password;
pub mod throttle;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// What a person or a token may do; each holds what the one before holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads, and marks as read.
    Viewer,
    /// Works alerts, sets silences, previews rules.
    Analyst,
    /// Saves rules and zones, manages users and tokens, tests notifications.
    Admin,
}

impl Role {
    /// All, rising.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Analyst, Self::Admin];

    /// The name in JSON and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
        }
    }

    /// The role of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// Characters of a person's or token's name.
pub const NAME_CHARS_MAX: usize = 64;
/// Bytes of a secret.
const SECRET_BYTES: usize = 32;
/// What a token begins with, so that one that leaked is recognised.
pub const TOKEN_PREFIX: &str = "qw_";

/// A secret as it is shown once. Its debug form tells nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// SHA-256 of a secret: what is kept of it.
pub type SecretHash = [u8; 32];

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn new(prefix: &str) -> Result<Self, String> {
        let mut bytes = [0_u8; SECRET_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| format!("no randomness: {error}"))?;
        Ok(Self(format!("{prefix}{}", HEXLOWER.encode(&bytes))))
    }

    /// The text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        hash_of(&self.0)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Secret(..)")
    }
}

/// What is kept of a secret that came in.
#[must_use]
pub fn hash_of(secret: &str) -> SecretHash {
    Sha256::digest(secret.as_bytes()).into()
}

/// The CSRF token of a session: derived from the cookie, so that it needs no place of its own and dies with it.
#[must_use]
pub fn csrf_of(session: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"quaywatch csrf 1\0");
    hash.update(session.as_bytes());
    HEXLOWER.encode(&hash.finalize())
}

/// Compares without telling by its duration where texts differ.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    // Digests are compared: an attacker cannot steer where they differ.
    hash_of(a) == hash_of(b)
}

/// Checks a name: 1 to 64 letters, digits, `.`, `_`, `-`, `@` or spaces inside.
///
/// # Errors
/// What was expected.
pub fn check_name(name: &str) -> Result<(), String> {
    let is_fit = |each: char| each.is_alphanumeric() || ".-_@ ".contains(each);
    let length = name.chars().count();
    if (1..=NAME_CHARS_MAX).contains(&length) && name.chars().all(is_fit) && name.trim() == name {
        Ok(())
    } else {
        Err(format!(
            "`name` must have 1 to {NAME_CHARS_MAX} letters, digits, or . _ - @ and spaces inside"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_rise_and_come_back_from_their_names() {
        assert!(Role::Viewer < Role::Analyst && Role::Analyst < Role::Admin);
        for role in Role::ALL {
            assert_eq!(Role::of(role.name()), Some(role));
        }
        assert_eq!(Role::of("root"), None);
    }

    #[test]
    fn two_secrets_differ_and_neither_is_told_by_its_debug_form() {
        let (a, b) = (Secret::new("qw_").unwrap(), Secret::new("qw_").unwrap());
        assert_ne!(a, b);
        assert_eq!(a.reveal().len(), 3 + 64);
        assert_eq!(format!("{a:?}"), "Secret(..)");
        assert_eq!(a.hash(), hash_of(a.reveal()));
        assert_ne!(csrf_of(a.reveal()), csrf_of(b.reveal()));
    }

    #[test]
    fn names_that_could_be_markup_or_empty_are_refused() {
        for name in ["", " a", "a\n", "<b>", "a'--", &"x".repeat(65)] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        for name in ["Ana", "ana.k@port", "Оксана", "a b"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
    }
}
