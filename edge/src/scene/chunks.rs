//! Decoded strips and tiles, and the few of them that an open file keeps.

use std::{collections::VecDeque, sync::Arc};

use tiff::decoder::DecodingResult;

/// Samples of one decoded chunk, interleaved as in the file.
#[derive(Debug)]
pub(super) enum Samples {
    U8(Vec<u8>),
    U16(Vec<u16>),
    F32(Vec<f32>),
    /// The file left this chunk out: all of it is 0.
    Absent,
}

impl Samples {
    /// From the decoder's result; sample types that are neither 8 nor 16 bit unsigned become 32-bit floats.
    pub(super) fn from_decoded(result: DecodingResult) -> Self {
        fn floats<T: Copy>(values: &[T], as_f32: impl Fn(T) -> f32) -> Samples {
            Samples::F32(values.iter().map(|value| as_f32(*value)).collect())
        }
        match result {
            DecodingResult::U8(values) => Self::U8(values),
            DecodingResult::U16(values) => Self::U16(values),
            DecodingResult::F32(values) => Self::F32(values),
            DecodingResult::U32(values) => floats(&values, |value| value as f32),
            DecodingResult::U64(values) => floats(&values, |value| value as f32),
            DecodingResult::F16(values) => floats(&values, f32::from),
            DecodingResult::F64(values) => floats(&values, |value| value as f32),
            DecodingResult::I8(values) => floats(&values, f32::from),
            DecodingResult::I16(values) => floats(&values, f32::from),
            DecodingResult::I32(values) => floats(&values, |value| value as f32),
            DecodingResult::I64(values) => floats(&values, |value| value as f32),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::U8(values) => values.len(),
            Self::U16(values) => values.len() * 2,
            Self::F32(values) => values.len() * 4,
            Self::Absent => 0,
        }
    }

    /// Copies `count` samples that start at `first` and stand `step` apart to the front of `out`. False: there are not so many.
    pub(super) fn copy_strided(&self, first: usize, step: usize, out: &mut [f32]) -> bool {
        fn copy<T: Copy + Into<f32>>(values: &[T], first: usize, step: usize, out: &mut [f32]) -> bool {
            let Some(tail) = values.get(first..) else { return false };
            let needed = out.len().saturating_sub(1).saturating_mul(step).saturating_add(1);
            if tail.len() < needed && !out.is_empty() {
                return false;
            }
            if step == 1 {
                for (slot, value) in out.iter_mut().zip(tail) {
                    *slot = (*value).into();
                }
            } else {
                for (slot, value) in out.iter_mut().zip(tail.iter().step_by(step)) {
                    *slot = (*value).into();
                }
            }
            true
        }
        match self {
            Self::U8(values) => copy(values, first, step, out),
            Self::U16(values) => copy(values, first, step, out),
            Self::F32(values) => copy(values, first, step, out),
            Self::Absent => {
                out.fill(0.0);
                true
            }
        }
    }
}

/// Keeps the chunks used last, up to a number of bytes.
#[derive(Debug)]
pub(super) struct ChunkCache {
    bytes_max: usize,
    bytes: usize,
    /// Oldest first.
    kept: VecDeque<(u32, Arc<Samples>)>,
}

impl ChunkCache {
    pub(super) const fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            bytes: 0,
            kept: VecDeque::new(),
        }
    }

    pub(super) fn get(&self, index: u32) -> Option<Arc<Samples>> {
        self.kept
            .iter()
            .rev()
            .find(|(kept, _)| *kept == index)
            .map(|(_, samples)| Arc::clone(samples))
    }

    /// Keeps a chunk and lets the oldest go; one that is larger than the whole cache is not kept.
    pub(super) fn put(&mut self, index: u32, samples: &Arc<Samples>) {
        if samples.bytes() > self.bytes_max {
            return;
        }
        self.bytes += samples.bytes();
        self.kept.push_back((index, Arc::clone(samples)));
        while self.bytes > self.bytes_max {
            let Some((_, oldest)) = self.kept.pop_front() else {
                break;
            };
            self.bytes -= oldest.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_never_holds_more_than_its_bytes() {
        let mut cache = ChunkCache::new(10);
        for index in 0..5 {
            cache.put(index, &Arc::new(Samples::U8(vec![0; 4])));
            assert!(cache.bytes <= 10);
        }
        assert!(cache.get(4).is_some() && cache.get(3).is_some() && cache.get(2).is_none());
        cache.put(9, &Arc::new(Samples::U8(vec![0; 11])));
        assert!(cache.get(9).is_none() && cache.get(4).is_some());
    }

    #[test]
    fn a_chunk_that_is_too_short_is_noticed() {
        let samples = Samples::U16(vec![1, 2, 3, 4, 5]);
        let mut out = [0.0; 3];
        assert!(samples.copy_strided(0, 2, &mut out) && out == [1.0, 3.0, 5.0]);
        assert!(!samples.copy_strided(1, 2, &mut out));
        assert!(!samples.copy_strided(9, 1, &mut out));
    }
}
