//! One stream of sound on its way through a driver into the file.

mod wanted;

use mmsystem::{WAVE_FORMAT_ADPCM, WAVE_FORMAT_DVI_ADPCM, WAVE_FORMAT_GSM610, WAVE_FORMAT_PCM};

use super::samples::to_16_bits;
use super::{AudioCoding, Encode, EncodedAudio};
use crate::acm::{Codec, Ends, Stream};
use crate::decode::audio::sample_size;
use crate::decode::handover::Taker;
use crate::decode::interleave::Track;
use crate::decode::shared::Shared;
use crate::error::Error;
use crate::media::{AviTrack, PcmFormat, SampleType, WaveFormat};
use crate::session::Session;

/// How often in a row a driver may use nothing of what it is given.
const MAX_IDLE: u32 = 64;

/// A stream of sound that is to be encoded.
pub(super) struct Sound<'s> {
    coder: Coder<'s>,
    driver: Option<String>,
    /// What the samples are as they come.
    source: PcmFormat,
    /// What is written.
    output: WaveFormat,
    taker: Taker,
    warnings: Vec<String>,
}

/// What became of it.
pub(super) struct AudioMade {
    pub encoded: EncodedAudio,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// What makes the stream's data of samples.
enum Coder<'s> {
    /// A driver, from 16 bits.
    Codec(Box<Stream<'s>>),
    /// Nothing: they are written as they are.
    Plain,
}

impl<'s> Sound<'s> {
    /// Opens the driver.
    ///
    /// # Errors
    /// As [`super::run`].
    pub fn open(session: &'s Session, what: &Encode, source: PcmFormat, taker: Taker) -> Result<Self, Error> {
        let Some(coding) = &what.audio else {
            let output = WaveFormat::of_pcm(source)?;
            return Ok(Self {
                coder: Coder::Plain,
                driver: None,
                source,
                output,
                taker,
                warnings: Vec::new(),
            });
        };
        let pcm = PcmFormat { sample: SampleType::S16, ..source };
        let stream = opened(session, what, coding, pcm)?;
        let warnings = Vec::from_iter(stream.warning().map(str::to_owned));
        let output = stream.format().clone();
        let driver = Some(coding.driver.file_name());
        Ok(Self { coder: Coder::Codec(Box::new(stream)), driver, source, output, taker, warnings })
    }

    /// The stream's headers.
    ///
    /// # Errors
    /// [`Error::Media`] for a format that cannot be written.
    pub fn track(&self) -> Result<AviTrack, Error> {
        Ok(AviTrack::wave(&self.output)?)
    }

    /// Encodes all samples into `track`.
    ///
    /// # Errors
    /// [`Error::Refused`] where the driver fails; [`Error::Media`] where nothing can be written; [`Error::Interrupted`].
    pub fn run(self, track: Track, shared: &Shared<'_>) -> Result<AudioMade, Error> {
        let Self { coder, driver, source, output, taker, mut warnings } = self;
        let mut data = Data::new(track, &output);
        let size = sample_size(source);
        let mut samples = 0;
        let mut pending = Vec::new();
        let mut rest: Vec<u8> = Vec::new();
        let mut coder = coder;
        while let Some(pcm) = taker.take() {
            shared.go_on()?;
            rest.extend_from_slice(&pcm);
            taker.give_back(pcm);
            let whole = rest.len() - rest.len() % size;
            samples += (whole / size) as u64;
            let piece = rest.get(..whole).unwrap_or_default();
            match &mut coder {
                Coder::Plain => data.put(piece)?,
                Coder::Codec(stream) => {
                    to_16_bits(piece, source.sample, &mut pending);
                    feed(stream, &mut pending, &mut data)?;
                }
            }
            rest.drain(..whole);
        }
        shared.go_on()?;
        if let Coder::Codec(stream) = coder {
            warnings.extend(end(*stream, pending, usize::from(source.channels.max(1)) * 2, &mut data)?);
        }
        data.end()?;
        Ok(AudioMade {
            encoded: EncodedAudio {
                driver,
                format_tag: output.codec_tag(),
                samples,
                bytes: data.bytes,
                channels: source.channels,
                samples_per_sec: source.samples_per_sec,
            },
            warnings,
        })
    }
}

/// Opens the driver for the format that is wanted.
fn opened<'s>(
    session: &'s Session,
    what: &Encode,
    coding: &AudioCoding,
    pcm: PcmFormat,
) -> Result<Stream<'s>, Error> {
    let codec = Codec::open(session, &coding.driver, what.packing)?;
    let mut listed = Vec::new();
    for tag in codec.format_tags()? {
        if tag != WAVE_FORMAT_PCM {
            listed.extend(codec.listed(tag)?);
        }
    }
    codec.close()?;
    let name = coding.driver.file_name();
    let wanted = wanted::choose(&name, &listed, coding.format.as_deref(), pcm)?;
    let source = WaveFormat::of_pcm(pcm)?;
    let stream = Stream::open(session, &coding.driver, what.packing, &source, Some(&wanted.format))?;
    stream.ok_or_else(|| wanted::none(&name, &listed, "that it makes", coding.format.as_deref()))
}

