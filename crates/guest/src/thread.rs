//! The machine that one worker gives its guest: memory, thunks, and a thread with its block and stack.

use std::io;
use std::ops::Range;
use std::sync::atomic::AtomicU32;

use crate::blocks::{self, Field, teb};
use crate::context::{Context, TEB_CONTEXT, Trap};
use crate::cpu::Cpu;
use crate::fault::{Access, Fault, FaultKind, Place};
use crate::gate::Gate;
use crate::host_stack;
use crate::image::Module;
use crate::layout::{GUEST_END, Layout, Region};
use crate::memory::{Memory, Violation};
use crate::mode::Mode;
use crate::natives::{self, Natives};
use crate::segments::Segments;
use crate::switch::ImportFrame;
use crate::threads::{POOL, Thread, adopt_first};
use crate::thunks::Thunks;

/// How many images with thread-local data there may be.
const TLS_SLOTS: u64 = 64;

/// Why the machine could not be made.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The processor or the kernel lacks what guest code needs.
    #[error(
        "user code may not set FS and GS here: Linux 5.9 or later on a processor with FSGSBASE is needed"
    )]
    NoFsGsBase,
    /// Guest memory could not be reserved.
    #[error("guest memory could not be reserved: {0}")]
    Reserve(io::Error),
    /// What the host's side keeps of a thread lies where 32-bit code reaches.
    #[error("the worker's own memory lies below 4 GiB, in the driver's reach")]
    InReach,
    /// The threads of the pool could not be made.
    #[error("the guest's threads could not be made: {0}")]
    Threads(io::Error),
    /// The signal handler could not be installed.
    #[error("the fault handler could not be installed: {0}")]
    Signals(io::Error),
    /// The thread's blocks could not be written.
    #[error("the guest's thread could not be set up: {0}")]
    Blocks(#[from] Violation),
}

/// What a thread served before it began to serve something on top of that.
#[derive(Debug)]
#[must_use = "the outer request must be resumed"]
pub struct Serving {
    request: u32,
    floor: u64,
    abort: u64,
    trap: Trap,
}

/// The thread-local data of an image.
#[derive(Debug)]
pub(crate) struct TlsBlock {
    base: u64,
    pub size: u64,
    /// What it begins with, in the image; the rest is zero.
    pub template: Range<u64>,
    /// Where each thread has it, by number.
    pub addresses: Vec<Option<u64>>,
}

/// Everything that guest code runs on.
#[derive(Debug)]
pub struct Machine {
    mode: Mode,
    /// Of a 32-bit guest.
    segments: Option<Segments>,
    /// The guest's memory.
    pub memory: Memory,
    pub(crate) thunks: Thunks,
    /// Of a 32-bit guest.
    pub(crate) natives: Natives,
    pub(crate) modules: Vec<Module>,
    /// By slot.
    pub(crate) tls_blocks: Vec<TlsBlock>,
    /// By number.
    pub(crate) threads: Vec<Thread>,
    /// Whose turn it is: who has taken the gate.
    pub(crate) current: usize,
    pub(crate) gate: &'static Gate,
    peb: u64,
    /// The next free address of [`Region::System`].
    next_block: u64,
}

