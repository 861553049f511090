//! Looks: everything one scene says about one site.
//!
//! ```text
//! plan (which windows) -> pixels (read them) -> observe (zones, tracks, stacks) + alongside (vessels) + radio -> Look
//! ```
//!
//! [`make_look`] is the whole of it. It reads only the neighbourhood of the site's zones, so a station with many sites makes
//! all of its looks from one scene in turn. A zone that cannot be used is told in [`LookMade::faults`] and the rest of the look goes on.

pub mod observe;
pub mod picture;
mod pixels;
mod plan;
mod radio;
mod shares;
mod store;

use quaywatch_protocol::contract::{
    look::{Look, RailSeen, Sensor, StackSeen, Vessel, ZoneSeen},
    site::{Site, ZoneKind},
    time::UnixMs,
};
use thiserror::Error;

pub use observe::References;
pub use plan::{NEIGHBOURHOOD_M, Part, Plan, neighbourhood, plan};
pub use radio::{NoRadio, Radio, RadioSaid, SeenVessel};
pub use shares::Shares;
pub use store::{FolderReferences, StoreError};

use self::observe::{Observed, observe, rail_entry, round_to, stack_entry};
use crate::{
    detect::Detection,
    scene::{Scene, SceneError, SceneReader},
    zones::{
        alongside::{Hull, assign},
        local::{LocalZone, ZoneFault},
        patch::Patch,
        reference::Reference,
        sun::Sun,
    },
};

/// Why there is no look.
#[derive(Debug, Error)]
pub enum LookError {
    /// The scene does not say where it is.
    #[error("{scene}: has no georeference: a site's zones cannot be placed in it")]
    NoGeoreference {
        /// Scene id.
        scene: String,
    },
    /// The scene does not say when it is.
    #[error("{scene}: has no time of acquisition: expected one in its manifest, its name or its header")]
    NoTime {
        /// Scene id.
        scene: String,
    },
    /// A file could not be read.
    #[error(transparent)]
    Scene(#[from] SceneError),
}

/// Everything a look is made of.
#[derive(Clone, Copy)]
pub struct LookRequest<'a> {
    /// Station that makes it.
    pub station: &'a str,
    /// The scene.
    pub scene: &'a Scene,
    /// The site.
    pub site: &'a Site,
    /// Vessels that the detector found in [`neighbourhood`] (or in all of the scene: those elsewhere are left out).
    pub detections: &'a [Detection],
    /// Empty references of the site's zones; `&()` for none.
    pub references: &'a dyn References,
    /// Who listened; [`NoRadio`] when nobody did.
    pub radio: &'a dyn Radio,
}

/// A look, with what it was made from.
#[derive(Debug)]
pub struct LookMade {
    /// The look. `epoch`, `seq` and `received_at` are for the spool and the clock to fill in.
    pub look: Look,
    /// Zones that could not be used.
    pub faults: Vec<ZoneFault>,
    /// References that did not belong to this picture, and are begun anew.
    pub misfits: Vec<String>,
    /// What was learnt about empty zones: to be stored by whoever keeps references.
    pub learnt: Vec<(LocalZone, Reference)>,
    /// The pixels and what was found in them, for an evidence picture.
    pub evidence: Evidence,
}

/// What an evidence picture shows.
#[derive(Debug, Default)]
pub struct Evidence {
    /// The site in the scene's grid.
    pub plan: Option<Plan>,
    /// Pixels and findings, one entry a window.
    pub parts: Vec<(Patch, Observed)>,
    /// Hulls in local metres, with the position of their vessel in [`Look::vessels`].
    pub hulls: Vec<Hull>,
}

/// Coarsest ground sample distance at which cars on a track are told from the track, metres. At 10 m a yard's tracks, about 5 m apart,
/// share their pixels: rendered full yards were seen as empty.
pub const RAIL_GSD_M_MAX: f64 = 6.0;

/// Makes the look of one scene at one site; `None` when the scene does not show the site.
///
/// # Errors
/// When the scene has no georeference or time, or a file cannot be read.
pub fn make_look(request: &LookRequest<'_>, reader: &mut SceneReader) -> Result<Option<LookMade>, LookError> {
    let scene = request.scene;
    let plan = plan(&scene.grid, request.site).ok_or_else(|| LookError::NoGeoreference {
        scene: scene.id.clone(),
    })?;
    let at = scene.acquired_at.ok_or_else(|| LookError::NoTime {
        scene: scene.id.clone(),
    })?;
    let centre = request.site.centre();
    let sun = (!scene.is_radar()).then(|| Sun::over(centre.x(), centre.y(), at));
    let mut parts = Vec::with_capacity(plan.parts.len());
    let mut scale = None;
    for part in &plan.parts {
        let scale = match scale {
            Some(scale) => scale,
            None => *scale.insert(pixels::scale_of_part(scene, reader, part)?),
        };
        let Some(patch) = pixels::read(scene, reader, part, &plan.frame, scale)? else {
            continue;
        };
        let observed = observe(&patch, &plan.zones, &part.zones, at, sun.as_ref(), request.references);
        parts.push((patch, observed));
    }
    if parts.iter().all(|(_, observed)| observed.zones.is_empty()) {
        return Ok(None);
    }
    let (vessels, hulls) = vessels_of(request, &plan, at);
    let shows_cars = scene.sensor.gsd_m <= RAIL_GSD_M_MAX;
    if !shows_cars {
        // The evidence shows what the look says, and no more.
        for (_, observed) in &mut parts {
            observed.tracks.clear();
        }
    }
    let look = Look {
        station: request.station.to_owned(),
        epoch: None,
        seq: None,
        scene: scene.id.clone(),
        site: request.site.id.clone(),
        acquired_at: at,
        received_at: None,
        sensor: Sensor {
            gsd_m: round_to(scene.sensor.gsd_m, 100.0),
            ..scene.sensor.clone()
        },
        zones: zones_of(&plan, &parts, shows_cars),
        vessels,
        rail: if shows_cars { rail_of(&plan, &parts) } else { Vec::new() },
        stacks: stacks_of(&plan, &parts),
        aircraft: Vec::new(),
    };
    let learnt = (parts.iter_mut())
        .flat_map(|(_, observed)| std::mem::take(&mut observed.learnt))
        .filter_map(|(index, reference)| Some((plan.zones.get(index)?.clone(), reference)))
        .collect();
    let misfits = (parts.iter())
        .flat_map(|(_, observed)| &observed.misfits)
        .filter_map(|(index, unfit)| {
            Some(format!(
                "{}: its reference {unfit}; learnt anew",
                plan.zones.get(*index)?.full_name()
            ))
        })
        .collect();
    Ok(Some(LookMade {
        look,
        faults: plan.faults.clone(),
        misfits,
        learnt,
        evidence: Evidence {
            plan: Some(plan),
            parts,
            hulls,
        },
    }))
}

