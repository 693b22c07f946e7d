//! Shims called the way the guest calls them: through their thunks.

use std::cell::RefCell;
use std::process::Command;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use guest::layout::Layout;
use guest::{FaultKind, Machine, Mode};
use pe::Symbol;
use wire::{Served, ToHost, ToWorker, Want};

use crate::process::{Aside, Link, LinkError, Listen, Process, Ways};

/// Runs a test in a process of its own, because a process can have one machine. To be given a closure written in the test itself, whose
/// name the closure's type has.
pub(crate) fn alone<F: FnOnce()>(test: F) {
    const CHILD: &str = "WIN32_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        return test();
    }
    let closure = std::any::type_name::<F>();
    let name = closure.split_once("::").and_then(|(_, path)| path.strip_suffix("::{{closure}}")).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--exact", name, "--nocapture"]).env(CHILD, "1").output().unwrap();
    let [said, errors] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success() && said.contains("1 passed"), "{name} failed:\n{said}{errors}");
}

/// The request that the host asks to interrupt; 0 for none.
static INTERRUPT: AtomicU32 = AtomicU32::new(0);

/// What stands in for the host: keeps what was said, serves wants, and has no drivers to open.
#[derive(Clone)]
struct Host {
    said: Rc<RefCell<Vec<String>>>,
    serve: Rc<RefCell<Serve>>,
    /// What was answered and not heard yet.
    answer: Rc<RefCell<Option<ToWorker>>>,
}

type Serve = Box<dyn FnMut(&Want) -> Served>;

impl Link for Host {
    fn say(&mut self, message: &ToHost) -> Result<(), LinkError> {
        match message {
            ToHost::Said(text) => self.said.borrow_mut().push(text.clone()),
            ToHost::Wanted(want) => {
                let served = (self.serve.borrow_mut())(want);
                *self.answer.borrow_mut() = Some(ToWorker::Served(served));
            }
            ToHost::Asked(_) => *self.answer.borrow_mut() = Some(ToWorker::Granted(0)),
            _ => {}
        }
        Ok(())
    }

    fn interrupt(&self) -> &'static AtomicU32 {
        &INTERRUPT
    }

    fn note_shim(&self, _: &wire::channel::Name) {}
}

impl Listen for Host {
    fn hear(&mut self) -> Result<ToWorker, LinkError> {
        self.answer.borrow_mut().take().ok_or(LinkError)
    }
}

impl Aside for Host {
    fn ask(&mut self, want: &Want) -> Result<Served, LinkError> {
        Ok((self.serve.borrow_mut())(want))
    }
}

/// A guest without a driver that runs in one mode, and 64 KiB of its memory for arguments.
pub(crate) struct Guest {
    pub process: Process,
    /// What the guest has said so far.
    pub said: Rc<RefCell<Vec<String>>>,
    /// The memory that is not used yet.
    pub room: u64,
    host: Host,
}

impl Guest {
    pub fn new(mode: Mode) -> Self {
        const ERROR_ACCESS_DENIED: u32 = 5;
        let said = Rc::default();
        let serve: Serve = Box::new(|_| Served::Failed(ERROR_ACCESS_DENIED));
        let host =
            Host { said: Rc::clone(&said), serve: Rc::new(RefCell::new(serve)), answer: Rc::default() };
        let [link, ears, aside] = [(); 3].map(|()| Box::new(host.clone()));
        let mut process =
            Process::new(Machine::new(mode, Layout::fixed()).unwrap(), Ways { link, ears, aside }).unwrap();
        process.machine.seal(crate::library::count()).unwrap();
        let room = process.allocate(0x1_0000, true).0;
        Self { process, said, room, host }
    }

    /// Has wants served from now on. Unless this is called, nothing is granted.
    pub fn serve(&mut self, serve: impl FnMut(&Want) -> Served + 'static) {
        *self.host.serve.borrow_mut() = Box::new(serve);
    }

    /// The address of a function, whichever library has it.
    pub fn address(&mut self, function: &str) -> u64 {
        let libraries = [
            "kernel32", "ucrtbase", "user32", "advapi32", "gdi32", "comctl32", "comdlg32", "shell32", "url",
            "ntdll", "winmm", "ole32", "shlwapi",
        ];
        let symbol = Symbol::Name(function.to_owned());
        libraries.iter().find_map(|library| self.process.find(library, &symbol)).unwrap()
    }