impl Machine {
    /// Reserves guest memory, which lies as `layout` says, and makes the calling thread the guest's, to run code of this mode. Once a process, before its
    /// system-call filter.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn new(mode: Mode, layout: Layout) -> Result<Self, StartError> {
        // AT_HWCAP2 bit 1: the kernel lets user code read and write FS and GS bases (Documentation/arch/x86/x86_64/fsgs).
        // SAFETY: reads the auxiliary vector.
        if unsafe { libc::getauxval(libc::AT_HWCAP2) } & 2 == 0 {
            return Err(StartError::NoFsGsBase);
        }
        let memory = Memory::reserve(layout).map_err(StartError::Reserve)?;
        let thunks = Thunks::new(&memory, mode)?;
        let natives = Natives::new(&memory, &thunks, mode)?;
        let next_block = memory.layout()[Region::System].start;
        let mut machine = Self {
            mode,
            segments: None,
            memory,
            thunks,
            natives,
            modules: Vec::new(),
            tls_blocks: Vec::new(),
            threads: Vec::with_capacity(1 + POOL),
            current: 0,
            gate: Box::leak(Box::default()),
            peb: 0,
            next_block,
        };
        machine.peb = machine.lend(blocks::PEB_SIZE)?;
        for (field, value) in blocks::process_block(machine.memory.layout()) {
            machine.put_pointer(machine.peb + field.offset(mode), value)?;
        }
        let thread = machine.make_thread(0)?;
        // SAFETY: contexts are leaked, and this one is for this thread.
        unsafe { adopt_first(thread.context.as_ptr()) }.map_err(StartError::Signals)?;
        machine.threads.push(thread);
        Ok(machine)
    }

    /// Makes a thread's block and stack.
    pub(crate) fn make_thread(&mut self, number: usize) -> Result<Thread, StartError> {
        if number > 0 {
            self.memory.add_stack(number).map_err(StartError::Reserve)?;
        }
        let teb = self.lend(blocks::TEB_SIZE)?;
        let tls = self.lend(self.mode.pointer_size() * TLS_SLOTS)?;
        for (field, value) in blocks::thread_block(self.memory.layout(), number, teb, self.peb, tls) {
            self.put_pointer(teb + field.offset(self.mode), value)?;
        }
        let (thread, segments) = Thread::new(number, teb, self.memory.layout(), &self.thunks, self.gate);
        self.segments = segments;
        // `find_context` of 32-bit code takes that for granted.
        if (thread.context.addr().get() as u64) < GUEST_END {
            return Err(StartError::InReach);
        }
        Ok(thread)
    }

    /// The thread whose turn it is.
    fn thread(&self) -> &Thread {
        &self.threads[self.current]
    }

    pub(crate) fn thread_mut(&mut self) -> &mut Thread {
        &mut self.threads[self.current]
    }

    /// The mode that the guest's code runs in.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// How a 32-bit guest's FS is set up; `None` for a 64-bit guest.
    #[must_use]
    pub fn segments(&self) -> Option<Segments> {
        self.segments
    }

    /// The pointer, handle or `SIZE_T` in guest memory at an address.
    ///
    /// # Errors
    /// [`Violation`] when not all of it is readable.
    pub fn pointer_at(&self, address: u64) -> Result<u64, Violation> {
        match self.mode {
            Mode::I386 => self.memory.array(address).map(u32::from_le_bytes).map(u64::from),
            Mode::X86_64 => self.memory.array(address).map(u64::from_le_bytes),
        }
    }

    /// Puts a pointer, handle or `SIZE_T` into guest memory; a 32-bit guest gets its lower half.
    ///
    /// # Errors
    /// [`Violation`] when not all of it is writable.
    pub fn put_pointer(&self, address: u64, value: u64) -> Result<(), Violation> {
        let bytes = value.to_le_bytes();
        let size = usize::try_from(self.mode.pointer_size()).unwrap_or(bytes.len());
        self.memory.write(address, bytes.get(..size).unwrap_or(&bytes))
    }

    /// The handle of the process heap: GetProcessHeap's answer, which drivers also read from the process block themselves.
    #[must_use]
    pub fn process_heap(&self) -> u64 {
        self.memory.layout()[Region::Heap].start
    }

    /// The ids of the guest's process and of the thread whose turn it is.
    #[must_use]
    pub fn ids(&self) -> (u32, u32) {
        (blocks::PROCESS_ID, blocks::thread_id(self.current))
    }

    /// `size` zeroed bytes of guest memory for good, aligned to 16.
    ///
    /// # Errors
    /// [`Violation`] when none are left.
    pub fn lend(&mut self, size: u64) -> Result<u64, Violation> {
        let address = self.next_block;
        let len = usize::try_from(size).unwrap_or(usize::MAX);
        let full = Violation { address, len, access: Access::Write };
        let end = size.checked_next_multiple_of(16).and_then(|size| address.checked_add(size)).ok_or(full)?;
        if end > self.memory.layout()[Region::System].end {
            return Err(full);
        }
        self.next_block = end;
        Ok(address)
    }

    /// Ends the time in which code can appear: thunks become read-only code, `later` and some more for functions that the guest asks for from here on.
    /// Images stay as they were mapped.
    ///
    /// # Errors
    /// `mprotect`'s.
    pub fn seal(&mut self, later: u32) -> io::Result<()> {
        self.natives.seal(&mut self.memory)?;
        self.thunks.seal(&mut self.memory, later)
    }

    /// The loaded images.
    #[must_use]
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// The first registration of a 32-bit guest's exception handlers, or [`NO_REGISTRATION`](Self::NO_REGISTRATION).
    #[must_use]
    pub fn exception_list(&self) -> u32 {
        self.memory.array(self.thread().teb).map_or(Self::NO_REGISTRATION, u32::from_le_bytes)
    }

    /// The end of that list.
    pub const NO_REGISTRATION: u32 = u32::MAX;

    /// The address of a field of the guest's thread block.
    fn in_thread_block(&self, field: Field) -> u64 {
        self.thread().teb + field.offset(self.mode)
    }

    /// Bytes of a thread's own that Windows leaves alone: zero when the thread begins, at an address that is a multiple of 16.
    #[must_use]
    pub fn thread_storage(&self) -> u64 {
        self.thread().teb + blocks::STORAGE
    }

    /// Where the thread keeps the state of `rand`, which the native function and the shim share: its difference from 1.
    #[must_use]
    pub fn thread_random(&self) -> u64 {
        self.thread().teb + blocks::RANDOM
    }

    /// The guest's last-error value (`GetLastError`).
    #[must_use]
    pub fn last_error(&self) -> u32 {
        self.memory.array(self.in_thread_block(teb::LAST_ERROR)).map_or(0, u32::from_le_bytes)
    }

    /// Sets it.
    pub fn set_last_error(&mut self, code: u32) {
        // The thread block is always writable; if it were not, the guest would be the only one to miss the value.
        let _ = self.memory.write(self.in_thread_block(teb::LAST_ERROR), &code.to_le_bytes());
    }

    /// Gives each thread the thread-local data of the image at `base`, and answers its slot: that which it had before if it was there before.
    ///
    /// # Errors
    /// [`Violation`] when there is no slot or no memory left, or the template cannot be read.
    pub(crate) fn add_tls(&mut self, base: u64, size: u64, template: Range<u64>) -> Result<u32, Violation> {
        let known = self.tls_blocks.iter().position(|block| block.base == base && block.size == size);
        let slot = known.unwrap_or(self.tls_blocks.len());
        match self.tls_blocks.get_mut(slot) {
            Some(block) => block.template = template,
            None => self.tls_blocks.push(TlsBlock { base, size, template, addresses: Vec::new() }),
        }
        self.prepare_tls_of_all(slot)?;
        Ok(u32::try_from(slot).unwrap_or(u32::MAX))
    }

    /// Fills a thread's copy of an image's thread-local data.
    pub(crate) fn fill_tls(&self, at: u64, size: u64, template: Range<u64>) -> Result<(), Violation> {
        let len = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let taken = template.end - template.start;
        self.memory.copy(at, template.start, len(taken))?;
        self.memory.fill(at + taken, 0, len(size - taken))
    }

    /// Points a slot of a thread's thread-local data to `address`.
    ///
    /// # Errors
    /// [`Violation`] when there is no such slot.
    pub(crate) fn set_tls(&self, teb: u64, slot: usize, address: u64) -> Result<(), Violation> {
        let table = self.pointer_at(teb + teb::TLS_POINTER.offset(self.mode))?;
        let at = table.wrapping_add(self.mode.pointer_size() * slot as u64);
        if slot as u64 >= TLS_SLOTS {
            return Err(Violation { address: at, len: 8, access: Access::Write });
        }
        self.put_pointer(at, address)
    }

    /// Starts serving request `number` (not 0) and answers what was served before, for [`resume`](Self::resume): if `interrupt`
    /// comes to hold that number and SIGUSR1 arrives, the guest's call ends with [`FaultKind::Deadline`].
    pub fn begin(&mut self, number: u32, interrupt: &'static AtomicU32) -> Serving {
        let context = self.context();
        // SAFETY: the context lives as long as the process and only this thread uses it; by pointer and volatile, because the
        // signal handler of this thread reads these fields.
        unsafe {
            let request = (&raw const (*context).request).read_volatile();
            let floor = (&raw const (*context).floor).read_volatile();
            (&raw mut (*context).interrupt).write_volatile(Some(interrupt));
            (&raw mut (*context).floor).write_volatile((&raw const (*context).depth).read_volatile());
            (&raw mut (*context).request).write_volatile(number);
            // Last, as the signal handler has no more to say to the outer request now: if that has been interrupted, this one has not.
            let outer = Serving {
                request,
                floor,
                abort: (&raw const (*context).abort).read_volatile(),
                trap: (&raw const (*context).trap).read_volatile(),
            };
            (&raw mut (*context).abort).write_volatile(0);
            (&raw mut (*context).trap).write_volatile(Trap::default());
            outer
        }
    }

    /// Goes on serving what was served before.
    pub fn resume(&mut self, outer: Serving) {
        let context = self.context();
        // SAFETY: as in `begin`.
        unsafe {
            (&raw mut (*context).abort).write_volatile(outer.abort);
            (&raw mut (*context).trap).write_volatile(outer.trap);
            (&raw mut (*context).request).write_volatile(outer.request);
            (&raw mut (*context).floor).write_volatile(outer.floor);
        }
    }

    /// Whether the host has interrupted the request that the thread whose turn it is serves: for shims that wait long.
    #[must_use]
    pub fn interrupted(&self) -> bool {
        // SAFETY: the context lives as long as the process.
        unsafe { Context::interrupted(self.context()) }
    }

    /// Whether the host's own stack has room for another call into the guest and the shims below it.
    pub(crate) fn has_stack(&self) -> bool {
        // SAFETY: the context lives as long as the process, and this field does not change once its thread is the guest's.
        host_stack::here() > unsafe { (*self.context()).host_floor }
    }

    /// Whether long work of the thread whose turn it is must end: its request has been interrupted, or that of the thread which serves
    /// requests has and waits for this work to end.
    #[must_use]
    pub fn is_unwanted(&self) -> bool {
        // SAFETY: contexts live as long as the process, and what this reads changes only with the gate taken, which this thread has.
        self.interrupted() || unsafe { Context::interrupted(self.threads[0].context.as_ptr()) }
    }

    /// Puts the context's address where thunks of a 64-bit guest look for it.
    pub(crate) fn restore_context_pointer(&self) {
        if self.mode == Mode::I386 {
            return;
        }
        let address = self.context().expose_provenance() as u64;
        let place = std::ptr::with_exposed_provenance_mut::<u64>(self.thread().teb as usize + TEB_CONTEXT);
        // SAFETY: a thread's block, which is longer than this, is mapped when its thread is made and stays writable: its region is none that
        // `protect_data` changes. The place is a multiple of 8, and nothing refers to guest memory.
        unsafe { place.write_volatile(address) };
    }

    /// The registers that the guest would have behind the call that the innermost shim serves, its result apart: as if `popped` bytes of
    /// arguments were off its stack. `None` when no shim runs.
    #[must_use]
    pub fn caller(&self, popped: u64) -> Option<Cpu> {
        let context = self.context();
        // SAFETY: the context lives as long as the process; `frame` is 0 or the frame of a `dispatch` that is running further up this
        // stack (it sets and resets it), which uses the frame again only when its shim has returned.
        let frame = unsafe {
            let frame = (&raw const (*context).frame).read_volatile();
            std::ptr::with_exposed_provenance::<ImportFrame>(frame as usize).as_ref()?
        };
        let target = self.pointer_at(frame.guest_sp).ok()?;
        Some(Cpu::behind(frame, self.mode, target, popped, crate::x87::control()))
    }

    /// The guest's stack pointer: what lies below may be used, and is by the next call into the guest.
    #[must_use]
    pub fn stack_pointer(&self) -> u64 {
        // SAFETY: the context lives as long as the process, and only this thread uses it.
        unsafe { (&raw const (*self.context()).guest_sp).read_volatile() }
    }

    /// Moves it, until the shim or call returns for which it was set.
    pub fn set_stack_pointer(&mut self, address: u64) {
        // SAFETY: as in `stack_pointer`. A call pushes below this address, and its fault is the guest's where it cannot.
        unsafe { (&raw mut (*self.context()).guest_sp).write_volatile(address) };
    }

    /// Where the innermost call into the guest began on its stack.
    pub(crate) fn base_sp(&self) -> u64 {
        // SAFETY: the context lives as long as the process, and only this thread uses it.
        unsafe { (&raw const (*self.context()).base_sp).read_volatile() }
    }

    pub(crate) fn context(&self) -> *mut Context {
        self.thread().context.as_ptr()
    }

    /// Module and offset of an address, if an image lies there.
    #[must_use]
    pub fn place(&self, address: u64) -> Option<Place> {
        let module = self.modules.iter().find(|module| module.range().contains(&address))?;
        Some(Place { module: module.name.clone(), offset: address - module.base })
    }

    /// What a trap means.
    pub(crate) fn fault(&self, trap: &Trap) -> Fault {
        let kind = match trap.signal {
            libc::SIGUSR1 => FaultKind::Deadline,
            libc::SIGSYS => FaultKind::SystemCall { number: u32::try_from(trap.address).unwrap_or(u32::MAX) },
            libc::SIGILL => FaultKind::IllegalInstruction,
            libc::SIGTRAP => FaultKind::Breakpoint,
            libc::SIGFPE if trap.number == DIVIDE_ERROR => FaultKind::IntegerDivide,
            libc::SIGFPE => FaultKind::FloatingPoint,
            _ => self.violation(trap),
        };
        // After `int3` the instruction pointer is past it.
        let past = u64::from(trap.signal == libc::SIGTRAP && trap.number == BREAKPOINT);
        let instruction = self.blamed(trap.instruction.saturating_sub(past), trap);
        Fault { kind, instruction, place: self.place(instruction) }
    }

    /// The instruction that a fault is told of: for one in a native function, the one behind its call.
    fn blamed(&self, instruction: u64, trap: &Trap) -> u64 {
        if self.memory.layout()[Region::Natives].contains(&instruction)
            && let Ok(caller) = self.pointer_at(natives::return_place(self.mode, trap))
        {
            return caller;
        }
        instruction
    }

    fn violation(&self, trap: &Trap) -> FaultKind {
        match trap.number {
            PAGE_FAULT => {}
            ALIGNMENT_CHECK => return FaultKind::Misaligned,
            // `int N` for an N that user code may not raise.
            GENERAL_PROTECTION if trap.error & FROM_GATE != 0 => {
                return FaultKind::SoftwareInterrupt {
                    number: u8::try_from(trap.error >> 3).unwrap_or(u8::MAX),
                };
            }
            // An address that is not canonical, or an instruction that user code may not run.
            _ => return FaultKind::AccessViolation { address: None, access: Access::Read },
        }
        if self.memory.layout().stack_guard(self.current).contains(&trap.address) {
            return FaultKind::StackOverflow;
        }
        let access = match trap.error {
            error if error & FETCH != 0 => Access::Execute,
            error if error & WRITE != 0 => Access::Write,
            _ => Access::Read,
        };
        FaultKind::AccessViolation { address: Some(trap.address), access }
    }
}

/// Processor exception numbers, and bits of a page fault's error code (Intel SDM volume 3, chapter 6).
const DIVIDE_ERROR: u64 = 0;
const BREAKPOINT: u64 = 3;
const GENERAL_PROTECTION: u64 = 13;
const ALIGNMENT_CHECK: u64 = 17;
const FROM_GATE: u64 = 1 << 1;
const PAGE_FAULT: u64 = 14;
const WRITE: u64 = 1 << 1;
const FETCH: u64 = 1 << 4;
