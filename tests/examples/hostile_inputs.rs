//! Writes the good inputs and the corpus of one reader into a folder, for fuzzers; without arguments, lists the readers.

use std::{path::Path, process::ExitCode};

use quaywatch_tests::hostile::{inputs, targets};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, folder] = arguments.as_slice() else {
        for target in &targets::ALL {
            println!("{}", target.name);
        }
        return if arguments.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(2)
        };
    };
    match write(name, Path::new(folder)) {
        Ok(count) => {
            println!("{count} inputs of {name} in {folder}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("hostile_inputs: {problem}");
            ExitCode::from(2)
        }
    }
}

fn write(name: &str, folder: &Path) -> Result<usize, String> {
    let target = targets::named(name).ok_or_else(|| format!("there is no reader '{name}'"))?;
    let inputs = inputs(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), target)?;
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for (number, bytes) in inputs.iter().enumerate() {
        let file = folder.join(format!("seed-{number:03}"));
        std::fs::write(&file, bytes).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(inputs.len())
}
