//! Small AVI files built in memory, whole and damaged.

mod odml;
mod old_index;
mod sound;

use std::io::Cursor;

use super::*;
use crate::media::damage::{Damage, DamageKind};

/// A chunk as it stands in a file, padded to an even length.
fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    sized(id, body.len() as u32, body)
}

/// A chunk that states another size than it has.
fn sized(id: &[u8; 4], size: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = [id.as_slice(), &size.to_le_bytes(), body].concat();
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

fn list(id: &[u8; 4], form: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    chunk(id, &[form.as_slice(), &parts.concat()].concat())
}

fn bitmap(colours: &[u8]) -> Vec<u8> {
    let header = BitmapInfoHeader {
        size: 40,
        width: 16,
        height: 8,
        top_down: false,
        bit_count: 8,
        compression: *b"CRAM",
        size_image: 0,
        clr_used: colours.len() as u32 / 4,
    };
    [header.to_bytes().as_slice(), colours].concat()
}

fn stream(kind: &[u8; 4], length: u32, format: &[u8]) -> Vec<u8> {
    let header = StreamHeader {
        kind: *kind,
        handler: *b"cram",
        scale: 1,
        rate: 25,
        length,
        frame: [0, 0, 16, 8],
        ..StreamHeader::default()
    };
    let parts = [chunk(b"strh", &header.to_bytes()), chunk(b"strf", format), chunk(b"strn", b"Name\0")];
    list(b"LIST", b"strl", &parts)
}

/// The `hdrl` list of a file with one video stream of `frames` frames and one audio stream.
fn hdrl(frames: u32) -> Vec<u8> {
    let main = MainHeader { micros_per_frame: 40_000, total_frames: frames, ..MainHeader::default() };
    let parts = [
        chunk(b"avih", &main.to_bytes()),
        stream(b"vids", frames, &bitmap(&[1, 2, 3, 0])),
        chunk(b"JUNK", &[0; 5]),
        stream(b"auds", 1000, &[1; 16]),
    ];
    list(b"LIST", b"hdrl", &parts)
}

fn file(frames: u32, movi: &[Vec<u8>], behind: &[Vec<u8>]) -> Vec<u8> {
    let mut parts = vec![hdrl(frames), list(b"LIST", b"movi", movi)];
    parts.extend_from_slice(behind);
    list(b"RIFF", b"AVI ", &parts)
}

fn movi_offset(bytes: &[u8]) -> usize {
    bytes.array_windows().position(|window| window == b"movi").unwrap()
}

type Read = (Vec<(Packet, Vec<u8>)>, Option<Damage>);

fn read(bytes: &[u8], index: u16) -> Result<Read, MediaError> {
    let mut reader = AviReader::open(Cursor::new(bytes))?;
    let mut packets = reader.packets(index)?;
    let mut all = Vec::new();
    let mut buf = vec![0xEE; 3];
    while let Some(packet) = packets.next_packet(&mut buf)? {
        assert_eq!(packet.size, buf.len());
        all.push((packet, buf.clone()));
    }
    assert_eq!(packets.next_packet(&mut buf)?, None);
    let damage = packets.damage();
    Ok((all, damage))
}

/// The bytes of each packet of stream 0, and the damage.
fn bodies(bytes: &[u8]) -> (Vec<Vec<u8>>, Option<Damage>) {
    let (packets, damage) = read(bytes, 0).unwrap();
    (packets.into_iter().map(|(_, body)| body).collect(), damage)
}

/// Three frames, one of them dropped, among audio and a palette change.
fn movi() -> Vec<Vec<u8>> {
    vec![
        chunk(b"00dc", b"odd"),
        chunk(b"01wb", b"sound"),
        chunk(b"00dc", b""),
        chunk(b"00pc", &[0, 1, 0, 0, 9, 8, 7, 0]),
        chunk(b"JUNK", &[0; 7]),
        chunk(b"00db", b"plain!"),
    ]
}

#[test]
fn headers_are_read() {
    let bytes = file(3, &movi(), &[]);
    let reader = AviReader::open(Cursor::new(&bytes)).unwrap();
    assert_eq!(reader.main_header().total_frames, 3);
    let [video, audio] = reader.streams() else { panic!("two streams") };
    assert_eq!((video.index, audio.index, audio.header.is_audio()), (0, 1, true));
    assert_eq!((video.name.as_deref(), audio.format.as_slice()), (Some("Name"), [1; 16].as_slice()));
    let video = reader.first_video().unwrap();
    assert_eq!((video.width, video.height, video.top_down, video.bit_count), (16, 8, false, 8));
    assert_eq!((&video.handler, &video.compression), (b"cram", b"CRAM"));
    assert_eq!((video.scale, video.rate, video.length), (1, 25, 3));
    assert_eq!(video.format, bitmap(&[1, 2, 3, 0]));
    assert!(matches!(reader.video_stream(1), Err(MediaError::NoStream { present: 2, .. })));
}

#[test]
fn packets_come_in_order_without_an_index() {
    let bytes = file(3, &movi(), &[]);
    let (packets, damage) = read(&bytes, 0).unwrap();
    let kinds: Vec<_> = packets.iter().map(|(packet, _)| (packet.kind, packet.keyframe)).collect();
    assert_eq!(
        kinds,
        [
            (PacketKind::Compressed, None),
            (PacketKind::Compressed, None),
            (PacketKind::PaletteChange, None),
            (PacketKind::Uncompressed, None),
        ]
    );
    let first = packets[0].0;
    assert_eq!(first.offset, movi_offset(&bytes) as u64 + 4);
    assert_eq!((packets[0].1.as_slice(), packets[1].0.size), (b"odd".as_slice(), 0));
    assert_eq!(packets[3].1, b"plain!");
    assert_eq!(damage, None);

    let (sound, damage) = read(&bytes, 1).unwrap();
    assert_eq!((sound.len(), sound[0].0.kind, damage), (1, PacketKind::Audio, None));
    assert!(matches!(read(&bytes, 2), Err(MediaError::NoStream { .. })));
}

#[test]
fn rec_lists_and_later_riff_chunks_are_walked() {
    let grouped = [
        list(b"LIST", b"rec ", &movi()[..2]),
        chunk(b"ix00", &[0; 24]),
        list(b"LIST", b"rec ", &movi()[2..]),
    ];
    let more = list(b"RIFF", b"AVIX", &[list(b"LIST", b"movi", &[chunk(b"00dc", b"more")])]);
    let (packets, damage) = bodies(&[file(4, &grouped, &[]), more].concat());
    assert_eq!(packets.len(), 5);
    assert_eq!((packets[3].as_slice(), packets[4].as_slice()), (b"plain!".as_slice(), b"more".as_slice()));
    assert_eq!(damage, None);
}

#[test]
fn key_frames_come_from_an_index_that_fits() {
    let movi = [chunk(b"00dc", b"ab"), chunk(b"01wb", b"sound"), chunk(b"00dc", b"cd")];
    let index = |base: u32, sizes: [u32; 2]| {
        let entry = |id: &[u8; 4], flags: u32, offset: u32, size: u32| {
            [id.as_slice(), [flags, offset, size].map(u32::to_le_bytes).as_flattened()].concat()
        };
        chunk(
            b"idx1",
            &[
                entry(b"00dc", AVIIF_KEYFRAME, base + 4, sizes[0]),
                entry(b"01wb", AVIIF_KEYFRAME, base + 14, 5),
                entry(b"00dc", 0, base + 28, sizes[1]),
            ]
            .concat(),
        )
    };
    let absolute = movi_offset(&file(2, &movi, &[])) as u32;
    let flags = |behind: Vec<u8>| -> Vec<_> {
        let (packets, damage) = read(&file(2, &movi, &[behind]), 0).unwrap();
        assert_eq!(damage, None);
        packets.iter().map(|(packet, _)| packet.keyframe).collect()
    };
    assert_eq!(flags(index(0, [2, 2])), [Some(true), Some(false)]);
    assert_eq!(flags(index(absolute, [2, 2])), [Some(true), Some(false)]);
    assert_eq!(flags(index(0, [2, 3])), [Some(true), None]);
    assert_eq!(flags(index(6, [2, 2])), [None, None]);
    assert_eq!(flags(index(u32::MAX - 28, [2, 2])), [None, None]);
    assert_eq!(flags(chunk(b"idx1", b"short")), [None, None]);
}

#[test]
fn a_file_cut_anywhere_yields_the_packets_before_the_cut() {
    for movi in [movi(), vec![list(b"LIST", b"rec ", &movi())]] {
        let whole = file(3, &movi, &[chunk(b"idx1", &[0; 32])]);
        let (packets, damage) = read(&whole, 0).unwrap();
        assert_eq!(damage, None);
        let start = movi_offset(&whole) + 4;
        for len in 0..whole.len() {
            let result = read(&whole[..len], 0);
            if len < start {
                assert!(result.is_err(), "{len}");
                continue;
            }
            let (found, damage) = result.unwrap();
            let ends = packets.iter().map(|(packet, _)| packet.offset + 8 + packet.size as u64);
            let expected = ends.filter(|end| *end <= len as u64).count();
            assert_eq!(found, packets[..expected], "{len}");
            let damage = damage.unwrap();
            assert_eq!((damage.offset, damage.stated), (len as u64, Some(3)), "{len}");
            let frames = found.iter().filter(|(packet, _)| packet.kind != PacketKind::PaletteChange).count();
            assert_eq!(damage.read, frames as u64);
        }
    }
}

#[test]
fn the_cut_is_described() {
    let whole = file(3, &movi(), &[]);
    let cut = &whole[..whole.len() - 2];
    let (_, damage) = bodies(cut);
    assert_eq!(
        damage.unwrap().to_string(),
        format!(
            "the file ends at byte {} in the middle of a chunk of stream 0 (2 bytes are missing); \
             2 of 3 frames could be read",
            cut.len()
        )
    );
}

#[test]
fn an_unfinished_recording_is_read_to_its_end() {
    let mut bytes = file(0, &movi(), &[]);
    let movi_size = movi_offset(&bytes) - 4;
    bytes[movi_size..movi_size + 4].fill(0);
    bytes[4..8].fill(0);
    let (packets, damage) = bodies(&bytes);
    assert_eq!((packets.len(), damage), (4, None));
    let (packets, damage) = bodies(&bytes[..bytes.len() - 1]);
    assert_eq!(packets.len(), 3);
    assert_eq!(damage.unwrap().kind, DamageKind::EndsInStream { stream: 0, missing: 1 });
}

#[test]
fn an_unfinished_recording_has_later_riff_chunks() {
    let more = [list(b"RIFF", b"AVIX", &[list(b"LIST", b"movi", &[chunk(b"00dc", b"more")])])];
    for (list_is_finished, last_is_finished) in [(false, true), (false, false), (true, true), (true, false)] {
        let mut bytes = [file(0, &movi(), &[chunk(b"idx1", &[0; 32])]), more.concat()].concat();
        bytes[4..8].fill(0);
        if !list_is_finished {
            let movi_size = movi_offset(&bytes) - 4;
            bytes[movi_size..movi_size + 4].fill(0);
        }
        if !last_is_finished {
            let last = bytes.len() - more.concat().len();
            bytes[last + 4..last + 8].fill(0);
            bytes[last + 16..last + 20].fill(0);
        }
        let (packets, damage) = bodies(&bytes);
        assert_eq!((packets.len(), packets[4].as_slice(), damage), (5, b"more".as_slice(), None));
    }
}

#[test]
fn bytes_that_are_no_chunk_are_skipped() {
    let junk = b"\xFFgarbage 00dc, not a chunk\0".to_vec();
    let frames = [chunk(b"00dc", b"ab"), junk.clone(), chunk(b"00dc", b"cd"), chunk(b"00dc", b"ef")];
    let bytes = file(3, &frames, &[]);
    let (packets, damage) = bodies(&bytes);
    assert_eq!(packets, [b"ab", b"cd", b"ef"]);
    let damage = damage.unwrap();
    assert_eq!(damage.kind, DamageKind::Skipped { bytes: junk.len() as u64 });
    assert_eq!(damage.offset, movi_offset(&bytes) as u64 + 14);

    let (packets, damage) = bodies(&file(3, &[chunk(b"00dc", b"ab"), vec![0xFF; 40]], &[]));
    assert_eq!(packets, [b"ab"]);
    assert_eq!(damage.unwrap().kind, DamageKind::Lost);
}

#[test]
fn a_file_made_of_false_headers_is_given_up() {
    // Each header fits, but what it leads to is none.
    let mut parts = vec![chunk(b"00dc", b"ab")];
    parts.extend(vec![b"\xFF00dc\x08\0\0\0\xFF\xFF\xFF".to_vec(); 5000]);
    parts.push(chunk(b"00dc", b"cd"));
    let (packets, damage) = bodies(&file(2, &parts, &[]));
    assert_eq!(packets, [b"ab"]);
    assert_eq!(damage.unwrap().kind, DamageKind::Lost);
    parts.truncate(4000);
    parts.push(chunk(b"00dc", b"cd"));
    assert_eq!(bodies(&file(2, &parts, &[])).0, [b"ab", b"cd"]);
}

#[test]
fn many_odd_chunks_without_padding_are_no_damage() {
    let unpadded = vec![b"00dc\x03\0\0\0odd".to_vec(); 5001];
    let (packets, damage) = bodies(&file(5001, &unpadded, &[]));
    assert_eq!((packets.len(), damage), (5001, None));
}

#[test]
fn a_chunk_that_passes_its_list_is_skipped() {
    for size in [u32::MAX, 500] {
        let frames = [chunk(b"00dc", b"ab"), sized(b"00dc", size, b"cd"), chunk(b"00dc", b"ef")];
        let (packets, damage) = bodies(&file(3, &frames, &[chunk(b"JUNK", &[0; 600])]));
        assert_eq!(packets, [b"ab", b"ef"]);
        assert_eq!(damage.unwrap().kind, DamageKind::Skipped { bytes: 10 });
    }
}

#[test]
fn missing_padding_is_no_damage() {
    let unpadded = b"00dc\x03\0\0\0odd".to_vec();
    let (packets, damage) = bodies(&file(2, &[unpadded, chunk(b"00dc", b"next")], &[]));
    assert_eq!(packets, [b"odd".as_slice(), b"next"]);
    assert_eq!(damage, None);
}

#[test]
fn fewer_frames_than_are_stated_are_damage_though_each_is_whole() {
    // The second frame's identifier is another one, which a reader passes over.
    let frames = [chunk(b"00dc", b"ab"), chunk(b"X0dc", b"cd"), chunk(b"00dc", b"ef")];
    let whole = file(3, &frames, &[]);
    let (packets, damage) = bodies(&whole);
    assert_eq!(packets, [b"ab", b"ef"]);
    let damage = damage.unwrap();
    assert_eq!((damage.kind, damage.offset), (DamageKind::Fewer, whole.len() as u64));
    assert_eq!((damage.read, damage.stated), (2, Some(3)));
    // Before the end it is not known, and what states nothing lacks nothing.
    let mut reader = AviReader::open(Cursor::new(&whole)).unwrap();
    let mut packets = reader.packets(0).unwrap();
    packets.next_packet(&mut Vec::new()).unwrap();
    assert_eq!((packets.damage(), bodies(&file(0, &frames, &[])).1), (None, None));
}

#[test]
fn lying_headers_are_refused() {
    let good = file(3, &movi(), &[]);
    let at = |needle: &[u8; 4]| good.array_windows().position(|window| window == needle).unwrap();
    let with = |offset: usize, value: u32| {
        let mut bad = good.clone();
        bad[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
        AviReader::open(Cursor::new(bad))
    };
    assert!(matches!(with(at(b"strf") + 4, 2 << 20), Err(MediaError::TooLarge { .. })));
    assert!(matches!(with(at(b"strf") + 4, 1 << 20), Err(MediaError::Malformed { .. })));
    assert!(matches!(with(at(b"strh"), 0), Err(MediaError::Malformed { .. })));
    assert!(matches!(with(at(b"avih") + 4, 8), Err(MediaError::Malformed { .. })));
    // biSize beyond the block is an error of that stream only, and named by its place in the file.
    let strf = at(b"strf");
    let reader = with(strf + 8, 45).unwrap();
    let Err(MediaError::Malformed { offset, .. }) = reader.first_video() else { panic!("biSize is 45") };
    assert_eq!(offset, strf as u64 + 8);
    // A rate of 0 falls back on the main header.
    let video = with(at(b"strh") + 8 + 24, 0).unwrap().first_video().unwrap();
    assert_eq!((video.scale, video.rate), (40_000, 1_000_000));
}

#[test]
fn any_changed_byte_is_survived() {
    let good = file(3, &movi(), &[chunk(b"idx1", &[0x30; 32])]);
    for offset in 0..good.len() {
        for value in [0, 0x7F, 0xFF] {
            let mut bad = good.clone();
            bad[offset] = value;
            if let Ok((packets, _)) = read(&bad, 0) {
                assert!(packets.iter().all(|(packet, _)| packet.size <= bad.len()));
            }
        }
    }
}
