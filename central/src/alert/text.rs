//! The paragraph of an alert, in plain English, from the same figures as the JSON; hedged as they are.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Alert, Kind, Signal};

/// The paragraph.
#[must_use]
pub fn paragraph(alert: &Alert, name: &dyn Fn(&str) -> String) -> String {
    let figures = Figures(alert);
    let mut text = match alert.kind {
        Kind::Coincidence => coincidence(alert, &figures, name),
        Kind::Surge => surge(alert, &figures, name),
        Kind::Slowdown => slowdown(alert, &figures, name),
        Kind::Voyage => voyage(&figures, name),
        Kind::Shift => shift(alert, &figures, name),
        Kind::Ledger => ledger(alert, &figures, name),
        Kind::DarkCount => dark_count(alert, &figures, name),
        Kind::Growth => growth(alert, &figures, name),
    };
    let looks = alert.evidence.len();
    let _ = write!(
        text,
        " Evidence: {looks} {}.",
        if looks == 1 { "look" } else { "looks" }
    );
    text
}

struct Figures<'a>(&'a Alert);

impl Figures<'_> {
    fn at(&self, path: &str) -> Option<&Value> {
        let mut parts = path.split('.');
        let first = self.0.details.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    }

    fn number(&self, path: &str) -> f64 {
        self.at(path).and_then(Value::as_f64).unwrap_or(0.0)
    }

    fn text(&self, path: &str) -> &str {
        self.at(path).and_then(Value::as_str).unwrap_or("")
    }

    /// The day of a time.
    fn day(&self, path: &str) -> String {
        self.text(path).chars().take(10).collect()
    }
}

fn day(at: quaywatch_protocol::contract::UnixMs) -> String {
    at.to_string().chars().take(10).collect()
}

/// A number as a person writes it: thousands set apart, no false precision.
fn plain(value: f64) -> String {
    if value.abs() >= 1000.0 {
        let digits = format!("{value:.0}");
        let mut out = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) && !out.ends_with('-') {
                out.push(',');
            }
            out.push(digit);
        }
        out
    } else if value.abs() >= 10.0 || value.fract().abs() < 1e-9 {
        format!("{value:.0}")
    } else if value.abs() >= 1.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// A number of things; units are named in the plural.
fn counted(value: f64, unit: &str) -> String {
    let number = plain(value);
    let unit = unit.strip_suffix('s').filter(|_| number == "1").unwrap_or(unit);
    format!("{number} {unit}")
}

fn chance(p: f64) -> String {
    if p < 0.001 {
        "less than 1 in 1,000".to_owned()
    } else if p < 0.1 {
        format!("about 1 in {}", plain((1.0 / p).round()))
    } else {
        format!("about {:.0} %", p * 100.0)
    }
}

fn how_often(per_year: f64) -> String {
    if per_year < 0.01 {
        "less than once in a hundred years".to_owned()
    } else if per_year < 0.5 {
        format!("about once in {} years", plain((1.0 / per_year).round()))
    } else {
        format!("about {} times a year", plain(per_year))
    }
}

fn signal(signal: &Signal) -> String {
    let usual = match signal.unit.as_str() {
        "calls" | "dark calls" => format!("{} expected", plain(signal.baseline)),
        _ => format!("median {}", plain(signal.baseline)),
    };
    let (from, to) = (day(signal.from), day(signal.to));
    let when = if from == to {
        format!("on {from}")
    } else {
        format!("from {from} to {to}")
    };
    format!(
        "{}: {} at {} {when} ({usual}, chance {})",
        signal.kind,
        counted(signal.value, &signal.unit),
        signal.zone,
        chance(signal.p)
    )
}

fn coincidence(alert: &Alert, figures: &Figures<'_>, name: &dyn Fn(&str) -> String) -> String {
    let kinds: Vec<_> = alert.signals.iter().map(|signal| signal.kind.as_str()).collect();
    let listed: Vec<_> = alert.signals.iter().map(signal).collect();
    format!(
        "Activity of {} kinds ({}) met at {} within {} days, each unusual for this site. {}. Chance alone would bring such a \
         coincidence here {}.",
        kinds.len(),
        kinds.join(", "),
        name(&alert.site),
        plain(figures.number("window_days")),
        listed.join("; "),
        how_often(alert.expected_false_per_site_year)
    )
}

fn surge(alert: &Alert, figures: &Figures<'_>, name: &dyn Fn(&str) -> String) -> String {
    if figures.text("of") == "rail" {
        return format!(
            "Rolling stock at {} ({}) rose to about {} {}, the highest in {} clear looks over {} days; usual is about {}, the highest \
             before was about {}. Since {}.",
            name(&alert.site),
            figures.text("zone"),
            plain(figures.number("observed")),
            figures.text("unit"),
            plain(figures.number("clear_looks")),
            plain(figures.number("days")),
            plain(figures.number("expected")),
            plain(figures.number("highest_before")),
            figures.day("from")
        );
    }
    format!(
        "More calls than usual at {} ({}): {} in {} days where about {} were expected, given {} clear looks; chance {}. Such a surge \
         would come by chance {}.",
        name(&alert.site),
        figures.text("zone"),
        plain(figures.number("observed")),
        plain(figures.number("days")),
        plain(figures.number("expected")),
        plain(figures.number("clear_looks")),
        chance(figures.number("p")),
        how_often(alert.expected_false_per_site_year)
    )
}

