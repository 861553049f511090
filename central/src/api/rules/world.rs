//! The world as it would be with another text: rules and all sites.

use std::sync::Arc;

use super::super::{Parts, Problem};
use crate::{
    rules::{Rules, read::RULES_BYTES_MAX},
    sites::{SiteFile, Sites},
    store::revisions,
    world::World,
};

pub(super) fn site_subject(parts: &Parts, id: &str) -> Result<String, Problem> {
    match parts.world.get().sites.get(id) {
        Some(_) => Ok(revisions::of_site(id)),
        None => Err(Problem::missing("such site")),
    }
}

pub(super) fn world_of_rules(parts: &Parts, text: &str) -> Result<World, Problem> {
    if text.len() > RULES_BYTES_MAX {
        return Err(Problem::faults(
            "the rules",
            vec![format!("{} bytes: expected at most {RULES_BYTES_MAX}", text.len())],
        ));
    }
    let rules = Rules::from_toml(text)
        .map_err(|faults| Problem::faults("the rules", faults.iter().map(ToString::to_string).collect()))?;
    Ok(World {
        rules: Arc::new(rules),
        ..parts.world.get()
    })
}

pub(super) fn world_of_site(parts: &Parts, id: &str, text: &str) -> Result<World, Problem> {
    site_subject(parts, id)?;
    let faults = |faults: Vec<String>| Problem::faults("the site", faults);
    let file = SiteFile::parse(text).map_err(|found| faults(found.iter().map(ToString::to_string).collect()))?;
    if file.site.id != id {
        return Err(faults(vec![format!(
            "`site` is \"{}\": expected \"{id}\"",
            file.site.id
        )]));
    }
    let world = parts.world.get();
    let sites: Sites = world.sites.with(file);
    Ok(World {
        sites: Arc::new(sites),
        ..world
    })
}
