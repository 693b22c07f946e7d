//! The x87 control word: in a shim, the guest's, since Rust code does not use the x87.

use crate::thread::Machine;

/// Which bits say how results are rounded, and to how many bits.
const ROUNDING: u16 = 0xf00;

/// The control word.
pub(crate) fn control() -> u16 {
    let mut word = 0_u16;
    // SAFETY: stores the control word where `word` is.
    unsafe { std::arch::asm!("fnstcw [{}]", in(reg) &raw mut word, options(nostack, preserves_flags)) };
    word
}

impl Machine {
    /// How the guest whose shim runs has its x87 round: the bits of the control word for precision and rounding.
    #[must_use]
    pub fn x87_rounding(&self) -> u16 {
        control() & ROUNDING
    }

    /// Has it round in another way; all other bits stay, so that no exception is unmasked.
    pub fn set_x87_rounding(&mut self, bits: u16) {
        let word = control() & !ROUNDING | bits & ROUNDING;
        // SAFETY: loads a control word from where `word` is. Rust code does not use the x87, and the guest's is what it has when the shim returns.
        unsafe { std::arch::asm!("fldcw [{}]", in(reg) &raw const word, options(nostack, preserves_flags)) };
    }
}
