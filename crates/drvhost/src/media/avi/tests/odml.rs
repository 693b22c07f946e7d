//! OpenDML files: indexes of all kinds, seeking by them, and what is wrong with them.

use std::os::unix::fs::FileExt;
use std::time::Instant;

use super::*;

/// A file of one video stream, whose frames begin with their own number.
#[derive(Clone)]
struct Shape {
    /// Frames in each `RIFF` chunk.
    parts: Vec<u32>,
    /// Bytes of a frame, at least 8.
    frame_len: u32,
    /// Every so many frames there is a key frame.
    keys: u32,
    /// Whether the indexes are those of fields.
    fields: bool,
    /// Whether the stream's list has the standard index itself.
    direct: bool,
    bits: u16,
    flags: u32,
    /// The stream's length as it is stated.
    length: u32,
}

impl Shape {
    fn new(parts: &[u32]) -> Self {
        let (parts, length) = (parts.to_vec(), parts.iter().sum());
        Self { parts, frame_len: 9, keys: 3, fields: false, direct: false, bits: 24, flags: 0, length }
    }

    fn entry_len(&self) -> usize {
        if self.fields { 12 } else { 8 }
    }

    /// What stands where in the file, and its length.
    fn pieces(&self) -> (Vec<(u64, Vec<u8>)>, u64) {
        let room = if self.direct { self.entry_len() * self.length as usize } else { 16 * self.parts.len() };
        let first_movi = 12 + self.hdrl(vec![0; 24 + room]).len() as u64 + 8;
        let mut pieces = Vec::new();
        let mut index =
            [4u16.to_le_bytes().as_slice(), &[0, 0], &(self.parts.len() as u32).to_le_bytes()].concat();
        index.extend(b"00dc");
        index.extend([0; 12]);
        let (mut at, mut number) = (0, 0_u32);
        for count in &self.parts {
            let riff = at;
            let movi = if riff == 0 { first_movi } else { riff + 20 };
            at = movi + 4;
            let mut standard = Vec::new();
            for _ in 0..*count {
                let key = number.is_multiple_of(self.keys);
                standard.extend(((at + 8 - movi) as u32).to_le_bytes());
                standard.extend((self.frame_len | u32::from(!key) << 31).to_le_bytes());
                standard.extend(&[0x77; 4][..self.entry_len() - 8]);
                let head =
                    [b"00dc".as_slice(), &self.frame_len.to_le_bytes(), &u64::from(number).to_le_bytes()];
                pieces.push((at, head.concat()));
                at += 8 + u64::from(self.frame_len.next_multiple_of(2));
                number += 1;
            }
            let kind = [(self.entry_len() / 4) as u8, 0, u8::from(self.fields), 1];
            let head =
                [kind.as_slice(), &count.to_le_bytes(), b"00dc", &movi.to_le_bytes(), &[0; 4]].concat();
            let standard = [head, standard].concat();
            if self.direct {
                index = standard;
            } else {
                index.extend(at.to_le_bytes());
                index.extend([standard.len() as u32 + 8, *count].map(u32::to_le_bytes).as_flattened());
                let standard = chunk(b"ix00", &standard);
                pieces.push((at, standard.clone()));
                at += standard.len() as u64;
            }
            let form = if riff == 0 { b"AVI " } else { b"AVIX" };
            let size = (at - riff - 8) as u32;
            pieces.push((riff, [b"RIFF".as_slice(), &size.to_le_bytes(), form].concat()));
            let size = (at - movi) as u32;
            pieces.push((movi - 8, [b"LIST".as_slice(), &size.to_le_bytes(), b"movi"].concat()));
        }
        pieces.push((12, self.hdrl(index)));
        (pieces, at)
    }

