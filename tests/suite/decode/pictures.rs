//! Video codecs for which ffmpeg has a decoder, but no encoder; and palettes that change.

use drvhost_tests::*;
use serde_json::{Value, json};

use super::*;

const BI_RGB: [u8; 4] = [0; 4];
const BI_RLE8: [u8; 4] = [1, 0, 0, 0];
const BI_RLE4: [u8; 4] = [2, 0, 0, 0];

/// A film without frames; up to eight bits with a palette of as many colours as they allow.
fn film(scribble: &mut Scribble, compression: [u8; 4], bits: u16, width: u32, height: u32) -> Avi {
    let palette = scribble.colours(if bits > 8 { 0 } else { 1 << bits });
    Avi { handler: [0; 4], compression, bits, width, height, palette, chunks: Vec::new() }
}

/// Decodes a film, which must come out as ffmpeg's, bit for bit. Answers what the command says, and all the pictures.
fn is_ffmpegs(machine: Machine, avi: &Avi) -> (Value, Vec<u8>) {
    let folder = Folder::new(machine);
    folder.write("in.avi", avi.bytes());
    let expected = pictures(&folder, "in.avi");
    let decoded = folder.drvhost(["decode", "in.avi", "-o", "out.avi"]).json(0);
    let made = pictures(&folder, "out.avi");
    let frame = avi.width as usize * avi.height as usize * 3;
    assert_eq!((made.len() / frame, made.len() % frame), (expected.len() / frame, 0), "{decoded}");
    let differs =
        made.chunks(frame).zip(expected.chunks(frame)).position(|(made, expected)| made != expected);
    assert_eq!(differs, None, "the first frame that differs; {decoded}");
    assert_eq!(decoded["hash"], hash(&expected));
    (decoded, made)
}

/// A whole frame and nine that build on it.
fn ten(mut frame: impl FnMut(bool) -> Vec<u8>) -> Vec<Chunk> {
    (0..10).map(|number| Chunk::Frame(frame(number == 0))).collect()
}

media_test!(run_lengths_of_eight_bits_are_ffmpegs, |machine| {
    for (width, height) in [(160, 120), (37, 23), (300, 5)] {
        let mut scribble = Scribble::new(u64::from(width));
        let mut avi = film(&mut scribble, BI_RLE8, 8, width, height);
        avi.chunks = ten(|whole| scribble.run_lengths(8, width, height, whole));
        let (decoded, _) = is_ffmpegs(machine, &avi);
        assert_eq!((&decoded["driver"], &decoded["warnings"]), (&json!("msrle32.dll"), &json!([])));
    }
});

media_test!(run_lengths_of_four_bits_are_ffmpegs, |machine| {
    for (width, height) in [(160, 120), (38, 23), (300, 5)] {
        let mut scribble = Scribble::new(u64::from(width));
        let mut avi = film(&mut scribble, BI_RLE4, 4, width, height);
        avi.chunks = ten(|whole| scribble.run_lengths(4, width, height, whole));
        let (decoded, _) = is_ffmpegs(machine, &avi);
        assert_eq!((&decoded["driver"], &decoded["warnings"]), (&json!("msrle32.dll"), &json!([])));
    }
});

media_test!(video_1_of_eight_bits_is_ffmpegs, |machine| {
    for (width, height) in [(160, 120), (36, 24), (300, 4)] {
        let mut scribble = Scribble::new(u64::from(width));
        let mut avi = film(&mut scribble, *b"CRAM", 8, width, height);
        avi.chunks = ten(|whole| scribble.video_1(width, height, whole));
        let (decoded, _) = is_ffmpegs(machine, &avi);
        assert_eq!((&decoded["driver"], &decoded["warnings"]), (&json!("msvidc32.dll"), &json!([])));
    }
});

media_test!(uncompressed_pictures_of_every_depth_are_ffmpegs, |machine| {
    for bits in [1, 4, 8, 16, 24, 32] {
        for (width, height) in [(160, 120), (37, 23)] {
            let mut scribble = Scribble::new(u64::from(bits));
            let mut avi = film(&mut scribble, BI_RGB, bits, width, height);
            let stride = (width * u32::from(bits)).div_ceil(32) * 4;
            avi.chunks = ten(|_| scribble.bytes((stride * height) as usize));
            let (decoded, _) = is_ffmpegs(machine, &avi);
            assert_eq!((&decoded["driver"], &decoded["warnings"]), (&Value::Null, &json!([])), "{bits}");
        }
    }
});

/// Ten frames with two palette changes among them, one of all colours and one of three.
fn changing(
    scribble: &mut Scribble,
    bits: u16,
    mut frame: impl FnMut(&mut Scribble, bool) -> Vec<u8>,
) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    for number in 0..10 {
        match number {
            3 => chunks.push(Chunk::Palette(0, scribble.colours(1 << bits))),
            6 => chunks.push(Chunk::Palette(5, scribble.colours(3))),
            _ => {}
        }
        chunks.push(Chunk::Frame(frame(scribble, number == 0)));
    }
    chunks
}

