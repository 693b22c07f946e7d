//! The survey in drvhost's own worker.

use drvhost::{Block, Error, Hdrvr, Store, Trace};
use tempfile::TempDir;

use super::{Case, DRIVER, Kind, Survey, ended, raised};
use crate::{Machine, Rig, SURVEY_NAME, SURVEY_ROOM, SURVEY_RUN};

/// What ends a case, by how the report begins, and the exception that it is on Windows.
const EXCEPTIONS: &[(&str, u32)] = &[
    ("access violation", 0xc000_0005),
    ("stack overflow", 0xc000_00fd),
    ("illegal instruction", 0xc000_001d),
    ("breakpoint", 0x8000_0003),
    ("integer division", 0xc000_0094),
    ("fast fail", 0xc000_0409),
];

/// The exit code of `abort`, which a failed assertion calls.
const ABORTED: u32 = 3;

impl Survey {
    /// Runs every case on drvhost.
    ///
    /// # Panics
    /// When the driver does not open, or a name makes no sense.
    #[must_use]
    pub fn here(machine: Machine) -> Self {
        Self::run(Run::new(machine, false))
    }

    /// The same while a trace is written.
    ///
    /// # Panics
    /// As [`here`](Self::here).
    #[must_use]
    pub fn traced(machine: Machine) -> Self {
        Self::run(Run::new(machine, true))
    }

    fn run(mut run: Run) -> Self {
        let mut survey = Self::default();
        for index in 0.. {
            let Some(name) = run.name(index) else { break };
            let case = Case::read(&name).unwrap_or_else(|| panic!("a case is called `{name}`"));
            let answer = if case.kind == Kind::None { String::new() } else { run.run(index) };
            survey.0.push((case, answer));
        }
        survey
    }

    /// The names of all cases, of which none is run.
    ///
    /// # Panics
    /// As [`here`](Self::here).
    #[must_use]
    pub fn cases(machine: Machine) -> Vec<Case> {
        let run = Run::new(machine, false);
        let names = (0..).map_while(|index| run.name(index));
        names.map(|name| Case::read(&name).unwrap_or_else(|| panic!("a case is called `{name}`"))).collect()
    }
}

/// An open survey driver.
struct Run {
    /// Where what it writes is kept, for as long as it runs.
    _place: TempDir,
    rig: Rig,
    traced: bool,
    survey: Hdrvr,
    room: Block,
}

impl Run {
    fn new(machine: Machine, traced: bool) -> Self {
        let place = tempfile::tempdir().expect("a temporary folder");
        let store = Store::at(&place.path().join("config"), &place.path().join("data"));
        let rig = Rig::with(machine, |builder| {
            let builder = builder.store(store);
            if traced { builder } else { builder.trace(Trace::none()) }
        });
        let survey = rig.open(DRIVER, "");
        let room = rig.bytes(survey, &vec![0; SURVEY_ROOM as usize]);
        Self { _place: place, rig, traced, survey, room }
    }

    /// What the driver wrote.
    fn written(&self) -> String {
        let bytes = self.room.to_vec().expect("what was written can be read");
        let text: Vec<u8> = bytes.into_iter().take_while(|&byte| byte != 0).collect();
        String::from_utf8(text).expect("cases write ASCII").trim().to_owned()
    }

    fn name(&self, index: i64) -> Option<String> {
        (self.rig.send(self.survey, SURVEY_NAME, index, self.room.lparam()) != 0).then(|| self.written())
    }

    fn run(&mut self, index: i64) -> String {
        let outcome = self.rig.session.send(self.survey, SURVEY_RUN, index, self.room.lparam());
        let written = self.written();
        let how = match outcome {
            Ok(_) => return written,
            Err(Error::Faulted { fault, .. }) => return told(&written, &fault.text),
            Err(Error::Late { .. }) => "does not return",
            Err(_) => "ends the worker",
        };
        // Whatever it has done to this worker is nothing to the next case.
        *self = Self::new(self.rig.machine(), self.traced);
        format!("{written} {how}").trim().to_owned()
    }
}

/// What an answer says of a fault, in the words that are used for Wine's too.
fn told(written: &str, fault: &str) -> String {
    if let Some((_, code)) = EXCEPTIONS.iter().find(|(begin, _)| fault.starts_with(begin)) {
        return raised(written, *code);
    }
    if let Some(code) = fault.strip_prefix("unhandled exception 0x") {
        return u32::from_str_radix(code, 16).map_or_else(|_| fault.to_owned(), |code| raised(written, code));
    }
    if let Some(code) = fault.strip_prefix("the driver tried to end the process with code ") {
        return code.parse().map_or_else(|_| fault.to_owned(), |code| ended(written, code));
    }
    if fault.starts_with("the driver's assertion failed") {
        return ended(written, ABORTED);
    }
    format!("{written} {fault}").trim().to_owned()
}
