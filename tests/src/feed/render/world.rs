//! What the renderer draws: a place and one moment in it, in metres from the anchor.

use quaywatch_protocol::contract::site::ZoneKind;

use super::{
    canvas::{Spectrum, distance_m, inside},
    materials::{ASPHALT, CONCRETE, blend, scaled},
    math::{P, derive, mix, unit},
    ship::Hull,
    yard::{Car, Row},
};

/// A watched zone.
#[derive(Clone, Debug)]
pub struct Zone {
    /// Zone id.
    pub id: String,
    /// What it is for.
    pub kind: ZoneKind,
    /// Corners, not closed; for a track its centre line.
    pub shape: Vec<P>,
    /// Direction of the quay line, where given.
    pub along: Option<P>,
}

impl Zone {
    /// Metres from a point to the zone, 0 inside.
    #[must_use]
    pub fn distance_m(&self, at: P) -> f64 {
        let closed = self.kind != ZoneKind::RailTrack;
        if closed && inside(&self.shape, at) {
            0.0
        } else {
            distance_m(&self.shape, closed, at)
        }
    }

    /// Mean of the corners.
    #[must_use]
    pub fn middle(&self) -> P {
        self.shape.iter().fold(P::default(), |sum, at| sum + *at) * (1.0 / self.shape.len().max(1) as f64)
    }
}

/// Kinds of scenery that a place may fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// Natural ground.
    Land,
    /// Concrete.
    Pier,
    /// A building.
    Roof,
    /// An oil tank.
    Tank,
    /// A quay crane.
    Crane,
    /// A road.
    Road,
    /// Trees.
    Trees,
}

impl PieceKind {
    /// True for what is not water.
    #[must_use]
    pub const fn is_dry(self) -> bool {
        matches!(self, Self::Land | Self::Pier)
    }
}

/// A piece of scenery.
#[derive(Clone, Debug)]
pub struct Piece {
    /// What it is.
    pub kind: PieceKind,
    /// Corners, not closed.
    pub shape: Vec<P>,
}

impl Piece {
    /// Mean of the corners.
    #[must_use]
    pub fn middle(&self) -> P {
        self.shape.iter().fold(P::default(), |sum, at| sum + *at) * (1.0 / self.shape.len().max(1) as f64)
    }
}

/// A place: what stays from scene to scene.
#[derive(Clone, Debug)]
pub struct World {
    /// Watched zones.
    pub zones: Vec<Zone>,
    /// Fixed scenery.
    pub pieces: Vec<Piece>,
    /// Latitude, degrees.
    pub latitude_deg: f64,
    /// What makes this place different from another.
    pub seed: u64,
}

impl World {
    /// True when the scenery says where land is.
    #[must_use]
    pub fn has_land(&self) -> bool {
        self.pieces.iter().any(|piece| piece.kind == PieceKind::Land)
    }

    /// Colour of quays and yards: new concrete in some ports, oily asphalt in others.
    #[must_use]
    pub fn paving(&self) -> Spectrum {
        // Most are worn: the medians measured over real ports lie nearer to asphalt than to new concrete.
        let light = 1.0 - unit(derive(self.seed, "paving"));
        let dark = 1.0 - light * light;
        scaled(blend(CONCRETE, ASPHALT, 0.75 * dark), mix(1.08, 0.95, dark))
    }

    /// True on land or a pier of the scenery.
    #[must_use]
    pub fn is_dry(&self, at: P) -> bool {
        self.pieces
            .iter()
            .any(|piece| piece.kind.is_dry() && inside(&piece.shape, at))
    }
}

/// The sky's effect at a point.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Veil {
    /// Opacity of cloud, 0..=1.
    pub cloud: f32,
    /// Darkness of cloud shadow, 0..=1.
    pub shadow: f32,
}

/// One moment: what changes from scene to scene.
pub struct Moment<'a> {
    /// Ships.
    pub hulls: Vec<Hull>,
    /// Railway cars.
    pub cars: Vec<Car>,
    /// Container rows and stacks.
    pub rows: Vec<Row>,
    /// Aircraft: middle, nose, span in metres.
    pub aircraft: Vec<(P, P, f64)>,
    /// The sky over a point.
    pub veil: Box<dyn Fn(P) -> Veil + 'a>,
    /// Haze, 0..=1.
    pub haze: f32,
    /// Snow on the ground, 0..=1.
    pub snow: f32,
    /// Sun's azimuth, degrees.
    pub sun_azimuth_deg: f64,
    /// Sun's elevation, degrees.
    pub sun_elevation_deg: f64,
    /// Day of the year, 1..=366.
    pub day_of_year: u32,
    /// What makes this moment different from another.
    pub seed: u64,
}
