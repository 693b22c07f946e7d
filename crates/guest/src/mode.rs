//! The two ways in which the processor runs guest code.

/// How the processor runs a guest's code: which registers and pointers it has, and how its functions are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// 32-bit code in compatibility mode (Intel SDM volume 3, section 2.2).
    I386,
    /// 64-bit code.
    X86_64,
}

impl Mode {
    /// The mode for an image's code; `None` for a processor that this one cannot stand for.
    #[must_use]
    pub fn of(machine: pe::Machine) -> Option<Self> {
        match machine {
            pe::Machine::I386 => Some(Self::I386),
            pe::Machine::X86_64 => Some(Self::X86_64),
            _ => None,
        }
    }

    /// Bytes of a pointer.
    #[must_use]
    pub const fn pointer_size(self) -> u64 {
        match self {
            Self::I386 => 4,
            Self::X86_64 => 8,
        }
    }

    /// What there is for each mode, for this one.
    #[must_use]
    pub(crate) const fn pick(self, i386: u64, x86_64: u64) -> u64 {
        match self {
            Self::I386 => i386,
            Self::X86_64 => x86_64,
        }
    }
}
