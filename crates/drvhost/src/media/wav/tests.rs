//! Small WAVE files of all kinds, built in memory.

use std::fs::File;
use std::io::{Cursor, SeekFrom, Write};

use super::chunks::{W64_RIFF, W64_WAVE};
use super::format::tests::block;
use super::*;
use crate::media::testing::run;

fn chunk(id: &[u8; 4], size: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = [id.as_slice(), &size.to_le_bytes(), body].concat();
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

fn wave(format: &[u8], data: &[u8], data_size: u32) -> Vec<u8> {
    let chunks = [
        chunk(b"fmt ", format.len() as u32, format),
        chunk(b"LIST", 5, b"INFO!"),
        chunk(b"fact", 4, &77u32.to_le_bytes()),
        chunk(b"data", data_size, data),
    ]
    .concat();
    chunk(b"RIFF", chunks.len() as u32 + 4, &[b"WAVE".as_slice(), &chunks].concat())
}

fn open(bytes: &[u8]) -> Result<WavReader<Cursor<&[u8]>>, MediaError> {
    WavReader::open(Cursor::new(bytes))
}

fn read_all(reader: &mut WavReader<Cursor<&[u8]>>) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buf = [0; 3];
    loop {
        let read = reader.read_data(&mut buf).unwrap();
        all.extend(&buf[..read]);
        if read == 0 {
            return all;
        }
    }
}

#[test]
fn reads_format_fact_and_data() {
    let bytes = wave(&block(2, b"abc"), b"0123456789", 10);
    let mut reader = open(&bytes).unwrap();
    let format = reader.format();
    assert_eq!((format.tag, format.channels, format.samples_per_sec), (2, 2, 22_050));
    assert_eq!((format.avg_bytes_per_sec, format.block_align, format.bits_per_sample), (11_000, 1024, 4));
    assert_eq!((format.extra.as_slice(), format.bytes.len()), (b"abc".as_slice(), 21));
    assert_eq!((format.codec_tag(), reader.fact_samples(), reader.data_len()), (2, Some(77), 10));
    assert_eq!(read_all(&mut reader), b"0123456789");
    assert_eq!(reader.damage(), None);
}

#[test]
fn unfilled_lengths_reach_to_the_end() {
    for size in [0, u32::MAX] {
        let bytes = wave(&block(1, b""), b"01234567", size);
        let mut reader = open(&bytes).unwrap();
        assert_eq!(read_all(&mut reader), b"01234567");
        assert_eq!(reader.damage(), None);
    }
}

#[test]
fn cut_anywhere_yields_what_is_there() {
    let whole = wave(&block(2, b"abcd"), b"0123456789", 10);
    let data_start = open(&whole).unwrap().data_start() as usize;
    for len in 0..whole.len() {
        let Ok(mut reader) = open(&whole[..len]) else {
            assert!(len < data_start);
            continue;
        };
        assert_eq!(read_all(&mut reader), whole[data_start..len]);
        let damage = reader.damage().unwrap();
        let missing = (whole.len() - len) as u64;
        assert_eq!(damage.kind, DamageKind::EndsInChunk { id: *b"data", missing });
        assert_eq!((damage.offset, damage.read, damage.stated), (len as u64, 10 - missing, Some(10)));
    }
}

#[test]
fn a_wave_file_is_a_source_of_samples() {
    let bytes = wave(&block(2, b"abc"), b"0123456789", 10);
    let mut reader = open(&bytes[..bytes.len() - 2]).unwrap();
    let source: &mut dyn SampleSource = &mut reader;
    assert_eq!((source.format().tag, source.data_len()), (2, Some(8)));
    let mut buf = [0; 20];
    assert_eq!((source.read_data(&mut buf).unwrap(), source.read_data(&mut buf).unwrap()), (8, 0));
    assert_eq!(source.damage().unwrap().kind, DamageKind::EndsInChunk { id: *b"data", missing: 2 });
}

#[test]
fn order_and_form_are_checked() {
    let data_first = [b"RIFF\x14\0\0\0WAVE".as_slice(), &chunk(b"data", 4, b"0123")].concat();
    assert!(matches!(open(&data_first), Err(MediaError::Malformed { offset: 12, .. })));
    assert!(matches!(open(b"RIFF\x04\0\0\0AVI "), Err(MediaError::WrongForm { .. })));
}

/// An RF64 file: sizes of 0xFFFFFFFF, and the real ones in its `ds64` chunk.
fn rf64(id: &[u8; 4], data_size: u64, data: &[u8]) -> Vec<u8> {
    let sizes = [1000, data_size, 99].map(u64::to_le_bytes).as_flattened().to_vec();
    let table = [&1u32.to_le_bytes(), b"abcd".as_slice(), &6u64.to_le_bytes()].concat();
    let format = block(2, b"abcd");
    let chunks = [
        chunk(b"ds64", (sizes.len() + table.len()) as u32, &[sizes, table].concat()),
        chunk(b"abcd", u32::MAX, b"sixsix"),
        chunk(b"fmt ", format.len() as u32, &format),
        chunk(b"fact", 4, &u32::MAX.to_le_bytes()),
        chunk(b"data", u32::MAX, data),
    ];
    chunk(id, u32::MAX, &[b"WAVE".as_slice(), &chunks.concat()].concat())
}

