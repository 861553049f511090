//! What stations and central say to each other.
//!
//! A station makes a [`look::Look`] for each site a scene shows, wraps it in an [`event::Event`], gives it the next sequence
//! number of its spool ([`ids::EventId`]), encodes it ([`codec`]) and seals it in an [`envelope`] signed with its key. It goes
//! out on the station's topic ([`topic`]). Central opens the envelope, checks who signed it, commits the event, and
//! answers with an [`ack`]: the only message that lets a station forget anything.
//!
//! Everything here has a limit ([`limits`]) and nothing here allocates: the crate is `no_std` without the features `contract` and `files`.
//! `docs/PROTOCOL.md` specifies every byte. With the feature `contract` (the default) the JSON forms of the outside contract
//! are here too ([`contract`]): they are not the wire types, and [`contract::convert`] goes between the two. With `files` (default too)
//! keys and secrets are read from files as both programs do it ([`keyfile`]).

#![cfg_attr(not(any(feature = "contract", feature = "files", test)), no_std)]
#![forbid(unsafe_code)]

pub mod ack;
pub mod codec;
#[cfg(feature = "contract")]
pub mod contract;
pub mod envelope;
pub mod event;
pub mod ids;
#[cfg(feature = "files")]
pub mod keyfile;
pub mod limits;
pub mod look;
pub mod packed;
pub mod sign;
pub mod topic;
