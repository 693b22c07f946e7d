//! Video codecs: what a VfW driver is asked, in which order (spec section 4.1, C101 to C113).

use std::sync::Arc;

use mmsystem::{
    BI_RGB, BITMAPINFOHEADER, FourCc, ICDECOMPRESS, ICDECOMPRESS_NOTKEYFRAME, ICERR_DONTDRAW, ICERR_OK,
    ICINFO, ICM_DECOMPRESS, ICM_DECOMPRESS_BEGIN, ICM_DECOMPRESS_END, ICM_DECOMPRESS_GET_FORMAT,
    ICM_DECOMPRESS_QUERY, ICM_GETINFO, ICOPEN, Structure, icerr_name,
};

use crate::arena::{Arena, Block};
use crate::error::Error;
use crate::media::{MediaError, Palette, PaletteChange, PictureFormat};
use crate::opened::{Opened, decoded, encoded};
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

    /// Makes the codec ready to decompress frames of the format `input`, a BITMAPINFO block. It decides what it
    /// decompresses to: drivers accept formats that they then fill wrongly, but the one they name themselves is right,
    /// if a pixel has at least a byte. For one that has less, the same with a byte a pixel is asked for first. Only where what it
    /// names cannot be read here, it is asked for 24 and 32 bits.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Media`] for a format that cannot be read, and as [`Session::send`].
    pub fn decompressor(self, input: &[u8]) -> Result<Decompressor<'s>, Error> {
        let Self { opened } = self;
        let formats = Formats::agreed(&opened, input)?;
        let picture = opened.arena.block(formats.picture_room()?)?;
        picture.write(0, &vec![0; formats.picture.image_size()])?;
        ask(&opened, ICM_DECOMPRESS_BEGIN, formats.input.lparam(), formats.output.lparam())?;
        let frame = opened.arena.block(FRAME_ROOM)?;
        let parameters = opened.arena.block(ICDECOMPRESS::size(opened.width()))?;
        Ok(Decompressor { opened: Some(opened), formats, frame, picture, parameters, copy: Vec::new() })
    }

    /// Sends DRV_CLOSE.
    ///
    /// # Errors
    /// [`Error::Refused`] when the driver stays open, and as [`Session::close`].
    pub fn close(self) -> Result<(), Error> {
        self.opened.close()
    }
}

/// A video codec that is ready to decompress. Dropping it sends ICM_DECOMPRESS_END and DRV_CLOSE.
///
/// Its blocks stay where they are: codecs build a frame on the picture before it, in place.
#[derive(Debug)]
pub struct Decompressor<'s> {
    /// `None` once it is closed.
    opened: Option<Opened<'s>>,
    formats: Formats,
    frame: Block,
    picture: Block,
    parameters: Block,
    /// The picture as it was last read out of the arena; empty before the first.
    copy: Vec<u8>,
}

/// What a codec decompresses from and to.
#[derive(Debug)]
struct Formats {
    /// The header of the format decompressed from; `biSizeImage` is the size of the frame at hand.
    header: BITMAPINFOHEADER,
    /// That format in the driver's memory.
    input: Block,
    /// The format decompressed to, in the driver's memory.
    output: Block,
    /// The same, as it is read.
    picture: PictureFormat,
    /// Whether the codec hands a palette's numbers on as they are, and the colours are put in here alone.
    hands_numbers_on: bool,
}

