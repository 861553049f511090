//! Calls and exposure, look by look, from plain lists.

use quaywatch_protocol::contract::{
    look::{Ais, AisFlag, Look, Vessel, VesselClass},
    site::{Site, ZoneKind},
};

use super::{DAY, HOUR};

/// A sighting that counts.
#[derive(Clone, Debug)]
struct Sighting {
    zone: String,
    place: (f64, f64),
    length: (f64, f64),
    beam: Option<(f64, f64)>,
    confidence: f64,
    class: VesselClass,
    ais: Ais,
    mmsi: Option<u32>,
    flagged: bool,
}

/// A stay.
#[derive(Clone, Debug)]
pub struct Call {
    /// Zone.
    pub zone: String,
    /// Its kind.
    pub kind: ZoneKind,
    sightings: Vec<Sighting>,
    absent: Option<i64>,
    /// First sighting.
    pub first: i64,
    /// Last sighting.
    pub last: i64,
    missed: Option<i64>,
    last_miss: Option<i64>,
    misses: u32,
    departed: bool,
    none: f64,
    surest_now: f64,
    /// First two looks.
    pub looks: Vec<String>,
}

/// A call that is over, as an exposure counts it.
#[derive(Clone, Debug)]
pub struct Past {
    /// The call.
    pub call: Call,
    /// Days of its stay, at most eight.
    pub stay_days: f64,
}

fn weighted(of: impl Iterator<Item = (f64, f64)>, floor: f64) -> Option<(f64, f64)> {
    let (mut weight, mut sum) = (0.0, 0.0);
    for (value, sd) in of {
        weight += 1.0 / (sd * sd);
        sum += value / (sd * sd);
    }
    (weight > 0.0).then(|| (sum / weight, (1.0 / weight + floor * floor).sqrt()))
}

impl Call {
    /// Length and its error.
    pub fn length(&self) -> (f64, f64) {
        weighted(self.sightings.iter().map(|each| each.length), 2.5).unwrap_or_default()
    }

    fn beam(&self) -> Option<(f64, f64)> {
        weighted(self.sightings.iter().filter_map(|each| each.beam), 1.5)
    }

    fn mmsi(&self) -> Option<u32> {
        self.sightings.iter().find_map(|each| each.mmsi)
    }

    /// Probability that there was a vessel.
    pub fn existence(&self) -> f64 {
        1.0 - self.none
    }

    /// Dark, by the votes of its looks.
    pub fn dark(&self) -> bool {
        let dark = self
            .sightings
            .iter()
            .filter(|each| each.ais == Ais::Dark && !each.flagged)
            .count();
        let matched = self.sightings.iter().filter(|each| each.ais == Ais::Matched).count();
        dark > 2 * matched && !self.sightings.iter().any(|each| each.flagged)
    }

    /// A tanker's call.
    pub fn tanker(&self) -> bool {
        let votes_of = |class: VesselClass| {
            let sightings = self.sightings.iter().filter(|each| each.class == class);
            sightings.fold(0.0_f32, |votes, each| votes + each.confidence as f32)
        };
        let mut best = (VesselClass::Vessel, 0.0_f32);
        for class in VesselClass::ALL
            .into_iter()
            .filter(|class| *class != VesselClass::Vessel)
        {
            let votes = votes_of(class);
            if votes > best.1 {
                best = (class, votes);
            }
        }
        if self.kind == ZoneKind::OilBerth {
            best.1 - votes_of(VesselClass::Tanker) < 1.2
        } else {
            // Both sites of this reference have an oil berth.
            let others = VesselClass::ALL.into_iter();
            let others = others.filter(|class| !matches!(class, VesselClass::Vessel | VesselClass::Tanker));
            votes_of(VesselClass::Tanker) - others.map(votes_of).fold(0.0, f32::max) >= 1.2
        }
    }

    fn stay_days(&self) -> f64 {
        let half = |gap: Option<i64>| gap.map_or(0.5, |gap| (gap as f64 / DAY / 2.0).min(2.0));
        (self.last - self.first) as f64 / DAY
            + half(self.absent.map(|absent| self.first - absent))
            + half(self.missed.map(|missed| missed - self.last))
    }

