//! What is written is read back, here and by ffmpeg.

use std::fs::{self, File};

use proptest::prelude::*;

use super::*;
use crate::media::testing::run;
use crate::media::{
    AviReader, Packet, PacketKind, PcmFormat, PictureFormat, SampleSource, SampleType, StreamHeader, to_dib24,
};

const SHAPE: VideoShape = VideoShape { width: 33, height: 17, scale: 1001, rate: 30_000, aspect: None };
const PCM: PcmFormat = PcmFormat { channels: 2, samples_per_sec: 44_100, sample: SampleType::S16 };

fn frame(seed: usize) -> Vec<u8> {
    (0..33 * 17 * 3).map(|i| (i * 7 + seed * 31) as u8).collect()
}

fn dib(seed: usize) -> Vec<u8> {
    let mut dib = Vec::new();
    to_dib24(&frame(seed), 33, 17, &mut dib);
    dib
}

/// Sound of packets that last 24 milliseconds each: MPEG audio, layer 2, of a variable rate.
fn variable() -> AviTrack {
    let mut format = vec![0x50, 0, 1, 0];
    format.extend([48_000_u32, 8000].map(u32::to_le_bytes).as_flattened());
    format.extend([1152_u16, 0, 0].map(u16::to_le_bytes).as_flattened());
    let header = StreamHeader { kind: *b"auds", scale: 1152, rate: 48_000, ..StreamHeader::default() };
    AviTrack { header, format, name: Some("variable".to_owned()), aspect: None }
}

/// A packet of MPEG audio: silence at 32 to 384 kbit/s.
fn mpeg(index: usize) -> Vec<u8> {
    let (code, rate) = [(1, 32_000), (4, 64_000), (8, 128_000)][index % 3];
    let mut packet = vec![0xFF, 0xFD, code << 4 | 4, 0xC0];
    packet.resize(144 * rate / 48_000, 0);
    packet
}

type Packets = Vec<(Packet, Vec<u8>)>;

fn packets<R: std::io::Read + std::io::Seek>(reader: &mut AviReader<R>, stream: u16) -> Packets {
    let mut packets = reader.packets(stream).unwrap();
    let (mut all, mut buf) = (Vec::new(), Vec::new());
    while let Some(packet) = packets.next_packet(&mut buf).unwrap() {
        all.push((packet, buf.clone()));
    }
    assert_eq!(packets.damage(), None);
    all
}

/// A film of 40 frames with two streams of sound, in `RIFF` chunks of at most so many bytes.
fn film(path: &Path, max_part: u64) {
    let video = AviTrack { aspect: Some((16, 9)), ..AviTrack::bgr24(SHAPE).unwrap() };
    let tracks = vec![video, AviTrack::pcm(PCM).unwrap(), variable()];
    let mut writer = AviWriter::create(path, tracks).unwrap();
    writer.max_part = max_part;
    for index in 0..40 {
        writer.write(0, &dib(index), true).unwrap();
        writer.write(1, &vec![index as u8; 1470 * 4], false).unwrap();
        writer.write(2, &mpeg(index), true).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn frames_and_sound_are_read_back_from_any_number_of_riff_chunks() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.avi");
    for (max_part, parts) in [(MAX_PART, 1), (120_000, 3), (1, 120)] {
        film(&path, max_part);
        let bytes = fs::read(&path).unwrap();
        let count = |id: &[u8; 8]| bytes.windows(8).filter(|window| window == id).count();
        let found = |id: &[u8; 4]| bytes.array_windows().filter(|window| *window == id).count();
        assert_eq!(bytes.windows(4).filter(|window| window == b"AVIX").count(), parts - 1);
        let odml = usize::from(parts > 1);
        assert_eq!((found(b"indx"), found(b"dmlh"), found(b"idx1")), (3 * odml, odml, 1));
        assert_eq!(count(b"odmldmlh"), odml);

        let mut reader = AviReader::open(File::open(&path).unwrap()).unwrap();
        let lengths: Vec<_> = reader.streams().iter().map(|stream| stream.header.length).collect();
        assert_eq!(lengths, [40, 40 * 1470, 40]);
        assert_eq!(reader.total_frames(), 40);
        let main = reader.main_header();
        assert_eq!((main.micros_per_frame, main.width, main.suggested_buffer_size), (33_367, 33, 5880));
        assert_eq!(main.total_frames == 40, parts == 1);
        let video = reader.first_video().unwrap();
        assert_eq!((video.width, video.height, video.top_down), (33, 17, false));
        assert_eq!((&video.handler, video.scale, video.rate, video.length), (b"DIB ", 1001, 30_000, 40));
        assert_eq!(video.aspect, Some((16, 9)));
        let format = PictureFormat::from_bitmapinfo(&video.format).unwrap();
        let mut bgr = Vec::new();
        let frames = packets(&mut reader, 0);
        assert_eq!(frames.len(), 40);
        for (index, (packet, bytes)) in frames.iter().enumerate() {
            assert_eq!((packet.kind, packet.keyframe), (PacketKind::Uncompressed, Some(true)));
            format.to_bgr24(bytes, &mut bgr).unwrap();
            assert_eq!(bgr, frame(index));
        }
        let sound = packets(&mut reader, 1);
        assert!(sound.iter().enumerate().all(|(index, (_, bytes))| *bytes == vec![index as u8; 5880]));
        let sound = packets(&mut reader, 2);
        assert!(sound.iter().enumerate().all(|(index, (_, bytes))| *bytes == mpeg(index)));
        assert_eq!(reader.streams()[2].name.as_deref(), Some("variable"));
    }
}

#[test]
fn ffmpeg_reads_all_frames_without_a_warning() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.avi");
    for max_part in [MAX_PART, 120_000, 1] {
        film(&path, max_part);
        let read = |arguments: &str| run("ffmpeg", directory.path(), &format!("-i out.avi {arguments} -"));
        let Some((pictures, messages)) = read("-map 0:v -pix_fmt bgr24 -f rawvideo") else { return };
        assert_eq!(messages, "");
        assert_eq!(pictures, (0..40).flat_map(frame).collect::<Vec<_>>());
        let (sound, messages) = read("-map 0:1 -f s16le").unwrap();
        assert_eq!((sound.len(), messages.as_str()), (40 * 5880, ""));
        let (sound, messages) = read("-map 0:2 -c copy -f data").unwrap();
        assert_eq!((sound, messages.as_str()), ((0..40).flat_map(mpeg).collect::<Vec<_>>(), ""));
        let entries = "stream=nb_frames,avg_frame_rate,display_aspect_ratio,duration_ts";
        let asked = format!("-show_entries {entries} -of compact=p=0 out.avi");
        let (facts, messages) = run("ffprobe", directory.path(), &asked).unwrap();
        let facts = String::from_utf8(facts).unwrap();
        assert_eq!(messages, "");
        let video = "display_aspect_ratio=16:9|avg_frame_rate=30000/1001|duration_ts=40|nb_frames=40";
        assert_eq!(facts.lines().next(), Some(video));
    }
}

