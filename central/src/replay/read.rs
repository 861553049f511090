//! Looks from JSON Lines. A line that is no look is named with file and line, counted and skipped: the rest goes on.

use std::io::{self, BufRead};

use quaywatch_protocol::contract::Look;

/// Bytes of one line: a look with 160 vessels has about 40 KiB.
pub const LINE_BYTES_MAX: u64 = 4 << 20;

/// One line that is no look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Line, from 1.
    pub line: u64,
    /// What was wrong and what was expected.
    pub problem: String,
}

/// Reads all looks of one source; bad lines go to `bad`. Blank lines are skipped.
///
/// # Errors
/// When the source itself cannot be read.
pub fn looks(mut from: impl BufRead, into: &mut Vec<Look>, bad: &mut dyn FnMut(BadLine)) -> io::Result<()> {
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        let read = io::Read::take(&mut from, LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        number += 1;
        if read as u64 == LINE_BYTES_MAX && line.last() != Some(&b'\n') {
            bad(BadLine {
                line: number,
                problem: format!("is longer than {LINE_BYTES_MAX} bytes"),
            });
            skip_line(&mut from)?;
            continue;
        }
        let text = line.trim_ascii();
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        if text.is_empty() {
            continue;
        }
        match serde_json::from_slice::<Look>(text) {
            Ok(look) => into.push(look),
            Err(error) => bad(BadLine {
                line: number,
                problem: format!("is no look: {error}"),
            }),
        }
    }
}

/// Reads on to the end of the line, holding no more than the reader's buffer.
fn skip_line(from: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = from.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let (used, end) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), false),
        };
        from.consume(used);
        if end {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_line_is_named_and_the_rest_goes_on() {
        let good = r#"{"station":"s","scene":"x","site":"y","acquired_at":"2024-01-01T00:00:00Z","sensor":{"name":"n","kind":"sar","gsd_m":10}}"#;
        let text = format!("{good}\n\n{{\"station\": 5}}\nrubbish\n{good}");
        let (mut looks_read, mut bad) = (Vec::new(), Vec::new());
        looks(text.as_bytes(), &mut looks_read, &mut |line| bad.push(line)).unwrap();
        assert_eq!(looks_read.len(), 2);
        assert_eq!(bad.iter().map(|line| line.line).collect::<Vec<_>>(), [3, 4]);
        assert!(
            bad[0].problem.contains("station") || bad[0].problem.contains("string"),
            "{}",
            bad[0].problem
        );
    }
}
