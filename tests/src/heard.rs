//! What is heard: its pitches, and where they begin.

/// Frames that are written as 32-bit floating-point numbers, such as by `jack-keys`.
#[must_use]
pub fn heard(bytes: &[u8]) -> Vec<[f32; 2]> {
    let samples: Vec<f32> = bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    samples.as_chunks().0.to_vec()
}

/// How much of a frequency there is in sound (Goertzel), from 0 to 1 for a sine of that amplitude.
#[must_use]
pub fn amount(sound: &[[f32; 2]], frequency: f64, rate: u32) -> f64 {
    let step = 2.0 * std::f64::consts::PI * frequency / f64::from(rate);
    let turn = 2.0 * step.cos();
    let (mut last, mut before) = (0.0, 0.0);
    for frame in sound {
        (last, before) = (f64::from(frame[0]) + turn * last - before, last);
    }
    let power = last * last + before * before - turn * last * before;
    2.0 * power.max(0.0).sqrt() / sound.len().max(1) as f64
}

/// A note's frequency, in hertz.
#[must_use]
pub fn frequency(note: u8) -> f64 {
    440.0 * 2_f64.powf((f64::from(note) - 69.0) / 12.0)
}

/// Where sound begins after silence of at least 20 ms.
#[must_use]
pub fn onsets(heard: &[[f32; 2]], rate: u32) -> Vec<usize> {
    let quiet = rate as usize / 50;
    let (mut onsets, mut silence) = (Vec::new(), quiet);
    for (at, frame) in heard.iter().enumerate() {
        if frame[0].abs() < 1e-4 {
            silence += 1;
        } else {
            if silence >= quiet {
                onsets.push(at);
            }
            silence = 0;
        }
    }
    onsets
}

/// The notes of one octave above and below middle C that are heard one after the other, each for a tenth of a second at least.
#[must_use]
pub fn melody(heard: &[[f32; 2]], rate: u32) -> Vec<u8> {
    let loudest = |part: &[[f32; 2]]| {
        let amounts = (48..=84).map(|note| (note, amount(part, frequency(note), rate)));
        let (note, most) = amounts.max_by(|(_, first), (_, second)| first.total_cmp(second))?;
        (most > 0.05).then_some(note)
    };
    let notes: Vec<_> = heard.chunks_exact(rate as usize / 20).map(loudest).collect();
    let spans = notes.chunk_by(|first, second| first == second);
    spans.filter(|span| span.len() >= 2).filter_map(|span| span[0]).collect()
}
