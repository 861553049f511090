//! What the tests of the agent's process share.

pub mod agent;
pub mod central;
pub mod certificates;
pub mod mosquitto;

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, ExitStatus},
    time::{Duration, Instant},
};

/// Longest wait for anything: generous, as machines that run tests are busy.
const DEADLINE: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(10);

/// Waits until something is observed; fails with its name when it never is.
pub fn until(what: &str, mut seen: impl FnMut() -> bool) {
    let began = Instant::now();
    while !seen() {
        assert!(began.elapsed() < DEADLINE, "never happened: {what}");
        std::thread::sleep(POLL);
    }
}

/// A port of this machine that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Repeatable numbers.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// A folder with everything an agent needs, and the agent's process.
pub struct Bench {
    folder: tempfile::TempDir,
    pub station: String,
    process: Option<Child>,
}

impl Bench {
    pub fn new(port: u16) -> Self {
        Self::with_broker(&format!("broker.url = \"mqtt://127.0.0.1:{port}\""))
    }

    /// `broker` is the configuration's lines about the broker.
    pub fn with_broker(broker: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bench = Self {
            folder,
            station: "gs-test".to_owned(),
            process: None,
        };
        fs::create_dir(bench.scenes()).unwrap();
        agent::configure(bench.folder(), &bench.station, broker);
        bench
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn scenes(&self) -> PathBuf {
        self.folder().join("scenes")
    }

    /// What the agent has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder().join("agent.log")).unwrap_or_default()
    }

    /// Scenes that were put away.
    pub fn done(&self) -> usize {
        fs::read_dir(self.scenes().join("done")).map_or(0, Iterator::count)
    }

    /// A scene that the scripted processor makes one look of; its name is the look's scene.
    pub fn drop_scene(&self, name: &str) {
        self.drop_file(&format!("{name}.tif"), &format!("look {name}\n"));
    }

    pub fn drop_file(&self, name: &str, content: &str) {
        fs::write(self.scenes().join(name), content).unwrap();
    }

    pub fn start(&mut self) {
        assert!(self.process.is_none());
        self.process = Some(agent::start(self.folder()));
    }

    /// Kills it as a power cut would, process-wise.
    pub fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// True when it ended by itself; it can then be started again.
    pub fn has_ended(&mut self) -> bool {
        let process = self.process.as_mut().unwrap();
        let has_ended = process.try_wait().unwrap().is_some();
        if has_ended {
            self.process = None;
        }
        has_ended
    }

    /// Asks it to stop and waits for its end.
    pub fn stop(&mut self) -> ExitStatus {
        let mut process = self.process.take().unwrap();
        let signalled = std::process::Command::new("kill")
            .args(["-TERM", &process.id().to_string()])
            .status()
            .unwrap();
        assert!(signalled.success());
        let mut status = None;
        until("the agent ends", || {
            status = process.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

/// A tmpfs of a few MiB, unmounted at the end.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it over `folder`, which is made.
    pub fn mount(folder: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        let status = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"])
            .arg(folder)
            .status()
            .unwrap();
        assert!(status.success(), "a tmpfs cannot be mounted: this test needs root");
        Self(folder.to_owned())
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Takes every byte that is left.
    pub fn fill(&self) {
        use std::io::Write;
        let mut filler = fs::File::create(self.filler()).unwrap();
        while filler.write_all(&[1; 4096]).is_ok() {}
        while filler.write_all(&[1]).is_ok() {}
    }

    pub fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that is still ending may have files open in it.
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            eprintln!("--- the agent's last words");
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
        }
    }
}
