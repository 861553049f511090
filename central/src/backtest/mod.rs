//! Back-test: years of looks through the correlator, and what came out against what was stated and published.

pub mod calibration;
mod plot;

use std::{fmt::Write as _, sync::Arc};

use quaywatch_protocol::contract::{Look, UnixMs, time::DAY_MS};

use self::calibration::Calibration;
use crate::{
    alert::{Alert, State},
    correlate::SiteBook,
    replay::{self, Outcome},
    rules::Rules,
};

/// Looks before this many days of a site's history are learning: alerts then are listed, but not counted as a rate.
const LEARNING_DAYS: f64 = 90.0;

/// What a back-test found.
#[derive(Debug)]
pub struct Report {
    outcome: Outcome,
    sites: Vec<SiteSpan>,
    published: Option<UnixMs>,
    calibration: Calibration,
}

/// The looks of one site.
#[derive(Debug)]
struct SiteSpan {
    id: String,
    looks: usize,
    from: UnixMs,
    to: UnixMs,
}

impl SiteSpan {
    fn judged_years(&self) -> f64 {
        (self.to.days_since(self.from) - LEARNING_DAYS).max(0.0) / 365.25
    }
}

/// Runs all looks; `published` is the date lead times are counted to.
#[must_use]
pub fn run(book: Arc<SiteBook>, rules: Rules, looks: Vec<Look>, published: Option<UnixMs>) -> Report {
    let mut sites: Vec<SiteSpan> = Vec::new();
    for look in &looks {
        let at = look.acquired_at;
        match sites.iter_mut().find(|site| site.id == look.site) {
            Some(site) => {
                site.looks += 1;
                site.from = site.from.min(at);
                site.to = site.to.max(at);
            }
            None => sites.push(SiteSpan {
                id: look.site.clone(),
                looks: 1,
                from: at,
                to: at,
            }),
        }
    }
    sites.sort_by(|a, b| a.id.cmp(&b.id));
    let mut calibration = Calibration::default();
    let outcome = replay::watched(book, rules, looks, None, &mut |engine, look, changes| {
        calibration.look(engine, look, changes);
    });
    Report {
        outcome,
        sites,
        published,
        calibration,
    }
}

impl Report {
    /// The alerts.
    #[must_use]
    pub fn alerts(&self) -> &[Alert] {
        &self.outcome.alerts
    }

    /// Kinds, each with its alerts, judged site-years, alerts a site-year and the mean of what the alerts stated.
    fn rates(&self) -> Vec<(String, usize, f64, f64, f64)> {
        let years: f64 = self.sites.iter().map(SiteSpan::judged_years).sum();
        let mut kinds: Vec<String> = self.alerts().iter().map(kind).collect();
        kinds.sort();
        kinds.dedup();
        (kinds.into_iter())
            .map(|each| {
                let judged: Vec<&Alert> = (self.alerts().iter())
                    .filter(|alert| kind(alert) == each && self.is_judged(alert))
                    .collect();
                let stated = judged
                    .iter()
                    .map(|alert| alert.expected_false_per_site_year)
                    .sum::<f64>()
                    / judged.len().max(1) as f64;
                let rate = if years > 0.0 { judged.len() as f64 / years } else { 0.0 };
                (each, judged.len(), years, rate, stated)
            })
            .collect()
    }

    fn is_judged(&self, alert: &Alert) -> bool {
        (self.sites.iter())
            .find(|site| site.id == alert.site)
            .is_some_and(|site| alert.opened_at.days_since(site.from) >= LEARNING_DAYS)
    }

