//! The OpenAPI 3.1 document, made from the table of routes and the types that read bodies and queries.

use axum::Json;
use serde_json::{Map, Value, json};

use super::table::{Gives, Route, routes as all};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/openapi.json", None, "This document", document)]
}

async fn document() -> Json<Value> {
    Json(made())
}

/// The document.
#[must_use]
pub fn made() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in all() {
        let operation = operation(&route);
        let entry = paths.entry(route.path.to_owned()).or_insert_with(|| json!({}));
        if let Some(entry) = entry.as_object_mut() {
            entry.insert(route.method.as_str().to_lowercase(), operation);
        }
    }
    let schemas = json!({"Problem": problem()});
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Quaywatch central", "version": env!("CARGO_PKG_VERSION"), "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": "/api/v1"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": super::auth::COOKIE},
                "csrf": {"type": "apiKey", "in": "header", "name": super::auth::CSRF_HEADER},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    })
}

fn operation(route: &Route) -> Value {
    let mut parameters = path_parameters(route.path);
    if let Some(query) = route.query {
        parameters.extend(query_parameters(&query()));
    }
    let is_reading = route.method == axum::http::Method::GET;
    let security = match (route.need, is_reading) {
        (None, _) => json!([]),
        (Some(_), true) => json!([{"session": []}, {"token": []}]),
        (Some(_), false) => json!([{"session": [], "csrf": []}, {"token": []}]),
    };
    let mut operation = json!({
        "summary": route.summary,
        "operationId": operation_id(route),
        "parameters": parameters,
        "responses": responses(route),
        "security": security,
        "x-role": route.need.map(crate::account::Role::name),
    });
    if let (Some(body), Some(fields)) = (route.body, operation.as_object_mut()) {
        let schema = body();
        fields.insert(
            "requestBody".to_owned(),
            json!({"required": true, "content": {"application/json": {"schema": schema}}}),
        );
    }
    operation
}

fn operation_id(route: &Route) -> String {
    let words = route
        .path
        .split(['/', '{', '}', '-', '.'])
        .filter(|word| !word.is_empty());
    words.fold(route.method.as_str().to_lowercase(), |id, word| format!("{id}_{word}"))
}

fn responses(route: &Route) -> Value {
    let mut responses = Map::new();
    let object = json!({"application/json": {"schema": {"type": "object"}}});
    let (status, answer) = match route.gives {
        Gives::Json => ("200", json!({"description": "done", "content": object})),
        Gives::Created => ("201", json!({"description": "made", "content": object})),
        Gives::Nothing => ("204", json!({"description": "done"})),
        Gives::Media(media) => ("200", json!({"description": "done", "content": {media: {}}})),
    };
    responses.insert(status.to_owned(), answer);
    let problem = json!({
        "description": "a problem (RFC 9457)",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    });
    responses.insert("default".to_owned(), problem);
    Value::Object(responses)
}

fn path_parameters(path: &str) -> Vec<Value> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect()
}

fn query_parameters(schema: &Value) -> Vec<Value> {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, schema)| {
            json!({
                "name": name, "in": "query", "required": required.contains(&name.as_str()), "schema": schema,
                "description": schema.get("description"),
            })
        })
        .collect()
}

fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "what was wrong and what was expected"},
            "revision": {"type": "integer", "description": "with 409: the revision now"},
            "faults": {"type": "array", "items": {"type": "string"}, "description": "with 422: every fault of the text"},
        },
    })
}