impl Formats {
    /// Lets the codec choose what it decompresses to from `source`, a BITMAPINFO block.
    ///
    /// Pictures with a palette are first shown to it with one in which every number has a colour of its own. Where that comes back,
    /// the codec hands the numbers on, and the palette can change at any time without it. With the real palette it might take
    /// two entries of one colour for the same, and a film that fades in from black would lose what was painted before.
    fn agreed(opened: &Opened<'_>, source: &[u8]) -> Result<Self, Error> {
        if let Some((numbered, count, palette)) = numbered(source) {
            match Self::chosen(opened, &numbered) {
                Ok(formats) if has_numbers(&formats.picture, count) => {
                    let picture = formats.picture.in_colours_of(palette);
                    return Ok(Self { picture, hands_numbers_on: true, ..formats });
                }
                Ok(_) | Err(Error::Refused { .. } | Error::Media(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Self::chosen(opened, source)
    }

    fn chosen(opened: &Opened<'_>, source: &[u8]) -> Result<Self, Error> {
        let header = BITMAPINFOHEADER::decode((), source).ok_or(Error::TooLarge(source.len() as u64))?;
        let input = format_block(&opened.arena, source)?;
        ask(opened, ICM_DECOMPRESS_QUERY, input.lparam(), 0)?;
        let (output, picture) = output_format(opened, &input, &header)?;
        Ok(Self { header, input, output, picture, hands_numbers_on: false })
    }

    /// The bytes of a picture. A driver may write as much as it stated, where that is more than its format needs.
    fn picture_room(&self) -> Result<usize, Error> {
        let stated = decoded::<BITMAPINFOHEADER>(&self.output, ())?.biSizeImage as usize;
        Ok(self.picture.image_size().max(stated))
    }
}

impl Decompressor<'_> {
    /// The format of the pictures, before they are converted.
    #[must_use]
    pub fn format(&self) -> &PictureFormat {
        &self.formats.picture
    }

    /// Decompresses a frame and converts the picture to `bgr`, top-down BGR24. `key_frame` says whether the frame needs
    /// no other, where that is known. `bgr` stays as it is when the driver answers ICERR_DONTDRAW, and in any error.
    ///
    /// # Errors
    /// [`Error::Refused`] for this frame, after which the next may be tried; [`Error::TooLarge`] likewise; and as
    /// [`Session::send`].
    pub fn decompress(
        &mut self,
        frame: &[u8],
        key_frame: Option<bool>,
        bgr: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let opened =
            self.opened.as_ref().ok_or_else(|| Error::Bug("a decompressor was used when closed".into()))?;
        let room = frame.len() + FRAME_MARGIN.len();
        if room > self.frame.len() {
            self.frame = opened.arena.block(room.checked_next_power_of_two().unwrap_or(room))?;
        }
        self.frame.write(0, frame)?;
        self.frame.write(frame.len(), &FRAME_MARGIN)?;
        let formats = &mut self.formats;
        formats.header.biSizeImage = frame.len() as u32;
        formats.input.write(0, &encoded(&formats.header, ())?)?;
        let parameters = ICDECOMPRESS {
            dwFlags: if key_frame == Some(false) { ICDECOMPRESS_NOTKEYFRAME } else { 0 },
            lpbiInput: formats.input.address(),
            lpInput: self.frame.address(),
            lpbiOutput: formats.output.address(),
            lpOutput: self.picture.address(),
            ckid: 0,
        };
        self.parameters.write(0, &encoded(&parameters, self.parameters.width())?)?;
        let size = self.parameters.len() as i64;
        match icerr(opened.send(ICM_DECOMPRESS, self.parameters.lparam(), size)?) {
            ICERR_DONTDRAW => Ok(()),
            answer if answer < ICERR_OK => Err(opened.refused(ICM_DECOMPRESS, icerr_text(answer))),
            _ => {
                self.copy.resize(formats.picture.image_size(), 0);
                self.picture.read(0, &mut self.copy)?;
                Ok(formats.picture.to_bgr24(&self.copy, bgr)?)
            }
        }
    }

    /// Goes on with another palette, and gives the picture that is shown its new colours in `bgr`. The codec takes no part in it.
    ///
    /// # Errors
    /// [`Error::Media`] where the codec does not hand the palette's numbers on; nothing changes then.
    pub fn change_palette(&mut self, change: &PaletteChange, bgr: &mut Vec<u8>) -> Result<(), Error> {
        if !self.formats.hands_numbers_on {
            let what = "a palette change".to_owned();
            let why = "what the driver decodes to has its colours already".to_owned();
            return Err(MediaError::Unsupported { what, why }.into());
        }
        self.formats.picture.change_palette(change)?;
        if self.copy.is_empty() {
            return Ok(());
        }
        Ok(self.formats.picture.to_bgr24(&self.copy, bgr)?)
    }

    /// Sends ICM_DECOMPRESS_END and DRV_CLOSE.
    ///
    /// # Errors
    /// [`Error::Refused`] when the driver stays open, and as [`Session::send`].
    pub fn close(mut self) -> Result<(), Error> {
        self.end()
    }

    fn end(&mut self) -> Result<(), Error> {
        let Some(opened) = self.opened.take() else { return Ok(()) };
        let ended = opened.send(ICM_DECOMPRESS_END, 0, 0);
        opened.close().and(ended.map(drop))
    }
}

impl Drop for Decompressor<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::warn!(%error, "a video codec could not be closed in order");
        }
    }
}

/// Text as a structure's field holds it: cut to leave room for a NUL, which fills the rest.
fn fixed_text<const N: usize>(text: &str) -> [u16; N] {
    let mut units = [0; N];
    let room = N.saturating_sub(1);
    units.iter_mut().take(room).zip(text.encode_utf16()).for_each(|(to, from)| *to = from);
    units
}

/// A format with a palette in which every number has a colour of its own, how many there are, and the palette that it had; `None` for
/// a format without one.
fn numbered(source: &[u8]) -> Option<(Vec<u8>, usize, Palette)> {
    let mut block = source.to_vec();
    // Files leave the palette out; it is black then.
    block.resize(source.len().max(FORMAT_ROOM), 0);
    let palette = Palette::of(&block).ok()?;
    let count = Palette::numbers().put(&mut block).ok()?;
    Some((block, count, palette))
}

/// Whether a picture's first `count` colours are those of [`numbered`].
fn has_numbers(picture: &PictureFormat, count: usize) -> bool {
    let same =
        |palette: &Palette| (0..=u8::MAX).take(count).all(|number| palette.colour(number) == [number; 3]);
    picture.palette().is_some_and(same)
}

