//! A certificate authority, a broker's certificate and a station's, made by openssl for one test.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

/// Makes `ca`, `broker` and `station`, each with `.pem` and `.key`, in `folder`.
pub fn make(folder: &Path) {
    let run = |arguments: &[&str]| {
        let status = Command::new("openssl")
            .args(arguments)
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("openssl is not installed: apt-get install openssl");
        assert!(status.success(), "openssl {arguments:?}");
    };
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let authority = [
        "req",
        "-x509",
        "-days",
        "2",
        "-subj",
        "/CN=test CA",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
    ];
    run(&[&authority[..], &curve[..]].concat());
    for (name, subject) in [("broker", "/CN=localhost"), ("station", "/CN=gs-test")] {
        let (key, request, certificate) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"));
        let ask = ["req", "-new", "-subj", subject, "-keyout", &key, "-out", &request];
        run(&[&ask[..], &curve[..]].concat());
        fs::write(
            folder.join("extensions"),
            "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n",
        )
        .unwrap();
        run(&[
            "x509",
            "-req",
            "-days",
            "2",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-extfile",
            "extensions",
            "-in",
            &request,
            "-out",
            &certificate,
        ]);
        // The agent reads no secret that others can read; mosquitto, which gives up its rights, must read its own.
        let mode = if name == "station" { 0o600 } else { 0o644 };
        fs::set_permissions(folder.join(&key), fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}
