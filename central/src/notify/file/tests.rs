use std::os::unix::fs::PermissionsExt;

use super::*;

fn write_secret(file: &Path, secret: &str) {
    fs::write(file, secret).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_secret_that_others_can_read_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let (file, secret) = (folder.path().join("notify.toml"), folder.path().join("hook.secret"));
    let text = "[[sink]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"https://x\"\nsecret_file = \"hook.secret\"\n";
    fs::write(&file, text).unwrap();
    write_secret(&secret, "0123456789abcdef\n");
    assert_eq!(read(&file).unwrap().sinks.len(), 1);
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    let faults = read(&file).err().unwrap();
    assert!(faults[0].problem.contains("mode 644"), "{faults:?}");
}

#[test]
fn the_files_own_example_is_a_good_file() {
    let folder = tempfile::tempdir().unwrap();
    for (name, secret) in [("smtp.password", "p\n"), ("hook.secret", "0123456789abcdef\n")] {
        write_secret(&folder.path().join(name), secret);
    }
    let doc: String = include_str!("../file.rs")
        .lines()
        .skip_while(|line| !line.starts_with("//! ```toml"))
        .skip(1)
        .take_while(|line| !line.starts_with("//! ```"))
        .map(|line| format!("{}\n", line.trim_start_matches("//!").trim_start_matches(' ')))
        .collect();
    let file = folder.path().join("notify.toml");
    std::fs::write(&file, doc).unwrap();
    let plan = read(&file).unwrap();
    assert_eq!(plan.sinks.len(), 3);
    assert_eq!(plan.routes[0].severity_min, 2);
    assert!(
        !format!("{plan:?}").contains("0123456789abcdef"),
        "no secret in a debug form"
    );
}

#[test]
fn every_fault_of_a_file_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notify.toml");
    let text = "[[sink]]\nname = \"a b\"\nkind = \"webhook\"\nurl = \"ftp://x\"\nsecret_file = \"none\"\n\
        [[sink]]\nname = \"m\"\nkind = \"email\"\nsmtp = \"mail\"\nfrom = \"x\"\nto = []\n\
        [[route]]\nsinks = [\"z\"]\nseverity_min = \"loud\"\nhours = \"9-5\"\ndigest_min = -1\n";
    std::fs::write(&file, text).unwrap();
    let faults: Vec<String> = read(&file).unwrap_err().iter().map(ToString::to_string).collect();
    for told in [
        "http://",
        "none",
        "letters, digits",
        "1 to 50",
        "host:port",
        "`z`",
        "loud",
        "HH:MM",
        "0 to 1440",
    ] {
        assert!(faults.iter().any(|fault| fault.contains(told)), "{told}: {faults:#?}");
    }
}

#[test]
fn a_misspelt_key_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notify.toml");
    std::fs::write(
        &file,
        "[[sink]]\nname = \"l\"\nkind = \"log\"\n\n[[route]]\nsink = [\"l\"]\n",
    )
    .unwrap();
    let fault = read(&file).unwrap_err()[0].to_string();
    assert!(fault.contains("line 5") || fault.contains("line 6"), "{fault}");
}
