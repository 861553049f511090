//! Stations, voyages, quarantine, health, metrics.

use axum::{Extension, Json, extract::State, http::header, response::IntoResponse};
use quaywatch_protocol::{contract::time::UnixMs, ids::StationId};
use serde_json::{Value, json};

use super::{
    Parts, Problem,
    auth::Who,
    described::described,
    table::Route,
    take::{At, Params, page_limit},
};
use crate::{
    account::Role,
    ingest::skew::{AHEAD_MAX_MS, Skew},
};

/// Without an event for so long, ms, a station needs attention.
const SILENT_MS: i64 = 48 * 3_600_000;
/// Without a word for so long, ms.
const STATE_OLD_MS: i64 = 30 * 60_000;
/// Clock skew from which a station needs attention, ms.
const SKEW_MS_MAX: i64 = 60_000;
/// Age of the oldest event in a spool from which a station needs attention, s.
const SPOOL_AGE_S_MAX: i64 = 3_600;
/// Newest scenes of a station in the list.
const SCENES: i64 = 5;
/// Voyages in one answer that does not say.
const VOYAGES: usize = 100;

pub(super) fn routes() -> Vec<Route> {
    let viewer = Some(Role::Viewer);
    vec![
        Route::get(
            "/stations",
            viewer,
            "Stations, those that need attention first",
            stations,
        ),
        Route::get(
            "/stations/{id}/gaps",
            viewer,
            "Events of a station that will never come",
            gaps,
        ),
        Route::get("/voyages", viewer, "Voyages of dark hulls between sites", voyages).asks::<VoyageQuery>(),
        Route::get("/quarantine", viewer, "Refused messages, newest first", quarantine).asks::<QuarantineQuery>(),
        Route::get(
            "/health",
            None,
            "Whether events can come; with a role also counts",
            health,
        ),
    ]
}

async fn stations(State(parts): State<Parts>) -> Result<Json<Value>, Problem> {
    let registry = parts.registry.get();
    let ids: Vec<String> = registry.iter().map(|(id, _)| id.as_str().to_owned()).collect();
    let (events, mut shown) = parts
        .query(move |readers, _| {
            let scenes = ids
                .iter()
                .map(|id| Ok((id.clone(), (readers.last_scenes(id, SCENES)?, readers.clock_skew(id)?))))
                .collect::<Result<std::collections::BTreeMap<_, _>, crate::store::StoreError>>()?;
            Ok((readers.stations()?, scenes))
        })
        .await?;
    let now = parts.clock.now();
    let mut stations: Vec<(bool, Value)> = registry
        .iter()
        .map(|(id, station)| {
            let epochs: Vec<_> = events.iter().filter(|each| each.station == id.as_str()).collect();
            let last_event_at = epochs.iter().map(|each| each.last_at).max();
            let state = parts.states.get(id);
            let lost: u64 = epochs.iter().map(|each| each.looks_lost).sum();
            let said = state.as_ref().map(|state| (&state.state, state.received_at));
            let (scenes, skew) = shown.remove(id.as_str()).unwrap_or_default();
            let attention = if station.revoked {
                Vec::new()
            } else {
                let mut why = attention(last_event_at, !scenes.is_empty(), said, lost, now);
                why.extend(skew.and_then(|skew| dated_ahead(&skew)));
                why
            };
            let row = json!({
                "station": id.as_str(),
                "name": station.name,
                "revoked": station.revoked,
                "last_event_at": last_event_at,
                "epochs": epochs,
                "state": said.map(|(state, _)| state),
                "state_received_at": said.map(|(_, at)| at),
                "attention": attention,
                "clock_skew": skew,
                "scenes": scenes,
            });
            (attention.is_empty(), row)
        })
        .collect();
    // Stable: within both kinds the order of ids stays.
    stations.sort_by_key(|(is_well, _)| *is_well);
    let stations: Vec<Value> = stations.into_iter().map(|(_, row)| row).collect();
    Ok(Json(json!({"stations": stations, "now": now})))
}

/// Why a person should look at a station, in words.
fn attention(
    last_event_at: Option<UnixMs>,
    has_looks: bool,
    said: Option<(&Value, UnixMs)>,
    lost: u64,
    now: UnixMs,
) -> Vec<String> {
    let mut why = Vec::new();
    match last_event_at {
        None if has_looks => why.push("no event yet: its looks were imported".to_owned()),
        None => why.push("no event yet".to_owned()),
        Some(at) if now.0 - at.0 > SILENT_MS => why.push(format!("no event for {} h", (now.0 - at.0) / 3_600_000)),
        Some(_) => {}
    }
    if lost > 0 {
        why.push(format!("{lost} looks lost"));
    }
    let Some((state, at)) = said else {
        why.push("no word of its own".to_owned());
        return why;
    };
    if state.get("state").and_then(Value::as_str) == Some("offline") {
        why.push("offline".to_owned());
    } else if now.0 - at.0 > STATE_OLD_MS {
        why.push(format!("no word of its own for {} min", (now.0 - at.0) / 60_000));
    }
    let number = |path: &str| state.pointer(path).and_then(Value::as_i64);
    if let Some(age_s) = number("/spool/oldest_age_s").filter(|age_s| *age_s > SPOOL_AGE_S_MAX) {
        why.push(format!("events wait in the spool for {} min", age_s / 60));
    }
    if let (Some(held), Some(most)) = (number("/spool/bytes"), number("/spool/bytes_max"))
        && held > most / 2
    {
        why.push("spool is more than half full".to_owned());
    }
    if let Some(said) = state
        .get("at")
        .and_then(Value::as_str)
        .and_then(|text| UnixMs::parse(text).ok())
        && said.0 - at.0 > SKEW_MS_MAX
    {
        why.push(format!("its clock is ahead by {} s", (said.0 - at.0) / 1_000));
    }
    if let Some(steps) = number("/clock/steps").filter(|steps| *steps > 0) {
        why.push(format!("its clock stepped {steps} times"));
    }
    why
}

