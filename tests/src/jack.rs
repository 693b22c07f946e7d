//! A JACK server of the test's own, and what is played and heard there.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::{Folder, heard, program};

/// How many seconds a server lives at most.
const LONGEST: &str = "120";

/// A server without a sound card. It does not outlive the test.
#[derive(Debug)]
pub struct Jack {
    server: Child,
    name: String,
    rate: u32,
    period: u32,
}

impl Jack {
    /// A server with this rate and period.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(rate: u32, period: u32) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("drvhost-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        let server = launch(&name, rate, period);
        Self { server, name, rate, period }
    }

    /// Starts it again after it has [ended](Self::end), by the name that it had.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self) {
        self.server = launch(&self.name, self.rate, self.period);
    }

    /// The variable by which programs find it.
    #[must_use]
    pub fn variable(&self) -> (&'static str, &str) {
        ("JACK_DEFAULT_SERVER", &self.name)
    }

    /// Begins to play an instrument: messages at their frames, for so many frames. What is heard is written to a file.
    ///
    /// # Panics
    /// When the program is not there.
    #[must_use]
    pub fn keys(&self, instrument: &str, frames: usize, file: &Path, notes: &[(u64, Vec<u8>)]) -> Child {
        let (variable, value) = self.variable();
        let mut command = Command::new(program("jack-keys"));
        command.arg(instrument).arg(frames.to_string()).arg(file).env(variable, value);
        for (at, message) in notes {
            let digits: String = message.iter().map(|byte| format!("{byte:02x}")).collect();
            command.arg(format!("{at}:{digits}"));
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("jack-keys starts")
    }

    /// Plays an instrument to the end: what is heard.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn play(
        &self,
        folder: &Folder,
        instrument: &str,
        frames: usize,
        notes: &[(u64, Vec<u8>)],
    ) -> Vec<[f32; 2]> {
        let ended = self.keys(instrument, frames, &folder.file("heard"), notes).wait().expect("it ends");
        assert!(ended.success(), "jack-keys: {ended}");
        heard(&folder.read("heard"))
    }

    /// What is connected with a port.
    ///
    /// # Panics
    /// When the port is not there.
    #[must_use]
    pub fn connections(&self, port: &str) -> Vec<String> {
        let mut list = Command::new("jack_lsp");
        let output =
            list.args(["--server", &self.name, "--connections", port]).output().expect("jack_lsp starts");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains(port), "{said}");
        said.lines().filter_map(|line| line.strip_prefix("   ")).map(str::to_owned).collect()
    }

    /// Ends the server. It must not be killed: it would keep its place among the eight for ever.
    pub fn end(&mut self) {
        let asked = Command::new("kill").arg(self.server.id().to_string()).status();
        if asked.is_err() {
            let _ = self.server.kill();
        }
        let _ = self.server.wait();
    }
}

impl Drop for Jack {
    fn drop(&mut self) {
        if matches!(self.server.try_wait(), Ok(None)) {
            self.end();
        }
        // Clients that it left leave something behind.
        let left = std::fs::read_dir("/dev/shm").into_iter().flatten().flatten();
        let own = format!("_{}_", self.name);
        for file in left.filter(|file| file.file_name().to_string_lossy().contains(&own)) {
            let _ = std::fs::remove_file(file.path());
        }
    }
}

/// Starts a server, and waits until it answers.
fn launch(name: &str, rate: u32, period: u32) -> Child {
    let give_up = Instant::now() + Duration::from_secs(60);
    loop {
        // It ends by itself where the test is ended before it could.
        let mut command = Command::new("timeout");
        command.args([LONGEST, "jackd", "--no-realtime", "--name", name, "-d", "dummy"]);
        command.args(["-r", &rate.to_string(), "-p", &period.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut server = command.spawn().expect("jackd starts");
        while !matches!(server.try_wait(), Ok(Some(_))) {
            if answers(name) {
                return server;
            }
            std::thread::sleep(Duration::from_millis(20));
            assert!(Instant::now() < give_up, "jackd does not answer");
        }
        // A computer can have eight of them, and other tests may have those now.
        assert!(Instant::now() < give_up, "jackd does not start");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn answers(server: &str) -> bool {
    let mut wait = Command::new("jack_wait");
    wait.args(["--check", "--server", server]).stdout(Stdio::piped()).stderr(Stdio::null());
    wait.output().is_ok_and(|said| String::from_utf8_lossy(&said.stdout).trim() == "running")
}
