//! Prints the size of one look in several forms: ours before and after the signature, JSON, CBOR, Protocol Buffers.
//!
//! The peers are given their best plain form: JSON without spaces; CBOR with the JSON form's field names and, apart, with
//! arrays instead of maps; Protocol Buffers with small field numbers and packed scaled integers (the message is at `Proto`).

use quaywatch_protocol::{
    contract::{Look, convert, look},
    envelope,
    event::Event,
    ids::{EventId, StationId},
    sign::{self, SigningKey},
};

/// A look as a Protocol Buffers message: what an engineer would write for it, with scaled integers.
#[derive(Clone, PartialEq, prost::Message)]
struct Proto {
    #[prost(string, tag = "1")]
    station: String,
    #[prost(uint32, tag = "2")]
    epoch: u32,
    #[prost(uint64, tag = "3")]
    seq: u64,
    #[prost(string, tag = "4")]
    scene: String,
    #[prost(string, tag = "5")]
    site: String,
    #[prost(int64, tag = "6")]
    acquired_ms: i64,
    #[prost(string, tag = "7")]
    sensor: String,
    #[prost(uint32, tag = "8")]
    gsd_dm: u32,
    #[prost(message, repeated, tag = "9")]
    zones: Vec<ProtoZone>,
    #[prost(message, repeated, tag = "10")]
    vessels: Vec<ProtoVessel>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ProtoZone {
    #[prost(string, tag = "1")]
    zone: String,
    #[prost(uint32, tag = "2")]
    visible_permille: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ProtoVessel {
    #[prost(uint32, optional, tag = "1")]
    zone: Option<u32>,
    #[prost(sfixed32, tag = "2")]
    lat_e7: i32,
    #[prost(sfixed32, tag = "3")]
    lon_e7: i32,
    #[prost(uint32, tag = "4")]
    length_dm: u32,
    #[prost(uint32, tag = "5")]
    beam_dm: u32,
    #[prost(uint32, tag = "6")]
    axis_deg: u32,
    #[prost(uint32, tag = "7")]
    length_sd_dm: u32,
    #[prost(uint32, tag = "8")]
    beam_sd_dm: u32,
    #[prost(uint32, tag = "9")]
    position_sd_dm: u32,
    #[prost(uint32, tag = "10")]
    axis_sd_deg: u32,
    #[prost(uint32, tag = "11")]
    confidence_permille: u32,
    #[prost(uint32, tag = "12")]
    class: u32,
    #[prost(uint32, tag = "13")]
    ais: u32,
}

fn proto(look: &Look) -> Proto {
    let dm = |metres: Option<f64>| (metres.unwrap_or(0.0) * 10.0).round() as u32;
    let vessel = |vessel: &look::Vessel| ProtoVessel {
        zone: look
            .zones
            .iter()
            .position(|zone| Some(&zone.zone) == vessel.zone.as_ref())
            .map(|index| index as u32),
        lat_e7: (vessel.lat * 1e7).round() as i32,
        lon_e7: (vessel.lon * 1e7).round() as i32,
        length_dm: dm(Some(vessel.length_m)),
        beam_dm: dm(vessel.beam_m),
        axis_deg: vessel.heading_deg.unwrap_or(0.0) as u32,
        length_sd_dm: dm(vessel.length_sd_m),
        beam_sd_dm: dm(vessel.beam_sd_m),
        position_sd_dm: dm(vessel.position_sd_m),
        axis_sd_deg: vessel.heading_sd_deg.unwrap_or(0.0) as u32,
        confidence_permille: (vessel.confidence * 1000.0).round() as u32,
        class: look::VesselClass::ALL
            .iter()
            .position(|class| *class == vessel.class)
            .unwrap_or(0) as u32,
        ais: vessel.ais as u32,
    };
    Proto {
        station: look.station.clone(),
        epoch: look.epoch.unwrap_or(0),
        seq: look.seq.unwrap_or(0),
        scene: look.scene.clone(),
        site: look.site.clone(),
        acquired_ms: look.acquired_at.0,
        sensor: look.sensor.name.clone(),
        gsd_dm: (look.sensor.gsd_m * 10.0) as u32,
        zones: (look.zones.iter())
            .map(|zone| ProtoZone {
                zone: zone.zone.clone(),
                visible_permille: (zone.visible * 1000.0) as u32,
            })
            .collect(),
        vessels: look.vessels.iter().map(vessel).collect(),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let look: Look = serde_json::from_str(include_str!("../../protocol/tests/golden/busy-look.json"))?;
    let id = EventId {
        station: StationId::new(&look.station)?,
        epoch: look.epoch.unwrap_or(0),
        seq: look.seq.unwrap_or(0),
    };
    let event = Event::Look(convert::to_wire(&look)?);
    let sealed = sign::seal_event(&id, &event, 1, &SigningKey::from_bytes(&[7; 32]))?;
    let mut cbor = Vec::new();
    ciborium::into_writer(&look, &mut cbor)?;
    let rows = [
        (
            "Quaywatch envelope, before the signature",
            sealed.len() - envelope::SIGNATURE_BYTES,
        ),
        ("Quaywatch envelope, with the signature", sealed.len()),
        (
            "Protocol Buffers, scaled integers, no signature",
            prost::Message::encoded_len(&proto(&look)),
        ),
        ("CBOR, the JSON form's fields, no signature", cbor.len()),
        ("JSON without spaces, no signature", serde_json::to_vec(&look)?.len()),
    ];
    println!(
        "one look with {} vessels over {} zones",
        look.vessels.len(),
        look.zones.len()
    );
    for (form, bytes) in rows {
        println!("{bytes:>6} bytes  {form}");
    }
    Ok(())
}
