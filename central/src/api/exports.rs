//! Exports of an alert.

use axum::{
    Extension,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    Parts, Problem,
    alerts::{named_in, shown},
    auth::Who,
    table::{Gives, Route},
    take::At,
};
use crate::{
    account::Role,
    export::{self, Format, STYLE, Sheet},
};

/// Looks of an export: the newest.
const LOOKS_MAX: usize = 200;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(
            "/alerts/{id}/export/{format}",
            Some(Role::Viewer),
            "An alert as cap, stix, cot, geojson, kml, csv or html",
            one,
        )
        .gives(Gives::Media("application/octet-stream")),
    ]
}

async fn one(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    At((id, format)): At<(String, String)>,
) -> Result<Response, Problem> {
    let format = Format::of(&format).ok_or_else(|| {
        let known: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        Problem::missing(&format!("such form: expected one of {}", known.join(", ")))
    })?;
    let alert = shown(&parts, &who, id).await?;
    let named = named_in(&alert);
    let looks = parts
        .query(move |readers, sites| {
            let mut looks = Vec::new();
            for event in named.iter().skip(named.len().saturating_sub(LOOKS_MAX)) {
                looks.extend(readers.look(event, sites)?);
            }
            looks.sort_by_key(|look| look.acquired_at);
            Ok(looks)
        })
        .await?;
    let site = alert.get("site").and_then(Value::as_str).unwrap_or_default();
    let sheet = Sheet {
        site: parts.world.get().sites.get(site).map(|file| file.site.clone()),
        alert,
        looks,
        version: env!("CARGO_PKG_VERSION"),
    };
    Ok(answer(format, &sheet))
}

fn answer(format: Format, sheet: &Sheet) -> Response {
    let text = export::write(format, sheet);
    let mut response = ([(header::CONTENT_TYPE, format.media())], text).into_response();
    let headers = response.headers_mut();
    if format == Format::Html {
        // The page's own style and nothing else.
        let hash = STANDARD.encode(Sha256::digest(STYLE));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        return response;
    }
    let id = sheet.alert.get("id").and_then(Value::as_str).unwrap_or("alert");
    let safe: String = id
        .chars()
        .map(|each| {
            if each.is_ascii_alphanumeric() || each == '-' {
                each
            } else {
                '_'
            }
        })
        .collect();
    let disposition = format!("attachment; filename=\"{safe}.{}\"", format.extension());
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}
