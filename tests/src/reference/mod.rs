//! References: what the product computes, written a second time, slowly and plainly, without its code.

pub mod correlator;
pub mod engine;
pub mod medley;
mod sighting;
pub mod window;
