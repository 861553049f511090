//! Sensors: the wire has a code for each that is known, and the name of any other.

use crate::{
    contract::look::{Sensor, SensorKind},
    ids::SensorName,
    look as wire,
    packed::U16,
};

pub(super) fn pack_sensor(sensor: &Sensor) -> Result<wire::Sensor, String> {
    Ok(match (sensor.name.as_str(), sensor.kind) {
        ("PlanetScope", SensorKind::Optical) => wire::Sensor::PlanetScope,
        ("SkySat", SensorKind::Optical) => wire::Sensor::SkySat,
        ("Sentinel-2", SensorKind::Optical) => wire::Sensor::Sentinel2,
        ("Sentinel-1", SensorKind::Sar) => wire::Sensor::Sentinel1,
        ("RapidEye", SensorKind::Optical) => wire::Sensor::RapidEye,
        ("Landsat", SensorKind::Optical) => wire::Sensor::Landsat,
        (name, SensorKind::Optical) => wire::Sensor::Optical(SensorName::new(name).map_err(|e| e.to_string())?),
        (name, SensorKind::Sar) => wire::Sensor::Sar(SensorName::new(name).map_err(|e| e.to_string())?),
    })
}

pub(super) fn unpack_sensor(sensor: &wire::Sensor, gsd_dm: U16) -> Sensor {
    let (name, kind) = match sensor {
        wire::Sensor::Optical(name) => (name.as_str(), SensorKind::Optical),
        wire::Sensor::Sar(name) => (name.as_str(), SensorKind::Sar),
        wire::Sensor::PlanetScope => ("PlanetScope", SensorKind::Optical),
        wire::Sensor::SkySat => ("SkySat", SensorKind::Optical),
        wire::Sensor::Sentinel2 => ("Sentinel-2", SensorKind::Optical),
        wire::Sensor::Sentinel1 => ("Sentinel-1", SensorKind::Sar),
        wire::Sensor::RapidEye => ("RapidEye", SensorKind::Optical),
        wire::Sensor::Landsat => ("Landsat", SensorKind::Optical),
    };
    Sensor {
        name: name.to_owned(),
        kind,
        gsd_m: f64::from(gsd_dm.get()) / 10.0,
    }
}
