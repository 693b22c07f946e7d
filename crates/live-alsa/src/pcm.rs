//! The PCM that plays. It is always kept as full as it can be, so that its position says when a message has come.

use std::io;
use std::time::Duration;

use alsa::pcm::{Access, Format, Frames, HwParams, PCM};
use alsa::poll::{Descriptors, pollfd};
use alsa::{Direction, Error, ValueOr};
use live::{LONGEST_PERIOD, Player};

use crate::system::{kind, system_error};

/// The rate that is asked for: what most sound cards play at.
const RATE: u32 = 48_000;
/// How many periods the buffer has: one is played, one waits, and one is being made.
const PERIODS: Frames = 3;
/// The shortest period that is asked for, in frames.
const SHORTEST: u64 = 64;
/// The longest.
const LONGEST: u64 = 1024;
/// How many milliseconds are waited for room where there should be some.
const ROOM: u32 = 100;
/// Kinds of samples, best first.
const FORMATS: [Samples; 3] = [Samples::F32, Samples::S32, Samples::S16];

/// How samples are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Samples {
    F32,
    S32,
    S16,
}

impl Samples {
    fn format(self) -> Format {
        match self {
            Self::F32 => Format::float(),
            Self::S32 => Format::s32(),
            Self::S16 => Format::s16(),
        }
    }

    /// Writes a sample, which may be too loud where several are added up.
    fn write(self, sample: f32, out: &mut Vec<u8>) {
        let sample = f64::from(sample.clamp(-1.0, 1.0));
        match self {
            Self::F32 => out.extend((sample as f32).to_ne_bytes()),
            Self::S32 => out.extend(((sample * f64::from(i32::MAX)).round() as i32).to_ne_bytes()),
            Self::S16 => out.extend(((sample * f64::from(i16::MAX)).round() as i16).to_ne_bytes()),
        }
    }
}

/// A PCM of two channels.
pub struct Pcm {
    pcm: PCM,
    samples: Samples,
    rate: u32,
    /// Both in frames.
    period: usize,
    buffer: usize,
    left: Vec<f32>,
    right: Vec<f32>,
    bytes: Vec<u8>,
}

impl Pcm {
    /// Opens one whose periods are a quarter of `latency`, or as near to that as it has them.
    pub fn open(name: &str, latency: Duration) -> Result<Self, io::Error> {
        let pcm = PCM::new(name, Direction::Playback, true).map_err(system_error)?;
        let (samples, rate, period, buffer) = configure(&pcm, latency).map_err(system_error)?;
        let fits = |frames: Frames| usize::try_from(frames).ok().filter(|frames| *frames > 0);
        let (Some(period), Some(buffer)) = (fits(period), fits(buffer)) else {
            return Err(io::Error::other("its buffer has no size"));
        };
        if period > LONGEST_PERIOD as usize || buffer > 4 * LONGEST_PERIOD as usize {
            let long = format!("a buffer of {buffer} frames in periods of {period} is too long");
            return Err(io::Error::other(long));
        }
        let silence = || vec![0.0; period];
        Ok(Self {
            left: silence(),
            right: silence(),
            bytes: Vec::new(),
            pcm,
            samples,
            rate: rate.max(1),
            period,
            buffer,
        })
    }

    /// Frames in a second.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Frames in a period.
    pub fn period(&self) -> u32 {
        u32::try_from(self.period).unwrap_or(LONGEST_PERIOD)
    }

    /// Frames in the whole buffer.
    pub fn buffer(&self) -> u32 {
        u32::try_from(self.buffer).unwrap_or(LONGEST_PERIOD)
    }

    /// What is waited for: room for a period.
    pub fn descriptors(&self) -> Result<Vec<pollfd>, Error> {
        self.pcm.get()
    }

    /// Takes note of what the wait has come to: some PCMs have timers behind their descriptors, which ring until they are heard.
    pub fn hear_timers(&self, descriptors: &[pollfd]) {
        // What has happened, `play` finds out.
        let _ = self.pcm.revents(descriptors);
    }

    /// Fills the buffer with silence, and starts.
    pub fn begin(&mut self) -> Result<(), Error> {
        let frames = self.room()?;
        self.bytes.clear();
        for _ in 0..2 * frames {
            self.samples.write(0.0, &mut self.bytes);
        }
        self.write()?;
        // Most start by themselves when they are full.
        if self.pcm.state_raw() == alsa::pcm::State::Prepared as i32 {
            self.pcm.start()?;
        }
        Ok(())
    }