/// What a person should know of how a station dates its looks.
fn dated_ahead(skew: &Skew) -> Option<String> {
    if skew.ahead_ms <= SKEW_MS_MAX {
        return None;
    }
    let most = if skew.ahead_ms == AHEAD_MAX_MS { " and more" } else { "" };
    Some(format!(
        "its looks are dated ahead by {} s{most}; {} of the last {} do not count for it",
        skew.ahead_ms / 1_000,
        skew.future_dated,
        skew.looks
    ))
}

async fn gaps(State(parts): State<Parts>, At(id): At<String>) -> Result<Json<Value>, Problem> {
    let known = StationId::new(&id).is_ok_and(|id| parts.registry.get().knows(&id));
    if !known {
        return Err(Problem::missing("such station"));
    }
    let gaps = parts.query(move |readers, _| readers.gaps(&id)).await?;
    Ok(Json(json!({"gaps": gaps})))
}

described! {
    /// Parameters of the voyages.
    VoyageQuery {
        /// At most this many.
        limit: Option<usize>,
    }
}

async fn voyages(State(parts): State<Parts>, Params(query): Params<VoyageQuery>) -> Result<Json<Value>, Problem> {
    let limit = page_limit(Some(query.limit.unwrap_or(VOYAGES)))?;
    let found = parts.query(move |readers, _| readers.voyages(limit)).await?;
    let sites = parts.world.get().sites;
    let place = |id: Option<&str>| {
        let centre = sites.get(id?)?.site.centre();
        Some([centre.x(), centre.y()])
    };
    let voyages: Vec<Value> = found
        .iter()
        .filter_map(|(body, state)| {
            let alert: Value = serde_json::from_str(body).ok()?;
            let details = alert.get("details")?;
            let text = |name: &str| details.get(name).and_then(Value::as_str);
            Some(json!({
                "alert": alert.get("id"),
                "from": details.get("from"),
                "to": details.get("to"),
                "from_lon_lat": place(text("from")),
                "to_lon_lat": place(text("to")),
                "departed": details.get("departed"),
                "arrived": details.get("arrived"),
                "length_m": details.get("length_m"),
                "legs": details.get("legs"),
                "state": state,
            }))
        })
        .collect();
    Ok(Json(json!({"voyages": voyages})))
}

described! {
    /// Parameters of the quarantine's list.
    QuarantineQuery {
        /// `next` of the page before.
        before: Option<i64>,
        /// Entries of the page.
        limit: Option<usize>,
    }
}

async fn quarantine(
    State(parts): State<Parts>,
    Params(query): Params<QuarantineQuery>,
) -> Result<Json<Value>, Problem> {
    let limit = page_limit(query.limit)?;
    let refused = parts
        .query(move |readers, _| readers.quarantine(query.before, limit))
        .await?;
    let next = (refused.len() == limit)
        .then(|| refused.last().map(|row| row.position))
        .flatten();
    Ok(Json(json!({"refused": refused, "next": next})))
}

/// 200 while the process works; `broker` says whether events can come.
async fn health(State(parts): State<Parts>, Extension(who): Extension<Who>) -> Result<Json<Value>, Problem> {
    let mut body = json!({
        "broker": if *parts.connected.borrow() { "connected" } else { "disconnected" },
        "version": env!("CARGO_PKG_VERSION"),
        "now": parts.clock.now(),
    });
    if who.role.is_some()
        && let Some(fields) = body.as_object_mut()
    {
        let (alerts, waiting) = parts
            .query(|readers, _| Ok((readers.alert_counts()?, readers.outbox_depth()?)))
            .await?;
        let alerts: serde_json::Map<String, Value> =
            alerts.into_iter().map(|(state, count)| (state, json!(count))).collect();
        fields.insert("alerts".to_owned(), Value::Object(alerts));
        fields.insert("notifications_waiting".to_owned(), json!(waiting));
        fields.insert("stations".to_owned(), json!(parts.registry.get().len()));
        fields.insert("sites".to_owned(), json!(parts.world.get().sites.len()));
        fields.insert("rules_file_refused".to_owned(), json!(parts.world.refused_rules()));
    }
    Ok(Json(body))
}

/// `GET /metrics`.
pub async fn metrics(State(parts): State<Parts>) -> Result<impl IntoResponse, Problem> {
    let mut text = parts.counters.text();
    let (waiting, counts) = parts
        .query(|readers, _| Ok((readers.outbox_depth()?, readers.alert_counts()?)))
        .await?;
    let mut gauge = |name: &str, help: &str, lines: &[(String, u64)]| {
        text.push_str(&format!(
            "# HELP quaywatch_{name} {help}.\n# TYPE quaywatch_{name} gauge\n"
        ));
        for (labels, value) in lines {
            text.push_str(&format!("quaywatch_{name}{labels} {value}\n"));
        }
    };
    gauge(
        "broker_connected",
        "1 while events can come",
        &[(String::new(), u64::from(*parts.connected.borrow()))],
    );
    gauge(
        "notifications_waiting",
        "Notifications to be sent",
        &[(String::new(), waiting)],
    );
    let alerts: Vec<_> = counts
        .into_iter()
        .map(|(state, count)| (format!("{{state=\"{state}\"}}"), count))
        .collect();
    gauge("alerts", "Alerts by state", &alerts);
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text))
}
