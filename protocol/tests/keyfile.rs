//! Secrets and keys in files.

#![cfg(feature = "files")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
};

use quaywatch_protocol::keyfile::{
    PUBLIC_BYTES_MAX, SECRET_BYTES_MAX, create, parse_hex, parse_verifying, public_text, read_public, read_secret,
    read_secret_line, read_signing,
};
use tempfile::TempDir;

/// A file of that content and mode, in a folder that goes away.
fn file_of(content: &[u8], mode: u32) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("k");
    fs::write(&file, content).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
    (folder, file)
}

mod keys {
    use super::*;

    #[test]
    fn a_made_key_is_read_back_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("k");
        let public = create(&file).unwrap();
        let key = read_signing(&file).unwrap();
        assert_eq!(parse_verifying(&public).unwrap(), key.verifying_key());
        assert_eq!(public, public_text(&key));
        assert!(create(&file).unwrap_err().contains("cannot be made"));
        assert_eq!(read_signing(&file).unwrap().to_bytes(), key.to_bytes());
    }

    #[test]
    fn a_made_key_can_be_read_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("k");
        create(&file).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        for content in ["topsecret", "", "\u{e9}", &"g".repeat(64), &"00".repeat(33)] {
            let (_folder, file) = file_of(content.as_bytes(), 0o600);
            assert_eq!(
                read_signing(&file).unwrap_err(),
                "is no private key: expected 64 hexadecimal digits"
            );
        }
    }

    #[test]
    fn a_weak_cut_or_garbled_public_key_is_refused() {
        assert!(parse_verifying(&"00".repeat(32)).unwrap_err().contains("weak"));
        for text in ["abcd", "", "\u{e9}\u{e9}", &"\u{e9}".repeat(32), &"0 ".repeat(32)] {
            assert!(parse_verifying(text).unwrap_err().contains("64 hexadecimal"), "{text}");
        }
    }

    #[test]
    fn digits_are_read_in_either_case_and_to_the_letter() {
        let text = "00ff".repeat(16);
        let bytes = parse_hex(&text).unwrap();
        assert_eq!(bytes, [0, 255].repeat(16).as_slice());
        assert_eq!(parse_hex(&text.to_uppercase()), Some(bytes));
        assert_eq!(parse_hex(&text[1..]), None);
        assert_eq!(parse_hex(&format!("{text}00")), None);
    }
}

mod secrets {
    use std::os::unix::fs::{MetadataExt, chown};

    use super::*;

    #[test]
    fn a_file_that_others_can_read_is_refused_with_its_mode() {
        for mode in [0o604, 0o644, 0o660, 0o777] {
            let (_folder, file) = file_of(b"secret", mode);
            let problem = read_secret(&file).unwrap_err();
            assert!(
                problem.contains(&format!("mode {mode:03o}")) && problem.contains("chmod 600"),
                "{problem}"
            );
        }
        let (_folder, file) = file_of(b"secret", 0o400);
        assert_eq!(read_secret(&file).unwrap(), b"secret");
    }

    #[test]
    fn only_roots_files_may_be_read_by_their_group() {
        let (_folder, file) = file_of(b"secret", 0o640);
        let is_roots = fs::metadata(&file).unwrap().uid() == 0;
        assert_eq!(read_secret(&file).is_ok(), is_roots);
        // Only root can give a file away.
        if is_roots {
            chown(&file, Some(65_534), None).unwrap();
            assert!(read_secret(&file).unwrap_err().contains("mode 640"));
        }
    }

    #[test]
    fn a_secret_line_comes_without_white_space_and_must_be_there() {
        let (_folder, file) = file_of(b"  pass word \r\nnext\n", 0o600);
        assert_eq!(read_secret_line(&file).unwrap(), "pass word");
        for (content, problem) in [(&b"\nx"[..], "is empty"), (b"", "is empty"), (b"\xff", "no UTF-8")] {
            let (_folder, file) = file_of(content, 0o600);
            assert!(read_secret_line(&file).unwrap_err().contains(problem));
        }
    }

    #[test]
    fn files_are_read_up_to_their_limits() {
        for (bytes, is_read) in [(SECRET_BYTES_MAX, true), (SECRET_BYTES_MAX + 1, false)] {
            let (_folder, file) = file_of(&vec![b'x'; bytes as usize], 0o600);
            assert_eq!(read_secret(&file).is_ok(), is_read, "{bytes}");
        }
        for (bytes, is_read) in [(PUBLIC_BYTES_MAX, true), (PUBLIC_BYTES_MAX + 1, false)] {
            let (_folder, file) = file_of(&vec![b'x'; bytes as usize], 0o644);
            assert_eq!(read_public(&file).is_ok(), is_read, "{bytes}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for problem in [
            read_secret(&folder.path().join("none")).unwrap_err(),
            read_public(&folder.path().join("none")).unwrap_err(),
        ] {
            assert!(problem.starts_with("cannot be read: "), "{problem}");
        }
    }
}