    /// How many frames have been played of those that it was full of: by how much later than what is in it anything is that comes now.
    pub fn played(&self) -> u32 {
        let played = self.pcm.avail().unwrap_or(0).max(0);
        u32::try_from(played).unwrap_or(u32::MAX).min(self.buffer())
    }

    /// Plays all periods that there is room for; answers how many.
    pub fn play(&mut self, player: &mut Player) -> Result<usize, Error> {
        let periods = self.room()? / self.period;
        for _ in 0..periods {
            player.play(&mut self.left, &mut self.right);
            self.bytes.clear();
            for (left, right) in self.left.iter().zip(&self.right) {
                self.samples.write(*left, &mut self.bytes);
                self.samples.write(*right, &mut self.bytes);
            }
            self.write()?;
        }
        Ok(periods)
    }

    /// Goes on after it has run empty, or the computer has slept; the error itself where nothing helps.
    pub fn recover(&mut self, error: Error) -> Result<(), Error> {
        self.pcm.try_recover(error, true)?;
        self.begin()
    }

    /// Plays nothing more.
    pub fn end(&self) {
        if let Err(error) = self.pcm.drop() {
            tracing::debug!(%error, "the PCM could not be stopped");
        }
    }

    fn room(&self) -> Result<usize, Error> {
        Ok(usize::try_from(self.pcm.avail_update()?).unwrap_or(0).min(self.buffer))
    }

    /// Writes frames that there is room for.
    fn write(&self) -> Result<(), Error> {
        let io = self.pcm.io_bytes();
        let mut rest = self.bytes.as_slice();
        while !rest.is_empty() {
            match io.writei(rest) {
                Ok(0) => break,
                Ok(frames) => {
                    let bytes = usize::try_from(self.pcm.frames_to_bytes(frames as Frames));
                    rest = rest.get(bytes.unwrap_or(rest.len())..).unwrap_or_default();
                }
                // It has said that there is room, so there soon is.
                Err(error) if kind(error) == io::ErrorKind::WouldBlock && self.pcm.wait(Some(ROOM))? => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Sets rate, periods and all else; answers what came of it.
fn configure(pcm: &PCM, latency: Duration) -> Result<(Samples, u32, Frames, Frames), Error> {
    let hardware = HwParams::any(pcm)?;
    hardware.set_access(Access::RWInterleaved)?;
    let known = FORMATS.into_iter().find(|samples| hardware.test_format(samples.format()).is_ok());
    let samples = known.unwrap_or(Samples::S16);
    hardware.set_format(samples.format())?;
    hardware.set_channels(2)?;
    let rate = hardware.set_rate_near(RATE, ValueOr::Nearest)?;
    let quarter = latency.as_micros() * u128::from(rate) / 4_000_000;
    let quarter = u64::try_from(quarter).unwrap_or(LONGEST).clamp(SHORTEST, LONGEST);
    let period = hardware.set_period_size_near(quarter as Frames, ValueOr::Nearest)?;
    hardware.set_buffer_size_near(period.saturating_mul(PERIODS))?;
    pcm.hw_params(&hardware)?;
    let (period, buffer) = (hardware.get_period_size()?, hardware.get_buffer_size()?);
    let software = pcm.sw_params_current()?;
    software.set_start_threshold(buffer)?;
    software.set_avail_min(period)?;
    pcm.sw_params(&software)?;
    Ok((samples, rate, period, buffer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_written_as_loud_as_they_may_be() {
        let written = |samples: Samples, sample| {
            let mut bytes = Vec::new();
            samples.write(sample, &mut bytes);
            bytes
        };
        assert_eq!(written(Samples::F32, 0.25), 0.25_f32.to_ne_bytes());
        assert_eq!(written(Samples::F32, 3.0), 1_f32.to_ne_bytes());
        assert_eq!(written(Samples::S32, -1.0), (-i32::MAX).to_ne_bytes());
        assert_eq!(written(Samples::S16, 2.0), i16::MAX.to_ne_bytes());
        assert_eq!(written(Samples::S16, 0.5), 16_384_i16.to_ne_bytes());
    }

    #[test]
    fn a_pcm_has_periods_that_go_with_the_latency() {
        let pcm = Pcm::open("null", Duration::from_millis(20)).unwrap();
        assert_eq!((pcm.rate(), pcm.period(), pcm.buffer()), (48_000, 240, 720));
        let pcm = Pcm::open("null", Duration::from_secs(5)).unwrap();
        assert_eq!(pcm.period(), 1024);
    }

    #[test]
    fn what_is_no_pcm_is_said() {
        let error = Pcm::open("drvhost-has-none", Duration::from_millis(20)).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
