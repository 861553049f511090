//! Rows of containers in aprons and storage areas: lanes along the zone's bearing, rows one after the other in each lane.

use std::collections::BTreeMap;

use quaywatch_protocol::contract::time::{DAY_MS, UnixMs};

use super::NoRoom;
use crate::feed::{
    chance::Chance,
    colour::Colour,
    place::{Line, Place},
    script::{Script, Stack, StackTraffic},
};

/// Width of a container, with the gap to the next, metres (ISO 668: 2.438 m).
pub const CONTAINER_WIDTH_M: f64 = 2.5;
/// Height of a container, metres (ISO 668: 2.591 m).
pub const CONTAINER_HEIGHT_M: f64 = 2.6;
/// From one lane to the next, metres: four containers and a passage for the loader.
pub const LANE_PITCH_M: f64 = 13.0;
/// Metres free between rows, and at the ends of a lane.
pub const ROW_GAP_M: f64 = 6.0;

/// A row for a time.
#[derive(Clone, Debug)]
pub struct Row {
    /// Zone id.
    pub zone: String,
    /// Appears.
    pub from: UnixMs,
    /// Is gone.
    pub to: UnixMs,
    /// Lane, from the left of the zone's bearing.
    pub lane: usize,
    /// From the start of the lane, metres.
    pub start_m: f64,
    /// Length, metres.
    pub length_m: f64,
    /// Containers side by side.
    pub wide: u32,
    /// Containers one above the other.
    pub high: u32,
    /// Colour.
    pub colour: [u8; 3],
}

type Lanes = BTreeMap<(String, String), Vec<Line>>;

pub(super) fn fill(
    script: &Script,
    places: &BTreeMap<String, Place>,
    seed: u64,
) -> Result<BTreeMap<String, Vec<Row>>, NoRoom> {
    let mut lanes = Lanes::new();
    for (site, place) in places {
        for zone in place.site.zones.iter().filter(|zone| Place::holds_stacks(zone.kind)) {
            let Some(rectangle) = place.rectangle(zone) else {
                continue;
            };
            let count = (rectangle.half_width_m * 2.0 / LANE_PITCH_M).floor().max(1.0) as usize;
            let length_m = rectangle.half_length_m * 2.0 - 2.0 * ROW_GAP_M;
            lanes.insert((site.clone(), zone.id.clone()), vec![Line::new(length_m); count]);
        }
    }
    let mut rows: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for (index, stack) in script.stack.iter().enumerate() {
        let mut chance = Chance::new(seed, &["stack", &index.to_string()]);
        let made = scripted(stack, &mut lanes, &mut chance)?;
        rows.entry(stack.site.get_ref().clone()).or_default().extend(made);
    }
    for (index, traffic) in script.stack_traffic.iter().enumerate() {
        let mut chance = Chance::new(seed, &["stack-traffic", &index.to_string()]);
        let made = background(script, traffic, &mut lanes, &mut chance);
        rows.entry(traffic.site.get_ref().clone()).or_default().extend(made);
    }
    Ok(rows)
}

fn fit(lanes: &mut [Line], from: UnixMs, to: UnixMs, length_m: f64) -> Option<(usize, f64)> {
    lanes
        .iter_mut()
        .enumerate()
        .find_map(|(lane, line)| Some((lane, line.fit(from.0, to.0, length_m, ROW_GAP_M, 0.0)?)))
}

fn scripted(stack: &Stack, lanes: &mut Lanes, chance: &mut Chance) -> Result<Vec<Row>, NoRoom> {
    let (site, zone) = (stack.site.get_ref(), stack.zone.get_ref());
    let hint = stack.colour.as_ref().and_then(|text| Colour::parse(text.get_ref()));
    let colour = hint.unwrap_or_else(|| Colour::of_containers(chance)).0;
    let day = DAY_MS as f64;
    (0..stack.rows)
        .map(|index| {
            let share = f64::from(index) / f64::from(stack.rows.max(1));
            let from = stack.from.0.plus_ms((share * stack.grow_days * day) as i64);
            let to = stack.to.0.plus_ms((share * stack.clear_days * day) as i64);
            let room = lanes.get_mut(&(site.clone(), zone.clone()));
            let (lane, start_m) = room
                .and_then(|lanes| fit(lanes, from, to, stack.row_m))
                .ok_or_else(|| NoRoom {
                    what: format!("row {} of a stack", index + 1),
                    site: site.clone(),
                    zone: zone.clone(),
                    from,
                    problem: format!("no lane has {} m free", stack.row_m),
                })?;
            Ok(Row {
                zone: zone.clone(),
                from,
                to,
                lane,
                start_m,
                length_m: stack.row_m,
                wide: stack.wide,
                high: stack.high,
                colour,
            })
        })
        .collect()
}

/// A birth-and-death process between the two bounds: at each change a row comes or goes.
fn background(script: &Script, traffic: &StackTraffic, lanes: &mut Lanes, chance: &mut Chance) -> Vec<Row> {
    let (site, zone) = (traffic.site.get_ref(), traffic.zone.get_ref());
    let Some(lanes) = lanes.get_mut(&(site.clone(), zone.clone())) else {
        return Vec::new();
    };
    let [low, high] = traffic.rows;
    let (start, end) = (script.from.0, script.to.0);
    // First the lives of rows, then their places: a place needs to know how long it is taken.
    let mut lives: Vec<(UnixMs, UnixMs)> = Vec::new();
    let mut present: Vec<UnixMs> = vec![start; ((low + high) / 2) as usize];
    let mut at = start.plus_ms((chance.exponential(traffic.change_days) * DAY_MS as f64) as i64);
    while at < end {
        let count = present.len() as u32;
        let comes = count <= low || (count < high && chance.yes(0.5));
        if comes {
            present.push(at);
        } else if !present.is_empty() {
            let gone = present.remove(chance.whole([0, count - 1]) as usize);
            lives.push((gone, at));
        }
        at = at.plus_ms((chance.exponential(traffic.change_days) * DAY_MS as f64).max(60_000.0) as i64);
    }
    lives.extend(present.into_iter().map(|from| (from, end)));
    lives.sort_unstable();
    lives
        .into_iter()
        .filter_map(|(from, to)| {
            let length_m = chance.between(traffic.row_m).round();
            let colour = Colour::of_containers(chance).0;
            let high = chance.whole([1, 3]);
            let (lane, start_m) = fit(lanes, from, to, length_m)?;
            Some(Row {
                zone: zone.clone(),
                from,
                to,
                lane,
                start_m,
                length_m,
                wide: traffic.wide,
                high,
                colour,
            })
        })
        .collect()
}
