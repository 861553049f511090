//! Rules and zones: view, preview on history, save, revert. Each text that was ever in force is kept.

mod preview;
mod revisions;
mod save;
mod world;

use axum::{Json, extract::State};
use serde_json::{Value, json};

use self::{
    preview::{PreviewBody, preview_rules, preview_site},
    revisions::{rule_revision, rule_revisions, site_revision, site_revisions},
    save::{RevertBody, SaveBody, revert_rules, revert_site, save_rules, save_site},
};
use super::{Parts, Problem, table::Route};
use crate::{
    account::Role,
    rules,
    store::revisions::{FILE, RULES},
};

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
