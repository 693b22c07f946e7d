//! A conversion stream: compressed audio to PCM.

use std::sync::Arc;

use mmsystem::{
    ACM_FORMATSUGGESTF_WFORMATTAG, ACM_STREAMCONVERTF_BLOCKALIGN, ACM_STREAMCONVERTF_END,
    ACM_STREAMCONVERTF_START, ACM_STREAMOPENF_NONREALTIME, ACM_STREAMOPENF_QUERY, ACM_STREAMSIZEF_SOURCE,
    ACMDM_FORMAT_SUGGEST, ACMDM_STREAM_CLOSE, ACMDM_STREAM_CONVERT, ACMDM_STREAM_OPEN, ACMDM_STREAM_PREPARE,
    ACMDM_STREAM_SIZE, ACMDM_STREAM_UNPREPARE, ACMDRVFORMATSUGGEST, ACMDRVSTREAMHEADER, ACMDRVSTREAMINSTANCE,
    ACMDRVSTREAMSIZE, ACMERR_NOTPOSSIBLE, ACMSTREAMHEADER_STATUSF_DONE, ACMSTREAMHEADER_STATUSF_PREPARED,
    MMSYSERR_NOERROR, MMSYSERR_NOTSUPPORTED, Structure, WAVE_FORMAT_PCM, WAVEFORMATEX,
};

use super::{Codec, ask, mmsyserr, mmsyserr_text};
use crate::arena::{Arena, Block};
use crate::error::Error;
use crate::media::{MediaError, PcmFormat, SampleType, WaveFormat};
use crate::opened::{Opened, decoded, encoded};

/// How many bytes are given to a driver at a time, or one block if that is more.
const SOURCE_SIZE: usize = 64 << 10;
/// The most bytes that a driver may ask for to convert that into.
const MAX_DESTINATION: u32 = 64 << 20;
/// `wBitsPerSample` of the output that is asked for when the driver suggests none.
const USUAL_BITS: u16 = 16;

/// Where a piece of source data lies in the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// More follows.
    Open,
    /// It is the last piece, up to its last whole block.
    Last,
    /// It is what is left behind the last whole block.
    Rest,
    /// It is a block that the others have nothing to do with.
    Alone,
}

/// What became of a piece of source data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Converted {
    /// How many bytes of the source were used. The others are to be given again.
    pub used: usize,
    /// Whether the output filled its buffer, so that more may be waiting.
    pub filled: bool,
}

/// An open conversion stream to PCM. Dropping it sends ACMDM_STREAM_UNPREPARE, ACMDM_STREAM_CLOSE and DRV_CLOSE.
#[derive(Debug)]
pub struct Stream<'s> {
    /// `None` once it is closed.
    codec: Option<Codec<'s>>,
    /// What lParam1 of every stream message points at. The driver keeps its own value in it.
    instance: Block,
    /// What the instance points at: the source and the destination format.
    _formats: [Block; 2],
    header: Block,
    source: Block,
    destination: Block,
    /// The header as the driver left it: it may keep values of its own there.
    state: ACMDRVSTREAMHEADER,
    prepared: bool,
    started: bool,
    output: PcmFormat,
    /// What the user should know of it.
    pub(super) warning: Option<String>,
}

/// A conversion that a driver says it does: what ACMDM_STREAM_OPEN was asked.
#[derive(Debug)]
pub(super) struct Possible {
    description: ACMDRVSTREAMINSTANCE,
    instance: Block,
    formats: [Block; 2],
    block_align: u16,
    output: PcmFormat,
}

