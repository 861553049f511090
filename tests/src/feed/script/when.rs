//! Times in scripts: a TOML date (`2024-03-13`, midnight) or date-time (`2024-03-13T01:30:00Z`), UTC when no offset is given.

use quaywatch_protocol::contract::time::UnixMs;
use serde::{Deserialize, Deserializer, de};
use toml::value::Datetime;

/// An instant in a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct When(pub UnixMs);

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Datetime::deserialize(deserializer)?;
        let text = match (written.date, written.time, written.offset) {
            (Some(date), None, _) => format!("{date}T00:00:00Z"),
            (Some(date), Some(time), None) => format!("{date}T{time}Z"),
            (Some(_), Some(_), Some(_)) => written.to_string(),
            (None, ..) => {
                return Err(de::Error::custom(format!(
                    "`{written}` has no date: expected 2024-03-13 or more"
                )));
            }
        };
        UnixMs::parse(&text).map(Self).map_err(de::Error::custom)
    }
}
