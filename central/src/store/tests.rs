use std::{path::Path, sync::Arc};

use proptest::prelude::*;
use quaywatch_protocol::{contract::time::UnixMs, event::Event, ids::EventId};
use tempfile::TempDir;

use super::{
    Store, StoreError,
    alerts::{Command, NotDone, Verb},
    read::Readers,
    read_alerts::{AlertQuery, Viewer},
};
use crate::{
    ingest::{
        admit::{Admitted, admit},
        distrust::{Distrust, Period},
    },
    intake::{Intake, Setup, Taken, Work},
    metrics::Counters,
    notify::route::Routing,
    testing::{HandClock, NOW, Simple, Station, gap, look, registry, sites, world},
};

mod accounts;
mod lists;
mod numbers;
mod people;

struct Bench {
    folder: TempDir,
    clock: Arc<HandClock>,
    counters: Arc<Counters>,
    station: Station,
}

impl Bench {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: HandClock::at(NOW),
            counters: Arc::new(Counters::default()),
            station: Station::new("gs-1", 1),
        }
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("q.db")
    }

    fn store(&self) -> Store {
        Store::open(&self.file()).unwrap()
    }

    /// Starts as a process does: from the file alone.
    fn intake(&self) -> (Intake<Simple>, u64) {
        let setup = Setup {
            world: world(),
            distrust: Arc::default(),
            routing: Arc::new(Routing::all_to(vec!["log".to_owned()])),
            clock_tolerance_ms: 300_000,
            clock: self.clock.clone(),
            counters: self.counters.clone(),
        };
        Intake::start(
            Store::open(&self.file()).unwrap(),
            &self.readers(),
            Simple::default(),
            setup,
        )
        .unwrap()
    }

    fn readers(&self) -> Readers {
        Readers::new(&self.file())
    }

    fn admitted(&self, seq: u64, event: &Event) -> Box<Admitted> {
        let bytes = self.station.sealed(seq, event);
        Box::new(admit(&registry(&[&self.station]), &self.station.topic(), &bytes).unwrap())
    }

    fn event(&self, seq: u64, event: &Event) -> Work<u64> {
        Work::Event(self.admitted(seq, event), seq)
    }

    fn look(&self, seq: u64) -> Work<u64> {
        self.event(seq, &look(&format!("scene-{seq}"), NOW.plus_ms(-3_600_000)))
    }
}

fn first_ten() -> AlertQuery {
    AlertQuery {
        limit: 10,
        ..AlertQuery::default()
    }
}

fn nobody() -> Viewer {
    Viewer { person: None, now: NOW }
}

fn through(taken: &Taken<u64>) -> Vec<(u32, u64)> {
    taken.through.iter().map(|id: &EventId| (id.epoch, id.seq)).collect()
}

fn count(file: &Path, table: &str) -> i64 {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection
        .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
        .unwrap()
}

#[test]
fn a_look_from_the_future_is_stored_acknowledged_and_changes_nothing_else() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    let future = bench.event(1, &look("f", NOW.plus_ms(300_001)));
    let taken = intake.take(vec![future]).unwrap();
    assert_eq!(through(&taken), [(1, 1)]);
    assert!(taken.told.is_empty());
    assert_eq!(bench.counters.against[0].get(), 1);
    let just_in_time = bench.event(2, &look("g", NOW.plus_ms(300_000)));
    assert_eq!(intake.take(vec![just_in_time]).unwrap().told.len(), 1);
}

#[test]
fn a_station_that_dates_its_looks_ahead_is_told_and_holds_up_nobody() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    assert_eq!(bench.readers().clock_skew("gs-1").unwrap(), None);
    let ahead = |seq: u64, by_ms: i64| bench.event(seq, &look(&format!("s{seq}"), NOW.plus_ms(by_ms)));
    // Ten minutes ahead and a little delay: beyond the tolerance. Two came late enough to count.
    let mut work: Vec<_> = (1..=8).map(|seq| ahead(seq, 600_000 - 30_000)).collect();
    work.push(ahead(9, 600_000 - 310_000));
    work.push(ahead(10, 600_000 - 900_000));
    intake.take(work).unwrap();
    let skew = bench.readers().clock_skew("gs-1").unwrap().unwrap();
    assert_eq!((skew.looks, skew.future_dated, skew.behind_max_ms), (10, 8, 0));
    assert!((569_000..=570_000).contains(&skew.ahead_ms), "{skew:?}");
    // What comes now, rightly dated, counts as ever.
    let taken = intake.take(vec![bench.event(11, &look("right", NOW))]).unwrap();
    assert_eq!(taken.told.len(), 1);
}

#[test]
fn a_batch_that_was_not_committed_never_happened() {
    let bench = Bench::new();
    let mut store = Store::open(&bench.file()).unwrap();
    let admitted = bench.admitted(1, &look("a", NOW));
    let mut batch = store.begin().unwrap();
    batch.record(&admitted, super::events::Standing::Counts, NOW).unwrap();
    batch.advance(&bench.station.id, 1, NOW).unwrap();
    drop(batch);
    drop(store);
    let (mut intake, looks) = bench.intake();
    assert_eq!((looks, count(&bench.file(), "progress")), (0, 0));
    assert_eq!(through(&intake.take(vec![bench.look(1)]).unwrap()), [(1, 1)]);
}

