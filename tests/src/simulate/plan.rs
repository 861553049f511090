//! Which faults a seed has, and how strong: by swarm, so that every combination of a few comes up.

use crate::feed::chance::Chance;

/// Share of the seeds without tight spools whose spools are cramped.
const CRAMPED: f64 = 0.1;

/// Rates of faults. A rate of 0 means that the seed leaves the fault out.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Share of messages that vanish.
    pub loss: f64,
    /// Share of messages that come twice.
    pub double: f64,
    /// Share of messages that take minutes, and are overtaken.
    pub overtaken: f64,
    /// A station's network is cut, times a day.
    pub cuts_a_day: f64,
    /// Mean length of a cut, minutes.
    pub cut_mean_min: f64,
    /// The broker dies, times a day.
    pub broker_kills_a_day: f64,
    /// It forgets its queue when it dies.
    pub broker_forgets: bool,
    /// Clients are not told that it died.
    pub broker_silent: bool,
    /// Messages that the broker holds for central; the next ones are dropped.
    pub broker_queue_max: usize,
    /// A station's process dies, times a day.
    pub station_kills_a_day: f64,
    /// Share of these with the power lost.
    pub power: f64,
    /// A station's process dies within the next operations of its disk, times a day.
    pub mid_write_a_day: f64,
    /// Share of scenes after whose acceptance the process dies before it puts the file away.
    pub before_put_away: f64,
    /// A flush fails, times a day.
    pub sync_fails_a_day: f64,
    /// A station's disk fills up, times a day.
    pub full_a_day: f64,
    /// A byte of a spool flips while its process is down, times a day.
    pub rot_a_day: f64,
    /// An old copy of a data folder is put back, times a day.
    pub put_back_a_day: f64,
    /// A station's clock steps by up to a day, times a day.
    pub clock_steps_a_day: f64,
    /// Share of these steps to 1970.
    pub clock_dead: f64,
    /// Central's clock steps by up to an hour, times a day.
    pub central_steps_a_day: f64,
    /// Central dies at a batch with this probability, before its commit, within it, or after it before the acks.
    pub central_dies: [f64; 3],
    /// Central's process stays away for this long, minutes on average.
    pub central_away_mean_min: f64,
    /// Hostile messages, times a day.
    pub hostile_a_day: f64,
    /// Spools of the smallest size that may be configured, and a network that is mostly cut.
    pub tight: bool,
    /// Spools smaller than what may be on the way, and a central that is mostly away: what was sent fills them.
    pub cramped: bool,
}

impl Plan {
    /// No fault at all.
    #[must_use]
    pub fn calm() -> Self {
        Self {
            broker_queue_max: usize::MAX,
            central_away_mean_min: 1.0,
            ..Self::default()
        }
    }

    /// The plan of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut chance = Chance::new(seed, &["simulate", "plan"]);
        let mut maybe = |bounds: [f64; 2]| {
            let (on, value) = (chance.yes(0.5), chance.between(bounds));
            if on { value } else { 0.0 }
        };
        let mut plan = Self {
            loss: maybe([0.001, 0.2]),
            double: maybe([0.001, 0.2]),
            overtaken: maybe([0.001, 0.1]),
            cuts_a_day: maybe([1.0, 12.0]),
            cut_mean_min: maybe([1.0, 60.0]) + 1.0,
            broker_kills_a_day: maybe([1.0, 20.0]),
            broker_forgets: maybe([0.0, 1.0]) > 0.0,
            broker_silent: maybe([0.0, 1.0]) > 0.0,
            broker_queue_max: 0,
            station_kills_a_day: maybe([1.0, 20.0]),
            power: maybe([0.1, 1.0]),
            mid_write_a_day: maybe([1.0, 20.0]),
            before_put_away: maybe([0.001, 0.05]),
            sync_fails_a_day: maybe([0.5, 4.0]),
            full_a_day: maybe([0.5, 4.0]),
            rot_a_day: maybe([0.2, 3.0]) * maybe([0.5, 1.0]),
            put_back_a_day: maybe([0.2, 2.0]) * maybe([0.5, 1.0]),
            clock_steps_a_day: maybe([1.0, 8.0]),
            clock_dead: maybe([0.1, 0.5]),
            central_steps_a_day: maybe([0.5, 3.0]),
            central_dies: [maybe([0.001, 0.03]), maybe([0.001, 0.03]), maybe([0.001, 0.03])],
            central_away_mean_min: 1.0 + maybe([1.0, 120.0]),
            hostile_a_day: maybe([10.0, 200.0]),
            tight: maybe([0.0, 1.0]) > 0.6,
            cramped: false,
        };
        plan.broker_queue_max = if chance.yes(0.5) { 20 } else { 100_000 };
        if plan.tight {
            plan.cuts_a_day = plan.cuts_a_day.max(6.0);
            plan.cut_mean_min = 240.0;
        }
        plan.cramped = !plan.tight && chance.yes(CRAMPED);
        if plan.cramped {
            plan.central_dies = plan.central_dies.map(|at_a_batch: f64| at_a_batch.max(0.02));
            plan.central_away_mean_min = plan.central_away_mean_min.max(90.0);
        }
        plan
    }
}
