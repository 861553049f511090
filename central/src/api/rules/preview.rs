//! What other rules or zones would have raised: both worlds are run through all stored looks, and the alerts compared.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use axum::{Json, extract::State};
use quaywatch_protocol::contract::{Look, time::DAY_MS};
use serde_json::{Value, json};

use super::{
    super::{
        Parts, Problem,
        described::described,
        take::{At, Body},
    },
    world::{world_of_rules, world_of_site},
};
use crate::{alert::Alert, correlate::SiteBook, replay, world::World};

/// Days of a preview that does not say.
const DAYS_DEFAULT: i64 = 90;
/// Days of a preview.
const DAYS_MAX: i64 = 3_650;
/// Looks of a preview, history included: more take too long to wait for.
const LOOKS_MAX: usize = 300_000;
/// Alerts in a preview's answer.
const ALERTS_MAX: usize = 500;

described! {
    /// A text to try out.
    pub(super) PreviewBody {
        /// The whole rules file (TOML), or the whole site file (GeoJSON as text).
        text: String,
        /// Days back from now; 90 by default.
        days: Option<i64>,
    }
}

pub(super) async fn preview_rules(
    State(parts): State<Parts>,
    Body(body): Body<PreviewBody>,
) -> Result<Json<Value>, Problem> {
    let world = world_of_rules(&parts, &body.text)?;
    preview(&parts, world, None, body.days).await
}

pub(super) async fn preview_site(
    State(parts): State<Parts>,
    At(id): At<String>,
    Body(body): Body<PreviewBody>,
) -> Result<Json<Value>, Problem> {
    let world = world_of_site(&parts, &id, &body.text)?;
    preview(&parts, world, Some(id), body.days).await
}

/// Runs all stored looks through both worlds and compares the alerts of the last days.
async fn preview(parts: &Parts, then: World, site: Option<String>, days: Option<i64>) -> Result<Json<Value>, Problem> {
    let days = match days.unwrap_or(DAYS_DEFAULT) {
        days if (1..=DAYS_MAX).contains(&days) => days,
        days => return Err(Problem::bad(format!("`days` is {days}: expected 1 to {DAYS_MAX}"))),
    };
    let _permit = parts
        .previews
        .try_acquire()
        .map_err(|_| Problem::busy("another preview runs: try again when it is done"))?;
    let (readers, now) = (Arc::clone(&parts.readers), parts.world.get());
    let distrust = parts.registry.get().distrust();
    let since = parts.clock.now().plus_ms(-days * DAY_MS);
    let made = tokio::task::spawn_blocking(move || {
        let began = Instant::now();
        let mut looks: Vec<Look> = Vec::new();
        let mut too_many = false;
        readers.each_look(&now.sites, &distrust, |look| {
            let is_wanted = now.sites.get(&look.site).is_some();
            too_many |= looks.len() >= LOOKS_MAX;
            if is_wanted && !too_many {
                looks.push(look);
            }
        })?;
        if too_many {
            return Ok(Err(Problem::conflict(format!(
                "the store holds more than {LOOKS_MAX} looks: too many for a preview; use `quaywatch-central backtest` on an export"
            ))));
        }
        let count = looks.len();
        let is_shown = |alert: &Alert| {
            alert.opened_at >= since && site.as_ref().is_none_or(|site| alert.sites.contains(site))
        };
        let run = |world: &World, looks: Vec<Look>| -> Vec<Alert> {
            let book = Arc::new(SiteBook::new(world.sites.iter().map(|file| &file.site)));
            let outcome = replay::run(book, (*world.rules).clone(), looks, None);
            outcome.alerts.into_iter().filter(is_shown).collect()
        };
        let before = run(&now, looks.clone());
        let after = run(&then, looks);
        Ok(Ok(compared(days, count, began, &before, &after)))
    })
    .await
    .map_err(|_| Problem::internal("a preview ended without an answer"))?
    .map_err(|error: crate::store::StoreError| Problem::store(&error))?;
    made.map(Json)
}

fn compared(days: i64, looks: usize, began: Instant, before: &[Alert], after: &[Alert]) -> Value {
    let mut rules: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for alert in before {
        rules.entry(&alert.rule).or_default().0 += 1;
    }
    for alert in after {
        rules.entry(&alert.rule).or_default().1 += 1;
    }
    let has = |list: &[Alert], id: &str| list.iter().any(|alert| alert.id == id);
    let with = |alert: &Alert, is: &str| {
        let mut shown = json!(alert);
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("is".to_owned(), json!(is));
        }
        shown
    };
    let gone = before
        .iter()
        .filter(|alert| !has(after, &alert.id))
        .map(|alert| with(alert, "gone"));
    let kept_or_new = after
        .iter()
        .map(|alert| with(alert, if has(before, &alert.id) { "kept" } else { "new" }));
    let mut alerts: Vec<Value> = kept_or_new.chain(gone).collect();
    let left_out = alerts.len().saturating_sub(ALERTS_MAX);
    // Newest first; RFC 3339 in UTC sorts as text.
    alerts.sort_by_key(|alert| std::cmp::Reverse(alert.get("opened_at").and_then(Value::as_str).map(str::to_owned)));
    alerts.truncate(ALERTS_MAX);
    let rules: Vec<Value> = rules
        .into_iter()
        .map(|(rule, (now, then))| json!({"rule": rule, "now": now, "then": then}))
        .collect();
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    json!({"days": days, "looks": looks, "took_ms": took_ms, "rules": rules, "alerts": alerts, "left_out": left_out})
}
