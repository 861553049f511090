//! The memory of scenes that are done, kept in the same transaction as their looks.

use quaywatch_protocol::contract::UnixMs;
use redb::{ReadableTable, WriteTransaction};

use super::{
    SCENES_REMEMBERED_MAX, SpoolError,
    marks::{SCENE_ORDER, SCENES, State},
    storage,
};

const WORD_BYTES: usize = 8;
const WORDS: usize = 3;
const VALUE_BYTES: usize = WORDS * WORD_BYTES;

/// What is remembered of a scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SceneNote {
    /// Name of its file or folder.
    pub name: String,
    /// Bytes of its files together: another size under the same name is another scene.
    pub bytes: u64,
    /// When its looks were accepted.
    pub finished_at: UnixMs,
}

/// Writes a note, and forgets the oldest ones beyond the limit; says how many were forgotten.
pub(super) fn remember(txn: &WriteTransaction, state: &mut State, note: &SceneNote) -> Result<u64, SpoolError> {
    let doing = "noted a scene";
    let mut scenes = txn.open_table(SCENES).map_err(storage(doing))?;
    let mut order = txn.open_table(SCENE_ORDER).map_err(storage(doing))?;
    let place = state.marks.next_scene;
    state.marks.next_scene += 1;
    let mut value = [0; VALUE_BYTES];
    let words = [note.finished_at.0 as u64, note.bytes, place];
    for (to, word) in value.chunks_exact_mut(WORD_BYTES).zip(words) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    let earlier = scenes
        .insert(note.name.as_str(), value.as_slice())
        .map_err(storage(doing))?;
    if let Some(words) = earlier.and_then(|guard| words_of(guard.value())) {
        let [_, _, earlier_place] = words;
        order.remove(earlier_place).map_err(storage(doing))?;
    }
    order.insert(place, note.name.as_str()).map_err(storage(doing))?;
    let mut forgotten = 0;
    let mut surplus = scenes_len(&order)?.saturating_sub(SCENES_REMEMBERED_MAX);
    while surplus > 0 {
        surplus -= 1;
        let Some((_, name)) = order.pop_first().map_err(storage(doing))? else {
            break;
        };
        scenes.remove(name.value()).map_err(storage(doing))?;
        forgotten += 1;
    }
    Ok(forgotten)
}

fn scenes_len(order: &redb::Table<'_, u64, &'static str>) -> Result<u64, SpoolError> {
    redb::ReadableTableMetadata::len(order).map_err(storage("noted a scene"))
}

/// What is remembered of `name`.
pub(super) fn recall(
    scenes: &impl ReadableTable<&'static str, &'static [u8]>,
    name: &str,
) -> Result<Option<SceneNote>, SpoolError> {
    let value = scenes.get(name).map_err(storage("looked up a scene"))?;
    let Some(guard) = value else {
        return Ok(None);
    };
    let [finished_at, bytes, _] = words_of(guard.value())
        .ok_or_else(|| SpoolError::Inconsistent(format!("the note on scene `{name}` has the wrong length")))?;
    Ok(Some(SceneNote {
        name: name.to_owned(),
        bytes,
        finished_at: UnixMs(finished_at as i64),
    }))
}

fn words_of(value: &[u8]) -> Option<[u64; WORDS]> {
    let mut words = [0; WORDS];
    if value.len() != VALUE_BYTES {
        return None;
    }
    for (word, bytes) in words.iter_mut().zip(value.chunks_exact(WORD_BYTES)) {
        *word = u64::from_le_bytes(bytes.try_into().ok()?);
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::{Usage, marks::Marks};

    #[test]
    fn beyond_the_limit_the_oldest_scenes_are_forgotten_and_counted() {
        let db = redb::Database::builder()
            .create_with_backend(redb::backends::InMemoryBackend::new())
            .unwrap();
        let txn = db.begin_write().unwrap();
        let mut state = State {
            marks: Marks::new(1),
            usage: Usage::default(),
        };
        let mut note = |number: u64| {
            let note = SceneNote {
                name: format!("scene-{number}"),
                bytes: number,
                finished_at: UnixMs(0),
            };
            remember(&txn, &mut state, &note).unwrap()
        };
        let forgotten: u64 = (0..SCENES_REMEMBERED_MAX).map(&mut note).sum();
        assert_eq!(forgotten, 0);
        // One that is noted again is the newest, and takes no second place.
        assert_eq!(note(0), 0);
        assert_eq!([note(SCENES_REMEMBERED_MAX), note(SCENES_REMEMBERED_MAX + 1)], [1, 1]);
        let scenes = txn.open_table(SCENES).unwrap();
        let known = |number: u64| recall(&scenes, &format!("scene-{number}")).unwrap().is_some();
        assert_eq!([known(0), known(1), known(2), known(3)], [true, false, false, true]);
    }
}
