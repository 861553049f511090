//! From bytes of a hostile network to events that count.

pub mod registry;
