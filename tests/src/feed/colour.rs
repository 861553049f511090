//! Colours of hulls and containers: hints of the script, or drawn from what is common.

use quaywatch_protocol::contract::look::VesselClass;

use super::chance::Chance;

/// Red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub [u8; 3]);

/// Paints of containers, as seen in any yard: orange-red, blue, green, grey, white, brown.
const CONTAINERS: [[u8; 3]; 6] = [
    [168, 62, 38],
    [38, 70, 128],
    [50, 102, 74],
    [120, 122, 124],
    [205, 205, 200],
    [110, 70, 48],
];

impl Colour {
    /// Reads `#rrggbb`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text
            .strip_prefix('#')
            .filter(|digits| digits.len() == 6 && digits.is_ascii())?;
        let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        Some(Self([part(0)?, part(2)?, part(4)?]))
    }

    /// A colour for a vessel's deck.
    #[must_use]
    pub fn of_vessel(class: VesselClass, chance: &mut Chance) -> Self {
        let middle = match class {
            VesselClass::Tanker => [122, 66, 48],
            VesselClass::Passenger => [222, 224, 226],
            VesselClass::Naval => [104, 110, 112],
            VesselClass::Container => CONTAINERS[chance.whole([0, 5]) as usize],
            VesselClass::Bulk => [104, 74, 62],
            _ => [116, 98, 86],
        };
        Self(middle.map(|part: u8| (f64::from(part) + 14.0 * chance.normal()).clamp(20.0, 245.0) as u8))
    }

    /// A colour for containers.
    #[must_use]
    pub fn of_containers(chance: &mut Chance) -> Self {
        Self(CONTAINERS[chance.whole([0, 5]) as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_six_hexadecimal_digits() {
        assert_eq!(Colour::parse("#a03020"), Some(Colour([160, 48, 32])));
        assert!(
            Colour::parse("a03020").is_none()
                && Colour::parse("#a0302").is_none()
                && Colour::parse("#a0302g").is_none()
        );
    }
}
