//! One stream of audio.
//!
//! All that the file has is decoded. ADPCM encoders fill up the last block, and the `fact` chunk tells how many samples were
//! meant; the filling is kept, as `ffmpeg` keeps it, because `fact` is often wrong and what is kept can still be cut off. A last
//! block that is cut short is decoded as far as it goes, again as `ffmpeg` does: blocks are decoded from their start on, so what
//! is missing changes nothing before it.

mod feed;

use std::num::NonZeroUsize;
use std::thread;

use mmsystem::{WAVE_FORMAT_ADPCM, WAVE_FORMAT_DVI_ADPCM, WAVE_FORMAT_PCM};

use super::choice::{self, format_tag_name};
use super::shared::Shared;
use super::sinks::AudioSink;
use super::{Job, Progress, nothing_readable};
use crate::acm::{Converted, Ends, Team};
use crate::error::{Blame, Error};
use crate::media::{
    ContentHash, ContentHasher, MediaError, PcmFormat, SampleSource, SampleType, Unit, WaveFormat,
};
use crate::registry::DriverFile;
use feed::{Pending, feed};

/// How many bytes of PCM samples are passed through at a time, about.
pub(super) const PCM_SIZE: usize = 64 << 10;
/// From how many bytes of source data on further workers, each of which takes some milliseconds to start, are of use.
const LONG: u64 = 4 << 20;

/// A stream of audio that is to be decoded.
pub(super) struct AudioTrack<'s> {
    /// Its number in the file; 0 in a WAVE file.
    pub stream: u16,
    /// What decodes it.
    pub samples: Samples<'s>,
    /// Which of the samples are wanted.
    pub span: Span,
    /// How many samples of silence go before them, where the stream begins later than others.
    pub silence: u64,
    /// Whether others tell how far the run is.
    pub silent: bool,
    /// Whether nothing else is decoded meanwhile.
    pub alone: bool,
}

/// A run of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// How many are left out at the beginning.
    pub skip: u64,
    /// How many are wanted then; `None` for all.
    pub len: Option<u64>,
}

/// What became of a stream of audio.
pub(super) struct AudioDone {
    /// How many samples a channel there are.
    pub samples: u64,
    /// Of their bytes.
    pub hash: ContentHash,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// What is missing or unreadable.
    pub damage: Option<String>,
    /// Whose doing it is.
    pub blame: Option<Blame>,
    /// Where the samples went, to be finished.
    pub sink: AudioSink,
}

impl AudioTrack<'_> {
    /// Decodes the stream to `sink`.
    ///
    /// # Errors
    /// As [`VideoTrack::run`](super::video::VideoTrack::run).
    pub fn run(
        self,
        source: &mut dyn SampleSource,
        sink: AudioSink,
        shared: &Shared<'_>,
    ) -> Result<AudioDone, Error> {
        let Self { mut samples, span, silence, silent, alone, .. } = self;
        let format = samples.format();
        let size = sample_size(format);
        let mut sink = Sink::new(sink, format, span);
        sink.begin(silence)?;
        let mut pending = Pending::default();
        if alone && sink.sink.is_written_alone() {
            samples.take_places(source.data_len().is_some_and(|len| len >= LONG));
        }
        let report = |done, total| {
            if silent { shared.go_on() } else { shared.report(Progress { done, total, unit: Unit::Bytes }) }
        };
        let stopped = feed(source, &mut samples, &mut pending, &mut sink, report)?;
        let mut warnings = Vec::from_iter(samples.warning());
        if stopped.is_none() && !sink.full() {
            warnings.extend(finish_part(source.format(), &mut samples, pending.bytes(), &mut sink)?);
        }
        let damage = source.damage();
        if sink.made < size as u64 {
            let otherwise =
                if sink.made == 0 { "it has no samples" } else { "it holds not one whole sample" };
            return Err(nothing_readable("sound", damage.as_ref(), otherwise));
        }
        let blame = stopped.as_ref().map(|(blame, _)| *blame).or(damage.as_ref().map(|_| Blame::Media));
        if blame != Some(Blame::Driver) {
            warnings.extend(samples.close().err().map(|error| error.to_string()));
        }
        let stopped = stopped.map(|(_, why)| why);
        let damage: Vec<_> = stopped.into_iter().chain(damage.map(|damage| damage.to_string())).collect();
        let damage = (!damage.is_empty()).then(|| damage.join("; "));
        let Sink { sink, hasher, written, .. } = sink;
        let sink = sink.ended();
        Ok(AudioDone { samples: written / size as u64, hash: hasher.finish(), warnings, damage, blame, sink })
    }
}

