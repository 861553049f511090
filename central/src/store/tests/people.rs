//! What people change: handling of alerts, silences, revisions, the audit chain.

use quaywatch_protocol::contract::time::UnixMs;
use tokio::sync::oneshot;

use super::*;
use crate::{account::Role, store::silences::NewSilence};

const ALERT: &str = "simple-vostochny";

fn command(verb: Verb, revision: i64) -> Command {
    Command {
        alert: ALERT.to_owned(),
        verb,
        revision,
        actor: "Ana".to_owned(),
        reason: String::new(),
        note: String::new(),
        until: None,
    }
}

fn handle(intake: &mut Intake<Simple>, command: Command) -> Result<&'static str, NotDone> {
    let (reply, mut answer) = oneshot::channel();
    intake.take::<u64>(vec![Work::Handle(command, reply)]).unwrap();
    answer.try_recv().unwrap().map(|told| told.what)
}

fn shown(bench: &Bench, person: Option<&str>, now: UnixMs) -> serde_json::Value {
    let viewer = Viewer {
        person: person.map(str::to_owned),
        now,
    };
    bench.readers().alert(ALERT, &viewer).unwrap().unwrap()
}

#[test]
fn an_acknowledgement_ends_at_its_time_and_the_alert_is_open_again() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    intake.take(vec![bench.look(1)]).unwrap();
    let until = NOW.plus_ms(60_000);
    let acknowledge = Command {
        until: Some(until),
        ..command(Verb::Acknowledge, 1)
    };
    assert_eq!(handle(&mut intake, acknowledge), Ok("acknowledged"));
    let alert = shown(&bench, None, NOW);
    assert_eq!(alert["handled_by"], "Ana");
    assert_eq!(alert["acknowledged_until"], until.to_string());
    intake.take::<u64>(vec![Work::Tick]).unwrap();
    assert_eq!(shown(&bench, None, NOW)["state"], "acknowledged", "before its time");
    bench.clock.set(until);
    intake.take::<u64>(vec![Work::Tick]).unwrap();
    let alert = shown(&bench, None, until);
    assert_eq!(
        (&alert["state"], &alert["handled_by"]),
        (&"open".into(), &serde_json::Value::Null)
    );
    intake.take::<u64>(vec![Work::Tick]).unwrap();
    let history = bench.readers().alert_history(ALERT, 10).unwrap();
    let told: Vec<_> = history
        .iter()
        .map(|line| (line["what"].as_str().unwrap(), line["actor"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [("opened", "correlator"), ("acknowledged", "Ana"), ("reopened", "clock")]
    );
}

#[test]
fn an_alert_is_escalated_noted_and_closed_and_each_is_told_once() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    intake.take(vec![bench.look(1)]).unwrap();
    assert_eq!(handle(&mut intake, command(Verb::Escalate, 1)), Ok("escalated"));
    assert_eq!(handle(&mut intake, command(Verb::Escalate, 2)), Err(NotDone::AlreadySo));
    assert_eq!(handle(&mut intake, command(Verb::Note, 2)), Ok("noted"));
    assert_eq!(
        shown(&bench, None, NOW)["state"],
        "escalated",
        "a note changes no state"
    );
    assert_eq!(handle(&mut intake, command(Verb::Close, 2)), Err(NotDone::Changed(3)));
    let close = Command {
        reason: "confirmed".to_owned(),
        ..command(Verb::Close, 3)
    };
    assert_eq!(handle(&mut intake, close), Ok("closed"));
    assert_eq!(shown(&bench, None, NOW)["closed_as"], "confirmed");
}

