//! The machine that one worker gives its guest: memory, thunks, and a thread with its block and stack.

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU32;

use crate::context::{Context, TEB_CONTEXT, Trap};
use crate::fault::{Access, Fault, FaultKind, Place};
use crate::image::Module;
use crate::layout::{self, PAGE};
use crate::memory::{Memory, Violation};
use crate::signal;
use crate::thunks::Thunks;

/// Offsets in the 64-bit thread environment block (public symbols of ntdll: `_TEB`).
mod teb {
    pub const STACK_BASE: u64 = 0x08;
    pub const STACK_LIMIT: u64 = 0x10;
    pub const SELF: u64 = 0x30;
    pub const PROCESS_ID: u64 = 0x40;
    pub const THREAD_ID: u64 = 0x48;
    pub const TLS_POINTER: u64 = 0x58;
    pub const PEB: u64 = 0x60;
    pub const LAST_ERROR: u64 = 0x68;
    pub const SIZE: u64 = 0x3000;
}

/// Offsets in the 64-bit process environment block (`_PEB`).
mod peb {
    pub const IMAGE_BASE: u64 = 0x10;
    pub const PROCESS_HEAP: u64 = 0x30;
    pub const NUMBER_OF_PROCESSORS: u64 = 0xb8;
    pub const SIZE: u64 = 0x1000;
}

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
}

/// The thread-local data of an image.
#[derive(Debug)]
struct TlsBlock {
    base: u64,
    size: u64,
    address: u64,
}

/// The host's stack that one call into the guest and the shim below it may use.
const STACK_PER_CALL: u64 = 8 << 10;

/// Everything that guest code runs on.
#[derive(Debug)]
pub struct Machine {
    /// The guest's memory.
    pub memory: Memory,
    pub(crate) thunks: Thunks,
    pub(crate) modules: Vec<Module>,
    /// By slot.
    tls_blocks: Vec<TlsBlock>,
    /// Why the innermost call ends, when a shim decided that.
    pub(crate) stopped: Option<Fault>,
    context: NonNull<Context>,
    teb: u64,
    peb: u64,
    /// The next free address of [`layout::SYSTEM`].
    next_block: u64,
    depth_limit: u64,
}

