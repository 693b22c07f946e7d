//! Video codecs: what a VfW driver is asked, in which order (spec section 4.1, C101 to C113).

use std::sync::Arc;

use mmsystem::{
    BI_RGB, BITMAPINFOHEADER, FourCc, ICDECOMPRESS, ICDECOMPRESS_NOTKEYFRAME, ICERR_DONTDRAW, ICERR_OK, ICINFO,
    ICM_DECOMPRESS, ICM_DECOMPRESS_BEGIN, ICM_DECOMPRESS_END, ICM_DECOMPRESS_GET_FORMAT, ICM_DECOMPRESS_QUERY,
    ICM_GETINFO, ICOPEN, Structure, icerr_name,
};

use crate::arena::{Arena, Block};
use crate::error::Error;
use crate::media::PictureFormat;
use crate::opened::{Opened, WIDTH, decoded, encoded};
use crate::registry::DriverFile;
use crate::session::{Hdrvr, Session};

/// The kind of driver: ICOPEN's `fccType`.
const ICTYPE_VIDEO: FourCc = FourCc(*b"vidc");
/// ICOPEN's `dwVersion`, as Windows and Wine pass it from `ICOpen`.
const VERSION: u32 = 0x1000;
/// The largest output format that a driver may ask room for: a header with a full palette is far below.
const MAX_FORMAT: i64 = 64 << 10;
/// A header, three colour masks and a full palette: the least room any format block gets, because old drivers read and
/// write a palette that the block's size does not count.
const FORMAT_ROOM: usize = 40 + 12 + 256 * 4;
/// Zeros behind a frame, for drivers that read a little too far.
const FRAME_MARGIN: [u8; 16] = [0; 16];
/// The room that a frame gets at first.
const FRAME_ROOM: usize = 64 << 10;

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
    pub fn open(session: &'s Session, driver: &DriverFile, handler: FourCc, mode: u32) -> Result<Self, Error> {
        let opened = Opened::open(session, driver, |arena| {
            let open = ICOPEN {
                dwSize: ICOPEN::size(WIDTH) as u32,
                fccType: ICTYPE_VIDEO.into(),
                fccHandler: handler.into(),
                dwVersion: VERSION,
                dwFlags: mode,
                ..ICOPEN::default()
            };
            arena.block_with(&encoded(&open, WIDTH)?)
        })?;
        Ok(Self { opened })
    }

    /// Its instance's handle.
    #[must_use]
    pub fn hdrvr(&self) -> Hdrvr {
        self.opened.hdrvr()
    }

    /// What the codec says it is (ICM_GETINFO); `None` when it answers that it filled nothing. Its texts are the driver's.
    ///
    /// # Errors
    /// As [`Session::send`].
    pub fn info(&self) -> Result<Option<ICINFO>, Error> {
        let size = ICINFO::size(WIDTH);
        let info = ICINFO { dwSize: size as u32, ..ICINFO::default() };
        let block = self.opened.arena.block_with(&encoded(&info, WIDTH)?)?;
        let filled = icerr(self.opened.send(ICM_GETINFO, block.lparam(), size as i64)?);
        if filled > 0 { decoded(&block, WIDTH).map(Some) } else { Ok(None) }
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

    /// Makes the codec ready to decompress frames of the format `input`, a BITMAPINFO block. It decides what it
    /// decompresses to: drivers accept formats that they then fill wrongly, but the one they name themselves is right.
    /// Only where that cannot be read here, it is asked for 24 and 32 bits.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Media`] for a format that cannot be read, and as [`Session::send`].
    pub fn decompressor(self, input: &[u8]) -> Result<Decompressor<'s>, Error> {
        let Self { opened } = self;
        let header = BITMAPINFOHEADER::decode((), input).ok_or(Error::TooLarge(input.len() as u64))?;
        let input = format_block(&opened.arena, input)?;
        ask(&opened, ICM_DECOMPRESS_QUERY, input.lparam(), 0)?;
        let (output, format) = output_format(&opened, &input, &header)?;
        let stated = decoded::<BITMAPINFOHEADER>(&output, ())?.biSizeImage;
        let picture = opened.arena.block_with(&vec![0; format.image_size()])?;
        // Its own block behind the picture takes what a driver writes to the size it stated, where that is more.
        let beyond = (stated as usize).saturating_sub(format.image_size());
        tracing::debug!(driver = opened.driver, beyond, "output format is chosen");
        ask(&opened, ICM_DECOMPRESS_BEGIN, input.lparam(), output.lparam())?;
        let frame = opened.arena.block(FRAME_ROOM)?;
        let parameters = opened.arena.block(ICDECOMPRESS::size(WIDTH))?;
        Ok(Decompressor { opened: Some(opened), header, input, output, frame, picture, parameters, format, copy: Vec::new() })
    }

    /// Sends DRV_CLOSE.
    ///
    /// # Errors
    /// [`Error::Refused`] when the driver stays open, and as [`Session::close`].
    pub fn close(self) -> Result<(), Error> {
        self.opened.close()
    }
}
