//! Central killed at one system call after the other on the way from a message to its ack.
//!
//! `strace` attaches to the running process and kills it as it enters the n-th call of one kind: so the kill falls between any two things
//! that the process does to the world, wherever the code is. Nothing in the program knows of this.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    external,
    harness::{Central, Mosquitto, World},
    station::{Connected, Station, look},
};

/// Calls on the way, in its order, and what the kill prevents.
const POINTS: [(&str, &str); 9] = [
    ("epoll_wait,epoll_pwait", "waiting for the broker"),
    ("recvfrom,read,recvmsg", "taking a message off its connection"),
    ("futex", "handing it from the link to the writer"),
    ("fcntl", "taking the database's lock"),
    ("pread64", "reading what is stored already"),
    ("pwrite64", "writing to the write-ahead log"),
    ("fdatasync,fsync", "flushing the log: the commit"),
    ("write,eventfd2", "waking the link for the ack"),
    ("sendto,writev,sendmsg", "sending the ack and the PUBACK"),
];
/// Events of one round: enough for every point to come up many times.
const EVENTS_A_ROUND: u64 = 60;
/// The last call that is hit: a message passes each point several times, and then everything repeats.
const NTH_MAX: u32 = 12;
/// How long a process may go on before its point came up.
const PATIENCE: Duration = Duration::from_secs(30);

struct Executioner(Child);

impl Executioner {
    /// Waits until strace holds the process, or has killed it already.
    fn attach(central: &mut Central, calls: &str, nth: u32) -> Self {
        let pid = central.pid();
        let mut child = Command::new("strace")
            .args(["-f", "-qqq", "-o", "/dev/null", "-e", &format!("trace={calls}")])
            .args(["-e", &format!("inject={calls}:signal=KILL:when={nth}")])
            .args(["-p", &pid.to_string()])
            .stderr(Stdio::piped())
            .spawn()
            .expect("strace is not installed: apt-get install strace");
        drop(child.stderr.take().map(BufReader::new).map(|lines| {
            std::thread::spawn(move || {
                lines
                    .lines()
                    .map_while(Result::ok)
                    .for_each(|line| eprintln!("strace: {line}"))
            })
        }));
        let status = format!("/proc/{pid}/status");
        let began = Instant::now();
        // TracerPid is the tracer's as soon as it holds the process.
        while !std::fs::read_to_string(&status).is_ok_and(|text| {
            text.lines()
                .any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0"))
        }) {
            assert!(began.elapsed() < PATIENCE, "strace does not get hold of the process");
            if child.try_wait().unwrap().is_some() {
                assert!(central.has_ended(), "strace ended: may it trace here?");
                break;
            }
            std::thread::yield_now();
        }
        Self(child)
    }
}

impl Drop for Executioner {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "attaches strace: deploy/kills runs it"]
fn killed_at_each_step_from_receipt_to_ack_nothing_is_lost_and_nothing_doubled() {
    let number = |name, without| std::env::var(name).map_or(without, |text| text.parse().unwrap());
    let kills: u32 = number("QUAYWATCH_KILLS", 3);
    let first_point = number("QUAYWATCH_FIRST_POINT", 1).max(1) as usize;
    let (mosquitto, station) = (Mosquitto::start(), Station::new("gs-1", 1));
    let world = World::new(&[&station]);
    let config = world.configure(&external(mosquitto.port));
    let mut connected = Connected::to(mosquitto.port, &station, &world.central_public);
    let (mut acknowledged, mut slowest_start) = (0, Duration::ZERO);
    let mut done = 0;
    for (calls, what) in POINTS.into_iter().skip(first_point - 1) {
        for kill in 0..kills {
            let nth = kill % NTH_MAX + 1;
            let began = Instant::now();
            let mut central = Central::start(&config);
            slowest_start = slowest_start.max(began.elapsed());
            let _executioner = Executioner::attach(&mut central, calls, nth);
            let began = Instant::now();
            while !central.has_ended() {
                assert!(
                    began.elapsed() < PATIENCE,
                    "{what}, call {nth} never came; acknowledged {acknowledged}; central says\n{}",
                    central.log.try_iter().collect::<Vec<_>>().join("\n")
                );
                // More and more, until the call came.
                for seq in acknowledged + 1..=acknowledged + EVENTS_A_ROUND {
                    connected.send(&station, seq, &look(seq));
                }
                while let Some(through) = connected.next_ack(Duration::from_millis(100)) {
                    acknowledged = acknowledged.max(through);
                }
            }
            done += 1;
            let stored = world.count("SELECT count(*) FROM event");
            let acknowledged = i64::try_from(acknowledged).unwrap();
            assert!(
                stored >= acknowledged,
                "{what}, call {nth}: acknowledged {acknowledged}, stored {stored}"
            );
        }
        println!("{kills:3} kills before {what} ({calls})");
    }
    let central = Central::start(&config);
    let all = acknowledged + EVENTS_A_ROUND;
    connected.deliver(&station, all);
    let all = i64::try_from(all).unwrap();
    assert_eq!(world.count("SELECT count(*) FROM event"), all);
    assert_eq!(world.count("SELECT count(DISTINCT seq) FROM event"), all);
    assert_eq!(central.terminate(), Some(0));
    println!(
        "{done} kills, {all} events, 0 lost, 0 doubled; the slowest start took {} ms",
        slowest_start.as_millis()
    );
}
