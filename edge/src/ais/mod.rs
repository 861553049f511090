//! Ears: what ships transmit, and which of them is which hull in an image.
//!
//! ```text
//! listen (tcp, udp, file) -> sentence (tag block, checksum) -> assemble (fragments) -> decode -> tracks -> locate -> pair -> Radio
//! ```
//!
//! Everything after `listen` is pure; times come from tag blocks or from the injected clock. Every store has a limit and a
//! counter ([`Counters`]). A vessel is called dark only where reception is proven ([`coverage`]).

mod assemble;
mod counters;
pub mod coverage;
mod decode;
pub mod ears;
mod fields;
pub mod listen;
mod locate;
mod pair;
mod sentence;
mod tracks;

pub use counters::Counters;
pub use coverage::{Coverage, CoverageArea};
pub use decode::{Heard, Kinematics, Particulars};
pub use ears::{Ears, EarsRadio, decode_lines};
pub use listen::{Source, read_file};
pub use tracks::Tracks;