/// Converts what is left behind the last whole block, as far as it can be. Answers what the user should know.
fn finish_part(
    format: &WaveFormat,
    samples: &mut Samples<'_>,
    part: &[u8],
    sink: &mut Sink,
) -> Result<Option<String>, Error> {
    if part.is_empty() {
        return Ok(None);
    }
    let (len, block) = (part.len(), usize::from(format.block_align));
    let mut pcm = Vec::new();
    let in_part = samples_in_part(format, len);
    if in_part > 0 && len < block {
        let mut padded = part.to_vec();
        padded.resize(block, 0);
        samples.convert(&padded, Ends::Alone, &mut pcm)?;
        pcm.truncate(in_part.saturating_mul(sample_size(samples.format())));
        sink.write(pcm)?;
        return Ok(Some(format!(
            "the last block has {len} of {block} bytes; the {in_part} samples in it were decoded"
        )));
    }
    let converted = samples.convert(part, Ends::Rest, &mut pcm)?;
    sink.write(pcm)?;
    let unused = len - converted.used;
    Ok((unused > 0).then(|| format!("the last {unused} bytes are not a whole block and were not decoded")))
}

/// How many samples a channel the beginning of a block holds, for the ADPCM formats whose blocks are decoded from their start
/// on; 0 for others. A channel's first two samples are in the header of 7 bytes of Microsoft's ADPCM, and its first one in the
/// header of 4 bytes of IMA's, whose channels take turns every 4 bytes ("New Multimedia Data Types and Data Techniques",
/// Microsoft, 1994).
fn samples_in_part(format: &WaveFormat, len: usize) -> usize {
    let channels = usize::from(format.channels.max(1));
    match (format.codec_tag(), format.bits_per_sample) {
        (WAVE_FORMAT_ADPCM, 4) => len.checked_sub(7 * channels).map_or(0, |rest| 2 + rest * 2 / channels),
        (WAVE_FORMAT_DVI_ADPCM, 4) => {
            len.checked_sub(4 * channels).map_or(0, |rest| 1 + rest / (4 * channels) * 8)
        }
        _ => 0,
    }
}

/// What turns source data into samples.
pub(super) enum Samples<'s> {
    /// A driver, to this format.
    Codec(Box<Team<'s>>, PcmFormat),
    /// Nothing: they are PCM.
    Plain(PcmFormat),
}

impl<'s> Samples<'s> {
    /// Opens the driver for a format, if it needs one, the one that is given or the registry's; also gives the driver's name.
    ///
    /// # Errors
    /// As [`Team::open`]; [`Error::NoCodec`].
    pub fn open(
        job: &Job<'s>,
        given: Option<&DriverFile>,
        format: &WaveFormat,
    ) -> Result<(Self, Option<String>), Error> {
        let tag = format.codec_tag();
        if tag == WAVE_FORMAT_PCM {
            return Ok((Self::Plain(plain_format(format)?), None));
        }
        let registry = job.session.registry();
        let aliases = choice::audio_aliases(tag, registry.aliases());
        let what = format!("format tag {}", format_tag_name(tag));
        let (team, driver) = choice::first_that_opens(registry, given, &aliases, &what, |driver| {
            Team::open(job.session, driver, job.what.packing, format)
        })?;
        let output = plain_format(team.format())?;
        Ok((Self::Codec(Box::new(team), output), Some(driver)))
    }

