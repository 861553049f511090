use super::*;
use quaywatch_protocol::contract::time::UnixMs;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::{fs, io::Write, net::TcpListener, os::fd::OwnedFd, time::Instant};

const GOOD: &[u8] = b"!AIVDM,1,1,,A,144N8P5000aQ<B0HMSD1VQBt0000,0*58";
/// Long enough for the slowest machine; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(60);

fn listen(source: Source) -> Listener {
    let pace = Pace {
        retry: Duration::from_millis(20),
        poll: Duration::from_millis(10),
    };
    Listener::start_at(&[source], pace).unwrap()
}

/// Takes lines until this one comes.
fn wait_for(listener: &Listener, wanted: &[u8]) {
    let until = Instant::now() + PATIENCE;
    loop {
        let line = listener
            .lines
            .recv_timeout(until.saturating_duration_since(Instant::now()))
            .unwrap();
        if line == wanted {
            return;
        }
    }
}

fn losses(listener: &Listener) -> u64 {
    listener.losses.load(Ordering::Relaxed)
}

#[test]
fn a_server_that_goes_away_is_connected_again_and_the_loss_is_counted() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let listener = listen(Source::Tcp(server.local_addr().unwrap()));
    let (mut first, _) = server.accept().unwrap();
    first.write_all(b"one\r\ntwo\r\n").unwrap();
    wait_for(&listener, b"two");
    drop(first);
    let (mut second, _) = server.accept().unwrap();
    second.write_all(b"three\n").unwrap();
    wait_for(&listener, b"three");
    assert!(losses(&listener) >= 1);
}

#[test]
fn datagrams_of_several_lines_come_line_by_line() {
    // The system chooses a free port, which is given back and taken again.
    let free = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let listener = listen(Source::Udp(free));
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    sender.send_to(b"one\r\ntwo\n\n", free).unwrap();
    wait_for(&listener, b"one");
    wait_for(&listener, b"two");
}

#[test]
fn a_file_that_vanishes_is_a_loss_and_is_read_when_it_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.nmea");
    fs::write(&path, "before\n").unwrap();
    let listener = listen(Source::File(path.clone()));
    wait_for(&listener, b"before");
    fs::remove_file(&path).unwrap();
    let aside = folder.path().join("aside");
    fs::write(&aside, "after\n").unwrap();
    fs::rename(&aside, &path).unwrap();
    wait_for(&listener, b"after");
    assert!(losses(&listener) >= 1);
}

/// A pair of terminals: what is written to the first is read from the path of the second.
fn terminals() -> (File, std::path::PathBuf) {
    let master: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let path = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    (File::from(master), path.into())
}

#[test]
fn a_serial_receiver_that_is_pulled_out_is_heard_again_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let device = folder.path().join("ttyAIS");
    let (mut receiver, path) = terminals();
    std::os::unix::fs::symlink(&path, &device).unwrap();
    let listener = listen(Source::Serial(device.clone(), BAUD));
    receiver.write_all(b"one\r\n").unwrap();
    wait_for(&listener, b"one");
    let (mut another, path) = terminals();
    let aside = folder.path().join("aside");
    std::os::unix::fs::symlink(&path, &aside).unwrap();
    fs::rename(&aside, &device).unwrap();
    drop(receiver);
    another.write_all(b"two\r\n").unwrap();
    wait_for(&listener, b"two");
    assert!(losses(&listener) >= 1);
}

#[test]
fn garbage_at_line_rate_is_counted_line_by_line_and_the_good_ones_are_used() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let listener = listen(Source::Tcp(server.local_addr().unwrap()));
    let (mut stream, _) = server.accept().unwrap();
    let count = 60_000_u64;
    let feeder = thread::spawn(move || {
        let mut bytes = Vec::new();
        for index in 0..count {
            match index % 4 {
                0 => bytes.extend(GOOD),
                1 => bytes.extend((0..60).map(|place| 0x80 | (index as u8).wrapping_mul(31).wrapping_add(place))),
                2 => bytes.extend(vec![b'x'; 3 * LINE_BYTES_MAX]),
                _ => bytes.extend(b"!AIVDM,1,1,,A,144N8P5000aQ<B0HMSD1VQBt0000,0*59"),
            }
            bytes.push(b'\n');
        }
        stream.write_all(&bytes).unwrap();
        stream.write_all(b"\nthe end\n").unwrap();
    });
    let mut ears = Ears::default();
    let now = UnixMs(1_710_293_400_000);
    let until = Instant::now() + PATIENCE;
    let mut lines = 0;
    // The last line may be lost where the queue is full: all lines are told, taken or not.
    while lines + listener.overrun.load(Ordering::Relaxed) < count + 1 {
        let left = until.saturating_duration_since(Instant::now());
        let line = listener.lines.recv_timeout(left.min(Duration::from_millis(200)));
        if let Ok(line) = line {
            ears.take(&line, now);
            lines += 1;
        }
        assert!(Instant::now() < until, "{lines}");
    }
    feeder.join().unwrap();
    listener.drain_into(&mut ears, now);
    let counts = ears.counters();
    assert_eq!(lines + counts.overrun, count + 1, "{counts:?}");
    assert_eq!(
        counts.used + counts.garbled + counts.checksum + counts.foreign + counts.malformed,
        lines,
        "{counts:?}"
    );
    assert!(
        counts.used > 0 && counts.garbled > 0 && counts.checksum > 0,
        "{counts:?}"
    );
    assert_eq!(ears.tracks().len(), 1);
}
