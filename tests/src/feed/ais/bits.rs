//! A string of bits, most significant first, and its six-bit armour (IEC 61162-1).

/// Bits in the order in which they are sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits(Vec<bool>);

impl Bits {
    /// Appends an unsigned number of `width` bits; what does not fit is cut off at the top.
    pub fn unsigned(&mut self, value: u64, width: u32) {
        self.0
            .extend((0..width).rev().map(|bit| value.checked_shr(bit).unwrap_or(0) & 1 == 1));
    }

    /// Appends a signed number of `width` bits, two's complement.
    pub fn signed(&mut self, value: i64, width: u32) {
        self.unsigned(value.cast_unsigned(), width);
    }

    /// Appends `length` characters of six-bit ASCII, padded with `@`; a character that is not in the set becomes a space.
    pub fn text(&mut self, text: &str, length: usize) {
        let letters = text.bytes().map(|letter| match letter.to_ascii_uppercase() {
            upper @ b'@'..=b'_' => upper - 64,
            upper @ b' '..=b'?' => upper,
            _ => 32,
        });
        for code in letters.chain(std::iter::repeat(0)).take(length) {
            self.unsigned(code.into(), 6);
        }
    }

    /// The bits as armoured characters, and how many fill bits the last one has.
    #[must_use]
    pub fn armoured(&self) -> (String, usize) {
        let fill = (6 - self.0.len() % 6) % 6;
        let payload = self
            .0
            .chunks(6)
            .map(|six| {
                let value = six
                    .iter()
                    .chain(&[false; 6])
                    .take(6)
                    .fold(0_u8, |value, bit| value << 1 | u8::from(*bit));
                char::from(if value < 40 { value + 48 } else { value + 56 })
            })
            .collect();
        (payload, fill)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn armour_follows_the_standards_table() {
        let mut bits = Bits::default();
        for value in [0, 39, 40, 63] {
            bits.unsigned(value, 6);
        }
        assert_eq!(bits.armoured(), ("0W`w".to_owned(), 0));
    }

    #[test]
    fn the_last_character_is_filled_up() {
        let mut bits = Bits::default();
        bits.unsigned(1, 2);
        assert_eq!(bits.armoured(), ("@".to_owned(), 4));
        let mut text = Bits::default();
        text.text("A1", 3);
        assert_eq!(text.armoured(), ("1i0".to_owned(), 0));
    }
}
