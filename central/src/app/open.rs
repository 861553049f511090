//! The store as it is found at the start: what is in force, who may make the first admin, the looks that were stored before.

use std::sync::Arc;

use super::{AppError, store_error};
use crate::{
    account::Secret,
    clock::Clock,
    config::Config,
    intake::{Correlator, Intake, Setup},
    rules::Rules,
    sites::{SiteFile, Sites},
    store::{Store, read::Readers, revisions},
    world::World,
};

/// Opens the store, and takes sites and rules as the newest edit has them, be it in a file or in the console.
pub(super) async fn open_store(
    config: &Config,
    sites: Sites,
    rules: Rules,
    rules_text: String,
    clock: Arc<dyn Clock>,
) -> Result<(Store, World), AppError> {
    let file = config.store_file.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let failed = |error| AppError::Store {
            file: file.clone(),
            error,
        };
        let mut store = Store::open(&file).map_err(failed)?;
        let now = clock.now();
        let mut batch = store.begin().map_err(failed)?;
        let unfit = |subject: &str, newest: &revisions::Newest, problem: String| AppError::Revision {
            subject: subject.to_owned(),
            revision: newest.revision.revision,
            by: newest.revision.saved_by.clone(),
            problem,
        };
        let newest = batch.in_force(revisions::RULES, &rules_text, now).map_err(failed)?;
        let rules = if newest.text == rules_text {
            rules
        } else {
            tracing::info!(
                revision = newest.revision.revision,
                by = newest.revision.saved_by,
                "rules of the console are in force"
            );
            Rules::from_toml(&newest.text).map_err(|faults| unfit(revisions::RULES, &newest, listed(faults.iter())))?
        };
        let mut world = sites.clone();
        for file in sites.iter() {
            let subject = revisions::of_site(&file.site.id);
            let newest = batch.in_force(&subject, &file.text, now).map_err(failed)?;
            if newest.text != file.text {
                tracing::info!(
                    subject,
                    revision = newest.revision.revision,
                    "zones of the console are in force"
                );
                let file =
                    SiteFile::parse(&newest.text).map_err(|faults| unfit(&subject, &newest, listed(faults.iter())))?;
                world = world.with(file);
            }
        }
        batch.commit().map_err(failed)?;
        let world = World {
            sites: Arc::new(world),
            rules: Arc::new(rules),
        };
        Ok((store, world))
    });
    opened.await.map_err(|_| AppError::StageEnded("opening of the store"))?
}

fn listed(faults: impl Iterator<Item = impl ToString>) -> String {
    faults.map(|fault| fault.to_string()).collect::<Vec<_>>().join("; ")
}

/// While there is nobody who could come in, a one-time link goes to the log.
pub(super) fn offer_setup(config: &Config, store: &mut Store, wall: &dyn Clock) -> Result<(), AppError> {
    let failed = |error| store_error(config, error);
    let readers = Readers::new(&config.store_file);
    if !readers.is_unset().map_err(failed)? {
        return Ok(());
    }
    let secret = Secret::new("").map_err(|problem| AppError::Tls(format!("no set-up link: {problem}")))?;
    let mut batch = store.begin().map_err(failed)?;
    batch.offer_setup(&secret.hash(), wall.now()).map_err(failed)?;
    batch.commit().map_err(failed)?;
    let scheme = if config.http.tls.is_some() { "https" } else { "http" };
    let link = format!("{scheme}://{}/setup#{}", config.http.listen, secret.reveal());
    // The one secret that belongs in a log: it makes the first admin, once, within an hour.
    tracing::warn!("there is no user yet; make the first admin here, once, within an hour: {link}");
    Ok(())
}

/// The writer, its correlator built from every look in the store; and how many those were.
pub(super) async fn open_intake<C: Correlator + 'static>(
    config: &Config,
    store: Store,
    readers: Arc<Readers>,
    correlator: C,
    setup: Setup,
) -> Result<(Intake<C>, u64), AppError> {
    let opened = tokio::task::spawn_blocking(move || Intake::start(store, &readers, correlator, setup));
    match opened.await {
        Ok(intake) => intake.map_err(|error| store_error(config, error)),
        Err(_) => Err(AppError::StageEnded("opening of the store")),
    }
}