#[test]
fn a_silenced_alert_is_listed_and_nobody_is_notified_until_the_silence_ends() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    let mut held = bench.store();
    let mut batch = held.begin().unwrap();
    let new = NewSilence {
        site: Some("vostochny".to_owned()),
        until: NOW.plus_ms(1_000),
        reason: "works".to_owned(),
        ..NewSilence::default()
    };
    let id = batch.silence("Ana", &new, NOW).unwrap().unwrap();
    batch.commit().unwrap();
    intake.take(vec![bench.look(1)]).unwrap();
    assert_eq!(shown(&bench, None, NOW)["silenced"], true);
    assert!(bench.readers().outbox_due("log", NOW, 10).unwrap().is_empty());
    assert_eq!(
        shown(&bench, None, NOW.plus_ms(1_000))["silenced"],
        false,
        "its time is over"
    );
    let mut batch = held.begin().unwrap();
    assert!(batch.end_silence("Ben", id, NOW).unwrap());
    assert!(!batch.end_silence("Ben", id, NOW).unwrap(), "once");
    batch.commit().unwrap();
    intake.take(vec![bench.look(2)]).unwrap();
    assert_eq!(bench.readers().outbox_due("log", NOW, 10).unwrap().len(), 1);
}

#[test]
fn a_silence_of_a_kind_holds_for_it_alone_and_not_before_its_time() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    let mut held = bench.store();
    let mut batch = held.begin().unwrap();
    let of_kind = |kind: &str, from: UnixMs| NewSilence {
        kind: Some(kind.to_owned()),
        from,
        until: NOW.plus_ms(2_000),
        reason: "works".to_owned(),
        ..NewSilence::default()
    };
    let later = NOW.plus_ms(1_000);
    batch.silence("Ana", &of_kind("voyage", NOW), NOW).unwrap().unwrap();
    batch.commit().unwrap();
    intake.take(vec![bench.look(1)]).unwrap();
    let kind = shown(&bench, None, NOW)["kind"].as_str().unwrap().to_owned();
    assert_eq!(shown(&bench, None, NOW)["silenced"], false, "another kind");
    let mut batch = held.begin().unwrap();
    batch.silence("Ana", &of_kind(&kind, later), NOW).unwrap().unwrap();
    batch.commit().unwrap();
    assert_eq!(shown(&bench, None, NOW)["silenced"], false, "not yet");
    assert_eq!(shown(&bench, None, later)["silenced"], true);
    let listed = bench.readers().silences(false, NOW).unwrap();
    let active: Vec<bool> = listed.iter().map(|silence| silence.active).collect();
    assert_eq!(active, [false, true], "what will hold is listed, newest first");
    intake.take(vec![bench.look(2)]).unwrap();
    assert_eq!(
        bench.readers().outbox_due("log", NOW, 10).unwrap().len(),
        2,
        "nothing holds yet"
    );
}

#[test]
fn unread_is_each_persons_own_and_comes_back_with_news() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    intake.take(vec![bench.look(1)]).unwrap();
    let mut held = bench.store();
    let mut change = |read: Option<Option<&str>>| {
        let mut batch = held.begin().unwrap();
        match read {
            None => {
                for name in ["Ana", "Ben"] {
                    batch
                        .add_person("Ana", (name, Role::Analyst), ("x", false), NOW)
                        .unwrap()
                        .unwrap();
                }
            }
            Some(alert) => batch.mark_read("ana", alert).unwrap(),
        }
        batch.commit().unwrap();
    };
    change(None);
    let unread = |person| shown(&bench, person, NOW)["unread"].clone();
    assert_eq!((unread(Some("Ana")), unread(None)), (true.into(), false.into()));
    change(Some(Some(ALERT)));
    assert_eq!((unread(Some("Ana")), unread(Some("Ben"))), (false.into(), true.into()));
    intake.take(vec![bench.look(2)]).unwrap();
    assert_eq!(unread(Some("Ana")), true);
    change(Some(None));
    assert_eq!(unread(Some("Ana")), false);
}

