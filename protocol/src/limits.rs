//! Every limit of the protocol, with its unit and its reason.

/// Station id, bytes: fits a topic level, a certificate's common name and a table column.
pub const STATION_ID_BYTES_MAX: usize = 24;
/// Site id, bytes.
pub const SITE_ID_BYTES_MAX: usize = 24;
/// Zone id, bytes: zone ids never travel, only their tags do.
pub const ZONE_ID_BYTES_MAX: usize = 32;
/// Scene id, bytes: the longest Sentinel-2 product name has 60.
pub const SCENE_ID_BYTES_MAX: usize = 80;
/// Sensor name, bytes.
pub const SENSOR_NAME_BYTES_MAX: usize = 24;
/// Zones of one site: more is two sites. One below 64, so that six bits name a zone or none.
pub const ZONES_PER_SITE_MAX: usize = 63;
/// Points of one zone: a pier outline has tens.
pub const ZONE_VERTICES_MAX: usize = 2_000;
/// Bytes of one site file: 63 zones of 2,000 points, written generously.
pub const SITE_FILE_BYTES_MAX: usize = 8 << 20;
/// Vessels in one look: a crowded anchorage has about 100; the least sure are dropped first and counted in the look.
pub const VESSELS_PER_LOOK_MAX: usize = 160;
/// Rail tracks in one look.
pub const TRACKS_PER_LOOK_MAX: usize = 48;
/// Stack zones in one look.
pub const STACKS_PER_LOOK_MAX: usize = 32;
/// Airfield zones in one look.
pub const AIRFIELDS_PER_LOOK_MAX: usize = 8;
/// Bytes of an evidence chip: a 96-pixel JPEG of one vessel takes 2 to 4 KiB.
pub const CHIP_BYTES_MAX: usize = 6 * 1024;
/// Software version text, bytes.
pub const VERSION_BYTES_MAX: usize = 32;
/// Bytes of a payload before the envelope: the largest is a full look (about 4.5 KiB) or a chip.
pub const PAYLOAD_BYTES_MAX: usize = 7 * 1024;
/// Bytes of a sealed envelope: payload, header, signature. A broker's packet limit is set a little above.
pub const ENVELOPE_BYTES_MAX: usize = 8 * 1024;
/// Bytes of an ack.
pub const ACK_BYTES_MAX: usize = 160;
/// Bytes of a topic.
pub const TOPIC_BYTES_MAX: usize = 64;

/// True for an id that may stand in a topic, a file name and a table: 1 to `bytes_max` of letters, digits, `-`, `_`, `.`,
/// not starting with a dot.
#[must_use]
pub fn is_name(text: &str, bytes_max: usize) -> bool {
    !text.is_empty()
        && text.len() <= bytes_max
        && !text.starts_with('.')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}
