//! What each vessel said lately: a bounded number of vessels, a bounded number of positions each.

use std::collections::HashMap;

use quaywatch_protocol::contract::time::UnixMs;

use super::decode::{Heard, Kinematics, Particulars};

/// Vessels remembered: the busiest straits have about 5,000 within a receiver's reach.
pub const VESSELS_MAX: usize = 20_000;
/// Positions remembered of one vessel.
pub const FIXES_MAX: usize = 256;
/// Positions nearer in time than this replace each other unless the vessel moves, milliseconds: a moored ship says the same for days.
const FIX_SPACING_MS: i64 = 20_000;
/// How long a position is remembered before the newest one, milliseconds: scenes arrive hours after they were taken.
pub const MEMORY_MS: i64 = 36 * 3_600_000;
/// Silence that ends a span, milliseconds: a moored ship sends every three minutes, and one of two may be missed.
const SILENCE_MS: i64 = 400_000;
/// Spans remembered of one vessel.
const SPANS_MAX: usize = 32;
/// Faster than any ship, knots: between two fixes this is a jump.
const SPEED_MAX_KN: f64 = 60.0;
/// A jump shorter than this is noise of the receiver, metres.
const JUMP_MIN_M: f64 = 2_000.0;
/// Metres per second of a knot.
const KNOT_MPS: f64 = 0.514_444;

/// One position of a vessel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fix {
    /// When it was received.
    pub at: UnixMs,
    /// What it said.
    pub said: Kinematics,
}

/// What one vessel said.
#[derive(Clone, Debug, Default)]
pub struct Track {
    /// Positions by time.
    pub fixes: Vec<Fix>,
    /// What it is, when it said so.
    pub particulars: Option<Particulars>,
    /// When the track last jumped further than a ship can go.
    pub jumped_at: Option<UnixMs>,
    heard_at: UnixMs,
    /// Spans of time in which it was heard without a long silence, Unix milliseconds.
    spans: Vec<(i64, i64)>,
}

/// All vessels heard.
#[derive(Debug, Default)]
pub struct Tracks {
    vessels: HashMap<u32, Track>,
    /// Shore stations, with when they were last heard.
    shore: HashMap<u32, (UnixMs, (f64, f64))>,
    /// Vessels forgotten to make room.
    pub forgotten: u64,
}

impl Tracks {
    /// Takes what was heard at a time. Late sentences find their place.
    pub fn take(&mut self, at: UnixMs, heard: Heard) {
        match heard {
            Heard::Position(said) => {
                self.make_room(said.mmsi);
                let track = self.vessels.entry(said.mmsi).or_default();
                track.hear(at);
                track.insert(Fix { at, said });
            }
            Heard::Static(particulars) => {
                self.make_room(particulars.mmsi);
                let track = self.vessels.entry(particulars.mmsi).or_default();
                track.hear(at);
                track.learn(particulars);
            }
            Heard::Both(said, particulars) => {
                self.take(at, Heard::Position(said));
                self.take(at, Heard::Static(particulars));
            }
            Heard::Shore { mmsi, lonlat } => {
                if self.shore.len() < VESSELS_MAX || self.shore.contains_key(&mmsi) {
                    self.shore.insert(mmsi, (at, lonlat));
                }
            }
        }
    }

    /// Vessels with their tracks.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Track)> {
        self.vessels.iter().map(|(mmsi, track)| (*mmsi, track))
    }

    /// Shore stations heard: when, and where they are.
    pub fn shore(&self) -> impl Iterator<Item = (UnixMs, (f64, f64))> + '_ {
        self.shore.values().copied()
    }

    /// How many vessels are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.vessels.len()
    }

    /// True when nothing was heard yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.vessels.is_empty()
    }

    /// Forgets the vessels heard longest ago when there is no room for a new one: a tenth at a time, so that it costs little.
    fn make_room(&mut self, mmsi: u32) {
        if self.vessels.len() < VESSELS_MAX || self.vessels.contains_key(&mmsi) {
            return;
        }
        let mut times: Vec<UnixMs> = self.vessels.values().map(|track| track.heard_at).collect();
        let place = times.len() / 10;
        let limit = *times.select_nth_unstable(place).1;
        let before = self.vessels.len();
        self.vessels.retain(|_, track| track.heard_at > limit);
        self.forgotten += (before - self.vessels.len()) as u64;
    }
}

impl Track {
    /// True when the vessel was heard within `slack_ms` before and after an instant, or in a span around it.
    #[must_use]
    pub fn was_heard(&self, at: UnixMs, slack_ms: i64) -> bool {
        self.spans
            .iter()
            .any(|(from, to)| from - slack_ms <= at.0 && at.0 <= to + slack_ms)
    }

    fn hear(&mut self, at: UnixMs) {
        self.heard_at = self.heard_at.max(at);
        let near = self
            .spans
            .iter_mut()
            .find(|(from, to)| from.saturating_sub(SILENCE_MS) <= at.0 && at.0 <= to.saturating_add(SILENCE_MS));
        match near {
            Some((from, to)) => (*from, *to) = ((*from).min(at.0), (*to).max(at.0)),
            None => {
                if self.spans.len() >= SPANS_MAX {
                    self.spans.remove(0);
                }
                self.spans.push((at.0, at.0));
            }
        }
    }