#[test]
fn the_newest_edit_is_in_force_be_it_in_the_file_or_in_the_console() {
    let bench = Bench::new();
    let mut held = bench.store();
    let mut batch = held.begin().unwrap();
    assert_eq!(batch.in_force("rules", "one", NOW).unwrap().text, "one");
    assert_eq!(
        batch.in_force("rules", "one", NOW).unwrap().revision.revision,
        1,
        "a restart adds none"
    );
    assert_eq!(
        batch.save_revision("rules", 1, ("Ana", "more"), "two", NOW).unwrap(),
        Ok(2)
    );
    assert_eq!(
        batch.save_revision("rules", 1, ("Ben", "other"), "three", NOW).unwrap(),
        Err(2)
    );
    assert_eq!(
        batch.in_force("rules", "one", NOW).unwrap().text,
        "two",
        "the file is as it was"
    );
    let edited = batch.in_force("rules", "four", NOW).unwrap();
    assert_eq!(
        (edited.text.as_str(), edited.revision.revision),
        ("four", 3),
        "the file was edited since"
    );
}

#[test]
fn the_audit_chain_holds_until_a_line_is_changed_left_out_or_put_in_between() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    intake.take(vec![bench.look(1)]).unwrap();
    handle(&mut intake, command(Verb::Escalate, 1)).unwrap();
    handle(&mut intake, command(Verb::Reopen, 2)).unwrap();
    let chain = bench.readers().audit_verify().unwrap();
    assert!(
        chain.intact && chain.entries >= 3 && chain.head.len() == 64,
        "{chain:?}"
    );
    let connection = rusqlite::Connection::open(bench.file()).unwrap();
    for (harm, repair) in [
        (
            "UPDATE audit SET actor = 'Ben' WHERE position = 2",
            "UPDATE audit SET actor = 'Ana' WHERE position = 2",
        ),
        (
            "UPDATE audit SET position = 99 WHERE position = 2",
            "UPDATE audit SET position = 2 WHERE position = 99",
        ),
        (
            "UPDATE audit SET at_ms = at_ms + 1 WHERE position = 1",
            "UPDATE audit SET at_ms = at_ms - 1 WHERE position = 1",
        ),
    ] {
        assert_eq!(connection.execute(harm, []).unwrap(), 1, "{harm}");
        let chain = bench.readers().audit_verify().unwrap();
        assert!(!chain.intact && chain.broken_at.is_some(), "{harm}");
        connection.execute(repair, []).unwrap();
        assert!(bench.readers().audit_verify().unwrap().intact, "{repair}");
    }
}

#[test]
fn a_database_of_the_first_version_comes_along_with_its_alerts_and_looks() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("old.db");
    let bench = Bench::new();
    {
        let mut connection = rusqlite::Connection::open(&file).unwrap();
        crate::store::schema::migrate_to(&mut connection, 1).unwrap();
        let envelope = bench.station.sealed(1, &look("s1", NOW));
        connection
            .execute(
                "INSERT INTO event (station, epoch, seq, received_ms, kind, standing, site, scene, acquired_ms, envelope)
                 VALUES ('gs-1', 1, 1, 5, 'look', '', 'vostochny', 's1', ?1, ?2)",
                rusqlite::params![NOW.0, envelope],
            )
            .unwrap();
        let body = r#"{"id":"a","signals":[{"zone":"pier-1"},{"zone":"yard"}],"severity":"critical"}"#;
        connection
            .execute(
                "INSERT INTO alert (id, site, rule, kind, severity, opened_ms, changed_ms, withdrawn, body, revision)
                 VALUES ('a', 'vostochny', 'r', 'surge', 'critical', 5, 5, 0, ?1, 1)",
                [body],
            )
            .unwrap();
        connection
            .execute(
                "INSERT INTO alert_history (alert, at_ms, what, actor, reason, note, body) VALUES ('a', 5, 'opened', 'correlator', '', '', ?1)",
                [body],
            )
            .unwrap();
    }
    drop(Store::open(&file).unwrap());
    let connection = rusqlite::Connection::open(&file).unwrap();
    let alert: (i64, String, String, i64) = connection
        .query_row("SELECT position, zones, state, severity_rank FROM alert", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap();
    assert_eq!(alert, (1, "+pier-1+yard+".to_owned(), "open".to_owned(), 3));
    let visible: i64 = connection
        .query_row("SELECT visible_permille FROM event", [], |row| row.get(0))
        .unwrap();
    assert!((960..=970).contains(&visible), "{visible}");
}
