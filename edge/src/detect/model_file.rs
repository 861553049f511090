//! The model's sidecar (edge/model/FORMAT.md): every number that may change from version to version, checked before the model is loaded.
//!
//! Where a model is looked for, first found wins: the path given (`--model`, or `model` in the configuration; a sidecar, a `.tflite` beside one, or a
//! folder); the folder of the binary; `../share/quaywatch` from there; and in a working tree `edge/model`. In a folder the highest version counts.

use std::{
    env, fs,
    io::Read,
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::DetectError;

/// Format of sidecars that is read here.
const FORMAT: u32 = 1;
/// Bytes of a sidecar.
const SIDECAR_BYTES_MAX: u64 = 1 << 20;
/// Bytes of a model: 24 times today's.
const MODEL_BYTES_MAX: u64 = 16 << 20;
/// Pixels of a tile's side.
const TILE_PX_MAX: usize = 2_048;

/// A sidecar.
#[derive(Clone, Debug, Deserialize)]
pub struct Sidecar {
    format: u32,
    /// Name of the model.
    pub name: String,
    /// Version of the model.
    pub version: String,
    tflite: TfliteNote,
    pub(super) input: InputNote,
    pub(super) normalise: NormaliseNote,
    pub(super) outputs: OutputsNote,
    pub(super) margin_px: usize,
    pub(super) decode: DecodeNote,
    pub(super) threshold: ThresholdNote,
    pub(super) calibration: Vec<(f64, f64)>,
    pub(super) errors: Vec<ErrorNote>,
}

#[derive(Clone, Debug, Deserialize)]
struct TfliteNote {
    file: String,
    sha256: String,
    bytes: u64,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct InputNote {
    pub tile_px: usize,
    pub channels: Vec<String>,
    pub layout: String,
    pub dtype: String,
    pub scale: f32,
    pub zero_point: i32,
    pub gsd_m: f64,
    pub scene_gsd_m_min: f64,
    pub scene_gsd_m_max: f64,
    pub clip: f32,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct NormaliseNote {
    pub low_percentile: f64,
    pub high_percentile: f64,
    pub span_min: f64,
    /// Absent in models that want no floor.
    #[serde(default)]
    pub flat_peak_percentile: f64,
    #[serde(default)]
    pub flat_peak_share: f64,
    #[serde(default)]
    pub flat_low_share: f64,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct OutputsNote {
    pub heat: OutputNote,
    pub geom: OutputNote,
    pub stride: usize,
    pub length_log_mid: f64,
    pub beam_log_mid: f64,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(super) struct OutputNote {
    pub index: usize,
    pub shape: Vec<usize>,
    pub scale: f32,
    pub zero_point: i32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct DecodeNote {
    pub length_px_min: f64,
    pub length_px_max: f64,
    pub suppress_along: f64,
    pub suppress_across: f64,
    pub suppress_min_px: f64,
    pub score_floor: f64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct ThresholdNote {
    pub confidence: f64,
}

/// Standard errors of vessels up to a predicted length.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct ErrorNote {
    pub length_m_max: Option<f64>,
    pub length_rel_sd: f64,
    pub beam_rel_sd: f64,
    pub position_sd_m: f64,
    pub heading_sd_deg: f64,
}

/// A checked sidecar and the model's bytes, whose hash is the one that the sidecar names.
#[derive(Debug)]
pub struct ModelFile {
    /// Where the sidecar lies.
    pub path: PathBuf,
    /// The sidecar.
    pub sidecar: Sidecar,
    /// SHA-256 of the model, in hexadecimal.
    pub sha256: String,
    pub(super) bytes: Vec<u8>,
}

impl ModelFile {
    /// Finds and loads a model.
    ///
    /// # Errors
    /// The file, what was found, what was expected; for a search without a find, the folders that were searched.
    pub fn find(given: Option<&Path>) -> Result<Self, DetectError> {
        if let Some(given) = given {
            return Self::load(&sidecar_of(given)?);
        }
        let binary = env::current_exe()
            .ok()
            .and_then(|path| path.parent().map(Path::to_path_buf));
        let mut folders: Vec<PathBuf> = Vec::new();
        if let Some(folder) = &binary {
            folders.push(folder.clone());
            folders.push(folder.join("../share/quaywatch"));
            // target/debug/deps/..., target/release/...: a working tree.
            folders.extend(
                folder
                    .ancestors()
                    .filter(|up| up.join("Cargo.toml").is_file())
                    .map(|up| up.join("edge/model")),
            );
        }
        match folders.iter().find_map(|folder| newest(folder)) {
            Some(path) => Self::load(&path),
            None => Err(DetectError::Model {
                path: PathBuf::from("vessel-*.json"),
                what: format!(
                    "no model in {}",
                    folders
                        .iter()
                        .map(|f| f.display().to_string())
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
                expected: "a model there, or --model FILE".to_owned(),
            }),
        }
    }

    /// Loads a model by its sidecar.
    ///
    /// # Errors
    /// The file, what was found, what was expected.
    pub fn load(path: &Path) -> Result<Self, DetectError> {
        let bad = |what: String, expected: &str| DetectError::Model {
            path: path.to_path_buf(),
            what,
            expected: expected.to_owned(),
        };
        let text = read(path, SIDECAR_BYTES_MAX)?;
        let sidecar: Sidecar = serde_json::from_slice(&text)
            .map_err(|error| bad(error.to_string(), "a sidecar as edge/model/FORMAT.md describes"))?;
        sidecar.check().map_err(|(what, expected)| bad(what, expected))?;
        let name = &sidecar.tflite.file;
        if name.contains(['/', '\\']) || name.starts_with('.') {
            return Err(bad(
                format!("`tflite.file` is `{name}`"),
                "the name of a file beside the sidecar",
            ));
        }
        let model = path.with_file_name(name);
        let bytes = read(&model, MODEL_BYTES_MAX)?;
        let sha256 = HEXLOWER.encode(&Sha256::digest(&bytes));
        if sha256 != sidecar.tflite.sha256 || bytes.len() as u64 != sidecar.tflite.bytes {
            return Err(DetectError::Model {
                path: model,
                what: format!("{} bytes with SHA-256 {sha256}", bytes.len()),
                expected: format!(
                    "{} bytes with {}, which {} names",
                    sidecar.tflite.bytes,
                    sidecar.tflite.sha256,
                    path.display()
                ),
            });
        }
        Ok(Self {
            path: path.to_path_buf(),
            sidecar,
            sha256,
            bytes,
        })
    }
}

impl Sidecar {
    fn check(&self) -> Result<(), (String, &'static str)> {
        let input = &self.input;
        if self.format != FORMAT {
            return Err((format!("`format` is {}", self.format), "format 1"));
        }
        if input.layout != "NHWC" || input.dtype != "int8" {
            return Err((format!("input {} {}", input.layout, input.dtype), "NHWC int8"));
        }
        if !(32..=TILE_PX_MAX).contains(&input.tile_px)
            || !input.tile_px.is_multiple_of(2)
            || self.margin_px * 4 > input.tile_px
        {
            return Err((
                format!("tiles of {} px with a margin of {}", input.tile_px, self.margin_px),
                "even tiles of 32 to 2048 px, margins of a quarter at most",
            ));
        }
        if input.channels != ["B02", "B03", "B04", "B08"] {
            return Err((format!("channels {:?}", input.channels), "B02, B03, B04, B08"));
        }
        let positive = [
            input.scale,
            self.outputs.heat.scale,
            self.outputs.geom.scale,
            input.clip,
            input.gsd_m as _,
            input.scene_gsd_m_min as _,
        ];
        if positive.iter().any(|value| !(value.is_finite() && *value > 0.0)) {
            return Err((
                "a scale or resolution that is not above 0".to_owned(),
                "numbers above 0",
            ));
        }
        let cells = input.tile_px / 2;
        let shape = vec![1, cells, cells, 4];
        if self.outputs.stride != 2
            || self.outputs.heat.shape != shape
            || self.outputs.geom.shape != shape
            || self.outputs.heat.index == self.outputs.geom.index
        {
            return Err((
                format!("outputs {:?} and {:?}", self.outputs.heat, self.outputs.geom),
                "two outputs [1, tile/2, tile/2, 4] at stride 2",
            ));
        }
        let rising = self
            .calibration
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if b.0 > a.0 && b.1 > a.1));
        if self.calibration.len() < 2 || !rising || self.errors.is_empty() {
            return Err((
                "a calibration that does not rise, or no `errors`".to_owned(),
                "at least two rising points and one row of errors",
            ));
        }
        let decode = &self.decode;
        if !(decode.score_floor > 0.0
            && decode.score_floor < 1.0
            && decode.length_px_min > 0.0
            && decode.length_px_max >= decode.length_px_min)
        {
            return Err((format!("{decode:?}"), "a score floor in 0..1 and lengths above 0"));
        }
        Ok(())
    }
}

fn sidecar_of(given: &Path) -> Result<PathBuf, DetectError> {
    if given.is_dir() {
        return newest(given).ok_or_else(|| DetectError::Model {
            path: given.to_path_buf(),
            what: "no vessel-<version>.json in the folder".to_owned(),
            expected: "a model's sidecar".to_owned(),
        });
    }
    Ok(if given.extension().is_some_and(|extension| extension == "tflite") {
        given.with_extension("json")
    } else {
        given.to_path_buf()
    })
}

/// The sidecar of the highest version in a folder.
fn newest(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter_map(|path| {
            let name = path.file_name()?.to_string_lossy().to_string();
            let version = name.strip_prefix("vessel-")?.strip_suffix(".json")?;
            let parts: Vec<u32> = version
                .split('.')
                .map(|part| part.parse().ok())
                .collect::<Option<_>>()?;
            Some((parts, path))
        })
        .max()
        .map(|(_, path)| path)
}

fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, DetectError> {
    let bad = |what: String, expected: String| DetectError::Model {
        path: path.to_path_buf(),
        what,
        expected,
    };
    let file = fs::File::open(path).map_err(|error| bad(error.to_string(), "a model file".to_owned()))?;
    let mut bytes = Vec::new();
    file.take(bytes_max + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| bad(error.to_string(), "a readable file".to_owned()))?;
    if bytes.len() as u64 > bytes_max {
        return Err(bad(
            "the file is too large".to_owned(),
            format!("at most {bytes_max} bytes"),
        ));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model_folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("model")
    }

    #[test]
    fn the_committed_model_loads_and_a_changed_byte_is_refused() {
        let original = ModelFile::find(Some(&model_folder())).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let sidecar = folder.path().join(original.path.file_name().unwrap());
        fs::copy(&original.path, &sidecar).unwrap();
        let mut bytes = original.bytes.clone();
        bytes[1000] ^= 1;
        let name = folder.path().join(&original.sidecar.tflite.file);
        fs::write(&name, &bytes).unwrap();
        let error = ModelFile::load(&sidecar).unwrap_err().to_string();
        assert!(error.contains("SHA-256") && error.contains(&original.sha256), "{error}");
    }

    #[test]
    fn a_sidecar_of_another_format_or_with_a_wandering_path_is_refused() {
        let text = fs::read_to_string(newest(&model_folder()).unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vessel-9.0.0.json");
        for (change, expected) in [
            ("format", "format 1"),
            ("file", "beside the sidecar"),
            ("margin_px", "margin"),
            ("calibration", "rise"),
        ] {
            let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
            match change {
                "format" => value["format"] = 2.into(),
                "file" => value["tflite"]["file"] = "../etc/passwd".into(),
                "margin_px" => value["margin_px"] = 400.into(),
                _ => value["calibration"] = serde_json::json!([[0.0, 0.5], [1.0, 0.5]]),
            }
            fs::write(&path, value.to_string()).unwrap();
            let error = ModelFile::load(&path).unwrap_err().to_string();
            assert!(error.contains(expected), "{change}: {error}");
        }
    }

    #[test]
    fn the_highest_version_is_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["0.9.0", "0.10.1", "0.2.30", "x"] {
            fs::write(folder.path().join(format!("vessel-{version}.json")), "{}").unwrap();
        }
        assert!(newest(folder.path()).unwrap().ends_with("vessel-0.10.1.json"));
    }
}
