//! Looks and chips.

use axum::{Json, extract::State, http::header, response::IntoResponse};
use quaywatch_protocol::{
    contract::time::UnixMs,
    ids::{EventId, StationId},
};
use serde_json::{Value, json};

use super::{
    Parts, Problem,
    described::described,
    table::{Gives, Route},
    take::{At, Params, page_limit},
};
use crate::{account::Role, store::read::LookQuery};

pub(super) fn routes() -> Vec<Route> {
    let viewer = Some(Role::Viewer);
    vec![
        Route::get("/looks", viewer, "Looks, newest first", list).asks::<ListQuery>(),
        Route::get("/looks/{station}/{epoch}/{seq}", viewer, "One look", one),
        Route::get(
            "/looks/{station}/{epoch}/{seq}/chips/{vessel}",
            viewer,
            "Picture of a vessel of a look",
            chip,
        )
        .gives(Gives::Media("image/jpeg")),
    ]
}

described! {
    /// Parameters of the list.
    ListQuery {
        /// Only this site.
        site: Option<String>,
        /// Only looks acquired at or after this (RFC 3339).
        from: Option<String>,
        /// Only looks acquired before this.
        to: Option<String>,
        /// `next` of the page before.
        before: Option<i64>,
        /// Entries of the page.
        limit: Option<usize>,
    }
}

/// `GET /looks`.
async fn list(State(parts): State<Parts>, Params(query): Params<ListQuery>) -> Result<Json<Value>, Problem> {
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
    let looks: Vec<Value> = looks.into_iter().map(|(_, look)| with_id(&look)).collect();
    Ok(Json(json!({"looks": looks, "next": next})))
}

/// `GET /looks/{station}/{epoch}/{seq}`.
async fn one(
    State(parts): State<Parts>,
    At((station, epoch, seq)): At<(String, u32, u64)>,
) -> Result<Json<Value>, Problem> {
    let id = event_id(&station, epoch, seq)?;
    let found = parts
        .query(move |readers, sites| Ok((readers.look(&id, sites)?, readers.chips_of(&id)?)))
        .await?;
    let look = found.0.ok_or_else(|| Problem::missing("such look"))?;
    Ok(Json(json!({"look": look, "chips": found.1})))
}

/// `GET /looks/{station}/{epoch}/{seq}/chips/{vessel}`.
async fn chip(
    State(parts): State<Parts>,
    At((station, epoch, seq, vessel)): At<(String, u32, u64, u8)>,
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

/// A look as JSON, with its id.
pub(super) fn with_id(look: &quaywatch_protocol::contract::Look) -> Value {
    let mut shown = json!(look);
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("id".to_owned(), json!(crate::correlate::identity(look)));
    }
    shown
}
