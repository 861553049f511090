//! The page: four files inside the binary.

use axum::{
    Router,
    http::header,
    response::IntoResponse,
    routing::{self, MethodRouter},
};

use super::Parts;

/// The page's routes.
pub fn router() -> Router<Parts> {
    Router::new()
        .route(
            "/",
            file("text/html; charset=utf-8", include_str!("../page/index.html")),
        )
        .route(
            "/style.css",
            file("text/css; charset=utf-8", include_str!("../page/style.css")),
        )
        .route(
            "/app.js",
            file("text/javascript; charset=utf-8", include_str!("../page/app.js")),
        )
        .route(
            "/draw.js",
            file("text/javascript; charset=utf-8", include_str!("../page/draw.js")),
        )
        .route("/icon.svg", file("image/svg+xml", include_str!("../page/icon.svg")))
}

fn file(content_type: &'static str, text: &'static str) -> MethodRouter<Parts> {
    routing::get(move || async move { ([(header::CONTENT_TYPE, content_type)], text).into_response() })
}
