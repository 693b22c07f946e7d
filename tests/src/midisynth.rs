//! What `drivers/midisynth.c` plays, sample by sample.

/// Samples of a second and channel.
pub const RATE: u32 = 44_100;

/// Steps of the notes 120 to 131, in 2^-32 of a period a sample.
const STEPS: [u32; 12] = [
    815_363_807,
    863_847_862,
    915_214_929,
    969_636_441,
    1_027_294_024,
    1_088_380_105,
    1_153_098_554,
    1_221_665_363,
    1_294_309_365,
    1_371_273_005,
    1_452_813_141,
    1_539_201_906,
];

const VOICES: usize = 64;

#[derive(Debug, Clone, Copy)]
struct Channel {
    volume: i64,
    pan: i64,
    bend: i64,
}

impl Default for Channel {
    fn default() -> Self {
        Self { volume: 100, pan: 64, bend: 0 }
    }
}

#[derive(Debug, Clone, Copy)]
struct Voice {
    channel: usize,
    note: u8,
    velocity: i64,
    phase: u32,
}

/// One device of the synth.
#[derive(Debug, Clone)]
pub struct MidiSynth {
    channels: [Channel; 16],
    voices: Vec<Voice>,
    master: i64,
    volume: u32,
}

impl Default for MidiSynth {
    fn default() -> Self {
        Self { channels: [Channel::default(); 16], voices: Vec::new(), master: 16_383, volume: u32::MAX }
    }
}

impl MidiSynth {
    /// What it does at a short message.
    pub fn short(&mut self, [status, first, second]: [u8; 3]) {
        let channel = usize::from(status & 15);
        let state = &mut self.channels[channel];
        match status >> 4 {
            8 => self.end(channel, Some(first)),
            9 => {
                self.end(channel, Some(first));
                if second > 0 {
                    if self.voices.len() == VOICES {
                        self.voices.remove(0);
                    }
                    self.voices.push(Voice { channel, note: first, velocity: second.into(), phase: 0 });
                }
            }
            11 if first == 7 => state.volume = second.into(),
            11 if first == 10 => state.pan = second.into(),
            11 if first == 120 || first == 123 => self.end(channel, None),
            14 => state.bend = i64::from(first) + 128 * i64::from(second) - 8192,
            _ => {}
        }
    }

    /// What it does at a long message: a master volume counts.
    pub fn long(&mut self, message: &[u8]) {
        if let [0xF0, 0x7F, 0x7F, 4, 1, low, high, 0xF7] = *message {
            self.master = i64::from(low) + 128 * i64::from(high);
        }
    }

    /// What it does at MODM_SETVOLUME.
    pub fn set_volume(&mut self, volume: u32) {
        self.volume = volume;
    }

    /// What it does at MODM_RESET.
    pub fn reset(&mut self) {
        self.voices.clear();
        self.channels = [Channel::default(); 16];
    }

    fn end(&mut self, channel: usize, note: Option<u8>) {
        self.voices.retain(|voice| voice.channel != channel || note.is_some_and(|note| voice.note != note));
    }

    /// The next samples, left and right of each.
    pub fn render(&mut self, frames: usize) -> Vec<i16> {
        (0..frames).flat_map(|_| self.sample()).collect()
    }

    fn sample(&mut self) -> [i16; 2] {
        let (mut left, mut right) = (0, 0);
        for voice in &mut self.voices {
            let Channel { volume, pan, bend } = self.channels[voice.channel];
            let mono = wave(voice.phase) * voice.velocity * volume / 16_384;
            left += mono * (127 - pan) / 127;
            right += mono * pan / 127;
            let step = i64::from(STEPS[usize::from(voice.note % 12)] >> (10 - voice.note / 12));
            let step = step + step * bend / 65_536;
            voice.phase = voice.phase.wrapping_add(u32::try_from(step).expect("a step of 32 bits"));
        }
        let [low, high] = [self.volume & 0xFFFF, self.volume >> 16].map(|volume| i64::from(volume) + 1);
        [(left, low), (right, high)].map(|(sum, volume)| {
            let sample = sum * self.master / 16_383 * volume / 65_536;
            i16::try_from(sample.clamp(-32_768, 32_767)).expect("a clamped sample")
        })
    }
}

/// Two parabolas for the period of a sine.
fn wave(phase: u32) -> i64 {
    let [_, _, low, high] = phase.to_le_bytes();
    let x = i64::from(i16::from_le_bytes([low, high]));
    x * (32_768 - x.abs()) / 16_384
}
