//! Rules under which a medley is judged.

use quaywatch_central::rules::Rules;

use crate::feed::chance::Chance;

/// Rules of every kind, whose bars are drawn around what the history of the same seed does.
///
/// # Errors
/// What is wrong with the rules: nothing.
pub fn rules(seed: u64) -> Result<Rules, String> {
    let mut chance = Chance::new(seed, &["medley", "rules"]);
    let mut between = |low: f64, high: f64| chance.between([low, high]);
    let mut text = format!(
        "[baseline]\nhistory_days_min = {:.0}\nclear_looks_min = {:.0}\nguard_days = {:.0}\nspan_days = {:.0}\n[calls]\nclear_visible = {:.2}\nrejoin_h = {:.0}\n",
        between(14.0, 40.0),
        between(6.0, 14.0),
        between(5.0, 12.0),
        between(80.0, 400.0),
        between(0.5, 0.8),
        between(30.0, 90.0),
    );
    let rules = [
        (
            "coincidence",
            format!(
                "signals = [\"dock\", \"rail\"]\nwindow_days = {:.0}\nfalse_per_year_max = {:.1}\ncooldown_days = {:.0}",
                between(4.0, 12.0),
                between(2.0, 40.0),
                between(5.0, 25.0)
            ),
        ),
        (
            "coincidence",
            format!(
                "signals = [\"dock\", \"storage\"]\nwindow_days = {:.0}\nfalse_per_year_max = 50.0\nlevel_z_min = {:.1}",
                between(4.0, 12.0),
                between(2.0, 4.0)
            ),
        ),
        (
            "surge",
            format!(
                "window_days = {:.0}\nratio_min = {:.2}\ncalls_false_per_year_max = {:.2}\nhistory_days_min = {:.0}\nlevel_z_min = {:.1}\nlevel_over_max = {:.2}\ncooldown_days = {:.0}",
                between(10.0, 30.0),
                between(1.2, 1.8),
                between(0.3, 4.0),
                between(25.0, 60.0),
                between(2.5, 5.0),
                between(1.05, 1.4),
                between(5.0, 40.0)
            ),
        ),
        (
            "slowdown",
            format!(
                "window_min_days = {:.0}\nexpected_min = {:.1}\nratio_max = {:.2}\nfalse_per_year_max = {:.1}\nberth_false_per_year_max = {:.1}\nhistory_days_min = {:.0}\ncooldown_days = {:.0}",
                between(8.0, 20.0),
                between(1.0, 3.0),
                between(0.3, 0.7),
                between(2.0, 9.0),
                between(0.5, 5.0),
                between(30.0, 60.0),
                between(5.0, 40.0)
            ),
        ),
        (
            "voyage",
            format!(
                "speed_min_kn = {:.1}\nsize_min_m = {:.0}\nprobability_min = {:.2}\nchain_gap_days = {:.0}",
                between(2.0, 6.0),
                between(30.0, 70.0),
                between(0.2, 0.5),
                between(10.0, 40.0)
            ),
        ),
        (
            "shift",
            format!(
                "gap_h_max = {:.0}\nsize_min_m = {:.0}\nprobability_min = {:.2}",
                between(30.0, 90.0),
                between(30.0, 70.0),
                between(0.3, 0.6)
            ),
        ),
        (
            "dark_count",
            format!(
                "counts = [2, 4, 8]\nperiod_days = {:.0}\np_max = {:.3}",
                between(30.0, 90.0),
                between(0.01, 0.3)
            ),
        ),
        (
            "ledger",
            format!(
                "cap = {:.0}\nshares = [0.25, 0.5, 1.0]\ncalls_min = 2\np_max = {:.3}",
                between(100_000.0, 900_000.0),
                between(0.01, 0.3)
            ),
        ),
        (
            "growth",
            format!(
                "z_min = {:.1}\nhistory_days_min = {:.0}\nover_max = {:.2}\nratio_min = {:.2}\narea_min_m2 = {:.0}\nlooks_min = {:.0}\ncooldown_days = {:.0}",
                between(1.5, 4.0),
                between(20.0, 60.0),
                between(1.02, 1.3),
                between(1.05, 1.3),
                between(50.0, 500.0),
                between(1.0, 3.4),
                between(5.0, 40.0)
            ),
        ),
    ];
    for (at, (kind, keys)) in rules.iter().enumerate() {
        text.push_str(&format!(
            "[[rule]]\nid = \"{kind}-{at}\"\nkind = \"{kind}\"\nseverity = \"watch\"\n{keys}\n"
        ));
    }
    Rules::from_toml(&text).map_err(|faults| format!("{faults:?}"))
}
