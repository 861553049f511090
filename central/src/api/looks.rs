//! Looks and chips.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::header,
    response::IntoResponse,
};
use quaywatch_protocol::{
    contract::time::UnixMs,
    ids::{EventId, StationId},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Parts, Problem, alerts::page_limit};
use crate::store::read::LookQuery;

/// Parameters of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    site: Option<String>,
    from: Option<String>,
    to: Option<String>,
    before: Option<i64>,
    limit: Option<usize>,
}

/// `GET /looks`.
pub async fn list(
    State(parts): State<Parts>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(query) = query.map_err(|error| Problem::bad(error.body_text()))?;
    let time = |text: Option<String>| text.map(|text| UnixMs::parse(&text)).transpose().map_err(Problem::bad);
    let limit = page_limit(query.limit)?;
    let wanted = LookQuery {
        site: query.site,
        from: time(query.from)?,
        to: time(query.to)?,
        before: query.before,
        limit,
    };
    let looks = parts.query(move |readers, sites| readers.looks(&wanted, sites)).await?;
    let next = (looks.len() == limit)
        .then(|| looks.last().map(|(position, _)| *position))
        .flatten();
    let looks: Vec<_> = looks.into_iter().map(|(_, look)| look).collect();
    Ok(Json(json!({"looks": looks, "next": next})))
}

/// `GET /looks/{station}/{epoch}/{seq}`.
pub async fn one(
    State(parts): State<Parts>,
    Path((station, epoch, seq)): Path<(String, u32, u64)>,
) -> Result<Json<Value>, Problem> {
    let id = event_id(&station, epoch, seq)?;
    let found = parts
        .query(move |readers, sites| Ok((readers.look(&id, sites)?, readers.chips_of(&id)?)))
        .await?;
    let look = found.0.ok_or_else(|| Problem::missing("such look"))?;
    Ok(Json(json!({"look": look, "chips": found.1})))
}

/// `GET /looks/{station}/{epoch}/{seq}/chips/{vessel}`.
pub async fn chip(
    State(parts): State<Parts>,
    Path((station, epoch, seq, vessel)): Path<(String, u32, u64, u8)>,
) -> Result<impl IntoResponse, Problem> {
    let id = event_id(&station, epoch, seq)?;
    let jpeg = parts.query(move |readers, _| readers.chip(&id, vessel)).await?;
    let jpeg = jpeg.ok_or_else(|| Problem::missing("such chip"))?;
    // Events never change: a browser may keep it.
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::CACHE_CONTROL, "private, max-age=86400, immutable"),
    ];
    Ok((headers, jpeg))
}

fn event_id(station: &str, epoch: u32, seq: u64) -> Result<EventId, Problem> {
    Ok(EventId {
        station: StationId::new(station).map_err(|_| Problem::missing("such station"))?,
        epoch,
        seq,
    })
}
