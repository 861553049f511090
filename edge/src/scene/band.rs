//! Spectral bands and radar polarisations by the names used here.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What one plane of a scene shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Band {
    /// Blue, about 490 nm.
    Blue,
    /// Green, about 560 nm.
    Green,
    /// Red, about 665 nm.
    Red,
    /// Near infrared, about 840 nm.
    Nir,
    /// Radar backscatter, co-polarised (VV or HH).
    Vv,
    /// Radar backscatter, cross-polarised (VH or HV).
    Vh,
}

impl Band {
    /// All bands, in the order in which scenes list them.
    pub const ALL: [Self; 6] = [Self::Blue, Self::Green, Self::Red, Self::Nir, Self::Vv, Self::Vh];

    /// The name in manifests and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Green => "green",
            Self::Red => "red",
            Self::Nir => "nir",
            Self::Vv => "vv",
            Self::Vh => "vh",
        }
    }

    /// Reads a name as manifests, band descriptions and file names give it: `blue`, `B02`, `nir`, `B8`, `VV`, ...
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.trim().to_ascii_lowercase().as_str() {
            "blue" | "b02" | "b2" | "b" => Self::Blue,
            "green" | "b03" | "b3" | "g" => Self::Green,
            "red" | "b04" | "b4" | "r" => Self::Red,
            "nir" | "b08" | "b8" | "b8a" | "n" | "near infrared" | "near-infrared" => Self::Nir,
            "vv" | "hh" => Self::Vv,
            "vh" | "hv" => Self::Vh,
            _ => return None,
        })
    }

    /// True for a band of visible light.
    #[must_use]
    pub const fn is_visible(self) -> bool {
        matches!(self, Self::Blue | Self::Green | Self::Red)
    }

    /// True for a radar polarisation.
    #[must_use]
    pub const fn is_radar(self) -> bool {
        matches!(self, Self::Vv | Self::Vh)
    }
}

impl fmt::Display for Band {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
