//! A session in which harm is done, and all that must not come to any.

use std::cell::Cell;
use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use drvhost::{Error, Hdrvr, Outcome, Policy};
use drvhost_tests::*;

/// What drivers are given for each message, unless the harm needs more or is repeated often.
pub const DEADLINE: Duration = Duration::from_millis(500);
/// What a message may take beyond its deadline: the time to interrupt or kill, and what a loaded machine adds.
const BEYOND: Duration = Duration::from_secs(1);

/// What is in the file that nobody is to touch.
const CANARY: &[u8] = b"untouched";

/// A session with a hostile driver and an innocent one, and what would show that something got out: a file, and a port.
pub struct Scene {
    /// The session.
    pub rig: Rig,
    driver: &'static str,
    deadline: Duration,
    hostile: Cell<Hdrvr>,
    innocent: Hdrvr,
    /// The session that the innocent one is in, if it is another.
    elsewhere: Option<Rig>,
    folder: Folder,
    port: TcpListener,
}

impl Scene {
    /// With the hostile driver of this name, and a deadline. With a shorter one than usual the innocent driver is in another session of the process, where it has all the time that a loaded
    /// machine may take.
    pub fn new(machine: Machine, driver: &'static str, deadline: Duration) -> Self {
        let rig = Rig::with_deadline(machine, deadline);
        let elsewhere = (deadline < DEADLINE).then(|| Rig::new(machine));
        let innocent = elsewhere.as_ref().unwrap_or(&rig).open("spy", "");
        let hostile = Cell::new(open(&rig, driver));
        let folder = Folder::new(machine);
        fs::write(folder.file("canary"), CANARY).expect("a file can be written");
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        port.set_nonblocking(true).expect("a port that can be asked");
        Self { rig, driver, deadline, hostile, innocent, elsewhere, folder, port }
    }

    /// The machine that its drivers are for.
    pub fn machine(&self) -> Machine {
        self.rig.machine()
    }

    /// The hostile driver, as it is open now.
    pub fn hostile(&self) -> Hdrvr {
        self.hostile.get()
    }

    /// Has the hostile driver do a harm with some numbers, within its deadline and a second.
    pub fn harm(&self, name: &str, numbers: &[i64]) -> Result<i64, Error> {
        let mut numbers = numbers.to_vec();
        numbers.resize(numbers.len().max(1), 0);
        self.harm_in(name, &mut numbers)
    }

    /// The same; the harm may answer in the numbers.
    pub fn harm_in(&self, name: &str, numbers: &mut [i64]) -> Result<i64, Error> {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let text = self.rig.bytes(self.hostile(), format!("{name}\0").as_bytes());
        let block = self.rig.bytes(self.hostile(), &bytes);
        let started = Instant::now();
        let result = self.rig.session.send(self.hostile(), HARM_DO, text.lparam(), block.lparam());
        let elapsed = started.elapsed();
        assert!(elapsed < self.deadline + BEYOND, "{name}: {elapsed:?}");
        assert_ne!(result.as_ref().ok(), Some(&i32::MAX.into()), "there is no harm `{name}`");
        let mut answer = vec![0; bytes.len()];
        if block.read(0, &mut answer).is_ok() {
            for (number, bytes) in numbers.iter_mut().zip(answer.as_chunks().0) {
                *number = i64::from_le_bytes(*bytes);
            }
        }
        result
    }

    /// Everybody else answers, and the hostile driver as what came of its last message has it. Where its worker is no more, it is opened anew.
    pub fn is_left_as_by(&self, result: &Result<i64, Error>) {
        self.others_answer();
        let answer = self.rig.session.send(self.hostile(), XOR, 6, 1);
        if matches!(result, Err(Error::Died { .. } | Error::Late { killed: true, .. })) {
            assert!(matches!(answer, Err(Error::Died { .. })), "{answer:?}");
            self.open_again();
        } else {
            assert_eq!(answer.expect("the hostile driver's worker goes on"), 7);
        }
    }

    /// The hostile driver answers, or what it did to itself keeps it from that; then it is opened anew.
    pub fn is_left_somehow(&self) {
        self.others_answer();
        match self.rig.session.send(self.hostile(), XOR, 6, 1) {
            Ok(7) => {}
            Ok(_) | Err(Error::Faulted { .. } | Error::Late { .. } | Error::Died { .. }) => self.open_again(),
            Err(error) => panic!("{error}"),
        }
    }

    /// Closes what is left of the hostile driver, however that goes, and opens it in another worker.
    pub fn open_again(&self) {
        let _ = self.rig.session.close(self.hostile(), 0, 0);
        self.hostile.set(open(&self.rig, self.driver));
    }

    fn innocents(&self) -> &Rig {
        self.elsewhere.as_ref().unwrap_or(&self.rig)
    }

    /// The innocent driver answers.
    pub fn others_answer(&self) {
        assert_eq!(self.innocents().send(self.innocent, XOR, 5, 3), 6);
    }

    /// Nothing got out, and the session ends as any other.
    pub fn ends(&self) {
        self.others_answer();
        assert_eq!(fs::read(self.folder.file("canary")).expect("it is still there"), CANARY);
        assert_eq!(fs::read_dir(self.folder.path()).expect("a folder").count(), 1);
        let error = self.port.accept().expect_err("nobody connects");
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        let _ = self.rig.session.end(Policy::Orderly);
        let report = self.innocents().session.end(Policy::Orderly);
        let told = report.instances.iter().find(|told| told.hdrvr == self.innocent.0.cast_signed());
        assert_eq!(told.map(|told| told.outcome), Some(Outcome::Answered), "{report:?}");
    }
}

/// Opens a driver. Where its deadline is short, a loaded machine may need more than one attempt.
fn open(rig: &Rig, driver: &str) -> Hdrvr {
    let mut attempts = (0..20).map(|_| rig.try_open(driver, ""));
    let opened = attempts.find(|opened| !matches!(opened, Err(Error::Late { .. })));
    opened.expect("it opens in time").unwrap_or_else(|error| panic!("{driver}: {error}"))
}
