//! Rendered scenes as files: a GeoTIFF and a sidecar that says what it is, each written aside and renamed when complete.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use quaywatch_protocol::contract::look::SensorKind;

use super::{
    render::{RenderOptions, render_scene, write_geotiff, write_quicklook},
    schedule::Pass,
    world::World,
};

/// Why a scene could not be rendered or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct SceneFailure {
    /// The file.
    pub path: PathBuf,
    /// What went wrong.
    pub problem: String,
}

/// Renders a pass and writes `SCENE.json`, then `SCENE.tif` (and `SCENE.png` when asked) into `folder`. False for radar, which
/// is not rendered.
///
/// # Errors
/// The file that could not be written, or the scene that could not be rendered.
pub fn write(world: &World, pass: &Pass, folder: &Path, quicklook: bool) -> Result<bool, SceneFailure> {
    let path = folder.join(format!("{}.tif", pass.scene));
    let failed = |problem: String| SceneFailure {
        path: path.clone(),
        problem,
    };
    let of_io = |error: io::Error| failed(error.to_string());
    if pass.sensor.kind == SensorKind::Sar {
        return Ok(false);
    }
    fs::create_dir_all(folder).map_err(of_io)?;
    let unknown = || failed(format!("site `{}` is not in the script", pass.site));
    let place = world.places.get(&pass.site).ok_or_else(unknown)?;
    let truth = world
        .scene_truth(&pass.site, pass.at, &pass.sensor)
        .ok_or_else(unknown)?;
    let raster = render_scene(place, &truth, &RenderOptions::default()).map_err(|error| failed(error.to_string()))?;
    let sidecar = serde_json::json!({ "scene": pass.scene, "acquired_at": pass.at, "sensor": pass.sensor });
    let aside = folder.join(format!("{}.json.part", pass.scene));
    fs::write(&aside, format!("{sidecar}\n")).map_err(of_io)?;
    fs::rename(&aside, folder.join(format!("{}.json", pass.scene))).map_err(of_io)?;
    let aside = folder.join(format!("{}.tif.part", pass.scene));
    write_geotiff(&aside, &raster).map_err(|error| failed(error.to_string()))?;
    fs::rename(&aside, &path).map_err(of_io)?;
    if quicklook {
        let picture = folder.join(format!("{}.png", pass.scene));
        write_quicklook(&picture, &raster).map_err(|error| failed(error.to_string()))?;
    }
    Ok(true)
}
