//! How much of a zone was seen, and what hid the rest.

use quaywatch_protocol::contract::look::{Hidden, ZoneSeen};

use super::observe::round_to;
use crate::zones::{
    local::{LocalZone, path_length_m},
    patch::Patch,
    stacks, strip,
    visible::Cover,
};

/// How much of a zone was seen and what hid the rest, in whatever unit the zone is counted in (pixels or stations).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shares {
    clear: f64,
    cloud: f64,
    shadow: f64,
    haze: f64,
    glint: f64,
    nodata: f64,
}

pub(super) fn shares_of(patch: &Patch, cover: &[Cover], zone: &LocalZone) -> Shares {
    let frame = patch.frame();
    let mut shares = Shares::default();
    if let Some(area) = zone.area() {
        use geo::Area;
        let pixels = stacks::pixels_of(patch, area, zone);
        for index in &pixels {
            shares.add(cover.get(*index).copied().unwrap_or(Cover::NoData), 1.0);
        }
        // What the patch does not reach lies outside the scene; a pixel's worth is rounding.
        let off_scene = area.unsigned_area() / frame.pixel_area_m2() - pixels.len() as f64;
        if off_scene > 0.02 * pixels.len() as f64 + 2.0 {
            shares.add(Cover::NoData, off_scene);
        }
    } else if let Some(path) = zone.path() {
        for station in strip::stations(path, strip::step_m(frame.gsd_m(), path_length_m(path))) {
            let index = patch.index_at(frame.to_px(station.at_m));
            shares.add(
                index
                    .and_then(|index| cover.get(index).copied())
                    .unwrap_or(Cover::NoData),
                1.0,
            );
        }
    }
    shares
}

impl Shares {
    fn add(&mut self, cover: Cover, weight: f64) {
        let slot = match cover {
            Cover::Clear => &mut self.clear,
            Cover::Cloud => &mut self.cloud,
            Cover::Shadow => &mut self.shadow,
            Cover::Haze => &mut self.haze,
            Cover::Glint => &mut self.glint,
            Cover::NoData => &mut self.nodata,
        };
        *slot += weight;
    }

    /// All that was clear lies in a shadow.
    pub(super) fn dim(&mut self) {
        self.shadow += std::mem::take(&mut self.clear);
    }

    /// Adds what another zone (a track of the same yard) has.
    pub fn join(&mut self, other: &Self) {
        self.clear += other.clear;
        self.cloud += other.cloud;
        self.shadow += other.shadow;
        self.haze += other.haze;
        self.glint += other.glint;
        self.nodata += other.nodata;
    }

    fn total(&self) -> f64 {
        (self.clear + self.cloud + self.shadow + self.haze + self.glint + self.nodata).max(f64::EPSILON)
    }

    /// Share seen clearly.
    #[must_use]
    pub fn visible(&self) -> f64 {
        self.clear / self.total()
    }

    pub(super) fn on_scene(&self) -> f64 {
        1.0 - self.nodata / self.total()
    }

    /// As an entry of a look.
    #[must_use]
    pub fn entry(&self, zone: &str) -> ZoneSeen {
        let share = |part: f64| round_to(part / self.total(), 1000.0);
        let hidden = Hidden {
            cloud: share(self.cloud),
            shadow: share(self.shadow),
            haze: share(self.haze),
            glint: share(self.glint),
            nodata: share(self.nodata),
        };
        ZoneSeen {
            zone: zone.to_owned(),
            visible: share(self.clear),
            hidden: (hidden != Hidden::default()).then_some(hidden),
        }
    }
}
