//! The sound of AVI files as a run of bytes.

use super::*;
use crate::media::damage::Unit;
use crate::media::samples::SampleSource;

/// A file with a video stream, and an audio stream of blocks of two bytes.
fn with_sound(movi: &[Vec<u8>], length: u32, sample_size: u32) -> Vec<u8> {
    let header = StreamHeader {
        kind: *b"auds",
        scale: 2,
        rate: 16_000,
        start: 3,
        length,
        sample_size,
        ..StreamHeader::default()
    };
    let mut format = b"\x01\0\x01\0\x40\x1F\0\0\x80\x3E\0\0\x02\0\x10\0".to_vec();
    format.extend([0; 2]);
    let sound = [chunk(b"strh", &header.to_bytes()), chunk(b"strf", &format)];
    let parts = [
        chunk(b"avih", &MainHeader::default().to_bytes()),
        stream(b"vids", 2, &bitmap(&[])),
        list(b"LIST", b"strl", &sound),
    ];
    list(b"RIFF", b"AVI ", &[list(b"LIST", b"hdrl", &parts), list(b"LIST", b"movi", movi)])
}

fn sound() -> Vec<Vec<u8>> {
    vec![
        chunk(b"01wb", b"one"),
        chunk(b"00dc", b"picture"),
        chunk(b"01wb", b""),
        list(b"LIST", b"rec ", &[chunk(b"01wb", b"two, "), chunk(b"00dc", b"")]),
        chunk(b"01wb", b"and three"),
    ]
}

fn all(bytes: &[u8], size: usize) -> Result<(Vec<u8>, Option<Damage>), MediaError> {
    let mut reader = AviReader::open(Cursor::new(bytes))?;
    let mut samples = reader.samples(1)?;
    let (mut all, mut buf) = (Vec::new(), vec![0; size]);
    loop {
        let len = samples.read_data(&mut buf)?;
        all.extend(&buf[..len]);
        if len < size {
            assert_eq!(samples.read_data(&mut buf)?, 0);
            return Ok((all, samples.damage()));
        }
    }
}

#[test]
fn packets_are_joined() {
    let bytes = with_sound(&sound(), 9, 2);
    for size in [1, 2, 7, 17, 100] {
        assert_eq!(all(&bytes, size).unwrap(), (b"onetwo, and three".to_vec(), None));
    }
    let mut reader = AviReader::open(Cursor::new(&bytes)).unwrap();
    assert_eq!(reader.audio_streams(), [1]);
    let stream = reader.audio_stream(1).unwrap();
    assert_eq!((stream.index, stream.scale, stream.rate, stream.start, stream.length), (1, 2, 16_000, 3, 9));
    assert_eq!((stream.format.tag, stream.format.samples_per_sec, stream.format.block_align), (1, 8000, 2));
    let samples = reader.samples(1).unwrap();
    assert_eq!((samples.data_len(), samples.format()), (Some(18), &stream.format));
    for (length, sample_size) in [(0, 2), (9, 0)] {
        let bytes = with_sound(&sound(), length, sample_size);
        let mut reader = AviReader::open(Cursor::new(&bytes)).unwrap();
        assert_eq!(reader.samples(1).unwrap().data_len(), None);
    }
}

#[test]
fn sound_that_is_cut_is_read_to_its_last_byte() {
    let whole = with_sound(&sound(), 9, 2);
    let start = movi_offset(&whole) + 4;
    let expected = b"onetwo, and three";
    let mut longest = 0;
    for len in start..whole.len() {
        let (found, damage) = all(&whole[..len], 4).unwrap();
        assert!(expected.starts_with(&found) && found.len() >= longest, "{len}");
        longest = found.len();
        let damage = damage.unwrap();
        assert_eq!((damage.read, damage.stated, damage.unit), (longest as u64, Some(18), Unit::Bytes));
    }
    assert_eq!(longest, expected.len());
    let (found, damage) = all(&whole[..whole.len() - 4], 100).unwrap();
    assert_eq!(found, b"onetwo, and th");
    assert_eq!(damage.unwrap().kind, DamageKind::EndsInStream { stream: 1, missing: 3 });
}

#[test]
fn only_sound_with_a_format_is_sound() {
    let bytes = with_sound(&sound(), 9, 2);
    let mut reader = AviReader::open(Cursor::new(&bytes)).unwrap();
    assert!(matches!(reader.samples(0), Err(MediaError::NoStream { present: 2, .. })));
    assert!(matches!(reader.samples(2), Err(MediaError::NoStream { .. })));
    // The format of the second `strf` chunk, cut to 13 bytes by its size.
    let strf: Vec<_> = (0..bytes.len() - 4).filter(|at| &bytes[*at..at + 4] == b"strf").collect();
    let mut bad = bytes.clone();
    bad[strf[1] + 4] = 13;
    let mut reader = AviReader::open(Cursor::new(&bad)).unwrap();
    let Err(MediaError::Malformed { offset, .. }) = reader.samples(1) else {
        panic!("13 bytes are no format")
    };
    assert_eq!(offset, strf[1] as u64 + 8);
}

#[test]
fn any_changed_byte_is_survived() {
    let good = with_sound(&sound(), 9, 2);
    for offset in 0..good.len() {
        for value in [0, 0x7F, 0xFF] {
            let mut bad = good.clone();
            bad[offset] = value;
            if let Ok((found, _)) = all(&bad, 5) {
                assert!(found.len() <= bad.len());
            }
        }
    }
}
