//! Which plane of a file is which band, where nobody said.

use std::path::Path;

use super::{Band, SceneError, SceneErrorKind, raster::RasterInfo, stem};
use quaywatch_protocol::contract::look::SensorKind;

/// Bands of a file's planes: by its own names, else by its file name, else by the usual orders of products.
///
/// Three planes are red, green, blue. Four are blue, green, red, near infrared (PlanetScope, Pléiades, ...), but red, green, blue, near infrared when the
/// file calls itself RGB and the fourth is no transparency. Five are RapidEye's blue, green, red, red edge, near infrared. Eight are SuperDove's.
pub(super) fn assign(path: &Path, info: &RasterInfo) -> Result<Vec<Option<Band>>, SceneError> {
    if info.names.iter().any(Option::is_some) {
        return Ok(info.names.clone());
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy().to_string();
    let is_radar = matches!(stem::sensor(&name), Some((_, SensorKind::Sar)))
        || info.is_float && name.to_ascii_lowercase().contains("db");
    use Band::{Blue, Green, Nir, Red, Vh, Vv};
    let colours = info.samples - usize::from(info.alpha.is_some());
    let mut bands = match colours {
        1 => vec![Some(single(&name, is_radar || info.is_float))],
        2 if is_radar || info.is_float => vec![Some(Vv), Some(Vh)],
        3 => vec![Some(Red), Some(Green), Some(Blue)],
        4 if info.is_rgb => vec![Some(Red), Some(Green), Some(Blue), Some(Nir)],
        4 => vec![Some(Blue), Some(Green), Some(Red), Some(Nir)],
        5 => vec![Some(Blue), Some(Green), Some(Red), None, Some(Nir)],
        8 => vec![None, Some(Blue), None, Some(Green), None, Some(Red), None, Some(Nir)],
        12 | 13 => {
            let mut all = vec![None; colours];
            for (slot, band) in
                all.iter_mut()
                    .skip(1)
                    .zip([Some(Blue), Some(Green), Some(Red), None, None, None, Some(Nir)])
            {
                *slot = band;
            }
            all
        }
        other => {
            return Err(SceneError::new(
                path,
                SceneErrorKind::Bands,
                format!("{other} bands, and nothing says which they are"),
                "a sidecar with `bands`, as docs/SCENES.md describes",
            ));
        }
    };
    if let Some(alpha) = info.alpha {
        bands.insert(alpha.min(bands.len()), None);
    }
    Ok(bands)
}

/// The band of a single plane: by a part of the name like `B04`, `red` or `vv`, else radar for fractions and green (any visible light) otherwise.
fn single(name: &str, is_radar: bool) -> Band {
    name.split(['_', '-', '.', ' '])
        .rev()
        .filter(|part| part.len() > 1)
        .find_map(Band::parse)
        .unwrap_or(if is_radar { Band::Vv } else { Band::Green })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_band_is_named_by_its_file() {
        assert_eq!(single("T10SEG_20170308T184221_B04", false), Band::Red);
        assert_eq!(single("s1a-iw-grd-vh-20210105t135204-001", true), Band::Vh);
        assert_eq!(single("long_beach_2021-01-05_db", true), Band::Vv);
        assert_eq!(single("harbour", false), Band::Green);
    }
}
