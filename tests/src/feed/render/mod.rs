//! Renders scenes: what a satellite would have delivered of a scripted ground truth.
//!
//! The stages, in order: [`world`] puts place and moment on a UTM grid in metres ([`geo`]); [`coast`] finds quays and land;
//! [`terrain`] computes the slow fields; [`compose`] lists what to paint, from [`blocks`], [`yard`] and [`ship`] with the
//! colours of [`materials`]; [`sensor`] paints it on a fine [`canvas`] over the [`ground`], blurs, adds sky and noise, and
//! rounds; [`geotiff`] writes it. The bytes of a scene depend on its truth and seed only ([`math`]).

pub mod adapt;
pub mod blocks;
pub mod canvas;
pub mod coast;
pub mod compose;
pub mod geo;
pub mod geotiff;
pub mod ground;
pub mod imagine;
pub mod materials;
pub mod math;
pub mod scenery;
pub mod sensor;
pub mod ship;
pub mod terrain;
pub mod truth;
pub mod world;
pub mod yard;

#[cfg(test)]
mod tests;

use self::{
    coast::Coast,
    geo::{GeoError, Grid, Ground},
    geotiff::Raster,
    ground::Shader,
    math::{compass, derive, unit},
    sensor::{Optics, View},
    terrain::Terrain,
    world::{Moment, World},
};
use super::{place::Place, truth::SceneTruth};

pub use self::geotiff::{write_geotiff, write_quicklook};

/// How a scene is rendered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RenderOptions {
    /// How far the scene goes beyond the site's zones on every side, metres.
    pub margin_m: f64,
    /// Longest side of a scene, metres: what lies beyond is cut off evenly.
    pub side_max_m: f64,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self {
            margin_m: 600.0,
            side_max_m: 6_000.0,
        }
    }
}

/// Renders what one sensor would have delivered of a site at one moment.
///
/// # Errors
/// When the site lies where UTM cannot show it.
pub fn render_scene(place: &Place, truth: &SceneTruth, options: &RenderOptions) -> Result<Raster, GeoError> {
    let ground = Ground::around(place.frame.origin)?;
    let world = adapt::world(&ground, place)?;
    let moment = adapt::moment(&ground, place, truth)?;
    let corners = world.zones.iter().flat_map(|zone| &zone.shape);
    let b = corners.fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |b, at| {
        [b[0].min(at.x), b[1].min(at.y), b[2].max(at.x), b[3].max(at.y)]
    });
    let span = |low: f64, high: f64| {
        let half = ((high - low) / 2.0 + options.margin_m).min(options.side_max_m / 2.0);
        ((low + high) / 2.0 - half, (low + high) / 2.0 + half)
    };
    let ((west, east), (south, north)) = (span(b[0], b[2]), span(b[1], b[3]));
    let grid = Grid::covering([west, south, east, north], truth.sensor.gsd_m);
    let raster = draw(
        &ground,
        &world,
        &moment,
        grid,
        Optics::of(&truth.sensor.name, truth.sensor.gsd_m),
    );
    Ok(Raster {
        acquired_at: Some(truth.at),
        ..raster
    })
}

/// Draws a moment of a place on a pixel grid.
#[must_use]
pub fn draw(ground: &Ground, world: &World, moment: &Moment<'_>, grid: Grid, optics: Optics) -> Raster {
    let bounds = [
        grid.corner.x,
        grid.corner.y - grid.height as f64 * grid.gsd_m,
        grid.corner.x + grid.width as f64 * grid.gsd_m,
        grid.corner.y,
    ];
    let quays = coast::quays(world);
    let coast = Coast::of(world, &quays, derive(world.seed, "coast"));
    let wind = 0.15 + 0.85 * unit(derive(moment.seed, "wind"));
    let sun = compass(moment.sun_azimuth_deg);
    let terrain = Terrain::of(world, &coast, &quays, bounds, sun, wind, moment.seed);
    let (place, sea) = ground::seeds(world.seed, moment.seed);
    let shader = Shader {
        terrain: &terrain,
        gsd_m: grid.gsd_m as f32,
        green: materials::greenness(moment.day_of_year, world.latitude_deg),
        snow: moment.snow,
        wind,
        waves: compass(360.0 * f64::from(unit(derive(moment.seed, "waves")))),
        paving: world.paving(),
        place,
        moment: sea,
    };
    let layers = compose::layers(world, moment, &terrain, &quays, bounds);
    let seed = derive(moment.seed, "sensor");
    let view = View {
        grid,
        shader,
        layers: &layers,
        veil: &moment.veil,
        haze: moment.haze,
        optics,
        seed,
    };
    Raster {
        grid,
        anchor_m: ground.anchor_m,
        epsg: ground.epsg(),
        acquired_at: None,
        pixels: sensor::expose(&view),
    }
}
