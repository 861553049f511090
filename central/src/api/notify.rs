//! Notification sinks: what waits for them, and a try.

use axum::{Extension, Json, extract::State};
use serde_json::{Value, json};

use super::{Parts, Problem, auth::Who, described::described, table::Route, take::Body};
use crate::{
    account::Role,
    notify::{route::Route as Way, trial},
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/notify", Some(Role::Analyst), "Notification sinks and routes", show),
        Route::post("/notify/test", Some(Role::Admin), "Send a test to a sink", test).takes::<TestBody>(),
    ]
}

described! {
    /// A sink to be tried.
    TestBody {
        /// Name of the sink.
        sink: String,
    }
}

async fn show(State(parts): State<Parts>) -> Result<Json<Value>, Problem> {
    let names: Vec<String> = parts.notify.sinks.iter().map(|(name, _)| name.clone()).collect();
    let waiting = parts
        .query(move |readers, _| {
            names
                .iter()
                .map(|name| readers.outbox_of(name))
                .collect::<Result<Vec<_>, _>>()
        })
        .await?;
    let sinks: Vec<Value> = parts
        .notify
        .sinks
        .iter()
        .zip(waiting)
        .map(|((name, sink), waiting)| {
            json!({"name": name, "kind": sink.kind(), "waiting": waiting.count, "oldest_at": waiting.oldest_at, "tries_max": waiting.tries_max})
        })
        .collect();
    let routes: Vec<Value> = parts.notify.routes.iter().map(shown).collect();
    Ok(Json(json!({"sinks": sinks, "routes": routes})))
}

fn shown(way: &Way) -> Value {
    let hours = |hours: Option<crate::notify::route::Hours>| hours.map(|hours| hours.to_string());
    json!({
        "sinks": way.sinks, "severity_min": way.severity_min_name(), "sites": way.sites, "hours": hours(way.hours),
        "quiet": hours(way.quiet), "digest_min": way.digest_min, "utc_offset_min": way.utc_offset_min,
    })
}

async fn test(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    Body(body): Body<TestBody>,
) -> Result<Json<Value>, Problem> {
    let found = parts.notify.sinks.iter().find(|(name, _)| *name == body.sink);
    let (name, sink) = found.ok_or_else(|| Problem::missing("such sink"))?;
    let now = parts.wall.now();
    let note = trial(name, &who.actor, now);
    let delivered = sink.deliver(&[note], now).await;
    let (sink, outcome) = (
        name.clone(),
        delivered
            .as_ref()
            .err()
            .cloned()
            .unwrap_or_else(|| "delivered".to_owned()),
    );
    parts
        .change(move |batch| batch.audit(&who.actor, "notify.test", &sink, &outcome, now))
        .await?;
    delivered.map_err(|error| Problem::bad_gateway(format!("the sink did not take it: {error}")))?;
    Ok(Json(json!({"delivered": true})))
}
