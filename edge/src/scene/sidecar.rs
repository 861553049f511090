//! Manifests and sidecars: small TOML or JSON files that say what a raster cannot say of itself. `docs/SCENES.md` describes them.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use quaywatch_protocol::{
    contract::{look::SensorKind, time::UnixMs},
    limits as wire_limits,
};
use serde::Deserialize;

use super::{Band, Crs, SceneError, SceneErrorKind, limits};

/// What a sidecar may say; everything in it is optional, and what it does not know it ignores.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sidecar {
    pub scene: Option<String>,
    pub acquired_at: Option<UnixMs>,
    pub sensor: Option<SensorNote>,
    /// Name of each plane; `"-"` for one that is not used.
    pub bands: Option<Vec<String>>,
    pub nodata: Option<f64>,
    /// `EPSG:n`, for pictures with a world file.
    pub crs: Option<String>,
}

/// What took the scene; a name alone means an optical sensor.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "SensorText")]
pub(super) struct SensorNote {
    pub name: String,
    pub kind: SensorKind,
    pub gsd_m: Option<f64>,
}

/// The two ways to write a sensor.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a sensor's name, or a table with `name`, `kind` and perhaps `gsd_m`"
)]
enum SensorText {
    Name(String),
    Whole {
        name: String,
        kind: SensorKind,
        #[serde(default)]
        gsd_m: Option<f64>,
    },
}

impl From<SensorText> for SensorNote {
    fn from(text: SensorText) -> Self {
        match text {
            SensorText::Name(name) => Self {
                name,
                kind: SensorKind::Optical,
                gsd_m: None,
            },
            SensorText::Whole { name, kind, gsd_m } => Self { name, kind, gsd_m },
        }
    }
}

/// A scene manifest: a sidecar that also lists the files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    scene: Option<String>,
    acquired_at: Option<UnixMs>,
    sensor: Option<SensorNote>,
    nodata: Option<f64>,
    crs: Option<String>,
    pub files: Vec<ManifestFile>,
}

/// One raster of a manifest, by a path relative to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ManifestFile {
    pub path: PathBuf,
    pub bands: Option<Vec<String>>,
}

impl Manifest {
    /// The part that a sidecar would have said.
    pub(super) fn sidecar(&self) -> Sidecar {
        Sidecar {
            scene: self.scene.clone(),
            acquired_at: self.acquired_at,
            sensor: self.sensor.clone(),
            bands: None,
            nodata: self.nodata,
            crs: self.crs.clone(),
        }
    }
}

/// Reads a small text file.
pub(super) fn read_text(path: &Path) -> Result<String, SceneError> {
    let file = File::open(path).map_err(|error| SceneError::io(path, &error))?;
    let mut text = String::new();
    let read = file.take(limits::SIDECAR_BYTES_MAX + 1).read_to_string(&mut text);
    let bytes =
        read.map_err(|error| SceneError::new(path, SceneErrorKind::Manifest, error.to_string(), "UTF-8 text"))?;
    if bytes as u64 > limits::SIDECAR_BYTES_MAX {
        let expected = format!("at most {} bytes", limits::SIDECAR_BYTES_MAX);
        return Err(SceneError::new(
            path,
            SceneErrorKind::Manifest,
            "the file is too large",
            expected,
        ));
    }
    Ok(text)
}

fn parse<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, SceneError> {
    let text = read_text(path)?;
    let is_toml = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
    let parsed = if is_toml {
        toml::from_str(&text).map_err(|error| error.to_string())
    } else {
        serde_json::from_str(&text).map_err(|error| error.to_string())
    };
    parsed.map_err(|what| {
        SceneError::new(
            path,
            SceneErrorKind::Manifest,
            what.trim_end(),
            "what docs/SCENES.md describes",
        )
    })
}

/// Reads a manifest.
pub(super) fn manifest(path: &Path) -> Result<Manifest, SceneError> {
    let manifest: Manifest = parse(path)?;
    if manifest.files.is_empty() {
        return Err(SceneError::new(
            path,
            SceneErrorKind::Manifest,
            "`files` is empty",
            "at least one raster",
        ));
    }
    checked(path, &manifest.sidecar())?;
    Ok(manifest)
}

/// Reads the sidecar of a raster or folder: `<stem>.json`, `<stem>.toml`, or for a folder `scene.json`, `scene.toml` in it.
pub(super) fn beside(raster: &Path, is_folder: bool) -> Result<Sidecar, SceneError> {
    let names = if is_folder {
        [raster.join("scene.json"), raster.join("scene.toml")]
    } else {
        [raster.with_extension("json"), raster.with_extension("toml")]
    };
    let Some(path) = names.into_iter().find(|name| name.is_file()) else {
        return Ok(Sidecar::default());
    };
    let sidecar: Sidecar = parse(&path)?;
    checked(&path, &sidecar)?;
    Ok(sidecar)
}

fn checked(path: &Path, sidecar: &Sidecar) -> Result<(), SceneError> {
    let refuse = |what: String, expected: &str| Err(SceneError::new(path, SceneErrorKind::Manifest, what, expected));
    if let Some(scene) = &sidecar.scene
        && !wire_limits::is_name(scene, wire_limits::SCENE_ID_BYTES_MAX)
    {
        return refuse(
            format!("`scene` is `{scene}`"),
            "1 to 80 letters, digits, `-`, `_`, `.`",
        );
    }
    if let Some(gsd_m) = sidecar.sensor.as_ref().and_then(|sensor| sensor.gsd_m)
        && !(gsd_m.is_finite() && gsd_m > 0.0)
    {
        return refuse(format!("`sensor.gsd_m` is {gsd_m}"), "metres above 0");
    }
    Ok(())
}

/// The reference system that a sidecar names.
pub(super) fn crs(path: &Path, text: Option<&str>) -> Result<Option<Crs>, SceneError> {
    let Some(text) = text else { return Ok(None) };
    let refuse = |what: String| SceneError::new(path, SceneErrorKind::Manifest, what, "`crs` like EPSG:32653");
    let code = text
        .trim()
        .strip_prefix("EPSG:")
        .and_then(|code| code.parse::<u32>().ok());
    let code = code.ok_or_else(|| refuse(format!("`crs` is `{text}`")))?;
    Crs::from_epsg(code).map(Some).map_err(refuse)
}

/// Band names of a manifest; `-` is a plane that is not used.
pub(super) fn bands(path: &Path, names: &[String]) -> Result<Vec<Option<Band>>, SceneError> {
    names
        .iter()
        .map(|name| match name.as_str() {
            "-" => Ok(None),
            other => Band::parse(other).map(Some).ok_or_else(|| {
                let expected = "blue, green, red, nir, vv, vh, or - for a plane that is not used";
                SceneError::new(path, SceneErrorKind::Manifest, format!("band `{other}`"), expected)
            }),
        })
        .collect()
}
