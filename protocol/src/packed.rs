//! Integers of the width that the content needs, and standard errors in four bits.
//!
//! The binary codec spends three bytes on a number from 251 to 65,535 and five on a larger one. Vessels are many, so their
//! numbers have fixed widths: little-endian byte arrays.

use serde::{Deserialize, Serialize};

/// An unsigned number of 16 bits in two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct U16([u8; 2]);

impl U16 {
    /// Packs.
    #[must_use]
    pub const fn new(value: u16) -> Self {
        Self(value.to_le_bytes())
    }

    /// Unpacks.
    #[must_use]
    pub const fn get(self) -> u16 {
        u16::from_le_bytes(self.0)
    }
}

/// A signed number of 24 bits in three bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct I24([u8; 3]);

impl I24 {
    /// Largest value; the smallest is its negative.
    pub const MAX: i32 = (1 << 23) - 1;

    /// Packs; `None` outside ±[`Self::MAX`].
    #[must_use]
    pub const fn new(value: i32) -> Option<Self> {
        if value > Self::MAX || value < -Self::MAX {
            return None;
        }
        let [low, middle, high, _] = value.to_le_bytes();
        Some(Self([low, middle, high]))
    }

    /// Unpacks.
    #[must_use]
    pub const fn get(self) -> i32 {
        let [low, middle, high] = self.0;
        i32::from_le_bytes([0, low, middle, high]) >> 8
    }
}

/// An instant in Unix milliseconds in six bytes: 1970 to the year 10889.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ms48([u8; 6]);

impl Ms48 {
    /// Packs; `None` before 1970 or after 48 bits.
    #[must_use]
    pub const fn new(unix_ms: i64) -> Option<Self> {
        if unix_ms < 0 || unix_ms >= 1 << 48 {
            return None;
        }
        let [a, b, c, d, e, f, _, _] = unix_ms.to_le_bytes();
        Some(Self([a, b, c, d, e, f]))
    }

    /// Unpacks.
    #[must_use]
    pub const fn get(self) -> i64 {
        let [a, b, c, d, e, f] = self.0;
        i64::from_le_bytes([a, b, c, d, e, f, 0, 0])
    }
}

/// A standard error in four bits: 0 is "not known", code `k` in 1..=14 stands for `0.25 · 2^(k/2)` of the unit
/// (0.35 … 32), 15 for more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SdCode(u8);

impl SdCode {
    /// Half-octave steps, for codes 1 to 14.
    #[allow(
        clippy::approx_constant,
        reason = "a table of rounded steps, as the document prints them"
    )]
    const STEPS: [f64; 14] = [
        0.353_553, 0.5, 0.707_107, 1.0, 1.414_214, 2.0, 2.828_427, 4.0, 5.656_854, 8.0, 11.313_708, 16.0, 22.627_417,
        32.0,
    ];

    /// The smallest step that is not below the value; `None` or a value that is no positive number is "not known".
    #[must_use]
    pub fn new(sd: Option<f64>) -> Self {
        match sd {
            Some(sd) if sd > 0.0 => {
                let below = Self::STEPS.iter().take_while(|step| **step * 1.000_001 < sd).count();
                Self((below + 1).min(15) as u8)
            }
            _ => Self(0),
        }
    }

    /// The standard error, or `None` when not known; code 15 reads as 64.
    #[must_use]
    pub fn get(self) -> Option<f64> {
        match usize::from(self.0) {
            0 => None,
            code => Some(Self::STEPS.get(code - 1).copied().unwrap_or(64.0)),
        }
    }

    /// Two codes in one byte, the first in the low half.
    #[must_use]
    pub const fn pair(low: Self, high: Self) -> u8 {
        low.0 | (high.0 << 4)
    }

    /// The two codes of a byte.
    #[must_use]
    pub const fn unpair(byte: u8) -> (Self, Self) {
        (Self(byte & 0x0f), Self(byte >> 4))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_survives_its_extremes() {
        for value in [0, 1, -1, I24::MAX, -I24::MAX, 123_456, -7_654_321] {
            assert_eq!(I24::new(value).unwrap().get(), value);
        }
        assert!(I24::new(I24::MAX + 1).is_none() && I24::new(-I24::MAX - 1).is_none());
        for value in [0, 1_710_293_400_000, (1 << 48) - 1] {
            assert_eq!(Ms48::new(value).unwrap().get(), value);
        }
        assert!(Ms48::new(-1).is_none() && Ms48::new(1 << 48).is_none());
    }

    #[test]
    fn a_standard_error_is_never_understated_up_to_the_largest_step() {
        for tenth in 1..=320 {
            let sd = f64::from(tenth) / 10.0;
            let read = SdCode::new(Some(sd)).get().unwrap();
            assert!(
                read >= sd * 0.999_99 && read <= (sd * 1.415).max(0.354),
                "{sd} read as {read}"
            );
        }
        assert_eq!(SdCode::new(None).get(), None);
        assert_eq!(SdCode::new(Some(f64::NAN)).get(), None);
        assert_eq!(SdCode::new(Some(500.0)).get(), Some(64.0));
    }
}