    fn hdrl(&self, index: Vec<u8>) -> Vec<u8> {
        let [first, ..] = self.parts[..] else { panic!("no part") };
        let main = MainHeader { total_frames: first, ..MainHeader::default() };
        let header = StreamHeader {
            kind: *b"vids",
            flags: self.flags,
            scale: 1,
            rate: 25,
            length: self.length,
            ..StreamHeader::default()
        };
        let mut format = bitmap(&[]);
        format[14..16].copy_from_slice(&self.bits.to_le_bytes());
        let aspect = [0, 0, 25, 16, 8, 4 << 16 | 3, 16, 8, 1].map(u32::to_le_bytes);
        let strl = [
            chunk(b"strh", &header.to_bytes()),
            chunk(b"strf", &format),
            chunk(b"indx", &index),
            chunk(b"vprp", aspect.as_flattened()),
        ];
        let frames = self.parts.iter().sum::<u32>();
        let dmlh = chunk(b"dmlh", &[&frames.to_le_bytes(), [0; 244].as_slice()].concat());
        let parts = [
            chunk(b"avih", &main.to_bytes()),
            list(b"LIST", b"strl", &strl),
            list(b"LIST", b"odml", &[dmlh]),
        ];
        list(b"LIST", b"hdrl", &parts)
    }

    fn bytes(&self) -> Vec<u8> {
        let (pieces, len) = self.pieces();
        let mut bytes = vec![0; len as usize];
        for (at, piece) in pieces {
            bytes[at as usize..][..piece.len()].copy_from_slice(&piece);
        }
        bytes
    }
}

/// Seeks, and checks that the next packet has the number that was answered, and the frame of this number.
fn seek(bytes: &[u8], frame: u64) -> u64 {
    let mut reader = AviReader::open(Cursor::new(bytes)).unwrap();
    let mut packets = reader.packets(0).unwrap();
    let (number, next) = land(&mut packets, frame);
    assert_eq!(number, next);
    number
}

/// Seeks; answers what was answered, and the number in the frame that comes next. A file that is cut may have none at its start.
fn land<R: std::io::Read + Seek>(packets: &mut Packets<'_, R>, frame: u64) -> (u64, u64) {
    let mut buf = Vec::new();
    let number = packets.seek(frame).unwrap();
    let Some(packet) = packets.next_packet(&mut buf).unwrap() else { return (number, number) };
    assert_eq!(packet.number, number);
    (number, buf.first_chunk().map_or(number, |bytes| u64::from_le_bytes(*bytes)))
}

/// What seeking to each frame of a file, and far beyond the last, answers.
fn seeks(shape: &Shape) -> Vec<u64> {
    let bytes = shape.bytes();
    (0..8).chain([u64::MAX]).map(|frame| seek(&bytes, frame)).collect()
}

/// What [`seeks`] answers for the usual shape of eight frames.
const KEYS: [u64; 9] = [0, 0, 0, 3, 3, 3, 6, 6, 6];

#[test]
fn all_riff_chunks_have_their_key_frames() {
    let shape = Shape::new(&[4, 3, 1]);
    let bytes = shape.bytes();
    let (packets, damage) = read(&bytes, 0).unwrap();
    assert_eq!(damage, None);
    let found: Vec<_> = packets.iter().map(|(packet, _)| (packet.number, packet.keyframe)).collect();
    let expected: Vec<_> = (0..8_u64).map(|number| (number, Some(number.is_multiple_of(3)))).collect();
    assert_eq!(found, expected);
    let reader = AviReader::open(Cursor::new(&bytes)).unwrap();
    assert_eq!((reader.main_header().total_frames, reader.total_frames()), (4, 8));
    assert_eq!(reader.first_video().unwrap().aspect, Some((4, 3)));
    assert_eq!(seeks(&shape), KEYS);
}

#[test]
fn indexes_of_fields_and_indexes_in_the_header_lead_to_frames_as_well() {
    let several = Shape::new(&[4, 3, 1]);
    assert_eq!(seeks(&Shape { fields: true, ..several }), KEYS);
    let one = Shape::new(&[8]);
    assert_eq!(seeks(&Shape { direct: true, ..one.clone() }), KEYS);
    assert_eq!(seeks(&Shape { direct: true, fields: true, ..one }), KEYS);
}

