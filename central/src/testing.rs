//! What this crate's tests share: a station with a key, a site, a clock that is set by hand, a correlator that is simple enough
//! to predict.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use quaywatch_protocol::{
    contract::{convert, look::Look, site::Site, time::UnixMs},
    event::{Event, Gap, GapReason},
    ids::{EventId, StationId},
    keyfile,
    sign::{self, SigningKey},
};

use crate::{
    alert::{Alert, AlertChange, Kind, Severity, Span, State},
    clock::Clock,
    ingest::registry::Registry,
    intake::Correlator,
    rules::Rules,
    sites::Sites,
    world::World,
};

pub const NOW: UnixMs = UnixMs(1_710_300_000_000);

pub const SITE: &str = r#"{"type":"FeatureCollection","site":"vostochny","name":"Vostochny","features":[
 {"type":"Feature","properties":{"zone":"oil-berth","kind":"oil_berth"},"geometry":{"type":"Polygon","coordinates":[[[133.078,42.745],[133.081,42.745],[133.081,42.747],[133.078,42.747],[133.078,42.745]]]}},
 {"type":"Feature","properties":{"zone":"pier-1","kind":"berth"},"geometry":{"type":"Polygon","coordinates":[[[133.083,42.745],[133.086,42.745],[133.086,42.747],[133.083,42.747],[133.083,42.745]]]}},
 {"type":"Feature","properties":{"zone":"yard","kind":"rail_track","track":"t1"},"geometry":{"type":"LineString","coordinates":[[133.078,42.750],[133.086,42.750]]}}]}"#;

/// A clock that stands where it is set.
#[derive(Debug)]
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn at(now: UnixMs) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(now.0)))
    }

    pub fn set(&self, now: UnixMs) {
        self.0.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> UnixMs {
        UnixMs(self.0.load(Ordering::SeqCst))
    }
}

/// A station that signs.
pub struct Station {
    pub id: StationId,
    pub key: SigningKey,
    pub key_id: u16,
}

impl Station {
    pub fn new(id: &str, seed: u8) -> Self {
        Self {
            id: StationId::new(id).unwrap(),
            key: SigningKey::from_bytes(&[seed; 32]),
            key_id: 1,
        }
    }

    pub fn event_id(&self, seq: u64) -> EventId {
        EventId {
            station: self.id.clone(),
            epoch: 1,
            seq,
        }
    }

    pub fn sealed(&self, seq: u64, event: &Event) -> Vec<u8> {
        sign::seal_event(&self.event_id(seq), event, self.key_id, &self.key)
            .unwrap()
            .to_vec()
    }

    pub fn topic(&self) -> String {
        quaywatch_protocol::topic::event(&self.id).to_string()
    }

    /// The station's entry in a registry.
    pub fn entry(&self) -> String {
        let public = keyfile::public_text(&self.key);
        format!(
            "[[station]]\nid = \"{}\"\n[[station.key]]\nid = {}\npublic = \"{public}\"\n",
            self.id, self.key_id
        )
    }
}

pub fn registry(stations: &[&Station]) -> Registry {
    Registry::parse(&stations.iter().map(|station| station.entry()).collect::<String>()).unwrap()
}

/// A folder's worth of sites: the one above.
pub fn sites() -> Sites {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("vostochny.geojson"), SITE).unwrap();
    Sites::read_folder(folder.path()).unwrap()
}

/// The sites, and the rules that are shipped.
pub fn world() -> World {
    let rules = Rules::from_toml(include_str!("../../deploy/rules/default.toml"));
    World {
        sites: Arc::new(sites()),
        rules: Arc::new(rules.unwrap()),
    }
}

/// A look of scene `scene`, acquired then, with one dark tanker.
pub fn look(scene: &str, acquired_at: UnixMs) -> Event {
    let text = format!(
        r#"{{"station":"x","scene":"{scene}","site":"vostochny","acquired_at":"{acquired_at}",
        "sensor":{{"name":"PlanetScope","kind":"optical","gsd_m":3.0}},
        "zones":[{{"zone":"oil-berth","visible":1.0}},{{"zone":"pier-1","visible":1.0}},{{"zone":"yard","visible":0.9}}],
        "vessels":[{{"zone":"oil-berth","lat":42.7461,"lon":133.0792,"length_m":96.0,"confidence":0.93,"class":"tanker","ais":"dark"}}],
        "rail":[{{"zone":"yard","track":"t1","occupied_m":520.0,"length_m":650.0,"cars":37}}]}}"#
    );
    let look: Look = serde_json::from_str(&text).unwrap();
    Event::Look(convert::to_wire(&look).unwrap())
}

pub fn gap(first_seq: u64, last_seq: u64) -> Event {
    Event::Gap(Gap {
        first_seq,
        last_seq,
        looks_lost: 2,
        reason: GapReason::SpoolFull,
    })
}

/// One alert a site, whose evidence is every look of it: opened by the first, updated by each other.
#[derive(Debug, Default)]
pub struct Simple(pub Vec<Alert>);

impl Correlator for Simple {
    fn apply(&mut self, look: &Look) -> Vec<AlertChange> {
        let evidence = format!("{}/{}/{}", look.station, look.epoch.unwrap_or(0), look.seq.unwrap_or(0));
        if let Some(alert) = self.0.iter_mut().find(|alert| alert.site == look.site) {
            alert.evidence.push(evidence);
            alert.updated_at = look.known_at();
            return vec![AlertChange::Updated(Arc::new(alert.clone()))];
        }
        let at = look.known_at();
        let alert = Alert {
            id: format!("simple-{}", look.site),
            rule: "simple".to_owned(),
            kind: Kind::Coincidence,
            site: look.site.clone(),
            sites: vec![look.site.clone()],
            opened_at: at,
            onset: Span {
                earliest: at,
                latest: at,
            },
            updated_at: at,
            state: State::Open,
            severity: Severity::Warning,
            signals: Vec::new(),
            expected_false_per_site_year: 0.5,
            text: "A look came.".to_owned(),
            evidence: vec![evidence],
            details: serde_json::Map::new(),
            covered_by: None,
            closed_reason: None,
        };
        self.0.push(alert.clone());
        vec![AlertChange::Opened(Arc::new(alert))]
    }

    fn alerts(&self) -> Vec<Alert> {
        self.0.clone()
    }

    fn anew(&self, _sites: &Sites, _rules: &crate::rules::Rules) -> Self {
        Self::default()
    }
}

#[test]
fn the_tests_site_is_a_site() {
    assert_eq!(Site::from_geojson(SITE).unwrap().zones.len(), 3);
}