    fn add(&mut self, at: i64, look: &str, sighting: Sighting) {
        let confidence = sighting.confidence;
        if !self.sightings.is_empty() && ((at - self.last) as f64) < 3.0 * HOUR {
            if confidence > self.surest_now {
                self.none *= (1.0 - confidence) / (1.0 - self.surest_now);
                self.surest_now = confidence;
            }
        } else {
            self.none *= 1.0 - confidence;
            self.surest_now = confidence;
        }
        self.last = at;
        self.missed = None;
        self.misses = 0;
        if self.looks.len() < 2 {
            self.looks.push(look.to_owned());
        }
        self.sightings.push(sighting);
    }

    fn distance(&self, sighting: &Sighting) -> Option<f64> {
        if let (Some(ours), Some(theirs)) = (self.mmsi(), sighting.mmsi)
            && ours != theirs
        {
            return None;
        }
        let heard = self.sightings.iter().any(|each| each.ais == Ais::Matched)
            && !self.sightings.iter().any(|each| each.ais == Ais::Dark && !each.flagged);
        if heard && self.missed.is_some() && sighting.ais == Ais::Dark && !sighting.flagged {
            return None;
        }
        let apart = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0) / a.1.hypot(b.1);
        let one = |value: (f64, f64), floor: f64| weighted([value].into_iter(), floor).unwrap_or_default();
        let length = apart(self.length(), one(sighting.length, 2.5));
        let beam = self
            .beam()
            .zip(sighting.beam)
            .map(|(ours, theirs)| apart(ours, one(theirs, 1.5)));
        if length.abs() > 3.5 || beam.is_some_and(|beam| beam.abs() > 3.5) {
            return None;
        }
        let here = self.sightings.first().map_or(sighting.place, |first| first.place);
        let north = (here.0 - sighting.place.0) * 111_320.0;
        let east = (here.1 - sighting.place.1) * 111_320.0 * here.0.to_radians().cos();
        let metres = north.hypot(east);
        if metres > 1.5 * self.length().0 + 150.0 {
            return None;
        }
        let same = self.mmsi().is_some() && self.mmsi() == sighting.mmsi;
        Some(
            length * length + beam.map_or(0.0, |beam| beam * beam) + (metres / 60.0).powi(2)
                - if same { 20.0 } else { 0.0 },
        )
    }
}

fn sighting(vessel: &Vessel) -> Option<Sighting> {
    let zone = vessel.zone.clone()?;
    if vessel.confidence < 0.25 || vessel.length_m < 25.0 {
        return None;
    }
    let sd = vessel.length_sd_m.unwrap_or(0.07 * vessel.length_m).max(3.0);
    let beam = vessel.beam_m.filter(|beam| *beam < vessel.length_m);
    Some(Sighting {
        zone,
        place: (vessel.lat, vessel.lon),
        length: (vessel.length_m, sd),
        beam: beam.map(|beam| (beam, vessel.beam_sd_m.unwrap_or(0.12 * beam).max(2.0))),
        confidence: vessel.confidence.min(0.999),
        class: vessel.class,
        ais: vessel.ais,
        mmsi: vessel.mmsi.filter(|_| vessel.ais == Ais::Matched),
        flagged: vessel.ais_flags.iter().any(|flag| *flag != AisFlag::TypeMismatch),
    })
}

/// True when the look saw the zone clearly.
pub fn clear(look: &Look, zone: &str) -> bool {
    look.zones.iter().any(|seen| seen.zone == zone && seen.visible >= 0.7)
}

/// Calls of one site after some looks.
#[derive(Clone, Debug, Default)]
pub struct Berths {
    /// Not over for long.
    pub live: Vec<Call>,
    /// Over.
    pub past: Vec<Past>,
    /// The last look changed something.
    pub changed: bool,
}

