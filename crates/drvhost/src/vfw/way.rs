//! The two families of messages by which codecs decompress: the plain one, and the one of ICM_DECOMPRESSEX with rectangles, which some codecs have
//! instead (spec section 4.1).

use mmsystem::{
    BITMAPINFOHEADER, ICDECOMPRESS, ICDECOMPRESSEX, ICERR_OK, ICERR_UNSUPPORTED, ICM_DECOMPRESS,
    ICM_DECOMPRESS_BEGIN, ICM_DECOMPRESS_END, ICM_DECOMPRESS_QUERY, ICM_DECOMPRESSEX, ICM_DECOMPRESSEX_BEGIN,
    ICM_DECOMPRESSEX_END, ICM_DECOMPRESSEX_QUERY, Structure,
};

use super::{icerr, icerr_text};
use crate::arena::Block;
use crate::error::Error;
use crate::opened::{Opened, encoded};

/// A family of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// ICM_DECOMPRESS and its relatives, whose parameters are the two formats.
    Plain,
    /// ICM_DECOMPRESSEX and its relatives, which all get the one structure.
    Extended,
}

/// What is decompressed from and to, in the driver's memory.
pub(super) struct Between<'a> {
    /// The input's header, for its size in pixels.
    pub header: &'a BITMAPINFOHEADER,
    /// The format of frames.
    pub input: &'a Block,
    /// The format of pictures; `None` for any.
    pub output: Option<&'a Block>,
}

impl Between<'_> {
    fn output(&self) -> i64 {
        self.output.map_or(0, Block::lparam)
    }

    /// The structure for whole pictures.
    fn extended(&self, flags: u32, frame: u64, picture: u64) -> ICDECOMPRESSEX {
        let (width, height) = (self.header.biWidth, self.header.biHeight.saturating_abs());
        ICDECOMPRESSEX {
            dwFlags: flags,
            lpbiSrc: self.input.address(),
            lpSrc: frame,
            lpbiDst: self.output.map_or(0, Block::address),
            lpDst: picture,
            dxDst: width,
            dyDst: height,
            dxSrc: width,
            dySrc: height,
            ..ICDECOMPRESSEX::default()
        }
    }

    /// Sends a message that gets that structure.
    fn send_extended(&self, opened: &Opened<'_>, message: u32) -> Result<i64, Error> {
        let block = opened.arena.block_with(&encoded(&self.extended(0, 0, 0), opened.width())?)?;
        opened.send(message, block.lparam(), block.len() as i64).map(icerr)
    }
}

impl Way {
    /// The family in which a codec decompresses from a format: the plain one, unless it does not have that.
    ///
    /// # Errors
    /// [`Error::Refused`] with its answer, and as [`Session::send`](crate::Session::send).
    pub fn of(opened: &Opened<'_>, formats: &Between<'_>) -> Result<Self, Error> {
        let answer = Self::Plain.query(opened, formats)?;
        if answer == ICERR_OK {
            return Ok(Self::Plain);
        }
        if answer == ICERR_UNSUPPORTED && Self::Extended.query(opened, formats)? == ICERR_OK {
            return Ok(Self::Extended);
        }
        Err(opened.refused(ICM_DECOMPRESS_QUERY, icerr_text(answer)))
    }

    /// Asks whether the codec decompresses so; ICERR_OK for yes.
    fn query(self, opened: &Opened<'_>, formats: &Between<'_>) -> Result<i64, Error> {
        match self {
            Self::Plain => {
                opened.send(ICM_DECOMPRESS_QUERY, formats.input.lparam(), formats.output()).map(icerr)
            }
            Self::Extended => formats.send_extended(opened, ICM_DECOMPRESSEX_QUERY),
        }
    }

    /// Sees that the codec decompresses so.
    ///
    /// # Errors
    /// [`Error::Refused`], and as [`Session::send`](crate::Session::send).
    pub fn check(self, opened: &Opened<'_>, formats: &Between<'_>) -> Result<(), Error> {
        let message = match self {
            Self::Plain => ICM_DECOMPRESS_QUERY,
            Self::Extended => ICM_DECOMPRESSEX_QUERY,
        };
        expect_ok(opened, message, self.query(opened, formats)?)
    }

    /// Makes the codec ready.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn begin(self, opened: &Opened<'_>, formats: &Between<'_>) -> Result<(), Error> {
        match self {
            Self::Plain => {
                let (input, output) = (formats.input.lparam(), formats.output());
                expect_ok(
                    opened,
                    ICM_DECOMPRESS_BEGIN,
                    icerr(opened.send(ICM_DECOMPRESS_BEGIN, input, output)?),
                )
            }
            Self::Extended => {
                let answer = formats.send_extended(opened, ICM_DECOMPRESSEX_BEGIN)?;
                expect_ok(opened, ICM_DECOMPRESSEX_BEGIN, answer)
            }
        }
    }

    /// The message that decompresses a frame.
    pub fn message(self) -> u32 {
        match self {
            Self::Plain => ICM_DECOMPRESS,
            Self::Extended => ICM_DECOMPRESSEX,
        }
    }

    /// Bytes of the structure that it gets (C107).
    pub fn parameters_size(self, opened: &Opened<'_>) -> usize {
        match self {
            Self::Plain => ICDECOMPRESS::size(opened.width()),
            Self::Extended => ICDECOMPRESSEX::size(opened.width()),
        }
    }

    /// Decompresses a frame; gives the codec's answer. `parameters` has room for the structure.
    ///
    /// # Errors
    /// As [`Session::send`](crate::Session::send).
    pub fn decompress(
        self,
        opened: &Opened<'_>,
        formats: &Between<'_>,
        flags: u32,
        [frame, picture, parameters]: [&Block; 3],
    ) -> Result<i64, Error> {
        parameters.write(0, &self.parameters(formats, flags, [frame, picture])?)?;
        opened.send(self.message(), parameters.lparam(), parameters.len() as i64).map(icerr)
    }

    /// The structure that a codec gets to decompress a frame.
    ///
    /// # Errors
    /// As [`encoded`].
    pub fn parameters(
        self,
        formats: &Between<'_>,
        flags: u32,
        [frame, picture]: [&Block; 2],
    ) -> Result<Vec<u8>, Error> {
        match self {
            Self::Plain => {
                let plain = ICDECOMPRESS {
                    dwFlags: flags,
                    lpbiInput: formats.input.address(),
                    lpInput: frame.address(),
                    lpbiOutput: formats.output.map_or(0, Block::address),
                    lpOutput: picture.address(),
                    ckid: 0,
                };
                encoded(&plain, frame.width())
            }
            Self::Extended => {
                encoded(&formats.extended(flags, frame.address(), picture.address()), frame.width())
            }
        }
    }

    /// Says that there are no more frames.
    ///
    /// # Errors
    /// As [`Session::send`](crate::Session::send).
    pub fn end(self, opened: &Opened<'_>) -> Result<(), Error> {
        let message = match self {
            Self::Plain => ICM_DECOMPRESS_END,
            Self::Extended => ICM_DECOMPRESSEX_END,
        };
        opened.send(message, 0, 0).map(drop)
    }
}

fn expect_ok(opened: &Opened<'_>, message: u32, answer: i64) -> Result<(), Error> {
    if answer == ICERR_OK { Ok(()) } else { Err(opened.refused(message, icerr_text(answer))) }
}
