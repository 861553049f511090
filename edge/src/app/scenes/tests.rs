use super::*;
use crate::{
    clock::SystemClock,
    look::{FolderReferences, References as _},
    spool::{Limits, Spool, simdisk::SimHome},
    zones::{
        local::{LocalShape, LocalZone},
        patch::Signature,
        reference::{GroundKind, Reference},
        surface::Surface,
    },
};
use quaywatch_protocol::{
    contract::{
        Look, UnixMs,
        look::{Sensor, SensorKind},
        site::ZoneKind,
    },
    event::Started,
    ids::{StationId, VersionName},
};
use std::{fs, path::Path};

const NOW: UnixMs = UnixMs(1_710_293_400_000);

fn track() -> LocalZone {
    LocalZone {
        id: "yard".to_owned(),
        kind: ZoneKind::RailTrack,
        track: "t1".to_owned(),
        shape: LocalShape::Track(vec![[0.0, 0.0], [100.0, 0.0]]),
        bearing_deg: None,
    }
}

/// One look and one lesson from whatever scene there is.
struct Teaching {
    references: std::path::PathBuf,
}

impl Processor for Teaching {
    fn model_sha256_head(&self) -> [u8; 8] {
        [1; 8]
    }

    fn process(&self, scene: &Path) -> Result<Processed, ProcessError> {
        let ground = Surface {
            mean: Signature::of(&[0.1; 4]),
            sd: Signature::of(&[0.01; 4]),
            share: 0.9,
        };
        let mut reference = Reference::for_track(100.0, 3.0, 4);
        reference.learn(&ground, NOW, [([10.0, 0.0], ground.mean, true)].into_iter());
        let look = Look {
            station: "gs-test".to_owned(),
            epoch: None,
            seq: None,
            scene: scene.file_stem().unwrap().to_string_lossy().into_owned(),
            site: "port".to_owned(),
            acquired_at: NOW,
            received_at: None,
            sensor: Sensor {
                name: "PlanetScope".to_owned(),
                kind: SensorKind::Optical,
                gsd_m: 3.0,
            },
            zones: Vec::new(),
            vessels: Vec::new(),
            rail: Vec::new(),
            stacks: Vec::new(),
            aircraft: Vec::new(),
        };
        Ok(Processed {
            looks: vec![look],
            lessons: vec![Lesson {
                stored: FolderReferences::open(&self.references, "port").unwrap(),
                learnt: vec![(track(), reference)],
            }],
            ..Processed::default()
        })
    }
}

struct Bench {
    folder: tempfile::TempDir,
    scenes: Scenes,
    group: Group,
}

impl Bench {
    fn new(spool: Spool, home: SimHome) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("s.tif"), "a scene").unwrap();
        let scenes = Scenes {
            config: config::Scenes {
                folder: folder.path().to_path_buf(),
                move_done: true,
                done_keep: 10,
                quarantine_keep: 10,
                poll_ms: 10,
                stable_polls: 1,
            },
            chips_per_scene: 0,
            processor: Arc::new(Teaching {
                references: folder.path().join("references"),
            }),
            spool: SpoolHandle::new(spool, Box::new(home)),
            clock: Arc::new(SystemClock::new()),
            counters: Arc::new(Counters::default()),
            last_scene: Arc::default(),
        };
        let group = group(&Folder::new(folder.path()).list().unwrap())
            .into_iter()
            .find(|group| group.name == "s.tif")
            .unwrap();
        Self { folder, scenes, group }
    }

    /// Has the scene taken by an agent that was just asked to stop.
    fn take(&self) -> Outcome {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (_ask, stop) = watch::channel(true);
        let mut stop = Stop {
            stop,
            runtime: runtime.handle(),
        };
        (self.scenes)
            .take(&Folder::new(self.folder.path()), &self.group, &mut stop)
            .unwrap()
    }

    fn knows_the_track(&self) -> bool {
        FolderReferences::open(&self.folder.path().join("references"), "port")
            .unwrap()
            .find(&track(), 3.0, GroundKind::Plain)
            .is_some()
    }

    fn learnt(&self) -> u64 {
        self.scenes.counters.get(Counter::ReferencesLearnt)
    }
}

fn spool(home: &SimHome, events_max: u64) -> Spool {
    let limits = Limits {
        events_max,
        bytes_max: 1 << 20,
    };
    Spool::open(home, &StationId::new("gs-test").unwrap(), limits, NOW)
        .unwrap()
        .0
}

#[test]
fn a_look_in_the_spool_teaches_its_references() {
    let home = SimHome::default();
    let bench = Bench::new(spool(&home, 1_000), home);
    assert!(matches!(bench.take(), Outcome::Settled));
    assert!(bench.knows_the_track());
    assert_eq!(bench.learnt(), 1);
}

#[test]
fn a_look_that_the_spool_did_not_accept_teaches_nothing() {
    let home = SimHome::default();
    let mut full = spool(&home, 150);
    let started = Batch {
        events: vec![Event::Started(Started {
            software: VersionName::new("0.1.0").unwrap(),
            model_sha256_head: [1; 8],
        })],
        ..Batch::default()
    };
    // Full of what may have been sent.
    while full.accept(&started, NOW).is_ok() {
        let last = full.standing().unwrap().last_seq;
        full.offer(last.saturating_sub(1), 64, NOW).unwrap();
    }
    let bench = Bench::new(full, home);
    assert!(matches!(bench.take(), Outcome::TryAgain));
    assert!(!bench.knows_the_track());
    assert_eq!(
        (bench.learnt(), bench.scenes.counters.get(Counter::SpoolRefusals)),
        (0, 1)
    );
    assert!(bench.folder.path().join("s.tif").exists());
}
