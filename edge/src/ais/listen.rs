//! Sources of sentences: files, TCP servers, UDP datagrams, serial receivers.
//!
//! Each source has a thread that reads lines and puts them into one bounded channel ([`LINES_MAX`]); when the station cannot keep up, lines
//! are dropped and counted. A source that ends, vanishes or cannot be reached is tried again after a pause ([`Pace`]); a line longer
//! than [`LINE_BYTES_MAX`] is cut.

mod serial;

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    net::{SocketAddr, TcpStream, UdpSocket},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use quaywatch_protocol::contract::time::UnixMs;

use super::{ears::Ears, sentence::LINE_BYTES_MAX};

/// Lines that may wait: two seconds of the busiest receiver network (10,000 a second).
pub const LINES_MAX: usize = 20_000;
/// How long to reach a TCP source before it counts as lost, milliseconds.
const CONNECT_MS: u64 = 5_000;
/// Speed of a serial AIS receiver unless said otherwise, baud (IEC 61162-2).
pub const BAUD: u32 = 38_400;
/// Longest file read at once, bytes: a week of a busy receiver.
pub const FILE_BYTES_MAX: u64 = 4 << 30;

/// Where sentences come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A server that sends lines.
    Tcp(SocketAddr),
    /// Datagrams to a local address.
    Udp(SocketAddr),
    /// A file or a pipe; read to its end, and then again.
    File(PathBuf),
    /// A serial device, and its speed in baud.
    Serial(PathBuf, u32),
}

/// How patient a listener is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Pause before a lost source is tried again.
    pub retry: Duration,
    /// How long a read waits before it looks whether to stop.
    pub poll: Duration,
}

impl Default for Pace {
    /// Five seconds, so that a receiver that is off costs nothing; half a second.
    fn default() -> Self {
        Self {
            retry: Duration::from_secs(5),
            poll: Duration::from_millis(500),
        }
    }
}

