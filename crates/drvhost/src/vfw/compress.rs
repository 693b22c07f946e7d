//! Compressing video (C106, C107, C109, C112).

use mmsystem::{
    AVIIF_KEYFRAME, BITMAPINFOHEADER, ICCOMPRESS, ICCOMPRESS_KEYFRAME, ICCOMPRESSFRAMES,
    ICDECOMPRESS_NOTKEYFRAME, ICERR_OK, ICM_COMPRESS, ICM_COMPRESS_BEGIN, ICM_COMPRESS_END,
    ICM_COMPRESS_FRAMES_INFO, ICM_COMPRESS_GET_FORMAT, ICM_COMPRESS_GET_SIZE, ICM_COMPRESS_QUERY,
    ICM_GETDEFAULTQUALITY, Structure, VIDCF_CRUNCH, VIDCF_FASTTEMPORALC, VIDCF_QUALITY, VIDCF_TEMPORAL,
};

use super::way::{Between, Way};
use super::{Codec, MAX_FORMAT, ask, format_block, icerr, icerr_text};
use crate::arena::Block;
use crate::error::Error;
use crate::media::CodecInput;
use crate::opened::{Opened, decoded, encoded};

/// The largest frame that a codec may ask room for.
const MAX_FRAME: i64 = 256 << 20;
/// The best quality: ICCOMPRESS's `dwQuality` goes from 0 to this.
pub const BEST_QUALITY: u32 = 10_000;
/// The codec's usual quality.
const USUAL_QUALITY: u32 = u32::MAX;
/// How often a frame is compressed to find the quality at which it fits.
const MAX_TRIES: u32 = 7;

/// How video is to be compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compression {
    /// 0 to [`BEST_QUALITY`]; `None`: the codec's usual one.
    pub quality: Option<u32>,
    /// A key frame at least every so many frames; 0: where the codec wants them, and at the beginning.
    pub key_frame_every: u32,
    /// Bytes a second that frames should not pass; `None`: no limit.
    pub data_rate: Option<u32>,
    /// With `rate`: a frame lasts `scale / rate` seconds.
    pub scale: u32,
    /// See `scale`.
    pub rate: u32,
    /// How many frames there will be, for codecs that plan; 0 where that is not known.
    pub frames: u32,
}

impl Compression {
    /// The bytes of a frame by the data rate; 0 for no limit.
    fn frame_size(&self) -> u32 {
        let size = self.data_rate.map(|bytes| {
            let size = u64::from(bytes) * u64::from(self.scale) / u64::from(self.rate.max(1));
            u32::try_from(size).unwrap_or(u32::MAX).max(1)
        });
        size.unwrap_or(0)
    }

    /// Whether frame `number`, from 0, is to be a key frame.
    fn is_key(&self, number: u32) -> bool {
        number == 0 || (self.key_frame_every > 0 && number.is_multiple_of(self.key_frame_every))
    }
}

/// What became of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compressed {
    /// Whether the frame needs no other.
    pub key_frame: bool,
    /// Whether it is as small as the data rate asks; true where no rate was asked for.
    pub fits: bool,
}

/// A video codec that is ready to compress. Dropping it sends ICM_COMPRESS_END and DRV_CLOSE.
#[derive(Debug)]
pub struct Compressor<'s> {
    /// `None` once it is closed.
    opened: Option<Opened<'s>>,
    settings: Compression,
    flags: u32,
    /// The pictures' format as the codec reads it.
    source: CodecInput,
    /// A picture in it.
    converted: Vec<u8>,
    /// Where the codec is given that.
    own: Option<Block>,
    input: Block,
    output: Block,
    /// The output's header as the codec named it.
    header: BITMAPINFOHEADER,
    /// How many bytes the codec said that the output's format has.
    format_size: usize,
    frame: Block,
    parameters: Block,
    /// Two numbers that the codec sets: the chunk's identifier, and `AVIIF_` flags.
    answers: Block,
    /// The picture that the last frame decompresses to, where the codec wants to see it.
    previous: Option<Previous>,
    number: u32,
}

