//! The sound of an AVI file as a run of bytes.

use std::io::{Read, Seek};

use super::packets::{PacketKind, Packets};
use super::{AudioStream, AviReader};
use crate::media::damage::{Damage, Unit};
use crate::media::error::MediaError;
use crate::media::samples::SampleSource;
use crate::media::wav::WaveFormat;

/// The sample data of one audio stream, from [`AviReader::samples`]: the bytes of its packets, one behind the other. A packet that
/// the file's end cuts off counts as far as it is there.
pub struct AviSamples<'a, R> {
    packets: Packets<'a, R>,
    format: WaveFormat,
    /// Where the rest of the packet at hand is, and how long it is.
    at: u64,
    left: u64,
    /// How many bytes were read so far.
    read: u64,
    /// How many there are, as the stream's header states.
    stated: Option<u64>,
}

impl<'a, R: Read + Seek> AviSamples<'a, R> {
    pub(super) fn new(reader: &'a mut AviReader<R>, index: u16) -> Result<Self, MediaError> {
        let AudioStream { format, length, .. } = reader.audio_stream(index)?;
        let unit = reader.stream(index).map_or(0, |stream| stream.header.sample_size);
        let stated = u64::from(length) * u64::from(unit);
        let stated = (stated != 0).then_some(stated);
        Ok(Self { packets: Packets::without_index(reader, index), format, at: 0, left: 0, read: 0, stated })
    }

    /// Goes to the next packet that has bytes; answers whether there is one.
    fn next_packet(&mut self) -> Result<bool, MediaError> {
        while self.left == 0 {
            let chunk = match self.packets.next_chunk()? {
                Some((_, PacketKind::PaletteChange)) => continue,
                Some((chunk, _)) => chunk,
                None => match self.packets.take_cut() {
                    Some(chunk) => chunk,
                    None => return Ok(false),
                },
            };
            (self.at, self.left) = (chunk.body(), chunk.present);
        }
        Ok(true)
    }
}

impl<R: Read + Seek> SampleSource for AviSamples<'_, R> {
    fn format(&self) -> &WaveFormat {
        &self.format
    }

    fn read_data(&mut self, buf: &mut [u8]) -> Result<usize, MediaError> {
        let mut filled = 0;
        while filled < buf.len() && self.next_packet()? {
            let rest = buf.get_mut(filled..).unwrap_or_default();
            let len = rest.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
            let Some(part) = rest.get_mut(..len) else { break };
            self.packets.read_at(self.at, part)?;
            self.at += len as u64;
            self.left -= len as u64;
            self.read += len as u64;
            filled += len;
        }
        Ok(filled)
    }

    fn data_len(&self) -> Option<u64> {
        self.stated
    }

    fn damage(&self) -> Option<Damage> {
        let (read, stated, unit) = (self.read, self.stated, Unit::Bytes);
        self.packets.damage().map(|damage| Damage { read, stated, unit, ..damage })
    }
}
