//! Identities: names with a limit, and the number that makes an event unique.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::limits;

/// A name of at most `N` bytes of letters, digits, `-`, `_`, `.` (see [`limits::is_name`]).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Name<const N: usize>(heapless::String<N>);

/// Id of a station.
pub type StationId = Name<{ limits::STATION_ID_BYTES_MAX }>;
/// Id of a site.
pub type SiteId = Name<{ limits::SITE_ID_BYTES_MAX }>;
/// Id of a scene, unique within a station.
pub type SceneId = Name<{ limits::SCENE_ID_BYTES_MAX }>;
/// Name of a sensor that has no code of its own.
pub type SensorName = Name<{ limits::SENSOR_NAME_BYTES_MAX }>;
/// A software version.
pub type VersionName = Name<{ limits::VERSION_BYTES_MAX }>;

/// A text that is no [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAName {
    /// Longest name allowed, in bytes.
    pub bytes_max: usize,
}

impl fmt::Display for NotAName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "expected 1 to {} characters of a-z, A-Z, 0-9, `-`, `_`, `.`, not starting with a dot",
            self.bytes_max
        )
    }
}

impl core::error::Error for NotAName {}

impl<const N: usize> Name<N> {
    /// Checks and copies a name.
    ///
    /// # Errors
    /// [`NotAName`] when it is empty, too long, or holds another character.
    pub fn new(text: &str) -> Result<Self, NotAName> {
        if !limits::is_name(text, N) {
            return Err(NotAName { bytes_max: N });
        }
        heapless::String::try_from(text)
            .map(Self)
            .map_err(|_| NotAName { bytes_max: N })
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl<const N: usize> fmt::Display for Name<N> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl<const N: usize> fmt::Debug for Name<N> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", self.0.as_str())
    }
}

impl<const N: usize> core::str::FromStr for Name<N> {
    type Err = NotAName;
    fn from_str(text: &str) -> Result<Self, NotAName> {
        Self::new(text)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Name<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = heapless::String::<N>::deserialize(deserializer)?;
        if limits::is_name(&text, N) {
            Ok(Self(text))
        } else {
            Err(de::Error::custom(NotAName { bytes_max: N }))
        }
    }
}

/// What makes an event unique: the same three are the same event, wherever and however often it arrives.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId {
    /// Station that made it.
    pub station: StationId,
    /// Generation of the station's spool: new when a spool was lost. Minutes since 2020-01-01 when the spool was made.
    pub epoch: u32,
    /// Position in the epoch: from 1, without gaps.
    pub seq: u64,
}

impl fmt::Display for EventId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}/{}", self.station, self.epoch, self.seq)
    }
}

/// The two bytes that stand for a zone or track id on the wire: FNV-1a of 32 bits, its halves xored.
///
/// Two zones of one site with the same tag are refused when the site file is read.
#[must_use]
pub fn zone_tag(id: &str) -> u16 {
    const OFFSET_BASIS: u32 = 0x811c_9dc5;
    const PRIME: u32 = 0x0100_0193;
    let hash = id
        .bytes()
        .fold(OFFSET_BASIS, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(PRIME));
    ((hash >> 16) ^ (hash & 0xffff)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_slash_or_a_wildcard_is_refused() {
        for bad in [
            "",
            "a/b",
            "a+",
            "#",
            ".hidden",
            "with space",
            "waytoolongforastationid-25",
        ] {
            assert!(StationId::new(bad).is_err(), "{bad}");
        }
        assert_eq!(StationId::new("gs-vlad-1").unwrap().as_str(), "gs-vlad-1");
    }

    #[test]
    fn zone_tags_are_fixed_for_ever() {
        assert_eq!(zone_tag(""), 0x1cd9);
        assert_eq!(zone_tag("oil-berth"), zone_tag("oil-berth"));
        assert_ne!(zone_tag("pier-1"), zone_tag("pier-2"));
    }
}
