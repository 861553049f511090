use super::*;
use crate::zones::surface::Surface;
use quaywatch_protocol::contract::site::ZoneKind;

fn learnt() -> (LocalZone, Reference) {
    let zone = LocalZone {
        id: "yard".to_owned(),
        kind: ZoneKind::RailTrack,
        track: "t1".to_owned(),
        shape: crate::zones::local::LocalShape::Track(vec![[0.0, 0.0], [100.0, 0.0]]),
        bearing_deg: None,
    };
    let mut reference = Reference::for_track(100.0, 3.0, 4);
    let ground = Surface {
        mean: Signature::of(&[0.1; 4]),
        sd: Signature::of(&[0.01; 4]),
        share: 0.9,
    };
    let places = (0..30).map(|step| {
        (
            [f64::from(step) * 3.0, 0.0],
            Signature::of(&[0.1, 0.11, 0.12, 0.13]),
            step % 4 != 0,
        )
    });
    reference.learn(&ground, UnixMs(1_700_000_000_000), places);
    (zone, reference)
}

#[test]
fn what_was_learnt_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (zone, reference) = learnt();
    FolderReferences::open(folder.path(), "s")
        .unwrap()
        .learn(&[(zone.clone(), reference.clone())])
        .unwrap();
    let again = FolderReferences::open(folder.path(), "s").unwrap();
    let found = again.find(&zone, 3.2, GroundKind::Plain).unwrap();
    assert_eq!(found.version, reference.version);
    assert_eq!(found.known(), reference.known());
    assert!(again.find(&zone, 10.0, GroundKind::Plain).is_none());
}

#[test]
fn a_damaged_file_is_set_aside_and_the_others_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let (zone, reference) = learnt();
    let mut other = zone.clone();
    other.track = "t2".to_owned();
    FolderReferences::open(folder.path(), "s")
        .unwrap()
        .learn(&[(zone.clone(), reference.clone()), (other.clone(), reference)])
        .unwrap();
    let path = folder
        .path()
        .join("s")
        .join(format!("{}.qref", name_of(&zone, 3.0, GroundKind::Plain)));
    let mut bytes = fs::read(&path).unwrap();
    bytes[100] ^= 1;
    fs::write(&path, bytes).unwrap();
    let again = FolderReferences::open(folder.path(), "s").unwrap();
    assert!(
        again.find(&zone, 3.0, GroundKind::Plain).is_none() && again.find(&other, 3.0, GroundKind::Plain).is_some()
    );
    assert!(again.set_aside[0].contains("hash"), "{:?}", again.set_aside);
}

#[test]
fn no_bytes_make_it_panic() {
    let (_, reference) = learnt();
    let whole = encode(&reference);
    assert!(decode(&whole).is_ok());
    for length in 0..whole.len().min(200) {
        let mut cut = whole[..length].to_vec();
        let hash = Sha256::digest(&cut);
        cut.extend(hash);
        assert!(decode(&cut).is_err());
    }
}

#[test]
fn at_the_limit_no_zone_begins_a_reference_and_the_others_go_on_learning() {
    let folder = tempfile::tempdir().unwrap();
    let (zone, reference) = learnt();
    let mut other = zone.clone();
    other.track = "t2".to_owned();
    let mut store = FolderReferences::open_within(folder.path(), "s", (1, BYTES_MAX)).unwrap();
    let both = [(zone.clone(), reference.clone()), (other.clone(), reference.clone())];
    assert_eq!(store.learn(&both).unwrap(), 1);
    assert_eq!(store.learn(&both[..1]).unwrap(), 1);
    assert_eq!(store.refused, 1);
    let bytes = encode(&reference).len() as u64;
    let small = FolderReferences::open_within(folder.path(), "s", (9, bytes - 1)).unwrap();
    assert!(small.refused == 1 && small.find(&zone, 3.0, GroundKind::Plain).is_none());
}

#[test]
fn what_was_being_written_when_the_power_went_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let (zone, reference) = learnt();
    FolderReferences::open(folder.path(), "s")
        .unwrap()
        .learn(&[(zone.clone(), reference)])
        .unwrap();
    let path = folder
        .path()
        .join("s")
        .join(format!("{}.qref", name_of(&zone, 3.0, GroundKind::Plain)));
    fs::write(path.with_extension("qref.part"), b"QREF").unwrap();
    let again = FolderReferences::open(folder.path(), "s").unwrap();
    assert!(again.find(&zone, 3.0, GroundKind::Plain).is_some() && again.set_aside.is_empty());
}

#[test]
fn snow_has_a_reference_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (zone, reference) = learnt();
    let mut snow = reference.clone();
    snow.ground = 0.6;
    let mut store = FolderReferences::open(folder.path(), "s").unwrap();
    store.learn(&[(zone.clone(), reference), (zone.clone(), snow)]).unwrap();
    let again = FolderReferences::open(folder.path(), "s").unwrap();
    let ground = |kind| again.find(&zone, 3.0, kind).map(|found| found.ground);
    assert!(ground(GroundKind::Plain).unwrap() < 0.2 && ground(GroundKind::Bright).unwrap() > 0.5);
}