#[test]
fn a_commit_that_fails_acknowledges_nothing() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    intake.take(vec![bench.look(1)]).unwrap();
    // A promise between tables that is only looked at when the transaction commits.
    let connection = rusqlite::Connection::open(bench.file()).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE one (n INTEGER PRIMARY KEY);
             CREATE TABLE other (n REFERENCES one (n) DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER break_commit AFTER INSERT ON event BEGIN INSERT INTO other VALUES (1); END;",
        )
        .unwrap();
    drop(connection);
    assert!(intake.take(vec![bench.look(2)]).is_err());
    drop(intake);
    assert_eq!(count(&bench.file(), "event"), 1);
}

#[test]
fn every_commit_waits_for_the_disk() {
    let bench = Bench::new();
    let store = Store::open(&bench.file()).unwrap();
    let pragma = |name: &str| -> String {
        store
            .connection
            .pragma_query_value(None, name, |row| {
                row.get::<_, rusqlite::types::Value>(0)
                    .map(|value| format!("{value:?}"))
            })
            .unwrap()
    };
    // 2 is FULL: the write-ahead log is flushed before each commit returns.
    assert_eq!(pragma("synchronous"), "Integer(2)");
    assert_eq!(pragma("journal_mode"), "Text(\"wal\")");
}

#[test]
fn a_restart_builds_the_same_alerts_and_tells_nothing_twice() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    intake.take((1..=5).map(|seq| bench.look(seq)).collect()).unwrap();
    let before = bench.readers().alerts(&first_ten(), &nobody()).unwrap();
    let told = count(&bench.file(), "alert_history");
    drop(intake);
    let (_, looks) = bench.intake();
    assert_eq!(looks, 5);
    assert_eq!(bench.readers().alerts(&first_ten(), &nobody()).unwrap(), before);
    assert_eq!(count(&bench.file(), "alert_history"), told);
}

#[test]
fn receive_times_rise_even_when_the_clock_steps_back() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    intake.take(vec![bench.look(1), bench.look(2)]).unwrap();
    bench.clock.set(NOW.plus_ms(-60_000));
    intake.take(vec![bench.look(3)]).unwrap();
    drop(intake);
    let (mut intake, _) = bench.intake();
    intake.take(vec![bench.look(4)]).unwrap();
    let mut times = Vec::new();
    bench
        .readers()
        .each_look(&sites(), &Distrust::default(), |look| times.push(look.known_at()))
        .unwrap();
    assert_eq!(times.len(), 4);
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
}

#[test]
fn a_person_closes_an_alert_and_new_evidence_opens_it_again_under_its_id() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    intake.take(vec![bench.look(1)]).unwrap();
    let shown = |bench: &Bench| bench.readers().alert("simple-vostochny", &nobody()).unwrap().unwrap();
    let command = |revision| Command {
        alert: "simple-vostochny".to_owned(),
        verb: Verb::Close,
        revision,
        actor: "Ana".to_owned(),
        reason: "benign".to_owned(),
        note: String::new(),
        until: None,
    };
    let handle = |intake: &mut Intake<Simple>, revision| {
        let (reply, mut answer) = tokio::sync::oneshot::channel();
        intake
            .take::<u64>(vec![Work::Handle(command(revision), reply)])
            .unwrap();
        answer.try_recv().unwrap().map(|told| told.what)
    };
    assert_eq!(handle(&mut intake, 99), Err(NotDone::Changed(1)));
    assert_eq!(handle(&mut intake, 1), Ok("closed"));
    assert_eq!(handle(&mut intake, 2), Err(NotDone::AlreadySo));
    assert_eq!(shown(&bench)["state"], "closed");
    intake.take(vec![bench.look(2)]).unwrap();
    assert_eq!(shown(&bench)["state"], "open");
    let history = bench.readers().alert_history("simple-vostochny", 10).unwrap();
    let what: Vec<_> = history.iter().map(|line| line["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["opened", "closed", "updated", "reopened"]);
    assert_eq!(bench.readers().outbox_due("log", NOW, 10).unwrap().len(), 4);
}

#[test]
fn rules_that_no_longer_raise_an_alert_withdraw_it_on_start() {
    struct Silent;
    impl crate::intake::Correlator for Silent {
        fn apply(&mut self, _: &quaywatch_protocol::contract::look::Look) -> Vec<crate::alert::AlertChange> {
            Vec::new()
        }
        fn alerts(&self) -> Vec<crate::alert::Alert> {
            Vec::new()
        }
        fn anew(&self, _: &crate::sites::Sites, _: &crate::rules::Rules) -> Self {
            Silent
        }
    }
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    intake.take(vec![bench.look(1)]).unwrap();
    drop(intake);
    let setup = Setup {
        world: world(),
        distrust: Arc::default(),
        routing: Arc::new(Routing::default()),
        clock_tolerance_ms: 0,
        clock: bench.clock.clone(),
        counters: bench.counters.clone(),
    };
    Intake::start(Store::open(&bench.file()).unwrap(), &bench.readers(), Silent, setup).unwrap();
    let alert = bench.readers().alert("simple-vostochny", &nobody()).unwrap().unwrap();
    assert_eq!(
        (alert["state"].as_str(), alert["withdrawn"].as_bool()),
        (Some("closed"), Some(true))
    );
}

#[test]
fn what_was_received_while_a_key_was_stolen_stops_counting_and_counts_again_when_the_registry_says_so() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    intake.take(vec![bench.look(1)]).unwrap();
    bench.clock.set(NOW.plus_ms(60_000));
    intake.take(vec![bench.look(2)]).unwrap();
    let told = |intake: &mut Intake<Simple>, from: Option<UnixMs>| {
        let mut distrust = Distrust::default();
        if let Some(from) = from {
            distrust.add("gs-1", Period { from, until: None });
        }
        let work = Work::Distrust(Arc::new(distrust), Arc::new(bench.readers()));
        intake.take::<u64>(vec![work]).unwrap().told.len()
    };
    let evidence = || {
        let alert = bench.readers().alert("simple-vostochny", &nobody()).unwrap().unwrap();
        let withdrawn = alert["withdrawn"].as_bool();
        (alert["evidence"].as_array().unwrap().len(), withdrawn)
    };
    assert_eq!(evidence(), (2, Some(false)));
    // Since its second look: the alert stands on the first alone.
    assert_eq!(told(&mut intake, Some(NOW.plus_ms(30_000))), 1);
    assert_eq!(evidence(), (1, Some(false)));
    // What comes on meanwhile is stored and does not count either.
    intake.take(vec![bench.look(3)]).unwrap();
    assert_eq!((evidence().0, count(&bench.file(), "event")), (1, 3));
    assert_eq!(told(&mut intake, Some(NOW.plus_ms(30_000))), 0);
    // Since ever: nothing is left of the alert.
    assert_eq!(told(&mut intake, Some(NOW)), 1);
    assert_eq!(evidence().1, Some(true));
    told(&mut intake, None);
    assert_eq!(evidence(), (3, Some(false)));
}

