//! The interface as data: message numbers, flags, error codes, and structures in both widths.
//!
//! Names are Win32's own. Numbers and layouts are those of the installable-driver specification, sections 1.3, 3 and
//! 4 (cited as *spec*), which follow the public Windows headers.
//!
//! - [`messages`]: what `DriverProc` receives (`DRV_*`, `ICM_*`, `ACMDM_*`), with names for people.
//! - [`devices`]: what the wave and MIDI entry points receive (`MODM_*` and so on). Their numbers overlap.
//! - [`errors`], [`flags`], [`formats`]: what the structures' fields hold.
//! - [`structures`]: one declaration for both widths, encoded and decoded through [`Structure`].
//! - [`FourCc`]: four-character codes.
//!
//! ```
//! use mmsystem::{ICOPEN, Structure, Width};
//!
//! let open = ICOPEN { dwSize: 36, dwFlags: mmsystem::ICMODE_DECOMPRESS, ..ICOPEN::default() };
//! let mut bytes = [0; 36];
//! open.encode(Width::Bits32, &mut bytes)?;
//! assert_eq!(ICOPEN::decode(Width::Bits32, &bytes), Some(open));
//! assert_eq!(ICOPEN::size(Width::Bits64), 56);
//! # Ok::<(), mmsystem::EncodeError>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

#[macro_use]
mod names;
#[macro_use]
mod kind;
#[macro_use]
mod layout;

pub mod devices;
pub mod errors;
pub mod flags;
pub mod formats;
mod fourcc;
pub mod messages;
pub mod structures;

pub use errors::*;
pub use flags::*;
pub use formats::*;
pub use fourcc::{FourCc, ParseFourCcError};
pub use layout::{EncodeError, Field, Layout, Member, Packing, Structure, Width};
pub use messages::*;
pub use structures::*;
