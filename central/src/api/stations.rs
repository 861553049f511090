//! Sites, stations, quarantine, health, metrics.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::header,
    response::IntoResponse,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Parts, Problem, alerts::page_limit};

/// `GET /sites`.
pub async fn sites(State(parts): State<Parts>) -> Json<Value> {
    let sites: Vec<Value> = parts
        .sites
        .iter()
        .map(|file| {
            let centre = file.site.centre();
            json!({"site": file.site.id, "name": file.site.name, "zones": file.site.zones.len(), "lon": centre.x(), "lat": centre.y()})
        })
        .collect();
    Json(json!({"sites": sites}))
}

/// `GET /sites/{id}`: the site's GeoJSON, as it is configured.
pub async fn site(State(parts): State<Parts>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    let file = parts.sites.get(&id).ok_or_else(|| Problem::missing("such site"))?;
    Ok((
        [(header::CONTENT_TYPE, "application/geo+json")],
        file.geojson.to_string(),
    ))
}

/// `GET /stations`.
pub async fn stations(State(parts): State<Parts>) -> Result<Json<Value>, Problem> {
    let events = parts.query(|readers, _| readers.stations()).await?;
    let registry = parts.registry.get();
    let stations: Vec<Value> = registry
        .iter()
        .map(|(id, station)| {
            let epochs: Vec<_> = events.iter().filter(|each| each.station == id.as_str()).collect();
            let last_event_at = epochs.iter().map(|each| each.last_at).max();
            let state = parts.states.get(id);
            json!({
                "station": id.as_str(),
                "name": station.name,
                "revoked": station.revoked,
                "last_event_at": last_event_at,
                "epochs": epochs,
                "state": state.as_ref().map(|state| &state.state),
                "state_received_at": state.as_ref().map(|state| state.received_at),
            })
        })
        .collect();
    Ok(Json(json!({"stations": stations, "now": parts.clock.now()})))
}

/// Parameters of the quarantine's list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuarantineQuery {
    before: Option<i64>,
    limit: Option<usize>,
}

/// `GET /quarantine`.
pub async fn quarantine(
    State(parts): State<Parts>,
    query: Result<Query<QuarantineQuery>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(query) = query.map_err(|error| Problem::bad(error.body_text()))?;
    let limit = page_limit(query.limit)?;
    let refused = parts
        .query(move |readers, _| readers.quarantine(query.before, limit))
        .await?;
    let next = (refused.len() == limit)
        .then(|| refused.last().map(|row| row.position))
        .flatten();
    Ok(Json(json!({"refused": refused, "next": next})))
}

/// `GET /health`: 200 while the process works; `broker` says whether events can come.
pub async fn health(State(parts): State<Parts>) -> Result<Json<Value>, Problem> {
    let (alerts, waiting) = parts
        .query(|readers, _| Ok((readers.alert_counts()?, readers.outbox_depth()?)))
        .await?;
    let alerts: serde_json::Map<String, Value> =
        alerts.into_iter().map(|(state, count)| (state, json!(count))).collect();
    Ok(Json(json!({
        "broker": if *parts.connected.borrow() { "connected" } else { "disconnected" },
        "alerts": alerts,
        "notifications_waiting": waiting,
        "stations": parts.registry.get().len(),
        "sites": parts.sites.len(),
        "version": env!("CARGO_PKG_VERSION"),
        "now": parts.clock.now(),
    })))
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