/// A format in a block with room for a palette behind it.
fn format_block(arena: &Arc<Arena>, format: &[u8]) -> Result<Block, Error> {
    let mut bytes = format.to_vec();
    bytes.resize(format.len().max(FORMAT_ROOM), 0);
    arena.block_with(&bytes)
}

/// The format that the driver decompresses to, in its memory and read.
fn output_format(
    opened: &Opened<'_>,
    input: &Block,
    header: &BITMAPINFOHEADER,
) -> Result<(Block, PictureFormat), Error> {
    let read = |block: &Block| PictureFormat::from_bitmapinfo(&block.to_vec()?).map_err(Error::from);
    let named = named_format(opened, input)?;
    let first = match read(&named) {
        Ok(format) => {
            if let Some(widened) = widened_format(&named)? {
                let block = format_block(&opened.arena, &widened)?;
                if ask(opened, ICM_DECOMPRESS_QUERY, input.lparam(), block.lparam()).is_ok() {
                    let format = read(&block)?;
                    return Ok((block, format));
                }
            }
            ask(opened, ICM_DECOMPRESS_QUERY, input.lparam(), named.lparam())?;
            return Ok((named, format));
        }
        Err(error) => error,
    };
    for bits in [24, 32] {
        let wanted = format_block(&opened.arena, &encoded(&rgb_format(header, bits), ())?)?;
        if let Ok(format) = read(&wanted)
            && ask(opened, ICM_DECOMPRESS_QUERY, input.lparam(), wanted.lparam()).is_ok()
        {
            return Ok((wanted, format));
        }
    }
    Err(first)
}

/// A format of less than a byte a pixel, with a byte a pixel and the same palette; `None` for others. Codecs name such formats that
/// cannot write them: Wine's msrle32 divides by the bytes of a pixel, of which four bits have none.
fn widened_format(named: &Block) -> Result<Option<Vec<u8>>, Error> {
    let header = decoded::<BITMAPINFOHEADER>(named, ())?;
    let (size, bits) = (header.biSize as usize, header.biBitCount);
    if !(1..8).contains(&bits) {
        return Ok(None);
    }
    let possible = 1 << bits;
    let colours = if header.biClrUsed == 0 { possible } else { header.biClrUsed.min(possible) };
    let wide = BITMAPINFOHEADER { biClrUsed: colours, ..rgb_format(&header, 8) };
    let block = named.to_vec()?;
    let Some(palette) = block.get(size..).and_then(|palette| palette.get(..colours as usize * 4)) else {
        return Ok(None);
    };
    Ok(Some([encoded(&wide, ())?.as_slice(), palette].concat()))
}

/// The format that ICM_DECOMPRESS_GET_FORMAT answers (C106).
fn named_format(opened: &Opened<'_>, input: &Block) -> Result<Block, Error> {
    let size = icerr(opened.send(ICM_DECOMPRESS_GET_FORMAT, input.lparam(), 0)?);
    if size < BITMAPINFOHEADER::size(()) as i64 || size > MAX_FORMAT {
        let result = format!("{}, which is not the size of a format", icerr_text(size));
        return Err(opened.refused(ICM_DECOMPRESS_GET_FORMAT, result));
    }
    let block = format_block(&opened.arena, &vec![0; size as usize])?;
    match icerr(opened.send(ICM_DECOMPRESS_GET_FORMAT, input.lparam(), block.lparam())?) {
        answer if answer < ICERR_OK => Err(opened.refused(ICM_DECOMPRESS_GET_FORMAT, icerr_text(answer))),
        _ => Ok(block),
    }
}

/// An uncompressed format of the size of another.
fn rgb_format(like: &BITMAPINFOHEADER, bits: u16) -> BITMAPINFOHEADER {
    let stride = (u64::from(like.biWidth.unsigned_abs()) * u64::from(bits)).div_ceil(32) * 4;
    let size = stride.checked_mul(like.biHeight.unsigned_abs().into());
    BITMAPINFOHEADER {
        biSize: BITMAPINFOHEADER::size(()) as u32,
        biWidth: like.biWidth,
        biHeight: like.biHeight.saturating_abs(),
        biPlanes: 1,
        biBitCount: bits,
        biCompression: BI_RGB,
        biSizeImage: size.and_then(|size| size.try_into().ok()).unwrap_or(0),
        ..BITMAPINFOHEADER::default()
    }
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

    #[test]
    fn formats_asked_for_are_uncompressed_and_bottom_up() {
        let like = BITMAPINFOHEADER { biWidth: 33, biHeight: -17, ..BITMAPINFOHEADER::default() };
        let format = rgb_format(&like, 24);
        assert_eq!((format.biHeight, format.biSizeImage, format.biCompression), (17, 1700, BI_RGB));
        let read = PictureFormat::from_bitmapinfo(&encoded(&format, ()).unwrap()).unwrap();
        assert_eq!((read.image_size(), read.top_down()), (1700, false));
        let huge = BITMAPINFOHEADER { biWidth: i32::MIN, biHeight: i32::MIN, ..like };
        assert_eq!(rgb_format(&huge, 32).biSizeImage, 0);
    }
}