/// Threads that listen; they end when this is dropped.
pub struct Listener {
    /// Lines as they come, without their ends.
    pub lines: Receiver<Vec<u8>>,
    overrun: Arc<AtomicU64>,
    losses: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Listener {
    /// Starts to listen.
    ///
    /// # Errors
    /// When a thread cannot be started or a local UDP address cannot be taken.
    pub fn start(sources: &[Source]) -> io::Result<Self> {
        Self::start_at(sources, Pace::default())
    }

    /// Starts to listen at a pace of one's own.
    ///
    /// # Errors
    /// When a thread cannot be started or a local UDP address cannot be taken.
    pub fn start_at(sources: &[Source], pace: Pace) -> io::Result<Self> {
        let (sender, lines) = sync_channel(LINES_MAX);
        let mut listener = Self {
            lines,
            overrun: Arc::default(),
            losses: Arc::default(),
            stop: Arc::default(),
            threads: Vec::new(),
        };
        for source in sources {
            let out = Out {
                sender: sender.clone(),
                overrun: Arc::clone(&listener.overrun),
                losses: Arc::clone(&listener.losses),
                stop: Arc::clone(&listener.stop),
                pace,
            };
            let name = "ais".to_owned();
            let thread = match source.clone() {
                Source::Udp(address) => {
                    let socket = UdpSocket::bind(address)?;
                    socket.set_read_timeout(Some(pace.poll))?;
                    thread::Builder::new()
                        .name(name)
                        .spawn(move || datagrams(&socket, &out))?
                }
                Source::Tcp(address) => thread::Builder::new().name(name).spawn(move || {
                    out.again_and_again(|| {
                        let stream = TcpStream::connect_timeout(&address, Duration::from_millis(CONNECT_MS))?;
                        stream.set_read_timeout(Some(pace.poll))?;
                        Ok(stream)
                    });
                })?,
                Source::File(path) => thread::Builder::new()
                    .name(name)
                    .spawn(move || out.again_and_again(|| File::open(&path)))?,
                Source::Serial(path, baud) => thread::Builder::new()
                    .name(name)
                    .spawn(move || out.again_and_again(|| serial::Device::open(&path, baud, pace.poll)))?,
            };
            listener.threads.push(thread);
        }
        Ok(listener)
    }

    /// Gives the ears everything that waits, and the losses so far; `now` is the clock's. Returns how many lines there were.
    pub fn drain_into(&self, ears: &mut Ears, now: UnixMs) -> usize {
        let mut count = 0;
        for line in self.lines.try_iter().take(LINES_MAX) {
            ears.take(&line, now);
            count += 1;
        }
        ears.count_losses(
            self.overrun.swap(0, Ordering::Relaxed),
            self.losses.swap(0, Ordering::Relaxed),
        );
        count
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

struct Out {
    sender: SyncSender<Vec<u8>>,
    overrun: Arc<AtomicU64>,
    losses: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    pace: Pace,
}

impl Out {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn put(&self, line: &[u8]) {
        match self.sender.try_send(line.to_vec()) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.overrun.fetch_add(1, Ordering::Relaxed);
            }
            Err(TrySendError::Disconnected(_)) => self.stop.store(true, Ordering::Relaxed),
        }
    }

    fn again_and_again<R: Read>(&self, open: impl Fn() -> io::Result<R>) {
        while !self.stopped() {
            if let Ok(reader) = open() {
                self.lines_of(reader);
            }
            if self.stopped() {
                return;
            }
            self.losses.fetch_add(1, Ordering::Relaxed);
            let mut left = self.pace.retry;
            while !left.is_zero() && !self.stopped() {
                let nap = left.min(self.pace.poll);
                thread::sleep(nap);
                left -= nap;
            }
        }
    }

    /// Reads lines until the end, an error, or a stop.
    fn lines_of(&self, mut reader: impl Read) {
        let mut chunk = [0_u8; 4096];
        let mut line: Vec<u8> = Vec::with_capacity(LINE_BYTES_MAX);
        while !self.stopped() {
            let got = match reader.read(&mut chunk) {
                Ok(0) => break,
                Ok(got) => got,
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
                    ) =>
                {
                    continue;
                }
                Err(_) => break,
            };
            for byte in chunk.iter().take(got) {
                if *byte == b'\n' || *byte == b'\r' {
                    if !line.is_empty() {
                        self.put(&line);
                        line.clear();
                    }
                } else if line.len() <= LINE_BYTES_MAX {
                    // One byte more than allowed tells the reader of the line that it was too long.
                    line.push(*byte);
                }
            }
        }
        if !line.is_empty() {
            self.put(&line);
        }
    }
}

fn datagrams(socket: &UdpSocket, out: &Out) {
    let mut datagram = [0_u8; 8192];
    while !out.stopped() {
        match socket.recv_from(&mut datagram) {
            Ok((got, _)) => {
                let lines = datagram
                    .get(..got)
                    .unwrap_or_default()
                    .split(|byte| matches!(byte, b'\n' | b'\r'));
                for line in lines.filter(|line| !line.is_empty()) {
                    out.put(line);
                }
            }
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
                ) => {}
            Err(_) => {
                out.losses.fetch_add(1, Ordering::Relaxed);
                thread::sleep(out.pace.poll);
            }
        }
    }
}

/// Reads a whole file of sentences. Lines without a receive time count as heard at `at`.
///
/// # Errors
/// The file, when it cannot be read.
pub fn read_file(path: &Path, at: UnixMs, ears: &mut Ears) -> io::Result<()> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let file = File::open(path).map_err(named)?.take(FILE_BYTES_MAX);
    let mut reader = BufReader::new(file);
    let mut line = Vec::with_capacity(LINE_BYTES_MAX);
    loop {
        line.clear();
        // A line without an end must not fill the memory.
        let got = (&mut reader)
            .take(1 << 16)
            .read_until(b'\n', &mut line)
            .map_err(named)?;
        if got == 0 {
            return Ok(());
        }
        // What is in a file was received when it says; without a time it counts as heard at the time asked about.
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        ears.take_recorded(line, at);
    }
}

#[cfg(test)]
mod tests;
