//! Serving the host's requests, and asking it for what only it can do.

use std::time::Duration;

use guest::layout::Region;
use guest::{Fault, FaultKind, Stop};
use wire::{Asked, Effect, Entered, LoadRefusal, ToHost, ToWorker};

use crate::process::{LinkError, Process, fault_of};

/// An open instance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instance {
    /// Its driver's `DriverProc`.
    pub driver_proc: u64,
    /// Its identifier.
    id: u64,
}

impl Process {
    /// Serves a call of the host's and answers it.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn answer(&mut self, call: &wire::Call) -> Result<(), LinkError> {
        let outcome = self.serve(call.seq, |process| {
            process.do_what_waits()?;
            let outcome = process.call_driver(call.function, &call.arguments);
            process.take_effect(call, &outcome);
            outcome
        });
        self.report(call.seq, outcome)
    }

    /// Does what has come into the queue of the thread that serves requests, as an application's message loop does between its calls of
    /// drivers; not while one of them runs.
    pub(crate) fn do_what_waits(&mut self) -> Result<(), Fault> {
        if !self.may_do_what_waits() {
            return Ok(());
        }
        crate::user32::dispatch_waiting(self).map_err(fault_of)
    }

    /// Whether no driver runs that the serving thread has been called for.
    pub(crate) fn may_do_what_waits(&self) -> bool {
        self.attaching == 0 && self.images.iter().all(|image| image.running == 0)
    }

    /// Keeps which instances are open here.
    pub(crate) fn take_effect(&mut self, call: &wire::Call, outcome: &Result<u64, Fault>) {
        let [_, hdrvr, ..] = call.arguments;
        match (call.effect, outcome) {
            (Effect::None, _) | (Effect::Opens, Ok(0) | Err(_)) | (Effect::Closes, Ok(0)) => {}
            (Effect::Opens, &Ok(id)) => {
                self.instances.insert(hdrvr, Instance { driver_proc: call.function, id });
            }
            (Effect::Closes, _) => {
                self.instances.remove(&hdrvr);
            }
        }
    }

    /// SendDriverMessage: a call, when the instance's driver is here; else the host delivers it.
    pub(crate) fn send(&mut self, hdrvr: u64, message: u32, lparam1: i64, lparam2: i64) -> Result<u64, Stop> {
        let Some(&Instance { driver_proc, id }) = self.instances.get(&hdrvr) else {
            let asked = Asked::Send { hdrvr, message, lparam1, lparam2 };
            return self.ask(asked).map(i64::cast_unsigned);
        };
        self.tell(&ToHost::Entered(Entered { hdrvr, id, message, lparam1, lparam2 }.into()))?;
        let arguments = [id, hdrvr, message.into(), lparam1.cast_unsigned(), lparam2.cast_unsigned()];
        let result = self.call_driver(driver_proc, &arguments)?;
        self.tell(&ToHost::Left { result })?;
        Ok(result)
    }

    /// Says something that only the trace is for. What threads of the guest's own do goes untold: the host would take it for a part of
    /// the request that it waits for.
    fn tell(&mut self, message: &ToHost) -> Result<(), Stop> {
        if self.traced && self.machine.current() == 0 { self.link.say(message).map_err(lost) } else { Ok(()) }
    }

    /// Serves a request to load an image and answers it. `before_code` is done when the image is mapped and none of its code has run.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn answer_load(
        &mut self,
        request: &wire::Load,
        file: &[u8],
        before_code: impl FnOnce() -> Result<(), String>,
    ) -> Result<(), LinkError> {
        self.traced = request.traced;
        self.counts.all = request.traced;
        self.user32.dialog_answer = request.dialogs;
        if let Some(now) = request.clock {
            self.clock.stand_at(Duration::from_nanos(now));
        }
        let mapped = pe::Image::parse(file).map_err(|error| error.to_string()).and_then(|image| {
            self.load(&request.name, &image, request.brought).map_err(|error| error.to_string())
        });
        let (module, unresolved) = match mapped {
            Ok(mapped) => mapped,
            Err(why) => {
                return self.link.say(&ToHost::Unloadable(LoadRefusal::Image(wire::short(why)).into()));
            }
        };
        if let Err(why) = before_code() {
            return self.link.say(&ToHost::Unloadable(LoadRefusal::Host(wire::short(why)).into()));
        }
        match self.serve(request.seq, |process| process.attach_all(module)) {
            Ok(true) => match self.export(module, "DriverProc") {
                Some(driver_proc) => {
                    self.tell_counts();
                    let unresolved = fitting(unresolved);
                    self.link.say(&ToHost::Loaded(wire::Loaded { module, driver_proc, unresolved }.into()))
                }
                None => {
                    let why = wire::short(self.why_not_callable(module, "DriverProc"));
                    match self.serve(request.seq, |process| process.unload(module, false)) {
                        Ok(_) => self.link.say(&ToHost::Unloadable(LoadRefusal::Image(why).into())),
                        Err(fault) => self.report(request.seq, Err(fault)),
                    }
                }
            },
            Ok(false) => self.link.say(&ToHost::Unloadable(LoadRefusal::EntryPoint.into())),
            Err(fault) => self.report(request.seq, Err(fault)),
        }
    }

    /// Serves a request to load an image that the host has brought.
    fn answer_bring(&mut self, request: &wire::Load) -> Result<(), LinkError> {
        let brought = request.brought.ok_or(LinkError)?;
        let at = u64::from(wire::BROUGHT_SIZE) + u64::from(brought.file);
        // The host sends no more than fits into its own half of that memory, which bounds this.
        let mut file = vec![0; brought.file_len as usize];
        if !self.machine.memory.read_pristine(at, &mut file) {
            return Err(LinkError);
        }
        self.answer_load(request, &file, || Ok(()))
    }

    /// Serves a request to unload an image and answers it.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn answer_unload(&mut self, seq: u32, module: u64, silently: bool) -> Result<(), LinkError> {
        let outcome = self.serve(seq, |process| {
            let told = process.unload(module, silently);
            // What it has opened by asking for MIDI devices, nobody else would close.
            crate::winmm::let_midi_go(process);
            told
        });
        self.report(seq, outcome.map(u64::from))
    }

    /// Serves a request to have time go on and answers it.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn answer_advance(&mut self, seq: u32, until: u64) -> Result<(), LinkError> {
        let outcome = self.serve(seq, |process| {
            process.advance(Duration::from_nanos(until))?;
            crate::winmm::catch_up(process).map_err(fault_of)
        });
        if let Err(fault) = outcome {
            return self.report(seq, Err(fault));
        }
        self.note_no_shim();
        self.tell_counts();
        let now = u64::try_from(self.now().as_nanos()).unwrap_or(u64::MAX);
        self.link
            .say(&ToHost::Advanced(wire::Advanced { seq, now, streams: crate::winmm::played(self) }.into()))
    }

    /// Tells the host how a request ended, after what the guest wrote without a line end so far.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn report(&mut self, seq: u32, outcome: Result<u64, Fault>) -> Result<(), LinkError> {
        let message = self.end_of(seq, outcome);
        self.link.say(&message)
    }

    /// What is to be told of how a request ended, after what the guest wrote without a line end so far has been.
    pub(crate) fn end_of(&mut self, seq: u32, outcome: Result<u64, Fault>) -> ToHost {
        self.note_no_shim();
        crate::crt::flush(self);
        self.tell_counts();
        match outcome {
            Ok(result) => ToHost::Answered { seq, result },
            Err(fault) => ToHost::Faulted { seq, fault: self.with_its_cause(&fault).into() },
        }
    }

    /// No shim runs any more.
    fn note_no_shim(&mut self) {
        if std::mem::take(&mut self.noted) {
            self.link.note_shim(&Default::default());
        }
    }

    /// Where a driver that has been refused memory uses what lies at NULL, it may be for that: few drivers look at what HeapAlloc answers.
    fn with_its_cause(&self, of: &Fault) -> wire::Fault {
        let mut fault = to_wire(of);
        let at_null = matches!(of.kind, FaultKind::AccessViolation { address: Some(..NOTHING), .. });
        if self.heap.failures > 0 && at_null {
            let memory = &self.machine.memory;
            let heap = (memory.heap_end() - memory.layout()[Region::Heap].start) >> 20;
            fault.text = wire::short(format!(
                "{}; it had wanted more memory than its heap of {heap} MiB has",
                fault.text
            ));
        }
        fault
    }

    /// Asks the host for something on behalf of the guest, and serves the host's calls until it answers.
    pub(crate) fn ask(&mut self, asked: Asked) -> Result<i64, Stop> {
        if self.machine.current() != 0 {
            // The host answers the thread that serves its requests.
            self.say(b"only the thread that a driver is called on can open and reach other drivers");
            return Ok(0);
        }
        self.link.say(&ToHost::Asked(asked.into())).map_err(lost)?;
        loop {
            match self.listen().map_err(lost)? {
                ToWorker::Granted(value) => return Ok(value),
                ToWorker::Endless => return Err(Stop::Kind(FaultKind::Endless)),
                ToWorker::Call(call) => self.answer(&call).map_err(lost)?,
                ToWorker::Queued(queued) => self.put_off(*queued).map_err(lost)?,
                ToWorker::Advance { seq, until } => self.answer_advance(seq, until).map_err(lost)?,
                ToWorker::Load(request) => self.answer_bring(&request).map_err(lost)?,
                ToWorker::Unload { seq, module, silently } => {
                    self.answer_unload(seq, module, silently).map_err(lost)?;
                }
                // The answer to another question.
                ToWorker::Begin(_) | ToWorker::Served(_) => return Err(lost(LinkError)),
            }
        }
    }
}