impl Berths {
    /// Applies the look at `at`; `all` are all looks that are known, with their times.
    pub fn apply(&mut self, site: &Site, at: i64, id: &str, look: &Look, all: &[(i64, String, &Look)]) {
        self.changed = false;
        for call in &mut self.live {
            if !call.departed && call.missed.is_some() && (at - call.last) as f64 > 72.0 * HOUR {
                call.departed = true;
                self.changed = true;
            }
        }
        let kind = |zone: &str| site.zones.iter().find(|each| each.id == zone).map(|each| each.kind);
        let sightings: Vec<Sighting> = look.vessels.iter().filter_map(sighting).collect();
        let mut pairs = Vec::new();
        for (vessel, seen) in sightings.iter().enumerate() {
            for (index, call) in self.live.iter().enumerate() {
                if call.zone == seen.zone && !call.departed {
                    pairs.extend(call.distance(seen).map(|distance| (distance, vessel, index)));
                }
            }
        }
        pairs.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        let mut taken: Vec<(usize, usize)> = Vec::new();
        for (_, vessel, index) in pairs {
            if !taken.iter().any(|pair| pair.0 == vessel || pair.1 == index) {
                taken.push((vessel, index));
            }
        }
        let before = self.live.len();
        for (vessel, seen) in sightings.into_iter().enumerate() {
            let Some(kind) = kind(&seen.zone).filter(|kind| kind.is_berth() || *kind == ZoneKind::Anchorage) else {
                continue;
            };
            self.changed = true;
            if let Some((_, index)) = taken.iter().find(|pair| pair.0 == vessel) {
                self.live[*index].add(at, id, seen);
                continue;
            }
            let absent = all
                .iter()
                .filter(|(other, _, look)| *other < at && clear(look, &seen.zone))
                .map(|(other, ..)| *other)
                .max();
            let mut call = Call {
                zone: seen.zone.clone(),
                kind,
                sightings: Vec::new(),
                absent,
                first: at,
                last: at,
                missed: None,
                last_miss: None,
                misses: 0,
                departed: false,
                none: 1.0,
                surest_now: 0.0,
                looks: Vec::new(),
            };
            call.add(at, id, seen);
            self.live.push(call);
        }
        for (index, call) in self.live.iter_mut().enumerate().take(before) {
            if call.departed || !clear(look, &call.zone) || taken.iter().any(|pair| pair.1 == index) {
                continue;
            }
            self.changed = true;
            let near = |other: i64| ((at - other) as f64) < 3.0 * HOUR;
            if near(call.last) || call.last_miss.is_some_and(near) {
                continue;
            }
            call.last_miss = Some(at);
            call.missed = call.missed.or(Some(at));
            call.misses += 1;
            call.departed |= call.misses >= 2;
        }
        self.settle(at);
    }

    fn settle(&mut self, at: i64) {
        let until = at as f64 - 30.0 * DAY;
        let (over, live): (Vec<Call>, Vec<Call>) = self.live.drain(..).partition(|call| {
            let last = call.last as f64;
            (call.departed && last <= until) || last <= until - 200.0 * DAY
        });
        self.live = live;
        for call in over {
            if call.kind.is_berth() && call.existence() >= 0.7 - 1e-9 {
                let stay_days = call.stay_days().min(8.0);
                self.past.push(Past { call, stay_days });
            }
        }
    }

    /// The calls that count, at berths, in the order of their first sighting.
    pub fn counted(&self) -> Vec<&Call> {
        let counts = |call: &&Call| call.kind.is_berth() && call.existence() >= 0.7 - 1e-9;
        let mut all: Vec<&Call> = self.past.iter().map(|past| &past.call).collect();
        all.sort_by_key(|call| call.first);
        let mut live: Vec<&Call> = self.live.iter().filter(counts).collect();
        live.sort_by_key(|call| call.first);
        all.extend(live);
        all
    }

    /// How far back a look reaches at berths of a kind, days.
    pub fn reach_days(&self, kind: ZoneKind) -> f64 {
        let stays = self.past.iter().filter(|past| past.call.kind == kind);
        let (sum, count) = stays.fold((6.0, 3.0), |(sum, count), past| (sum + past.stay_days, count + 1.0));
        let wanted = 0.5 * sum / count;
        let mut best = 0.125;
        for slot in [0.35, 1.0, 2.0, 4.0, 8.0_f64] {
            if (slot.ln() - wanted.ln()).abs() < (f64::ln(best) - wanted.ln()).abs() {
                best = slot;
            }
        }
        best
    }
}
