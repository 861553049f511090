//! Masks of pixels: growing, shrinking, and deciding by block.

/// A mask divided into square blocks.
#[derive(Clone, Copy, Debug)]
pub struct Blocks {
    width: usize,
    height: usize,
    side: usize,
}

impl Blocks {
    /// Blocks of `side` pixels over a mask of `width × height`.
    #[must_use]
    pub fn new(width: usize, height: usize, side: usize) -> Self {
        Self {
            width,
            height,
            side: side.max(1),
        }
    }

    /// The mask without the blocks whose masked pixels (by index) `decide` rejects.
    #[must_use]
    pub fn keep(&self, mask: &[bool], decide: impl Fn(&[usize]) -> bool) -> Vec<bool> {
        let mut kept = vec![false; mask.len()];
        let mut pixels = Vec::with_capacity(self.side * self.side);
        for top in (0..self.height).step_by(self.side) {
            for left in (0..self.width).step_by(self.side) {
                pixels.clear();
                for y in top..(top + self.side).min(self.height) {
                    let row = y * self.width;
                    let columns = left..(left + self.side).min(self.width);
                    pixels.extend(columns.map(|x| row + x).filter(|index| mask.get(*index) == Some(&true)));
                }
                if !pixels.is_empty() && decide(&pixels) {
                    for index in &pixels {
                        if let Some(pixel) = kept.get_mut(*index) {
                            *pixel = true;
                        }
                    }
                }
            }
        }
        kept
    }
}

/// How many masked pixels any rectangle holds, in constant time: sums over everything above and left (Crow 1984).
#[derive(Clone, Debug)]
pub struct Counts {
    width: usize,
    height: usize,
    sums: Vec<u32>,
}

impl Counts {
    /// The sums of a mask of `width × height`.
    #[must_use]
    pub fn new(mask: &[bool], width: usize, height: usize) -> Self {
        let mut sums = vec![0_u32; (width + 1) * (height + 1)];
        for y in 0..height {
            let mut row = 0_u32;
            for x in 0..width {
                row += u32::from(mask.get(y * width + x).copied().unwrap_or(false));
                let above = sums.get(y * (width + 1) + x + 1).copied().unwrap_or(0);
                if let Some(sum) = sums.get_mut((y + 1) * (width + 1) + x + 1) {
                    *sum = above + row;
                }
            }
        }
        Self { width, height, sums }
    }

    /// Masked pixels at most `reach` columns and rows from a pixel.
    #[must_use]
    pub fn around(&self, x: usize, y: usize, reach: usize) -> u32 {
        let (left, top) = (x.saturating_sub(reach), y.saturating_sub(reach));
        let (right, bottom) = ((x + reach + 1).min(self.width), (y + reach + 1).min(self.height));
        let at = |x: usize, y: usize| self.sums.get(y * (self.width + 1) + x).copied().unwrap_or(0);
        (at(right, bottom) + at(left, top)).saturating_sub(at(right, top) + at(left, bottom))
    }
}

/// The mask without the connected pieces that `decide` rejects, by their pixels and whether they touch the edge.
#[must_use]
pub fn keep_pieces(mask: &[bool], width: usize, height: usize, decide: impl Fn(usize, bool) -> bool) -> Vec<bool> {
    let mut kept = vec![false; mask.len()];
    let mut open = mask.to_vec();
    let mut take = |index: usize| open.get_mut(index).is_some_and(|open| std::mem::replace(open, false));
    for seed in 0..mask.len() {
        if !take(seed) {
            continue;
        }
        let (mut piece, mut next, mut at_edge) = (vec![seed], 0, false);
        while let Some(&index) = piece.get(next) {
            next += 1;
            let (x, y) = (index % width, index / width);
            at_edge |= x == 0 || y == 0 || x + 1 == width || y + 1 == height;
            let near = [
                (x > 0).then(|| index - 1),
                (x + 1 < width).then_some(index + 1),
                (y > 0).then(|| index - width),
                (y + 1 < height).then_some(index + width),
            ];
            piece.extend(near.into_iter().flatten().filter(|near| take(*near)));
        }
        if decide(piece.len(), at_edge) {
            for index in piece {
                if let Some(pixel) = kept.get_mut(index) {
                    *pixel = true;
                }
            }
        }
    }
    kept
}

/// The mask without the pixels that have an unmasked one within `radius` columns and rows. Beyond the edge counts as masked.
#[must_use]
pub fn erode(mask: &[bool], width: usize, height: usize, radius: usize) -> Vec<bool> {
    let inverted: Vec<bool> = mask.iter().map(|masked| !masked).collect();
    grow(&inverted, width, height, radius)
        .into_iter()
        .map(|near| !near)
        .collect()
}

/// The mask with all pixels within `radius` columns and rows of it.
#[must_use]
pub fn grow(mask: &[bool], width: usize, height: usize, radius: usize) -> Vec<bool> {
    let rows = sweep(mask, width, height, radius, 1, width);
    sweep(&rows, height, width, radius, width, 1)
}

/// Grows along lines of `length` pixels that are `step` apart in memory; `lines` of them, `line_step` apart.
fn sweep(mask: &[bool], length: usize, lines: usize, radius: usize, step: usize, line_step: usize) -> Vec<bool> {
    let mut grown = vec![false; mask.len()];
    for line in 0..lines {
        let start = line * line_step;
        let at = |place: usize| mask.get(start + place * step) == Some(&true);
        let mut count = (0..radius.min(length)).filter(|place| at(*place)).count();
        for place in 0..length {
            if place + radius < length && at(place + radius) {
                count += 1;
            }
            if place > radius && at(place - radius - 1) {
                count -= 1;
            }
            if count > 0
                && let Some(pixel) = grown.get_mut(start + place * step)
            {
                *pixel = true;
            }
        }
    }
    grown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn growing_reaches_what_a_plain_search_reaches(
            width in 1usize..12, height in 1usize..12, radius in 0usize..4, bits in proptest::collection::vec(proptest::bool::weighted(0.1), 144),
        ) {
            let mask = &bits[..width * height];
            let grown = grow(mask, width, height, radius);
            for y in 0..height {
                for x in 0..width {
                    let near = (0..height).any(|j| (0..width).any(|i| mask[j * width + i] && i.abs_diff(x) <= radius && j.abs_diff(y) <= radius));
                    prop_assert_eq!(grown[y * width + x], near);
                }
            }
        }

        #[test]
        fn eroding_then_growing_adds_nothing(width in 1usize..12, height in 1usize..12, radius in 0usize..3, bits in proptest::collection::vec(proptest::bool::weighted(0.7), 144)) {
            let mask = &bits[..width * height];
            let opened = grow(&erode(mask, width, height, radius), width, height, radius);
            prop_assert!(opened.iter().zip(mask).all(|(opened, mask)| !opened || *mask));
        }
    }

    #[test]
    fn blocks_are_judged_one_by_one() {
        let mask = [true, true, false, true, true, true, true, true];
        let kept = Blocks::new(4, 2, 2).keep(&mask, |pixels| pixels.len() == 4);
        assert_eq!(kept, [true, true, false, false, true, true, false, false]);
    }
}
