//! What a product's file name says: when it was acquired and by what.

use quaywatch_protocol::contract::{
    look::{Sensor, SensorKind},
    time::UnixMs,
};

/// The first date and time in a name, as products write it: `20240313_013000`, `20170308T184221`, `2024-03-13T01-30-00`. A date alone is not
/// a time of acquisition, and is left to a sidecar.
pub(super) fn acquired_at(name: &str) -> Option<UnixMs> {
    let bytes = name.as_bytes();
    (0..bytes.len()).find_map(|start| {
        if start > 0 && bytes.get(start - 1).is_some_and(u8::is_ascii_digit) {
            return None;
        }
        let (date, rest) = digits(bytes.get(start..)?, 8, b'-')?;
        let rest = rest
            .strip_prefix(b"T")
            .or_else(|| rest.strip_prefix(b"_"))
            .or_else(|| rest.strip_prefix(b"t"))?;
        let (time, _) = digits(rest, 6, b'-').or_else(|| digits(rest, 6, b':'))?;
        let part = |text: &str, from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
        UnixMs::parse(&format!(
            "{}-{}-{}T{}:{}:{}Z",
            part(&date, 0, 4),
            part(&date, 4, 6),
            part(&date, 6, 8),
            part(&time, 0, 2),
            part(&time, 2, 4),
            part(&time, 4, 6)
        ))
        .ok()
    })
}

/// Exactly `count` digits, which single separators may part, and what follows them.
fn digits(bytes: &[u8], count: usize, separator: u8) -> Option<(String, &[u8])> {
    let mut found = String::new();
    let mut rest = bytes;
    while found.len() < count {
        let (first, tail) = rest.split_first()?;
        if first.is_ascii_digit() {
            found.push(char::from(*first));
        } else if *first != separator || found.is_empty() {
            return None;
        }
        rest = tail;
    }
    Some((found, rest))
}

/// Name and kind of the sensor, by how its products are named.
pub(super) fn sensor(name: &str) -> Option<(&'static str, SensorKind)> {
    let upper = name.to_ascii_uppercase();
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| upper.starts_with(prefix));
    if starts(&["S1A_", "S1B_", "S1C_", "S1D_", "S1A-", "S1B-", "S1C-", "S1D-"]) {
        return Some(("Sentinel-1", SensorKind::Sar));
    }
    if starts(&["S2A_", "S2B_", "S2C_", "S2D_"]) || is_mgrs_tile(&upper) {
        return Some(("Sentinel-2", SensorKind::Optical));
    }
    if starts(&["LC08_", "LC09_", "LE07_"]) {
        return Some(("Landsat", SensorKind::Optical));
    }
    if upper.contains("_RE1_")
        || upper.contains("_RE2_")
        || upper.contains("_RE3_")
        || upper.contains("_RE4_")
        || upper.contains("_RE5_")
    {
        return Some(("RapidEye", SensorKind::Optical));
    }
    if upper.contains("_SSC") {
        return Some(("SkySat", SensorKind::Optical));
    }
    if upper.contains("ANALYTICMS") || upper.contains("_PS") || upper.contains("_3B_") {
        return Some(("PlanetScope", SensorKind::Optical));
    }
    None
}

/// `T53TMH_...`: a Sentinel-2 tile file.
fn is_mgrs_tile(upper: &str) -> bool {
    matches!(upper.as_bytes(), [b'T', a, b, c, d, e, b'_', ..]
        if a.is_ascii_digit() && b.is_ascii_digit() && [c, d, e].into_iter().all(u8::is_ascii_uppercase))
}

/// The sensor with a pixel size.
pub(super) fn with_gsd(found: Option<(&'static str, SensorKind)>, kind: SensorKind, gsd_m: f64) -> Sensor {
    let (name, kind) = found.unwrap_or(("unknown", kind));
    Sensor {
        name: name.to_owned(),
        kind,
        gsd_m,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn product_names_give_their_time() {
        for (name, time) in [
            ("20240313_013000_ps", "2024-03-13T01:30:00Z"),
            ("T10SEG_20170308T184221_B04", "2017-03-08T18:42:21Z"),
            (
                "S1A_IW_GRDH_1SDV_20210105T135204_20210105T135229_036000_0437D5_2B5C",
                "2021-01-05T13:52:04Z",
            ),
            ("scene-2024-03-13T01-30-00", "2024-03-13T01:30:00Z"),
        ] {
            assert_eq!(acquired_at(name), UnixMs::parse(time).ok(), "{name}");
        }
    }

    #[test]
    fn a_date_alone_or_an_impossible_one_is_no_time() {
        for name in [
            "1056417_2017-03-08_RE3_3A",
            "20241399_013000",
            "120240313_013000",
            "harbour",
            "",
        ] {
            assert_eq!(acquired_at(name), None, "{name}");
        }
    }

    #[test]
    fn product_names_give_their_sensor() {
        assert_eq!(
            sensor("1056417_2017-03-08_RE3_3A_Visual_clip"),
            Some(("RapidEye", SensorKind::Optical))
        );
        assert_eq!(
            sensor("T10SEG_20170308T184221_B04"),
            Some(("Sentinel-2", SensorKind::Optical))
        );
        assert_eq!(
            sensor("s1a-iw-grd-vv-20210105t135204"),
            Some(("Sentinel-1", SensorKind::Sar))
        );
        assert_eq!(sensor("harbour"), None);
    }
}
