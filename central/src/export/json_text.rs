//! JSON that stays data wherever somebody pastes it: `<`, `>`, `&` and the two line ends that JavaScript knows and JSON does not are
//! written as `\u003c` and so on, which every reader of JSON (RFC 8259, section 7) takes for the same text.

use serde_json::Value;

/// The text of a value, on one line.
pub fn of(value: &Value) -> String {
    // Outside of strings none of these occurs.
    let mut out = String::new();
    for each in value.to_string().chars() {
        match each {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(each))),
            each => out.push(each),
        }
    }
    out
}