media_test!(a_palette_that_changes_recolours_what_is_shown_as_in_ffmpeg, |machine| {
    let (width, height) = (160, 120);
    let mut scribble = Scribble::new(1);
    let eight = |scribble: &mut Scribble, whole| scribble.run_lengths(8, width, height, whole);
    let four = |scribble: &mut Scribble, whole| scribble.run_lengths(4, width, height, whole);
    let video_1 = |scribble: &mut Scribble, whole| scribble.video_1(width, height, whole);
    let plain = |scribble: &mut Scribble, _| scribble.bytes((width * height) as usize);
    for (compression, bits, chunks) in [
        (BI_RLE8, 8, changing(&mut scribble, 8, eight)),
        (BI_RLE4, 4, changing(&mut scribble, 4, four)),
        (*b"CRAM", 8, changing(&mut scribble, 8, video_1)),
        (BI_RGB, 8, changing(&mut scribble, 8, plain)),
    ] {
        let film = film(&mut scribble, compression, bits, width, height);
        let (decoded, made) = is_ffmpegs(machine, &Avi { chunks: chunks.clone(), ..film.clone() });
        assert_eq!((&decoded["frames"], &decoded["warnings"]), (&json!(10), &json!([])));
        // The changes are not without effect.
        let frames = chunks.into_iter().filter(|chunk| matches!(chunk, Chunk::Frame(_))).collect();
        let (_, unchanged) = is_ffmpegs(machine, &Avi { chunks: frames, ..film });
        assert_ne!(made, unchanged);
    }
});

media_test!(a_film_that_fades_in_from_a_black_palette_keeps_what_was_painted, |machine| {
    let (width, height) = (32, 16);
    let mut scribble = Scribble::new(4);
    for (compression, bits) in [(BI_RLE8, 8), (BI_RLE4, 4), (*b"CRAM", 8)] {
        let mut avi = film(&mut scribble, compression, bits, width, height);
        avi.palette.fill([0; 3]);
        let mut frame = |whole| match &compression {
            b"CRAM" => scribble.video_1(width, height, whole),
            _ => scribble.run_lengths(bits, width, height, whole),
        };
        let (painted, touched) = (frame(true), frame(false));
        let colours = scribble.colours(1 << bits);
        avi.chunks = vec![Chunk::Frame(painted), Chunk::Palette(0, colours), Chunk::Frame(touched)];
        let (decoded, made) = is_ffmpegs(machine, &avi);
        assert_eq!((&decoded["frames"], &decoded["warnings"]), (&json!(2), &json!([])));
        let (black, shown) = made.split_at((width * height * 3) as usize);
        assert!(black.iter().all(|&channel| channel == 0) && shown.iter().any(|&channel| channel != 0));
    }
});

media_test!(a_frame_without_data_shows_the_picture_in_its_latest_colours, |machine| {
    let mut scribble = Scribble::new(2);
    for compression in [BI_RLE8, BI_RGB] {
        let mut avi = film(&mut scribble, compression, 8, 16, 8);
        let whole = match compression {
            BI_RLE8 => scribble.run_lengths(8, 16, 8, true),
            _ => scribble.bytes(16 * 8),
        };
        let colours = scribble.colours(256);
        avi.chunks =
            vec![Chunk::Frame(whole.clone()), Chunk::Palette(0, colours.clone()), Chunk::Frame(Vec::new())];
        let folder = Folder::new(machine);
        folder.write("in.avi", avi.bytes());
        let decoded = folder.drvhost(["decode", "in.avi", "-o", "out.avi"]).json(0);
        assert_eq!((&decoded["frames"], &decoded["warnings"]), (&json!(2), &json!([])));
        let made = pictures(&folder, "out.avi");
        let (first, second) = made.split_at(16 * 8 * 3);
        let (_, in_first_colours) =
            is_ffmpegs(machine, &Avi { chunks: vec![Chunk::Frame(whole.clone())], ..avi.clone() });
        let (_, in_second_colours) =
            is_ffmpegs(machine, &Avi { chunks: vec![Chunk::Frame(whole)], palette: colours, ..avi });
        assert!(first == in_first_colours && second == in_second_colours);
        assert_ne!(first, second);
    }
});

media_test!(a_palette_change_that_does_not_fit_is_reported_and_decoding_goes_on, |machine| {
    let mut scribble = Scribble::new(3);
    let mut avi = film(&mut scribble, BI_RLE8, 8, 16, 8);
    let frame = Chunk::Frame(scribble.run_lengths(8, 16, 8, true));
    let beyond = Chunk::Palette(255, scribble.colours(2));
    avi.chunks = vec![frame.clone(), beyond.clone(), frame.clone(), beyond, frame];
    let folder = Folder::new(machine);
    folder.write("in.avi", avi.bytes());
    let decoded = folder.drvhost(["decode", "in.avi"]).json(0);
    let warnings = decoded["warnings"].as_array().unwrap();
    assert_eq!((&decoded["frames"], warnings.len()), (&json!(3), 1), "{decoded}");
    let warning = warnings[0].as_str().unwrap();
    assert!(warning.starts_with("2 changes of the palette were not applied"), "{warning}");
    assert!(warning.contains("2 colours from number 255 on"), "{warning}");
});
