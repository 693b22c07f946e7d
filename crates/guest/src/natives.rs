//! Functions that guest code calls without leaving guest code, because leaving and coming back costs more than what they do, or because
//! they work on the registers and the stack of their caller. 32-bit code would even have to leave its mode, so there are more for it.
//!
//! They are written for the guest and lie in its memory; a fault in one is the guest's. Those of the C library answer as the shims of the
//! same name do. A fault is told as the caller's ([`Machine::fault`](crate::Machine::fault)), who is found so: those of 32 bits begin with a frame
//! (`push ebp; mov ebp, esp`) before they touch memory that their caller names, and those of 64 bits change neither the stack nor a register that
//! belongs to their caller.

mod memory;
mod memory64;
mod numbers;
mod scopes;
mod unwind;

use std::io;
use std::ops::Range;

use crate::context::Trap;
use crate::fault::Access;
use crate::layout::Region;
use crate::memory::{Memory, Protection, Violation};
use crate::mode::Mode;
use crate::thread::Machine;
use crate::thunks::Thunks;

/// A native function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Native {
    pub name: &'static str,
    /// Where its code lies in the worker, to be copied.
    code: *const u8,
    end: *const u8,
}

impl Native {
    /// Its code.
    fn code(&self) -> &'static [u8] {
        // SAFETY: both labels are of one piece of assembly, the first before the second, with nothing but its bytes between.
        unsafe {
            let len = self.end.offset_from(self.code);
            std::slice::from_raw_parts(self.code, usize::try_from(len).unwrap_or(0))
        }
    }
}

/// Declares native functions of a file: for each, the name under which guests import it, and its code, which calls nothing; of 32 bits unless the
/// assembler is told otherwise.
macro_rules! natives {
    ($($functions:tt)*) => { crate::natives::natives_of! { ".code32" $($functions)* } };
}
use natives;

