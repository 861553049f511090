//! What every request passes: headers that keep browsers strict, and the checks that keep foreign web pages out.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::Problem;

/// Header that a command must carry: a foreign page cannot send it without a preflight, which is never answered.
pub const COMMAND_HEADER: &str = "x-quaywatch";

/// No outside requests, no inline script or style, no frames.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Checks a request and adds the headers to its answer.
pub async fn guard(request: Request, next: Next) -> Response {
    let refused = refuse(request.method(), request.headers());
    let mut response = match refused {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    };
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

fn refuse(method: &Method, headers: &HeaderMap) -> Option<Problem> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    if !is_own_name(host) {
        return Some(Problem::forbidden(format!(
            "host `{}` is not this server: expected an IP address or localhost",
            host.chars().take(64).collect::<String>()
        )));
    }
    let is_reading = method == Method::GET || method == Method::HEAD;
    if !is_reading && !headers.contains_key(COMMAND_HEADER) {
        return Some(Problem::forbidden(format!(
            "commands need the header {COMMAND_HEADER}: 1"
        )));
    }
    None
}

/// A DNS name that somebody else controls can be pointed at this machine, an IP address or `localhost` cannot.
fn is_own_name(host: &str) -> bool {
    let name = if host.starts_with('[') {
        host.split_once(']')
            .map_or(host, |(name, _)| name.trim_start_matches('['))
    } else {
        host.split_once(':').map_or(host, |(name, _)| name)
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok()
}
