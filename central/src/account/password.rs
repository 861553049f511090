//! Passwords: Argon2id with the parameters that OWASP's password storage cheat sheet names first (19 MiB, 2 passes, 1 lane).

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};

/// Characters of a password.
pub const CHARS_MIN: usize = 12;
/// Characters of a password.
pub const CHARS_MAX: usize = 256;
/// Memory of one hash, KiB.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes of one hash.
const PASSES: u32 = 2;
/// Lanes of one hash.
const LANES: u32 = 1;
/// Bytes of a salt.
const SALT_BYTES: usize = 16;

/// Checks a password that is to be set.
///
/// # Errors
/// What was expected; never the password.
pub fn check(password: &str, name: &str) -> Result<(), String> {
    let length = password.chars().count();
    if !(CHARS_MIN..=CHARS_MAX).contains(&length) {
        return Err(format!(
            "the password has {length} characters: expected {CHARS_MIN} to {CHARS_MAX}"
        ));
    }
    if password.to_lowercase() == name.to_lowercase() {
        return Err("the password is the name: expected another".to_owned());
    }
    let mut distinct: Vec<char> = password.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < 4 {
        return Err("the password repeats too few characters: expected at least 4 different ones".to_owned());
    }
    Ok(())
}

/// Hashes a password: takes tens of milliseconds and 19 MiB.
///
/// # Errors
/// When the system gives no randomness.
pub fn hash(password: &str) -> Result<String, String> {
    let mut bytes = [0_u8; SALT_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| format!("no randomness: {error}"))?;
    let salt = SaltString::encode_b64(&bytes).map_err(|error| error.to_string())?;
    engine()?
        .hash_password(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| error.to_string())
}

/// True when it is the password; as slow when there is nobody to compare with.
#[must_use]
pub fn verify(password: &str, stored: Option<&str>) -> bool {
    let Some(stored) = stored else {
        // Whether a name exists must not show in how long the answer takes.
        let _ = hash(password);
        return false;
    };
    if password.chars().count() > CHARS_MAX {
        return false;
    }
    PasswordHash::new(stored)
        .is_ok_and(|stored| engine().is_ok_and(|engine| engine.verify_password(password.as_bytes(), &stored).is_ok()))
}

fn engine() -> Result<Argon2<'static>, String> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| error.to_string())?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_another_is_not() {
        let stored = hash("correct horse battery").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify("correct horse battery", Some(&stored)));
        assert!(!verify("correct horse batterx", Some(&stored)));
        assert!(!verify("correct horse battery", None));
        assert!(!verify("correct horse battery", Some("not a hash")));
    }

    #[test]
    fn short_repeated_or_own_names_are_no_passwords() {
        assert!(check("short", "ana").unwrap_err().contains("12 to 256"));
        assert!(check("aaaaaaaaaaaaaaa", "ana").is_err());
        assert!(check("administrator", "Administrator").is_err());
        assert!(check("correct horse battery", "ana").is_ok());
    }
}
