//! Audio codecs: which are ffmpeg's bit for bit, and for the others how far they are from it, and why.

use std::io::Cursor;

use drvhost::media::WavReader;
use drvhost_tests::*;
use serde_json::Value;

use super::*;

/// Two tones with noise, at a sample rate and with so many channels.
fn make(folder: &Folder, codec: &str, rate: u32, channels: usize) {
    let tones = format!("aevalsrc=0.3*sin(880*PI*t)+0.1*random(0)|0.4*sin(1760*PI*t):s={rate}:d=1.3");
    folder.ffmpeg(&format!("-f lavfi -i {tones} -ac {channels} -c:a {codec} in.wav"));
}

/// What the driver makes of `in.wav`, and what ffmpeg does: as many samples.
fn both(folder: &Folder, driver: &str, channels: usize) -> (Vec<i16>, Vec<i16>) {
    let decoded = folder.drvhost(["decode", "in.wav", "-o", "out.wav"]).json(0);
    let (made, expected) = (samples(folder, "out.wav"), samples(folder, "in.wav"));
    assert_eq!(decoded["driver"], driver);
    assert_eq!((&decoded["frames"], &decoded["width"]), (&Value::Null, &Value::Null));
    assert_eq!(decoded["hash"], hash(&made));
    assert_eq!(decoded["samples"], expected.len() / 2 / channels, "{driver}");
    assert_eq!(made.len(), expected.len(), "{driver}");
    (numbers(&made), numbers(&expected))
}

pub(super) fn numbers(samples: &[u8]) -> Vec<i16> {
    samples.as_chunks().0.iter().copied().map(i16::from_le_bytes).collect()
}

/// The differences of two decodings, sample by sample.
pub(super) fn differences(made: &[i16], expected: &[i16]) -> Vec<i32> {
    made.iter().zip(expected).map(|(&made, &expected)| i32::from(made) - i32::from(expected)).collect()
}

pub(super) fn greatest(differences: &[i32]) -> i32 {
    differences.iter().map(|difference| difference.abs()).max().unwrap_or(0)
}

fn mean(numbers: &[i32]) -> f64 {
    f64::from(numbers.iter().sum::<i32>()) / numbers.len() as f64
}

media_test!(ms_adpcm_and_companded_sound_are_ffmpegs_bit_for_bit, |machine| {
    let codecs = [("adpcm_ms", "msadp32.acm"), ("pcm_alaw", "msg711.acm"), ("pcm_mulaw", "msg711.acm")];
    for (codec, driver) in codecs {
        for channels in [1, 2] {
            let folder = Folder::new(machine);
            make(&folder, codec, 22_050, channels);
            let (made, expected) = both(&folder, driver, channels);
            assert!(made == expected, "{codec} with {channels} channels differs");
        }
    }
});

media_test!(every_companded_value_is_ffmpegs, |machine| {
    const TAG_AT: usize = 20;
    let every: Vec<u8> = (0..=255).collect();
    for (codec, tag) in [("pcm_alaw", 6_u16), ("pcm_mulaw", 7)] {
        let folder = Folder::new(machine);
        folder.write("all.raw", &every);
        folder.ffmpeg(&format!("-f {} -ar 8000 -i all.raw -c copy in.wav", &codec[4..]));
        assert_eq!(folder.read("in.wav")[TAG_AT..][..2], tag.to_le_bytes());
        let (made, expected) = both(&folder, "msg711.acm", 1);
        assert_eq!((made.len(), &made), (256, &expected));
    }
});

media_test!(pcm_of_every_width_passes_through, |machine| {
    for (codec, bytes) in [("pcm_u8", 1), ("pcm_s16le", 2), ("pcm_s24le", 3), ("pcm_s32le", 4)] {
        let folder = Folder::new(machine);
        make(&folder, codec, 22_050, 2);
        let decoded = folder.drvhost(["decode", "in.wav", "-o", "out.wav"]).json(0);
        let of = |name: &str| folder.ffmpeg(&format!("-i {name} -f s32le -"));
        assert!(of("out.wav") == of("in.wav"), "{codec}");
        let content = folder.ffmpeg(&format!("-i in.wav -c copy -f {} -", &codec[4..]));
        assert_eq!(decoded["hash"], hash(&content), "{codec}");
        assert_eq!(decoded["samples"], content.len() / 2 / bytes, "{codec}");
        assert_eq!(decoded["driver"], Value::Null, "{codec}");
    }
});

media_test!(gsm_6_10_is_ffmpegs_bit_for_bit, |machine| {
    let folder = Folder::new(machine);
    make(&folder, "libgsm_ms", 8_000, 1);
    let (made, expected) = both(&folder, "msgsm32.acm", 1);
    assert_eq!(greatest(&differences(&made, &expected)), 0);
    assert!(greatest(&differences(&made, &vec![0; made.len()])) > 1_000, "there is sound in it");
});

/// The step sizes (IMA Digital Audio Focus and Technical Working Groups, "Recommended Practices for Enhancing Digital Audio
/// Compatibility in Multimedia Systems", 1992).
const STEPS: [i32; 89] = [
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88,
    97, 107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658,
    724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660,
    4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818,
    18500, 20350, 22385, 24623, 27086, 29794, 32767,
];

/// How far a code moves the predictor, as the recommendation computes it: each part of the step is cut off by itself.
pub(super) fn by_shifts(step: i32, code: u8) -> i32 {
    let part = |bit: u8, shift: u32| if code & bit == 0 { 0 } else { step >> shift };
    part(4, 0) + part(2, 1) + part(1, 2) + (step >> 3)
}

