//! Numbers in order, in blocks: taking one in or out moves a part of a block, however many there are.

/// Numbers in a block at most; a block that grows beyond is cut in two.
const BLOCK_MAX: usize = 512;
/// A block that has shrunk to this joins its neighbour where both fit into three quarters of a block.
const BLOCK_SMALL: usize = 64;

/// Numbers in rising order, doubles among them. Not for NaN.
#[derive(Clone, Debug, Default)]
pub struct Sorted {
    /// None is empty.
    blocks: Vec<Vec<f64>>,
    len: usize,
}

impl Sorted {
    /// How many there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// The largest.
    pub fn last(&self) -> Option<f64> {
        self.blocks.last()?.last().copied()
    }

    /// The one at a position.
    pub fn get(&self, at: usize) -> Option<f64> {
        let mut left = at;
        for block in &self.blocks {
            match block.get(left) {
                Some(value) => return Some(*value),
                None => left -= block.len(),
            }
        }
        None
    }

    /// How many are less than a value.
    pub fn below(&self, value: f64) -> usize {
        let mut count = 0;
        for block in &self.blocks {
            if block.last().is_some_and(|last| *last < value) {
                count += block.len();
            } else {
                return count + block.partition_point(|each| *each < value);
            }
        }
        count
    }

    /// The first block that holds a value or a larger one.
    fn block(&self, value: f64) -> usize {
        self.blocks
            .partition_point(|block| block.last().is_some_and(|last| *last < value))
    }

    /// Takes a value in.
    pub fn add(&mut self, value: f64) {
        let at = self.block(value).min(self.blocks.len().saturating_sub(1));
        self.len += 1;
        let Some(block) = self.blocks.get_mut(at) else {
            self.blocks.push(vec![value]);
            return;
        };
        block.insert(block.partition_point(|each| *each < value), value);
        if block.len() > BLOCK_MAX {
            let upper = block.split_off(BLOCK_MAX / 2);
            self.blocks.insert(at + 1, upper);
        }
    }

    /// Takes a value out; nothing when it is not there.
    pub fn remove(&mut self, value: f64) {
        let at = self.block(value);
        let Some(block) = self.blocks.get_mut(at) else { return };
        let place = block.partition_point(|each| *each < value);
        if block.get(place).is_none_or(|each| *each != value) {
            return;
        }
        block.remove(place);
        self.len -= 1;
        let left = block.len();
        if left == 0 {
            self.blocks.remove(at);
        } else if left <= BLOCK_SMALL
            && self
                .blocks
                .get(at + 1)
                .is_some_and(|next| next.len() + left <= BLOCK_MAX / 4 * 3)
        {
            let next = self.blocks.remove(at + 1);
            if let Some(block) = self.blocks.get_mut(at) {
                block.extend(next);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn blocks_say_what_one_sorted_list_says(
            steps in prop::collection::vec((0_u32..40, 0_u16..300), 1..3_000),
            asked in 0_u16..300,
        ) {
            let (mut blocks, mut plain) = (Sorted::default(), Vec::<f64>::new());
            for (index, (what, value)) in steps.iter().enumerate() {
                // First it mostly grows, then it mostly shrinks.
                let takes_out = *what < if index < steps.len() / 2 { 5 } else { 30 };
                let value = f64::from(*value);
                if takes_out {
                    blocks.remove(value);
                    if let Some(at) = plain.iter().position(|each| *each == value) {
                        plain.remove(at);
                    }
                } else {
                    blocks.add(value);
                    plain.insert(plain.partition_point(|each| *each < value), value);
                }
            }
            let all: Vec<f64> = (0..blocks.len()).filter_map(|at| blocks.get(at)).collect();
            prop_assert_eq!(&all, &plain);
            prop_assert_eq!(blocks.last(), plain.last().copied());
            prop_assert_eq!(blocks.get(plain.len()), None);
            let asked = f64::from(asked);
            prop_assert_eq!(blocks.below(asked), plain.partition_point(|each| *each < asked));
            prop_assert!(blocks.blocks.iter().all(|block| !block.is_empty() && block.len() <= BLOCK_MAX));
        }
    }
}
