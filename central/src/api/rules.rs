//! Rules and zones: view, preview on history, save, revert. Each text that was ever in force is kept.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use axum::{Extension, Json, extract::State};
use quaywatch_protocol::contract::{Look, time::DAY_MS};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{
    Parts, Problem,
    auth::Who,
    described::described,
    table::Route,
    take::{At, Body, check_text},
};
use crate::{
    account::Role,
    alert::Alert,
    correlate::SiteBook,
    intake::{NewWorld, Work},
    replay,
    rules::{self, Rules, read::RULES_BYTES_MAX},
    sites::{SiteFile, Sites},
    store::revisions::{self, FILE, RULES},
    world::World,
};

/// Days of a preview that does not say.
const DAYS_DEFAULT: i64 = 90;
/// Days of a preview.
const DAYS_MAX: i64 = 3_650;
/// Looks of a preview, history included: more take too long to wait for.
const LOOKS_MAX: usize = 300_000;
/// Alerts in a preview's answer.
const ALERTS_MAX: usize = 500;

pub(super) fn routes() -> Vec<Route> {
    let (viewer, analyst, admin) = (Some(Role::Viewer), Some(Role::Analyst), Some(Role::Admin));
    vec![
        Route::get("/rules", viewer, "The rules in force", show),
        Route::get("/rules/revisions", viewer, "Revisions of the rules", rule_revisions),
        Route::get(
            "/rules/revisions/{n}",
            viewer,
            "The text of a revision of the rules",
            rule_revision,
        ),
        Route::post(
            "/rules/preview",
            analyst,
            "What other rules would have raised",
            preview_rules,
        )
        .takes::<PreviewBody>()
        .long(),
        Route::put("/rules", admin, "Save rules and put them in force", save_rules)
            .takes::<SaveBody>()
            .long(),
        Route::post(
            "/rules/revert",
            admin,
            "Put the rules of an earlier revision in force",
            revert_rules,
        )
        .takes::<RevertBody>(),
        Route::get("/sites/{id}/revisions", viewer, "Revisions of a site", site_revisions),
        Route::get(
            "/sites/{id}/revisions/{n}",
            viewer,
            "The text of a revision of a site",
            site_revision,
        ),
        Route::post(
            "/sites/{id}/preview",
            analyst,
            "What other zones would have raised",
            preview_site,
        )
        .takes::<PreviewBody>()
        .long(),
        Route::put(
            "/sites/{id}",
            admin,
            "Save a site's zones and put them in force",
            save_site,
        )
        .takes::<SaveBody>()
        .long(),
        Route::post(
            "/sites/{id}/revert",
            admin,
            "Put the zones of an earlier revision in force",
            revert_site,
        )
        .takes::<RevertBody>(),
    ]
}

described! {
    /// A text to try out.
    PreviewBody {
        /// The whole rules file (TOML), or the whole site file (GeoJSON as text).
        text: String,
        /// Days back from now; 90 by default.
        days: Option<i64>,
    }
}

described! {
    /// A text to save.
    SaveBody {
        /// Revision that was looked at.
        revision: i64,
        /// The whole file.
        text: String,
        /// Why.
        note: String,
    }
}

described! {
    /// A revision to go back to.
    RevertBody {
        /// Revision that was looked at.
        revision: i64,
        /// Revision whose text is to be saved again.
        to: i64,
        /// Why.
        #[serde(default)]
        note: String,
    }
}

async fn show(State(parts): State<Parts>) -> Result<Json<Value>, Problem> {
    let newest = parts
        .query(|readers, _| readers.newest_revision(RULES))
        .await?
        .ok_or_else(|| Problem::missing("revision of the rules"))?;
    let rules: Vec<Value> = parts
        .world
        .get()
        .rules
        .rules
        .iter()
        .map(|rule| {
            json!({"id": rule.id, "kind": rule.kind.name(), "severity": rule.severity.name(), "sites": rule.sites})
        })
        .collect();
    let keys: Vec<Value> = sections()
        .into_iter()
        .flat_map(|(section, keys)| {
            keys.iter().map(move |(key, default, least, most, doc)| {
                json!({"section": section, "key": key, "default": default, "least": least, "most": most, "doc": doc})
            })
        })
        .collect();
    Ok(Json(json!({
        "text": newest.text,
        "revision": newest.revision.revision,
        "source": if newest.revision.saved_by == FILE { "file" } else { "console" },
        "saved_at": newest.revision.saved_at,
        "saved_by": newest.revision.saved_by,
        "file_refused": parts.world.refused_rules(),
        "rules": rules,
        "keys": keys,
    })))
}

/// The manual's sections.
fn sections() -> Vec<(&'static str, &'static [rules::keys::KeyDoc])> {
    vec![
        ("time", rules::TimeRules::KEYS),
        ("calls", rules::CallRules::KEYS),
        ("baseline", rules::Baseline::KEYS),
        ("tanker_volume", rules::TankerVolume::KEYS),
        ("rule coincidence", rules::Coincidence::KEYS),
        ("rule surge", rules::Surge::KEYS),
        ("rule slowdown", rules::Slowdown::KEYS),
        ("rule voyage", rules::VoyageRule::KEYS),
        ("rule shift", rules::Shift::KEYS),
        ("rule ledger", rules::Ledger::KEYS),
        ("rule dark_count", rules::DarkCount::KEYS),
        ("rule growth", rules::Growth::KEYS),
    ]
}

async fn rule_revisions(State(parts): State<Parts>) -> Result<Json<Value>, Problem> {
    revisions_of(&parts, RULES.to_owned()).await
}

