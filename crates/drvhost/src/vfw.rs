//! Video codecs: what a VfW driver is asked, in which order (spec section 4.1, C101 to C113).

mod ahead;
mod compress;
mod decompress;
mod state;
mod state_file;
mod way;

use std::sync::Arc;

use mmsystem::{FourCc, ICERR_OK, ICINFO, ICM_DECOMPRESS_QUERY, ICM_GETINFO, ICOPEN, Structure, icerr_name};

use crate::arena::{Arena, Block};
use crate::error::Error;
use crate::opened::{Opened, decoded, encoded};
use crate::registry::DriverFile;
use crate::session::{Hdrvr, Session};

pub(crate) use ahead::Made;
pub use compress::{BEST_QUALITY, Compressed, Compression, Compressor};
pub use decompress::Decompressor;
pub use state_file::state_in;

/// The kind of driver: ICOPEN's `fccType`.
const ICTYPE_VIDEO: FourCc = FourCc(*b"vidc");
/// ICOPEN's `dwVersion`, as Windows and Wine pass it from `ICOpen`.
const VERSION: u32 = 0x1000;
/// The largest output format that a driver may ask room for: a header with a full palette is far below.
const MAX_FORMAT: i64 = 64 << 10;
/// A header, three colour masks and a full palette: the least room any format block gets, because old drivers read and
/// write a palette that the block's size does not count.
const FORMAT_ROOM: usize = 40 + 12 + 256 * 4;

/// An open video codec. Dropping it sends DRV_CLOSE.
#[derive(Debug)]
pub struct Codec<'s> {
    opened: Opened<'s>,
}

impl<'s> Codec<'s> {
    /// Opens a driver for the codec `handler` with an `ICMODE_` value.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn open(
        session: &'s Session,
        driver: &DriverFile,
        handler: FourCc,
        mode: u32,
    ) -> Result<Self, Error> {
        let opened = Opened::open(session, driver, |arena| {
            let open = ICOPEN {
                dwSize: ICOPEN::size(arena.width()) as u32,
                fccType: ICTYPE_VIDEO.into(),
                fccHandler: handler.into(),
                dwVersion: VERSION,
                dwFlags: mode,
                ..ICOPEN::default()
            };
            arena.block_with(&encoded(&open, arena.width())?)
        })?;
        Ok(Self { opened })
    }

    /// Its instance's handle.
    #[must_use]
    pub fn hdrvr(&self) -> Hdrvr {
        self.opened.hdrvr()
    }

    /// What the codec says it is (ICM_GETINFO); `None` when it answers that it filled nothing. Its texts are the driver's,
    /// but for `szDriver`, which is the name of its file (C105).
    ///
    /// # Errors
    /// As [`Session::send`].
    pub fn info(&self) -> Result<Option<ICINFO>, Error> {
        let width = self.opened.width();
        let size = ICINFO::size(width);
        let info = ICINFO { dwSize: size as u32, ..ICINFO::default() };
        let block = self.opened.arena.block_with(&encoded(&info, width)?)?;
        let filled = icerr(self.opened.send(ICM_GETINFO, block.lparam(), size as i64)?);
        if filled <= 0 {
            return Ok(None);
        }
        let info = decoded(&block, width)?;
        Ok(Some(ICINFO { szDriver: fixed_text(&self.opened.driver), ..info }))
    }

    /// Whether the codec decompresses from a format, a BITMAPINFO block, to one of its choice: the answer to
    /// ICM_DECOMPRESS_QUERY, ICERR_OK for yes.
    ///
    /// # Errors
    /// As [`Session::send`].
    pub fn decompress_query(&self, input: &[u8]) -> Result<i64, Error> {
        let input = format_block(&self.opened.arena, input)?;
        self.opened.send(ICM_DECOMPRESS_QUERY, input.lparam(), 0).map(icerr)
    }

    /// Sends DRV_CLOSE.
    ///
    /// # Errors
    /// [`Error::Refused`] when the driver stays open, and as [`Session::close`].
    pub fn close(self) -> Result<(), Error> {
        self.opened.close()
    }
}

/// Text as a structure's field holds it: cut to leave room for a NUL, which fills the rest.
fn fixed_text<const N: usize>(text: &str) -> [u16; N] {
    let mut units = [0; N];
    let room = N.saturating_sub(1);
    units.iter_mut().take(room).zip(text.encode_utf16()).for_each(|(to, from)| *to = from);
    units
}

/// A format in a block with room for a palette behind it.
fn format_block(arena: &Arc<Arena>, format: &[u8]) -> Result<Block, Error> {
    let mut bytes = format.to_vec();
    bytes.resize(format.len().max(FORMAT_ROOM), 0);
    arena.block_with(&bytes)
}

/// Sends a message that only ICERR_OK lets go on.
fn ask(opened: &Opened<'_>, message: u32, lparam1: i64, lparam2: i64) -> Result<(), Error> {
    match icerr(opened.send(message, lparam1, lparam2)?) {
        ICERR_OK => Ok(()),
        answer => Err(opened.refused(message, icerr_text(answer))),
    }
}

/// The meaning of an answer: a LONG, of which a 64-bit driver may leave the upper half undefined.
fn icerr(answer: i64) -> i64 {
    i64::from(answer as i32)
}

/// An answer by name and number.
pub(crate) fn icerr_text(answer: i64) -> String {
    icerr_name(answer).map_or_else(|| answer.to_string(), |name| format!("{name} ({answer})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_longs() {
        assert_eq!(icerr(0xFFFF_FFFE), -2);
        assert_eq!(icerr(-2), -2);
        assert_eq!(icerr_text(icerr(0x7EAD_BEEF_0000_0000)), "ICERR_OK (0)");
        assert_eq!(icerr_text(-1234), "-1234");
    }

    #[test]
    fn texts_end_with_a_nul() {
        assert_eq!(fixed_text("ab"), [97, 98, 0, 0]);
        assert_eq!(fixed_text("abcdef"), [97, 98, 99, 0]);
        assert_eq!(fixed_text::<0>("a"), [0; 0]);
    }
}
