//! The window rule, by brute force: keep everything, sort nothing, look again at all of it.

use std::collections::{BTreeMap, BTreeSet};

/// One event: time in milliseconds, site, kind (`dock`, `rail`, `tanker`), level.
pub type Plain = (i64, u32, &'static str, u32);

/// The windows (site, start) that alert, and how many events were late.
#[must_use]
pub fn alerts(
    events: &[Plain],
    window_ms: i64,
    lateness_ms: i64,
    dock_above: u32,
    rail_above: u32,
) -> (BTreeSet<(u32, i64)>, u64) {
    let mut newest: BTreeMap<u32, i64> = BTreeMap::new();
    let mut kept: BTreeMap<(u32, i64), Vec<Plain>> = BTreeMap::new();
    let mut late = 0;
    for event in events {
        let (at_ms, site, ..) = *event;
        let start_ms = at_ms.div_euclid(window_ms) * window_ms;
        let seen = newest.get(&site).copied().map_or(at_ms, |seen| seen.max(at_ms));
        newest.insert(site, seen);
        if start_ms + window_ms <= seen - lateness_ms {
            late += 1;
        } else {
            kept.entry((site, start_ms)).or_default().push(*event);
        }
    }
    let largest =
        |events: &[Plain], kind: &str| events.iter().filter(|event| event.2 == kind).map(|event| event.3).max();
    let alerting = kept.iter().filter(|(_, events)| {
        largest(events, "dock").is_some_and(|level| level > dock_above)
            && largest(events, "rail").is_some_and(|level| level > rail_above)
            && largest(events, "tanker").is_some_and(|level| level > 0)
    });
    (alerting.map(|(window, _)| *window).collect(), late)
}
