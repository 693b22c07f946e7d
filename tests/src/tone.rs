//! The tone of `drivers/synth.c`.

/// Samples of a second and channel.
pub const TONE_RATE: u32 = 44_100;

/// The first `frames` samples of both channels, as 16-bit PCM.
#[must_use]
pub fn tone(frames: u32) -> Vec<u8> {
    let both = |n: u32| [sample(n, 654), sample(n, 991)];
    (0..frames).flat_map(both).flat_map(i16::to_le_bytes).collect()
}

/// Two parabolas for a period of a sine, `step` 65536ths of it a sample.
fn sample(n: u32, step: u32) -> i16 {
    let [low, high, ..] = n.wrapping_mul(step).to_le_bytes();
    let x = i32::from(i16::from_le_bytes([low, high]));
    i16::try_from(x * (32_768 - x.abs()) / 16_384).expect("a parabola of 16 bits")
}