/// How a codec without a memory is shown the picture before: what its own frame decompresses to.
#[derive(Debug)]
struct Previous {
    picture: Block,
    parameters: Block,
    /// Whether there is one yet.
    there: bool,
}

/// A way from pictures to frames that a codec has agreed to.
struct Agreed {
    input: Block,
    output: Block,
    header: BITMAPINFOHEADER,
    format_size: usize,
}

impl<'s> Codec<'s> {
    /// Whether the codec compresses from a format, a BITMAPINFO block: the answer to ICM_COMPRESS_QUERY, ICERR_OK for yes.
    ///
    /// # Errors
    /// As [`Session::send`](crate::Session::send).
    pub fn compress_query(&self, input: &[u8]) -> Result<i64, Error> {
        let input = format_block(&self.opened.arena, input)?;
        self.opened.send(ICM_COMPRESS_QUERY, input.lparam(), 0).map(icerr)
    }

    /// Makes the codec ready to compress pictures in the first of `inputs` that it takes. Which that is tells
    /// [`Compressor::source`].
    ///
    /// # Errors
    /// [`Error::Refused`] where it takes none of them; and as [`Session::send`](crate::Session::send).
    pub fn compressor(self, inputs: Vec<CodecInput>, settings: Compression) -> Result<Compressor<'s>, Error> {
        let opened = &self.opened;
        let mut first_error = None;
        let mut agreed = None;
        for input in inputs {
            match Agreed::of(opened, input.block()) {
                Ok(found) => {
                    agreed = Some((found, input));
                    break;
                }
                Err(error @ Error::Refused { .. }) => {
                    first_error.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        let Some((Agreed { input, output, header, format_size }, source)) = agreed else {
            let none = || Error::Bug("a compressor was asked for no format at all".into());
            return Err(first_error.map_or_else(none, only_decompresses));
        };
        let size = icerr(opened.send(ICM_COMPRESS_GET_SIZE, input.lparam(), output.lparam())?);
        if size <= 0 || size > MAX_FRAME {
            let result = format!("{}, which is not the size of a frame", icerr_text(size));
            return Err(opened.refused(ICM_COMPRESS_GET_SIZE, result));
        }
        // None where it does not tell.
        let flags = self.info()?.map_or(0, |info| info.dwFlags);
        let settings = Compression { quality: quality(opened, flags, settings.quality)?, ..settings };
        tell_frames(opened, &input, &output, &settings)?;
        ask(opened, ICM_COMPRESS_BEGIN, input.lparam(), output.lparam())?;
        let arena = &opened.arena;
        // Some codecs write more than they say, most of all with pictures of a few pixels.
        let frame = arena.block(size as usize + source.image_size() + (64 << 10))?;
        let parameters = arena.block(ICCOMPRESS::size(opened.width()))?;
        let answers = arena.block(8)?;
        let wants_previous = flags & VIDCF_TEMPORAL != 0 && flags & VIDCF_FASTTEMPORALC == 0;
        let previous =
            if wants_previous { Previous::of(opened, &header, &input, &output, &source)? } else { None };
        Ok(Compressor {
            opened: Some(self.opened),
            settings,
            flags,
            source,
            converted: Vec::new(),
            own: None,
            input,
            output,
            header,
            format_size,
            frame,
            parameters,
            answers,
            previous,
            number: 0,
        })
    }
}

impl Agreed {
    /// The documented conversation (spec section 4.1): QUERY, GET_FORMAT twice, QUERY.
    fn of(opened: &Opened<'_>, input: &[u8]) -> Result<Self, Error> {
        let input = format_block(&opened.arena, input)?;
        ask(opened, ICM_COMPRESS_QUERY, input.lparam(), 0)?;
        let size = icerr(opened.send(ICM_COMPRESS_GET_FORMAT, input.lparam(), 0)?);
        if size < BITMAPINFOHEADER::size(()) as i64 || size > MAX_FORMAT {
            let result = format!("{}, which is not the size of a format", icerr_text(size));
            return Err(opened.refused(ICM_COMPRESS_GET_FORMAT, result));
        }
        let output = format_block(&opened.arena, &vec![0; size as usize])?;
        ask(opened, ICM_COMPRESS_GET_FORMAT, input.lparam(), output.lparam())?;
        ask(opened, ICM_COMPRESS_QUERY, input.lparam(), output.lparam())?;
        let header = decoded::<BITMAPINFOHEADER>(&output, ())?;
        Ok(Self { input, output, header, format_size: size as usize })
    }
}

impl Previous {
    /// Has the codec ready to decompress its own frames to the format of the pictures; `None` where it does not do that.
    fn of(
        opened: &Opened<'_>,
        header: &BITMAPINFOHEADER,
        input: &Block,
        output: &Block,
        source: &CodecInput,
    ) -> Result<Option<Self>, Error> {
        let back = Between { header, input: output, output: Some(input) };
        match Way::Plain.check(opened, &back).and_then(|()| Way::Plain.begin(opened, &back)) {
            Ok(()) => {}
            Err(Error::Refused { .. }) => return Ok(None),
            Err(error) => return Err(error),
        }
        let picture = opened.arena.zeros(source.image_size())?;
        let parameters = opened.arena.block(Way::Plain.parameters_size(opened))?;
        Ok(Some(Self { picture, parameters, there: false }))
    }
}

impl Compressor<'_> {
    /// The format of the pictures that it takes.
    #[must_use]
    pub fn source(&self) -> &CodecInput {
        &self.source
    }

    /// The format of the frames that it makes: a BITMAPINFO block, palette or codec data included, as a file has it.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn format(&self) -> Result<Vec<u8>, Error> {
        let mut block = self.output.to_vec()?;
        let header = &self.header;
        let colours = match (header.biBitCount, header.biClrUsed) {
            (bits @ 1..=8, 0) => 1_usize << bits,
            (1..=8, stated) => stated.min(256) as usize,
            _ => 0,
        };
        let palette_end = (header.biSize as usize).max(BITMAPINFOHEADER::size(())) + colours * 4;
        block.truncate(palette_end.max(self.format_size));
        Ok(block)
    }

