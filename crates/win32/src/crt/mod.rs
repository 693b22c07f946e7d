//! The C run-time libraries: msvcrt.dll, ucrtbase.dll and what forwards to them.

use guest::{Machine, Violation};

/// What the C library keeps for the guest.
#[derive(Debug)]
pub(crate) struct State {}

impl State {
    pub fn new(_machine: &mut Machine) -> Result<Self, Violation> {
        Ok(Self {})
    }
}

library! {
    /// The C run-time libraries.
    LIBRARY, ["ucrtbase.dll", "msvcrt.dll", "api-ms-win-crt-*"], "https://learn.microsoft.com/cpp/c-runtime-library/reference/";
}

library! {
    /// What drivers take from ntdll.
    NTDLL, ["ntdll.dll"], "https://learn.microsoft.com/cpp/c-runtime-library/reference/";
}