/// The same for a mode of the assembler's.
macro_rules! natives_of {
    ($mode:literal $($(#[doc = $doc:literal])* $name:literal = $begin:ident .. $end:ident { $($code:expr),* $(,)? } $($operand:ident = $value:expr),*;)*) => {
        $(
            std::arch::global_asm!(
                ".section .rodata",
                $mode,
                concat!(".globl ", stringify!($begin)),
                concat!(stringify!($begin), ":"),
                $($code,)*
                concat!(".globl ", stringify!($end)),
                concat!(stringify!($end), ":"),
                ".code64",
                ".text",
                $($operand = const $value,)*
            );
        )*
        unsafe extern "C" {
            $(static $begin: u8; static $end: u8;)*
        }

        /// The functions of this file.
        pub(super) fn list() -> Vec<crate::natives::Native> {
            vec![$(crate::natives::Native { name: $name, code: &raw const $begin, end: &raw const $end }),*]
        }
    };
}
use natives_of;

/// What stands in the code above for an address that differs from process to process: of RtlUnwind, which is the first of all natives, and of what
/// [`Thunks::go_on`] and [`Thunks::unhandled`] answer. None of it occurs otherwise.
mod elsewhere {
    pub const UNWIND: u32 = 0xe15e_0001;
    pub const CONTINUE: u32 = 0xe15e_0002;
    pub const UNHANDLED: u32 = 0xe15e_0003;
}

/// The native functions in guest memory.
#[derive(Debug)]
pub(crate) struct Natives {
    /// Where they lie.
    range: Range<u64>,
    /// By name.
    placed: Vec<(&'static str, u64)>,
    /// The names of those that are shortcuts.
    shortcuts: Vec<&'static str>,
    /// Where the next one goes.
    next: u64,
}

impl Natives {
    /// Puts all those for a mode into guest memory.
    pub fn new(memory: &Memory, thunks: &Thunks, mode: Mode) -> Result<Self, Violation> {
        let range = memory.layout()[Region::Natives].clone();
        let known = [
            (elsewhere::UNWIND, range.start),
            (elsewhere::CONTINUE, thunks.go_on()),
            (elsewhere::UNHANDLED, thunks.unhandled()),
        ];
        let (first, shortcuts, further) = match mode {
            Mode::I386 => (unwind::list(), [memory::list(), numbers::list()].concat(), scopes::list()),
            Mode::X86_64 => (Vec::new(), memory64::list(), Vec::new()),
        };
        let names = shortcuts.iter().map(|native| native.name).collect();
        let mut own = Self { next: range.start, range, placed: Vec::new(), shortcuts: names };
        // That which others call by its address is the first.
        for native in [first, shortcuts, further].concat() {
            let at = own.place(memory, &connected(native.code(), &known))?;
            own.placed.push((native.name, at));
        }
        Ok(own)
    }

    /// Puts code into guest memory.
    fn place(&mut self, memory: &Memory, code: &[u8]) -> Result<u64, Violation> {
        let at = self.next;
        if at + code.len() as u64 > self.range.end {
            return Err(Violation { address: at, len: code.len(), access: Access::Write });
        }
        memory.write(at, code)?;
        self.next = (at + code.len() as u64).next_multiple_of(16);
        Ok(at)
    }

    /// A function's address.
    pub fn find(&self, name: &str) -> Option<u64> {
        self.placed.iter().find(|(known, _)| *known == name).map(|&(_, at)| at)
    }

    /// Whether a function does what the shim of its name does, if there is one.
    pub fn is_shortcut(&self, name: &str) -> bool {
        self.shortcuts.contains(&name)
    }

    /// Makes a function that takes its `count` arguments from the x87 registers, the last one from st(0), and calls the `cdecl` function `target`
    /// with them as doubles.
    pub fn taking_x87(&mut self, memory: &Memory, target: u64, count: u8) -> Result<u64, Violation> {
        let size = 8 * count;
        // sub esp, size; for each argument from the last one on: fstp qword [esp + place]
        let mut code = vec![0x83, 0xec, size];
        for place in (0..count).rev() {
            code.extend([0xdd, 0x5c, 0x24, 8 * place]);
        }
        // mov eax, target; call eax; add esp, size; ret
        let [a, b, c, d, ..] = target.to_le_bytes();
        code.extend([0xb8, a, b, c, d, 0xff, 0xd0, 0x83, 0xc4, size, 0xc3]);
        self.place(memory, &code)
    }

    /// The same for a function that takes its arguments from xmm0 and xmm1, and answers in xmm0.
    pub fn taking_sse(&mut self, memory: &Memory, target: u64, count: u8) -> Result<u64, Violation> {
        let size = 8 * count;
        // sub esp, size; movsd [esp], xmm0; movsd [esp + 8], xmm1
        let mut code = vec![0x83, 0xec, size, 0xf2, 0x0f, 0x11, 0x04, 0x24];
        if count > 1 {
            code.extend([0xf2, 0x0f, 0x11, 0x4c, 0x24, 8]);
        }
        // mov eax, target; call eax; fstp qword [esp]; movsd xmm0, [esp]; add esp, size; ret
        let [a, b, c, d, ..] = target.to_le_bytes();
        code.extend([0xb8, a, b, c, d, 0xff, 0xd0, 0xdd, 0x1c, 0x24]);
        code.extend([0xf2, 0x0f, 0x10, 0x04, 0x24, 0x83, 0xc4, size, 0xc3]);
        self.place(memory, &code)
    }

    /// Makes them executable and unchangeable.
    pub fn seal(&self, memory: &mut Memory) -> io::Result<()> {
        memory.protect(self.range.clone(), Protection::READ_EXECUTE)
    }
}

/// Code with the addresses that what stands in it stands for.
fn connected(code: &[u8], known: &[(u32, u64)]) -> Vec<u8> {
    let (mut connected, mut at) = (code.to_vec(), 0);
    while let Some(word) = code.get(at..).and_then(|rest| rest.first_chunk()) {
        match known.iter().find(|(mark, _)| mark.to_le_bytes() == *word) {
            Some((_, address)) => {
                connected[at..at + 4].copy_from_slice(&address.to_le_bytes()[..4]);
                at += 4;
            }
            None => at += 1,
        }
    }
    connected
}

/// Where the address is to which the native function returns in which a trap has been hit.
pub(crate) fn return_place(mode: Mode, trap: &Trap) -> u64 {
    match mode {
        Mode::I386 => trap.frame.wrapping_add(mode.pointer_size()),
        Mode::X86_64 => trap.stack,
    }
}

impl Machine {
    /// The address of a function that serves the guest without leaving its code; `None` if there is none of this name.
    #[must_use]
    pub fn native(&self, name: &str) -> Option<u64> {
        self.natives.find(name)
    }

    /// Whether the native function of this name does what the shim of that name does, and is there because it costs less.
    #[must_use]
    pub fn is_shortcut(&self, name: &str) -> bool {
        self.natives.is_shortcut(name)
    }

    /// Makes a function for a 32-bit guest that calls the `cdecl` function at `target` with `count` doubles (one or two), which it takes from the
    /// x87 registers, the last one from st(0). Before [`seal`](Self::seal).
    ///
    /// # Errors
    /// [`Violation`] when there is no room.
    pub fn native_taking_x87(&mut self, target: u64, count: u8) -> Result<u64, Violation> {
        self.natives.taking_x87(&self.memory, target, count)
    }

    /// The same for a function that takes its arguments from xmm0 and xmm1, and answers in xmm0.
    ///
    /// # Errors
    /// As [`native_taking_x87`](Self::native_taking_x87).
    pub fn native_taking_sse(&mut self, target: u64, count: u8) -> Result<u64, Violation> {
        self.natives.taking_sse(&self.memory, target, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often an address from elsewhere is in the code of all natives.
    fn found(code: impl IntoIterator<Item = Vec<u8>>, mark: u32) -> usize {
        let count = |code: Vec<u8>| code.windows(4).filter(|word| **word == mark.to_le_bytes()).count();
        code.into_iter().map(count).sum()
    }

    #[test]
    fn all_that_lies_elsewhere_gets_its_address() {
        let marks = [elsewhere::UNWIND, elsewhere::CONTINUE, elsewhere::UNHANDLED];
        let known: Vec<(u32, u64)> = marks.into_iter().zip([0x2212_3450, 0x2000_0030, 0x2000_0040]).collect();
        let natives = [memory::list(), numbers::list(), unwind::list(), scopes::list()].concat();
        let code = || natives.iter().map(Native::code);
        let connected = || code().map(|code| connected(code, &known));
        for (&(mark, address), times) in known.iter().zip([4, 2, 2]) {
            let before = found(code().map(<[u8]>::to_vec), mark);
            assert_eq!(before, times, "{mark:#x}");
            assert_eq!(found(connected(), mark), 0, "{mark:#x}");
            assert_eq!(found(connected(), address as u32), before, "{address:#x}");
        }
    }
}
