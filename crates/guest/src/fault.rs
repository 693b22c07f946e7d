//! What can go wrong in guest code, as values.

use std::fmt;

/// What an access wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To read.
    Read,
    /// To write.
    Write,
    /// To run what is there.
    Execute,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Execute => "execute",
        })
    }
}

/// Why a call into the guest did not return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// Memory that is not there or not allowed; the address is unknown for one that no pointer may have (not canonical).
    AccessViolation {
        /// The address that was accessed.
        address: Option<u64>,
        /// How.
        access: Access,
    },
    /// The stack's end was passed.
    StackOverflow,
    /// Bytes that are no instruction.
    IllegalInstruction,
    /// `int3`.
    Breakpoint,
    /// `int N`; 0x29 is how code compiled by MSVC ends itself at once (`__fastfail`).
    SoftwareInterrupt {
        /// N.
        number: u8,
    },
    /// A misaligned access, after the guest asked for such to fault.
    Misaligned,
    /// Integer division by zero, or with a result that does not fit.
    IntegerDivide,
    /// An unmasked floating-point exception.
    FloatingPoint,
    /// A system call that the filter does not allow.
    SystemCall {
        /// Its number on x86-64.
        number: u32,
    },
    /// Drivers that call each other without end.
    Endless,
    /// The call took longer than it was given.
    Deadline,
    /// The driver asked to end the process.
    Exit {
        /// With this code.
        code: u32,
    },
    /// The driver asked to end the thread it runs on.
    ThreadExit {
        /// With this code.
        code: u32,
    },
    /// The driver called a function that no library here has.
    Unresolved {
        /// `library!function`.
        import: String,
    },
    /// `RaiseException`, with nobody to handle it.
    Raised {
        /// The exception code.
        code: u32,
    },
    /// The guest wants to go on in a call outside of this one, which is not there (any more).
    Unwound,
    /// A failed assertion of the driver's own.
    Assertion {
        /// What it says.
        text: String,
    },
    /// A shim failed in a way that is its own fault, not the driver's.
    Shim {
        /// `library!function`.
        shim: String,
    },
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccessViolation { address: Some(address), access } => {
                write!(f, "access violation: cannot {access} at {address:#x}")
            }
            Self::AccessViolation { address: None, access } => {
                write!(
                    f,
                    "access violation: cannot {access} at an address that cannot exist, or a privileged instruction"
                )
            }
            Self::StackOverflow => f.write_str("stack overflow"),
            Self::IllegalInstruction => f.write_str("illegal instruction"),
            Self::Breakpoint => f.write_str("breakpoint instruction"),
            Self::SoftwareInterrupt { number: 0x29 } => {
                f.write_str("fast fail (int 0x29): a check of the driver's own failed")
            }
            Self::SoftwareInterrupt { number } => write!(f, "software interrupt {number:#04x}"),
            Self::Misaligned => f.write_str("misaligned memory access"),
            Self::IntegerDivide => f.write_str("integer division by zero or overflow"),
            Self::FloatingPoint => f.write_str("floating-point exception"),
            Self::SystemCall { number } => {
                write!(f, "system call {number}, which the sandbox does not allow")
            }
            Self::Endless => f.write_str("it and another driver call each other without end"),
            Self::Deadline => f.write_str("no answer within the deadline"),
            Self::Exit { code } => write!(f, "the driver tried to end the process with code {code}"),
            Self::ThreadExit { code } => {
                write!(f, "the driver tried to end its caller's thread with code {code}")
            }
            Self::Unresolved { import } => write!(f, "{import} was called, which is not supplied here"),
            Self::Raised { code } => write!(f, "unhandled exception {code:#010x}"),
            Self::Unwound => f.write_str("it unwound its stack past the call that it was in"),
            Self::Assertion { text } => write!(f, "the driver's assertion failed: {text}"),
            Self::Shim { shim } => write!(f, "{shim} failed inside drvhost"),
        }
    }
}

/// Where in an image something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The image's file name.
    pub module: String,
    /// Offset from its base.
    pub offset: u64,
}

/// A call into the guest that ended other than by returning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What happened.
    pub kind: FaultKind,
    /// The address of the guest instruction that did it, or that called the shim that found it; 0 when unknown.
    pub instruction: u64,
    /// The same as module and offset, when it lies in an image.
    pub place: Option<Place>,
}
