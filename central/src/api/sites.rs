//! Sites: list, shape, overview, lanes.

use std::collections::BTreeMap;

use axum::{Extension, Json, extract::State, http::header, response::IntoResponse};
use geo::BoundingRect;
use quaywatch_protocol::contract::{
    Look,
    time::{DAY_MS, UnixMs},
};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{
    Parts, Problem,
    auth::Who,
    described::described,
    table::{Gives, Route},
    take::{At, Params},
};
use crate::{
    account::Role,
    correlate::{
        identity,
        view::{CallView, SiteAsk, SiteView},
    },
    intake::Work,
    store::read_alerts::{AlertFilter, AlertQuery},
};

/// Days that are shown when nobody says.
const DAYS_DEFAULT: i64 = 56;
/// Days that may be asked for.
const DAYS_MAX: i64 = 400;
/// Looks in lanes: the newest.
const LOOKS_MAX: usize = 2_000;
/// Alerts of a site's page.
const ALERTS: usize = 50;
/// Share of the zones from which a look ends a cloud gap.
const CLEAR_SHARE: f64 = 0.5;
/// Without such a look for longer, ms, is a gap.
const GAP_MS: i64 = 2 * DAY_MS;

pub(super) fn routes() -> Vec<Route> {
    let viewer = Some(Role::Viewer);
    vec![
        Route::get("/sites", viewer, "Sites with their state", list),
        Route::get("/sites/{id}", viewer, "A site's zones in force", shape).gives(Gives::Media("application/geo+json")),
        Route::get(
            "/sites/{id}/overview",
            viewer,
            "Calls, baselines, ledger, visibility and alerts of a site",
            overview,
        )
        .asks::<DaysQuery>(),
        Route::get("/sites/{id}/lanes", viewer, "Lanes of a site over time", lanes).asks::<LanesQuery>(),
        Route::get(
            "/alerts/{id}/lanes",
            viewer,
            "Lanes of an alert's site around it",
            alert_lanes,
        )
        .asks::<DaysQuery>(),
    ]
}

described! {
    /// How many days.
    DaysQuery {
        /// Days, 1 to 400; 56 by default.
        days: Option<i64>,
    }
}

described! {
    /// A time.
    LanesQuery {
        /// From here (RFC 3339); by default 56 days before the end.
        from: Option<String>,
        /// To here; by default now.
        to: Option<String>,
    }
}

async fn list(State(parts): State<Parts>) -> Result<Json<Value>, Problem> {
    let now = parts.clock.now();
    let rows = parts
        .query(|readers, sites| {
            sites
                .iter()
                .map(|file| Ok((file.site.id.clone(), readers.site_now(&file.site.id)?)))
                .collect::<Result<BTreeMap<_, _>, crate::store::StoreError>>()
        })
        .await?;
    let mut sites = Vec::new();
    for file in parts.world.get().sites.iter() {
        let site = &file.site;
        let shown = rows.get(&site.id).cloned().unwrap_or_default();
        let view = ask(&parts, &site.id, now, now, now).await?;
        let shapes: geo::GeometryCollection<f64> = site.zones.iter().map(|zone| zone.shape.geometry()).collect();
        let bbox = shapes
            .bounding_rect()
            .map(|rect| [rect.min().x, rect.min().y, rect.max().x, rect.max().y]);
        let centre = site.centre();
        let why_not = view.and_then(|view| view.why_not);
        sites.push(json!({
            "site": site.id, "name": site.name, "zones": site.zones.len(), "lon": centre.x(), "lat": centre.y(), "bbox": bbox,
            "open": shown.open, "worst": shown.worst, "last_look_at": shown.last_look_at, "last_clear_at": shown.last_clear_at,
            "evaluable": why_not.is_none(), "why_not": why_not,
        }));
    }
    Ok(Json(json!({"sites": sites})))
}

async fn shape(State(parts): State<Parts>, At(id): At<String>) -> Result<impl IntoResponse, Problem> {
    let sites = parts.world.get().sites;
    let file = sites.get(&id).ok_or_else(|| Problem::missing("such site"))?;
    Ok((
        [(header::CONTENT_TYPE, "application/geo+json")],
        file.geojson.to_string(),
    ))
}

