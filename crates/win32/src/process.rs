//! The guest's process: the machine, what Win32 keeps beside it, and the way to the host.

use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use guest::{Arguments, Binding, Fault, FaultKind, Host, LoadError, Machine, Module, Stop, Thunks, Value};
use wire::{Asked, ToHost, ToWorker};

use crate::abi::Pointer;
use crate::heap::Heap;
use crate::library::{self, Entry};

/// The way to the host, as the worker provides it.
pub trait Link {
    /// Says something to the host.
    ///
    /// # Errors
    /// [`LinkError`] when it cannot be said.
    fn say(&mut self, message: &ToHost) -> Result<(), LinkError>;

    /// Waits for what the host says next.
    ///
    /// # Errors
    /// [`LinkError`] when nothing understandable comes.
    fn hear(&mut self) -> Result<ToWorker, LinkError>;

    /// Where the host names the request to interrupt.
    fn interrupt(&self) -> &'static AtomicU32;

    /// Sleeps for this long, or less when a signal comes.
    fn pause(&self, time: Duration);

    /// Notes which shim runs, for the case that the process dies in it.
    fn note_shim(&self, name: &wire::channel::Name);
}

/// The host cannot be talked to; a worker can do nothing then but end.
#[derive(Debug)]
pub struct LinkError;

/// Reasons for which an entry point is called (MS Learn: DllMain).
const DLL_PROCESS_DETACH: u64 = 0;
const DLL_PROCESS_ATTACH: u64 = 1;

/// Everything that shims work on.
pub struct Process {
    /// The guest's memory and code.
    pub machine: Machine,
    pub(crate) heap: Heap,
    /// The image that is the driver, once it is loaded.
    pub(crate) driver: Option<Module>,
    /// What each thunk stands for, by index.
    entries: Vec<Entry>,
    /// For each of [`library::libraries`], its module handle and the index of its first entry.
    libraries: Vec<(u64, usize)>,
    link: Box<dyn Link>,
    pub(crate) started: Instant,
    pub(crate) kernel32: crate::kernel32::State,
    /// The driver's strings, for LoadString.
    pub(crate) strings: crate::user32::Strings,
    pub(crate) crt: crate::crt::State,
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Process").field("driver", &self.driver).finish_non_exhaustive()
    }
}

impl Process {
    /// A process without an image.
    ///
    /// # Errors
    /// [`LoadError`] when its own blocks do not fit into guest memory.
    pub fn new(mut machine: Machine, link: Box<dyn Link>) -> Result<Self, LoadError> {
        let full = |_| LoadError::TooMany("memory of the system's own");
        let crt = crate::crt::State::new(&mut machine).map_err(full)?;
        let kernel32 = crate::kernel32::State::new(&mut machine).map_err(full)?;
        let mut process = Self {
            machine,
            heap: Heap::new(),
            driver: None,
            entries: Vec::new(),
            libraries: Vec::new(),
            link,
            started: Instant::now(),
            kernel32,
            strings: Default::default(),
            crt,
        };
        for library in library::libraries() {
            // A handle needs an address of its own, and a guest that reads there finds zeros.
            let handle = process.machine.lend(16).map_err(full)?;
            process.libraries.push((handle, process.entries.len()));
            for shim in library.shims {
                process.add(Entry::supplied(library, shim)).ok_or(LoadError::TooMany("shims"))?;
            }
        }
        Ok(process)
    }

    fn add(&mut self, entry: Entry) -> Option<u64> {
        let index = self.machine.add_thunk()?;
        self.entries.push(entry);
        Some(Thunks::address(index))
    }

