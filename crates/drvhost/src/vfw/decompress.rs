//! Decompressing video (C105 to C109).

use std::sync::Arc;

use mmsystem::{
    BI_RGB, BITMAPINFOHEADER, ICDECOMPRESS_NOTKEYFRAME, ICERR_DONTDRAW, ICERR_OK, ICM_DECOMPRESS_GET_FORMAT,
    Structure,
};

use super::ahead::Ahead;
use super::way::{Between, Way};
use super::{Codec, FORMAT_ROOM, MAX_FORMAT, format_block, icerr, icerr_text};
use crate::arena::Block;
use crate::error::Error;
use crate::media::{MediaError, Palette, PictureFormat};
use crate::module::name_of;
use crate::opened::{Opened, decoded, encoded};
use crate::worker::Worker;

/// Zeros behind a frame, for drivers that read a little too far.
pub(super) const FRAME_MARGIN: [u8; 16] = [0; 16];
/// The room that a frame gets at first.
const FRAME_ROOM: usize = 64 << 10;

impl<'s> Codec<'s> {
    /// Makes the codec ready to decompress frames of the format `input`, a BITMAPINFO block. It decides what it
    /// decompresses to: drivers accept formats that they then fill wrongly, but the one they name themselves is right,
    /// if a pixel has at least a byte. For one that has less, the same with a byte a pixel is asked for first. Only where what it
    /// names cannot be read here, it is asked for 24 and 32 bits. A codec that does not have the plain messages is asked by those of
    /// ICM_DECOMPRESSEX.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Media`] for a format that cannot be read, and as [`Session::send`](crate::Session::send).
    pub fn decompressor(self, input: &[u8]) -> Result<Decompressor<'s>, Error> {
        let Self { opened } = self;
        let formats = Formats::agreed(&opened, input)?;
        let picture = opened.arena.zeros(formats.picture_room()?)?;
        formats.way.begin(&opened, &formats.between())?;
        let frame = opened.arena.block(FRAME_ROOM)?;
        let parameters = opened.arena.block(formats.way.parameters_size(&opened))?;
        let ahead = Ahead::new(&opened)?;
        Ok(Decompressor { ahead, opened: Some(opened), formats, frame, picture, parameters })
    }
}

/// A video codec that is ready to decompress. Dropping it sends ICM_DECOMPRESS_END and DRV_CLOSE.
///
/// Its blocks stay where they are: codecs build a frame on the picture before it, in place.
#[derive(Debug)]
pub struct Decompressor<'s> {
    /// The frames that it is ahead by. Dropped first: what is queued ends before the codec does.
    pub(super) ahead: Ahead<'s>,
    /// `None` once it is closed.
    pub(super) opened: Option<Opened<'s>>,
    pub(super) formats: Formats,
    frame: Block,
    pub(super) picture: Block,
    parameters: Block,
}

/// What a codec decompresses from and to.
#[derive(Debug)]
pub(super) struct Formats {
    /// The messages by which it does that.
    pub way: Way,
    /// The header of the format decompressed from; `biSizeImage` is the size of the frame at hand.
    pub header: BITMAPINFOHEADER,
    /// That format in the driver's memory.
    pub input: Block,
    /// The format decompressed to, in the driver's memory.
    output: Block,
    /// The same, as it is read.
    pub picture: PictureFormat,
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
        let way = Way::of(opened, &Between { header: &header, input: &input, output: None })?;
        let (output, picture) = output_format(opened, way, &input, &header)?;
        Ok(Self { way, header, input, output, picture, hands_numbers_on: false })
    }

    pub fn between(&self) -> Between<'_> {
        Between { header: &self.header, input: &self.input, output: Some(&self.output) }
    }

    /// The bytes of a picture. A driver may write as much as it stated, where that is more than its format needs.
    fn picture_room(&self) -> Result<usize, Error> {
        let stated = decoded::<BITMAPINFOHEADER>(&self.output, ())?.biSizeImage as usize;
        Ok(self.picture.image_size().max(stated))
    }
}

