//! One-to-one assignment of greatest total weight, by augmenting paths.

use std::collections::HashMap;

/// One possible pair: left, right, weight above zero.
pub type Pair = (usize, usize, f64);

/// Chooses pairs so that no left and no right stands twice and the sum of weights is largest; returns positions in `pairs`, rising.
///
/// Each round looks for the augmenting path of greatest gain (Bellman-Ford on the residual graph) until none gains. The
/// graphs here are small: dark calls of a few weeks.
pub fn best(pairs: &[Pair]) -> Vec<usize> {
    let mut chosen_of_right: HashMap<usize, usize> = HashMap::new();
    let mut chosen_of_left: HashMap<usize, usize> = HashMap::new();
    let mut by_left: HashMap<usize, Vec<usize>> = HashMap::new();
    for (at, (left, _, _)) in pairs.iter().enumerate() {
        by_left.entry(*left).or_default().push(at);
    }
    while let Some(path) = best_path(pairs, &by_left, &chosen_of_left, &chosen_of_right) {
        // The path alternates: a pair to take, the pair it displaces, and so on.
        for pair in &path {
            if let Some((left, right, _)) = pairs.get(*pair) {
                chosen_of_left.insert(*left, *pair);
                chosen_of_right.insert(*right, *pair);
            }
        }
    }
    let mut chosen: Vec<usize> = chosen_of_left.into_values().collect();
    chosen.sort_unstable();
    chosen
}

/// The pairs to take along the path of greatest gain, from its free left end to its free right end.
fn best_path(
    pairs: &[Pair],
    by_left: &HashMap<usize, Vec<usize>>,
    of_left: &HashMap<usize, usize>,
    of_right: &HashMap<usize, usize>,
) -> Option<Vec<usize>> {
    const SMALL: f64 = 1e-12;
    // Best gain of a path that has just taken this pair, and the pair it took before.
    let mut gain: Vec<Option<(f64, Option<usize>)>> = vec![None; pairs.len()];
    for (at, (left, _, weight)) in pairs.iter().enumerate() {
        if !of_left.contains_key(left)
            && let Some(slot) = gain.get_mut(at)
        {
            *slot = Some((*weight, None));
        }
    }
    for _ in 0..pairs.len() {
        let mut moved = false;
        for at in 0..pairs.len() {
            let (Some(Some((sum, _))), Some((_, right, _))) = (gain.get(at).copied(), pairs.get(at)) else {
                continue;
            };
            let Some(displaced) = of_right.get(right).copied().filter(|displaced| *displaced != at) else {
                continue;
            };
            let Some((freed, _, lost)) = pairs.get(displaced).copied() else {
                continue;
            };
            for next in by_left.get(&freed).into_iter().flatten().copied() {
                let Some((_, _, weight)) = pairs.get(next) else {
                    continue;
                };
                let sum = sum - lost + weight;
                if next != displaced
                    && gain
                        .get(next)
                        .is_some_and(|known| known.is_none_or(|(best, _)| sum > best + SMALL))
                    && !walks_through(&gain, at, next)
                    && let Some(slot) = gain.get_mut(next)
                {
                    *slot = Some((sum, Some(at)));
                    moved = true;
                }
            }
        }
        if !moved {
            break;
        }
    }
    let ends = pairs
        .iter()
        .enumerate()
        .filter(|(_, (_, right, _))| !of_right.contains_key(right));
    let mut best: Option<(f64, usize)> = None;
    for (at, _) in ends {
        if let Some(Some((sum, _))) = gain.get(at).copied()
            && sum > SMALL
            && best.is_none_or(|(most, _)| sum > most + SMALL)
        {
            best = Some((sum, at));
        }
    }
    let mut path = Vec::new();
    let mut at = best.map(|(_, at)| at);
    while let Some(pair) = at {
        path.push(pair);
        at = gain.get(pair).copied().flatten().and_then(|(_, before)| before);
    }
    path.reverse();
    (!path.is_empty()).then_some(path)
}

fn walks_through(gain: &[Option<(f64, Option<usize>)>], from: usize, wanted: usize) -> bool {
    let mut at = Some(from);
    while let Some(pair) = at {
        if pair == wanted {
            return true;
        }
        at = gain.get(pair).copied().flatten().and_then(|(_, before)| before);
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn brute(pairs: &[Pair]) -> f64 {
        let Some(((left, right, weight), rest)) = pairs.split_first() else {
            return 0.0;
        };
        let without = brute(rest);
        let free: Vec<Pair> = rest
            .iter()
            .filter(|(l, r, _)| l != left && r != right)
            .copied()
            .collect();
        without.max(weight + brute(&free))
    }

    proptest! {
        #[test]
        fn as_good_as_trying_everything(raw in prop::collection::btree_map((0_usize..5, 0_usize..5), 1_u32..1000, 0..12)) {
            let pairs: Vec<Pair> = raw.into_iter().map(|((l, r), w)| (l, r, f64::from(w) / 100.0)).collect();
            let chosen = best(&pairs);
            let lefts: std::collections::BTreeSet<_> = chosen.iter().map(|at| pairs[*at].0).collect();
            let rights: std::collections::BTreeSet<_> = chosen.iter().map(|at| pairs[*at].1).collect();
            prop_assert_eq!(lefts.len(), chosen.len());
            prop_assert_eq!(rights.len(), chosen.len());
            let sum: f64 = chosen.iter().map(|at| pairs[*at].2).sum();
            prop_assert!((sum - brute(&pairs)).abs() < 1e-6);
        }
    }
}
