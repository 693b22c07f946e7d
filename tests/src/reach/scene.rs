//! What is there to be reached: a user's folder, a port, processes. None of it is anybody's: all lies in a folder of its own, and ends with it.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tempfile::TempDir;

use super::perform::restore;
use super::{Act, Aim, Back, Block, Performed, kept};

/// What is to be written into somebody else's memory, and what code that a driver has made answers.
const VALUE: i64 = 0x0BAD_CAFE;

/// What is there for one act, and what is looked at afterwards.
#[derive(Debug)]
pub struct Scene {
    aim: Aim,
    home: TempDir,
    /// In a file's name and its contents, in what the driver is to write and send, and on the command line of what it starts. No other scene has it.
    secret: String,
    port: TcpListener,
    bystander: Child,
}

impl Scene {
    /// Sets it up.
    ///
    /// # Errors
    /// Those of making files, a port and a process.
    pub fn new(act: &Act) -> io::Result<Self> {
        restore();
        let home = tempfile::Builder::new().prefix("home").tempdir()?;
        let scene = Self {
            aim: act.aim,
            // Nothing else tells what it is, as seeds of hashes are random.
            secret: format!("secret-{:016x}", RandomState::new().hash_one(home.path())),
            port: TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?,
            bystander: Command::new("sleep").arg("120").stdin(Stdio::null()).stdout(Stdio::null()).spawn()?,
            home,
        };
        fs::write(scene.file("letter"), &scene.secret)?;
        fs::write(scene.file(&scene.secret), "")?;
        Ok(scene)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// What the act is given. Addresses in the host it adds itself.
    ///
    /// # Errors
    /// That of asking for the port's number.
    pub fn block(&self) -> io::Result<Block> {
        let block = Block::default().value(VALUE);
        Ok(match self.aim {
            // What the driver is to find out, it is not told.
            Aim::Read | Aim::Deleted => block.path(&self.file("letter")),
            Aim::Listed => block.path(self.home.path()),
            Aim::Written => block.path(&self.file("written")).text(&self.secret),
            Aim::Started => block.path(&self.file("started")),
            Aim::Connected => block.target(self.port.local_addr()?.port().into()).text(&self.secret),
            Aim::Stayed => block.text(&self.secret),
            Aim::Killed => block.target(self.bystander.id().into()),
            Aim::StartersWord => {
                let mut block = block.target(std::process::id().into());
                block.set_address(kept().0);
                block
            }
            Aim::Amount(amount) => block.target(amount.asked()),
            Aim::HostsWord | Aim::OtherDriver | Aim::Ended | Aim::Ran => block,
        })
    }

    /// Whether the driver got what it wanted. To be asked when the host has ended; `patience` is for what takes a moment longer.
    ///
    /// # Errors
    /// Those of looking.
    pub fn got(&mut self, performed: &Performed, patience: Duration) -> io::Result<bool> {
        let give_up = Instant::now() + patience;
        loop {
            let got = self.got_by_now(performed)?;
            if got || Instant::now() > give_up {
                return Ok(got);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn got_by_now(&mut self, performed: &Performed) -> io::Result<bool> {
        let overwritten = |value: Option<i64>| value.is_some_and(|value| value != Performed::KEPT);
        let Performed { block, back, word, other, .. } = performed;
        Ok(match self.aim {
            Aim::Read | Aim::Listed => block.found(&self.secret),
            Aim::Written => fs::read(self.file("written")).is_ok_and(|text| text == self.secret.as_bytes()),
            Aim::Deleted => !self.file("letter").exists(),
            Aim::Connected => self.was_sent()?,
            Aim::Started => self.file("started").exists(),
            Aim::Stayed => processes_with(&self.secret).next().is_some(),
            Aim::Killed => self.bystander.try_wait()?.is_some(),
            Aim::StartersWord => overwritten(Some(kept().1)),
            Aim::HostsWord => overwritten(*word),
            Aim::OtherDriver => overwritten(*other),
            Aim::Ended => !performed.goes_on(),
            Aim::Amount(amount) => *back == Some(Back::Answered(amount.asked())),
            Aim::Ran => block.found_number() != 0,
        })
    }

    /// Whether the port was sent the secret.
    fn was_sent(&self) -> io::Result<bool> {
        self.port.set_nonblocking(true)?;
        let mut connection = match self.port.accept() {
            Ok((connection, _)) => connection,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        };
        connection.set_nonblocking(false)?;
        connection.set_read_timeout(Some(Duration::from_secs(1)))?;
        let mut text = vec![0; self.secret.len()];
        Ok(connection.read_exact(&mut text).is_ok() && text == self.secret.as_bytes())
    }
}

/// The processes that have this as an argument.
pub fn processes_with(argument: &str) -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok().and_then(Pid::from_raw));
    pids.filter(move |pid| has_argument(*pid, argument))
}

fn has_argument(pid: Pid, argument: &str) -> bool {
    let line = fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
    line.split(|byte| *byte == 0).any(|found| found == argument.as_bytes())
}

/// Kills them.
pub fn kill_processes_with(argument: &str) {
    for pid in processes_with(argument).collect::<Vec<_>>() {
        let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
        // Only now is it certain whose number it is.
        if has_argument(pid, argument) {
            // One that has ended already is as good.
            let _ = pidfd_send_signal(&process, Signal::KILL);
        }
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // What has ended already is as good.
        let _ = self.bystander.kill();
        let _ = self.bystander.wait();
        kill_processes_with(&self.secret);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpStream;

    use super::super::REACHES;
    use super::*;

    /// What a driver would do, done by the test.
    type Deed = fn(&mut Scene);

    const DEEDS: &[(Aim, Deed)] = &[
        (Aim::Written, |scene| fs::write(scene.file("written"), &scene.secret).unwrap()),
        (Aim::Deleted, |scene| fs::remove_file(scene.file("letter")).unwrap()),
        (Aim::Started, |scene| fs::write(scene.file("started"), "").unwrap()),
        (Aim::Killed, |scene| scene.bystander.kill().unwrap()),
        (Aim::Connected, |scene| {
            let mut connection = TcpStream::connect(scene.port.local_addr().unwrap()).unwrap();
            connection.write_all(scene.secret.as_bytes()).unwrap();
        }),
        (Aim::Stayed, |scene| {
            let script =
                "sh -c 'for n in 1 2 3 4 5 6 7 8 9; do sleep 1; done' \"$0\" </dev/null >/dev/null 2>&1 &";
            assert!(Command::new("sh").args(["-c", script, &scene.secret]).status().unwrap().success());
        }),
    ];

    #[test]
    fn what_is_done_is_seen_and_nothing_else() {
        let patience = Duration::from_secs(10);
        for (aim, deed) in DEEDS {
            let act = REACHES.iter().find(|act| act.aim == *aim).unwrap();
            let (mut scene, performed) = (Scene::new(act).unwrap(), Performed::default());
            assert!(!scene.got(&performed, Duration::ZERO).unwrap(), "{aim:?} before it is done");
            deed(&mut scene);
            assert!(scene.got(&performed, patience).unwrap(), "{aim:?} when it is done");
        }
    }

    #[test]
    fn a_host_that_says_nothing_has_ended() {
        let act = REACHES.iter().find(|act| act.aim == Aim::Ended).unwrap();
        assert!(Scene::new(act).unwrap().got(&Performed::default(), Duration::ZERO).unwrap());
    }
}