#[test]
fn frames_that_need_others_and_palettes_are_marked() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.avi");
    let mut format = vec![0; 40];
    (format[0], format[4], format[8], format[12], format[14]) = (40, 16, 8, 1, 8);
    format[16..20].copy_from_slice(b"CRAM");
    for (max_part, parts) in [(MAX_PART, 1), (4000, 3)] {
        let track = AviTrack::video(format.clone(), *b"cram", 1, 25).unwrap();
        let mut writer = AviWriter::create(&path, vec![track]).unwrap();
        writer.max_part = max_part;
        for index in 0..6_u8 {
            let packet = if index == 4 { vec![] } else { vec![index; 1001] };
            writer.write(0, &packet, index.is_multiple_of(3)).unwrap();
        }
        writer.write_palette_change(0, &[0, 1, 0, 0, 9, 8, 7, 0]).unwrap();
        writer.write(0, b"last", false).unwrap();
        writer.finish().unwrap();
        let mut reader = AviReader::open(File::open(&path).unwrap()).unwrap();
        assert_eq!(reader.streams()[0].header.length, 7);
        assert_eq!(reader.streams()[0].header.flags, 0x1_0000);
        let all = packets(&mut reader, 0);
        let kinds: Vec<_> = all.iter().map(|(packet, _)| packet.kind == PacketKind::PaletteChange).collect();
        assert_eq!(kinds, [false, false, false, false, false, false, true, false]);
        let keys: Vec<_> = all.iter().map(|(packet, _)| packet.keyframe).collect();
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(keys, [yes, no, no, yes, no, no, None, no]);
        let bytes = fs::read(&path).unwrap();
        assert_eq!(bytes.windows(4).filter(|window| window == b"RIFF").count(), parts);
    }
}

#[test]
fn a_file_ends_with_its_last_riff_chunk() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.avi");
    let mut writer = AviWriter::create(&path, vec![AviTrack::bgr24(SHAPE).unwrap()]).unwrap();
    writer.max_part = 1;
    for index in 0..MAX_PARTS {
        writer.write(0, &dib(index), true).unwrap();
    }
    let error = writer.write(0, &dib(0), true).unwrap_err();
    assert!(matches!(error, MediaError::TooLarge { .. }), "{error}");
    writer.finish().unwrap();
    let mut reader = AviReader::open(File::open(&path).unwrap()).unwrap();
    assert_eq!((packets(&mut reader, 0).len(), reader.total_frames()), (256, 256));
}

