//! What the writer asks of a correlator.

use std::sync::Arc;

use quaywatch_protocol::contract::look::Look;

use crate::{
    alert::{Alert, AlertChange},
    correlate::{
        SiteBook,
        view::{SiteAsk, SiteView},
    },
    ingest::distrust::Distrust,
    rules::Rules,
    sites::Sites,
    store::{StoreError, read::Readers},
};

/// What the writer needs of a correlator: pure, synchronous, and a function of the looks it was given.
pub trait Correlator: Send {
    /// Takes a look in, and tells which alerts are new or different.
    fn apply(&mut self, look: &Look) -> Vec<AlertChange>;
    /// All alerts as they are now.
    fn alerts(&self) -> Vec<Alert>;
    /// One that has seen nothing, for other sites and rules.
    #[must_use]
    fn anew(&self, sites: &Sites, rules: &Rules) -> Self
    where
        Self: Sized;
    /// What it knows of a site, for people to look at; `None` for one that it does not watch.
    fn site_view(&self, _ask: &SiteAsk) -> Option<SiteView> {
        None
    }
}

impl Correlator for crate::correlate::Engine {
    fn apply(&mut self, look: &Look) -> Vec<AlertChange> {
        Self::apply(self, look)
    }

    fn alerts(&self) -> Vec<Alert> {
        Self::alerts(self)
    }

    fn anew(&self, sites: &Sites, rules: &Rules) -> Self {
        Self::new(
            Arc::new(SiteBook::new(sites.iter().map(|file| &file.site))),
            rules.clone(),
        )
    }

    fn site_view(&self, ask: &SiteAsk) -> Option<SiteView> {
        Self::site_view(self, ask)
    }
}

/// Gives a correlator every stored look of a watched site that counts.
pub(super) fn feed<C: Correlator>(
    correlator: &mut C,
    readers: &Readers,
    sites: &Sites,
    distrust: &Distrust,
) -> Result<u64, StoreError> {
    readers.each_look(sites, distrust, |look| {
        if sites.get(&look.site).is_some() {
            correlator.apply(&look);
        }
    })
}