#[test]
fn a_foreign_or_newer_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.db");
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.execute_batch("CREATE TABLE theirs (a)").unwrap();
    assert!(matches!(Store::open(&file), Err(StoreError::Foreign)));
    let ours = folder.path().join("q.db");
    drop(Store::open(&ours).unwrap());
    rusqlite::Connection::open(&ours)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    assert!(matches!(Store::open(&ours), Err(StoreError::Newer { version: 99, .. })));
}

#[test]
fn the_quarantine_keeps_the_newest_and_no_more_than_its_limit() {
    let bench = Bench::new();
    let mut store = Store::open(&bench.file()).unwrap();
    let mut batch = store.begin().unwrap();
    for length in 0..super::quarantine::QUARANTINE_ROWS_MAX + 50 {
        let bytes = vec![0; usize::try_from(length % 600).unwrap()];
        let refused = super::quarantine::Refused::new(&"t".repeat(500), "not-signed", "x".to_owned(), &bytes);
        batch.quarantine(&refused, NOW).unwrap();
    }
    batch.commit().unwrap();
    assert_eq!(
        count(&bench.file(), "quarantine"),
        super::quarantine::QUARANTINE_ROWS_MAX
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Against the plain meaning: a set of numbers, and the longest run from 1.
    #[test]
    fn any_order_duplication_batching_and_restart_gives_the_same_store(
        order in proptest::collection::vec(1_u64..12, 1..40),
        cuts in proptest::collection::vec(1_usize..6, 1..20),
        restart_at in 0_usize..8,
    ) {
        let bench = Bench::new();
        let (mut intake, _) = bench.intake();
        let mut rest = order.as_slice();
        let mut acknowledged = 0;
        for (index, cut) in cuts.iter().cycle().enumerate() {
            if rest.is_empty() {
                break;
            }
            if index == restart_at {
                drop(intake);
                intake = bench.intake().0;
            }
            let (now, later) = rest.split_at((*cut).min(rest.len()));
            rest = later;
            let taken = intake.take(now.iter().map(|seq| bench.look(*seq)).collect()).unwrap();
            if let Some((_, seq)) = through(&taken).first() {
                prop_assert!(*seq >= acknowledged, "progress went back");
                acknowledged = *seq;
            }
        }
        let distinct: std::collections::BTreeSet<u64> = order.iter().copied().collect();
        let run = (1..).take_while(|seq| distinct.contains(seq)).count() as u64;
        prop_assert_eq!(acknowledged, run);
        prop_assert_eq!(count(&bench.file(), "event"), i64::try_from(distinct.len()).unwrap());
        let alert = bench.readers().alert("simple-vostochny", &nobody()).unwrap().unwrap();
        prop_assert_eq!(alert["evidence"].as_array().unwrap().len(), distinct.len());
    }
}