    /// The format of the samples.
    pub fn format(&self) -> PcmFormat {
        match self {
            Self::Codec(_, format) | Self::Plain(format) => *format,
        }
    }

    /// What the user should know of the driver.
    fn warning(&self) -> Option<String> {
        match self {
            Self::Codec(team, _) => team.warning().map(str::to_owned),
            Self::Plain(_) => None,
        }
    }

    /// Has this thread and the driver run on a processor each, and of `long` sound, where the format allows that, in as many workers as there are processors.
    fn take_places(&mut self, long: bool) {
        let Self::Codec(team, _) = self else { return };
        // As long as it may use all of them.
        let processors = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let processors = if long { processors() } else { 1 };
        team.take_places();
        team.ask_for_help(processors);
    }

    fn capacity(&self) -> usize {
        match self {
            Self::Codec(team, _) => team.capacity(),
            Self::Plain(format) => PCM_SIZE.next_multiple_of(sample_size(*format)),
        }
    }

    fn convert(&mut self, data: &[u8], ends: Ends, pcm: &mut Vec<u8>) -> Result<Converted, Error> {
        self.begin(data, ends)?;
        self.converted(data, pcm)?.ok_or_else(|| Error::Bug("a piece that was alone was dropped".into()))
    }

    /// Whether a further piece can be begun behind the one that has.
    fn has_room(&self) -> bool {
        match self {
            Self::Codec(team, _) => team.has_room(),
            Self::Plain(_) => false,
        }
    }

    /// Has a driver begin with a piece of source data.
    fn begin(&mut self, data: &[u8], ends: Ends) -> Result<(), Error> {
        match self {
            Self::Codec(team, _) => team.begin(data, ends),
            Self::Plain(_) => Ok(()),
        }
    }

    /// What has become of the first piece that was begun, where `data` begins; `None` as [`Team::converted`] says.
    fn converted(&mut self, data: &[u8], pcm: &mut Vec<u8>) -> Result<Option<Converted>, Error> {
        match self {
            Self::Codec(team, _) => team.converted(pcm),
            Self::Plain(format) => {
                let used = data.len() - data.len() % sample_size(*format);
                pcm.clear();
                pcm.extend_from_slice(data.get(..used).unwrap_or_default());
                Ok(Some(Converted { used, filled: false }))
            }
        }
    }

    /// Closes the driver.
    ///
    /// # Errors
    /// As [`Team::close`].
    pub fn close(self) -> Result<(), Error> {
        match self {
            Self::Codec(team, _) => team.close(),
            Self::Plain(_) => Ok(()),
        }
    }
}

/// The format of samples that are PCM already.
fn plain_format(format: &WaveFormat) -> Result<PcmFormat, MediaError> {
    let WaveFormat { channels, samples_per_sec, block_align, bits_per_sample, .. } = *format;
    let unsupported = || MediaError::Unsupported {
        what: format!("PCM of {channels} channels, {bits_per_sample} bits and {block_align} bytes a sample"),
        why: "whole samples of 8, 16, 24 or 32 bits are".to_owned(),
    };
    let sample = SampleType::of_bits(bits_per_sample).ok_or_else(unsupported)?;
    let whole = channels.checked_mul(sample.bytes()) == Some(block_align) && block_align > 0;
    if whole { Ok(PcmFormat { channels, samples_per_sec, sample }) } else { Err(unsupported()) }
}

/// Bytes of one sample of all channels, at least 1.
pub(crate) fn sample_size(format: PcmFormat) -> usize {
    (usize::from(format.channels) * usize::from(format.sample.bytes())).max(1)
}

/// What writes, hashes and counts.
struct Sink {
    sink: AudioSink,
    format: PcmFormat,
    hasher: ContentHasher,
    /// How many bytes are still to be left out.
    skip: u64,
    /// How many bytes are still wanted; `None` for all.
    left: Option<u64>,
    /// How many bytes were decoded.
    made: u64,
    /// How many of them were wanted.
    written: u64,
}

