//! The drivers of `docs/drivers.md`.

use std::path::Path;

use drvhost_tests::*;
use serde_json::Value;

use super::*;

/// The document that [`TRIED`] is written to.
const DOCUMENT: Generated = Generated("docs/drivers.md");

/// What the command says, and what it made: samples, or bytes of pixels.
fn decoded(tried: &Tried, machine: Machine, folder: &Folder, sample: &str) -> (Value, Vec<i32>) {
    let output = if sample.ends_with(".wav") { "out.wav" } else { "out.avi" };
    let (driver, machine) = (tried.file(machine).display().to_string(), machine.to_string());
    let arguments = ["decode", sample, "-o", output, "--machine", &machine, "--driver", &driver];
    let said = folder.drvhost(arguments).json(0);
    assert_eq!(said["driver"], tried.driver);
    (said, content(folder, output))
}

/// What ffmpeg decodes a file to.
fn content(folder: &Folder, name: &str) -> Vec<i32> {
    if Path::new(name).extension().is_some_and(|extension| extension == "wav") {
        samples(folder, name).as_chunks().0.iter().map(|&sample| i16::from_le_bytes(sample).into()).collect()
    } else {
        pictures(folder, name).into_iter().map(i32::from).collect()
    }
}

fn apart(tried: &Tried, one: &[i32], other: &[i32]) -> i32 {
    assert_eq!(one.len(), other.len(), "{tried:?}");
    one.iter().zip(other).map(|(one, other)| (one - other).abs()).max().expect("something was decoded")
}

/// Decodes the samples in files with this ending by both builds of their drivers.
fn are_as_told(ending: &str) {
    let mut count = 0;
    for tried in TRIED {
        let folder = Folder::default();
        let sample = (tried.sample)(&folder);
        if !sample.ends_with(ending) {
            continue;
        }
        count += 1;
        let [(first, one), (second, other)] =
            Machine::ALL.map(|machine| decoded(tried, machine, &folder, &sample));
        let between = apart(tried, &one, &other);
        assert!(between <= tried.between_machines, "{between} apart between the machines: {tried:?}");
        if tried.between_machines == 0 {
            assert_eq!(first["hash"], second["hash"], "{tried:?}");
        }
        let expected = content(&folder, &sample);
        for made in [one, other] {
            let apart = apart(tried, &made, &expected);
            assert!(apart <= tried.from_ffmpeg, "{apart} apart from ffmpeg: {tried:?}");
        }
    }
    assert!(count > 5, "{count}");
}

media_test!(pictures_are_the_same_on_both_machines_and_as_far_from_ffmpegs_as_told, || are_as_told(".avi"));
media_test!(sound_is_the_same_on_both_machines_and_as_far_from_ffmpegs_as_told, || are_as_told(".wav"));

#[test]
#[cfg_attr(any(no_mingw, no_wine64), ignore = "needs wine64, mingw-w64 for x86-64 and i686")]
fn table_of_drivers_is_what_is_tried() {
    let table = table_of_drivers(&conformance::Wine::version());
    if Generated::blessing() {
        DOCUMENT.write(&table).expect("the document can be written");
    }
    DOCUMENT.compare(&table).unwrap_or_else(|differs| panic!("{differs}"));
}

#[test]
fn every_default_driver_is_tried() {
    for known in drvhost::DEFAULT_ALIASES {
        assert!(TRIED.iter().any(|tried| tried.driver == known.file), "{} is not", known.file);
    }
}
