//! What a driver is asked before a conversion stream is opened.

use mmsystem::{
    ACM_FORMATSUGGESTF_WFORMATTAG, ACM_STREAMOPENF_NONREALTIME, ACM_STREAMOPENF_QUERY, ACMDM_FORMAT_SUGGEST,
    ACMDM_STREAM_OPEN, ACMDRVFORMATSUGGEST, ACMDRVSTREAMINSTANCE, MMSYSERR_NOERROR, Structure,
    WAVE_FORMAT_PCM, WAVEFORMATEX,
};

use super::formats::{driver_format, pcm_block, pcm_format};
use super::{Codec, ask, mmsyserr};
use crate::arena::Block;
use crate::error::Error;
use crate::media::{MediaError, WaveFormat};
use crate::opened::{decoded, encoded};

/// `wBitsPerSample` of the output that is asked for when the driver suggests none.
const USUAL_BITS: u16 = 16;

/// A conversion that a driver says it does: what ACMDM_STREAM_OPEN was asked.
#[derive(Debug)]
pub(super) struct Possible {
    pub description: ACMDRVSTREAMINSTANCE,
    pub instance: Block,
    pub formats: [Block; 2],
    pub block_align: u16,
    pub output: WaveFormat,
}

impl Codec<'_> {
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
