//! Reads what a Windows executable image says about itself: its machine, sections, imports, exports,
//! relocations, thread-local storage, resources and version.
//!
//! PE32 and PE32+ are read alike, from the bytes of the file, by the layouts of "PE Format" (MS Learn; cited as
//! *PE/COFF*). Of a 16-bit executable only the kind is told. Nothing is mapped, patched or run here.
//!
//! Every byte is taken for hostile: offsets are checked, counts are limited, and a damaged image gives a
//! [`PeError`] that says what is wrong and where. [`Image::parse`] checks the headers and the section table; each
//! table behind them is checked when it is asked for, so an image with damaged resources still tells its exports.
//!
//! ```
//! use pe::{Image, Machine, builder::Builder};
//!
//! let file = Builder::new(Machine::I386).code(&[0xC3]).export("DriverProc", 0).build();
//! assert_eq!(pe::identify(&file)?, Machine::I386);
//! let image = Image::parse(&file)?;
//! assert!(image.export("DriverProc")?.is_some());
//! # Ok::<(), pe::PeError>(())
//! ```
#![forbid(unsafe_code)]

mod error;
mod exports;
mod image;
mod imports;
mod layout;
mod machine;
mod reading;
mod relocations;
mod resources;
mod section;
mod tls;
mod version;

pub mod builder;

pub use error::{PeError, Place};
pub use exports::{Export, ExportTarget};
pub use image::{Image, MAX_IMAGE_SIZE, WineMark, wine_mark};
pub use imports::{Import, Symbol};
pub use layout::Canvas;
pub use machine::{Machine, identify};
pub use relocations::{Relocation, RelocationKind};
pub use resources::{RT_STRING, RT_VERSION};
pub use section::Section;
pub use tls::Tls;
pub use version::VersionInfo;

#[cfg(test)]
mod hostile_tests;
