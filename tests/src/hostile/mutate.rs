//! Mutations of bytes, from one seed: a few of those that fuzzers know, one to eight at a time.

use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Mutations of one input at most.
const AT_ONCE_MAX: u32 = 8;
/// Numbers that readers trip over, in any width and byte order.
const NUMBERS: [u64; 12] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    i64::MAX as u64,
    u64::MAX,
];
/// Words of the texts that are read here.
const WORDS: [&[u8]; 14] = [
    b"1e999",
    b"-0",
    b"NaN",
    b"null",
    b"\"\"",
    b"[]",
    b"{}",
    b"\\u0000",
    b"\xff\xfe",
    b"9223372036854775808",
    b"[[",
    b"=",
    b"\n",
    b"0000-00-00T99:99:99Z",
];

/// Makes mutated inputs, the same ones for the same seed.
pub struct Mutator {
    random: ChaCha8Rng,
    input_bytes_max: usize,
}

impl Mutator {
    /// A mutator whose outputs have at most so many bytes.
    #[must_use]
    pub fn new(seed: u64, input_bytes_max: usize) -> Self {
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            input_bytes_max,
        }
    }

    /// A mutation of one of `inputs`, which must not be empty.
    #[must_use]
    pub fn next(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = inputs.get(self.below(inputs.len())).cloned().unwrap_or_default();
        for _ in 0..self.random.random_range(1..=AT_ONCE_MAX) {
            self.once(&mut bytes, inputs);
        }
        bytes.truncate(self.input_bytes_max);
        bytes
    }

    fn below(&mut self, end: usize) -> usize {
        self.random.random_range(0..end.max(1))
    }

    fn once(&mut self, bytes: &mut Vec<u8>, inputs: &[Vec<u8>]) {
        if bytes.is_empty() {
            bytes.push(self.random.random());
            return;
        }
        let at = self.below(bytes.len());
        let run = (1 + self.below(16)).min(bytes.len() - at);
        match self.below(10) {
            0 | 1 => bytes[at] ^= 1 << self.below(8),
            2 => bytes[at] = self.random.random(),
            3 => bytes.truncate(at),
            4 => drop(bytes.drain(at..at + run)),
            5 => {
                let copy = bytes[at..at + run].to_vec();
                let to = self.below(bytes.len());
                bytes.splice(to..to, copy);
            }
            6 => {
                let word = WORDS[self.below(WORDS.len())];
                bytes.splice(at..at + run, word.iter().copied());
            }
            7 => {
                let number = NUMBERS[self.below(NUMBERS.len())];
                let width = 1 << self.below(4);
                let both = [number.to_le_bytes(), {
                    let mut big = [0; 8];
                    big[..width].copy_from_slice(&number.to_be_bytes()[8 - width..]);
                    big
                }];
                let form = both[self.below(2)];
                for (to, from) in bytes[at..].iter_mut().zip(&form[..width]) {
                    *to = *from;
                }
            }
            8 => {
                let mut noise = vec![0; run];
                self.random.fill_bytes(&mut noise);
                bytes.splice(at..at, noise);
            }
            _ => {
                // The end of another input.
                let other = &inputs[self.below(inputs.len())];
                let from = self.below(other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_mutations_and_none_is_too_long() {
        let inputs = vec![b"one input".to_vec(), vec![0; 300], Vec::new()];
        let made = |seed| {
            let mut mutator = Mutator::new(seed, 200);
            (0..2_000).map(|_| mutator.next(&inputs)).collect::<Vec<_>>()
        };
        assert_eq!(made(5), made(5));
        assert_ne!(made(5), made(6));
        assert!(made(5).iter().all(|bytes| bytes.len() <= 200));
    }
}