/// Has the driver convert what is pending, as long as it is as much as is given at a time.
fn feed(stream: &mut Stream<'_>, pending: &mut Vec<u8>, data: &mut Data) -> Result<(), Error> {
    let capacity = stream.capacity();
    let mut made = Vec::new();
    let mut idle = 0;
    let mut at = 0;
    while let Some(piece) = pending.get(at..at + capacity) {
        let converted = stream.convert(piece, Ends::Open, &mut made)?;
        data.put(&made)?;
        at += converted.used;
        idle = if converted.used == 0 { idle + 1 } else { 0 };
        if idle > MAX_IDLE {
            return Err(data.stuck(pending.len() - at));
        }
    }
    pending.drain(..at);
    Ok(())
}

/// Has the driver convert the rest, filled up with silence where it takes whole blocks only, and give what it has kept back. Answers
/// what the user should know.
fn end(
    mut stream: Stream<'_>,
    mut pending: Vec<u8>,
    sample_size: usize,
    data: &mut Data,
) -> Result<Option<String>, Error> {
    let mut made = Vec::new();
    for ends in [Ends::Last, Ends::Rest] {
        let mut idle = 0;
        while ends == Ends::Last || !pending.is_empty() {
            let piece = pending.get(..pending.len().min(stream.capacity())).unwrap_or_default();
            let converted = stream.convert(piece, ends, &mut made)?;
            data.put(&made)?;
            pending.drain(..converted.used);
            idle = if converted.used == 0 { idle + 1 } else { 0 };
            let more = converted.filled || (converted.used > 0 && !pending.is_empty());
            if !more || idle > MAX_IDLE {
                break;
            }
        }
    }
    let mut warning = None;
    if !pending.is_empty() {
        let block = samples_in_block(stream.format()) * sample_size;
        let left = pending.len() / sample_size;
        pending.resize(pending.len().next_multiple_of(block.max(1)).min(stream.capacity()), 0);
        let converted = stream.convert(&pending, Ends::Alone, &mut made)?;
        data.put(&made)?;
        warning = (converted.used == 0).then(|| format!("the driver did not take the last {left} samples"));
    }
    stream.finish(&mut made)?;
    data.put(&made)?;
    Ok(warning)
}

/// How many samples a channel a block holds, or a few more: stated by some formats, and by others only through their rates.
fn samples_in_block(format: &WaveFormat) -> usize {
    let stated = match format.codec_tag() {
        WAVE_FORMAT_ADPCM | WAVE_FORMAT_DVI_ADPCM | WAVE_FORMAT_GSM610 => format.extra.first_chunk(),
        _ => None,
    };
    if let Some(stated) = stated.map(|bytes| u16::from_le_bytes(*bytes)).filter(|stated| *stated > 0) {
        return stated.into();
    }
    let samples = u64::from(format.block_align) * u64::from(format.samples_per_sec);
    samples.div_ceil(u64::from(format.avg_bytes_per_sec.max(1))) as usize + 1
}

/// What writes and counts.
struct Data {
    track: Track,
    /// Bytes of a block.
    block: usize,
    /// Bytes a second.
    rate: u32,
    /// How many bytes are written at a time.
    piece: usize,
    waiting: Vec<u8>,
    bytes: u64,
}

impl Data {
    fn new(track: Track, format: &WaveFormat) -> Self {
        let block = usize::from(format.block_align.max(1));
        // A quarter of a second at a time: so the file's streams lie side by side.
        let piece = (format.avg_bytes_per_sec as usize / 4 / block).max(1) * block;
        Self { track, block, rate: format.avg_bytes_per_sec, piece, waiting: Vec::new(), bytes: 0 }
    }

    fn put(&mut self, made: &[u8]) -> Result<(), Error> {
        self.waiting.extend_from_slice(made);
        let mut at = 0;
        while let Some(piece) = self.waiting.get(at..at + self.piece) {
            at += piece.len();
            self.bytes += piece.len() as u64;
            self.track.write(piece, true, self.bytes, self.rate)?;
        }
        self.waiting.drain(..at);
        Ok(())
    }

    /// Writes what is left, its last block filled up.
    fn end(&mut self) -> Result<(), Error> {
        self.waiting.resize(self.waiting.len().next_multiple_of(self.block), 0);
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.bytes += self.waiting.len() as u64;
        self.track.write(&self.waiting, true, self.bytes, self.rate)
    }

    fn stuck(&self, left: usize) -> Error {
        Error::Refused {
            driver: "the audio driver".into(),
            message: "ACMDM_STREAM_CONVERT".into(),
            result: format!("{MAX_IDLE} times in a row that it used nothing of {left} bytes"),
        }
    }
}