    /// Maps the driver's image and binds its imports; none of its code runs. Answers `library!function` of each import that nobody supplies:
    /// calling one ends the call that does.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn load(&mut self, name: &str, image: &pe::Image<'_>) -> Result<Vec<String>, LoadError> {
        let mut unresolved = Vec::new();
        let mut bindings = Vec::new();
        for import in image.imports()? {
            let symbol = import.symbol.to_string();
            let target = match self.find(&import.library, &symbol) {
                Some(target) => target,
                None => {
                    let entry = Entry::missing(import.library, symbol);
                    unresolved.push(entry.full_name());
                    self.add(entry).ok_or(LoadError::TooMany("imports"))?
                }
            };
            bindings.push(Binding { slot_rva: import.thunk_rva, target });
        }
        let module = self.machine.load(name, image, &bindings)?;
        self.machine.seal().map_err(LoadError::Protect)?;
        self.driver = Some(module);
        self.strings = crate::user32::Strings::of(image);
        Ok(unresolved)
    }

    /// The address of a library's function, if there is a shim for it.
    pub(crate) fn find(&mut self, library: &str, function: &str) -> Option<u64> {
        let (place, library) = library::find(library)?;
        let &(_, first) = self.libraries.get(place)?;
        let index = first + library.shims.iter().position(|shim| shim.name == function)?;
        self.entries.get_mut(index)?.note();
        u32::try_from(index).ok().map(Thunks::address)
    }

    /// The handle of a library: the driver's own image, or one that shims stand for.
    pub(crate) fn library_handle(&self, name: &str) -> Option<u64> {
        let file = name.rsplit(['\\', '/']).next().unwrap_or(name);
        if let Some(driver) = self.driver.as_ref().filter(|driver| driver.name.eq_ignore_ascii_case(file)) {
            return Some(driver.base);
        }
        let (place, _) = library::find(file)?;
        self.libraries.get(place).map(|&(handle, _)| handle)
    }

    /// The name of the library with a handle.
    pub(crate) fn library_name(&self, handle: u64) -> Option<&'static str> {
        let place = self.libraries.iter().position(|&(known, _)| known == handle)?;
        Some(library::libraries()[place].names[0])
    }

    /// Calls a guest function.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn call(&mut self, function: u64, arguments: &[u64]) -> Result<u64, Fault> {
        guest::call(self, function, arguments)
    }

    /// Tells the image that it has been loaded: thread-local callbacks, then the entry point. False: it refuses.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn attach(&mut self) -> Result<bool, Fault> {
        self.notify(DLL_PROCESS_ATTACH)
    }

    /// Tells the image that it is unloaded, then runs what it registered with the C library to be run at its end.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn detach(&mut self) -> Result<(), Fault> {
        self.notify(DLL_PROCESS_DETACH)?;
        crate::crt::run_exit_functions(self).map_err(|stop| match stop {
            Stop::Fault(fault) => fault,
            // The functions' table, which lies in guest memory, is ruined.
            Stop::Kind(kind) => Fault { kind, instruction: 0, place: None },
        })
    }

    /// Calls `callback(base, reason, NULL)` for each that the image has; NULL says that it is loaded and unloaded at run time.
    fn notify(&mut self, reason: u64) -> Result<bool, Fault> {
        let Some(driver) = self.driver.clone() else { return Ok(true) };
        for callback in driver.tls_callbacks {
            self.call(callback, &[driver.base, reason, 0])?;
        }
        match driver.entry {
            // BOOL: the upper half of the register means nothing.
            Some(entry) => Ok(self.call(entry, &[driver.base, reason, 0])? & u64::from(u32::MAX) != 0),
            None => Ok(true),
        }
    }

    /// The driver's module handle; 0 before it is loaded.
    #[must_use]
    pub fn module(&self) -> u64 {
        self.driver.as_ref().map_or(0, |driver| driver.base)
    }

    /// The address of a function that the driver exports.
    #[must_use]
    pub fn export(&self, name: &str) -> Option<u64> {
        self.driver.as_ref()?.export(name).filter(|&address| self.machine.executable(address))
    }

    /// Does `work` as the request with this number, which can be interrupted meanwhile.
    pub fn serve<T>(&mut self, seq: u32, work: impl FnOnce(&mut Self) -> T) -> T {
        let interrupt = self.link.interrupt();
        let outer = self.machine.begin(seq, interrupt);
        let done = work(self);
        self.machine.resume(outer);
        done
    }

    /// Serves a call of the host's and answers it.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn answer(&mut self, call: &wire::Call) -> Result<(), LinkError> {
        let outcome = self.serve(call.seq, |process| process.call(call.function, &call.arguments));
        self.report(call.seq, outcome)
    }

    /// Tells the host how a request ended, after what the guest wrote without a line end so far.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn report(&mut self, seq: u32, outcome: Result<u64, Fault>) -> Result<(), LinkError> {
        self.link.note_shim(&Default::default());
        crate::crt::flush(self);
        let message = match outcome {
            Ok(result) => ToHost::Answered { seq, result },
            Err(fault) => ToHost::Faulted { seq, fault: to_wire(&fault) },
        };
        self.link.say(&message)
    }

    /// The way to the host.
    pub fn link(&mut self) -> &mut dyn Link {
        &mut *self.link
    }

    /// Asks the host for something on behalf of the guest, and serves the host's calls until it answers.
    pub(crate) fn ask(&mut self, asked: Asked) -> Result<i64, Stop> {
        let lost = |LinkError| Stop::Kind(FaultKind::Shim { shim: "the way to the host".to_owned() });
        self.link.say(&ToHost::Asked(asked)).map_err(lost)?;
        loop {
            match self.link.hear().map_err(lost)? {
                ToWorker::Granted(value) => return Ok(value),
                ToWorker::Call(call) => self.answer(&call).map_err(lost)?,
                ToWorker::Load(_) | ToWorker::Unload { .. } => return Err(lost(LinkError)),
            }
        }
    }

    /// Guest memory from the heap; NULL, told to the host once, when there is no more.
    pub(crate) fn allocate(&mut self, size: u64, zeroed: bool) -> Pointer {
        let block = self.heap.allocate(&self.machine.memory, size, zeroed);
        if block.is_none() && self.heap.failures == 1 {
            self.say(format!("the driver's heap has no room for {size} more bytes").as_bytes());
        }
        block.map_or(Pointer::NULL, Pointer)
    }

    /// A heap block with another size; NULL, the old block kept, when there is no room or it is no block.
    pub(crate) fn resize(&mut self, block: Pointer, size: u64, zeroed: bool) -> Pointer {
        let moved = self.heap.resize(&self.machine.memory, block.0, size, zeroed);
        moved.map_or(Pointer::NULL, Pointer)
    }

    /// Milliseconds since the process began, wrapping as GetTickCount does.
    pub(crate) fn milliseconds(&self) -> u32 {
        let elapsed = self.started.elapsed().as_millis() & u128::from(u32::MAX);
        u32::try_from(elapsed).unwrap_or(0)
    }

    /// Does nothing for `time`, or until the host ends the guest's call.
    pub(crate) fn pause(&mut self, time: Duration) -> Result<(), Stop> {
        // The request to interrupt may come just before a pause begins, so none is long.
        const SLICE: Duration = Duration::from_millis(10);
        let started = Instant::now();
        loop {
            still_wanted(&self.machine)?;
            match time.saturating_sub(started.elapsed()) {
                Duration::ZERO => return Ok(()),
                left => self.link.pause(left.min(SLICE)),
            }
        }
    }

    /// Passes on what the guest wrote for people.
    pub(crate) fn say(&mut self, text: &[u8]) {
        // Long text is cut rather than refused; if the host does not read, the guest's text is what can be lost.
        let text = String::from_utf8_lossy(&text[..text.len().min(4096)]).into_owned();
        let _ = self.link.say(&ToHost::Said(text));
    }
}

impl Host for Process {
    fn machine(&mut self) -> &mut Machine {
        &mut self.machine
    }

    fn import(&mut self, index: u32, arguments: Arguments) -> Result<Value, Stop> {
        let entry = self.entries.get(index as usize);
        let Some(entry) = entry else { return Err(Stop::Kind(FaultKind::IllegalInstruction)) };
        self.link.note_shim(&entry.noted);
        match entry.shim {
            Some(shim) => shim.function.serve(self, &arguments),
            None => Err(Stop::Kind(FaultKind::Unresolved { import: entry.full_name() })),
        }
    }

    fn import_name(&self, index: u32) -> String {
        self.entries.get(index as usize).map_or_else(String::new, Entry::full_name)
    }
}

/// Ends a shim's work, as the guest's own is ended, once the host has interrupted the request. For loops whose length the guest decides.
pub(crate) fn still_wanted(machine: &Machine) -> Result<(), Stop> {
    if machine.interrupted() { Err(Stop::Kind(FaultKind::Deadline)) } else { Ok(()) }
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
