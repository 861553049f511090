//! Looks and keys that the protocol's tests share.

use quaywatch_protocol::{
    contract::{Look, Site},
    sign::SigningKey,
};

/// The key that signs the golden envelopes: a fixed seed, so that the bytes never change.
pub fn golden_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// A look with ten vessels over six zones, rail and a stack: what a busy site sends.
pub fn busy_look() -> Look {
    serde_json::from_str(include_str!("../golden/busy-look.json")).unwrap()
}

/// The site of [`busy_look`].
pub fn site() -> Site {
    Site::from_geojson(include_str!("../golden/site.geojson")).unwrap()
}
