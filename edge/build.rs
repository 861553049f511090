//! Tells the loader where the TensorFlow Lite library is.
//!
//! Installed: beside the binary or in `../lib/quaywatch`. In a working tree: where `deploy/setup` put it, so that a plain
//! `target/debug/quaywatch-edge` runs. The `dist` profile leaves the working tree out of the binary.

use std::{env, path::Path};

fn main() {
    println!("cargo:rerun-if-env-changed=TFLITEC_PREBUILT_PATH");
    println!("cargo:rustc-link-arg-bins=-Wl,-rpath,$ORIGIN");
    println!("cargo:rustc-link-arg-bins=-Wl,-rpath,$ORIGIN/../lib/quaywatch");
    let out_dir = env::var("OUT_DIR").unwrap_or_default();
    let is_dist = Path::new(&out_dir).components().any(|part| part.as_os_str() == "dist");
    if let (false, Ok(library)) = (is_dist, env::var("TFLITEC_PREBUILT_PATH"))
        && let Some(folder) = Path::new(&library).parent()
    {
        // For every linked target: unit tests, integration tests and binaries.
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", folder.display());
    }
}
