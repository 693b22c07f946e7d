//! Win32 as the guest sees it.
//!
//! A *shim* is a plain typed function with the Win32 function's own name, and one line in its library's list:
//!
//! ```text
//! library! { KERNEL32, Stdcall, ["kernel32.dll", "kernelbase.dll"], "https://learn.microsoft.com/windows/win32/api/";
//!     heap::HeapAlloc, "heapapi/nf-heapapi-heapalloc";
//! }
//! ```
//! A function with an A and a W form is one function, generic over the unit of text, in two lines, such as
//! `module::LoadLibrary<u8> as "LoadLibraryA"`. A variable that a library exports is a function that answers where it lies, behind a `&`:
//! `&data::_fmode, "fmode";`.
//!
//! Everything else derives from the function's type: how arguments are decoded ([`abi`]), how the result goes back, the name in reports.
//! A shim reaches the guest only through [`Process`]: checked copies of guest memory, and calls back into guest code.
#![forbid(unsafe_code)]

#[macro_use]
mod library;
pub mod abi;
mod advapi32;
mod clock;
mod comctl32;
mod comdlg32;
mod companions;
mod counts;
mod crt;
mod exceptions;
mod files;
mod foresight;
mod forwards;
mod gdi32;
mod heap;
mod images;
mod kernel32;
mod ole32;
mod process;
mod queue;
mod resources;
mod serve;
mod shell32;
mod shlwapi;
#[cfg(test)]
mod testing;
mod text;
mod turns;
mod user32;
mod version;
mod waiting;
mod wants;
mod winmm;

pub use foresight::can_use_threads;
pub use library::{Convention, Library, Shim, Variable, libraries};
pub use process::{Aside, Link, LinkError, Listen, Process, Ways};
