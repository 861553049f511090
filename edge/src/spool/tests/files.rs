//! The real folder, and the handle through which its spool is shared.

use std::{
    fs, io,
    pin::pin,
    task::{Context, Waker},
};

use super::{LIMITS, NOW, batch, drain, look, station};
use crate::spool::{
    DirHome, Home, OpenedHow, Spool, SpoolError, SpoolHandle,
    home::{ASIDE_FILES_MAX, sync_folder},
};

#[test]
fn a_spool_is_found_again_in_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    {
        let home = DirHome::new(&path).unwrap();
        let (mut spool, opened) = Spool::open(&home, &station(), LIMITS, NOW).unwrap();
        assert_eq!(opened.how, OpenedHow::Fresh);
        spool.accept(&batch([1]), NOW).unwrap();
    }
    let home = DirHome::new(&path).unwrap();
    let (mut spool, opened) = Spool::open(&home, &station(), LIMITS, NOW).unwrap();
    assert_eq!(opened.how, OpenedHow::Found);
    assert_eq!(drain(&mut spool), [(1, look(1))]);
}

#[test]
fn a_second_process_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _home = DirHome::new(folder.path()).unwrap();
    assert!(matches!(DirHome::new(folder.path()), Err(SpoolError::InUse(_))));
}

#[test]
fn a_change_in_the_folder_counts_only_when_the_folder_is_flushed() {
    let folder = tempfile::tempdir().unwrap();
    let home = DirHome::new(folder.path()).unwrap();
    drop(home.create().unwrap());
    let home = home.flushed_by(|_| Err(io::Error::other("the folder is not on the disk")));
    let failed = |done: Result<(), SpoolError>| done.unwrap_err().is_fatal();
    assert!(failed(home.publish()));
    assert!(failed(home.store_epoch(7)));
    assert!(failed(home.set_aside(1_700_000_000_000).map(drop)));
}

#[test]
fn garbage_is_set_aside_and_only_so_many_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let home = DirHome::new(folder.path()).unwrap();
    let mut epochs = Vec::new();
    for round in 0..ASIDE_FILES_MAX as i64 + 2 {
        drop(Spool::open(&home, &station(), LIMITS, NOW).unwrap());
        fs::write(folder.path().join("spool.redb"), format!("garbage {round}")).unwrap();
        let (spool, opened) = Spool::open(&home, &station(), LIMITS, NOW.plus_ms(round)).unwrap();
        assert!(
            matches!(opened.how, OpenedHow::Lost { set_aside: Some(_), .. }),
            "{opened:?}"
        );
        epochs.push(spool.epoch());
    }
    assert!(epochs.is_sorted_by(|a, b| a < b), "{epochs:?}");
    let mut aside: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("lost"))
        .collect();
    aside.sort();
    assert_eq!(aside.len(), ASIDE_FILES_MAX);
    let newest = fs::read_to_string(folder.path().join(aside.last().unwrap())).unwrap();
    assert_eq!(newest, format!("garbage {}", ASIDE_FILES_MAX + 1));
}

#[test]
fn a_crash_while_a_spool_is_begun_leaves_no_false_alarm() {
    let folder = tempfile::tempdir().unwrap();
    let home = DirHome::new(folder.path()).unwrap();
    // Died before the rename: the half-made file is there, the spool is not.
    fs::write(folder.path().join("spool.redb.new"), "half").unwrap();
    let (spool, opened) = Spool::open(&home, &station(), LIMITS, NOW).unwrap();
    assert_eq!(opened.how, OpenedHow::Fresh);
    let epoch = spool.epoch();
    drop(spool);
    // Died after the rename, before the epoch was stored.
    fs::remove_file(folder.path().join("spool.epoch")).unwrap();
    let (_, opened) = Spool::open(&home, &station(), LIMITS, NOW).unwrap();
    assert_eq!(opened.how, OpenedHow::Found);
    let stored = fs::read_to_string(folder.path().join("spool.epoch")).unwrap();
    assert_eq!(stored.trim(), epoch.to_string());
}

#[test]
fn a_spool_that_is_there_and_cannot_be_opened_is_no_fresh_station() {
    let folder = tempfile::tempdir().unwrap();
    let home = DirHome::new(folder.path()).unwrap();
    // Whoever may do everything may not write to a folder as to a file.
    fs::create_dir(folder.path().join("spool.redb")).unwrap();
    assert!(home.open().is_err());
    let refused = Spool::open(&home, &station(), LIMITS, NOW).unwrap_err();
    assert!(
        refused.is_fatal() && refused.to_string().contains("spool.redb"),
        "{refused}"
    );
    assert!(folder.path().join("spool.redb").is_dir());
    // Nor is a number of an epoch that cannot be read the same as none.
    fs::create_dir(folder.path().join("spool.epoch")).unwrap();
    assert!(home.last_epoch().is_err());
}

#[test]
fn a_folder_that_cannot_be_flushed_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(sync_folder(folder.path()).is_ok());
    assert!(sync_folder(&folder.path().join("gone")).is_err());
}

#[test]
fn whoever_waits_for_the_bell_waits_until_it_rings_and_one_ring_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let home = DirHome::new(folder.path()).unwrap();
    let (spool, _) = Spool::open(&home, &station(), LIMITS, NOW).unwrap();
    let handle = SpoolHandle::new(spool, Box::new(home));
    let mut context = Context::from_waker(Waker::noop());
    {
        let mut waits = pin!(handle.rung());
        assert!(waits.as_mut().poll(&mut context).is_pending());
        handle.ring();
        assert!(waits.as_mut().poll(&mut context).is_ready());
    }
    handle.ring();
    handle.ring();
    assert!(pin!(handle.rung()).poll(&mut context).is_ready());
    assert!(pin!(handle.rung()).poll(&mut context).is_pending());
}
