//! The console: what stood in `console/dist` when this was built, inside the binary. A build without it serves a small page of its own.
//!
//! A path without a dot is a place inside the console and gets its index page. Files are compressed once, at the first request; each
//! has an ETag, and those whose name holds a hash of their content may be kept for ever.

use std::{collections::HashMap, io::Write, sync::OnceLock};

use axum::{
    body::Bytes,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use data_encoding::HEXLOWER;
use flate2::{Compression, write::GzEncoder};

use super::Problem;

/// The built console; empty where it was not built.
mod console {
    include!(concat!(env!("OUT_DIR"), "/console_files.rs"));
}

/// The small page of its own.
const PLAIN: [(&str, &str); 5] = [
    ("index.html", include_str!("../page/index.html")),
    ("style.css", include_str!("../page/style.css")),
    ("app.js", include_str!("../page/app.js")),
    ("draw.js", include_str!("../page/draw.js")),
    ("icon.svg", include_str!("../page/icon.svg")),
];
const INDEX: &str = "index.html";
/// Folder whose files have names with a hash of their content: Vite's habit.
const HASHED: &str = "assets/";
/// Shorter files gain nothing from compression, bytes.
const GZIP_BYTES_MIN: usize = 1_024;
/// Kinds of files that are compressed already.
const PACKED: [&str; 8] = [".png", ".jpg", ".webp", ".woff2", ".gz", ".br", ".ico", ".pmtiles"];

struct Asset {
    raw: Bytes,
    packed: Option<Bytes>,
    etag: HeaderValue,
    kind: HeaderValue,
    cache: HeaderValue,
}

/// Whatever is not the API's.
pub async fn serve(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    if path.starts_with("api/") || path == "metrics" {
        return Problem::missing("such resource").into_response();
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return super::problem::wrong_method().await.into_response();
    }
    let assets = assets();
    let is_place = !path.rsplit('/').next().unwrap_or_default().contains('.');
    let asset = match assets.get(path) {
        Some(asset) => Some(asset),
        None if is_place => assets.get(INDEX),
        None => None,
    };
    match asset {
        Some(asset) => answer(asset, request.headers()),
        None => Problem::missing("such resource").into_response(),
    }
}

fn answer(asset: &Asset, headers: &HeaderMap) -> Response {
    let text = |name: header::HeaderName| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let common = [
        (header::ETAG, asset.etag.clone()),
        (header::CACHE_CONTROL, asset.cache.clone()),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    let etag = asset.etag.to_str().unwrap_or_default();
    if text(header::IF_NONE_MATCH)
        .split(',')
        .any(|each| each.trim().trim_start_matches("W/") == etag)
    {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let kind = [(header::CONTENT_TYPE, asset.kind.clone())];
    let takes_gzip = text(header::ACCEPT_ENCODING)
        .split(',')
        .any(|each| each.trim().split(';').next() == Some("gzip"));
    match &asset.packed {
        Some(packed) if takes_gzip => {
            let encoding = [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))];
            (common, kind, encoding, packed.clone()).into_response()
        }
        _ => (common, kind, asset.raw.clone()).into_response(),
    }
}

fn assets() -> &'static HashMap<String, Asset> {
    static ASSETS: OnceLock<HashMap<String, Asset>> = OnceLock::new();
    ASSETS.get_or_init(|| {
        let has_console = console::FILES.iter().any(|(path, _)| *path == INDEX);
        let plain = PLAIN.map(|(path, text)| (path, text.as_bytes()));
        let files = if has_console { console::FILES } else { plain.as_slice() };
        files
            .iter()
            .map(|(path, data)| ((*path).to_owned(), asset(path, data)))
            .collect()
    })
}

fn asset(path: &str, data: &'static [u8]) -> Asset {
    let raw = Bytes::from_static(data);
    let gains = raw.len() >= GZIP_BYTES_MIN && !PACKED.iter().any(|end| path.ends_with(end));
    let packed = gains
        .then(|| gzip(&raw))
        .flatten()
        .filter(|packed| packed.len() < raw.len());
    let hash = crate::account::hash_of(&String::from_utf8_lossy(&raw));
    let short = HEXLOWER.encode(hash.get(..12).unwrap_or_default());
    let cache = if path.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    Asset {
        packed,
        etag: HeaderValue::from_str(&format!("\"{short}\"")).unwrap_or(HeaderValue::from_static("\"0\"")),
        kind: HeaderValue::from_static(kind(path)),
        cache: HeaderValue::from_static(cache),
        raw,
    }
}

fn gzip(raw: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(raw).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "json" | "geojson" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