/// The same as ffmpeg computes it: the whole is cut off once.
pub(super) fn by_product(step: i32, code: u8) -> i32 {
    ((2 * i32::from(code & 7) + 1) * step) >> 3
}

/// Decodes blocks of IMA ADPCM as WAVE files have them ("New Multimedia Data Types and Data Techniques", Microsoft, 1994). A block
/// states the predictor and the place in the table for each channel; then channels take turns every four bytes, low halves first.
pub(super) fn ima(wav: &[u8], distance: fn(i32, u8) -> i32) -> Vec<i16> {
    let mut reader = WavReader::open(Cursor::new(wav)).unwrap();
    let (channels, block) = (usize::from(reader.format().channels), usize::from(reader.format().block_align));
    let mut data = vec![0; usize::try_from(reader.data_len()).unwrap()];
    reader.read_data(&mut data).unwrap();
    let mut decoded = Vec::new();
    for block in data.chunks_exact(block) {
        let (header, body) = block.split_at(4 * channels);
        let by_channel: Vec<Vec<i16>> = (0..channels)
            .map(|channel| {
                let head = &header[4 * channel..];
                let mut predictor = i32::from(i16::from_le_bytes([head[0], head[1]]));
                let mut place = i32::from(head[2]);
                let mut made = vec![predictor as i16];
                for bytes in body.chunks_exact(4).skip(channel).step_by(channels) {
                    for code in bytes.iter().flat_map(|byte| [byte & 15, byte >> 4]) {
                        let moved = distance(STEPS[place as usize], code);
                        predictor += if code & 8 == 0 { moved } else { -moved };
                        predictor = predictor.clamp(-32768, 32767);
                        place += [-1, -1, -1, -1, 2, 4, 6, 8][usize::from(code & 7)];
                        place = place.clamp(0, 88);
                        made.push(predictor as i16);
                    }
                }
                made
            })
            .collect();
        let len = by_channel[0].len();
        decoded.extend((0..len).flat_map(|number| by_channel.iter().map(move |made| made[number])));
    }
    decoded
}

media_test!(ima_adpcm_is_the_recommendations_and_ffmpeg_rounds_otherwise, |machine| {
    for channels in [1, 2] {
        let folder = Folder::new(machine);
        make(&folder, "adpcm_ima_wav", 22_050, channels);
        let (made, expected) = both(&folder, "imaadp32.acm", channels);
        let wav = folder.read("in.wav");
        assert!(made == ima(&wav, by_shifts), "the driver with {channels} channels");
        assert!(expected == ima(&wav, by_product), "ffmpeg with {channels} channels");

        // A block starts with a sample as it is, and each one after it adds at most 2.
        let blocks = WavReader::open(Cursor::new(&wav)).unwrap();
        let block = usize::from(blocks.format().block_align);
        let in_block = (block / (4 * channels) - 1) * 8 + 1;
        let differences = differences(&made, &expected);
        for (number, difference) in differences.iter().enumerate() {
            let since_start = (number / channels % in_block) as i32;
            assert!(difference.abs() <= 2 * since_start, "{difference} at sample {number}");
        }
        // Codes go up as often as down, so it stays far below that.
        assert!((1..=64).contains(&greatest(&differences)), "{}", greatest(&differences));
    }
});

#[test]
fn a_step_of_ima_adpcm_is_rounded_by_at_most_two() {
    let apart = |step, code| by_product(step, code) - by_shifts(step, code);
    let all: Vec<i32> = STEPS.iter().flat_map(|&step| (0..8).map(move |code| apart(step, code))).collect();
    assert_eq!((all.iter().min(), all.iter().max()), (Some(&0), Some(&2)));
}

media_test!(mp3_is_ffmpegs_but_for_dither, |machine| {
    for (rate, channels) in [(44_100, 1), (44_100, 2), (22_050, 2), (8_000, 1)] {
        let folder = Folder::new(machine);
        make(&folder, "libmp3lame", rate, channels);
        let (made, expected) = both(&folder, "l3codeca.acm", channels);
        let differences = differences(&made, &expected);
        assert!(greatest(&differences) <= 2, "{rate} {channels}: {}", greatest(&differences));
        assert!(mean(&differences).abs() < 0.02, "{rate} {channels}: {}", mean(&differences));
    }
});

media_test!(the_dither_of_mp3_is_what_silence_decodes_to, |machine| {
    let folder = Folder::new(machine);
    folder.ffmpeg("-f lavfi -i anullsrc=sample_rate=44100:channel_layout=mono -t 1 -c:a libmp3lame in.wav");
    let (made, expected) = both(&folder, "l3codeca.acm", 1);
    assert!(expected.iter().all(|&sample| sample == 0));
    let noise = differences(&made, &expected);
    assert_eq!(greatest(&noise), 2);
    assert!(mean(&noise).abs() < 0.02, "{}", mean(&noise));
    // It is moved to high frequencies, where it is heard least: a sample and the next one are on different sides.
    let products: Vec<i32> = noise.windows(2).map(|pair| pair[0] * pair[1]).collect();
    let squares: Vec<i32> = noise.iter().map(|sample| sample * sample).collect();
    assert!(mean(&products) < -0.5 * mean(&squares), "{} {}", mean(&products), mean(&squares));
    // The same in every run.
    let again = folder.drvhost(["decode", "in.wav"]).json(0);
    assert_eq!(again["hash"], hash(&samples(&folder, "out.wav")));
});