#[test]
fn what_lies_behind_a_seek_follows() {
    let bytes = Shape::new(&[4, 3, 1]).bytes();
    let mut reader = AviReader::open(Cursor::new(&bytes)).unwrap();
    let mut packets = reader.packets(0).unwrap();
    let mut buf = Vec::new();
    for (frame, first) in [(7, 6), (2, 0), (5, 3)] {
        assert_eq!(packets.seek(frame).unwrap(), first);
        for number in first..8 {
            let packet = packets.next_packet(&mut buf).unwrap().unwrap();
            assert_eq!((packet.number, u64::from(buf[0])), (number, number));
        }
        assert_eq!((packets.next_packet(&mut buf).unwrap(), packets.damage()), (None, None));
    }
}

#[test]
fn an_index_that_may_be_wrong_leads_to_the_start() {
    let shape = Shape::new(&[4, 3, 1]);
    for length in [0, 7, 9] {
        assert_eq!(seeks(&Shape { length, ..shape.clone() }), [0; 9]);
    }
    assert_eq!(seeks(&Shape { bits: 8, ..shape.clone() }), [0; 9]);
    assert_eq!(seeks(&Shape { flags: AVISF_VIDEO_PALCHANGES, ..shape.clone() }), [0; 9]);
    assert_eq!(seeks(&Shape { keys: 100, ..shape.clone() }), [0; 9]);

    // One entry leads beside its frame: only a seek to that one fails.
    let mut bytes = shape.bytes();
    let ix = bytes.windows(4).position(|window| window == b"ix00").unwrap();
    let entry = ix + 8 + 24 + 3 * 8;
    bytes[entry] += 2;
    assert_eq!((seek(&bytes, 3), seek(&bytes, 6)), (0, 6));
    // The same frame twice.
    let mut bytes = shape.bytes();
    bytes.copy_within(entry - 8..entry, entry);
    assert_eq!((seek(&bytes, 3), seek(&bytes, 6)), (0, 0));
    // A base that leads elsewhere, another stream's index, a type that is not known.
    for offset in [ix + 20, ix + 17, ix + 8, ix + 11] {
        let mut bytes = shape.bytes();
        bytes[offset] = bytes[offset].wrapping_add(1);
        assert_eq!(seek(&bytes, 6), 0, "{offset}");
        assert_eq!(read(&bytes, 0).unwrap().0.len(), 8);
    }
}

#[test]
fn an_index_that_states_too_much_is_read_as_far_as_it_goes() {
    let shape = Shape::new(&[4, 3, 1]);
    let good = shape.bytes();
    for id in [b"ix00", b"indx"] {
        let mut bytes = good.clone();
        let at = bytes.windows(4).position(|window| window == id).unwrap();
        bytes[at + 12..at + 16].fill(0xFF);
        assert_eq!(seek(&bytes, 7), 6);
        bytes[at + 12..at + 16].copy_from_slice(&1u32.to_le_bytes());
        assert_eq!(seek(&bytes, 7), 0);
        assert_eq!(read(&bytes, 0).unwrap().0[0].0.keyframe, Some(true));
    }
    // A super index that leads to one index again and again ends.
    let mut all = shape;
    all.parts.resize(6000, 0);
    let mut bytes = all.bytes();
    let at = bytes.windows(4).position(|window| window == b"indx").unwrap() + 32;
    let first: [u8; 16] = bytes[at..at + 16].try_into().unwrap();
    for entry in bytes[at..at + 6000 * 16].as_chunks_mut().0 {
        *entry = first;
    }
    assert_eq!(seek(&bytes, 7), 0);
}

#[test]
fn an_index_of_nonsense_is_left_at_once() {
    // 4096 times the same four million entries, each of which is before the file's start.
    let mut shape = Shape::new(&[4, 3, 1]);
    shape.parts.resize(5000, 0);
    let mut bytes = shape.bytes();
    let ix = bytes.len() as u64;
    let header = [[2, 0, 0, 1], [0xFF; 4], *b"00dc"].concat();
    bytes.extend(chunk(b"ix00", &[header, vec![0; 12 + (4 << 20) * 8]].concat()));
    let at = bytes.windows(4).position(|window| window == b"indx").unwrap() + 32;
    for entry in bytes[at..at + 5000 * 16].as_chunks_mut::<16>().0 {
        entry[..8].copy_from_slice(&ix.to_le_bytes());
    }
    let started = Instant::now();
    assert_eq!(seek(&bytes, 7), 0);
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}

