//! Saves a text and puts it in force, or that of an earlier revision.

use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{
    super::{
        Parts, Problem,
        auth::Who,
        described::described,
        take::{At, Body, check_text},
    },
    revisions::text_of,
    world::{site_subject, world_of_rules, world_of_site},
};
use crate::{
    intake::{NewWorld, Work},
    store::revisions::RULES,
};

described! {
    /// A text to save.
    pub(super) SaveBody {
        /// Revision that was looked at.
        revision: i64,
        /// The whole file.
        text: String,
        /// Why.
        note: String,
    }
}

described! {
    /// A revision to go back to.
    pub(super) RevertBody {
        /// Revision that was looked at.
        revision: i64,
        /// Revision whose text is to be saved again.
        to: i64,
        /// Why.
        #[serde(default)]
        note: String,
    }
}

pub(super) async fn save_rules(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    Body(body): Body<SaveBody>,
) -> Result<Json<Value>, Problem> {
    save(&parts, &who, None, body).await
}

pub(super) async fn save_site(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    At(id): At<String>,
    Body(body): Body<SaveBody>,
) -> Result<Json<Value>, Problem> {
    save(&parts, &who, Some(id), body).await
}

pub(super) async fn revert_rules(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    Body(body): Body<RevertBody>,
) -> Result<Json<Value>, Problem> {
    revert(&parts, &who, None, body).await
}

pub(super) async fn revert_site(
    State(parts): State<Parts>,
    Extension(who): Extension<Who>,
    At(id): At<String>,
    Body(body): Body<RevertBody>,
) -> Result<Json<Value>, Problem> {
    revert(&parts, &who, Some(id), body).await
}

async fn revert(parts: &Parts, who: &Who, site: Option<String>, body: RevertBody) -> Result<Json<Value>, Problem> {
    let subject = match &site {
        Some(id) => site_subject(parts, id)?,
        None => RULES.to_owned(),
    };
    let text = text_of(parts, subject, body.to).await?;
    let note = format!("back to revision {}. {}", body.to, body.note);
    let body = SaveBody {
        revision: body.revision,
        text,
        note: note.trim().to_owned(),
    };
    save(parts, who, site, body).await
}

async fn save(parts: &Parts, who: &Who, site: Option<String>, body: SaveBody) -> Result<Json<Value>, Problem> {
    check_text("note", &body.note)?;
    if body.note.trim().is_empty() {
        return Err(Problem::bad("`note` is empty: expected why"));
    }
    // One at a time: each is built on the world that the one before left.
    let _one = parts.saving.lock().await;
    let (subject, world) = match &site {
        Some(id) => (site_subject(parts, id)?, world_of_site(parts, id, &body.text)?),
        None => (RULES.to_owned(), world_of_rules(parts, &body.text)?),
    };
    let new = NewWorld {
        subject,
        seen: body.revision,
        by: who.actor.clone(),
        note: body.note,
        text: body.text,
        world: world.clone(),
        readers: Arc::clone(&parts.readers),
    };
    let (reply, answer) = oneshot::channel();
    parts
        .commands
        .send(Work::Replace(Box::new(new), reply))
        .await
        .map_err(|_| Problem::stopping())?;
    match answer.await.map_err(|_| Problem::stopping())? {
        Ok(revision) => {
            parts.world.put(world);
            Ok(Json(json!({"revision": revision})))
        }
        Err(newest) => Err(Problem::changed("the text", newest)),
    }
}
