//! What the loss of power leaves of a file that was being written.

use crate::feed::chance::Chance;

/// Bytes that a disk writes as one.
const SECTOR_BYTES: usize = 512;

/// A file between `before` and `after`: each sector in which they differ is the old or the new one.
#[must_use]
pub fn torn(before: &[u8], after: &[u8], chance: &mut Chance) -> Vec<u8> {
    let survives = chance.unit();
    let mut content = after.to_vec();
    for (index, sector) in content.chunks_mut(SECTOR_BYTES).enumerate() {
        let from = index * SECTOR_BYTES;
        let old = before
            .get(from..before.len().min(from + sector.len()))
            .unwrap_or_default();
        if sector != old && !chance.yes(survives) {
            sector.fill(0);
            if let Some(part) = sector.get_mut(..old.len()) {
                part.copy_from_slice(old);
            }
        }
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sector_is_the_old_or_the_new_one() {
        let (before, after) = (vec![1_u8; 2_000], vec![2_u8; 5_000]);
        let mut mixed = false;
        for seed in 0..20 {
            let torn = torn(&before, &after, &mut Chance::new(seed, &["torn"]));
            assert_eq!(torn.len(), after.len());
            for (index, sector) in torn.chunks(SECTOR_BYTES).enumerate() {
                let is_new = sector.iter().all(|byte| *byte == 2);
                let is_old = sector
                    .iter()
                    .enumerate()
                    .all(|(at, byte)| *byte == u8::from(index * SECTOR_BYTES + at < before.len()));
                assert!(is_new || is_old, "sector {index} is neither");
            }
            mixed |= torn.contains(&2) && torn[..2_000].contains(&1);
        }
        assert!(mixed, "no seed tore anything");
    }
}
