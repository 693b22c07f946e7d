//! The guest's process: the machine, what Win32 keeps beside it, and the way to the host.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use guest::{Arguments, Cpu, Fault, FaultKind, Host, LoadError, Machine, Mode, Return, Stop};
use pe::Symbol;
use wire::{Served, ToHost, ToWorker, Want};

use crate::abi::Pointer;
use crate::clock::Clock;
use crate::counts::Counts;
use crate::exceptions::Search;
use crate::heap::Heap;
use crate::images::Loaded;
use crate::library::{self, Convention, Entry, Library};
use crate::queue::Queue;
use crate::serve::Instance;
use crate::turns::Turns;
use crate::waiting::Waiting;

/// The way to the host, as the worker provides it.
pub trait Link {
    /// Says something to the host.
    ///
    /// # Errors
    /// [`LinkError`] when it cannot be said.
    fn say(&mut self, message: &ToHost) -> Result<(), LinkError>;

    /// Says something that the host need not be woken for, as it is to hear of something else soon.
    ///
    /// # Errors
    /// As [`say`](Self::say).
    fn say_quietly(&mut self, message: &ToHost) -> Result<(), LinkError> {
        self.say(message)
    }

    /// Where the host names the request to interrupt.
    fn interrupt(&self) -> &'static AtomicU32;

    /// Notes which shim runs, for the case that the process dies in it.
    fn note_shim(&self, name: &wire::channel::Name);
}

/// The way from the host, as the worker provides it.
pub trait Listen {
    /// Waits for what the host says next.
    ///
    /// # Errors
    /// [`LinkError`] when nothing understandable comes.
    fn hear(&mut self) -> Result<ToWorker, LinkError>;

    /// Whether the host has said something that was not heard yet.
    fn has_more(&self) -> bool {
        false
    }
}

/// The way to the host for threads that do not serve its requests, as the worker provides it.
pub trait Aside {
    /// Has the host serve a want, and waits for what becomes of it.
    ///
    /// # Errors
    /// [`LinkError`] when nothing understandable comes.
    fn ask(&mut self, want: &Want) -> Result<Served, LinkError>;
}

/// All ways between a process and the host.
#[expect(missing_debug_implementations, reason = "they are the worker's own")]
pub struct Ways {
    /// What is said to the host.
    pub link: Box<dyn Link>,
    /// What the host says.
    pub ears: Box<dyn Listen>,
    /// What other threads want.
    pub aside: Box<dyn Aside>,
}

/// The host cannot be talked to; a worker can do nothing then but end.
#[derive(Debug)]
pub struct LinkError;

/// Everything that shims work on.
pub struct Process {
    /// The guest's memory and code.
    pub machine: Machine,
    pub(crate) heap: Heap,
    /// The images that are loaded: the driver, and drivers that drivers opened.
    pub(crate) images: Vec<Loaded>,
    /// How many images have been told that they are loaded and have not come back from that.
    pub(crate) attaching: usize,
    /// How many images have been content with that.
    pub(crate) attached: u64,
    /// The thread, by number, that loads images: one at a time.
    pub(crate) loader: Option<usize>,
    /// The names of the images whose libraries are being loaded, each of them for the one before.
    pub(crate) loading: Vec<String>,
    /// The open instances whose drivers are here, by handle.
    pub(crate) instances: BTreeMap<u64, Instance>,
    /// The searches for exception handlers that are on their way, by thread, the innermost one last.
    searches: [Vec<Search>; 1 + guest::POOL],
    pub(crate) waiting: Waiting,
    pub(crate) vectored: crate::exceptions::Vectored,
    /// Whether the host wants to hear of messages that do not go through it.
    pub(crate) traced: bool,
    /// What it has not heard of the shims that were called.
    pub(crate) counts: Counts,
    /// What each thunk stands for, by index.
    pub(crate) entries: Vec<Entry>,
    /// For each of [`library::libraries`].
    libraries: Vec<Supplied>,
    /// The C library's functions that a 32-bit guest calls with their arguments in x87 registers: with calls that nobody counts, and counted.
    intrinsics: BTreeMap<&'static str, [u64; 2]>,
    /// Whether the host has been left the name of a shim since the last request ended.
    pub(crate) noted: bool,
    pub(crate) link: Box<dyn Link>,
    /// Not here while a thread listens.
    ears: Option<Box<dyn Listen>>,
    pub(crate) queue: Queue,
    /// Not here while a thread asks for something.
    pub(crate) aside: Option<Box<dyn Aside>>,
    /// Whether the host knows that there may be further threads.
    pub(crate) threads_told: bool,
    pub(crate) clock: Clock,
    pub(crate) turns: Turns,
    pub(crate) kernel32: crate::kernel32::State,
    pub(crate) crt: crate::crt::State,
    pub(crate) user32: crate::user32::State,
    pub(crate) gdi32: crate::gdi32::State,
    pub(crate) winmm: crate::winmm::State,
    pub(crate) ole32: crate::ole32::State,
    pub(crate) watches: crate::advapi32::Watches,
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Process").field("images", &self.images).finish_non_exhaustive()
    }
}