    fn insert(&mut self, fix: Fix) {
        let place = self.fixes.partition_point(|other| other.at <= fix.at);
        let before = place.checked_sub(1).and_then(|before| self.fixes.get(before));
        if let Some(before) = before {
            if is_jump(before, &fix) {
                self.jumped_at = Some(self.jumped_at.map_or(fix.at, |at| at.max(fix.at)));
            }
            let still = metres_apart(before, &fix) < 15.0;
            let earlier = place.checked_sub(2).and_then(|earlier| self.fixes.get(earlier));
            // A vessel that lies still needs the first and the last of its equal positions only.
            let follows = earlier.is_some_and(|earlier| {
                fix.at.0 - earlier.at.0 < FIX_SPACING_MS || (still && metres_apart(earlier, &fix) < 15.0)
            });
            if follows && place == self.fixes.len() {
                self.fixes.pop();
                self.fixes.push(fix);
                return;
            }
        }
        self.fixes.insert(place, fix);
        let newest = self.fixes.last().map_or(fix.at, |last| last.at);
        let old = self
            .fixes
            .iter()
            .take_while(|old| newest.0 - old.at.0 > MEMORY_MS)
            .count();
        let excess = old.max(self.fixes.len().saturating_sub(FIXES_MAX));
        self.fixes.drain(..excess);
    }

    /// Takes over what is said; what a later report leaves out stays.
    fn learn(&mut self, new: Particulars) {
        let Some(known) = &mut self.particulars else {
            self.particulars = Some(new);
            return;
        };
        known.imo = new.imo.or(known.imo);
        known.name = new.name.or_else(|| known.name.take());
        if new.type_code != 0 {
            known.type_code = new.type_code;
        }
        known.length_m = new.length_m.or(known.length_m);
        known.beam_m = new.beam_m.or(known.beam_m);
        known.draught_m = new.draught_m.or(known.draught_m);
        known.antenna_m = new.antenna_m.or(known.antenna_m);
    }
}

/// True when no ship goes from one fix to the other in the time between.
fn is_jump(a: &Fix, b: &Fix) -> bool {
    let metres = metres_apart(a, b);
    let seconds = ((b.at.0 - a.at.0) as f64 / 1_000.0).max(1.0);
    metres > JUMP_MIN_M && metres / seconds > SPEED_MAX_KN * KNOT_MPS
}

fn metres_apart(a: &Fix, b: &Fix) -> f64 {
    apart_m((a.said.lon, a.said.lat), (b.said.lon, b.said.lat))
}

/// Metres between two places (longitude, latitude in degrees) on a sphere: right to half a percent.
#[must_use]
pub fn apart_m(a: (f64, f64), b: (f64, f64)) -> f64 {
    const RADIUS_M: f64 = 6_371_008.8;
    let (dlat, dlon) = ((b.1 - a.1).to_radians(), (b.0 - a.0).to_radians());
    let h = (dlat / 2.0).sin().powi(2) + a.1.to_radians().cos() * b.1.to_radians().cos() * (dlon / 2.0).sin().powi(2);
    2.0 * RADIUS_M * h.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(mmsi: u32, lon: f64, lat: f64) -> Heard {
        Heard::Position(Kinematics {
            mmsi,
            lon,
            lat,
            speed_kn: Some(0.0),
            course_deg: None,
            heading_deg: None,
            status: 5,
        })
    }

    #[test]
    fn a_moored_vessel_takes_two_positions_and_not_thousands() {
        let mut tracks = Tracks::default();
        for second in 0..10_000 {
            tracks.take(UnixMs(second * 10_000), said(1, 133.08, 42.75));
        }
        assert!(tracks.vessels[&1].fixes.len() <= 3);
        assert_eq!(tracks.vessels[&1].fixes.last().unwrap().at, UnixMs(99_990_000));
    }

    #[test]
    fn late_sentences_find_their_place() {
        let mut tracks = Tracks::default();
        for (minute, lon) in [(0, 133.0), (20, 133.2), (10, 133.1)] {
            tracks.take(UnixMs(minute * 60_000), said(1, lon, 42.75));
        }
        let times: Vec<i64> = tracks.vessels[&1].fixes.iter().map(|fix| fix.at.0 / 60_000).collect();
        assert_eq!(times, [0, 10, 20]);
    }

    #[test]
    fn a_jump_of_forty_kilometres_is_noticed() {
        let mut tracks = Tracks::default();
        tracks.take(UnixMs(0), said(1, 133.0, 42.75));
        tracks.take(UnixMs(60_000), said(1, 133.5, 42.75));
        assert_eq!(tracks.vessels[&1].jumped_at, Some(UnixMs(60_000)));
    }

    #[test]
    fn the_store_is_bounded_and_forgets_who_was_heard_longest_ago() {
        let mut tracks = Tracks::default();
        for mmsi in 0..(VESSELS_MAX as u32 + 5) {
            tracks.take(UnixMs(i64::from(mmsi)), said(mmsi, 10.0, 10.0));
        }
        assert!(tracks.len() <= VESSELS_MAX && tracks.forgotten > 0);
        assert!(tracks.vessels.contains_key(&(VESSELS_MAX as u32 + 4)) && !tracks.vessels.contains_key(&0));
    }
}