impl Decompressor<'_> {
    /// Its driver's worker; `None` once it is closed.
    pub(crate) fn worker(&self) -> Option<Arc<Worker>> {
        self.opened.as_ref()?.worker()
    }

    /// The format of the pictures, before they are converted.
    #[must_use]
    pub fn format(&self) -> &PictureFormat {
        &self.formats.picture
    }

    /// Whether the codec hands a palette's numbers on, so that whoever shows its pictures can change the palette without it
    /// ([`PictureFormat::change_palette`]). Where it does not, its pictures have their colours already.
    #[must_use]
    pub fn hands_numbers_on(&self) -> bool {
        self.formats.hands_numbers_on
    }

    /// Decompresses a frame to `picture`, which is in the format of [`format`](Self::format) then. `key_frame` says whether the frame needs
    /// no other, where that is known. Answers whether there is a picture: where the driver answers ICERR_DONTDRAW, the one before it
    /// stays, and `picture` is as it was, as in any error.
    ///
    /// # Errors
    /// [`Error::Refused`] for this frame, after which the next may be tried; [`Error::TooLarge`] likewise; and as
    /// [`Session::send`](crate::Session::send).
    pub fn decompress(
        &mut self,
        frame: &[u8],
        key_frame: Option<bool>,
        picture: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        let is_there = self.draw(frame, key_frame)?;
        if is_there {
            picture.resize(self.formats.picture.image_size(), 0);
            self.picture.read(0, picture)?;
        }
        Ok(is_there)
    }

    /// As [`decompress`](Self::decompress), but to BGR24, rows from the top, without padding. That takes hardly longer: pictures are
    /// copied out of the driver's reach anyway.
    ///
    /// # Errors
    /// As [`decompress`](Self::decompress).
    pub fn decompress_to_bgr24(
        &mut self,
        frame: &[u8],
        key_frame: Option<bool>,
        bgr: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        let is_there = self.draw(frame, key_frame)?;
        if is_there {
            self.formats.picture.to_bgr24_by_rows(|at, row| self.picture.read(at, row), bgr)?;
        }
        Ok(is_there)
    }

    /// Has the driver decompress a frame in place. Answers whether the picture is to be shown.
    fn draw(&mut self, frame: &[u8], key_frame: Option<bool>) -> Result<bool, Error> {
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
        let formats = &self.formats;
        let blocks = [&self.frame, &self.picture, &self.parameters];
        let answer = formats.way.decompress(opened, &formats.between(), flags(key_frame), blocks)?;
        self.is_there(answer)
    }

    /// Whether an answer to a frame says that its picture is to be shown.
    pub(super) fn is_there(&self, answer: i64) -> Result<bool, Error> {
        match answer {
            ICERR_DONTDRAW => Ok(false),
            answer if answer < ICERR_OK => {
                let driver = self.opened.as_ref().map(|opened| opened.driver.clone()).unwrap_or_default();
                let message = name_of(self.formats.way.message());
                Err(Error::Refused { driver, message, result: icerr_text(answer) })
            }
            _ => Ok(true),
        }
    }

    /// Closes it where it failed, so that the driver can be opened again with nothing left over; `came_back` says whether it came back
    /// from its last message. See `Session::dismiss`.
    pub(crate) fn dismiss(mut self, came_back: bool) {
        self.ahead.end();
        if let Some(opened) = self.opened.take() {
            opened.dismiss(came_back);
        }
    }

    /// Sends ICM_DECOMPRESS_END and DRV_CLOSE.
    ///
    /// # Errors
    /// [`Error::Refused`] when the driver stays open, and as [`Session::send`](crate::Session::send).
    pub fn close(mut self) -> Result<(), Error> {
        self.end()
    }

    fn end(&mut self) -> Result<(), Error> {
        let Some(opened) = self.opened.take() else { return Ok(()) };
        self.ahead.end();
        let ended = self.formats.way.end(&opened);
        opened.close().and(ended)
    }
}

impl Drop for Decompressor<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::warn!(%error, "a video codec could not be closed in order");
        }
    }
}

/// What a codec is told of a frame.
pub(super) fn flags(key_frame: Option<bool>) -> u32 {
    if key_frame == Some(false) { ICDECOMPRESS_NOTKEYFRAME } else { 0 }
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

/// The format that the driver decompresses to, in its memory and read.
fn output_format(
    opened: &Opened<'_>,
    way: Way,
    input: &Block,
    header: &BITMAPINFOHEADER,
) -> Result<(Block, PictureFormat), Error> {
    let check = |output: &Block| way.check(opened, &Between { header, input, output: Some(output) });
    let read = |block: &Block| PictureFormat::from_bitmapinfo(&block.to_vec()?).map_err(Error::from);
    let named = named_format(opened, input)?;
    let unreadable = match read(&named) {
        Ok(format) => {
            if let Some(widened) = widened_format(&named)? {
                let block = format_block(&opened.arena, &widened)?;
                if check(&block).is_ok() {
                    let format = read(&block)?;
                    return Ok((block, format));
                }
            }
            check(&named)?;
            return Ok((named, format));
        }
        Err(Error::Media(error)) => error,
        Err(error) => return Err(error),
    };
    // Where not even these can be read, the film's size is to blame, which the driver but repeats.
    let mut is_the_drivers = matches!(unreadable, MediaError::Malformed { .. });
    for bits in [24, 32] {
        let wanted = format_block(&opened.arena, &encoded(&rgb_format(header, bits), ())?)?;
        if let Ok(format) = read(&wanted) {
            is_the_drivers = true;
            if check(&wanted).is_ok() {
                return Ok((wanted, format));
            }
        }
    }
    if !is_the_drivers {
        return Err(unreadable.into());
    }
    let what =
        if matches!(unreadable, MediaError::Malformed { .. }) { "cannot be" } else { "is not read here" };
    Err(opened.refused(ICM_DECOMPRESS_GET_FORMAT, format!("a format that {what}: {unreadable}")))
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

#[cfg(test)]
mod tests {
    use super::*;

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
