//! The sound that is still to be written: streams are put into it side by side, and what nothing can be added to any more leaves it.

use super::recording::Recording;
use super::samples::{mix, silence};
use crate::error::Error;
use crate::media::PcmFormat;

/// The most that it holds: some ten seconds of sound. What reaches further ahead has what lies before written.
const MOST: usize = 2 << 20;
/// How much silence is written at once.
const SILENCE: u64 = 1 << 16;

/// Sound from a frame on, in the recording's format.
pub(super) struct Window {
    format: PcmFormat,
    /// Bytes of a frame.
    block: usize,
    bytes: Vec<u8>,
    /// How many frames have left it.
    written: u64,
    recording: Recording,
}

impl Window {
    pub fn new(format: PcmFormat, recording: Recording) -> Self {
        let block = usize::from(format.channels.max(1)) * usize::from(format.sample.bytes());
        Self { format, block, bytes: Vec::new(), written: 0, recording }
    }

    pub fn format(&self) -> PcmFormat {
        self.format
    }

    /// Mixes frames in, of which the first has this number; what is before the beginning, or has left already, is left out.
    ///
    /// # Errors
    /// As [`Recording::write`].
    pub fn put(&mut self, first: i64, mut bytes: &[u8]) -> Result<(), Error> {
        let written = i64::try_from(self.written).unwrap_or(i64::MAX);
        if first < written {
            let over =
                usize::try_from(first.abs_diff(written)).unwrap_or(usize::MAX).saturating_mul(self.block);
            bytes = bytes.get(over..).unwrap_or_default();
        }
        let whole = bytes.len() - bytes.len() % self.block;
        let bytes = bytes.get(..whole).unwrap_or_default();
        if bytes.is_empty() {
            return Ok(());
        }
        let first = u64::try_from(first.max(written)).unwrap_or(0);
        let frames = bytes.len() / self.block;
        let room = (MOST / self.block) as u64;
        let end = first.saturating_add(frames as u64);
        if end - self.written > room {
            self.write_until(end - room / 2)?;
            return self.put(i64::try_from(first).unwrap_or(i64::MAX), bytes);
        }
        let offset = usize::try_from(first - self.written).unwrap_or(0).saturating_mul(self.block);
        if self.bytes.len() < offset {
            self.bytes.resize(offset, silence(self.format.sample));
        }
        let shared = (self.bytes.len() - offset).min(bytes.len());
        let (with, behind) = bytes.split_at(shared);
        if let Some(there) = self.bytes.get_mut(offset..offset + shared).filter(|there| !there.is_empty()) {
            mix(self.format.sample, there, with);
        }
        self.bytes.extend_from_slice(behind);
        Ok(())
    }

    /// Writes all before a frame, silence where nothing was put.
    ///
    /// # Errors
    /// As [`Recording::write`].
    pub fn write_until(&mut self, end: u64) -> Result<(), Error> {
        let mut missing = end.saturating_sub(self.written);
        let there = (self.bytes.len() / self.block) as u64;
        let taken = usize::try_from(missing.min(there)).unwrap_or(0) * self.block;
        self.recording.write(self.bytes.get(..taken).unwrap_or_default())?;
        self.bytes.drain(..taken);
        missing -= missing.min(there);
        while missing > 0 {
            let piece = missing.min(SILENCE);
            let silent = vec![silence(self.format.sample); usize::try_from(piece).unwrap_or(0) * self.block];
            self.recording.write(&silent)?;
            missing -= piece;
        }
        self.written = self.written.max(end);
        Ok(())
    }

    /// Writes all before a frame, and leaves out what is behind. Answers how many frames were written.
    ///
    /// # Errors
    /// As [`Recording::write`].
    pub fn finish(mut self, end: u64) -> Result<(u64, Recording), Error> {
        self.write_until(end)?;
        Ok((self.written, self.recording))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{SampleType, WavReader};
    use crate::play::Target;

    const FORMAT: PcmFormat = PcmFormat { channels: 1, samples_per_sec: 8000, sample: SampleType::U8 };

    /// What is written, which is all that `fill` puts into a window and then ends at a frame.
    fn written(end: u64, fill: impl FnOnce(&mut Window)) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.wav");
        let recording = Recording::start(Some(&Target::File(path.clone())), FORMAT).unwrap();
        let mut window = Window::new(FORMAT, recording);
        fill(&mut window);
        let (frames, recording) = window.finish(end).unwrap();
        recording.finish().unwrap();
        let mut reader = WavReader::open(std::fs::File::open(path).unwrap()).unwrap();
        assert_eq!((reader.data_len(), reader.damage()), (frames, None));
        let mut bytes = vec![0; usize::try_from(frames).unwrap()];
        let read = reader.read_data(&mut bytes).unwrap();
        assert_eq!(read, bytes.len());
        bytes
    }

    #[test]
    fn sound_is_put_where_it_belongs_and_holes_are_silent() {
        let bytes = written(12, |window| {
            window.put(-2, &[1, 2, 3]).unwrap();
            window.put(5, &[0x90, 0x91]).unwrap();
            window.put(6, &[0x81, 0x70]).unwrap();
            window.write_until(4).unwrap();
            window.put(3, &[9, 0xFF]).unwrap();
            window.put(11, &[7, 7, 7]).unwrap();
        });
        assert_eq!(bytes, [3, 128, 128, 128, 0xFF, 0x90, 0x92, 0x70, 128, 128, 128, 7]);
    }

    #[test]
    fn what_reaches_far_ahead_is_not_kept() {
        let far = 50 << 20;
        let bytes = written(far + 2, |window| {
            window.put(1, &[5]).unwrap();
            window.put(i64::try_from(far).unwrap(), &[6, 7]).unwrap();
            assert!(window.bytes.len() <= MOST && window.bytes.capacity() <= 2 * MOST);
        });
        let heard: Vec<_> = bytes.iter().enumerate().filter(|(_, byte)| **byte != 128).collect();
        assert_eq!(heard, [(1, &5), (far as usize, &6), (far as usize + 1, &7)]);
    }
}