async fn overview(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    At(id): At<String>,
    Params(query): Params<DaysQuery>,
) -> Result<Json<Value>, Problem> {
    let name = site_name(&parts, &id)?;
    let to = parts.clock.now();
    let from = to.plus_ms(-days(query.days)? * DAY_MS);
    let view = ask(&parts, &id, from, to, to).await?.unwrap_or_default();
    let (site, viewer) = (id.clone(), who.viewer(&parts));
    let (visibility, alerts) = parts
        .query(move |readers, _| {
            let wanted = AlertQuery {
                filter: AlertFilter {
                    site: Some(site.clone()),
                    ..AlertFilter::default()
                },
                limit: ALERTS,
                ..AlertQuery::default()
            };
            Ok((readers.seen_days(&site, from, to)?, readers.alerts(&wanted, &viewer)?))
        })
        .await?;
    Ok(Json(json!({
        "site": id, "name": name, "from": from, "to": to, "calls": view.calls, "calls_left_out": view.calls_left_out,
        "baselines": view.baselines, "ledger": view.ledger, "visibility": visibility, "alerts": alerts,
        "evaluable": view.why_not.is_none(), "why_not": view.why_not,
    })))
}

async fn lanes(
    State(parts): State<Parts>,
    At(id): At<String>,
    Params(query): Params<LanesQuery>,
) -> Result<Json<Value>, Problem> {
    site_name(&parts, &id)?;
    let time = |text: Option<String>| text.map(|text| UnixMs::parse(&text)).transpose().map_err(Problem::bad);
    let to = time(query.to)?.unwrap_or_else(|| parts.clock.now());
    let from = time(query.from)?.unwrap_or_else(|| to.plus_ms(-DAYS_DEFAULT * DAY_MS));
    if from >= to || to.days_since(from) > DAYS_MAX as f64 {
        return Err(Problem::bad(format!(
            "`from` must be before `to`, by at most {DAYS_MAX} days"
        )));
    }
    lanes_of(&parts, &id, from, to, Value::Null).await.map(Json)
}

async fn alert_lanes(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    At(id): At<String>,
    Params(query): Params<DaysQuery>,
) -> Result<Json<Value>, Problem> {
    let days = days(query.days)?;
    let viewer = who.viewer(&parts);
    let alert = parts.query(move |readers, _| readers.alert(&id, &viewer)).await?;
    let alert = alert.ok_or_else(|| Problem::missing("such alert"))?;
    let time = |value: Option<&Value>| value.and_then(Value::as_str).and_then(|text| UnixMs::parse(text).ok());
    let signals = || alert.get("signals").and_then(Value::as_array).into_iter().flatten();
    let opened = time(alert.get("opened_at")).unwrap_or_else(|| parts.clock.now());
    let starts = signals().filter_map(|signal| time(signal.get("from"))).min();
    let ends = signals().filter_map(|signal| time(signal.get("to"))).max();
    let onset = time(alert.pointer("/onset/earliest")).unwrap_or(opened);
    let (start, end) = (starts.unwrap_or(onset), ends.unwrap_or(opened));
    // An eighth after the alert, the rest before: what led to it matters more.
    let to = end
        .max(opened)
        .plus_ms(days * DAY_MS / 8)
        .min(parts.clock.now().max(end));
    let from = to.plus_ms(-days * DAY_MS);
    let site = alert.get("site").and_then(Value::as_str).unwrap_or_default().to_owned();
    lanes_of(&parts, &site, from, to, json!({"from": start, "to": end}))
        .await
        .map(Json)
}

async fn lanes_of(parts: &Parts, site: &str, from: UnixMs, to: UnixMs, window: Value) -> Result<Value, Problem> {
    let view = ask(parts, site, from, to, to).await?.unwrap_or_default();
    let id = site.to_owned();
    let (mut looks, all) = parts
        .query(move |readers, sites| {
            let looks = readers.site_looks(&id, (from, to), LOOKS_MAX, sites)?;
            Ok((looks, readers.count_looks(&id, from, to)?))
        })
        .await?;
    let left_out = all.saturating_sub(looks.len() as u64);
    looks.reverse();
    let tanker = |call: &&CallView| call.tanker;
    let lane =
        |name: &str, stays: Vec<&CallView>, points: Vec<Value>| json!({"lane": name, "stays": stays, "points": points});
    let lanes = [
        lane(
            "dock",
            view.calls.iter().filter(|call| !tanker(call)).collect(),
            Vec::new(),
        ),
        lane("tanker", view.calls.iter().filter(tanker).collect(), Vec::new()),
        lane("rail", Vec::new(), rail_points(&looks)),
        lane("apron", Vec::new(), stack_points(&looks)),
        lane("air", Vec::new(), air_points(&looks)),
    ];
    let shown: Vec<Value> = looks.iter().map(look_row).collect();
    Ok(json!({
        "site": site, "from": from, "to": to, "window": window, "looks": shown, "lanes": lanes,
        "cloud_gaps": cloud_gaps(&looks, from, to), "left_out": left_out,
    }))
}

