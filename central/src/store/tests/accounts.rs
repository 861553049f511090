//! People who sign in, and programs with tokens.

use super::*;
use crate::{
    account::{Role, Secret},
    store::accounts::{PersonChange, Refused, SESSION_IDLE_MS, SESSION_MS},
};

#[test]
fn a_session_ends_by_time_by_silence_and_with_its_person() {
    let bench = Bench::new();
    let mut held = bench.store();
    let secret = Secret::new("").unwrap();
    let mut batch = held.begin().unwrap();
    batch
        .add_person("central", ("Ana", Role::Admin), ("x", false), NOW)
        .unwrap()
        .unwrap();
    batch
        .add_person("Ana", ("Ben", Role::Viewer), ("x", false), NOW)
        .unwrap()
        .unwrap();
    batch.begin_session("Ben", &secret.hash(), NOW).unwrap();
    batch.commit().unwrap();
    let lasts = |now| bench.readers().session(&secret.hash(), now).unwrap().is_some();
    assert!(lasts(NOW.plus_ms(SESSION_IDLE_MS - 1)));
    assert!(!lasts(NOW.plus_ms(SESSION_IDLE_MS)), "silence");
    for hours in 1..=12 {
        let mut batch = held.begin().unwrap();
        batch.seen(&secret.hash(), NOW.plus_ms(hours * 3_500_000)).unwrap();
        batch.commit().unwrap();
    }
    assert!(lasts(NOW.plus_ms(SESSION_MS - 1)));
    assert!(!lasts(NOW.plus_ms(SESSION_MS)), "its whole time");
    let change = PersonChange {
        disabled: Some(true),
        ..PersonChange::default()
    };
    let mut batch = held.begin().unwrap();
    batch.change_person("Ana", "ben", 1, &change, NOW).unwrap().unwrap();
    batch.commit().unwrap();
    assert!(!lasts(NOW.plus_ms(SESSION_MS - 1)), "a disabled person is out");
}

#[test]
fn there_is_always_an_admin_and_two_edits_at_once_do_not_lose_one() {
    let bench = Bench::new();
    let mut held = bench.store();
    let mut batch = held.begin().unwrap();
    batch
        .add_person("central", ("Ana", Role::Admin), ("x", false), NOW)
        .unwrap()
        .unwrap();
    assert_eq!(
        batch
            .add_person("Ana", ("ANA", Role::Viewer), ("x", false), NOW)
            .unwrap()
            .unwrap_err(),
        Refused::Taken
    );
    let demote = PersonChange {
        role: Some(Role::Viewer),
        ..PersonChange::default()
    };
    assert_eq!(
        batch.change_person("Ana", "Ana", 1, &demote, NOW).unwrap().unwrap_err(),
        Refused::LastAdmin
    );
    batch
        .add_person("Ana", ("Ben", Role::Admin), ("x", false), NOW)
        .unwrap()
        .unwrap();
    assert!(batch.change_person("Ben", "Ana", 1, &demote, NOW).unwrap().is_ok());
    assert_eq!(
        batch.change_person("Ben", "Ana", 1, &demote, NOW).unwrap().unwrap_err(),
        Refused::Changed(2)
    );
}

#[test]
fn a_setup_link_makes_one_admin_once_and_within_its_time() {
    let bench = Bench::new();
    let mut held = bench.store();
    let (old, link) = (Secret::new("").unwrap().hash(), Secret::new("").unwrap().hash());
    let mut batch = held.begin().unwrap();
    batch.offer_setup(&old, NOW).unwrap();
    batch.offer_setup(&link, NOW).unwrap();
    let set_up = |batch: &mut crate::store::Batch<'_>, link, now| batch.set_up(link, "Ana", "x", now).unwrap();
    assert_eq!(
        set_up(&mut batch, &old, NOW).unwrap_err(),
        Refused::NoSetup,
        "an earlier link"
    );
    assert_eq!(
        set_up(&mut batch, &link, NOW.plus_ms(3_600_000)).unwrap_err(),
        Refused::NoSetup,
        "too late"
    );
    assert_eq!(set_up(&mut batch, &link, NOW).unwrap().role, "admin");
    assert_eq!(set_up(&mut batch, &link, NOW).unwrap_err(), Refused::NoSetup, "once");
}

#[test]
fn a_token_holds_until_it_ends_or_is_taken_back_and_is_stored_as_a_hash_only() {
    let bench = Bench::new();
    let mut held = bench.store();
    let secret = Secret::new("qw_").unwrap();
    let mut batch = held.begin().unwrap();
    let token = batch
        .add_token(
            "machine",
            ("demo", Role::Viewer),
            &secret.hash(),
            Some(NOW.plus_ms(10)),
            NOW,
        )
        .unwrap()
        .unwrap();
    batch.commit().unwrap();
    let holds = |now| bench.readers().token(&secret.hash(), now).unwrap().is_some();
    assert!(holds(NOW) && !holds(NOW.plus_ms(10)));
    let mut batch = held.begin().unwrap();
    assert!(batch.revoke_token("Ana", token.id, NOW).unwrap());
    assert!(!batch.revoke_token("Ana", token.id, NOW).unwrap());
    batch.commit().unwrap();
    assert!(!holds(NOW));
    drop(held);
    for entry in std::fs::read_dir(bench.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(
            !bytes
                .windows(16)
                .any(|part| secret.reveal().as_bytes().starts_with(part))
        );
    }
}
