//! Who transmitted, for the agent: the sources that `ais.sources` names, fed into ears that each look may ask.
//!
//! A `file:` source is a recording or a log that something else keeps: it is read for each scene, and its sentences count at the
//! times that their tag blocks say. `tcp://`, `udp://` and `serial:` sources are listened to all the time.

use std::{
    net::{SocketAddr, ToSocketAddrs},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use quaywatch_protocol::contract::UnixMs;

use crate::{
    ais::{
        Coverage, CoverageArea, Ears, EarsRadio,
        listen::{BAUD, Listener, Source, read_file},
    },
    clock::Clock,
    look::{Radio, RadioSaid, SeenVessel},
};

/// How often what came in live is taken over: a fraction of the queue's reach at the busiest rate.
const TAKE_OVER_EVERY: Duration = Duration::from_millis(500);

/// The station's ears.
pub struct Hearing {
    recordings: Vec<PathBuf>,
    coverage: Coverage,
    live: Option<Arc<EarsRadio>>,
    stop: Arc<AtomicBool>,
}

impl Hearing {
    /// Opens the sources: `file:/path`, `tcp://host:port`, `udp://address:port`, `serial:/device` with `@baud` where it is not 38400.
    ///
    /// # Errors
    /// A source that is none of these, or cannot be listened to.
    pub fn open(sources: &[String], covered: &[CoverageArea], clock: Arc<dyn Clock>) -> Result<Self, String> {
        let mut recordings = Vec::new();
        let mut live = Vec::new();
        for source in sources {
            match parse(source)? {
                Source::File(path) => recordings.push(path),
                other => live.push(other),
            }
        }
        let coverage = Coverage {
            areas: covered.to_vec(),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let live = if live.is_empty() {
            None
        } else {
            Some(listen(&live, coverage.clone(), clock, Arc::clone(&stop))?)
        };
        Ok(Self {
            recordings,
            coverage,
            live,
            stop,
        })
    }

    /// Who was heard around `at`, or `None` when the station has no ears. What could not be read is in `warnings`.
    pub fn around(&self, at: Option<UnixMs>, warnings: &mut Vec<String>) -> Option<Box<dyn Radio>> {
        if let Some(live) = &self.live {
            return Some(Box::new(Shared(Arc::clone(live))));
        }
        if self.recordings.is_empty() {
            return None;
        }
        let mut ears = Ears::new(self.coverage.clone());
        for file in &self.recordings {
            if let Err(error) = read_file(file, at?, &mut ears) {
                warnings.push(format!("ais.sources: {error}"));
            }
        }
        Some(Box::new(EarsRadio::new(ears)))
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

struct Shared(Arc<EarsRadio>);

impl Radio for Shared {
    fn said(&self, at: UnixMs, vessels: &[SeenVessel]) -> Vec<RadioSaid> {
        self.0.said(at, vessels)
    }
}

fn parse(source: &str) -> Result<Source, String> {
    let address = |text: &str| -> Result<SocketAddr, String> {
        text.to_socket_addrs()
            .ok()
            .and_then(|mut found| found.next())
            .ok_or_else(|| format!("`ais.sources`: `{source}`: `{text}` is no host:port that can be found"))
    };
    if let Some(path) = source.strip_prefix("file:") {
        Ok(Source::File(PathBuf::from(path)))
    } else if let Some(rest) = source.strip_prefix("tcp://") {
        Ok(Source::Tcp(address(rest)?))
    } else if let Some(rest) = source.strip_prefix("udp://") {
        Ok(Source::Udp(address(rest)?))
    } else if let Some(rest) = source.strip_prefix("serial:") {
        let (device, baud) = match rest.rsplit_once('@') {
            Some((device, baud)) => (device, baud.parse().map_err(|_| no_speed(source, baud))?),
            None => (rest, BAUD),
        };
        Ok(Source::Serial(PathBuf::from(device), baud))
    } else {
        Err(format!(
            "`ais.sources`: `{source}`: expected file:/path, tcp://host:port, udp://address:port or serial:/device"
        ))
    }
}

fn no_speed(source: &str, baud: &str) -> String {
    format!("`ais.sources`: `{source}`: `{baud}` is no speed in baud; expected one like serial:/dev/ttyUSB0@38400")
}

fn listen(
    sources: &[Source],
    coverage: Coverage,
    clock: Arc<dyn Clock>,
    stop: Arc<AtomicBool>,
) -> Result<Arc<EarsRadio>, String> {
    let listener = Listener::start(sources).map_err(|error| format!("`ais.sources`: {error}"))?;
    let ears = Arc::new(EarsRadio::new(Ears::new(coverage)));
    let fed = Arc::clone(&ears);
    thread::Builder::new()
        .name("ais-take-over".to_owned())
        .spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                fed.with(|ears| listener.drain_into(ears, clock.now()));
                thread::sleep(TAKE_OVER_EVERY);
            }
        })
        .map_err(|error| format!("`ais.sources`: {error}"))?;
    Ok(ears)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn a_source_that_is_none_is_named_with_what_was_expected() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let error = Hearing::open(&["pigeon:/dev/null".to_owned()], &[], clock)
            .err()
            .unwrap();
        assert!(
            error.contains("`pigeon:/dev/null`") && error.contains("tcp://host:port"),
            "{error}"
        );
    }

    #[test]
    fn a_serial_receiver_has_a_speed() {
        let device = |baud| Ok(Source::Serial(PathBuf::from("/dev/ttyUSB0"), baud));
        assert_eq!(parse("serial:/dev/ttyUSB0"), device(38_400));
        assert_eq!(parse("serial:/dev/ttyUSB0@4800"), device(4_800));
        assert!(parse("serial:/dev/ttyUSB0@fast").unwrap_err().contains("`fast`"));
    }

    #[test]
    fn a_recording_that_is_missing_is_a_warning_and_the_look_goes_on() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let hearing = Hearing::open(&["file:/nonexistent/log.nmea".to_owned()], &[], clock).unwrap();
        let mut warnings = Vec::new();
        assert!(hearing.around(Some(UnixMs(0)), &mut warnings).is_some());
        assert!(
            warnings.iter().any(|warning| warning.contains("log.nmea")),
            "{warnings:?}"
        );
    }

    #[test]
    fn a_station_without_sources_has_no_ears() {
        let hearing = Hearing::open(&[], &[], Arc::new(SystemClock::new())).unwrap();
        assert!(hearing.around(Some(UnixMs(0)), &mut Vec::new()).is_none());
    }
}
