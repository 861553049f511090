//! Every text that was ever in force.

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::{
    super::{Parts, Problem, take::At},
    world::site_subject,
};
use crate::store::revisions::RULES;

pub(super) async fn rule_revisions(State(parts): State<Parts>) -> Result<Json<Value>, Problem> {
    revisions_of(&parts, RULES.to_owned()).await
}

pub(super) async fn site_revisions(State(parts): State<Parts>, At(id): At<String>) -> Result<Json<Value>, Problem> {
    revisions_of(&parts, site_subject(&parts, &id)?).await
}

async fn revisions_of(parts: &Parts, subject: String) -> Result<Json<Value>, Problem> {
    let revisions = parts.query(move |readers, _| readers.revisions(&subject)).await?;
    Ok(Json(json!({"revisions": revisions})))
}

pub(super) async fn rule_revision(State(parts): State<Parts>, At(n): At<i64>) -> Result<Json<Value>, Problem> {
    let text = text_of(&parts, RULES.to_owned(), n).await?;
    Ok(Json(json!({"revision": n, "text": text})))
}

pub(super) async fn site_revision(
    State(parts): State<Parts>,
    At((id, n)): At<(String, i64)>,
) -> Result<Json<Value>, Problem> {
    let text = text_of(&parts, site_subject(&parts, &id)?, n).await?;
    Ok(Json(json!({"revision": n, "text": text})))
}

pub(super) async fn text_of(parts: &Parts, subject: String, revision: i64) -> Result<String, Problem> {
    parts
        .query(move |readers, _| readers.revision_text(&subject, revision))
        .await?
        .ok_or_else(|| Problem::missing("such revision"))
}
