//! One reader of the product, which `QUAYWATCH_TARGET` names, under libFuzzer. The same readers run without it in `deploy/test fuzz`.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use quaywatch_tests::hostile::{Target, targets};

static TARGET: OnceLock<&'static Target> = OnceLock::new();

fuzz_target!(
    init: {
        let name = std::env::var("QUAYWATCH_TARGET").unwrap_or_default();
        match targets::named(&name) {
            Some(target) => _ = TARGET.set(target),
            None => {
                let names: Vec<_> = targets::ALL.iter().map(|target| target.name).collect();
                eprintln!("QUAYWATCH_TARGET is '{name}': expected one of {}", names.join(", "));
                std::process::exit(2);
            }
        }
    },
    |bytes: &[u8]| -> Corpus {
        let Some(target) = TARGET.get() else { return Corpus::Reject };
        if bytes.len() > target.input_bytes_max {
            return Corpus::Reject;
        }
        (target.read)(bytes);
        Corpus::Keep
    }
);
