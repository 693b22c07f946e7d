//! What a guest's call of an import brings along, and what it takes back.

use crate::memory::{Memory, Violation};
use crate::mode::Mode;

/// The arguments of an import call, as the guest laid them out, read from the first to the last.
///
/// Win64 gives every argument one 8-byte slot, of which the first four travel in registers: integers and pointers in one kind,
/// floating-point numbers in another. On i386 all lie on the stack, in as many 4-byte slots as they need.
#[derive(Debug, Clone, Copy)]
pub struct Arguments {
    mode: Mode,
    /// Of Win64: rcx, rdx, r8, r9.
    integers: [u64; 4],
    /// Of Win64: the low halves of xmm0 to xmm3.
    floats: [u64; 4],
    /// Where the first argument's slot lies.
    stack: u64,
    /// The next slot.
    next: u32,
}

impl Arguments {
    pub(crate) fn new(mode: Mode, integers: [u64; 4], floats: [u64; 4], guest_sp: u64) -> Self {
        // The return address lies below.
        Self { mode, integers, floats, stack: guest_sp.wrapping_add(mode.pointer_size()), next: 0 }
    }

    /// The mode of the guest that calls.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The next argument: an integer or pointer of at most a pointer's size. What is smaller than its slot leaves the rest undefined.
    ///
    /// # Errors
    /// [`Violation`] when it would lie outside the guest's stack.
    pub fn word(&mut self, memory: &Memory) -> Result<u64, Violation> {
        let (index, at) = self.advance();
        match (self.mode, self.integers.get(index)) {
            (Mode::X86_64, Some(&value)) => Ok(value),
            (Mode::X86_64, None) => memory.array(at).map(u64::from_le_bytes),
            (Mode::I386, _) => memory.array(at).map(u32::from_le_bytes).map(u64::from),
        }
    }

    /// The next argument: an integer of 64 bits, or the bits of a double where the guest passes those like integers (`...`).
    ///
    /// # Errors
    /// As [`word`](Self::word).
    pub fn long(&mut self, memory: &Memory) -> Result<u64, Violation> {
        let low = self.word(memory)?;
        match self.mode {
            Mode::X86_64 => Ok(low),
            Mode::I386 => self.word(memory).map(|high| high << 32 | low),
        }
    }

    /// The next argument: a `double` of a function with a prototype.
    ///
    /// # Errors
    /// As [`word`](Self::word).
    pub fn double(&mut self, memory: &Memory) -> Result<f64, Violation> {
        match self.float() {
            Some(bits) => Ok(f64::from_bits(bits)),
            None => self.long(memory).map(f64::from_bits),
        }
    }

    /// The next argument: a `float` of a function with a prototype.
    ///
    /// # Errors
    /// As [`word`](Self::word).
    pub fn single(&mut self, memory: &Memory) -> Result<f32, Violation> {
        let bits = match self.float() {
            Some(bits) => bits,
            None => self.word(memory)?,
        };
        let [a, b, c, d, ..] = bits.to_le_bytes();
        Ok(f32::from_le_bytes([a, b, c, d]))
    }

    /// The next argument, if it travels in a floating-point register.
    fn float(&mut self) -> Option<u64> {
        let bits = self.floats.get(self.next as usize).copied().filter(|_| self.mode == Mode::X86_64)?;
        self.advance();
        Some(bits)
    }

    /// Steps over a slot: its number and its address.
    fn advance(&mut self) -> (usize, u64) {
        let index = self.next;
        self.next = index.saturating_add(1);
        (index as usize, self.stack.wrapping_add(self.mode.pointer_size() * u64::from(index)))
    }
}

/// A shim's result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// An integer or pointer, or nothing: in rax, or in edx and eax.
    Integer(u64),
    /// A `double`: in xmm0, or in st(0).
    Double(f64),
    /// A `float`: in the same place.
    Single(f32),
}

/// How a shim goes back to the guest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Return {
    /// With what.
    pub value: Value,
    /// How many 4-byte slots it takes off an i386 guest's stack, besides the return address: its arguments' if it is a `stdcall` function,
    /// none if it is `cdecl`.
    pub popped: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Layout;

    fn stacked(memory: &Memory, at: u64, words: &[u32]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        memory.write(at, &bytes).unwrap();
    }

    // One test, because a process has guest memory once.
    #[test]
    fn arguments_lie_where_each_mode_puts_them() {
        let memory = Memory::reserve(Layout::fixed()).unwrap();
        let sp = memory.layout().stack(0).end - 0x100;
        let pi = std::f64::consts::PI.to_bits();
        let (low, high) = (pi as u32, (pi >> 32) as u32);
        stacked(&memory, sp, &[0xdead, 1, 2, 3, low, high, 1.5_f32.to_bits(), 7]);
        let mut narrow = Arguments::new(Mode::I386, [9; 4], [9; 4], sp);
        assert_eq!(narrow.word(&memory), Ok(1));
        assert_eq!(narrow.long(&memory), Ok(3 << 32 | 2));
        assert_eq!(narrow.double(&memory), Ok(std::f64::consts::PI));
        assert_eq!(narrow.single(&memory), Ok(1.5));
        assert_eq!(narrow.word(&memory), Ok(7));

        let floats = [2.5_f64.to_bits(), 1.5_f32.to_bits().into(), 0, 0];
        // Below the fifth argument: the return address and four slots that nobody has filled.
        stacked(&memory, sp + 40, &[5, 6, low, high]);
        let mut wide = Arguments::new(Mode::X86_64, [1, 2, 3, 4], floats, sp);
        assert_eq!(wide.double(&memory), Ok(2.5));
        assert_eq!(wide.single(&memory), Ok(1.5));
        assert_eq!((wide.word(&memory), wide.long(&memory)), (Ok(3), Ok(4)));
        assert_eq!(wide.long(&memory), Ok(6 << 32 | 5));
        assert_eq!(wide.double(&memory), Ok(std::f64::consts::PI));

        let mut nowhere = Arguments::new(Mode::I386, [0; 4], [0; 4], memory.layout().stack(0).end - 4);
        assert!(nowhere.word(&memory).is_err());
    }
}
