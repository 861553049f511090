//! The outside contract: JSON forms that other people's scripts may rely on. Needs the feature `contract`.

pub mod convert;
pub mod look;
pub mod site;
pub mod time;

pub use look::Look;
pub use site::{Site, Zone, ZoneKind, ZoneShape};
pub use time::UnixMs;