impl Sink {
    fn new(sink: AudioSink, format: PcmFormat, span: Span) -> Self {
        let bytes = |samples: u64| samples.saturating_mul(sample_size(format) as u64);
        let (skip, left) = (bytes(span.skip), span.len.map(bytes));
        Self { sink, format, hasher: ContentHasher::new(), skip, left, made: 0, written: 0 }
    }

    /// Writes silence, which is no part of what was decoded.
    fn begin(&mut self, samples: u64) -> Result<(), Error> {
        let size = sample_size(self.format);
        let level = if self.format.sample == SampleType::U8 { 0x80 } else { 0 };
        let piece = vec![level; PCM_SIZE.next_multiple_of(size)];
        let mut left = samples.saturating_mul(size as u64);
        while left > 0 {
            let len = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
            self.sink.write(piece.get(..len).unwrap_or_default())?;
            left -= len as u64;
        }
        Ok(())
    }

    /// Whether no more is wanted.
    fn full(&self) -> bool {
        self.left == Some(0)
    }

    fn write(&mut self, mut pcm: Vec<u8>) -> Result<(), Error> {
        self.count(&mut pcm);
        self.put(&pcm)
    }

    /// Counts what was decoded, and leaves what is wanted of it.
    fn count(&mut self, pcm: &mut Vec<u8>) {
        self.made += pcm.len() as u64;
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(pcm.len());
        self.skip -= skipped as u64;
        pcm.drain(..skipped);
        let wanted =
            self.left.map_or(pcm.len(), |left| usize::try_from(left).unwrap_or(usize::MAX).min(pcm.len()));
        pcm.truncate(wanted);
        self.left = self.left.map(|left| left - wanted as u64);
    }

    /// Hashes and writes what was counted.
    fn put(&mut self, pcm: &[u8]) -> Result<(), Error> {
        self.hasher.update(pcm);
        self.written += pcm.len() as u64;
        self.sink.write(pcm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(tag: u16, channels: u16, block_align: u16, bits: u16) -> WaveFormat {
        let mut bytes = [tag, channels].map(u16::to_le_bytes).concat();
        bytes.extend([8000u32, 8000].map(u32::to_le_bytes).concat());
        bytes.extend([block_align, bits].map(u16::to_le_bytes).concat());
        WaveFormat::parse(bytes).unwrap()
    }

    #[test]
    fn cut_blocks_hold_what_their_layout_says() {
        let ms = |channels, len| samples_in_part(&format(WAVE_FORMAT_ADPCM, channels, 1024, 4), len);
        // A whole block of 1024 bytes has 2036 samples, or 1012 in stereo.
        assert_eq!((ms(1, 1024), ms(2, 1024)), (2036, 1012));
        assert_eq!((ms(1, 6), ms(1, 7), ms(2, 13), ms(2, 14)), (0, 2, 0, 2));
        let ima = |channels, len| samples_in_part(&format(WAVE_FORMAT_DVI_ADPCM, channels, 1024, 4), len);
        assert_eq!((ima(1, 1024), ima(2, 1024)), (2041, 1017));
        assert_eq!((ima(1, 3), ima(1, 11), ima(2, 15), ima(2, 16)), (0, 9, 1, 9));
        assert_eq!(samples_in_part(&format(0x31, 1, 65, 0), 64), 0);
    }

    #[test]
    fn only_whole_pcm_samples_pass() {
        assert_eq!(plain_format(&format(1, 2, 6, 24)).unwrap().sample, SampleType::S24);
        for (channels, block_align, bits) in [(2, 4, 12), (2, 3, 16), (0, 0, 16), (40_000, 0, 16)] {
            assert!(plain_format(&format(1, channels, block_align, bits)).is_err());
        }
    }
}
