//! Instants: Unix milliseconds inside, RFC 3339 in JSON.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant in Unix milliseconds (UTC, leap seconds as Unix counts them).
///
/// In JSON it is RFC 3339 with `Z`; milliseconds are written only when they are not zero. Any offset is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixMs(pub i64);

/// Milliseconds in one hour.
pub const HOUR_MS: i64 = 3_600_000;
/// Milliseconds in one day.
pub const DAY_MS: i64 = 24 * HOUR_MS;

impl UnixMs {
    /// Reads RFC 3339 with any offset; a fraction finer than a millisecond is cut.
    ///
    /// # Errors
    /// The text, and what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.parse::<jiff::Timestamp>()
            .map(|instant| Self(instant.as_millisecond()))
            .map_err(|_| format!("`{text}` is not a time: expected RFC 3339, like 2024-03-13T01:30:00Z"))
    }

    /// Days from `earlier` to `self`, negative when `self` is the earlier one.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> f64 {
        (self.0 - earlier.0) as f64 / DAY_MS as f64
    }

    /// The instant `delta_ms` later; saturates at the ends of the range.
    #[must_use]
    pub const fn plus_ms(self, delta_ms: i64) -> Self {
        Self(self.0.saturating_add(delta_ms))
    }
}

impl fmt::Display for UnixMs {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => write!(out, "{instant}"),
            Err(_) => write!(out, "{} ms", self.0),
        }
    }
}

impl Serialize for UnixMs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UnixMs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = UnixMs;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a time as RFC 3339 text, like 2024-03-13T01:30:00Z")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<UnixMs, E> {
                UnixMs::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_seconds_are_written_without_a_fraction() {
        let instant = UnixMs::parse("2024-03-13T01:30:00Z").unwrap();
        assert_eq!(instant, UnixMs(1_710_293_400_000));
        assert_eq!(instant.to_string(), "2024-03-13T01:30:00Z");
    }

    #[test]
    fn an_offset_is_read_and_utc_is_written() {
        assert_eq!(
            UnixMs::parse("2024-03-13T10:30:00.250+09:00").unwrap().to_string(),
            "2024-03-13T01:30:00.25Z"
        );
    }

    #[test]
    fn a_time_that_is_none_says_what_was_expected() {
        let error = UnixMs::parse("13 March").unwrap_err();
        assert!(error.contains("`13 March`") && error.contains("RFC 3339"), "{error}");
    }

    #[test]
    fn days_are_counted_from_the_earlier_to_the_later() {
        let day = |text: &str| UnixMs::parse(text).unwrap();
        let (first, second) = (day("2024-03-13T00:00:00Z"), day("2024-03-15T12:00:00Z"));
        assert_eq!(second.days_since(first), 2.5);
        assert_eq!(first.days_since(second), -2.5);
        assert_eq!(first.plus_ms(60 * HOUR_MS), second);
        assert_eq!(UnixMs(i64::MAX).plus_ms(1), UnixMs(i64::MAX));
        assert_eq!(UnixMs(i64::MAX).to_string(), "9223372036854775807 ms");
    }

    #[test]
    fn json_that_is_no_text_says_what_was_expected() {
        let error = serde_json::from_str::<UnixMs>("17").unwrap_err().to_string();
        assert!(
            error.contains("expected a time as RFC 3339 text, like 2024-03-13T01:30:00Z"),
            "{error}"
        );
    }
}