impl<'s> Codec<'s> {
    /// Opens a stream from a format to the PCM format that the driver suggests, or to 16 bits at the same rate and with
    /// as many channels if it suggests none.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Media`] for a format without channels or rate, and as
    /// [`Session::send`](crate::Session::send).
    pub fn stream(self, source: &WaveFormat) -> Result<Stream<'s>, Error> {
        let possible = self.query(source)?;
        self.start(possible)
    }

    /// Asks for a stream as [`stream`](Self::stream) opens it. Nothing is opened by that, so nothing is closed (C119).
    ///
    /// # Errors
    /// As [`stream`](Self::stream).
    pub(super) fn query(&self, source: &WaveFormat) -> Result<Possible, Error> {
        let arena = &self.opened.arena;
        let source_format = arena.block_with(&source_format(source))?;
        let wanted = self.suggest_pcm(source, &source_format)?;
        let output = pcm_format(&wanted).ok_or_else(|| MediaError::Unsupported {
            what: format!(
                "sound of {} channels and {} samples a second",
                wanted.nChannels, wanted.nSamplesPerSec
            ),
            why: "there is at least one of each".to_owned(),
        })?;
        let destination_format = arena.block_with(&encoded(&wanted, ())?)?;
        let description = ACMDRVSTREAMINSTANCE {
            cbStruct: ACMDRVSTREAMINSTANCE::size(self.layout) as u32,
            pwfxSrc: source_format.address(),
            pwfxDst: destination_format.address(),
            fdwOpen: ACM_STREAMOPENF_QUERY | ACM_STREAMOPENF_NONREALTIME,
            ..ACMDRVSTREAMINSTANCE::default()
        };
        let instance = arena.block_with(&encoded(&description, self.layout)?)?;
        ask(&self.opened, ACMDM_STREAM_OPEN, instance.lparam(), 0)?;
        let formats = [source_format, destination_format];
        Ok(Possible { description, instance, formats, block_align: source.block_align, output })
    }

    /// Opens a stream that the driver was asked for.
    ///
    /// # Errors
    /// As [`stream`](Self::stream).
    pub(super) fn start(self, possible: Possible) -> Result<Stream<'s>, Error> {
        let Possible { mut description, instance, formats, block_align, output } = possible;
        let arena = Arc::clone(&self.opened.arena);
        description.fdwOpen = ACM_STREAMOPENF_NONREALTIME;
        // Any value but null: nobody but the client uses it.
        description.has = instance.address();
        instance.write(0, &encoded(&description, self.layout)?)?;
        ask(&self.opened, ACMDM_STREAM_OPEN, instance.lparam(), 0)?;

        let mut stream = Stream {
            source: arena.block(0)?,
            destination: arena.block(0)?,
            header: arena.block(ACMDRVSTREAMHEADER::size(arena.width()))?,
            state: ACMDRVSTREAMHEADER::default(),
            codec: Some(self),
            instance,
            _formats: formats,
            prepared: false,
            started: false,
            output,
            warning: None,
        };
        // From here on dropping it closes the stream.
        stream.prepare(&arena, block_align)?;
        Ok(stream)
    }

    /// The PCM format to convert to.
    fn suggest_pcm(&self, source: &WaveFormat, source_format: &Block) -> Result<WAVEFORMATEX, Error> {
        let pcm = WAVEFORMATEX { wFormatTag: WAVE_FORMAT_PCM, ..WAVEFORMATEX::default() };
        let answer = self.opened.arena.block_with(&encoded(&pcm, ())?)?;
        let suggest = ACMDRVFORMATSUGGEST {
            cbStruct: ACMDRVFORMATSUGGEST::size(self.layout) as u32,
            fdwSuggest: ACM_FORMATSUGGESTF_WFORMATTAG,
            pwfxSrc: source_format.address(),
            cbwfxSrc: source_format.len() as u32,
            pwfxDst: answer.address(),
            cbwfxDst: answer.len() as u32,
        };
        let block = self.opened.arena.block_with(&encoded(&suggest, self.layout)?)?;
        if mmsyserr(self.opened.send(ACMDM_FORMAT_SUGGEST, block.lparam(), 0)?) == MMSYSERR_NOERROR {
            let suggested: WAVEFORMATEX = decoded(&answer, ())?;
            if let Some(format) = pcm_format(&suggested) {
                return Ok(pcm_block(format.channels, format.samples_per_sec, format.sample.bytes() * 8));
            }
        }
        Ok(pcm_block(source.channels, source.samples_per_sec, USUAL_BITS))
    }
}

