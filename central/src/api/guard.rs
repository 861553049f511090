//! What every request passes: headers that keep browsers strict, and the check that no foreign name was pointed here.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{HttpRules, Problem};

/// No outside requests, no inline script or style, no frames. Workers from blobs are the map's.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
     font-src 'self'; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";
/// How long a browser keeps to TLS once it had it, seconds: half a year.
const STRICT_TRANSPORT: &str = "max-age=15768000";

/// Checks a request and adds the headers to its answer.
pub async fn guard(State(rules): State<Arc<HttpRules>>, request: Request, next: Next) -> Response {
    let refused = refuse(&rules, request.headers());
    let mut response = match refused {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    // A page that must be able to stand alone brings a policy of its own.
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    if rules.tls {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static(STRICT_TRANSPORT),
        );
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

fn refuse(rules: &HttpRules, headers: &HeaderMap) -> Option<Problem> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    (!is_own_name(rules, host)).then(|| {
        Problem::forbidden(format!(
            "host `{}` is not this server: expected an IP address, localhost, or a name of http.names",
            host.chars().take(64).collect::<String>()
        ))
    })
}

/// A DNS name that somebody else controls can be pointed at this machine; an IP address, `localhost` and our own names cannot.
fn is_own_name(rules: &HttpRules, host: &str) -> bool {
    let name = if host.starts_with('[') {
        host.split_once(']')
            .map_or(host, |(name, _)| name.trim_start_matches('['))
    } else {
        host.split_once(':').map_or(host, |(name, _)| name)
    };
    name == "localhost"
        || name.parse::<std::net::IpAddr>().is_ok()
        || rules.names.iter().any(|own| own.eq_ignore_ascii_case(name))
}
