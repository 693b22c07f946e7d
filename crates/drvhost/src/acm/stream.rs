//! A conversion stream: compressed audio to PCM, or any format to another.

use std::sync::Arc;

use mmsystem::{
    ACM_FORMATSUGGESTF_WFORMATTAG, ACM_STREAMCONVERTF_BLOCKALIGN, ACM_STREAMCONVERTF_END,
    ACM_STREAMCONVERTF_START, ACM_STREAMOPENF_NONREALTIME, ACM_STREAMOPENF_QUERY, ACM_STREAMSIZEF_SOURCE,
    ACMDM_FORMAT_SUGGEST, ACMDM_STREAM_CLOSE, ACMDM_STREAM_CONVERT, ACMDM_STREAM_OPEN, ACMDM_STREAM_PREPARE,
    ACMDM_STREAM_SIZE, ACMDM_STREAM_UNPREPARE, ACMDRVFORMATSUGGEST, ACMDRVSTREAMHEADER, ACMDRVSTREAMINSTANCE,
    ACMDRVSTREAMSIZE, ACMERR_NOTPOSSIBLE, ACMSTREAMHEADER_STATUSF_DONE, ACMSTREAMHEADER_STATUSF_PREPARED,
    MMSYSERR_NOERROR, MMSYSERR_NOTSUPPORTED, Structure, WAVE_FORMAT_PCM, WAVEFORMATEX,
};

use super::formats::{driver_format, pcm_block, pcm_format};
use super::{Codec, ask, mmsyserr, mmsyserr_text};
use crate::arena::{Arena, Block};
use crate::error::Error;
use crate::media::{MediaError, WaveFormat};
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

/// An open conversion stream. Dropping it sends ACMDM_STREAM_UNPREPARE, ACMDM_STREAM_CLOSE and DRV_CLOSE.
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
    output: WaveFormat,
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
    output: WaveFormat,
}

impl<'s> Codec<'s> {
    /// Opens a stream from one format to another. Without a destination that is the PCM format that the driver suggests, or 16 bits
    /// at the same rate and with as many channels if it suggests none.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Media`] for PCM without channels or rate, and as
    /// [`Session::send`](crate::Session::send).
    pub fn stream(self, source: &WaveFormat, destination: Option<&WaveFormat>) -> Result<Stream<'s>, Error> {
        let possible = self.query(source, destination)?;
        self.start(possible)
    }

    /// Asks for a stream as [`stream`](Self::stream) opens it. Nothing is opened by that, so nothing is closed (C119).
    ///
    /// # Errors
    /// As [`stream`](Self::stream).
    pub(super) fn query(
        &self,
        source: &WaveFormat,
        destination: Option<&WaveFormat>,
    ) -> Result<Possible, Error> {
        let arena = &self.opened.arena;
        let source_format = arena.block_with(&driver_format(source))?;
        let wanted = match destination {
            Some(format) => driver_format(format),
            None => self.suggest_pcm(source, &source_format)?,
        };
        let destination_format = arena.block_with(&wanted)?;
        let output = WaveFormat::parse(wanted)?;
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

    /// The PCM format to convert to, as drivers get it.
    fn suggest_pcm(&self, source: &WaveFormat, source_format: &Block) -> Result<Vec<u8>, Error> {
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
        let mut wanted = pcm_block(source.channels, source.samples_per_sec, USUAL_BITS);
        if mmsyserr(self.opened.send(ACMDM_FORMAT_SUGGEST, block.lparam(), 0)?) == MMSYSERR_NOERROR
            && let Some(format) = pcm_format(&decoded(&answer, ())?)
        {
            wanted = pcm_block(format.channels, format.samples_per_sec, format.sample.bytes() * 8);
        }
        if pcm_format(&wanted).is_none() {
            let (channels, rate) = (wanted.nChannels, wanted.nSamplesPerSec);
            let what = format!("sound of {channels} channels and {rate} samples a second");
            return Err(
                MediaError::Unsupported { what, why: "there is at least one of each".to_owned() }.into()
            );
        }
        encoded(&wanted, ())
    }
}

