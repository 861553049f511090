//! Judging alerts: does an expectation of the script hold? Alerts are read as the outside contract writes them, as JSON.

use quaywatch_protocol::contract::time::UnixMs;
use serde_json::Value;

use crate::feed::script::{DetailBounds, Expect};

/// What became of one expectation.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// True when it holds.
    pub held: bool,
    /// Alerts that match.
    pub count: usize,
    /// When the first of them opened.
    pub opened: Option<UnixMs>,
    /// Their number or numbers, where the expectation names one.
    pub numbers: Vec<f64>,
}

/// Judges one expectation; with `forbidden` it is what must not come more often than `count_max` (0 when absent).
#[must_use]
pub fn judge(expect: &Expect, alerts: &[Value], forbidden: bool) -> Verdict {
    let candidates: Vec<&Value> = alerts.iter().filter(|alert| matches(expect, alert)).collect();
    let number = |alert: &&Value| expect.detail.as_ref().and_then(|detail| number_at(alert, &detail.path));
    let numbers: Vec<f64> = candidates.iter().filter_map(number).collect();
    let (matching, total_holds): (Vec<&Value>, bool) = match &expect.detail {
        Some(detail) if detail.total => (candidates, within(detail, numbers.iter().sum())),
        Some(detail) => (
            candidates
                .into_iter()
                .filter(|alert| number(alert).is_some_and(|number| within(detail, number)))
                .collect(),
            true,
        ),
        None => (candidates, true),
    };
    let count = matching.len();
    let least = expect.count_min.map_or(usize::from(!forbidden), |count| count as usize);
    let most = expect
        .count_max
        .map_or(if forbidden { 0 } else { usize::MAX }, |count| count as usize);
    Verdict {
        held: total_holds && (least..=most).contains(&count),
        count,
        opened: matching.iter().filter_map(|alert| time_of(alert)).min(),
        numbers,
    }
}

fn matches(expect: &Expect, alert: &Value) -> bool {
    let text = |key: &str| alert.get(key).and_then(Value::as_str).unwrap_or_default();
    let is_at = |site: &str| {
        let sites = alert.get("sites").and_then(Value::as_array);
        text("site") == site || sites.is_some_and(|sites| sites.iter().any(|each| each.as_str() == Some(site)))
    };
    let signals: Vec<&str> = alert
        .get("signals")
        .and_then(Value::as_array)
        .map(|signals| {
            signals
                .iter()
                .filter_map(|signal| signal.get("kind").and_then(Value::as_str))
                .collect()
        })
        .unwrap_or_default();
    let opened = time_of(alert);
    (expect.kind == "*" || expect.kind == text("kind"))
        && expect.rule.as_ref().is_none_or(|rule| rule == text("rule"))
        && expect.site.iter().chain(&expect.also).all(|site| is_at(site.get_ref()))
        && expect.from.is_none_or(|from| opened.is_some_and(|at| from.0 <= at))
        && expect.to.is_none_or(|to| opened.is_some_and(|at| at < to.0))
        && expect.signals.iter().all(|kind| signals.contains(&kind.as_str()))
        && (expect.severity.is_empty() || expect.severity.iter().any(|severity| severity == text("severity")))
}

fn time_of(alert: &Value) -> Option<UnixMs> {
    UnixMs::parse(alert.get("opened_at")?.as_str()?).ok()
}

/// A number under `details`, by dotted path; lists and objects count by their length.
fn number_at(alert: &Value, path: &str) -> Option<f64> {
    let details = alert.get("details")?;
    let found = path.split('.').try_fold(details, |value, key| value.get(key))?;
    match found {
        Value::Array(items) => Some(items.len() as f64),
        Value::Object(entries) => Some(entries.len() as f64),
        other => other.as_f64(),
    }
}

fn within(detail: &DetailBounds, number: f64) -> bool {
    detail.min.is_none_or(|least| number >= least) && detail.max.is_none_or(|most| number <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expect(text: &str) -> Expect {
        toml::from_str(text).unwrap()
    }

    fn alerts() -> Vec<Value> {
        serde_json::from_str(
            r#"[{"kind":"voyage","site":"a","sites":["a","b"],"opened_at":"2024-03-13T02:00:00Z","details":{"legs":[1,2,3]}},
                {"kind":"coincidence","site":"a","sites":["a"],"opened_at":"2024-03-14T02:00:00Z","severity":"critical",
                 "signals":[{"kind":"dock"},{"kind":"rail"}],"details":{}}]"#,
        )
        .unwrap()
    }

    #[test]
    fn an_alert_within_window_site_and_signals_is_found() {
        let wanted = expect("kind='coincidence'\nsite='a'\nfrom=2024-03-14\nto=2024-03-15\nsignals=['dock','rail']");
        let verdict = judge(&wanted, &alerts(), false);
        assert!(verdict.held && verdict.count == 1, "{verdict:?}");
        assert!(!judge(&expect("kind='coincidence'\nsignals=['tanker']"), &alerts(), false).held);
        assert!(!judge(&expect("kind='coincidence'\nto=2024-03-14"), &alerts(), false).held);
        assert!(judge(&expect("kind='voyage'\nsite='a'\nalso='b'"), &alerts(), false).held);
        assert!(!judge(&expect("kind='voyage'\nsite='a'\nalso='c'"), &alerts(), false).held);
    }

    #[test]
    fn what_is_forbidden_must_not_come_more_often_than_allowed() {
        assert!(!judge(&expect("kind='*'"), &alerts(), true).held);
        assert!(judge(&expect("kind='*'\ncount_max=2"), &alerts(), true).held);
        assert!(judge(&expect("kind='surge'"), &alerts(), true).held);
    }

    #[test]
    fn numbers_in_the_details_are_bounded_each_or_in_sum() {
        assert!(judge(&expect("kind='voyage'\ndetail={path='legs',min=3}"), &alerts(), false).held);
        assert!(!judge(&expect("kind='voyage'\ndetail={path='legs',min=4}"), &alerts(), false).held);
        assert!(
            judge(
                &expect("kind='voyage'\ndetail={path='legs',min=3,total=true}"),
                &alerts(),
                false
            )
            .held
        );
    }
}
