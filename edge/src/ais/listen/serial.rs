//! A serial receiver: eight bits, no parity, no echo, at a speed. The only file that names the terminal calls.
//!
//! A device that is pulled out gives reads of nothing without an end, like a silent one: the two are told apart by asking the device for its
//! settings, which one that is gone cannot answer.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::Duration,
};

use rustix::{
    fs::OFlags,
    termios::{OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr},
};

/// An open device.
pub(super) struct Device {
    file: File,
}

impl Device {
    /// Opens a device and sets it up; reads wait for `poll` at most (in tenths of a second, one at least).
    pub(super) fn open(path: &Path, baud: u32, poll: Duration) -> io::Result<Self> {
        let flags = OFlags::NOCTTY.bits().cast_signed();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(flags)
            .open(path)?;
        let mut settings = tcgetattr(&file)?;
        settings.make_raw();
        settings.set_speed(baud)?;
        settings.special_codes[SpecialCodeIndex::VMIN] = 0;
        settings.special_codes[SpecialCodeIndex::VTIME] =
            u8::try_from(poll.as_millis() / 100).unwrap_or(u8::MAX).max(1);
        tcsetattr(&file, OptionalActions::Now, &settings)?;
        Ok(Self { file })
    }
}

impl Read for Device {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.file.read(into)? {
            0 if tcgetattr(&self.file).is_ok() => Err(io::ErrorKind::WouldBlock.into()),
            got => Ok(got),
        }
    }
}