#[test]
fn an_index_of_another_kind_of_chunk_is_no_index() {
    let shape = Shape::new(&[4, 3, 1]);
    let mut bytes = shape.bytes();
    let at = bytes.windows(4).position(|window| window == b"ix00").unwrap();
    bytes[at..at + 4].copy_from_slice(b"JUNK");
    assert_eq!(seek(&bytes, 7), 0);
    bytes[at..at + 4].copy_from_slice(b"00ix");
    // Then the identifier is that of a packet, which has no frame in it; only the walk from the start meets it.
    assert_eq!(seek(&bytes, 7), 6);
}

#[test]
fn a_file_cut_anywhere_is_read_and_sought_up_to_the_cut() {
    let whole = Shape::new(&[4, 3, 1]).bytes();
    let start = movi_offset(&whole) + 4;
    let (all, _) = read(&whole, 0).unwrap();
    for len in start..whole.len() {
        let (found, damage) = read(&whole[..len], 0).unwrap();
        let ends = all.iter().map(|(packet, _)| packet.offset + 8 + packet.size as u64);
        let expected = ends.filter(|end| *end <= len as u64).count();
        assert_eq!(found.len(), expected, "{len}");
        assert!(expected == 8 || damage.is_some() || all[expected].0.offset >= len as u64, "{len}");
        for frame in 0..8 {
            seek(&whole[..len], frame);
        }
    }
}

#[test]
fn any_changed_byte_leads_to_no_other_frame() {
    let good = Shape::new(&[3, 4]).bytes();
    let (frames, _) = read(&good, 0).unwrap();
    for offset in 0..good.len() {
        let is_frame =
            |(packet, _): &(Packet, Vec<u8>)| (packet.offset..packet.offset + 16).contains(&(offset as u64));
        let is_frame = frames.iter().any(is_frame);
        for value in [0, 1, 0x7F, 0xFF] {
            let mut bad = good.clone();
            bad[offset] = value;
            let Ok(mut reader) = AviReader::open(Cursor::new(&bad)) else { continue };
            let Ok(mut packets) = reader.packets(0) else { continue };
            for frame in [2, 3, 6] {
                let (number, next) = land(&mut packets, frame);
                assert!(number <= frame);
                assert!(is_frame || number == 0 || number == next, "{value} at {offset}");
            }
        }
    }
}

#[test]
fn six_gigabytes_are_opened_and_sought_at_once() {
    let shape = Shape { frame_len: 1 << 20, ..Shape::new(&[1000; 6]) };
    let file = tempfile::tempfile().unwrap();
    let (pieces, len) = shape.pieces();
    file.set_len(len).unwrap();
    for (at, piece) in pieces {
        file.write_all_at(&piece, at).unwrap();
    }
    assert!(len > 5 << 30, "{len}");
    let started = Instant::now();
    let mut reader = AviReader::open(file).unwrap();
    assert_eq!((reader.total_frames(), reader.first_video().unwrap().length), (6000, 6000));
    let mut packets = reader.packets(0).unwrap();
    let mut buf = Vec::new();
    for (frame, key) in [(5999, 5997), (0, 0), (3001, 3000), (u64::MAX, 5997)] {
        assert_eq!(packets.seek(frame).unwrap(), key);
        for number in key..key + 3 {
            let packet = packets.next_packet(&mut buf).unwrap().unwrap();
            assert_eq!((packet.number, packet.keyframe, packet.size), (number, Some(number == key), 1 << 20));
            assert_eq!(buf[..8], number.to_le_bytes());
        }
    }
    assert_eq!((packets.next_packet(&mut buf).unwrap(), packets.damage()), (None, None));
    assert!(buf.capacity() <= 1 << 20, "{}", buf.capacity());
    assert!(started.elapsed().as_secs() < 2, "{:?}", started.elapsed());
}