    /// Whether the codec lets the quality be chosen.
    #[must_use]
    pub fn has_qualities(&self) -> bool {
        self.flags & VIDCF_QUALITY != 0
    }

    /// Whether the codec makes frames that build on others.
    #[must_use]
    pub fn is_temporal(&self) -> bool {
        self.flags & VIDCF_TEMPORAL != 0
    }

    /// Compresses a picture, BGR24 with rows from the top without padding, to `frame`. That is empty where the codec keeps the picture
    /// back, or says that the one before it stays.
    /// With a data rate, and a codec that does not keep to it by itself, the best quality is looked for that does.
    ///
    /// # Errors
    /// [`Error::Refused`], and as [`Session::send`](crate::Session::send).
    pub fn compress(&mut self, bgr: &[u8], frame: &mut Vec<u8>) -> Result<Compressed, Error> {
        self.source.convert(bgr, &mut self.converted);
        let picture = match self.own.take() {
            Some(own) => own,
            None => self.place()?,
        };
        picture.write(0, &self.converted)?;
        let compressed = self.compress_placed(&picture, frame);
        self.own = Some(picture);
        compressed
    }

    /// A place for a picture, as a copy of [`source`](Self::source) converts it, where the codec can read it.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where there is no more room.
    pub(crate) fn place(&self) -> Result<Block, Error> {
        opened(&self.opened)?.arena.block(self.source.image_size())
    }

