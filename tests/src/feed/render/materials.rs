//! What things look like from above: surface reflectance in blue, green, red and near infrared.
//!
//! Orders of magnitude from spectral libraries and from medians measured over real harbour scenes: concrete brightens towards
//! the near infrared, plants are dark in red and bright in near infrared, water is black there, paint keeps its hue.

use super::{
    canvas::Spectrum,
    math::{Dice, mix},
};

/// Quays and yards.
pub const CONCRETE: Spectrum = [0.138, 0.170, 0.193, 0.232];
/// Roads and lots.
pub const ASPHALT: Spectrum = [0.070, 0.080, 0.088, 0.112];
/// Bare ground.
pub const SOIL: Spectrum = [0.072, 0.098, 0.132, 0.195];
/// Beach.
pub const SAND: Spectrum = [0.150, 0.195, 0.240, 0.300];
/// Shore rock and riprap.
pub const ROCK: Spectrum = [0.075, 0.088, 0.098, 0.125];
/// Track bed.
pub const BALLAST: Spectrum = [0.088, 0.099, 0.110, 0.140];
/// Lawn and crops in summer.
pub const GRASS: Spectrum = [0.036, 0.066, 0.050, 0.300];
/// The same, withered.
pub const STRAW: Spectrum = [0.060, 0.085, 0.105, 0.190];
/// Trees in summer.
pub const FOREST: Spectrum = [0.020, 0.040, 0.026, 0.235];
/// Trees without leaves.
pub const BARE_TREES: Spectrum = [0.036, 0.046, 0.052, 0.125];
/// Old snow near people.
pub const SNOW: Spectrum = [0.700, 0.710, 0.700, 0.640];
/// White paint.
pub const WHITE: Spectrum = [0.390, 0.420, 0.430, 0.430];
/// Grey paint, steel, bitumen roofs.
pub const GREY: Spectrum = [0.140, 0.150, 0.158, 0.172];
/// Rust and red-lead primer.
pub const RUST: Spectrum = [0.060, 0.068, 0.140, 0.175];
/// Tiles.
pub const TILES: Spectrum = [0.070, 0.092, 0.155, 0.205];
/// Coal.
pub const COAL: Spectrum = [0.030, 0.031, 0.033, 0.038];
/// Tarred decks, wet holds, gaps.
pub const DARK: Spectrum = [0.040, 0.042, 0.044, 0.052];
/// Foam of wakes.
pub const FOAM: Spectrum = [0.250, 0.265, 0.255, 0.210];
/// Water far from land, without glint.
pub const CLEAR_WATER: Spectrum = [0.027, 0.022, 0.012, 0.007];
/// Water over mud and in front of rivers.
pub const TURBID_WATER: Spectrum = [0.070, 0.090, 0.066, 0.028];

/// Roofs by how common they are in ports.
const ROOFS: [(f64, Spectrum); 7] = [
    (0.22, [0.300, 0.325, 0.335, 0.345]),
    (0.50, [0.165, 0.180, 0.190, 0.205]),
    (0.62, [0.110, 0.118, 0.125, 0.145]),
    (0.74, RUST),
    (0.84, [0.190, 0.160, 0.120, 0.185]),
    (0.92, TILES),
    (1.00, [0.095, 0.135, 0.110, 0.170]),
];

/// Container paints: reds and browns first, then blues, greys, white, green, yellow.
const BOXES: [Spectrum; 9] = [
    [0.055, 0.058, 0.150, 0.210],
    [0.058, 0.070, 0.165, 0.220],
    [0.050, 0.052, 0.095, 0.145],
    [0.160, 0.110, 0.062, 0.130],
    [0.120, 0.090, 0.055, 0.140],
    [0.150, 0.160, 0.170, 0.190],
    [0.330, 0.350, 0.350, 0.350],
    [0.060, 0.115, 0.070, 0.160],
    [0.060, 0.150, 0.220, 0.260],
];

/// A roof's colour.
pub fn roof(dice: &mut Dice) -> Spectrum {
    let draw = dice.unit();
    let base = ROOFS
        .iter()
        .find(|(share, _)| draw < *share)
        .map_or(GREY, |(_, colour)| *colour);
    // Weather and dust take half of a roof's hue.
    let grey = base.iter().take(3).sum::<f32>() / 3.0;
    let dusty = blend(
        base,
        [0.92 * grey, grey, 1.05 * grey, 1.15 * grey],
        dice.range(0.2, 0.75) as f32,
    );
    scaled(dusty, dice.range(0.75, 1.15) as f32)
}

/// A container's colour, near `wanted` when a row has one.
pub fn container(dice: &mut Dice, wanted: Option<Spectrum>) -> Spectrum {
    let any = dice.pick(&BOXES).copied().unwrap_or(RUST);
    // A row of one shipper still has some strangers in it.
    let base = wanted.filter(|_| dice.chance(0.8)).unwrap_or(any);
    scaled(base, dice.range(0.8, 1.25) as f32)
}

/// A colour made brighter or darker.
#[must_use]
pub fn scaled(colour: Spectrum, by: f32) -> Spectrum {
    colour.map(|band| band * by)
}

/// A blend of two colours.
#[must_use]
pub fn blend(from: Spectrum, to: Spectrum, share: f32) -> Spectrum {
    let mut out = from;
    for (band, to) in out.iter_mut().zip(to) {
        *band = mix(*band, to, share);
    }
    out
}

/// Reflectance of paint given as red, green, blue of a screen colour. Paint that a screen shows white reflects about 45 %;
/// in the near infrared most paints are a little brighter than in their brightest visible band's neighbourhood.
#[must_use]
pub fn paint(rgb: [u8; 3]) -> Spectrum {
    let [red, green, blue] = rgb.map(|level| {
        let share = f32::from(level) / 255.0;
        0.030 + 0.50 * share * share
    });
    let infrared = 0.55 * red.max(green).max(blue) + 0.45 * (red + green + blue) / 3.0 + 0.03;
    [blue, green, red, infrared]
}

/// How green plants are on a day of the year, 0 winter to 1 summer; nearer the equator than about 30 degrees the year round.
#[must_use]
pub fn greenness(day_of_year: u32, latitude_deg: f64) -> f32 {
    let day = if latitude_deg < 0.0 {
        (day_of_year + 182) % 365
    } else {
        day_of_year
    };
    let day = day as f32;
    let summer = super::math::smooth(105.0, 145.0, day) * (1.0 - super::math::smooth(265.0, 305.0, day));
    let tropics = super::math::smooth(38.0, 28.0, latitude_deg.abs() as f32);
    summer.max(0.7 * tropics)
}