    pub fn mode(&self) -> Mode {
        self.process.machine.mode()
    }

    /// Bytes of a pointer.
    pub fn pointer_size(&self) -> u64 {
        self.mode().pointer_size()
    }

    /// What there is for each mode, for this guest's.
    pub fn pick<T>(&self, i386: T, x86_64: T) -> T {
        match self.mode() {
            Mode::I386 => i386,
            Mode::X86_64 => x86_64,
        }
    }

    /// -1 as a result that is as wide as a pointer.
    pub fn minus_one(&self) -> u64 {
        self.pick(u32::MAX.into(), u64::MAX)
    }

    /// An argument of 64 bits, as the slots that it takes.
    pub fn long(&self, value: u64) -> Vec<u64> {
        self.pick(vec![value & u64::from(u32::MAX), value >> 32], vec![value])
    }

    /// Puts an array of pointers, or the slots of a `va_list`.
    pub fn pointers(&mut self, pointers: &[u64]) -> u64 {
        let at = self.room;
        self.room += (pointers.len() as u64 * self.pointer_size() + 1).next_multiple_of(16);
        for (at, &pointer) in (at..).step_by(self.pointer_size() as usize).zip(pointers) {
            self.process.machine.put_pointer(at, pointer).unwrap();
        }
        at
    }

    pub fn pointer(&self, at: u64) -> u64 {
        self.process.machine.pointer_at(at).unwrap()
    }

    pub fn call(&mut self, function: &str, arguments: &[u64]) -> u64 {
        let address = self.address(function);
        self.process.call(address, arguments).unwrap()
    }

    /// Calls a function that answers an int.
    pub fn int(&mut self, function: &str, arguments: &[u64]) -> i32 {
        self.call(function, arguments) as i32
    }

    /// What a call ends with that does not return.
    pub fn fault(&mut self, function: &str, arguments: &[u64]) -> FaultKind {
        let address = self.address(function);
        self.process.call(address, arguments).unwrap_err().kind
    }

    /// What a call ends with when the host interrupts it after `time`.
    pub fn interrupted(&mut self, time: Duration, function: &str, arguments: &[u64]) -> FaultKind {
        const REQUEST: u32 = 1;
        let host = std::thread::spawn(move || {
            std::thread::sleep(time);
            INTERRUPT.store(REQUEST, Ordering::SeqCst);
        });
        let address = self.address(function);
        let fault = self.process.serve(REQUEST, |process| process.call(address, arguments)).unwrap_err().kind;
        host.join().unwrap();
        INTERRUPT.store(0, Ordering::SeqCst);
        fault
    }

    /// Puts bytes into memory that is not used yet.
    pub fn put(&mut self, bytes: &[u8]) -> u64 {
        let at = self.room;
        self.room += (bytes.len() as u64 + 1).next_multiple_of(16);
        self.process.machine.memory.write(at, bytes).unwrap();
        at
    }

    /// Puts a text of UTF-16 units, with a zero.
    pub fn wide(&mut self, text: &str) -> u64 {
        let bytes: Vec<u8> = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        self.put(&bytes)
    }

    pub fn bytes<const N: usize>(&self, at: u64) -> [u8; N] {
        self.process.machine.memory.array(at).unwrap()
    }

    pub fn u32(&self, at: u64) -> u32 {
        u32::from_le_bytes(self.bytes(at))
    }

    pub fn text(&self, at: u64) -> String {
        let bytes = (at..).map(|at| u8::from_le_bytes(self.bytes(at)));
        String::from_utf8(bytes.take_while(|&byte| byte != 0).collect()).unwrap()
    }

    pub fn wide_text(&self, at: u64) -> String {
        let units = (at..).step_by(2).map(|at| u16::from_le_bytes(self.bytes(at)));
        String::from_utf16(&units.take_while(|&unit| unit != 0).collect::<Vec<_>>()).unwrap()
    }

    pub fn errno(&mut self) -> i32 {
        let at = self.call("_errno", &[]);
        i32::from_le_bytes(self.bytes(at))
    }

    pub fn last_error(&mut self) -> u64 {
        self.call("GetLastError", &[])
    }
}
