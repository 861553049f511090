//! A real broker on a free loopback port, in memory only: killed, it forgets everything.

use std::{
    fs,
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use super::{free_port, until};

pub struct Mosquitto {
    pub port: u16,
    process: Child,
    _folder: tempfile::TempDir,
}

impl Mosquitto {
    pub fn start() -> Self {
        Self::start_at(free_port())
    }

    pub fn start_at(port: u16) -> Self {
        Self::start_with(port, "")
    }

    /// With further lines of configuration, for a second listener.
    pub fn start_with(port: u16, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("mosquitto.conf");
        fs::write(
            &config,
            format!("listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n{more}"),
        )
        .unwrap();
        // Debian puts it where an ordinary user's PATH does not look.
        let program = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto"]
            .into_iter()
            .find(|path| std::path::Path::new(path).exists())
            .expect("mosquitto is not installed: apt-get install mosquitto");
        let process = Command::new(program)
            .arg("-c")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("mosquitto listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self {
            port,
            process,
            _folder: folder,
        }
    }

    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
