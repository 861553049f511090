//! One admitted event: stored once, and given on if it counts.

use quaywatch_protocol::{
    contract::{convert, look::Look, time::UnixMs},
    event::Event,
};

use crate::{
    ingest::admit::{Admitted, Content, Refusal},
    metrics::Counters,
    sites::Sites,
    store::{
        Batch, StoreError,
        events::{self, Outcome, Standing},
        quarantine::Refused,
    },
};

/// Stores an event once, and gives its look if the correlator is to have it.
pub(super) fn record(
    batch: &mut Batch<'_>,
    admitted: &Admitted,
    sites: &Sites,
    clock_tolerance_ms: i64,
    now: UnixMs,
    counters: &Counters,
) -> Result<Option<Look>, StoreError> {
    let standing = events::standing(admitted, now, clock_tolerance_ms);
    let received = match batch.record(admitted, standing, now)? {
        Outcome::New(received) => received,
        Outcome::Duplicate => {
            counters.duplicates.add();
            return Ok(None);
        }
        Outcome::Conflict => {
            let refusal = Refusal::Conflict(admitted.id.clone());
            counters.refuse(&refusal);
            tracing::warn!(event = %admitted.id, "{refusal}");
            let topic = quaywatch_protocol::topic::event(&admitted.id.station);
            let refused = Refused::new(&topic, refusal.label(), refusal.to_string(), &admitted.envelope);
            batch.quarantine(&refused, now)?;
            return Ok(None);
        }
    };
    counters.stored.add();
    if standing != Standing::Counts {
        counters.stand_against(standing);
        tracing::warn!(event = %admitted.id, reason = standing.label(), "event is stored and does not count");
        return Ok(None);
    }
    let Content::Event(event) = &admitted.content else {
        return Ok(None);
    };
    let Event::Look(look) = event.as_ref() else {
        return Ok(None);
    };
    let Some(site) = sites.get(look.site.as_str()) else {
        counters.unknown_site.add();
        tracing::warn!(event = %admitted.id, site = %look.site, "look of a site that is not watched: stored, not correlated");
        return Ok(None);
    };
    counters.correlated.add();
    Ok(Some(convert::from_wire(
        &admitted.id,
        look,
        Some(&site.site),
        Some(received),
    )))
}