/// What the guest has of a library that shims stand for.
struct Supplied {
    /// Its module handle.
    handle: u64,
    /// The addresses of the shims' thunks that somebody has asked for, by their places in its list: few drivers want more than a hundred of all.
    thunks: BTreeMap<usize, u64>,
}

impl Process {
    /// A process without an image.
    ///
    /// # Errors
    /// [`LoadError`] when its own blocks do not fit into guest memory.
    pub fn new(mut machine: Machine, ways: Ways) -> Result<Self, LoadError> {
        let Ways { link, ears, aside } = ways;
        let full = |_| LoadError::TooMany("memory of the system's own");
        let heap = Heap::new(machine.process_heap());
        let clock = Clock::real();
        let kernel32 = crate::kernel32::State::new(&mut machine, &clock).map_err(full)?;
        let crt = crate::crt::State::new(&mut machine, &kernel32.command_line).map_err(full)?;
        let mut process = Self {
            machine,
            heap,
            images: Vec::new(),
            attaching: 0,
            attached: 0,
            loader: None,
            loading: Vec::new(),
            instances: BTreeMap::new(),
            searches: std::array::from_fn(|_| Vec::new()),
            waiting: Waiting::new(),
            vectored: crate::exceptions::Vectored::default(),
            traced: false,
            counts: Counts::default(),
            entries: Vec::new(),
            libraries: Vec::new(),
            intrinsics: BTreeMap::new(),
            noted: false,
            link,
            ears: Some(ears),
            queue: Queue::default(),
            aside: Some(aside),
            threads_told: false,
            clock,
            turns: Turns::new(),
            kernel32,
            crt,
            winmm: crate::winmm::State::default(),
            ole32: crate::ole32::State::default(),
            user32: crate::user32::State::new(),
            gdi32: crate::gdi32::State::new(),
            watches: crate::advapi32::Watches::default(),
        };
        for _ in library::libraries() {
            // A handle needs an address of its own, and a guest that reads there finds zeros.
            let handle = process.machine.lend(16).map_err(full)?;
            process.libraries.push(Supplied { handle, thunks: BTreeMap::new() });
        }
        for shim in crate::user32::PROCEDURES.shims {
            let mut entry = Entry::supplied(&crate::user32::PROCEDURES, shim);
            entry.note();
            let address = process.add(entry).ok_or(LoadError::TooMany("shims"))?;
            process.user32.control_procedures.push(address);
        }
        if process.machine.mode() == Mode::I386 {
            let of_x87 = crate::crt::OF_X87.into_iter().map(|function| (function, true));
            let of_sse = crate::crt::OF_SSE.into_iter().map(|function| (function, false));
            for ((name, function, count), x87) in of_x87.chain(of_sse) {
                let mut addresses = [0; 2];
                for (address, counted) in addresses.iter_mut().zip([false, true]) {
                    process.counts.all = counted;
                    let target = process
                        .supplied("msvcrt.dll", &Symbol::Name(function.to_owned()))
                        .ok_or(LoadError::TooMany("shims"))?;
                    let made = if x87 {
                        process.machine.native_taking_x87(target, count)
                    } else {
                        process.machine.native_taking_sse(target, count)
                    };
                    *address = made.map_err(full)?;
                }
                process.counts.all = false;
                process.intrinsics.insert(name, addresses);
            }
        }
        Ok(process)
    }