impl Machine {
    /// Reserves guest memory and makes the calling thread the guest's. Once a process, before its system-call filter.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn new() -> Result<Self, StartError> {
        // AT_HWCAP2 bit 1: the kernel lets user code read and write FS and GS bases (Documentation/arch/x86/x86_64/fsgs).
        // SAFETY: reads the auxiliary vector.
        if unsafe { libc::getauxval(libc::AT_HWCAP2) } & 2 == 0 {
            return Err(StartError::NoFsGsBase);
        }
        let memory = Memory::reserve().map_err(StartError::Reserve)?;
        let thunks = Thunks::new(&memory)?;
        let host_fs: u64;
        // SAFETY: reads the FS base; FSGSBASE is there (check above).
        unsafe { std::arch::asm!("rdfsbase {}", out(reg) host_fs, options(nomem, nostack)) };
        let context = Context {
            host_sp: 0,
            guest_sp: layout::STACK.end - PAGE,
            abort: 0,
            teb: layout::SYSTEM.start,
            host_fs,
            dispatch: 0,
            host: 0,
            in_guest: 0,
            depth: 0,
            floor: 0,
            request: 0,
            interrupt: None,
            trap: Trap::default(),
        };
        // Leaked on purpose: the signal handler may look at it for as long as the process lives.
        let context = NonNull::from(Box::leak(Box::new(context)));
        let mut machine = Self {
            memory,
            thunks,
            modules: Vec::new(),
            tls_blocks: Vec::new(),
            stopped: None,
            context,
            teb: 0,
            peb: 0,
            next_block: layout::SYSTEM.start,
            depth_limit: depth_limit(),
        };
        machine.make_blocks()?;
        // SAFETY: the context was leaked above, and this thread becomes the guest's.
        unsafe { signal::install(context.as_ptr()) }.map_err(StartError::Signals)?;
        // SAFETY: GS is unused by host code on x86-64 Linux; FSGSBASE is there (check above).
        unsafe { std::arch::asm!("wrgsbase {}", in(reg) machine.teb, options(nomem, nostack)) };
        Ok(machine)
    }

    fn make_blocks(&mut self) -> Result<(), Violation> {
        self.teb = self.lend(teb::SIZE)?;
        self.peb = self.lend(peb::SIZE)?;
        let tls = self.lend(8 * TLS_SLOTS)?;
        // Any number will do, if only it is not 0: a guest compares them.
        let (process, thread) = (0x20_u64, 0x24_u64);
        for (offset, value) in [
            (teb::STACK_BASE, layout::STACK.end),
            (teb::STACK_LIMIT, layout::STACK.start),
            (teb::SELF, self.teb),
            (teb::PROCESS_ID, process),
            (teb::THREAD_ID, thread),
            (teb::TLS_POINTER, tls),
            (teb::PEB, self.peb),
        ] {
            self.memory.write(self.teb + offset, &value.to_le_bytes())?;
        }
        for (offset, value) in [
            (peb::IMAGE_BASE, layout::IMAGES.start),
            (peb::PROCESS_HEAP, Self::PROCESS_HEAP),
            (peb::NUMBER_OF_PROCESSORS, 1),
        ] {
            self.memory.write(self.peb + offset, &value.to_le_bytes())?;
        }
        Ok(())
    }

    /// The handle of the process heap: GetProcessHeap's answer, which drivers also read from the process block themselves.
    pub const PROCESS_HEAP: u64 = layout::HEAP.start;

    /// The guest's process and thread ids.
    #[must_use]
    pub fn ids(&self) -> (u32, u32) {
        (0x20, 0x24)
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
        if end > layout::SYSTEM.end {
            return Err(full);
        }
        self.next_block = end;
        Ok(address)
    }

    /// Adds a thunk for one more import and answers its index; `None` when there is no room, of which [`seal`](Self::seal) leaves little.
    pub fn add_thunk(&mut self) -> Option<u32> {
        self.thunks.add(&self.memory)
    }

    /// Ends the time in which code can appear: thunks become read-only code. Images stay as they were mapped.
    ///
    /// # Errors
    /// `mprotect`'s.
    pub fn seal(&mut self) -> io::Result<()> {
        self.thunks.seal(&mut self.memory)
    }

    /// The loaded images.
    #[must_use]
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// The guest's last-error value (`GetLastError`).
    #[must_use]
    pub fn last_error(&self) -> u32 {
        self.memory.array(self.teb + teb::LAST_ERROR).map_or(0, u32::from_le_bytes)
    }

    /// Sets it.
    pub fn set_last_error(&mut self, code: u32) {
        // The thread block is always writable; if it were not, the guest would be the only one to miss the value.
        let _ = self.memory.write(self.teb + teb::LAST_ERROR, &code.to_le_bytes());
    }

    /// The thread-local block of the image at `base`, and its slot: those that it had before if it was there before.
    ///
    /// # Errors
    /// [`Violation`] when there is no slot or no memory left.
    pub(crate) fn tls_block(&mut self, base: u64, size: u64) -> Result<(u32, u64), Violation> {
        let known = self.tls_blocks.iter().position(|block| block.base == base && block.size == size);
        let place = match known {
            Some(place) => place,
            None => {
                let address = self.lend(size)?;
                self.tls_blocks.push(TlsBlock { base, size, address });
                self.tls_blocks.len() - 1
            }
        };
        let address = self.tls_blocks[place].address;
        let index = u32::try_from(place).unwrap_or(u32::MAX);
        self.set_tls(index, address)?;
        Ok((index, address))
    }

    /// Points thread-local slot `index` of the guest's thread to `address`.
    ///
    /// # Errors
    /// [`Violation`] when there is no such slot.
    fn set_tls(&mut self, index: u32, address: u64) -> Result<(), Violation> {
        let table = u64::from_le_bytes(self.memory.array(self.teb + teb::TLS_POINTER)?);
        let slot = table + 8 * u64::from(index);
        if u64::from(index) >= TLS_SLOTS {
            return Err(Violation { address: slot, len: 8, access: Access::Write });
        }
        self.memory.write(slot, &address.to_le_bytes())
    }

    /// Starts serving request `number` (not 0) and answers what was served before, for [`resume`](Self::resume): if `interrupt`
    /// comes to hold that number and SIGUSR1 arrives, the guest's call ends with [`FaultKind::Deadline`].
    pub fn begin(&mut self, number: u32, interrupt: &'static AtomicU32) -> Serving {
        let context = self.context.as_ptr();
        // SAFETY: the context lives as long as the process and only this thread uses it; by pointer and volatile, because the
        // signal handler of this thread reads these fields.
        unsafe {
            let outer = Serving {
                request: (&raw const (*context).request).read_volatile(),
                floor: (&raw const (*context).floor).read_volatile(),
            };
            (&raw mut (*context).interrupt).write_volatile(Some(interrupt));
            (&raw mut (*context).floor).write_volatile((&raw const (*context).depth).read_volatile());
            (&raw mut (*context).request).write_volatile(number);
            outer
        }
    }

    /// Goes on serving what was served before.
    pub fn resume(&mut self, outer: Serving) {
        let context = self.context.as_ptr();
        // SAFETY: as in `begin`.
        unsafe {
            (&raw mut (*context).request).write_volatile(outer.request);
            (&raw mut (*context).floor).write_volatile(outer.floor);
        }
    }

    /// Whether the host has interrupted the request being served: for shims that take or wait long.
    #[must_use]
    pub fn interrupted(&self) -> bool {
        // SAFETY: the context lives as long as the process.
        unsafe { Context::interrupted(self.context.as_ptr()) }
    }

    /// How many calls into the guest may be open at once, so that they fit into the host's own stack.
    pub(crate) fn depth_limit(&self) -> u64 {
        self.depth_limit
    }

    /// Puts the context's address where thunks look for it.
    pub(crate) fn restore_context_pointer(&self) {
        let address = self.context.as_ptr().expose_provenance() as u64;
        // The thread block is always writable.
        let _ = self.memory.write(self.teb + TEB_CONTEXT as u64, &address.to_le_bytes());
    }

    pub(crate) fn context(&self) -> *mut Context {
        self.context.as_ptr()
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
        let instruction = trap.instruction.saturating_sub(past);
        Fault { kind, instruction, place: self.place(instruction) }
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
        if layout::STACK_GUARD.contains(&trap.address) {
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

/// At most 1000, fewer where the system gives programs a small stack.
fn depth_limit() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is live and of the type that the call writes.
    let result = unsafe { libc::getrlimit(libc::RLIMIT_STACK, &raw mut limit) };
    if result == 0 { (limit.rlim_cur / STACK_PER_CALL).clamp(16, 1000) } else { 16 }
}