pub(crate) fn lost(LinkError: LinkError) -> Stop {
    Stop::Kind(FaultKind::Shim { shim: "the way to the host".to_owned() })
}

/// A fault as the host hears of it.
#[must_use]
pub fn to_wire(fault: &Fault) -> wire::Fault {
    let kind = match fault.kind {
        FaultKind::Deadline => wire::FaultKind::Deadline,
        FaultKind::Shim { .. } => wire::FaultKind::Bug,
        _ => wire::FaultKind::Driver,
    };
    let place = fault
        .place
        .as_ref()
        .map(|place| wire::Place { module: wire::short(place.module.clone()), offset: place.offset });
    wire::Fault { kind, text: wire::short(fault.kind.to_string()), place }
}

/// Below this nothing lies in any process, as on Windows.
const NOTHING: u64 = 0x1_0000;

/// As many names as fit into half a message, and how many more there are.
fn fitting(names: Vec<String>) -> Vec<String> {
    let total = names.len();
    let mut room = wire::ring::LONGEST / 2;
    let mut kept: Vec<String> = names
        .into_iter()
        .take_while(|name| {
            let fits = name.len() + 8 <= room;
            room = room.saturating_sub(name.len() + 8);
            fits
        })
        .collect();
    if kept.len() < total {
        kept.push(format!("... and {} more", total - kept.len()));
    }
    kept
}
