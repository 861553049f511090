//! Every route of the router's own table, asked by those who may not and in ways that are wrong. A new route is here by being in the
//! table.

use quaywatch_protocol::contract::time::DAY_MS;

use super::*;
use crate::api::table::{Route, routes};

/// Names that want to be something else.
const HOSTILE: [&str; 6] = [
    "'%20OR%201=1--",
    "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "..%2F..%2Fetc%2Fpasswd",
    "%00",
    "%F0%9F%92%A5",
    "a%22%3B%20DROP%20TABLE%20alert%3B--",
];

fn path_of(route: &Route, with: &str) -> String {
    let parts: Vec<&str> = route
        .path
        .split('/')
        .map(|part| if part.starts_with('{') { with } else { part })
        .collect();
    format!("/api/v1{}", parts.join("/"))
}

fn is_stream(route: &Route) -> bool {
    route.path == "/stream"
}

fn is_reading(route: &Route) -> bool {
    route.method == axum::http::Method::GET
}

#[tokio::test]
async fn who_is_nobody_or_no_longer_anybody_gets_nothing() {
    let served = Served::start().await;
    served.take_look(1);
    let ended = format!("cookie: quaywatch_session={}\r\n", Secret::new("").unwrap().reveal());
    let wrong = "authorization: Bearer qw_wrong\r\n".to_owned();
    for route in routes().iter().filter(|route| route.need.is_some()) {
        let path = path_of(route, "simple-vostochny");
        for headers in ["", &ended, &wrong, "authorization: Basic YTpi\r\n"] {
            let answer = served.send(route.method.as_str(), &path, headers, "{}").await;
            assert_eq!(
                answer.status, 401,
                "{} {path} with {headers:?}: {}",
                route.method, answer.body
            );
            assert!(answer.head.contains("application/problem+json"), "{path}");
        }
    }
    let one_day = json!({"name": "probe", "role": "admin", "expires_days": 1});
    let made = served.post(Role::Admin, "/api/v1/tokens", &one_day).await.json();
    let bearer = format!("authorization: Bearer {}\r\n", made["token"].as_str().unwrap());
    assert_eq!(served.send("GET", "/api/v1/users", &bearer, "").await.status, 200);
    served.clock.set(NOW.plus_ms(DAY_MS));
    for route in routes().iter().filter(|route| route.need.is_some()) {
        let path = path_of(route, "simple-vostochny");
        let answer = served.send(route.method.as_str(), &path, &bearer, "{}").await;
        assert_eq!(answer.status, 401, "{} {path}: the token's day is over", route.method);
    }
    served.clock.set(NOW.plus_ms(3_600_000));
    for route in routes().iter().filter(|route| route.need.is_some()) {
        let path = path_of(route, "simple-vostochny");
        let answer = served
            .send(route.method.as_str(), &path, &served.browser(Role::Admin), "{}")
            .await;
        assert_eq!(
            answer.status, 401,
            "{} {path}: an hour of silence ends a session",
            route.method
        );
    }
}