/// One entry a zone id, in the order of the site; tracks of one yard are one zone. A track in a scene that cannot show cars was not
/// looked at: it is left out, for nothing found on it would mean nothing.
fn zones_of(plan: &Plan, parts: &[(Patch, Observed)], shows_cars: bool) -> Vec<ZoneSeen> {
    let mut seen: Vec<(usize, Shares)> = parts
        .iter()
        .flat_map(|(_, observed)| observed.zones.iter().copied())
        .collect();
    seen.sort_by_key(|(index, _)| *index);
    let mut joined: Vec<(&str, Shares)> = Vec::new();
    for (index, shares) in &seen {
        let Some(zone) = plan.zones.get(*index) else { continue };
        if zone.kind == ZoneKind::RailTrack && !shows_cars {
            continue;
        }
        match joined.iter_mut().find(|(id, _)| *id == zone.id) {
            Some((_, all)) => all.join(shares),
            None => joined.push((&zone.id, *shares)),
        }
    }
    joined.iter().map(|(id, shares)| shares.entry(id)).collect()
}

fn rail_of(plan: &Plan, parts: &[(Patch, Observed)]) -> Vec<RailSeen> {
    let mut tracks: Vec<_> = parts.iter().flat_map(|(_, observed)| &observed.tracks).collect();
    tracks.sort_by_key(|track| track.zone);
    (tracks.into_iter())
        .filter_map(|track| Some(rail_entry(plan.zones.get(track.zone)?, track)))
        .collect()
}

fn stacks_of(plan: &Plan, parts: &[(Patch, Observed)]) -> Vec<StackSeen> {
    let mut stacks: Vec<_> = parts.iter().flat_map(|(_, observed)| &observed.stacks).collect();
    stacks.sort_by_key(|(index, _)| *index);
    (stacks.into_iter())
        .filter_map(|(index, seen)| Some(stack_entry(plan.zones.get(*index)?, seen)))
        .collect()
}

/// The vessels in the site's windows, with their zones and what radio said.
fn vessels_of(request: &LookRequest<'_>, plan: &Plan, at: UnixMs) -> (Vec<Vessel>, Vec<Hull>) {
    let near: Vec<(&Detection, (f64, f64))> = (request.detections.iter())
        .filter(|detection| {
            plan.parts
                .iter()
                .any(|part| part.window.contains_point(detection.px, detection.py))
        })
        .filter_map(|detection| Some((detection, detection.lonlat?)))
        .collect();
    let hulls: Vec<Hull> = (near.iter())
        .map(|(detection, _)| Hull {
            at_m: plan.frame.to_local(detection.px, detection.py),
            position_sd_m: detection.position_sd_m,
            length_m: detection.length_m,
            beam_m: Some(detection.beam_m),
            axis_deg: Some(detection.heading_deg),
            axis_sd_deg: Some(detection.heading_sd_deg),
        })
        .collect();
    let seen: Vec<SeenVessel> = (near.iter())
        .map(|(detection, (lon, lat))| SeenVessel {
            lon: *lon,
            lat: *lat,
            position_sd_m: detection.position_sd_m,
            length_m: detection.length_m,
            length_sd_m: detection.length_sd_m,
            class: detection.class,
        })
        .collect();
    let zones = assign(&hulls, &plan.zones);
    let mut said = request.radio.said(at, &seen);
    said.resize_with(seen.len(), RadioSaid::default);
    let vessels = (near.iter().zip(zones).zip(said))
        .map(|(((detection, (lon, lat)), zone), radio)| Vessel {
            zone: zone.and_then(|index| plan.zones.get(index)).map(|zone| zone.id.clone()),
            lat: round_to(*lat, 1e7),
            lon: round_to(*lon, 1e7),
            position_sd_m: Some(round_to(detection.position_sd_m, 10.0)),
            length_m: round_to(detection.length_m, 10.0),
            length_sd_m: Some(round_to(detection.length_sd_m, 10.0)),
            beam_m: Some(round_to(detection.beam_m, 10.0)),
            beam_sd_m: Some(round_to(detection.beam_sd_m, 10.0)),
            heading_deg: Some(round_to(detection.heading_deg, 10.0)),
            heading_sd_deg: Some(round_to(detection.heading_sd_deg, 10.0)),
            confidence: round_to(detection.confidence, 1000.0),
            class: detection.class,
            ais: radio.ais,
            mmsi: radio.mmsi,
            ais_flags: radio.flags,
        })
        .collect();
    (vessels, hulls)
}
