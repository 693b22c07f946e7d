//! Sound and film files, and the pictures in them.

use std::io::Cursor;

use drvhost::media::{
    AviReader, Damage, MAX_PACKET, MediaError, PacketKind, PaletteChange, PictureFormat, SampleSource,
    WavReader, WaveFormat, kind_of,
};

/// Larger pictures are not converted: they are as the small ones.
const CONVERTED: usize = 1 << 20;
/// How many of a film's streams are read.
const STREAMS: usize = 4;

/// A film.
///
/// # Panics
/// When more comes out of the file than it has bytes for, or from places that it does not have.
pub fn avi(bytes: &[u8]) {
    assert!(kind_of(bytes).is_ok());
    let Ok(mut film) = AviReader::open(Cursor::new(bytes)) else { return };
    let streams: Vec<_> = film.streams().iter().map(|stream| stream.index).take(STREAMS).collect();
    assert!(film.parts() <= bytes.len());
    for stream in streams {
        assert!(film.index_state(stream).is_ok());
        packets(&mut film, stream, bytes.len());
        if let Ok(sound) = film.audio_stream(stream) {
            let Ok(mut samples) = film.samples(stream) else { panic!("it has {sound:?}") };
            assert_eq!(samples.format(), &sound.format);
            let read = all_of(&mut samples);
            assert!(read <= bytes.len());
            sensible(samples.damage(), bytes.len());
        }
    }
    let Ok(Some(walk)) = film.walk(|place| place <= bytes.len() as u64) else {
        panic!("nothing has stopped the walk")
    };
    let walked: u64 = walk.streams.iter().map(|stream| stream.packets).sum();
    assert!(walked <= bytes.len() as u64);
}

/// Reads a stream's packets, and again from a frame in its middle.
fn packets(film: &mut AviReader<Cursor<&[u8]>>, stream: u16, len: usize) {
    let video = film.video_stream(stream).ok();
    let mut format = video.as_ref().and_then(|video| PictureFormat::from_bitmapinfo(&video.format).ok());
    let Ok(mut packets) = film.packets(stream) else { return };
    let (mut buffer, mut last, mut total) = (Vec::new(), None, 0);
    loop {
        match packets.next_packet(&mut buffer) {
            Ok(Some(packet)) => {
                assert!(packet.size == buffer.len() && packet.offset < len as u64);
                assert!(last.is_none_or(|last| last < packet.offset));
                last = Some(packet.offset);
                total += packet.size;
                match (packet.kind, &mut format) {
                    (PacketKind::PaletteChange, Some(format)) => {
                        let change = PaletteChange::parse(&buffer);
                        let _ = change.map(|change| format.change_palette(&change));
                    }
                    (_, Some(format)) => converted(format, &buffer),
                    _ => {}
                }
            }
            Ok(None) => break,
            Err(MediaError::TooLarge { .. }) => assert!(len as u64 > MAX_PACKET),
            Err(error) => panic!("memory has no errors: {error}"),
        }
    }
    assert!(total <= len);
    sensible(packets.damage(), len);
    let wanted = last.unwrap_or(0) % 16;
    let Ok(number) = packets.seek(wanted) else { panic!("memory has no errors") };
    assert!(number <= wanted);
    if let Ok(Some(packet)) = packets.next_packet(&mut buffer) {
        assert!(packet.number >= number);
    }
    let Ok(number) = packets.advance(wanted) else { panic!("memory has no errors") };
    assert!(number <= wanted);
    let _ = packets.next_packet(&mut buffer);
}

/// A sound file, and the same bytes as the description of a format.
///
/// # Panics
/// When more comes out of the file than it has bytes for.
pub fn wav(bytes: &[u8]) {
    assert!(kind_of(bytes).is_ok());
    if let Ok(format) = WaveFormat::parse(bytes.to_vec()) {
        assert!(format.extra.len() <= bytes.len());
    }
    let Ok(mut file) = WavReader::open(Cursor::new(bytes)) else { return };
    let len = bytes.len() as u64;
    assert!(file.data_start() <= len && file.data_len() <= len - file.data_start());
    assert!(file.format().bytes.len() <= bytes.len());
    let stated = file.data_len();
    let read = all_of(&mut file);
    assert_eq!(read as u64, stated);
    sensible(file.damage(), bytes.len());
}

/// A picture: the block that describes it, and its pixels behind.
///
/// # Panics
/// When the ways of converting it differ.
pub fn bitmap(bytes: &[u8]) {
    let Ok(format) = PictureFormat::from_bitmapinfo(bytes) else { return };
    assert!(format.image_size() > 0 && format.bgr24_size() > 0);
    converted(&format, bytes);
}

/// Converts a picture in both ways.
fn converted(format: &PictureFormat, pixels: &[u8]) {
    if format.image_size() > CONVERTED || format.bgr24_size() > CONVERTED {
        return;
    }
    let (mut whole, mut strips) = (Vec::new(), Vec::new());
    let is_whole = format.to_bgr24(pixels, &mut whole).is_ok();
    assert_eq!(is_whole, pixels.len() >= format.image_size());
    assert_eq!(format.for_each_strip(pixels, |strip| strips.extend_from_slice(strip)).is_ok(), is_whole);
    assert_eq!(whole, strips);
    assert!(!is_whole || whole.len() == format.bgr24_size());
}

/// Reads all sound; answers how many bytes that is.
fn all_of(source: &mut impl SampleSource) -> usize {
    let (mut total, mut buffer) = (0, [0; 1000]);
    loop {
        match source.read_data(&mut buffer) {
            Ok(0) => return total,
            Ok(read) => total += read,
            Err(error) => panic!("memory has no errors: {error}"),
        }
    }
}

/// Damage has a place in the file.
fn sensible(damage: Option<Damage>, len: usize) {
    assert!(damage.is_none_or(|damage| damage.offset <= len as u64));
}
