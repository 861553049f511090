//! The evidence picture of a look: what an analyst checks it by.
//!
//! One panel a window: the pixels in their colours, hatched where they could not be seen, with zones, hulls, occupied stretches of track and
//! stacks drawn over them, a scale bar and a north arrow; above them what was looked at, with what, and when.

mod canvas;

use embedded_graphics::pixelcolor::Rgb888;
use image::RgbImage;
use quaywatch_protocol::contract::{
    look::{Ais, Look, Vessel},
    site::ZoneKind,
};

use self::canvas::Canvas;
use super::{Evidence, LookMade, observe::Observed};
use crate::zones::{
    alongside::Hull,
    local::{LocalShape, LocalZone},
    patch::{Metres, Patch, Role},
    strip,
    visible::Cover,
};

/// Longest side of a panel, pixels.
const PANEL_SIDE_MAX: usize = 1_800;
/// Shortest longest side to which small windows are enlarged, pixels.
const PANEL_SIDE_MIN: usize = 900;
/// Height of the head and of the room between panels, pixels.
const HEAD_PX: i32 = 44;
/// Room at the foot of a panel for its scale bar, pixels.
const FOOT_PX: i32 = 26;
/// Share of the pixels that are drawn black and white at the ends.
const STRETCH: [f64; 2] = [0.01, 0.99];
/// Fewer clear samples than this do not set the colours.
const STRETCH_SAMPLES_MIN: usize = 500;
/// Zones that are told by their name in a panel: more would cover it.
const NAMES_MAX: usize = 24;

const INK: Rgb888 = Rgb888::new(235, 235, 235);
const BERTH: Rgb888 = Rgb888::new(90, 200, 255);
const OIL: Rgb888 = Rgb888::new(255, 190, 60);
const ROADS: Rgb888 = Rgb888::new(120, 150, 255);
const GROUND: Rgb888 = Rgb888::new(210, 210, 120);
const TRACK: Rgb888 = Rgb888::new(150, 150, 150);
const CARS: Rgb888 = Rgb888::new(255, 120, 40);
const STACK: Rgb888 = Rgb888::new(255, 80, 220);
const HULL: Rgb888 = Rgb888::new(110, 255, 120);
const DARK: Rgb888 = Rgb888::new(255, 60, 60);
const CLOUD: Rgb888 = Rgb888::new(255, 255, 255);
const SHADE: Rgb888 = Rgb888::new(70, 110, 255);

/// Draws the picture.
#[must_use]
pub fn draw(made: &LookMade) -> RgbImage {
    let Evidence { plan, parts, hulls } = &made.evidence;
    let zones = plan.as_ref().map(|plan| plan.zones.as_slice()).unwrap_or_default();
    let scales: Vec<f64> = parts.iter().map(|(patch, _)| scale_of(patch)).collect();
    let size = |patch: &Patch, scale: f64| {
        (
            (patch.width() as f64 * scale) as i32,
            (patch.height() as f64 * scale) as i32,
        )
    };
    let sizes: Vec<(i32, i32)> = parts
        .iter()
        .zip(&scales)
        .map(|((patch, _), scale)| size(patch, *scale))
        .collect();
    let width = sizes.iter().map(|(width, _)| *width).max().unwrap_or(0).max(640);
    let height = HEAD_PX + sizes.iter().map(|(_, height)| height + FOOT_PX).sum::<i32>();
    let mut canvas = Canvas::new(width, height);
    head(&mut canvas, &made.look);
    let mut top = HEAD_PX;
    for (((patch, observed), scale), (_, height)) in parts.iter().zip(&scales).zip(&sizes) {
        let panel = Panel {
            patch,
            scale: *scale,
            top,
        };
        panel.background(&mut canvas, &observed.cover);
        panel.hidden(&mut canvas, &observed.cover);
        panel.stacks(&mut canvas, observed);
        panel.zones(&mut canvas, zones, observed, &made.look);
        panel.cars(&mut canvas, zones, observed);
        for (hull, vessel) in hulls.iter().zip(&made.look.vessels) {
            panel.hull(&mut canvas, hull, vessel);
        }
        panel.foot(&mut canvas, *height);
        top += height + FOOT_PX;
    }
    canvas.finish()
}