async fn site_revisions(State(parts): State<Parts>, At(id): At<String>) -> Result<Json<Value>, Problem> {
    revisions_of(&parts, site_subject(&parts, &id)?).await
}

async fn revisions_of(parts: &Parts, subject: String) -> Result<Json<Value>, Problem> {
    let revisions = parts.query(move |readers, _| readers.revisions(&subject)).await?;
    Ok(Json(json!({"revisions": revisions})))
}

async fn rule_revision(State(parts): State<Parts>, At(n): At<i64>) -> Result<Json<Value>, Problem> {
    let text = text_of(&parts, RULES.to_owned(), n).await?;
    Ok(Json(json!({"revision": n, "text": text})))
}

async fn site_revision(State(parts): State<Parts>, At((id, n)): At<(String, i64)>) -> Result<Json<Value>, Problem> {
    let text = text_of(&parts, site_subject(&parts, &id)?, n).await?;
    Ok(Json(json!({"revision": n, "text": text})))
}

async fn text_of(parts: &Parts, subject: String, revision: i64) -> Result<String, Problem> {
    parts
        .query(move |readers, _| readers.revision_text(&subject, revision))
        .await?
        .ok_or_else(|| Problem::missing("such revision"))
}

async fn preview_rules(State(parts): State<Parts>, Body(body): Body<PreviewBody>) -> Result<Json<Value>, Problem> {
    let world = world_of_rules(&parts, &body.text)?;
    preview(&parts, world, None, body.days).await
}

async fn preview_site(
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

async fn save_rules(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    Body(body): Body<SaveBody>,
) -> Result<Json<Value>, Problem> {
    save(&parts, &who, None, body).await
}

async fn save_site(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    At(id): At<String>,
    Body(body): Body<SaveBody>,
) -> Result<Json<Value>, Problem> {
    save(&parts, &who, Some(id), body).await
}

async fn revert_rules(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    Body(body): Body<RevertBody>,
) -> Result<Json<Value>, Problem> {
    revert(&parts, &who, None, body).await
}

async fn revert_site(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    At(id): At<String>,
    Body(body): Body<RevertBody>,
) -> Result<Json<Value>, Problem> {
    revert(&parts, &who, Some(id), body).await
}

async fn revert(parts: &Parts, who: &Who, site: Option<String>, body: RevertBody) -> Result<Json<Value>, Problem> {
    let subject = match &site {
        Some(id) => site_subject(parts, id)?,
        None => RULES.to_owned(),
    };
    let text = text_of(parts, subject, body.to).await?;
    let note = format!("back to revision {}. {}", body.to, body.note);
    let body = SaveBody {
        revision: body.revision,
        text,
        note: note.trim().to_owned(),
    };
    save(parts, who, site, body).await
}

async fn save(parts: &Parts, who: &Who, site: Option<String>, body: SaveBody) -> Result<Json<Value>, Problem> {
    check_text("note", &body.note)?;
    if body.note.trim().is_empty() {
        return Err(Problem::bad("`note` is empty: expected why"));
    }
    // One at a time: each is built on the world that the one before left.
    let _one = parts.saving.lock().await;
    let (subject, world) = match &site {
        Some(id) => (site_subject(parts, id)?, world_of_site(parts, id, &body.text)?),
        None => (RULES.to_owned(), world_of_rules(parts, &body.text)?),
    };
    let new = NewWorld {
        subject,
        seen: body.revision,
        by: who.actor.clone(),
        note: body.note,
        text: body.text,
        world: world.clone(),
        readers: Arc::clone(&parts.readers),
    };
    let (reply, answer) = oneshot::channel();
    parts
        .commands
        .send(Work::Replace(Box::new(new), reply))
        .await
        .map_err(|_| Problem::stopping())?;
    match answer.await.map_err(|_| Problem::stopping())? {
        Ok(revision) => {
            parts.world.put(world);
            Ok(Json(json!({"revision": revision})))
        }
        Err(newest) => Err(Problem::changed("the text", newest)),
    }
}

fn site_subject(parts: &Parts, id: &str) -> Result<String, Problem> {
    match parts.world.get().sites.get(id) {
        Some(_) => Ok(revisions::of_site(id)),
        None => Err(Problem::missing("such site")),
    }
}

fn world_of_rules(parts: &Parts, text: &str) -> Result<World, Problem> {
    if text.len() > RULES_BYTES_MAX {
        return Err(Problem::faults(
            "the rules",
            vec![format!("{} bytes: expected at most {RULES_BYTES_MAX}", text.len())],
        ));
    }
    let rules = Rules::from_toml(text)
        .map_err(|faults| Problem::faults("the rules", faults.iter().map(ToString::to_string).collect()))?;
    Ok(World {
        rules: Arc::new(rules),
        ..parts.world.get()
    })
}

fn world_of_site(parts: &Parts, id: &str, text: &str) -> Result<World, Problem> {
    site_subject(parts, id)?;
    let faults = |faults: Vec<String>| Problem::faults("the site", faults);
    let file = SiteFile::parse(text).map_err(|found| faults(found.iter().map(ToString::to_string).collect()))?;
    if file.site.id != id {
        return Err(faults(vec![format!(
            "`site` is \"{}\": expected \"{id}\"",
            file.site.id
        )]));
    }
    let world = parts.world.get();
    let sites: Sites = world.sites.with(file);
    Ok(World {
        sites: Arc::new(sites),
        ..world
    })
}
