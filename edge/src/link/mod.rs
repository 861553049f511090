//! The link: carries events from the spool to central over MQTT, and central's acks back.
//!
//! # Who may forget what
//!
//! A broker's PUBACK means that a broker has taken a message into its memory, no more. Brokers lose memory, and drop what a slow
//! subscriber does not fetch. So nothing here depends on it: an event leaves the spool when an *ack signed by central* says that
//! it is committed ([`acks`]), and is sent again until then. Central takes the same event any number of times.
//!
//! # How it goes
//!
//! [`machine`] is the whole logic, pure: when to connect, what to send, when to send it again, when to give a connection up.
//! `mqtt` is the only file that knows the MQTT client; `drive` brings the two and the spool together.
//!
//! Every connection is a new client with an empty session (`clean_session`): nothing in a broker's or a client's session is
//! worth keeping, and a client that carries one over can wedge or lose (a lost session empties its queue, a packet identifier
//! met twice stops it). On a new connection the ack topic is subscribed first, then everything unacked goes out again, in order
//! of its numbers, at most [`WINDOW_EVENTS_DEFAULT`] events at a time. Within a connection an event is repeated when no ack moved
//! for a while ([`machine::ACK_WAIT_MS`], doubling).
//!
//! The station's state (health as JSON) is retained on its own topic; the last will turns it to `offline` when the station
//! vanishes.

pub mod acks;
pub mod backoff;
pub mod drive;

pub mod machine;
pub mod mqtt;

/// Events on the way at once, unless configured otherwise: about 25 KiB, one round trip of a satellite link.
pub const WINDOW_EVENTS_DEFAULT: usize = 64;
/// Most events on the way at once: what the spool hands out in one go.
pub const WINDOW_EVENTS_MAX: usize = crate::spool::OFFERED_AT_ONCE_MAX;
/// Bytes of a health report: a broker keeps it for ever, and every console fetches it.
pub const STATE_BYTES_MAX: usize = 4 * 1024;
