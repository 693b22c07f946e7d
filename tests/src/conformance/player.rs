//! Playing a script.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::pattern::compare;
use super::platform::{Answer, Call, Platform, Process};
use super::script::{Act, Action, Argument, Script, Step, Wanted};
use super::values::{Names, Value};
use crate::SPY_AT_EXIT;

/// Plays a script.
///
/// # Errors
/// The first difference from what it expects, in words that do not change from run to run: `` `close a`: DETACH, not DISABLE``.
///
/// # Panics
/// When the script makes no sense, such as a name that no instance has.
pub fn play(script: &Script, platform: &mut dyn Platform) -> Result<(), String> {
    script.settings.iter().for_each(|setting| platform.set(setting));
    let mut stage = Stage {
        processes: BTreeMap::new(),
        current: "first".to_owned(),
        names: Names::new(platform.machine()),
        open: Vec::new(),
        platform,
    };
    script.steps.iter().try_for_each(|step| {
        stage.perform(step).map_err(|difference| format!("`{}`: {difference}", step.text))
    })
}

/// The processes of one script, and what its names stand for.
struct Stage<'a> {
    platform: &'a mut dyn Platform,
    processes: BTreeMap<String, Box<dyn Process>>,
    current: String,
    names: Names,
    /// The handles that are open, with their processes.
    open: Vec<(String, i64)>,
}

impl Stage<'_> {
    fn perform(&mut self, step: &Step) -> Result<(), String> {
        if let Action::Process(name) = &step.action {
            self.current.clone_from(name);
            return Ok(());
        }
        let answer = self.act(&step.action);
        match (&step.action, &answer) {
            (Action::Open { instance, .. }, Answer::Result(hdrvr)) if *hdrvr != 0 => {
                self.names.name(instance, *hdrvr);
            }
            _ => {}
        }
        let events = self.process().heard();
        compare(&step.patterns, &events, &mut self.names)?;
        let result = match answer {
            Answer::Result(result) => result,
            Answer::Gone => return Err("there is no process any more".to_owned()),
            Answer::Crashed => return Err("the process crashes".to_owned()),
            Answer::Hung => return Err("does not come back".to_owned()),
            Answer::Failed(error) => return Err(error),
        };
        self.check(step.result.as_ref(), result)?;
        self.note(&step.action, result)
    }

    /// Compares a function's result with what is wanted.
    fn check(&mut self, wanted: Option<&Wanted>, result: i64) -> Result<(), String> {
        match wanted {
            None => Ok(()),
            Some(Wanted::Opened) if result != 0 => Ok(()),
            Some(Wanted::Opened) => Err("NULL, not opened".to_owned()),
            Some(Wanted::Value(value)) if self.names.is(value, result) => Ok(()),
            Some(Wanted::Value(value)) => {
                Err(format!("answers {}, not {}", self.names.describe(result), Names::wanted(value)))
            }
        }
    }

    /// Keeps account of open handles: none is given twice at a time.
    fn note(&mut self, action: &Action, result: i64) -> Result<(), String> {
        match action {
            Action::Open { .. } if result != 0 => {
                let handle = (self.current.clone(), result);
                if self.open.contains(&handle) {
                    return Err("the handle of another instance".to_owned());
                }
                self.open.push(handle);
            }
            Action::Close { hdrvr, .. } if result != 0 => {
                let hdrvr = self.value(hdrvr);
                self.open.retain(|(process, open)| *process != self.current || *open != hdrvr);
            }
            _ => {}
        }
        Ok(())
    }

    fn act(&mut self, action: &Action) -> Answer {
        let call = match action {
            Action::Open { name, section, lparam2, .. } => Call::Open {
                name: name.replace("{here}/", &self.platform.here()),
                section: section.clone(),
                lparam2: *lparam2,
            },
            Action::Send { hdrvr, message, lparam1, lparam2 } => Call::Send {
                hdrvr: self.value(hdrvr),
                message: *message,
                lparam1: self.value(lparam1),
                lparam2: self.value(lparam2),
            },
            Action::Close { hdrvr, lparam1, lparam2 } => Call::Close {
                hdrvr: self.value(hdrvr),
                lparam1: self.value(lparam1),
                lparam2: self.value(lparam2),
            },
            Action::Module { hdrvr } => Call::Module { hdrvr: self.value(hdrvr) },
            Action::Have { instance, act } => {
                let lparam1 = self.argument(instance, act);
                Call::Send { hdrvr: self.value(instance), message: act.number, lparam1, lparam2: 0 }
            }
            Action::AtExit { instance, act } => {
                let (lparam1, lparam2) = (act.number.into(), self.argument(instance, act));
                Call::Send { hdrvr: self.value(instance), message: SPY_AT_EXIT, lparam1, lparam2 }
            }
            Action::Process(_) => return Answer::Result(0),
            Action::End(policy) => Call::End(*policy),
            Action::Exit => Call::Exit,
        };
        self.process().call(&call)
    }

    /// What an act's lParam1 is to be.
    fn argument(&mut self, instance: &Value, act: &Act) -> i64 {
        match &act.argument {
            Argument::Value(value) => self.value(value),
            Argument::Block(values) => {
                let values = values.iter().map(|value| self.value(value)).collect();
                let hdrvr = self.value(instance);
                match self.process().call(&Call::Block { hdrvr, values }) {
                    Answer::Result(address) => address,
                    answer => panic!("no memory for the driver: {answer:?}"),
                }
            }
        }
    }

    fn value(&self, value: &Value) -> i64 {
        self.names.value(value).unwrap_or_else(|| panic!("{value:?} stands for nothing"))
    }

    fn process(&mut self) -> &mut dyn Process {
        match self.processes.entry(self.current.clone()) {
            Entry::Occupied(process) => process.into_mut().as_mut(),
            Entry::Vacant(place) => place.insert(self.platform.start()).as_mut(),
        }
    }
}