    /// As [`compress`](Self::compress), of a picture that has been put into a [`place`](Self::place), by another thread for example.
    ///
    /// # Errors
    /// As [`compress`](Self::compress).
    pub(crate) fn compress_placed(
        &mut self,
        picture: &Block,
        frame: &mut Vec<u8>,
    ) -> Result<Compressed, Error> {
        let limit = self.settings.frame_size();
        let crunches = self.flags & VIDCF_CRUNCH != 0;
        let quality = self.settings.quality.unwrap_or(USUAL_QUALITY);
        let mut made = self.once(picture, quality, if crunches { limit } else { 0 }, frame)?;
        let fits = |frame: &[u8]| limit == 0 || frame.len() as u64 <= u64::from(limit);
        // A codec with a memory of its own has seen the picture now, and must not see it again.
        let has_memory = self.is_temporal() && self.previous.is_none();
        let again = !crunches && self.has_qualities() && !has_memory;
        if !fits(frame) && again {
            let (mut low, mut high) = (0, self.settings.quality.unwrap_or(BEST_QUALITY).min(BEST_QUALITY));
            let mut tried = Vec::new();
            made = self.once(picture, low, 0, frame)?;
            if fits(frame) {
                for _ in 0..MAX_TRIES {
                    let middle = low.midpoint(high);
                    if middle == low {
                        break;
                    }
                    let better = self.once(picture, middle, 0, &mut tried)?;
                    if fits(&tried) {
                        (low, made) = (middle, better);
                        std::mem::swap(frame, &mut tried);
                    } else {
                        high = middle;
                    }
                }
            }
        }
        let key_frame = made;
        self.remember(frame, key_frame)?;
        self.number = self.number.saturating_add(1);
        Ok(Compressed { key_frame, fits: fits(frame) })
    }

    /// Sends ICM_COMPRESS for a picture; answers whether a key frame came out.
    fn once(
        &mut self,
        picture: &Block,
        quality: u32,
        frame_size: u32,
        frame: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        let opened = opened(&self.opened)?;
        let key = self.settings.is_key(self.number);
        let marked = if key { AVIIF_KEYFRAME } else { 0 };
        self.answers.write(0, [0, marked].map(u32::to_le_bytes).as_flattened())?;
        self.output.write(0, &encoded(&BITMAPINFOHEADER { biSizeImage: 0, ..self.header.clone() }, ())?)?;
        let previous = self.previous.as_ref().filter(|previous| previous.there && !key);
        let parameters = ICCOMPRESS {
            dwFlags: if key { ICCOMPRESS_KEYFRAME } else { 0 },
            lpbiOutput: self.output.address(),
            lpOutput: self.frame.address(),
            lpbiInput: self.input.address(),
            lpInput: picture.address(),
            lpckid: self.answers.address(),
            lpdwFlags: self.answers.address() + 4,
            lFrameNum: self.number.cast_signed(),
            dwFrameSize: frame_size,
            dwQuality: quality,
            lpbiPrev: previous.map_or(0, |_| self.input.address()),
            lpPrev: previous.map_or(0, |previous| previous.picture.address()),
        };
        self.parameters.write(0, &encoded(&parameters, self.parameters.width())?)?;
        ask(opened, ICM_COMPRESS, self.parameters.lparam(), self.parameters.len() as i64)?;
        let size = decoded::<BITMAPINFOHEADER>(&self.output, ())?.biSizeImage as usize;
        if size > self.frame.len() {
            let result = format!("a frame of {size} bytes, where there is room for {}", self.frame.len());
            return Err(opened.refused(ICM_COMPRESS, result));
        }
        frame.resize(size, 0);
        self.frame.read(0, frame)?;
        let mut flags = [0; 4];
        self.answers.read(4, &mut flags)?;
        // A codec whose frames never build on others need not say so of each.
        Ok(u32::from_le_bytes(flags) & AVIIF_KEYFRAME != 0 || !self.is_temporal())
    }

    /// Has the codec decompress its frame, as the picture before the next one.
    fn remember(&mut self, frame: &[u8], key_frame: bool) -> Result<(), Error> {
        let Some(previous) = &mut self.previous else { return Ok(()) };
        if frame.is_empty() {
            return Ok(());
        }
        let opened = opened(&self.opened)?;
        // Of several attempts the best need not have been the last.
        self.frame.write(0, frame)?;
        let header = BITMAPINFOHEADER { biSizeImage: frame.len() as u32, ..self.header.clone() };
        self.output.write(0, &encoded(&header, ())?)?;
        let back = Between { header: &self.header, input: &self.output, output: Some(&self.input) };
        let flags = if key_frame { 0 } else { ICDECOMPRESS_NOTKEYFRAME };
        let blocks = [&self.frame, &previous.picture, &previous.parameters];
        let answer = Way::Plain.decompress(opened, &back, flags, blocks)?;
        if answer < ICERR_OK {
            return Err(opened.refused(Way::Plain.message(), icerr_text(answer)));
        }
        previous.there = true;
        Ok(())
    }

