//! The state of one guest thread that assembly and the signal handler share.

use std::mem::offset_of;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::cpu::Cpu;
use crate::gate::Gate;

/// Where the thread block of a 64-bit guest holds the address of the [`Context`], above all that Windows defines there. That of a 32-bit guest is the base of GS.
pub(crate) const TEB_CONTEXT: usize = 0x2ff0;

/// What assembly needs to find its way between host and guest. One per guest thread, on the host's side of the address space.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Context {
    /// The host's stack pointer inside the innermost [`crate::call`]; shims run below it.
    pub host_sp: u64,
    /// Where the next call into the guest may push.
    pub guest_sp: u64,
    /// Where the innermost call began on the guest's stack.
    pub base_sp: u64,
    /// What happens when a shim returns: 0, the guest goes on behind its call; else one of the values in `switch.rs`.
    pub abort: u64,
    /// The thread block's address: the base of the guest's GS, or of FS if it runs 32-bit code.
    pub teb: u64,
    /// The base of GS while the guest runs: the thread block's address, or of a 32-bit guest this context's own. 32-bit code can take it away, and give no base
    /// that it could write to there: all that it can load has 32 bits.
    pub gs_base: u64,
    /// Where a 32-bit guest's functions return to.
    pub return32: u64,
    /// The host's FS base: its thread-local storage.
    pub host_fs: u64,
    /// The selector of a 32-bit guest's FS.
    pub fs_selector: u64,
    /// Where to go in a 32-bit guest, as a far jump takes it: an offset, then the selector of 32-bit code.
    pub far: [u32; 2],
    /// `extern "sysv64" fn(*mut Context, *mut ImportFrame, u32)`.
    pub dispatch: u64,
    /// `extern "sysv64" fn(*mut Context)`: looks for a handler of the guest's for what [`Self::trap`] and [`Self::cpu`] say.
    pub trapped: u64,
    /// The innermost running shim's [`crate::switch::ImportFrame`]; 0 for none.
    pub frame: u64,
    /// Where `dispatch` and `trapped` find what they work on, when it is this thread's turn.
    pub gate: &'static Gate,
    /// The thread's number.
    pub number: usize,
    /// 1 while the guest is in control, so that a fault is its own; kept by `enter.rs`.
    pub in_guest: u64,
    /// How many calls into the guest are open.
    pub depth: u64,
    /// Above which address of the host's stack another call may begin.
    pub host_floor: u64,
    /// How many were open when the request being served began: they belong to other requests.
    pub floor: u64,
    /// The number of the request being served, for deadlines; 0 between requests.
    pub request: u32,
    /// Where the host writes the number of the request to interrupt.
    pub interrupt: Option<&'static AtomicU32>,
    /// What the signal handler saw.
    pub trap: Trap,
    /// The guest's registers: when it trapped, or when it is to go on from elsewhere.
    pub cpu: Cpu,
}

/// A hardware fault or an interruption, as the signal handler records it.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Trap {
    /// The signal; 0 for none.
    pub signal: i32,
    /// `si_code`.
    pub code: i32,
    /// The guest's instruction pointer; 0 when a shim was running.
    pub instruction: u64,
    /// `si_addr`, or the system call's number.
    pub address: u64,
    /// The processor's trap number.
    pub number: u64,
    /// The page fault's error code.
    pub error: u64,
    /// The guest's rbp.
    pub frame: u64,
    /// The guest's rsp.
    pub stack: u64,
}

impl Context {
    pub const HOST_SP: usize = offset_of!(Self, host_sp);
    pub const GUEST_SP: usize = offset_of!(Self, guest_sp);
    pub const ABORT: usize = offset_of!(Self, abort);
    pub const TEB: usize = offset_of!(Self, teb);
    pub const GS_BASE: usize = offset_of!(Self, gs_base);
    pub const RETURN32: usize = offset_of!(Self, return32);
    pub const HOST_FS: usize = offset_of!(Self, host_fs);
    pub const FS_SELECTOR: usize = offset_of!(Self, fs_selector);
    pub const FAR: usize = offset_of!(Self, far);
    pub const DISPATCH: usize = offset_of!(Self, dispatch);
    pub const TRAPPED: usize = offset_of!(Self, trapped);
    pub const CPU: usize = offset_of!(Self, cpu);
    pub const IN_GUEST: usize = offset_of!(Self, in_guest);

    /// Whether the host has asked to interrupt the request being served.
    ///
    /// # Safety
    /// `context` must be valid. It is read through the pointer, because the signal handler may write other fields meanwhile.
    pub unsafe fn interrupted(context: *const Self) -> bool {
        // SAFETY: the caller's contract; these two fields change only in `Machine::begin` and `Machine::resume`, on its own thread and with the gate taken.
        let (request, word) = unsafe {
            (
                (&raw const (*context).request).read_volatile(),
                (&raw const (*context).interrupt).read_volatile(),
            )
        };
        request != 0 && word.is_some_and(|word| word.load(Ordering::SeqCst) == request)
    }
}
