//! The registers of a guest.

use crate::switch::ImportFrame;
use crate::switch::compat::{CODE, DATA, HOST_CODE};

/// Numbers of general registers, as instructions encode them (Intel SDM volume 2, section 2.1.5).
pub const RAX: usize = 0;
/// rcx or ecx.
pub const RCX: usize = 1;
/// rdx or edx.
pub const RDX: usize = 2;
/// rbx or ebx.
pub const RBX: usize = 3;
/// rsp or esp.
pub const RSP: usize = 4;
/// rbp or ebp.
pub const RBP: usize = 5;
/// rsi or esi.
pub const RSI: usize = 6;
/// rdi or edi.
pub const RDI: usize = 7;

/// The x87 and SSE registers as FXSAVE lays them out (Intel SDM volume 1, section 10.5.1).
pub const FX_SIZE: usize = 512;

/// Offsets in that.
const FX_CONTROL: usize = 0;
const FX_MXCSR: usize = 24;
const FX_XMM: usize = 160;

/// The bits of MXCSR that exist.
const MXCSR: u32 = 0xffff;
/// The flags that user code may set without consequences for the host: carry, parity, adjust, zero, sign, direction, overflow.
const FLAGS: u64 = 0xcd5;
/// Always set.
const FLAGS_FIXED: u64 = 0x202;

/// The registers of a guest at some instruction.
#[repr(C, align(16))]
#[derive(Clone)]
pub struct Cpu {
    /// The general registers, by number. Of a 32-bit guest the lower halves of the first eight.
    pub general: [u64; 16],
    /// The instruction pointer.
    pub rip: u64,
    /// The flags.
    pub flags: u64,
    /// The code and the stack segment's selectors.
    pub(crate) cs: u64,
    pub(crate) ss: u64,
    /// x87 and SSE registers, as FXSAVE lays them out.
    pub(crate) floats: Fx,
}

/// Aligned as FXRSTOR wants it.
#[repr(C, align(16))]
#[derive(Clone)]
pub(crate) struct Fx(pub [u8; FX_SIZE]);

impl std::fmt::Debug for Cpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cpu {{ rip: {:#x}, rsp: {:#x} }}", self.rip, self.general[RSP])
    }
}

impl Default for Cpu {
    fn default() -> Self {
        Self::new()
    }
}

impl Cpu {
    /// All zero but for the control words, which are as a thread begins.
    #[must_use]
    pub fn new() -> Self {
        let mut cpu = Self::ZERO;
        cpu.set_x87_control(0x27f);
        cpu.set_mxcsr(0x1f80);
        cpu
    }

    /// All zero.
    pub(crate) const ZERO: Self =
        Self { general: [0; 16], rip: 0, flags: 0, cs: 0, ss: 0, floats: Fx([0; FX_SIZE]) };

    /// What a guest finds behind a call of an import, but for the result: `popped` bytes of arguments are off its stack.
    pub(crate) fn behind(
        frame: &ImportFrame,
        mode: crate::Mode,
        target: u64,
        popped: u64,
        x87_control: u16,
    ) -> Self {
        let mut cpu = Self { rip: target, flags: FLAGS_FIXED, ..Self::new() };
        let [r12, r13, r14, r15] = frame.r12;
        let rsp = frame.guest_sp.wrapping_add(mode.pointer_size()).wrapping_add(popped);
        cpu.general =
            [0, 0, 0, frame.rbx, rsp, frame.rbp, frame.rsi, frame.rdi, 0, 0, 0, 0, r12, r13, r14, r15];
        cpu.set_x87_control(x87_control);
        cpu.set_mxcsr(frame.mxcsr);
        for (index, register) in (6..).zip(frame.xmm) {
            if mode == crate::Mode::X86_64 {
                cpu.set_xmm(index, register);
            }
        }
        cpu
    }

    /// Sets register xmm0 to xmm15.
    pub fn set_xmm(&mut self, index: usize, value: u128) {
        if let Some(bytes) = self.floats.0[FX_XMM..].as_chunks_mut().0.get_mut(index) {
            *bytes = value.to_le_bytes();
        }
    }

    /// Register xmm0 to xmm15; 0 for what is none.
    #[must_use]
    pub fn xmm(&self, index: usize) -> u128 {
        self.floats.0[FX_XMM..].as_chunks().0.get(index).map_or(0, |bytes| u128::from_le_bytes(*bytes))
    }

    /// The x87 control word.
    #[must_use]
    pub fn x87_control(&self) -> u16 {
        self.floats.0[FX_CONTROL..].first_chunk().map_or(0, |bytes| u16::from_le_bytes(*bytes))
    }

    /// Sets it.
    pub fn set_x87_control(&mut self, word: u16) {
        self.floats.0[FX_CONTROL..FX_CONTROL + 2].copy_from_slice(&word.to_le_bytes());
    }

    /// The SSE control and status register.
    #[must_use]
    pub fn mxcsr(&self) -> u32 {
        self.floats.0[FX_MXCSR..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    /// Sets it.
    pub fn set_mxcsr(&mut self, value: u32) {
        self.floats.0[FX_MXCSR..FX_MXCSR + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// The x87 and SSE registers, as FXSAVE lays them out.
    #[must_use]
    pub fn fx(&self) -> &[u8; FX_SIZE] {
        &self.floats.0
    }

    /// Sets them.
    pub fn set_fx(&mut self, floats: [u8; FX_SIZE]) {
        self.floats.0 = floats;
    }

    /// Makes it fit for the processor, whatever the guest put into it.
    pub(crate) fn make_safe(&mut self, mode: crate::Mode) {
        self.flags = self.flags & FLAGS | FLAGS_FIXED;
        (self.cs, self.ss) = match mode {
            crate::Mode::I386 => (CODE.into(), DATA.into()),
            crate::Mode::X86_64 => (HOST_CODE.into(), DATA.into()),
        };
        if mode == crate::Mode::I386 {
            self.rip &= u64::from(u32::MAX);
            self.general.iter_mut().for_each(|register| *register &= u64::from(u32::MAX));
        }
        self.set_mxcsr(self.mxcsr() & MXCSR);
    }
}