    /// The report as one HTML page that needs nothing else.
    #[must_use]
    pub fn html(&self) -> String {
        let mut page = String::from(HEAD);
        let counts = &self.outcome.counts;
        let _ = write!(
            page,
            "<p>{} looks applied, {} duplicates, {} quarantined, {} too late; {} alerts at {} sites.</p>",
            counts.applied,
            counts.duplicates,
            counts.future,
            counts.too_late,
            self.alerts().len(),
            self.sites.len()
        );
        page.push_str("<h2>Alerts on a timeline</h2>");
        let spans: Vec<plot::Row<'_>> = (self.sites.iter())
            .map(|site| plot::Row {
                name: &site.id,
                from: site.from,
                to: site.to,
            })
            .collect();
        page.push_str(&plot::timeline(&spans, self.alerts(), self.published));
        page.push_str("<h2>Rates</h2><p>Whether an alert is false only a person can say: where nothing happened, all are. Alerts of a site's first 90 days are learning and not counted.</p>");
        page.push_str("<table><tr><th>kind</th><th>alerts</th><th>site-years</th><th>a site-year</th><th>stated by chance, mean</th></tr>");
        for (kind, alerts, years, rate, stated) in self.rates() {
            let _ = write!(
                page,
                "<tr><td>{kind}</td><td>{alerts}</td><td>{years:.1}</td><td>{rate:.2}</td><td>{stated:.2}</td></tr>"
            );
        }
        page.push_str("</table>");
        page.push_str(&calibration_html(&self.calibration));
        page.push_str("<h2>Alerts</h2><table><tr><th>opened</th><th>kind</th><th>sites</th><th>severity</th><th>state</th><th>lead</th><th>what it says</th></tr>");
        for alert in self.alerts() {
            let lead = self.published.map_or_else(String::new, |published| {
                format!("{:.1} d", published.days_since(alert.opened_at))
            });
            let state = match alert.state {
                State::Open => "open",
                State::Acknowledged => "acknowledged",
                State::Closed => "withdrawn",
            };
            let _ = write!(
                page,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{state}</td><td>{lead}</td><td>{}</td></tr>",
                alert.opened_at,
                kind(alert),
                escaped(&alert.sites.join(", ")),
                alert.severity.name(),
                escaped(&alert.text)
            );
        }
        page.push_str(
            "</table><h2>Looks</h2><table><tr><th>site</th><th>looks</th><th>from</th><th>to</th><th>a day</th></tr>",
        );
        for site in &self.sites {
            let days = ((site.to.0 - site.from.0) as f64 / DAY_MS as f64).max(1.0);
            let _ = write!(
                page,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{:.2}</td></tr>",
                escaped(&site.id),
                site.looks,
                site.from,
                site.to,
                site.looks as f64 / days
            );
        }
        page.push_str("</table></body></html>\n");
        page
    }
}

/// A page with nothing but a calibration, for simulated histories.
#[must_use]
pub fn calibration_page(calibration: &Calibration) -> String {
    format!("{HEAD}{}</body></html>\n", calibration_html(calibration))
}

/// Stated against measured rates of coincidences: the plot and its table.
fn calibration_html(calibration: &Calibration) -> String {
    let mut html = String::from(
        "<h2>Calibration</h2><p>Coincidences that the sites' own histories lead one to expect by chance, and those that came, by what was stated. \
         Where something happened, what came is not chance alone. Bars: 95 % of a Poisson count; shaded: within a factor of 1.5.</p>",
    );
    html.push_str(&plot::calibration(calibration));
    html.push_str(
        "<table><tr><th>stated a site-year</th><th>site-years</th><th>expected</th><th>came</th><th>95 %</th><th>came / expected</th></tr>",
    );
    for ((from, to), band) in calibration.all().bands() {
        let (low, high) = band.interval();
        let ratio = band
            .ratio()
            .map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        let _ = write!(
            html,
            "<tr><td>{from} to {to}</td><td>{:.0}</td><td>{:.1}</td><td>{}</td><td>{low:.1} to {high:.1}</td><td>{ratio}</td></tr>",
            band.years, band.stated, band.came
        );
    }
    html.push_str("</table>");
    html
}

fn kind(alert: &Alert) -> String {
    serde_json::to_value(alert.kind)
        .ok()
        .and_then(|kind| kind.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// Text that may stand in HTML: looks come from outside.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

const HEAD: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Back-test</title><style>\
body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem;color:#1b2733}\
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #d8dee6;padding:.3rem .5rem;text-align:left;vertical-align:top}\
svg{width:100%;height:auto}h2{margin-top:2rem}</style></head><body><h1>Back-test</h1>";

#[cfg(test)]
mod tests {
    use quaywatch_protocol::contract::Site;

    use super::*;

    #[test]
    fn a_report_escapes_what_looks_say() {
        assert_eq!(escaped("<script>\"&"), "&lt;script&gt;&quot;&amp;");
    }

    #[test]
    fn an_empty_back_test_is_still_a_page() {
        let none: [Site; 0] = [];
        let rules = Rules::from_toml(crate::rules::DEFAULT_TOML).unwrap();
        let page = run(Arc::new(SiteBook::new(&none)), rules, Vec::new(), None).html();
        assert!(page.starts_with("<!doctype html>") && page.contains("<svg") && page.ends_with("</html>\n"));
        assert!(page.contains("Calibration"));
    }
}