fn scale_of(patch: &Patch) -> f64 {
    let longest = patch.width().max(patch.height()).max(1);
    if longest > PANEL_SIDE_MAX {
        PANEL_SIDE_MAX as f64 / longest as f64
    } else {
        (PANEL_SIDE_MIN as f64 / longest as f64).ceil().clamp(1.0, 8.0)
    }
}

fn head(canvas: &mut Canvas, look: &Look) {
    let sensor = &look.sensor;
    canvas.large(8, 4, &format!("{}   {}", look.site, look.acquired_at), INK);
    canvas.small(
        8,
        26,
        &format!(
            "scene {}   {} {:.1} m   vessels {}   {:.0} m of track occupied   hatched: white cloud, blue shadow or haze",
            look.scene,
            sensor.name,
            sensor.gsd_m,
            look.vessels.len(),
            look.rail.iter().fold(0.0, |sum, track| sum + track.occupied_m)
        ),
        INK,
    );
}

struct Panel<'a> {
    patch: &'a Patch,
    scale: f64,
    top: i32,
}

impl Panel<'_> {
    fn at(&self, place: Metres) -> (i32, i32) {
        let [x, y] = self.patch.frame().to_px(place);
        // Far beyond the picture is far enough.
        let clip = |value: f64| value.clamp(-20_000.0, 20_000.0).round() as i32;
        (clip(x * self.scale), self.top + clip(y * self.scale))
    }

    fn shows(&self, place: Metres) -> bool {
        self.patch.index_at(self.patch.frame().to_px(place)).is_some()
    }

    fn background(&self, canvas: &mut Canvas, cover: &[Cover]) {
        let channels = [Role::Red, Role::Green, Role::Blue].map(|role| {
            let first = self.patch.planes().first().map(|plane| plane.values.as_slice());
            let plane = self.patch.plane(role).or(first).unwrap_or_default();
            // Cloud would leave the ground black: it is stretched by what was seen clearly, where there is enough of it.
            let of = |clear_only: bool| -> Vec<f32> {
                (plane.iter().zip(self.patch.valid()).zip(cover).step_by(11))
                    .filter(|((_, valid), cover)| **valid && (cover.is_clear() || !clear_only))
                    .map(|((value, _), _)| *value)
                    .collect()
            };
            let clear = of(true);
            let mut values = if clear.len() >= STRETCH_SAMPLES_MIN {
                clear
            } else {
                of(false)
            };
            values.sort_by(f32::total_cmp);
            let quantile = |share: f64| {
                values
                    .get(((values.len().max(1) - 1) as f64 * share) as usize)
                    .copied()
                    .unwrap_or(0.0)
            };
            (plane, quantile(STRETCH[0]), quantile(STRETCH[1]))
        });
        let (columns, rows) = (
            (self.patch.width() as f64 * self.scale) as i32,
            (self.patch.height() as f64 * self.scale) as i32,
        );
        for y in 0..rows {
            for x in 0..columns {
                let index = self
                    .patch
                    .index_at([(f64::from(x) + 0.5) / self.scale, (f64::from(y) + 0.5) / self.scale]);
                let Some(index) = index.filter(|index| self.patch.valid().get(*index) == Some(&true)) else {
                    continue;
                };
                let [red, green, blue] = channels.map(|(plane, low, high)| {
                    let share = (plane.get(index).copied().unwrap_or(0.0) - low) / (high - low).max(1e-6);
                    (share.clamp(0.0, 1.0).powf(0.7) * 235.0) as u8
                });
                canvas.point(x, self.top + y, Rgb888::new(red, green, blue));
            }
        }
    }

    /// Hatches what could not be seen.
    fn hidden(&self, canvas: &mut Canvas, cover: &[Cover]) {
        let (columns, rows) = (
            (self.patch.width() as f64 * self.scale) as i32,
            (self.patch.height() as f64 * self.scale) as i32,
        );
        for y in 0..rows {
            for x in 0..columns {
                if (x + y) % 7 != 0 {
                    continue;
                }
                let index = self
                    .patch
                    .index_at([(f64::from(x) + 0.5) / self.scale, (f64::from(y) + 0.5) / self.scale]);
                match index.and_then(|index| cover.get(index)) {
                    Some(Cover::Cloud) => canvas.point(x, self.top + y, CLOUD),
                    Some(Cover::Shadow | Cover::Haze | Cover::Glint) => canvas.point(x, self.top + y, SHADE),
                    _ => {}
                }
            }
        }
    }

    fn stacks(&self, canvas: &mut Canvas, observed: &Observed) {
        let width = self.patch.width();
        for (_, seen) in &observed.stacks {
            for index in &seen.pixels {
                let (x, y) = (index % width, index / width);
                let near = [
                    index.wrapping_sub(1),
                    index + 1,
                    index.wrapping_sub(width),
                    index + width,
                ];
                let is_edge = near.iter().any(|near| seen.pixels.binary_search(near).is_err());
                if is_edge {
                    let corner = |value: usize| (value as f64 * self.scale) as i32;
                    let side = (self.scale as i32 - 1).max(0);
                    canvas.frame(corner(x), self.top + corner(y), side, STACK);
                }
            }
        }
    }

    fn zones(&self, canvas: &mut Canvas, zones: &[LocalZone], observed: &Observed, look: &Look) {
        let mut named: Vec<&str> = Vec::new();
        for (index, _) in &observed.zones {
            let Some(zone) = zones.get(*index) else { continue };
            let colour = colour_of(zone.kind);
            let outline: Vec<Metres> = match &zone.shape {
                LocalShape::Area(area) => area.exterior().coords().map(|at| [at.x, at.y]).collect(),
                LocalShape::Track(points) => points.clone(),
            };
            for pair in outline.windows(2) {
                if let [a, b] = pair {
                    canvas.line(self.at(*a), self.at(*b), colour, 1);
                }
            }
            let place = outline.iter().copied().find(|at| self.shows(*at));
            if let Some(place) = place
                && named.len() < NAMES_MAX
                && !named.contains(&zone.id.as_str())
            {
                named.push(&zone.id);
                let visible = look
                    .zones
                    .iter()
                    .find(|seen| seen.zone == zone.id)
                    .map_or(0.0, |seen| seen.visible);
                let (x, y) = self.at(place);
                canvas.label(x + 4, y + 4, &format!("{} {:.0}%", zone.id, 100.0 * visible), colour);
            }
        }
    }

    fn cars(&self, canvas: &mut Canvas, zones: &[LocalZone], observed: &Observed) {
        for track in &observed.tracks {
            let Some(path) = zones.get(track.zone).and_then(LocalZone::path) else {
                continue;
            };
            let stations = strip::stations(path, strip::step_m(self.patch.frame().gsd_m(), track.length_m));
            for (from, to) in &track.stretches {
                let on: Vec<Metres> = (stations.iter())
                    .filter(|station| station.along_m >= *from && station.along_m <= *to)
                    .map(|station| station.at_m)
                    .collect();
                for pair in on.windows(2) {
                    if let [a, b] = pair {
                        canvas.line(self.at(*a), self.at(*b), CARS, 2);
                    }
                }
                if let Some(last) = on.last() {
                    let (x, y) = self.at(*last);
                    canvas.label(x + 3, y - 4, &format!("{:.0} m", to - from), CARS);
                }
            }
        }
    }

    fn hull(&self, canvas: &mut Canvas, hull: &Hull, vessel: &Vessel) {
        if !self.shows(hull.at_m) {
            return;
        }
        let colour = if vessel.ais == Ais::Dark { DARK } else { HULL };
        let (sin, cos) = hull.axis_deg.unwrap_or(0.0).to_radians().sin_cos();
        let (half_length, half_beam) = (hull.length_m / 2.0, hull.beam_m.unwrap_or(hull.length_m / 6.0) / 2.0);
        let corner = |along: f64, across: f64| {
            let (along, across) = (along * half_length, across * half_beam);
            self.at([
                hull.at_m[0] + along * sin + across * cos,
                hull.at_m[1] + along * cos - across * sin,
            ])
        };
        let corners = [
            corner(1.0, 1.0),
            corner(1.0, -1.0),
            corner(-1.0, -1.0),
            corner(-1.0, 1.0),
            corner(1.0, 1.0),
        ];
        for pair in corners.windows(2) {
            if let [a, b] = pair {
                canvas.line(*a, *b, colour, 2);
            }
        }
        let (x, y) = corners.iter().copied().max_by_key(|(x, _)| *x).unwrap_or_default();
        let radio = match (vessel.ais, vessel.mmsi) {
            (Ais::Matched, Some(mmsi)) => format!(" {mmsi}"),
            (Ais::Dark, _) => " dark".to_owned(),
            _ => String::new(),
        };
        canvas.label(
            x + 4,
            y - 4,
            &format!("{:.0} m {}{radio}", vessel.length_m, vessel.class.name()),
            colour,
        );
    }

    /// Scale bar and north arrow.
    fn foot(&self, canvas: &mut Canvas, height: i32) {
        let metres_per_px = self.patch.frame().gsd_m() / self.scale;
        let wanted_m = 160.0 * metres_per_px;
        let decade = 10_f64.powf(wanted_m.log10().floor());
        let bar_m = [5.0, 2.0, 1.0]
            .iter()
            .map(|step| step * decade)
            .find(|metres| *metres <= wanted_m)
            .unwrap_or(decade);
        let length = (bar_m / metres_per_px) as i32;
        let y = self.top + height + FOOT_PX / 2;
        canvas.line((10, y), (10 + length, y), INK, 3);
        canvas.line((10, y - 5), (10, y + 5), INK, 1);
        canvas.line((10 + length, y - 5), (10 + length, y + 5), INK, 1);
        canvas.small(16 + length, y - 5, &format!("{bar_m:.0} m"), INK);
        let (from, to) = (
            self.patch.frame().to_px([0.0, 0.0]),
            self.patch.frame().to_px([0.0, 1.0]),
        );
        let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
        let size = dx.hypot(dy).max(1e-9);
        let (dx, dy) = (dx / size, dy / size);
        let (foot_x, foot_y) = (130.0 + f64::from(length), f64::from(y));
        let point = |along: f64, aside: f64| {
            (
                (foot_x + along * dx - aside * dy).round() as i32,
                (foot_y + along * dy + aside * dx).round() as i32,
            )
        };
        canvas.line(point(-10.0, 0.0), point(10.0, 0.0), INK, 1);
        canvas.line(point(10.0, 0.0), point(4.0, 4.0), INK, 1);
        canvas.line(point(10.0, 0.0), point(4.0, -4.0), INK, 1);
        let (x, _) = point(0.0, 0.0);
        canvas.small(x + 10, y - 5, "N", INK);
    }
}

const fn colour_of(kind: ZoneKind) -> Rgb888 {
    match kind {
        ZoneKind::Berth => BERTH,
        ZoneKind::OilBerth => OIL,
        ZoneKind::Anchorage => ROADS,
        ZoneKind::Apron | ZoneKind::Storage | ZoneKind::Airfield => GROUND,
        ZoneKind::RailTrack => TRACK,
    }
}
