//! Fragments back into messages: any order, several at once, a bounded number waiting.

use quaywatch_protocol::contract::time::UnixMs;

use super::sentence::Sentence;

/// Messages that may wait for fragments at one time: ten ids on two channels, twice.
const WAITING_MAX: usize = 40;
/// Sentences after which a waiting message is given up: fragments follow one another within a handful.
const WAITING_SENTENCES_MAX: u64 = 400;

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Receive time of its first fragment that had one.
    pub at: Option<UnixMs>,
    /// Armoured payload of all fragments.
    pub payload: String,
    /// Fill bits at its end.
    pub fill: u8,
}

/// Messages that wait for fragments.
#[derive(Debug, Default)]
pub struct Assembler {
    waiting: Vec<Waiting>,
    sentences: u64,
    /// Fragments given up.
    pub dropped: u64,
}

#[derive(Debug)]
struct Waiting {
    id: Option<u8>,
    channel: char,
    total: u8,
    since: u64,
    at: Option<UnixMs>,
    parts: Vec<Option<(String, u8)>>,
}

impl Waiting {
    fn held(&self) -> u64 {
        self.parts.iter().flatten().count() as u64
    }
}

impl Assembler {
    /// Takes a sentence; gives the message that it completes.
    pub fn take(&mut self, sentence: &Sentence<'_>) -> Option<Message> {
        self.sentences += 1;
        if sentence.total == 1 {
            return Some(Message {
                at: sentence.at,
                payload: sentence.payload.to_owned(),
                fill: sentence.fill,
            });
        }
        self.give_up();
        let slot = usize::from(sentence.number) - 1;
        let fits = |waiting: &Waiting| {
            waiting.id == sentence.id
                && waiting.channel == sentence.channel
                && waiting.total == sentence.total
                && waiting.parts.get(slot).is_some_and(Option::is_none)
        };
        let position = match self.waiting.iter().position(fits) {
            Some(position) => position,
            None => {
                self.waiting.push(Waiting {
                    id: sentence.id,
                    channel: sentence.channel,
                    total: sentence.total,
                    since: self.sentences,
                    at: None,
                    parts: vec![None; usize::from(sentence.total)],
                });
                self.waiting.len() - 1
            }
        };
        let waiting = self.waiting.get_mut(position)?;
        waiting.at = waiting.at.or(sentence.at);
        if let Some(part) = waiting.parts.get_mut(slot) {
            *part = Some((sentence.payload.to_owned(), sentence.fill));
        }
        if waiting.parts.iter().any(Option::is_none) {
            return None;
        }
        let whole = self.waiting.swap_remove(position);
        let fill = whole.parts.last().and_then(Option::as_ref).map_or(0, |(_, fill)| *fill);
        Some(Message {
            at: whole.at,
            payload: whole.parts.into_iter().flatten().map(|(payload, _)| payload).collect(),
            fill,
        })
    }

    /// Gives up what waited too long, and the oldest when too many wait.
    fn give_up(&mut self) {
        let now = self.sentences;
        let mut dropped = 0;
        self.waiting.retain(|waiting| {
            let keep = now - waiting.since <= WAITING_SENTENCES_MAX;
            dropped += if keep { 0 } else { waiting.held() };
            keep
        });
        if self.waiting.len() >= WAITING_MAX
            && let Some(oldest) =
                (0..self.waiting.len()).min_by_key(|index| self.waiting.get(*index).map(|waiting| waiting.since))
        {
            dropped += self.waiting.swap_remove(oldest).held();
        }
        self.dropped += dropped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fragment(id: u8, total: u8, number: u8, payload: &str) -> Sentence<'_> {
        Sentence {
            at: None,
            total,
            number,
            id: Some(id),
            channel: 'A',
            payload,
            fill: 2 * u8::from(number == total),
        }
    }

    proptest! {
        #[test]
        fn fragments_in_any_order_make_their_message(order in Just(vec![1u8, 2, 3, 4]).prop_shuffle(), other in 1usize..4) {
            let texts = ["one", "two", "three", "four"];
            let mut assembler = Assembler::default();
            let mut whole = None;
            for (step, number) in order.iter().enumerate() {
                if step == other {
                    prop_assert_eq!(assembler.take(&fragment(7, 2, 2, "elsewhere")), None);
                }
                let made = assembler.take(&fragment(3, 4, *number, texts[usize::from(*number) - 1]));
                prop_assert_eq!(made.is_some(), step == 3);
                whole = made.or(whole);
            }
            let whole = whole.unwrap();
            prop_assert_eq!((whole.payload.as_str(), whole.fill), ("onetwothreefour", 2));
        }

        #[test]
        fn what_waits_is_bounded(count in 1usize..3000) {
            let mut assembler = Assembler::default();
            for index in 0..count {
                assembler.take(&fragment((index % 10) as u8, 2 + (index % 7) as u8, 1, "x"));
            }
            prop_assert!(assembler.waiting.len() <= WAITING_MAX);
            let held: u64 = assembler.waiting.iter().map(Waiting::held).sum();
            prop_assert_eq!(held + assembler.dropped, count as u64);
        }
    }
}