impl Stream<'_> {
    /// The format of the output.
    #[must_use]
    pub fn format(&self) -> PcmFormat {
        self.output
    }

    /// What the user should know of it: that the driver reads another packing than its file tells ([`open`](Self::open)).
    #[must_use]
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// How many bytes of source data can be given at a time.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.source.len()
    }

    /// Makes the buffers, whose size the driver decides, and has them prepared: once, as they stay where they are.
    fn prepare(&mut self, arena: &Arc<Arena>, block_align: u16) -> Result<(), Error> {
        let block_align = usize::from(block_align.max(1));
        let source_size = (SOURCE_SIZE / block_align).max(1) * block_align;
        let size = ACMDRVSTREAMSIZE {
            cbStruct: ACMDRVSTREAMSIZE::size(()) as u32,
            fdwSize: ACM_STREAMSIZEF_SOURCE,
            cbSrcLength: source_size as u32,
            cbDstLength: 0,
        };
        let block = arena.block_with(&encoded(&size, ())?)?;
        let opened = opened(&self.codec)?;
        ask(opened, ACMDM_STREAM_SIZE, self.instance.lparam(), block.lparam())?;
        let destination_size = match decoded::<ACMDRVSTREAMSIZE>(&block, ())?.cbDstLength {
            // C125.
            0 => return Err(opened.refused(ACMDM_STREAM_SIZE, mmsyserr_text(ACMERR_NOTPOSSIBLE))),
            size if size > MAX_DESTINATION => return Err(Error::TooLarge(size.into())),
            size => size,
        };
        self.source = arena.block(source_size)?;
        self.destination = arena.block(destination_size as usize)?;
        let header = ACMDRVSTREAMHEADER {
            cbStruct: ACMDRVSTREAMHEADER::size(arena.width()) as u32,
            pbSrc: self.source.address(),
            cbSrcLength: source_size as u32,
            pbDst: self.destination.address(),
            cbDstLength: destination_size,
            dwPrepared: self.instance.address(),
            pbPreparedSrc: self.source.address(),
            cbPreparedSrcLength: source_size as u32,
            pbPreparedDst: self.destination.address(),
            cbPreparedDstLength: destination_size,
            ..ACMDRVSTREAMHEADER::default()
        };
        self.header.write(0, &encoded(&header, arena.width())?)?;
        // A driver that has nothing to prepare answers MMSYSERR_NOTSUPPORTED, which is success (C122).
        match mmsyserr(opened.send(ACMDM_STREAM_PREPARE, self.instance.lparam(), self.header.lparam())?) {
            MMSYSERR_NOERROR => self.prepared = true,
            MMSYSERR_NOTSUPPORTED => {}
            answer => return Err(opened.refused(ACMDM_STREAM_PREPARE, mmsyserr_text(answer))),
        }
        self.state =
            ACMDRVSTREAMHEADER { fdwStatus: ACMSTREAMHEADER_STATUSF_PREPARED, ..self.driver_state(header)? };
        self.write_header()
    }

    /// Shows the driver the header as the host knows it.
    fn write_header(&self) -> Result<(), Error> {
        self.header.write(0, &encoded(&self.state, self.header.width())?)
    }

    /// A header as the host knows it, with the values that the driver keeps in it.
    fn driver_state(&self, known: ACMDRVSTREAMHEADER) -> Result<ACMDRVSTREAMHEADER, Error> {
        let left: ACMDRVSTREAMHEADER = decoded(&self.header, self.header.width())?;
        Ok(ACMDRVSTREAMHEADER {
            fdwDriver: left.fdwDriver,
            dwDriver: left.dwDriver,
            padshNext: left.padshNext,
            ..known
        })
    }

    /// Converts a piece of source data, at most [`capacity`](Self::capacity) bytes, and replaces `pcm` by what came out.
    ///
    /// # Errors
    /// [`Error::Refused`] when the driver does, or says that it used or made more than there was; [`Error::TooLarge`];
    /// and as [`Session::send`](crate::Session::send).
    pub fn convert(&mut self, data: &[u8], ends: Ends, pcm: &mut Vec<u8>) -> Result<Converted, Error> {
        pcm.clear();
        self.source.write(0, data)?;
        self.state.cbSrcLength = data.len() as u32;
        (self.state.cbSrcLengthUsed, self.state.cbDstLengthUsed) = (0, 0);
        self.state.fdwStatus &= !ACMSTREAMHEADER_STATUSF_DONE;
        self.state.fdwConvert = flags(ends, self.started);
        self.started = true;
        self.write_header()?;
        let opened = opened(&self.codec)?;
        ask(opened, ACMDM_STREAM_CONVERT, self.instance.lparam(), self.header.lparam())?;
        self.state = self.driver_state(self.state.clone())?;
        let left: ACMDRVSTREAMHEADER = decoded(&self.header, self.header.width())?;
        (self.state.cbSrcLengthUsed, self.state.cbDstLengthUsed) =
            (left.cbSrcLengthUsed, left.cbDstLengthUsed);
        // C123.
        self.state.fdwStatus |= ACMSTREAMHEADER_STATUSF_DONE;
        self.write_header()?;
        let (used, made) = (left.cbSrcLengthUsed as usize, left.cbDstLengthUsed as usize);
        if used > data.len() || made > self.destination.len() {
            let result = format!(
                "{used} of {} bytes used and {made} of {} made, which cannot be",
                data.len(),
                self.destination.len()
            );
            return Err(opened.refused(ACMDM_STREAM_CONVERT, result));
        }
        pcm.resize(made, 0);
        self.destination.read(0, pcm)?;
        let block = usize::from(self.output.channels) * usize::from(self.output.sample.bytes());
        Ok(Converted { used, filled: made + block > self.destination.len() })
    }

    /// Sends ACMDM_STREAM_UNPREPARE, ACMDM_STREAM_CLOSE and DRV_CLOSE.
    ///
    /// # Errors
    /// [`Error::Refused`] when the driver stays open, and as [`Session::send`](crate::Session::send).
    pub fn close(mut self) -> Result<(), Error> {
        self.end()
    }

    fn end(&mut self) -> Result<(), Error> {
        let Some(codec) = self.codec.take() else { return Ok(()) };
        let mut ended = Ok(0);
        if self.prepared {
            // The lengths are those that were prepared ("acmStreamUnprepareHeader", MS Learn).
            self.state.cbSrcLength = self.source.len() as u32;
            if let Err(error) = self.write_header() {
                tracing::debug!(%error, "a header could not be written");
            }
            ended = codec.opened.send(ACMDM_STREAM_UNPREPARE, self.instance.lparam(), self.header.lparam());
        }
        let closed = codec.opened.send(ACMDM_STREAM_CLOSE, self.instance.lparam(), 0);
        codec.close().and(ended.and(closed).map(drop))
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::warn!(%error, "an audio codec could not be closed in order");
        }
    }
}