#[test]
fn refuses_what_cannot_be_written_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.avi");
    for shape in [
        VideoShape { width: 0, ..SHAPE },
        VideoShape { height: 32_768, ..SHAPE },
        VideoShape { rate: 0, ..SHAPE },
    ] {
        assert!(matches!(AviTrack::bgr24(shape), Err(MediaError::Unsupported { .. })));
    }
    let large = VideoShape { width: 32_767, height: 32_767, ..SHAPE };
    assert!(matches!(AviTrack::bgr24(large), Err(MediaError::TooLarge { .. })));
    let other = |kind: &[u8; 4]| {
        let track = AviTrack::bgr24(SHAPE).unwrap();
        AviTrack { header: StreamHeader { kind: *kind, ..track.header }, ..track }
    };
    let nameless = AviTrack { format: vec![0; 13], ..AviTrack::pcm(PCM).unwrap() };
    for tracks in [vec![], vec![other(b"iavs")], vec![nameless], vec![other(b"vids"); 101]] {
        assert!(AviWriter::create(&path, tracks).is_err());
    }
    let tracks = vec![other(b"vids"), AviTrack::pcm(PCM).unwrap()];
    let mut writer = AviWriter::create(&path, tracks).unwrap();
    assert!(matches!(writer.write(1, &[0; 6], true), Err(MediaError::Malformed { offset: 6, .. })));
    assert!(matches!(writer.write(2, &[0; 4], true), Err(MediaError::NoStream { present: 2, .. })));
    assert!(matches!(writer.write_palette_change(1, &[0; 4]), Err(MediaError::Unsupported { .. })));
    drop(writer);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_pixel_has_the_shape_that_the_frame_leaves_it() {
    let shape = |width, height, aspect| VideoShape { width, height, aspect, ..SHAPE }.pixel_aspect();
    assert_eq!(shape(720, 576, Some((4, 3))), Some((16, 15)));
    assert_eq!(shape(640, 480, Some((4, 3))), Some((1, 1)));
    assert_eq!((shape(640, 480, None), shape(640, 480, Some((0, 3)))), (None, None));
}

/// A packet of random length for one of three tracks: its track, length and whether it is a key frame; of video, also a palette change.
#[derive(Clone, Debug)]
struct Random {
    track: usize,
    len: usize,
    key: bool,
    is_change: bool,
}

fn random() -> impl Strategy<Value = Random> {
    (0..3_usize, 0..300_usize, any::<bool>(), 0..20_u8).prop_map(|(track, len, key, change)| {
        let len = if track == 1 { len / 4 * 4 } else { len };
        Random { track, len, key, is_change: track == 0 && change == 0 }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_written_is_read_back_and_found(all in proptest::collection::vec(random(), 0..80), max_part in 1..20_000_u64) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.avi");
        let tracks = vec![AviTrack::bgr24(SHAPE).unwrap(), AviTrack::pcm(PCM).unwrap(), variable()];
        let mut writer = AviWriter::create(&path, tracks).unwrap();
        writer.max_part = max_part;
        let body = |index: usize, random: &Random| vec![index as u8; random.len];
        for (index, random) in all.iter().enumerate() {
            let body = body(index, random);
            if random.is_change {
                writer.write_palette_change(0, &body).unwrap();
            } else {
                writer.write(random.track, &body, random.key).unwrap();
            }
        }
        writer.finish().unwrap();

        let mut reader = AviReader::open(File::open(&path).unwrap()).unwrap();
        for track in 0..3 {
            let expected: Vec<_> =
                all.iter().enumerate().filter(|(_, random)| random.track == track).collect();
            let found = packets(&mut reader, track as u16);
            prop_assert_eq!(found.len(), expected.len());
            for ((packet, bytes), (index, random)) in found.iter().zip(&expected) {
                prop_assert_eq!(bytes, &body(*index, random));
                let key = (!random.is_change).then_some(random.key || track != 0);
                prop_assert_eq!(packet.keyframe, key);
            }
            let units: usize = expected
                .iter()
                .map(|(_, random)| if track == 1 { random.len / 4 } else { usize::from(!random.is_change) })
                .sum();
            prop_assert_eq!(reader.streams()[track].header.length as usize, units);
        }

        let frames: Vec<_> = all.iter().enumerate().filter(|(_, r)| r.track == 0 && !r.is_change).collect();
        let changes = all.iter().any(|random| random.is_change);
        let mut packets = reader.packets(0).unwrap();
        let mut buf = Vec::new();
        for frame in 0..frames.len() {
            let before = || frames[..=frame].iter().rposition(|(_, random)| random.key && random.len > 0);
            let key = if changes { 0 } else { before().unwrap_or(0) };
            prop_assert_eq!(packets.seek(frame as u64).unwrap(), key as u64);
            if !changes {
                let packet = packets.next_packet(&mut buf).unwrap().unwrap();
                prop_assert_eq!(packet.number, key as u64);
                prop_assert_eq!(&buf, &body(frames[key].0, frames[key].1));
            }
        }

        let mut samples = reader.samples(1).unwrap();
        let expected: Vec<u8> =
            all.iter().enumerate().filter(|(_, r)| r.track == 1).flat_map(|(i, r)| body(i, r)).collect();
        buf.resize(expected.len() + 1, 0);
        prop_assert_eq!(samples.read_data(&mut buf).unwrap(), expected.len());
        prop_assert_eq!(&buf[..expected.len()], &expected);
        prop_assert_eq!(samples.data_len().unwrap_or(0), expected.len() as u64);
        prop_assert_eq!(samples.damage(), None);
    }
}
