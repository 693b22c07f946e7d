//! Frames that a driver refuses or fails on: what takes their place, and what follows.

use std::path::Path;

use drvhost_tests::*;
use serde_json::json;

use super::*;

/// Makes `film.avi` for the codec `spyc`, which paints a picture of a frame's first byte, refuses an `R`, and faults on an `F`. The frames in upper
/// case besides are key frames.
fn film(folder: &Folder, frames: &str) {
    let chunk = |frame: char| {
        let bytes = vec![frame as u8];
        if matches!(frame, 'A' | 'G') { Chunk::Key(bytes) } else { Chunk::Frame(bytes) }
    };
    let chunks = frames.chars().map(chunk).collect();
    let (compression, handler) = (*b"spyc", *b"spyc");
    let avi = Avi { handler, compression, bits: 24, width: 8, height: 4, palette: Vec::new(), chunks };
    folder.write("film.avi", avi.bytes());
}

/// Decodes it to `out.avi`; answers the result, and the first byte of each picture.
fn decoded(folder: &Folder, on_error: &[&str], code: i32) -> (serde_json::Value, Vec<u8>) {
    let driver = driver(folder.machine(), "vfw");
    let arguments = ["decode", "film.avi", "-o", "out.avi", "--driver"].map(Path::new);
    let arguments = arguments.into_iter().chain([driver.as_path()]).chain(on_error.iter().map(Path::new));
    let decoded = folder.drvhost(arguments).json(code);
    let pictures = pictures(folder, "out.avi").chunks(8 * 4 * 3).map(|picture| picture[0]).collect();
    (decoded, pictures)
}

media_test!(what_cannot_be_decoded_repeats_up_to_the_next_key_frame, |machine| {
    let folder = Folder::new(machine);
    film(&folder, "AbRdFfGh");
    let (decoded, pictures) = decoded(&folder, &[], 4);
    assert_eq!(pictures, b"AbbdddGh");
    assert_eq!(decoded["frames"], 8);
    let warnings: Vec<_> =
        decoded["warnings"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    assert!(
        warnings[0].starts_with("frame 3 repeats the one before it: ") && warnings[0].contains("refused"),
        "{warnings:?}"
    );
    assert!(warnings[1].starts_with("frame 5 ") && warnings[1].contains("faulted"), "{warnings:?}");
    assert!(warnings[2].starts_with("frame 6 ") && warnings[2].contains("builds on"), "{warnings:?}");
    assert_eq!(warnings[3], "3 frames could not be decoded");
});

media_test!(what_takes_their_place_can_be_chosen, |machine| {
    let folder = Folder::new(machine);
    film(&folder, "AbRdFfGh");
    let (black, pictures) = decoded(&folder, &["--on-error", "black"], 4);
    assert_eq!((pictures.as_slice(), &black["frames"]), (b"Ab\0d\0\0Gh".as_slice(), &json!(8)));
    let (skipped, pictures) = decoded(&folder, &["--on-error", "skip"], 4);
    assert_eq!((pictures.as_slice(), &skipped["frames"]), (b"AbdGh".as_slice(), &json!(5)));
    let (stopped, pictures) = decoded(&folder, &["--on-error", "stop"], 3);
    assert_eq!((pictures.as_slice(), &stopped["frames"]), (b"Ab".as_slice(), &json!(2)));
    let last = stopped["warnings"].as_array().unwrap().last().unwrap().as_str().unwrap().to_owned();
    assert!(last.contains("stopped before frame 3"), "{last}");
});