fn slowdown(alert: &Alert, figures: &Figures<'_>, name: &dyn Fn(&str) -> String) -> String {
    format!(
        "Fewer calls than usual may be coming to {} ({}): {} in {} days where about {} were expected from {} calls over {} days of \
         history. {} looks were clear enough to see one (about {} of {} days were watched), so clouds do not explain it. The \
         chance of so few is {}; such a lull would come by chance {}, so this is {}.",
        name(&alert.site),
        figures.text("zone"),
        plain(figures.number("observed")),
        plain(figures.number("days")),
        plain(figures.number("expected")),
        plain(figures.number("history_calls")),
        plain(figures.number("history_days")),
        plain(figures.number("clear_looks")),
        plain(figures.number("watched_days")),
        plain(figures.number("days")),
        chance(figures.number("p")),
        how_often(alert.expected_false_per_site_year),
        if alert.expected_false_per_site_year > 0.5 {
            "weak evidence: worth watching, no more"
        } else {
            "unlikely to be chance"
        }
    )
}

fn voyage(figures: &Figures<'_>, name: &dyn Fn(&str) -> String) -> String {
    let legs = figures.number("legs");
    let mut text = format!(
        "A hull of about {} m (± {} m), dark at one end at least, probably went from {} (left between {} and {}) to {} (arrived between \
         {} and {})",
        plain(figures.number("length_m")),
        plain(figures.number("length_sd_m").max(1.0)),
        name(figures.text("from")),
        figures.text("departed.earliest"),
        figures.text("departed.latest"),
        name(figures.text("to")),
        figures.text("arrived.earliest"),
        figures.text("arrived.latest"),
    );
    if legs > 1.0 {
        let _ = write!(
            text,
            "; {} legs so far by this hull or one like it (about {} of them the same hull), the last to {} by {}",
            plain(legs),
            plain(figures.number("legs_expected")),
            name(figures.text("last_leg.to")),
            figures.day("last_leg.arrived.latest")
        );
    } else {
        let _ = write!(
            text,
            "; probability {:.0} %",
            100.0 * figures.number("last_leg.probability")
        );
    }
    text.push('.');
    let (crossings, other_calls) = (figures.number("crossings"), figures.number("other_calls"));
    if other_calls > 0.0 && crossings > legs {
        let _ = write!(
            text,
            " {} more {} of a hull of this size, seen at one end only, suggest at least {} crossings in all.",
            plain(other_calls),
            if other_calls > 1.0 { "calls" } else { "call" },
            plain(crossings)
        );
    }
    text
}

fn shift(alert: &Alert, figures: &Figures<'_>, name: &dyn Fn(&str) -> String) -> String {
    format!(
        "At {} a dark hull of about {} m (± {} m) moved from {} (last seen {}) to {} (first seen {}) within one call; probability that it \
         is one hull {:.0} %.",
        name(&alert.site),
        plain(figures.number("length_m")),
        plain(figures.number("length_sd_m").max(1.0)),
        figures.text("from_zone"),
        figures.text("last_seen_at_first"),
        figures.text("to_zone"),
        figures.text("first_seen_at_second"),
        100.0 * figures.number("probability")
    )
}

fn ledger(alert: &Alert, figures: &Figures<'_>, name: &dyn Fn(&str) -> String) -> String {
    format!(
        "Dark tankers at {} have carried about {} {} in {} (90 % between {} and {}), from {} calls that were seen, about {} that clouds or \
         the revisit hid, and what analysts entered: {:.0} % of the cap of {}. The step of {:.0} % is passed. Volumes are estimated from hull \
         lengths.",
        name(&alert.site),
        plain(figures.number("quantity")),
        figures.text("unit"),
        figures.number("year"),
        plain(figures.number("interval.low")),
        plain(figures.number("interval.high")),
        plain(figures.number("tanker_calls")),
        plain(figures.number("unseen_calls")),
        100.0 * figures.number("share"),
        plain(figures.number("cap")),
        100.0 * figures.number("threshold")
    )
}

fn dark_count(alert: &Alert, figures: &Figures<'_>, name: &dyn Fn(&str) -> String) -> String {
    format!(
        "At {} {} calls were dark between {} and {}: AIS reception was proven and nothing matched. Of {} calls in the last {} days whose radio \
         could be judged {} were dark; receiver faults would explain about {} (chance {}).",
        name(&alert.site),
        plain(figures.number("count")),
        figures.day("from"),
        figures.day("to"),
        plain(figures.number("calls_with_radio_judged")),
        plain(figures.number("period_days")),
        plain(figures.number("in_period")),
        plain(alert.signals.first().map_or(0.0, |signal| signal.baseline)),
        chance(figures.number("p"))
    )
}

fn growth(alert: &Alert, figures: &Figures<'_>, name: &dyn Fn(&str) -> String) -> String {
    format!(
        "The stacked area at {} ({}) grew from about {} m² to about {} m², the largest in {} clear looks over {} days (largest before: {} m²). \
         Since {}.",
        name(&alert.site),
        figures.text("zone"),
        plain(figures.number("area_m2_before")),
        plain(figures.number("area_m2_after")),
        plain(figures.number("clear_looks")),
        plain(figures.number("days")),
        plain(figures.number("highest_before_m2")),
        figures.day("from")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_thing_is_no_plural() {
        let told = [
            (1.0, "dark calls"),
            (2.0, "calls"),
            (1.2, "cars"),
            (0.0, "calls"),
            (1.0, "m2"),
        ];
        assert_eq!(
            told.map(|(value, unit)| counted(value, unit)),
            ["1 dark call", "2 calls", "1.2 cars", "0 calls", "1 m2"]
        );
    }
}
