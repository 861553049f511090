//! The watched sites as the correlator needs them: zone ids to small numbers, kinds, distances.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use quaywatch_protocol::contract::{Site, ZoneKind};

/// Index of a zone within its site.
pub type ZoneIx = u8;

/// One zone.
#[derive(Clone, Debug)]
pub struct ZonePlan {
    /// Id.
    pub id: String,
    /// Kind.
    pub kind: ZoneKind,
    /// Pier of which this berth is a side: the id up to its last hyphen, where the site file gives a `side`.
    pub pier: Option<String>,
}

/// One site.
#[derive(Clone, Debug)]
pub struct SitePlan {
    /// Id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Zones by index; tracks of one yard are one zone.
    pub zones: Vec<ZonePlan>,
    /// Latitude and longitude of the middle, degrees.
    pub centre_deg: (f64, f64),
    /// Piers with more than one side that is a berth, by name, with their berths.
    pub piers: Vec<(String, Vec<ZoneIx>)>,
    index: HashMap<String, ZoneIx, RandomState>,
}

impl SitePlan {
    /// The zone with this id.
    #[must_use]
    pub fn zone(&self, id: &str) -> Option<ZoneIx> {
        self.index.get(id).copied()
    }

    /// Kind of a zone.
    #[must_use]
    pub fn kind(&self, zone: ZoneIx) -> Option<ZoneKind> {
        self.zones.get(usize::from(zone)).map(|zone| zone.kind)
    }

    /// Id of a zone.
    #[must_use]
    pub fn zone_id(&self, zone: ZoneIx) -> &str {
        self.zones.get(usize::from(zone)).map_or("", |zone| zone.id.as_str())
    }
}

/// All watched sites, in the order of their ids.
#[derive(Clone, Debug, Default)]
pub struct SiteBook {
    /// The sites.
    pub sites: Vec<SitePlan>,
    index: HashMap<String, usize, RandomState>,
}

impl SiteBook {
    /// From site files that were read.
    pub fn new<'a>(sites: impl IntoIterator<Item = &'a Site>) -> Self {
        let mut plans: Vec<SitePlan> = sites.into_iter().map(plan).collect();
        plans.sort_by(|a, b| a.id.cmp(&b.id));
        plans.dedup_by(|a, b| a.id == b.id);
        let index = plans
            .iter()
            .enumerate()
            .map(|(at, plan)| (plan.id.clone(), at))
            .collect();
        Self { sites: plans, index }
    }

    /// Position of a site.
    #[must_use]
    pub fn position(&self, id: &str) -> Option<usize> {
        self.index.get(id).copied()
    }

    /// One site by position.
    #[must_use]
    pub fn at(&self, position: usize) -> Option<&SitePlan> {
        self.sites.get(position)
    }

    /// Great-circle distance between the middles of two sites, kilometres (haversine, radius 6371 km).
    #[must_use]
    pub fn great_circle_km(&self, a: usize, b: usize) -> f64 {
        let (Some(a), Some(b)) = (self.at(a), self.at(b)) else {
            return f64::INFINITY;
        };
        let (lat_a, lat_b) = (a.centre_deg.0.to_radians(), b.centre_deg.0.to_radians());
        let half_lat = (lat_b - lat_a) / 2.0;
        let half_lon = (b.centre_deg.1 - a.centre_deg.1).to_radians() / 2.0;
        let chord = half_lat.sin().powi(2) + lat_a.cos() * lat_b.cos() * half_lon.sin().powi(2);
        2.0 * 6371.0 * chord.sqrt().min(1.0).asin()
    }
}

fn piers(zones: &[ZonePlan]) -> Vec<(String, Vec<ZoneIx>)> {
    let mut piers: Vec<(String, Vec<ZoneIx>)> = Vec::new();
    for (ix, zone) in zones.iter().enumerate().filter(|(_, zone)| zone.kind.is_berth()) {
        let Some(name) = &zone.pier else { continue };
        match piers.iter_mut().find(|(known, _)| known == name) {
            Some((_, zones)) => zones.push(ix as ZoneIx),
            None => piers.push((name.clone(), vec![ix as ZoneIx])),
        }
    }
    piers.retain(|(_, zones)| zones.len() > 1);
    piers
}

fn plan(site: &Site) -> SitePlan {
    let mut zones: Vec<ZonePlan> = Vec::new();
    let mut index = HashMap::default();
    for zone in &site.zones {
        if index.contains_key(&zone.id) || zones.len() >= usize::from(ZoneIx::MAX) {
            continue;
        }
        index.insert(zone.id.clone(), zones.len() as ZoneIx);
        zones.push(ZonePlan {
            id: zone.id.clone(),
            kind: zone.kind,
            pier: zone.side.as_ref().map(|_| {
                zone.id
                    .rsplit_once('-')
                    .map_or(zone.id.as_str(), |(stem, _)| stem)
                    .to_owned()
            }),
        });
    }
    let centre = site.centre();
    SitePlan {
        id: site.id.clone(),
        name: site.name.clone(),
        piers: piers(&zones),
        zones,
        centre_deg: (centre.y(), centre.x()),
        index,
    }
}