impl Stream<'_> {
    /// The format of the output.
    #[must_use]
    pub fn format(&self) -> &WaveFormat {
        &self.output
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
            size if size > MAX_DESTINATION => {
                // The source is of a piece's size, so this is no measure of what the file holds.
                return Err(
                    opened.refused(ACMDM_STREAM_SIZE, format!("{size} bytes, for which there is no room"))
                );
            }
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

    /// Converts a piece of source data, at most [`capacity`](Self::capacity) bytes, and replaces `out` by what came out. In any error it is as it was, or of no use.
    ///
    /// # Errors
    /// [`Error::Refused`] when the driver does, or says that it used or made more than there was; [`Error::TooLarge`];
    /// and as [`Session::send`](crate::Session::send).
    pub fn convert(&mut self, data: &[u8], ends: Ends, out: &mut Vec<u8>) -> Result<Converted, Error> {
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
        let used = left.cbSrcLengthUsed as usize;
        if used > data.len() {
            let result = format!("{used} of {} bytes used, which cannot be", data.len());
            return Err(opened.refused(ACMDM_STREAM_CONVERT, result));
        }
        self.take_made(ACMDM_STREAM_CONVERT, out)?;
        let block = usize::from(self.output.block_align.max(1));
        Ok(Converted { used, filled: out.len() + block > self.destination.len() })
    }

    /// Replaces `out` by as much of the destination as the driver says that it has filled, in its answer to a message.
    fn take_made(&self, message: u32, out: &mut Vec<u8>) -> Result<(), Error> {
        let made = self.state.cbDstLengthUsed as usize;
        if made > self.destination.len() {
            let result = format!("{made} of {} bytes made, which cannot be", self.destination.len());
            return Err(opened(&self.codec)?.refused(message, result));
        }
        // What is there already need not be filled with zeros before it is written over.
        out.resize(made, 0);
        self.destination.read(0, out)
    }

    /// Sends ACMDM_STREAM_UNPREPARE, ACMDM_STREAM_CLOSE and DRV_CLOSE.
    ///
    /// # Errors
    /// [`Error::Refused`] when the driver stays open, and as [`Session::send`](crate::Session::send).
    pub fn close(mut self) -> Result<(), Error> {
        self.end()
    }

    /// As [`close`](Self::close), and replaces `out` by what the driver puts into the destination when the header is unprepared.
    ///
    /// What is held back comes with [`Ends::Last`] ("acmStreamConvert", MS Learn). Some encoders, LAME's among them, keep their last frames
    /// until ACMDM_STREAM_UNPREPARE and set `cbDstLengthUsed` there. This is for encoders: nothing has to be true of that field then, and
    /// some decoders set it and make nothing.
    ///
    /// # Errors
    /// [`Error::Refused`] when the driver refuses to unprepare the header, says that it made more than there is room for, or stays open; and as
    /// [`Session::send`](crate::Session::send). The stream is closed nevertheless.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        out.clear();
        // A driver that puts nothing out leaves the field alone.
        self.state.cbDstLengthUsed = 0;
        let taken = self.unprepare().and_then(|answer| match answer {
            MMSYSERR_NOERROR => {
                let left: ACMDRVSTREAMHEADER = decoded(&self.header, self.header.width())?;
                self.state.cbDstLengthUsed = left.cbDstLengthUsed;
                self.take_made(ACMDM_STREAM_UNPREPARE, out)
            }
            answer => Err(opened(&self.codec)?.refused(ACMDM_STREAM_UNPREPARE, mmsyserr_text(answer))),
        });
        let ended = self.end();
        taken.and(ended)
    }

    /// Has the header unprepared, if it is prepared by the driver; gives the driver's answer.
    fn unprepare(&mut self) -> Result<u32, Error> {
        if !std::mem::take(&mut self.prepared) {
            return Ok(MMSYSERR_NOERROR);
        }
        // The lengths are those that were prepared ("acmStreamUnprepareHeader", MS Learn).
        self.state.cbSrcLength = self.source.len() as u32;
        self.write_header()?;
        let opened = opened(&self.codec)?;
        opened.send(ACMDM_STREAM_UNPREPARE, self.instance.lparam(), self.header.lparam()).map(mmsyserr)
    }

    fn end(&mut self) -> Result<(), Error> {
        if self.codec.is_none() {
            return Ok(());
        }
        let unprepared = self.unprepare();
        let Some(codec) = self.codec.take() else { return Ok(()) };
        let closed = codec.opened.send(ACMDM_STREAM_CLOSE, self.instance.lparam(), 0);
        codec.close().and(unprepared).and(closed).map(drop)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_and_last_pieces_are_marked() {
        assert_eq!(flags(Ends::Open, false), 0x14);
        assert_eq!(flags(Ends::Open, true), 0x04);
        assert_eq!(flags(Ends::Last, true), 0x24);
        assert_eq!(flags(Ends::Last, false), 0x34);
        assert_eq!(flags(Ends::Rest, true), 0x20);
        assert_eq!(flags(Ends::Alone, true), 0x34);
    }
}
