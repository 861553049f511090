//! Which sites a voyage can lead to from a site, and how far it is.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    correlate::book::SiteBook,
    rules::{Rules, VoyageRule},
};

/// Kilometres in a degree of latitude, a little less than there are: a quick test that never refuses what is in reach.
const KM_PER_DEGREE_LEAST: f64 = 110.0;
/// Pairs of sites that are remembered, 16 bytes each: all of a thousand sites. Beyond, distances are computed anew.
const PAIRS_MAX: usize = 1_000_000;

/// Sites in reach of each other: they do not move.
#[derive(Debug, Default)]
pub(super) struct Reach {
    of: BTreeMap<usize, Arc<[(usize, f64)]>>,
    pairs: usize,
}

impl Reach {
    /// The other sites in reach of a site, in their order, and the way to each, kilometres.
    pub fn of(&mut self, site: usize, book: &SiteBook, rules: &Rules, keys: &VoyageRule) -> Arc<[(usize, f64)]> {
        if let Some(known) = self.of.get(&site) {
            return known.clone();
        }
        let others = (0..book.sites.len()).filter(|other| *other != site);
        let found: Arc<[(usize, f64)]> = others
            .filter_map(|other| Some((other, way_km(site, other, book, rules, keys)?)))
            .collect();
        if self.pairs + found.len() <= PAIRS_MAX {
            self.pairs += found.len();
            self.of.insert(site, found.clone());
        }
        found
    }
}

/// The configured route, or the great circle with what ships sail more; `None`: out of reach.
fn way_km(a: usize, b: usize, book: &SiteBook, rules: &Rules, keys: &VoyageRule) -> Option<f64> {
    let (here, there) = (book.at(a)?, book.at(b)?);
    let km = match rules.route_km(&here.id, &there.id) {
        Some(km) => km,
        None => {
            let north = (here.centre_deg.0 - there.centre_deg.0).abs() * KM_PER_DEGREE_LEAST;
            if north > keys.distance_max_km {
                return None;
            }
            keys.route_factor * book.great_circle_km(a, b)
        }
    };
    (km <= keys.distance_max_km).then_some(km)
}