    pub(crate) fn add(&mut self, entry: Entry) -> Option<u64> {
        let index = self.machine.add_thunk()?;
        self.entries.push(entry);
        Some(self.machine.thunk(index))
    }

    /// The address of what shims supply of a library: a function or a variable. Neither has an ordinal that stays the same from one
    /// version of Windows to the next.
    pub(crate) fn supplied(&mut self, library: &str, symbol: &Symbol) -> Option<u64> {
        let Symbol::Name(name) = symbol else { return None };
        library::all(library).find_map(|(place, library)| self.supplied_by(place, library, name))
    }

    fn supplied_by(&mut self, place: usize, library: &'static Library, name: &str) -> Option<u64> {
        if let Some(variable) = library.variables.iter().find(|variable| variable.name == name) {
            // There is none of some for 64-bit code.
            return Some((variable.address)(self).0).filter(|&address| address != 0);
        }
        let listed = library.shims.iter().position(|shim| shim.name == name);
        // Only what leaves guest code is counted. A shortcut that this library does not list is a function of the next one.
        let counted = self.counts.all && self.machine.is_shortcut(name);
        if !counted && (listed.is_some() || library.convention == Convention::Cdecl) {
            let native = self.native(name);
            if native.is_some() {
                return native;
            }
        }
        let listed = listed?;
        if let Some(&address) = self.libraries.get(place)?.thunks.get(&listed) {
            return Some(address);
        }
        let mut entry = Entry::supplied(library, &library.shims[listed]);
        entry.note();
        let address = self.add(entry)?;
        self.libraries.get_mut(place)?.thunks.insert(listed, address);
        Some(address)
    }

    /// The address of a function that serves 32-bit code without leaving its mode.
    pub(crate) fn native(&self, name: &str) -> Option<u64> {
        let intrinsic = || self.intrinsics.get(name).map(|addresses| addresses[usize::from(self.counts.all)]);
        self.machine.native(name).or_else(intrinsic)
    }

    /// The handle of a library: a loaded image, or one that shims stand for.
    pub(crate) fn library_handle(&self, name: &str) -> Option<u64> {
        let file = name.rsplit(['\\', '/']).next().unwrap_or(name);
        if let Some(module) = self.module_named(file) {
            return Some(module.base);
        }
        let (place, _) = library::find(file)?;
        self.libraries.get(place).map(|supplied| supplied.handle)
    }

