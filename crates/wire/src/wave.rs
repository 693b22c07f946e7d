//! What a driver plays: from the device in its worker to the host, which has the other end. Declared once for both sides.

use serde::{Deserialize, Serialize};

/// What the worker's sound device asks of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum WaveCall {
    /// What there is to play on. Answered by [`Served::Sound`](crate::Served::Sound).
    Device,
    /// Opens a stream. Answered by [`Served::Number`](crate::Served::Number), which later calls name it by, or by
    /// [`Served::Failed`](crate::Served::Failed) with a code of waveOutOpen's.
    Open {
        /// What its samples are.
        format: WaveFormat,
    },
    /// Plays samples. Once this has failed, the stream takes no more.
    Write {
        /// The stream.
        stream: u32,
        /// The samples, at most [`PIECE`](crate::PIECE) bytes.
        bytes: Vec<u8>,
    },
    /// Closes a stream.
    Close {
        /// The stream.
        stream: u32,
    },
}

/// The device that a driver finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoundDevice {
    /// Whether there is one.
    pub there: bool,
    /// Whether it plays as fast as samples come, instead of as fast as they sound.
    pub fast: bool,
    /// Whether the host wants to have the samples.
    pub keeps: bool,
}

/// What a driver plays where its clock is virtual, in the order of its time. It goes on the main line and is not answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Heard {
    /// A stream is open.
    Opened {
        /// What the worker calls it: streams are numbered as they are opened.
        stream: u32,
        /// What its samples are.
        format: WaveFormat,
    },
    /// Samples were played. Between them and those before there was silence.
    Played {
        /// The stream.
        stream: u32,
        /// When its first sample was played, in nanoseconds.
        begin: u64,
        /// How many bytes after that these samples are.
        at: u64,
        /// The samples, at most [`PIECE`](crate::PIECE) bytes.
        bytes: Vec<u8>,
    },
    /// A stream is closed.
    Closed {
        /// The stream.
        stream: u32,
    },
}

/// How far a stream is, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamState {
    /// The stream.
    pub stream: u32,
    /// How much of it the driver has written.
    pub written: u64,
    /// How much of that has been played.
    pub played: u64,
}

/// The format of samples, channels interleaved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaveFormat {
    /// Whether they are floating-point numbers; else integers, unsigned if they have 8 bits.
    pub floating: bool,
    /// How many channels there are.
    pub channels: u16,
    /// Samples per second and channel.
    pub samples_per_sec: u32,
    /// Bits of a sample.
    pub bits_per_sample: u16,
}

impl WaveFormat {
    /// The most channels that are played.
    const MOST_CHANNELS: u16 = 8;
    /// The rates that are played, as far as sound cards go.
    const RATES: std::ops::RangeInclusive<u32> = 1000..=384_000;

    /// Whether it is one of those that are played.
    #[must_use]
    pub fn is_playable(&self) -> bool {
        let sample = if self.floating {
            self.bits_per_sample == 32
        } else {
            matches!(self.bits_per_sample, 8 | 16 | 24 | 32)
        };
        sample
            && (1..=Self::MOST_CHANNELS).contains(&self.channels)
            && Self::RATES.contains(&self.samples_per_sec)
    }

    /// Bytes of a sample of every channel.
    #[must_use]
    pub fn block_align(&self) -> u16 {
        self.channels.saturating_mul(self.bits_per_sample / 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_sound_cards_play_is_playable() {
        let format =
            WaveFormat { floating: false, channels: 2, samples_per_sec: 44_100, bits_per_sample: 16 };
        assert!(format.is_playable());
        assert_eq!(format.block_align(), 4);
        for wrong in [
            WaveFormat { channels: 0, ..format },
            WaveFormat { channels: 9, ..format },
            WaveFormat { samples_per_sec: 999, ..format },
            WaveFormat { samples_per_sec: u32::MAX, ..format },
            WaveFormat { bits_per_sample: 12, ..format },
            WaveFormat { bits_per_sample: 64, ..format },
            WaveFormat { floating: true, ..format },
        ] {
            assert!(!wrong.is_playable(), "{wrong:?}");
        }
        assert!(WaveFormat { floating: true, bits_per_sample: 32, ..format }.is_playable());
    }
}
