//! What lies at each zone of a site: vessels at berths, rolling stock on tracks, stacks on aprons, and how much of it all could
//! be seen.
//!
//! ```text
//! site + grid -> local zones;   patch -> visible (cloud, shadow, haze, glint, nodata per pixel)
//! vessels -> alongside;   patch -> strip -> rail;   patch -> stacks;   each against its own reference where there is one
//! ```
//!
//! Everything here is a pure function of a [`patch::Patch`]: no files, no clock. What was not visible is never reported empty: each
//! result says how much of its zone it speaks for.

pub mod alongside;
pub mod blocks;
pub mod local;
#[cfg(test)]
mod paint;
pub mod patch;
pub mod rail;
pub mod reference;
pub mod stacks;
pub mod strip;
pub mod sun;
pub mod surface;
pub mod visible;