    /// The name of the library with a handle.
    pub(crate) fn library_name(&self, handle: u64) -> Option<&'static str> {
        let place = self.libraries.iter().position(|supplied| supplied.handle == handle)?;
        Some(library::libraries()[place].names[0])
    }

    /// The searches for exception handlers of the running thread.
    pub(crate) fn searches(&mut self) -> &mut Vec<Search> {
        &mut self.searches[self.machine.current()]
    }

    /// Calls a guest function.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn call(&mut self, function: u64, arguments: &[u64]) -> Result<u64, Fault> {
        guest::call(self, function, arguments)
    }

    /// Does `work` as the request with this number, which can be interrupted meanwhile.
    pub fn serve<T>(&mut self, seq: u32, work: impl FnOnce(&mut Self) -> T) -> T {
        let interrupt = self.link.interrupt();
        let outer = self.machine.begin(seq, interrupt);
        let done = work(self);
        self.machine.resume(outer);
        done
    }

    /// Waits for what the host says next, while the guest's other threads run.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn listen(&mut self) -> Result<ToWorker, LinkError> {
        let mut ears = self.ears.take().ok_or(LinkError)?;
        let heard = self.outside(|| ears.hear());
        self.ears = Some(ears);
        heard
    }

    /// Whether the host has said something that was not heard yet.
    pub(crate) fn hears_more(&self) -> bool {
        self.ears.as_ref().is_some_and(|ears| ears.has_more())
    }

    /// The way to the host.
    pub fn link(&mut self) -> &mut dyn Link {
        &mut *self.link
    }

    /// Guest memory from the heap; NULL, told to the host once, when there is no more.
    pub(crate) fn allocate(&mut self, size: u64, zeroed: bool) -> Pointer {
        let block = self.heap.allocate(&self.machine.memory, size, zeroed);
        if block.is_none() && self.heap.failures == 1 {
            self.say(format!("the driver's heap has no room for {size} more bytes").as_bytes());
        }
        block.map_or(Pointer::NULL, Pointer)
    }

    /// Gives guest memory from the heap back. What is none stays what it is.
    pub(crate) fn free_block(&mut self, block: Pointer) {
        self.heap.release(&self.machine.memory, block.0);
    }

    /// A heap block with another size; NULL, the old block kept, when there is no room or it is no block.
    pub(crate) fn resize(&mut self, block: Pointer, size: u64, zeroed: bool) -> Pointer {
        let moved = self.heap.resize(&self.machine.memory, block.0, size, zeroed);
        moved.map_or(Pointer::NULL, Pointer)
    }

    /// The time since the process began: the one clock that everything here goes by.
    pub(crate) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Milliseconds since the process began, wrapping as GetTickCount does.
    pub(crate) fn milliseconds(&self) -> u32 {
        let elapsed = self.now().as_millis() & u128::from(u32::MAX);
        u32::try_from(elapsed).unwrap_or(0)
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

    fn import(&mut self, index: u32, arguments: Arguments) -> Result<Return, Stop> {
        let entry = self.entries.get(index as usize);
        let Some(entry) = entry else { return Err(Stop::Kind(FaultKind::IllegalInstruction)) };
        self.link.note_shim(&entry.noted);
        self.noted = true;
        let Some(shim) = entry.shim else {
            self.counts.missing(index);
            return Err(Stop::Kind(FaultKind::Unresolved { import: entry.full_name() }));
        };
        let back = entry.back();
        crate::kernel32::thread::stand_by(self)?;
        self.note_call()?;
        let begun = self.counts.begin();
        let outcome = (shim.serve)(self, arguments).map(back);
        self.counts.end(index, begun);
        let outcome = outcome?;
        crate::kernel32::thread::stand_by(self)?;
        Ok(outcome)
    }

    fn thread(&mut self, number: usize) {
        self.begin_turns(number);
        crate::kernel32::run_thread(self, number);
        crate::user32::forget_thread(self, number);
        self.ole32.forget(number);
        self.end_turns(number);
    }

    fn exception(&mut self, fault: &Fault, cpu: &Cpu) -> Result<Option<Box<Cpu>>, Stop> {
        self.dispatch_fault(fault, cpu)
    }

    fn handled(&mut self, record: u64, context: u64) -> Result<Box<Cpu>, Stop> {
        self.go_on(record, context)
    }

    fn unhandled(&mut self, record: u64, _context: u64) -> Stop {
        self.give_up(record)
    }

    fn import_name(&self, index: u32) -> String {
        self.entries.get(index as usize).map_or_else(String::new, Entry::full_name)
    }
}

/// What work of the system's own has ended with, as if it were a call of the guest's.
pub(crate) fn fault_of(stop: Stop) -> Fault {
    match stop {
        Stop::Fault(fault) => fault,
        Stop::Kind(kind) => Fault { kind, instruction: 0, place: None },
        Stop::Continue(_) => Fault { kind: FaultKind::Unwound, instruction: 0, place: None },
    }
}

/// Ends a shim's work, as the guest's own is ended, once the host has interrupted the request. For loops whose length the guest decides.
pub(crate) fn still_wanted(machine: &Machine) -> Result<(), Stop> {
    if machine.is_unwanted() { Err(Stop::Kind(FaultKind::Deadline)) } else { Ok(()) }
}