    /// Sends ICM_COMPRESS_END and DRV_CLOSE.
    ///
    /// # Errors
    /// [`Error::Refused`] when the driver stays open, and as [`Session::send`](crate::Session::send).
    pub fn close(mut self) -> Result<(), Error> {
        self.end()
    }

    fn end(&mut self) -> Result<(), Error> {
        let Some(opened) = self.opened.take() else { return Ok(()) };
        let previous = self.previous.take().map_or(Ok(()), |_| Way::Plain.end(&opened));
        let ended = opened.send(ICM_COMPRESS_END, 0, 0);
        opened.close().and(previous).and(ended).map(drop)
    }
}

impl Drop for Compressor<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::warn!(%error, "a video codec could not be closed in order");
        }
    }
}

fn opened<'a, 's>(opened: &'a Option<Opened<'s>>) -> Result<&'a Opened<'s>, Error> {
    opened.as_ref().ok_or_else(|| Error::Bug("a compressor was used when closed".into()))
}

/// A codec's refusal of the first format, where it has refused all others, too.
fn only_decompresses(error: Error) -> Error {
    match error {
        Error::Refused { driver, message, result } => Error::Refused {
            driver,
            message,
            result: format!("{result}, to every kind of picture; it may be made for decompressing only"),
        },
        other => other,
    }
}

/// The quality to ask for: the one that is wanted, or the codec's own choice. A codec without qualities gets what stands for its usual one.
fn quality(opened: &Opened<'_>, flags: u32, wanted: Option<u32>) -> Result<Option<u32>, Error> {
    if flags & VIDCF_QUALITY == 0 {
        return Ok(None);
    }
    if let Some(wanted) = wanted {
        return Ok(Some(wanted.min(BEST_QUALITY)));
    }
    let block = opened.arena.block_with(&[0; 4])?;
    let answered = icerr(opened.send(ICM_GETDEFAULTQUALITY, block.lparam(), 0)?);
    let bytes = block.to_vec()?;
    let usual = bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
    Ok(usual.filter(|usual| answered == ICERR_OK && *usual <= BEST_QUALITY))
}

/// Tells the codec what will come (ICM_COMPRESS_FRAMES_INFO). Most know nothing of it.
fn tell_frames(
    opened: &Opened<'_>,
    input: &Block,
    output: &Block,
    settings: &Compression,
) -> Result<(), Error> {
    let frames = ICCOMPRESSFRAMES {
        lpbiOutput: output.address(),
        lpbiInput: input.address(),
        lFrameCount: i32::try_from(settings.frames).unwrap_or(i32::MAX),
        lQuality: settings.quality.unwrap_or(USUAL_QUALITY).cast_signed(),
        lDataRate: i32::try_from(settings.data_rate.unwrap_or(0)).unwrap_or(i32::MAX),
        lKeyRate: i32::try_from(settings.key_frame_every).unwrap_or(i32::MAX),
        dwRate: settings.rate,
        dwScale: settings.scale,
        ..ICCOMPRESSFRAMES::default()
    };
    let block = opened.arena.block_with(&encoded(&frames, opened.width())?)?;
    opened.send(ICM_COMPRESS_FRAMES_INFO, block.lparam(), block.len() as i64).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_rate_limits_each_frame() {
        let settings =
            Compression { data_rate: Some(100_000), scale: 1001, rate: 30_000, ..Compression::default() };
        assert_eq!(settings.frame_size(), 3336);
        assert_eq!(Compression { data_rate: None, ..settings }.frame_size(), 0);
        assert_eq!(Compression { data_rate: Some(1), ..settings }.frame_size(), 1);
    }

    #[test]
    fn key_frames_come_at_the_beginning_and_by_the_number() {
        let every = |key_frame_every| Compression { key_frame_every, ..Compression::default() };
        let keys =
            |settings: Compression| (0..7).filter(|number| settings.is_key(*number)).collect::<Vec<_>>();
        assert_eq!(keys(every(0)), [0]);
        assert_eq!(keys(every(3)), [0, 3, 6]);
    }
}
