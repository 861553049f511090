//! The simulated feed: a scripted ground truth, and what a station would have made of it.
//!
//! A [`script`] (TOML) and a seed make a [`world::World`]: a [`history`] of stays, trains and stacks at [`place`]s, under a
//! [`weather`], passed by sensors on a [`schedule`]. [`world::World::scene_truth`] tells what one sensor could see at one
//! site and moment ([`truth`]): a renderer draws it, a simulated station turns it into looks.
//! Everything varies by named streams of one seed ([`chance`]): the same script and seed give the same bytes.

pub mod ais;
pub mod cases;
pub mod chance;
pub mod cli;
pub mod cloud;
pub mod colour;
pub mod frame;
pub mod history;
pub mod place;
pub mod render;
pub mod scenes;
pub mod schedule;
pub mod script;
pub mod station;
pub mod sun;
pub mod truth;
pub mod weather;
pub mod world;

#[cfg(test)]
mod tests;