fn opened<'a, 's>(codec: &'a Option<Codec<'s>>) -> Result<&'a Opened<'s>, Error> {
    let codec = codec.as_ref().ok_or_else(|| Error::Bug("a stream was used when closed".into()))?;
    Ok(&codec.opened)
}

/// The `ACM_STREAMCONVERTF_` flags of a piece of source data.
fn flags(ends: Ends, started: bool) -> u32 {
    let start = if started && ends != Ends::Alone { 0 } else { ACM_STREAMCONVERTF_START };
    let whole_blocks = if ends == Ends::Rest { 0 } else { ACM_STREAMCONVERTF_BLOCKALIGN };
    let end = if ends == Ends::Open { 0 } else { ACM_STREAMCONVERTF_END };
    start | whole_blocks | end
}

/// A source format as drivers expect it: a whole WAVEFORMATEX with its true tag. Files may have the shorter WAVEFORMAT
/// or PCMWAVEFORMAT, or the tag within a WAVEFORMATEXTENSIBLE.
fn source_format(format: &WaveFormat) -> Vec<u8> {
    // Behind the sub-format's GUID, which ends WAVEFORMATEXTENSIBLE.
    const EXTENSIBLE_EXTRA: usize = 22;
    let extra = match format.sub_format {
        Some(_) => format.extra.get(EXTENSIBLE_EXTRA..).unwrap_or_default(),
        None => &format.extra,
    };
    // Drivers divide by the data rate, which files of a variable one leave out. At one bit a sample the buffers come out
    // large enough for any.
    let rate = match format.avg_bytes_per_sec {
        0 => (format.samples_per_sec / 8).max(1),
        stated => stated,
    };
    let extra_len = u16::try_from(extra.len()).unwrap_or(0);
    let mut bytes = Vec::with_capacity(WAVEFORMATEX::size(()) + extra.len());
    bytes.extend(format.codec_tag().to_le_bytes());
    bytes.extend(format.channels.to_le_bytes());
    bytes.extend(format.samples_per_sec.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend(format.block_align.to_le_bytes());
    bytes.extend(format.bits_per_sample.to_le_bytes());
    bytes.extend(extra_len.to_le_bytes());
    bytes.extend(extra);
    bytes
}

/// A PCM format as the host writes it; `None` if it is none, or one that cannot be.
fn pcm_format(format: &WAVEFORMATEX) -> Option<PcmFormat> {
    let sample = SampleType::of_bits(format.wBitsPerSample)?;
    let possible = format.wFormatTag == WAVE_FORMAT_PCM && format.nChannels > 0 && format.nSamplesPerSec > 0;
    possible.then_some(PcmFormat {
        channels: format.nChannels,
        samples_per_sec: format.nSamplesPerSec,
        sample,
    })
}

/// A PCM format as drivers get it.
fn pcm_block(channels: u16, samples_per_sec: u32, bits: u16) -> WAVEFORMATEX {
    let block_align = channels.saturating_mul(bits / 8);
    WAVEFORMATEX {
        wFormatTag: WAVE_FORMAT_PCM,
        nChannels: channels,
        nSamplesPerSec: samples_per_sec,
        nAvgBytesPerSec: samples_per_sec.saturating_mul(block_align.into()),
        nBlockAlign: block_align,
        wBitsPerSample: bits,
        cbSize: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_formats_become_whole_ones() {
        let alaw = [6, 0, 2, 0, 0x22, 0x56, 0, 0, 0x44, 0xAC, 0, 0, 2, 0];
        let format = WaveFormat::parse(alaw.to_vec()).unwrap();
        assert_eq!(source_format(&format), [&alaw[..], &[0; 4]].concat());
    }

    #[test]
    fn an_extensible_format_is_taken_out_of_its_wrapping() {
        let mut bytes = vec![0xFE, 0xFF, 1, 0, 0x40, 0x1F, 0, 0, 0, 0, 0, 0, 0, 1, 4, 0, 24, 0];
        bytes.extend([0; 6]);
        bytes.extend([0x11, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);
        bytes.extend([0xF9, 1]);
        let format = WaveFormat::parse(bytes).unwrap();
        let source = source_format(&format);
        assert_eq!(source.get(..2), Some(&[0x11, 0][..]));
        assert_eq!(source.get(8..12), Some(&1000u32.to_le_bytes()[..]), "a rate that was not stated");
        assert_eq!(source.get(16..), Some(&[2, 0, 0xF9, 1][..]));
    }

    #[test]
    fn first_and_last_pieces_are_marked() {
        assert_eq!(flags(Ends::Open, false), 0x14);
        assert_eq!(flags(Ends::Open, true), 0x04);
        assert_eq!(flags(Ends::Last, true), 0x24);
        assert_eq!(flags(Ends::Last, false), 0x34);
        assert_eq!(flags(Ends::Rest, true), 0x20);
        assert_eq!(flags(Ends::Alone, true), 0x34);
    }

    #[test]
    fn only_pcm_that_can_be_written_is_taken() {
        let format = pcm_block(2, 44_100, 16);
        assert_eq!((format.nBlockAlign, format.nAvgBytesPerSec), (4, 176_400));
        assert!(pcm_format(&format).is_some());
        assert!(pcm_format(&WAVEFORMATEX { wBitsPerSample: 12, ..format.clone() }).is_none());
        assert!(pcm_format(&WAVEFORMATEX { nChannels: 0, ..format.clone() }).is_none());
        assert!(pcm_format(&WAVEFORMATEX { wFormatTag: 2, ..format }).is_none());
    }
}