#[test]
fn an_rf64_file_has_its_sizes_in_a_chunk_of_their_own() {
    for id in [b"RF64", b"BW64"] {
        let bytes = rf64(id, 10, b"0123456789and what is behind");
        let mut reader = open(&bytes).unwrap();
        assert_eq!((reader.format().tag, reader.fact_samples(), reader.data_len()), (2, Some(99), 10));
        assert_eq!(read_all(&mut reader), b"0123456789");
        assert_eq!(reader.damage(), None);
    }
    // A length that was never filled in reaches to the end, and one beyond the end is damage.
    let unfilled = rf64(b"RF64", 0, b"01234567");
    let mut reader = open(&unfilled).unwrap();
    assert_eq!((read_all(&mut reader), reader.damage()), (b"01234567".to_vec(), None));
    let cut = rf64(b"RF64", u64::MAX, b"01234567");
    let mut reader = open(&cut).unwrap();
    assert_eq!(read_all(&mut reader), b"01234567");
    let damage = reader.damage().unwrap();
    assert_eq!((damage.read, damage.stated), (8, Some(u64::MAX)));
}

/// A chunk of a Wave64 file.
fn chunk64(id: &[u8; 4], size: Option<u64>, body: &[u8]) -> Vec<u8> {
    let tail = if id == b"riff" { W64_RIFF } else { W64_WAVE };
    let size = size.unwrap_or(body.len() as u64 + 24);
    let mut bytes = [id.as_slice(), &tail, &size.to_le_bytes(), body].concat();
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

fn wave64(size: Option<u64>, data: &[u8]) -> Vec<u8> {
    let wave = [b"wave".as_slice(), &W64_WAVE].concat();
    let chunks = [
        wave,
        chunk64(b"junk", None, b"odd"),
        chunk64(b"fmt ", None, &block(2, b"abc")),
        chunk64(b"fact", None, &(1u64 << 33).to_le_bytes()),
        chunk64(b"data", size, data),
    ];
    chunk64(b"riff", None, &chunks.concat())
}

#[test]
fn a_wave64_file_has_long_identifiers_and_sizes() {
    let bytes = wave64(Some(10 + 24), b"0123456789behind");
    let mut reader = open(&bytes).unwrap();
    let format = (reader.format().tag, reader.format().extra.as_slice());
    assert_eq!((format, reader.fact_samples()), ((2, b"abc".as_slice()), Some(1 << 33)));
    assert_eq!(read_all(&mut reader), b"0123456789");
    assert_eq!(reader.damage(), None);
    for unfilled in [24, i64::MAX as u64, u64::MAX] {
        let bytes = wave64(Some(unfilled), b"01234567");
        let mut reader = open(&bytes).unwrap();
        assert_eq!((read_all(&mut reader), reader.damage()), (b"01234567".to_vec(), None));
    }
    for len in 0..bytes.len() {
        if let Ok(mut reader) = open(&bytes[..len]) {
            assert_eq!(read_all(&mut reader).len() as u64, reader.data_len());
        }
    }
    let mut small = wave64(None, b"01234567");
    small[40 + 16] = 23;
    assert!(matches!(open(&small), Err(MediaError::Malformed { offset: 40, .. })));
}

#[test]
fn any_changed_byte_is_survived() {
    for good in [rf64(b"RF64", 8, b"01234567"), wave64(None, b"01234567")] {
        for offset in 0..good.len() {
            for value in [0, 0x7F, 0xFF] {
                let mut bad = good.clone();
                bad[offset] = value;
                if let Ok(mut reader) = open(&bad) {
                    assert!(read_all(&mut reader).len() <= good.len());
                }
            }
        }
    }
}

#[test]
fn samples_lie_beyond_four_gigabytes() {
    const LEN: u64 = 5 << 30;
    for head in [rf64(b"RF64", LEN, b""), wave64(Some(LEN + 24), b"")] {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&head).unwrap();
        let start = head.len() as u64;
        file.seek(SeekFrom::Start(start + LEN - 4)).unwrap();
        file.write_all(b"lastbehind").unwrap();
        let mut reader = WavReader::open(file).unwrap();
        assert_eq!((reader.data_start(), reader.data_len(), reader.damage()), (start, LEN, None));
        reader.read = LEN - 4;
        let mut buf = [0; 10];
        assert_eq!(reader.read_data(&mut buf).unwrap(), 4);
        assert_eq!(&buf[..4], b"last");
    }
}

#[test]
fn files_of_ffmpeg_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path();
    // A multiple of eight, because ffmpeg takes what fills up the last chunk of a Wave64 file for samples.
    let samples: Vec<u8> = (0..20_000_u32).map(|i| ((i * i) >> 7) as u8).collect();
    std::fs::write(folder.join("samples"), &samples).unwrap();
    for (name, options, tag) in [
        ("plain.wav", "-f wav", 1),
        ("long.wav", "-f wav -rf64 always", 1),
        ("sony.w64", "-f w64", 1),
        ("adpcm.w64", "-f w64 -c:a adpcm_ms", 2),
    ] {
        let make = format!("-f s16le -ar 8000 -ac 1 -i samples {options} {name}");
        if run("ffmpeg", folder, &make).is_none() {
            return;
        }
        let mut reader = WavReader::open(File::open(folder.join(name)).unwrap()).unwrap();
        assert_eq!((reader.format().tag, reader.damage()), (tag, None), "{name}");
        let mut data = vec![0; 30_000];
        let len = reader.read_data(&mut data).unwrap();
        assert_eq!(len as u64, reader.data_len());
        if tag == 1 {
            assert!(data[..len] == samples, "{name}: {len} bytes");
        } else {
            assert!(len > 5000 && len.is_multiple_of(reader.format().block_align.into()));
        }
    }
}