fn look_row(look: &Look) -> Value {
    let zones: BTreeMap<&str, f64> = look
        .zones
        .iter()
        .map(|zone| (zone.zone.as_str(), zone.visible))
        .collect();
    json!({
        "id": identity(look), "at": look.acquired_at, "received_at": look.received_at, "station": look.station,
        "sensor": look.sensor.name, "kind": look.sensor.kind, "visible": visible(look), "zones": zones,
    })
}

fn visible(look: &Look) -> f64 {
    let sum: f64 = look.zones.iter().map(|zone| zone.visible).sum();
    if look.zones.is_empty() {
        0.0
    } else {
        sum / look.zones.len() as f64
    }
}

fn rail_points(looks: &[Look]) -> Vec<Value> {
    let mut points = Vec::new();
    for look in looks {
        let mut by_zone: BTreeMap<&str, f64> = look
            .zones
            .iter()
            .filter(|zone| zone.visible >= CLEAR_SHARE)
            .filter(|zone| look.rail.iter().any(|track| track.zone == zone.zone))
            .map(|zone| (zone.zone.as_str(), 0.0))
            .collect();
        for track in &look.rail {
            *by_zone.entry(track.zone.as_str()).or_default() += f64::from(track.cars);
        }
        points.extend(by_zone.into_iter().map(|(zone, cars)| point(look, zone, cars, "cars")));
    }
    points
}

fn stack_points(looks: &[Look]) -> Vec<Value> {
    (looks.iter())
        .flat_map(|look| {
            look.stacks
                .iter()
                .map(|stack| point(look, &stack.zone, stack.area_m2, "m2"))
        })
        .collect()
}

fn air_points(looks: &[Look]) -> Vec<Value> {
    (looks.iter())
        .flat_map(|look| {
            let seen = look.aircraft.iter();
            seen.map(|each| point(look, &each.zone, f64::from(each.count), "aircraft"))
        })
        .collect()
}

fn point(look: &Look, zone: &str, value: f64, unit: &str) -> Value {
    json!({"at": look.acquired_at, "look": identity(look), "zone": zone, "value": value, "unit": unit})
}

fn cloud_gaps(looks: &[Look], from: UnixMs, to: UnixMs) -> Vec<Value> {
    let clear = looks
        .iter()
        .filter(|look| visible(look) >= CLEAR_SHARE)
        .map(|look| look.acquired_at);
    let mut last = from;
    let mut gaps = Vec::new();
    for at in clear.chain([to]) {
        if at.0 - last.0 > GAP_MS {
            gaps.push(json!({"from": last, "to": at}));
        }
        last = at;
    }
    gaps
}

/// Asks the correlator.
async fn ask(parts: &Parts, site: &str, from: UnixMs, to: UnixMs, now: UnixMs) -> Result<Option<SiteView>, Problem> {
    let (reply, answer) = oneshot::channel();
    let ask = SiteAsk {
        site: site.to_owned(),
        from,
        to,
        now,
    };
    parts
        .commands
        .send(Work::Ask(ask, reply))
        .await
        .map_err(|_| Problem::stopping())?;
    answer.await.map_err(|_| Problem::stopping())
}

fn site_name(parts: &Parts, id: &str) -> Result<String, Problem> {
    let sites = parts.world.get().sites;
    let file = sites.get(id).ok_or_else(|| Problem::missing("such site"))?;
    Ok(file.site.name.clone())
}

fn days(days: Option<i64>) -> Result<i64, Problem> {
    match days.unwrap_or(DAYS_DEFAULT) {
        days if (1..=DAYS_MAX).contains(&days) => Ok(days),
        days => Err(Problem::bad(format!("`days` is {days}: expected 1 to {DAYS_MAX}"))),
    }
}
