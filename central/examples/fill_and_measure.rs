//! How fast the queue and a site's page are with 10,000 alerts and 1,000,000 looks in the store.
//!
//! ```sh
//! cargo run --release --example fill_and_measure -- DIR [LOOKS] [ALERTS]
//! ```
//!
//! Fills `DIR/q.db` in the ways of the program (envelopes that are signed, alerts by the writer), unless it is there already, and
//! prints p50 and p99 of what the routes ask of the store, milliseconds, one JSON object a line. The correlator's part of a site's
//! page is not in it: that is in memory.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measurement that cannot go on ends"
)]

use std::{path::Path, sync::Arc, time::Instant};

use quaywatch_central::{
    alert::{Alert, Kind, Severity, Signal, Span, State},
    ingest::admit::{Admitted, Content},
    notify::route::Routing,
    sites::Sites,
    store::{
        Store, StoreError,
        events::Standing,
        read::Readers,
        read_alerts::{AlertFilter, AlertQuery, GroupBy, Sort, Viewer},
    },
};
use quaywatch_protocol::{
    contract::{
        Look, convert,
        time::{DAY_MS, UnixMs},
    },
    event::Event,
    ids::{EventId, StationId},
    sign::{self, SigningKey},
};

const SITES: [&str; 7] = [
    "chongjin",
    "dunai",
    "nampo",
    "rason",
    "tikhoretsk",
    "tumangang",
    "vostochny",
];
const BATCH: u64 = 5_000;
const ROUNDS: usize = 200;
/// Days over which looks and alerts are spread.
const DAYS: i64 = 1_825;
const NOW: UnixMs = UnixMs(1_767_225_600_000);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().ok_or("usage: fill_and_measure DIR [LOOKS] [ALERTS]")?;
    let looks: u64 = args.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let alerts: u64 = args.next().map_or(Ok(10_000), |text| text.parse())?;
    let file = Path::new(&folder).join("q.db");
    if !file.exists() {
        let began = Instant::now();
        fill(&file, looks, alerts)?;
        eprintln!("filled in {:.0} s", began.elapsed().as_secs_f64());
    }
    measure(&file)?;
    Ok(())
}

fn fill(file: &Path, looks: u64, alerts: u64) -> Result<(), Box<dyn std::error::Error>> {
    let mut store = Store::open(file)?;
    let key = SigningKey::from_bytes(&[7; 32]);
    let station = StationId::new("gs-1")?;
    for first in (1..=looks).step_by(usize::try_from(BATCH)?) {
        let mut batch = store.begin()?;
        for seq in first..(first + BATCH).min(looks + 1) {
            let at = spread(seq, looks);
            let event = Event::Look(convert::to_wire(&look(seq, at))?);
            let id = EventId {
                station: station.clone(),
                epoch: 1,
                seq,
            };
            let envelope = sign::seal_event(&id, &event, 1, &key)?.to_vec();
            let admitted = Admitted {
                id,
                key_id: 1,
                content: Content::Event(Box::new(event)),
                envelope,
            };
            batch.record(&admitted, Standing::Counts, at)?;
        }
        batch.commit()?;
        eprint!("\r{} looks", first + BATCH - 1);
    }
    eprintln!();
    let routing = Routing::default();
    for first in (1..=alerts).step_by(500) {
        let mut batch = store.begin()?;
        for number in first..(first + 500).min(alerts + 1) {
            batch.put_alert(&alert(number, spread(number, alerts)), &routing, NOW)?;
        }
        batch.commit()?;
    }
    Ok(())
}

fn spread(number: u64, of: u64) -> UnixMs {
    let share = number as f64 / of as f64;
    NOW.plus_ms(-((1.0 - share) * (DAYS * DAY_MS) as f64) as i64)
}

fn site(number: u64) -> &'static str {
    SITES[usize::try_from(number).unwrap_or(0) % SITES.len()]
}

