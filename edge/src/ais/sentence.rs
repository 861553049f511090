//! One line of AIS: tag block, frame, checksum.
//!
//! Format (IEC 61162-1, NMEA 4.10): `\s:station,c:1700000000*hh\!AIVDM,total,number,id,channel,payload,fill*hh`. The tag block is
//! optional; `c` is the receive time in Unix seconds (or milliseconds, when it has 13 digits). A checksum is the exclusive or of
//! the characters between the mark and the star. The frame begins with `!`, a talker of two characters and `VDM` or `VDO`.

use quaywatch_protocol::contract::time::UnixMs;

/// Longest line taken, bytes: 82 characters of a sentence and a tag block of the same size, with room for chatty receivers.
pub const LINE_BYTES_MAX: usize = 512;
/// Most fragments of one message: five slots of payload.
pub const FRAGMENTS_MAX: u8 = 9;
/// Longest payload of one sentence, characters.
const PAYLOAD_MAX: usize = 380;

/// One sentence, borrowed from its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence<'a> {
    /// Receive time of the tag block.
    pub at: Option<UnixMs>,
    /// Sentences of the message.
    pub total: u8,
    /// Number of this one, from 1.
    pub number: u8,
    /// Sequential message id, 0..=9, that binds fragments.
    pub id: Option<u8>,
    /// Radio channel; `-` when not given.
    pub channel: char,
    /// Six-bit armoured payload.
    pub payload: &'a str,
    /// Fill bits at the end of the payload.
    pub fill: u8,
}

/// Why a line is no sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Other NMEA, a comment, blank.
    Foreign,
    /// Too long, or not text.
    Garbled,
    /// The checksum is wrong or missing.
    Checksum,
    /// A field makes no sense.
    Malformed,
}

/// Reads one line.
///
/// # Errors
/// Why it is no sentence.
pub fn read(line: &[u8]) -> Result<Sentence<'_>, Refusal> {
    if line.len() > LINE_BYTES_MAX {
        return Err(Refusal::Garbled);
    }
    let text = std::str::from_utf8(line).map_err(|_| Refusal::Garbled)?.trim();
    if !text.is_ascii() {
        return Err(Refusal::Garbled);
    }
    let (tag, frame) = match text.strip_prefix('\\') {
        Some(rest) => rest.split_once('\\').ok_or(Refusal::Malformed)?,
        None => ("", text),
    };
    let body = frame.strip_prefix('!').ok_or(Refusal::Foreign)?;
    let is_ais = body.get(2..5).is_some_and(|kind| matches!(kind, "VDM" | "VDO")) && body.get(5..6) == Some(",");
    if !is_ais {
        return Err(Refusal::Foreign);
    }
    let body = checked(body)?;
    let at = if tag.is_empty() { None } else { time_of(checked(tag)?) };
    let mut fields = body.split(',').skip(1);
    let mut next = || fields.next().ok_or(Refusal::Malformed);
    let total = next()?.parse().map_err(|_| Refusal::Malformed)?;
    let number = next()?.parse().map_err(|_| Refusal::Malformed)?;
    let id = match next()? {
        "" => None,
        id => Some(id.parse().map_err(|_| Refusal::Malformed)?),
    };
    let channel = next()?.chars().next().unwrap_or('-');
    let payload = next()?;
    let fill: u8 = next()?.parse().map_err(|_| Refusal::Malformed)?;
    let armoured = payload.bytes().all(|byte| matches!(byte, b'0'..=b'W' | b'`'..=b'w'));
    let counted = (1..=FRAGMENTS_MAX).contains(&total) && (1..=total).contains(&number);
    if !counted || !armoured || fill > 5 || payload.is_empty() || payload.len() > PAYLOAD_MAX {
        return Err(Refusal::Malformed);
    }
    Ok(Sentence {
        at,
        total,
        number,
        id,
        channel,
        payload,
        fill,
    })
}

/// The text before the star, when the checksum after it fits.
fn checked(text: &str) -> Result<&str, Refusal> {
    let (body, sum) = text.rsplit_once('*').ok_or(Refusal::Checksum)?;
    let given = sum.get(..2).and_then(|sum| u8::from_str_radix(sum, 16).ok());
    let made = body.bytes().fold(0, |sum, byte| sum ^ byte);
    if given == Some(made) {
        Ok(body)
    } else {
        Err(Refusal::Checksum)
    }
}

fn time_of(tag: &str) -> Option<UnixMs> {
    let value: i64 = tag
        .split(',')
        .find_map(|field| field.strip_prefix("c:"))?
        .parse()
        .ok()?;
    // Receivers write seconds; some write milliseconds.
    Some(UnixMs(if value > 100_000_000_000 {
        value
    } else {
        value.checked_mul(1_000)?
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LINE: &[u8] = b"!AIVDM,1,1,,A,144N8P5000aQ<B0HMSD1VQBt0000,0*58";

    #[test]
    fn a_sentence_reads_with_and_without_a_tag_block() {
        let plain = read(LINE).unwrap();
        assert_eq!(
            (plain.total, plain.number, plain.id, plain.channel, plain.at),
            (1, 1, None, 'A', None)
        );
        let tag = "s:roof,c:1700000000";
        let sum = tag.bytes().fold(0, |sum, byte| sum ^ byte);
        let tagged = format!("\\{tag}*{sum:02X}\\{}", std::str::from_utf8(LINE).unwrap());
        assert_eq!(read(tagged.as_bytes()).unwrap().at, Some(UnixMs(1_700_000_000_000)));
    }

    #[test]
    fn each_fault_has_its_name() {
        assert_eq!(read(b"$GPRMC,213950.00,A*7D"), Err(Refusal::Foreign));
        assert_eq!(read(b"# comment"), Err(Refusal::Foreign));
        assert_eq!(
            read(b"!AIVDM,1,1,,A,144N8P5000aQ<B0HMSD1VQBt0000,0*59"),
            Err(Refusal::Checksum)
        );
        assert_eq!(
            read(b"!AIVDM,1,1,,A,144N8P5000aQ<B0HMSD1VQBt0000,0"),
            Err(Refusal::Checksum)
        );
        assert_eq!(read(&[0xff; 30]), Err(Refusal::Garbled));
        assert_eq!(read(&[b'!'; 4000]), Err(Refusal::Garbled));
        let bad = "AIVDM,0,1,,A,15RTgt,0";
        let sum = bad.bytes().fold(0, |sum, byte| sum ^ byte);
        assert_eq!(read(format!("!{bad}*{sum:02X}").as_bytes()), Err(Refusal::Malformed));
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = read(&line);
        }

        #[test]
        fn one_wrong_character_is_noticed(place in 1usize..45, by in 1u8..20) {
            let mut line = LINE.to_vec();
            line[place] ^= by;
            prop_assert!(read(&line).is_err());
        }
    }
}
