//! DriverCallback: how a device tells its client what has happened (spec section 2.7).

#![allow(non_snake_case, reason = "Win32's own names")]

use std::ops::Range;

use guest::Stop;

use crate::abi::{Handle, Pointer, signed};
use crate::kernel32::sync::SetEvent;
use crate::process::Process;
use crate::user32::{is_window, post, post_to_thread};
use crate::winmm::low;

/// The part of the flags that says what the target is.
const DCB_TYPEMASK: u32 = 7;
/// A window.
pub(crate) const DCB_WINDOW: u32 = 1;
/// A thread's identifier.
const DCB_TASK: u32 = 2;
/// A function.
pub(crate) const DCB_FUNCTION: u32 = 3;
/// An event.
const DCB_EVENT: u32 = 5;

/// Who hears of a device, as `waveOutOpen` and its kin are told.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Callback {
    /// A window, a thread's identifier, a function or an event.
    target: Pointer,
    /// `DCB_` flags.
    flags: u32,
    /// The client's own value.
    user: Pointer,
}

impl Callback {
    /// Of the three values that a device is opened with, whose flags have `CALLBACK_` in the high word. `None` where that names no kind of target, or the
    /// window is none.
    pub fn of_open(process: &mut Process, target: Pointer, user: Pointer, flags: u32) -> Option<Self> {
        let flags = flags >> 16;
        let window = Handle(signed(process.machine.mode(), target.0).cast_unsigned());
        let fits = match flags {
            DCB_WINDOW => is_window(process, window),
            0 | DCB_TASK | DCB_FUNCTION | DCB_EVENT => true,
            _ => false,
        };
        fits.then_some(Self { target, flags, user })
    }

    /// Whether a function is called.
    pub fn calls(&self) -> bool {
        self.flags & DCB_TYPEMASK == DCB_FUNCTION
    }

    /// Whether what is called lies in this code.
    pub fn leads_into(&self, code: &Range<u64>) -> bool {
        self.calls() && code.contains(&self.target.0)
    }

    /// Tells the client; whether it has been told.
    pub fn tell(
        &self,
        process: &mut Process,
        device: Handle,
        message: u32,
        param1: Pointer,
    ) -> Result<bool, Stop> {
        DriverCallback(process, self.target, self.flags, device, message, self.user, param1, Pointer::NULL)
    }
}

/// DriverCallback: TRUE when the target has been told. There is no stack to switch to, so DCB_NOSWITCH changes nothing.
#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn DriverCallback(
    process: &mut Process,
    target: Pointer,
    flags: u32,
    device: Handle,
    message: u32,
    user: Pointer,
    param1: Pointer,
    param2: Pointer,
) -> Result<bool, Stop> {
    if target.is_null() {
        return Ok(false);
    }
    let mode = process.machine.mode();
    let (wparam, lparam) = (device.0, signed(mode, param1.0));
    let handle = Handle(signed(mode, target.0).cast_unsigned());
    match flags & DCB_TYPEMASK {
        DCB_WINDOW => Ok(post(process, handle, message, wparam, lparam)),
        DCB_TASK => Ok(post_to_thread(process, low(target.0), message, wparam, lparam)),
        DCB_FUNCTION => {
            process.call(target.0, &[device.0, message.into(), user.0, param1.0, param2.0])?;
            Ok(true)
        }
        DCB_EVENT => Ok(SetEvent(process, handle)),
        _ => Ok(false),
    }
}