fn look(seq: u64, at: UnixMs) -> Look {
    let (name, visible) = (site(seq), if seq.is_multiple_of(3) { 0.2 } else { 0.95 });
    let text = format!(
        r#"{{"station":"gs-1","scene":"scene-{seq}","site":"{name}","acquired_at":"{at}",
        "sensor":{{"name":"PlanetScope","kind":"optical","gsd_m":3.0}},
        "zones":[{{"zone":"oil-berth","visible":{visible}}},{{"zone":"pier-1","visible":1.0}},{{"zone":"yard","visible":0.9}},{{"zone":"apron","visible":0.9}}],
        "vessels":[{{"zone":"oil-berth","lat":42.7461,"lon":133.0792,"length_m":96.0,"beam_m":15.0,"confidence":0.93,"class":"tanker","ais":"dark"}},
                   {{"zone":"pier-1","lat":42.7463,"lon":133.0796,"length_m":120.0,"beam_m":18.0,"confidence":0.9,"class":"cargo","ais":"uncovered"}}],
        "rail":[{{"zone":"yard","track":"t1","occupied_m":520.0,"length_m":650.0,"cars":37}}],
        "stacks":[{{"zone":"apron","area_m2":2400.0,"row_m":100.0}}]}}"#
    );
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn alert(number: u64, at: UnixMs) -> Alert {
    let severity = Severity::ALL[usize::try_from(number % 4).unwrap_or(0)];
    let signal = Signal {
        kind: "tanker".to_owned(),
        zone: "oil-berth".to_owned(),
        value: 1.0,
        unit: "calls".to_owned(),
        baseline: 0.03,
        p: 0.002,
        from: at.plus_ms(-3 * DAY_MS),
        to: at,
        dark: true,
    };
    Alert {
        id: format!("dock-rail-tanker-{}-{number:012x}", site(number)),
        rule: "dock-rail-tanker".to_owned(),
        kind: Kind::Coincidence,
        site: site(number).to_owned(),
        sites: vec![site(number).to_owned()],
        opened_at: at,
        onset: Span {
            earliest: at.plus_ms(-DAY_MS),
            latest: at,
        },
        updated_at: at,
        state: State::Open,
        severity,
        signals: vec![signal.clone(), signal.clone(), signal],
        expected_false_per_site_year: 0.4,
        text: "Activity of 3 kinds (dock, rail, tanker) met within 7 days, each unusual for this site. ".repeat(4),
        evidence: (0..20).map(|each| format!("gs-1/1/{}", number * 90 + each)).collect(),
        details: serde_json::Map::new(),
        covered_by: None,
        closed_reason: None,
    }
}

fn measure(file: &Path) -> Result<(), StoreError> {
    let (readers, sites) = (Readers::new(file), Arc::new(Sites::default()));
    let viewer = Viewer {
        person: Some("ana".to_owned()),
        now: NOW,
    };
    let queue = |filter: AlertFilter, sort| AlertQuery {
        filter,
        sort,
        limit: 100,
        after: None,
    };
    let open = || AlertFilter {
        states: vec!["open".to_owned()],
        ..AlertFilter::default()
    };
    let of_site = || AlertFilter {
        site: Some("vostochny".to_owned()),
        ..AlertFilter::default()
    };
    let from = NOW.plus_ms(-56 * DAY_MS);
    time("queue: newest 100 open", || {
        readers.alerts(&queue(open(), Sort::Newest), &viewer)
    })?;
    time("queue: 100 open by severity", || {
        readers.alerts(&queue(open(), Sort::Severity), &viewer)
    })?;
    time("queue: newest 100 at work", || {
        let filter = AlertFilter {
            states: ["open", "acknowledged", "escalated"].map(str::to_owned).to_vec(),
            ..AlertFilter::default()
        };
        readers.alerts(&queue(filter, Sort::Newest), &viewer)
    })?;
    time("queue: text that is nowhere", || {
        let filter = AlertFilter {
            text: Some("nowhere".to_owned()),
            ..AlertFilter::default()
        };
        readers.alerts(&queue(filter, Sort::Newest), &viewer)
    })?;
    time("queue: unread", || {
        let filter = AlertFilter {
            unread: Some(true),
            ..AlertFilter::default()
        };
        readers.alerts(&queue(filter, Sort::Newest), &viewer)
    })?;
    time("groups by site", || {
        readers.alert_groups(GroupBy::Site, &AlertFilter::default(), &viewer)
    })?;
    time("sites list, one site", || readers.site_now("vostochny"))?;
    time("site page: alerts", || {
        readers.alerts(&queue(of_site(), Sort::Newest), &viewer)
    })?;
    time("site page: visibility of 56 days", || {
        readers.seen_days("vostochny", from, NOW)
    })?;
    time("site page: visibility of 400 days", || {
        readers.seen_days("vostochny", NOW.plus_ms(-400 * DAY_MS), NOW)
    })?;
    time("lanes: looks of 56 days", || {
        readers.site_looks("vostochny", (from, NOW), 2_000, &sites)
    })?;
    time("lanes: count of looks", || readers.count_looks("vostochny", from, NOW))?;
    time("stations", || readers.stations())?;
    time("station: last scenes", || readers.last_scenes("gs-1", 5))?;
    Ok(())
}

fn time<T>(what: &str, mut ask: impl FnMut() -> Result<T, StoreError>) -> Result<(), StoreError> {
    ask()?;
    let mut took_ms = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        std::hint::black_box(ask()?);
        took_ms.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    took_ms.sort_by(f64::total_cmp);
    let at = |share: f64| took_ms[((took_ms.len() - 1) as f64 * share) as usize];
    println!(
        r#"{{"what":"{what}","rounds":{ROUNDS},"p50_ms":{:.2},"p99_ms":{:.2}}}"#,
        at(0.5),
        at(0.99)
    );
    Ok(())
}
