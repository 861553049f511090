//! What a detector finds: first in the pixels of a tile, then on the ground.

use quaywatch_protocol::contract::look::VesselClass;

/// A vessel in the pixels of one tile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Hull centre, tile column (continuous).
    pub x: f64,
    /// Hull centre, tile row (continuous).
    pub y: f64,
    /// Hull length, tile pixels.
    pub length_px: f64,
    /// Hull beam, tile pixels.
    pub beam_px: f64,
    /// Hull axis, degrees from the tile's +x axis towards its +y axis (clockwise on the screen), 0..180.
    pub angle_deg: f64,
    /// Calibrated probability that this is a vessel, 0..=1.
    pub confidence: f64,
    /// What kind of vessel.
    pub class: VesselClass,
    /// Standard error of the centre, tile pixels.
    pub position_sd_px: f64,
    /// Standard error of the length, tile pixels.
    pub length_sd_px: f64,
    /// Standard error of the beam, tile pixels.
    pub beam_sd_px: f64,
    /// Standard error of the axis, degrees.
    pub angle_sd_deg: f64,
}

/// A vessel on the ground. Lengths are geodesic; they and the heading are absent where the scene has neither georeference nor a
/// given pixel size.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// Hull centre, column in the scene's grid (that of its first band), continuous.
    pub px: f64,
    /// Hull centre, row in the scene's grid, continuous.
    pub py: f64,
    /// Longitude and latitude of the hull's centre, WGS 84 degrees; `None` without georeference.
    pub lonlat: Option<(f64, f64)>,
    /// Length over all, metres.
    pub length_m: f64,
    /// Beam, metres.
    pub beam_m: f64,
    /// Axis of the hull, degrees clockwise from north, 0..180 (bow and stern are not told apart).
    pub heading_deg: f64,
    /// Calibrated probability that this is a vessel, 0..=1.
    pub confidence: f64,
    /// What kind of vessel.
    pub class: VesselClass,
    /// Standard error of the position, metres.
    pub position_sd_m: f64,
    /// Standard error of the length, metres.
    pub length_sd_m: f64,
    /// Standard error of the beam, metres.
    pub beam_sd_m: f64,
    /// Standard error of the axis, degrees.
    pub heading_sd_deg: f64,
    /// Bow-to-stern axis end points in scene pixels, for drawing and for distances along the hull.
    pub ends_px: [(f64, f64); 2],
    /// Beam in scene pixels across the axis, for drawing.
    pub beam_px: f64,
}