#[tokio::test]
async fn who_has_too_little_a_role_is_told_so() {
    let served = Served::start().await;
    for route in routes() {
        for role in Role::ALL
            .into_iter()
            .filter(|role| route.need.is_some_and(|need| *role < need))
        {
            let path = path_of(&route, "1");
            let answer = served
                .send(route.method.as_str(), &path, &served.browser(role), "{}")
                .await;
            assert_eq!(answer.status, 403, "{} {path} by {}", route.method, role.name());
            assert!(answer.body.contains("needs the role"), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_change_from_another_site_or_without_the_csrf_token_is_refused() {
    let served = Served::start().await;
    served.take_look(1);
    let cookie = format!("cookie: quaywatch_session={}\r\n", served.cookie(Role::Admin));
    let whole = served.browser(Role::Admin);
    for route in routes().iter().filter(|route| !is_reading(route)) {
        let path = path_of(route, "simple-vostochny");
        let mut tries = vec![
            whole.replace("origin: http://localhost", "origin: http://evil.example"),
            whole.replace("origin: http://localhost", "origin: null"),
            format!("{whole}sec-fetch-site: cross-site\r\n"),
        ];
        if route.need.is_some() {
            tries.push(cookie.clone());
            tries.push(format!("{cookie}x-csrf-token: wrong\r\n"));
        }
        for headers in tries {
            let answer = served.send(route.method.as_str(), &path, &headers, "{}").await;
            assert_eq!(
                answer.status, 403,
                "{} {path} with {headers:?}: {}",
                route.method, answer.body
            );
        }
    }
    let foreign = "GET /api/v1/alerts HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n";
    assert_eq!(
        served.raw(foreign.to_owned()).await.status,
        403,
        "a foreign name that was pointed here"
    );
    assert_eq!(served.get(ALERT).await.json()["state"], "open");
}

#[tokio::test]
async fn bodies_that_are_too_long_or_malformed_are_refused_with_a_problem() {
    let served = Served::start().await;
    served.take_look(1);
    let admin = served.browser(Role::Admin);
    for route in routes().iter().filter(|route| route.body.is_some()) {
        let path = path_of(route, "simple-vostochny");
        let long = format!("{{\"text\":\"{}\"}}", "x".repeat(route.body_bytes_max));
        let answer = served.send(route.method.as_str(), &path, &admin, &long).await;
        assert_eq!(answer.status, 413, "{} {path}: {}", route.method, answer.body);
        for body in [
            "",
            "{",
            "[]",
            "null",
            "{\"unknown\":1}",
            "{\"revision\":\"x\"}",
            "\"\u{0}\"",
        ] {
            let answer = served.send(route.method.as_str(), &path, &admin, body).await;
            assert_eq!(
                answer.status, 400,
                "{} {path} with {body:?}: {}",
                route.method, answer.body
            );
            assert!(answer.head.contains("application/problem+json"), "{path}");
        }
        let untyped = admin.clone() + "content-type: text/plain\r\n";
        let request = format!(
            "{} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{untyped}content-length: 2\r\n\r\n{{}}",
            route.method
        );
        assert_eq!(served.raw(request).await.status, 415, "{} {path}", route.method);
    }
}

/// What takes a body and changes nothing that somebody else could have changed meanwhile: it makes something new, tries something
/// out, or is proved by the password that it replaces.
const WITHOUT_REVISION: [&str; 9] = [
    "POST /session",
    "POST /session/password",
    "POST /setup",
    "POST /users",
    "POST /tokens",
    "POST /silences",
    "POST /rules/preview",
    "POST /sites/{id}/preview",
    "POST /notify/test",
];

#[test]
fn every_edit_names_the_revision_that_was_looked_at() {
    for route in routes() {
        let Some(schema) = route.body else { continue };
        let name = format!("{} {}", route.method, route.path);
        let required = schema()["required"].clone();
        let names_it = required.as_array().unwrap().contains(&json!("revision"));
        assert_eq!(
            names_it,
            !WITHOUT_REVISION.contains(&name.as_str()),
            "{name}: {required}"
        );
    }
}

#[tokio::test]
async fn a_session_ends_after_its_twelve_hours_however_busy_it_is() {
    let served = Served::start().await;
    for minutes in (0..720).step_by(50) {
        served.clock.set(NOW.plus_ms(minutes * 60_000));
        assert_eq!(
            served.get("/api/v1/alerts").await.status,
            200,
            "after {minutes} minutes"
        );
    }
    served.clock.set(NOW.plus_ms(720 * 60_000));
    for route in routes().iter().filter(|route| route.need == Some(Role::Viewer)) {
        let answer = served
            .send(
                route.method.as_str(),
                &path_of(route, "simple-vostochny"),
                &served.browser(Role::Viewer),
                "{}",
            )
            .await;
        assert_eq!(answer.status, 401, "{} {}", route.method, route.path);
    }
}

#[tokio::test]
async fn hostile_names_and_parameters_do_nothing_but_get_an_answer() {
    let served = Served::start().await;
    served.take_look(1);
    let admin = served.browser(Role::Admin);
    for route in routes().iter().filter(|route| !is_stream(route)) {
        for name in HOSTILE {
            if route.path.contains('{') {
                let answer = served
                    .send(route.method.as_str(), &path_of(route, name), &admin, "{}")
                    .await;
                assert!(
                    (400..500).contains(&answer.status),
                    "{} {} with {name}: {}",
                    route.method,
                    route.path,
                    answer.status
                );
                assert!(!answer.body.contains("<script>"), "{}", answer.body);
            }
            if route.query.is_some() && is_reading(route) {
                let path = path_of(route, "vostochny");
                for parameter in [
                    "site", "state", "q", "after", "before", "limit", "from", "days", "by", name,
                ] {
                    let answer = served
                        .send("GET", &format!("{path}?{parameter}={name}"), &admin, "")
                        .await;
                    assert!(
                        answer.status < 500,
                        "{path}?{parameter}={name}: {} {}",
                        answer.status,
                        answer.body
                    );
                }
            }
        }
    }
    assert_eq!(
        served.get(ALERT).await.json()["id"],
        "simple-vostochny",
        "everything is still there"
    );
    assert_eq!(served.get("/api/v1/health").await.json()["alerts"]["open"], 1);
}

#[tokio::test]
async fn the_openapi_document_has_every_route_with_role_and_body() {
    let served = Served::start().await;
    let document = served.get("/api/v1/openapi.json").await.json();
    let mut ids = std::collections::BTreeSet::new();
    for route in routes() {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        assert!(operation.is_object(), "{} {}", route.method, route.path);
        assert_eq!(operation["x-role"].as_str(), route.need.map(Role::name));
        assert_eq!(
            operation["requestBody"].is_object(),
            route.body.is_some(),
            "{}",
            route.path
        );
        assert!(
            ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
            "{}",
            route.path
        );
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let text = document.to_string();
    for part in text.split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name} is named and not there");
    }
    let documented = include_str!("../../../../docs/API.md");
    for route in routes() {
        let tail = route.path.trim_start_matches("/alerts/{id}");
        let named = documented.contains(&format!("{}`", route.path))
            || documented.contains(&format!("{} {}", route.method, route.path))
            || documented.contains(&format!("`{tail}`"));
        assert!(named, "{} {} is not in docs/API.md", route.method, route.path);
    }
}
