//! Whether a detector can look at a scene at all: its modality, its bands, the size of its pixels.

use super::{DetectError, DetectorPlan, Modality};
use crate::scene::{Band, Scene};

/// Bands to read and the scene's pixel size, or why the detector cannot look at this scene.
pub(super) fn suit(
    scene: &Scene,
    plan: &DetectorPlan,
    warnings: &mut Vec<String>,
) -> Result<(Vec<Band>, (f64, f64)), DetectError> {
    let unsuited = |what: String, expected: String| {
        Err(DetectError::Unsuited {
            scene: scene.path.display().to_string(),
            what,
            expected,
        })
    };
    let is_radar = plan.modality == Modality::Radar;
    if scene.is_radar() != is_radar {
        let of = |radar: bool| if radar { "a radar" } else { "an optical" };
        return unsuited(
            format!("{} scene", of(scene.is_radar())),
            format!("{} scene for this detector", of(is_radar)),
        );
    }
    let bands: Vec<Band> = plan
        .bands
        .iter()
        .copied()
        .filter(|band| scene.bands.contains(band))
        .collect();
    if bands.is_empty() {
        let wanted = plan.bands.iter().map(|band| band.name()).collect::<Vec<_>>().join(", ");
        return unsuited("none of the detector's bands".to_owned(), format!("one of {wanted}"));
    }
    if !is_radar && !bands.iter().any(|band| band.is_visible()) {
        warnings.push("no visible band: near infrared stands in for them, and fewer vessels are found".to_owned());
    }
    let gsd_m = scene.grid.gsd_mid_m().unwrap_or_else(|| {
        let native = plan.gsd_m.unwrap_or(10.0);
        warnings.push(format!(
            "no pixel size: taken as the detector's own {native} m (give --gsd)"
        ));
        (native, native)
    });
    let (finest, coarsest) = plan.scene_gsd_m;
    let mean = (gsd_m.0 * gsd_m.1).sqrt();
    if !(finest..=coarsest).contains(&mean) {
        return unsuited(
            format!("pixels of {mean:.2} m"),
            format!("pixels of {finest} to {coarsest} m"),
        );
    }
    Ok((bands, gsd_m))
}
