//! Correlation: from looks to what is unusual. Pure and synchronous: no clock, no disk, no network.
//!
//! ```text
//! look -> admit -> history (event time, rollback) -> calls -> signals -> rules: coincide, levels, surge, slowdown, dark, shift
//!                                                      `-> voyages (between sites)            |
//!                                                                  findings -> alerts <-------'
//! ```
//!
//! Two clocks meet here. Looks come in the order in which they became *known* (received); what they tell is about when they
//! were *acquired*. [`history`] keeps each site's looks in event time: a late look rolls the site back to a checkpoint and
//! the looks after it are applied again. The alerts are then a function of the set of looks alone. `docs/CORRELATION.md`
//! defines everything precisely enough to write it a second time.

mod admit;
mod assign;
mod background;
mod book;
mod calls;
mod chance;
mod coincide;
mod dark;
mod engine;
mod episode;
mod exposure;
mod facts;
mod finding;
mod growth;
mod history;
mod hull;
mod levels;
mod season;
mod series;
mod shift;
mod site;
mod slowdown;
mod sorted;
mod surge;
mod tally;
#[cfg(test)]
mod tests;
mod traffic;
pub mod view;
mod voyages;
pub mod window;

pub use admit::{Counts, LookFault, identity};
pub use book::SiteBook;
pub use engine::{Chance, Engine};
