//! Seeking by `idx1`, which has all streams in one, palette changes, and offsets from two places.

use super::*;

/// An `idx1` chunk for `movi`, from the offset `base` on; the first frame and every frame that begins with a capital are key frames.
fn idx1(movi: &[Vec<u8>], base: u32) -> Vec<u8> {
    let mut offset = base + 4;
    let mut entries = Vec::new();
    for chunk in movi {
        let is_key = chunk.get(8).is_some_and(u8::is_ascii_uppercase);
        let flags = if is_key { AVIIF_KEYFRAME } else { 0 };
        entries.extend(&chunk[..4]);
        entries.extend([flags, offset].map(u32::to_le_bytes).as_flattened());
        entries.extend(&chunk[4..8]);
        offset += chunk.len() as u32;
    }
    chunk(b"idx1", &entries)
}

/// Frames of odd lengths and none among sound: K, a, (none), B, c.
fn frames() -> Vec<Vec<u8>> {
    vec![
        chunk(b"00dc", b"Key"),
        chunk(b"01wb", b"sound"),
        chunk(b"00dc", b"a"),
        chunk(b"00dc", b""),
        chunk(b"01wb", b""),
        chunk(b"00dc", b"Best"),
        chunk(b"00dc", b"c"),
    ]
}

/// Seeks; answers the number, and the frames from there on.
fn seek(bytes: &[u8], stream: u16, frame: u64) -> (u64, Vec<Vec<u8>>) {
    let mut reader = AviReader::open(Cursor::new(bytes)).unwrap();
    let mut packets = reader.packets(stream).unwrap();
    let first = packets.seek(frame).unwrap();
    let (mut all, mut buf) = (Vec::new(), Vec::new());
    while let Some(packet) = packets.next_packet(&mut buf).unwrap() {
        if packet.kind != PacketKind::PaletteChange {
            assert_eq!(packet.number, first + all.len() as u64);
            all.push(buf.clone());
        }
    }
    (first, all)
}

#[test]
fn frames_are_found_by_either_kind_of_offset() {
    let movi = frames();
    let absolute = movi_offset(&file(5, &movi, &[])) as u32;
    for base in [0, absolute] {
        let bytes = file(5, &movi, &[idx1(&movi, base)]);
        assert_eq!(seek(&bytes, 0, 4), (3, vec![b"Best".to_vec(), b"c".to_vec()]));
        assert_eq!(seek(&bytes, 0, 3).0, 3);
        let (first, all) = seek(&bytes, 0, 2);
        assert_eq!((first, all.len(), all[0].as_slice()), (0, 5, b"Key".as_slice()));
        // The length of the sound is in other units than packets.
        assert_eq!(seek(&bytes, 1, 1).0, 0);
    }
}

#[test]
fn groups_are_entered() {
    let movi = frames();
    let grouped = [list(b"LIST", b"rec ", &movi[..4]), list(b"LIST", b"rec ", &movi[4..])];
    // Each group's header moves what is in it.
    let mut first = idx1(&movi[..4], 12);
    let len = movi[..4].concat().len() as u32;
    first.extend(&idx1(&movi[4..], 24 + len)[8..]);
    let size = first.len() as u32 - 8;
    first[4..8].copy_from_slice(&size.to_le_bytes());
    let bytes = file(5, &grouped, &[first]);
    assert_eq!(seek(&bytes, 0, 4), (3, vec![b"Best".to_vec(), b"c".to_vec()]));
}

#[test]
fn an_index_that_is_cut_or_wrong_leads_to_the_start() {
    let movi = frames();
    let index = idx1(&movi, 0);
    let all = |bytes: &[u8]| {
        let (first, all) = seek(bytes, 0, 4);
        assert_eq!(all.len(), 5);
        first
    };
    let whole = file(5, &movi, std::slice::from_ref(&index));
    assert_eq!(seek(&whole, 0, 4).0, 3);
    for missing in 1..index.len() {
        assert_eq!(all(&whole[..whole.len() - missing]), 0, "{missing}");
    }
    assert_eq!(all(&file(4, &movi, std::slice::from_ref(&index))), 0);
    assert_eq!(all(&file(5, &movi, &[idx1(&movi, 2)])), 0);
    // The entry of the frame that is sought has another size.
    let mut other = index;
    other[8 + 5 * 16 + 12] = 5;
    assert_eq!(all(&file(5, &movi, &[other])), 0);
}

#[test]
fn where_the_palette_changes_all_is_read() {
    let mut movi = frames();
    movi.insert(2, chunk(b"00pc", &[0, 1, 0, 0, 9, 8, 7, 0]));
    let bytes = file(5, &movi, &[idx1(&movi, 0)]);
    let (first, all) = seek(&bytes, 0, 4);
    assert_eq!((first, all.len()), (0, 5));
}

#[test]
fn a_frame_without_data_is_no_key_frame() {
    let movi = frames();
    let mut index = idx1(&movi, 0);
    index[8 + 3 * 16 + 4] = 0x10;
    let bytes = file(5, &movi, &[index]);
    assert_eq!(seek(&bytes, 0, 2).0, 0);
    assert_eq!(read(&bytes, 0).unwrap().0[2].0.keyframe, Some(true));
}
