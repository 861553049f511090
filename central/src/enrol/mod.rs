//! Taking a station on, giving it another key, and shutting it out.
//!
//! A station is known by three things, each of which alone suffices to refuse it: its key in central's registry, its certificate at the
//! broker, and its topics in the broker's access rules.
//!
//! ```text
//! authority  ->  ca.pem, ca.key; broker.pem and central.pem with their keys; mosquitto.conf        once
//! add        ->  entry in the registry  +  folder for the station (key, certificate, edge.toml, sites)
//! rotate     ->  another key in the entry  +  the same folder with the new key; the old one holds until it is revoked
//! revoke     ->  the entry, or one key of it, is revoked; what came since a given time stops counting
//! acl        ->  access rules of the broker, from the registry
//! ```
//!
//! [`edit`] changes the registry's text and leaves its comments alone; [`authority`] makes certificates; [`kit`] writes what is copied to a
//! station; [`access`] writes the broker's rules.

pub mod access;
pub mod authority;
pub mod edit;
pub mod kit;
