//! Video: 1 x 1, odd sizes, 16 x 16, 320 x 240 and 1920 x 1080.

use drvhost_tests::*;
use serde_json::json;

use super::super::{hash, pictures};
use super::*;
use Expected::{Equal, Green, GreenAndWrapped, Refused, Unpainted, Unseen};

/// Frames of a film of this width: a whole one, and what builds on it.
fn frames(width: u32) -> usize {
    if width > 1000 { 2 } else { 3 }
}

/// A format and how a file of it comes about.
struct Format {
    /// Writes `in.avi` of this size.
    make: fn(&Folder, u32, u32),
    /// The driver that decodes it, if one is needed.
    driver: Option<&'static str>,
}

/// What the driver makes of a file.
#[derive(Debug, Clone, Copy)]
enum Expected {
    /// The pictures that ffmpeg makes.
    Equal,
    /// The same, but for green, which is 0 or 1 less.
    Green,
    /// The same, but for the first pixels of all rows but the last, onto which the driver paints what its blocks have beyond the right edge.
    GreenAndWrapped,
    /// Nothing: the command ends with this exit code and says this.
    Refused(i32, &'static str),
    /// Black pictures, where ffmpeg refuses the file.
    Unpainted,
    /// A first picture that is black, where ffmpeg makes another.
    Unseen,
}

/// ffmpeg's encoders refuse sizes that are no multiples of four. The formats store whole blocks all the same, so what such a film has are the
/// frames of the next larger size, and the headers say how much of it is seen.
fn by_ffmpeg(folder: &Folder, codec: &str, width: u32, height: u32) {
    let (whole_width, whole_height) = (width.next_multiple_of(4), height.next_multiple_of(4));
    let source = format!("testsrc2=size={whole_width}x{whole_height}:rate=5");
    let frames = frames(width);
    folder.ffmpeg(&format!("-f lavfi -i {source} -frames:v {frames} -c:v {codec} -bitexact in.avi"));
    let mut avi = folder.read("in.avi");
    let mut set = |chunk: &[u8], at: usize, bytes: &[u8]| {
        let start = avi.windows(4).position(|name| name == chunk).expect("a header") + 8 + at;
        avi[start..][..bytes.len()].copy_from_slice(bytes);
    };
    let size = [width.to_le_bytes(), height.to_le_bytes()].concat();
    set(b"avih", 32, &size);
    set(b"strf", 4, &size);
    set(b"strh", 52, &[(width as u16).to_le_bytes(), (height as u16).to_le_bytes()].concat());
    folder.write("in.avi", avi);
}

/// Writes a film by hand; up to eight bits with a palette of as many colours as they allow.
fn by_hand(
    folder: &Folder,
    compression: [u8; 4],
    bits: u16,
    (width, height): (u32, u32),
    mut frame: impl FnMut(&mut Scribble, bool) -> Vec<u8>,
) {
    let mut scribble = Scribble::new(u64::from(width) + u64::from(bits));
    let palette = scribble.colours(if bits > 8 { 0 } else { 1 << bits });
    let chunks = (0..frames(width)).map(|number| Chunk::Frame(frame(&mut scribble, number == 0))).collect();
    let avi = Avi { handler: [0; 4], compression, bits, width, height, palette, chunks };
    folder.write("in.avi", avi.bytes());
}

fn run_lengths(folder: &Folder, bits: u16, width: u32, height: u32) {
    // BI_RLE8 is 1, BI_RLE4 is 2.
    let compression = [if bits == 8 { 1 } else { 2 }, 0, 0, 0];
    by_hand(folder, compression, bits, (width, height), |scribble, whole| {
        scribble.run_lengths(bits, width, height, whole)
    });
}

fn uncompressed(folder: &Folder, bits: u16, width: u32, height: u32) {
    let stride = (width * u32::from(bits)).div_ceil(32) * 4;
    by_hand(folder, [0; 4], bits, (width, height), |scribble, _| scribble.bytes((stride * height) as usize));
}

/// ffmpeg's own uncompressed pictures, with square pixels whatever they were scaled from.
fn plain(folder: &Folder, name: &str, width: u32, height: u32) {
    let source = format!("testsrc2=size=64x48:rate=5,format=bgr24,scale={width}:{height},setsar=1");
    let frames = frames(width);
    folder.ffmpeg(&format!("-f lavfi -i {source} -frames:v {frames} -c:v rawvideo -pix_fmt bgr24 {name}"));
}

const CINEPAK: Format = Format {
    make: |folder, width, height| {
        // ffmpeg tries every number of strips otherwise, which takes long where pictures are large; with fewer they are too long for the driver.
        let codec = if width > 1000 { "cinepak -min_strips 3 -max_strips 3" } else { "cinepak" };
        by_ffmpeg(folder, codec, width, height);
    },
    driver: Some("iccvid.dll"),
};
/// Strips of more than 65535 bytes, whose length ffmpeg writes and reads as a number of 24 bits.
const CINEPAK_OF_LONG_STRIPS: Format = Format {
    make: |folder, width, height| by_ffmpeg(folder, "cinepak -max_strips 1", width, height),
    driver: Some("iccvid.dll"),
};
const VIDEO_1: Format = Format {
    make: |folder, width, height| by_ffmpeg(folder, "msvideo1", width, height),
    driver: Some("msvidc32.dll"),
};
const VIDEO_1_8: Format = Format {
    make: |folder, width, height| {
        by_hand(folder, *b"CRAM", 8, (width, height), |scribble, whole| {
            scribble.video_1(width, height, whole)
        });
    },
    driver: Some("msvidc32.dll"),
};
const RLE_8: Format = Format {
    make: |folder, width, height| run_lengths(folder, 8, width, height),
    driver: Some("msrle32.dll"),
};
const RLE_4: Format = Format {
    make: |folder, width, height| run_lengths(folder, 4, width, height),
    driver: Some("msrle32.dll"),
};
/// What the driver compresses pictures of ffmpeg's to, each for itself.
const RLE_8_OF_THE_DRIVER: Format = Format {
    make: |folder, width, height| {
        plain(folder, "plain.avi", width, height);
        let arguments = ["encode", "plain.avi", "-o", "in.avi", "--video", "mrle", "--keyframe-every", "1"];
        let said = folder.drvhost(arguments).json(0);
        assert_eq!(said["video"]["frames"], frames(width), "{said}");
        quiet_pictures(folder, "in.avi");
    },
    driver: Some("msrle32.dll"),
};
const RAW_1: Format = Format { make: |folder, w, h| uncompressed(folder, 1, w, h), driver: None };
const RAW_4: Format = Format { make: |folder, w, h| uncompressed(folder, 4, w, h), driver: None };
const RAW_8: Format = Format { make: |folder, w, h| uncompressed(folder, 8, w, h), driver: None };
const RAW_16: Format = Format { make: |folder, w, h| uncompressed(folder, 16, w, h), driver: None };
const RAW_24: Format = Format { make: |folder, w, h| uncompressed(folder, 24, w, h), driver: None };
const RAW_32: Format = Format { make: |folder, w, h| uncompressed(folder, 32, w, h), driver: None };
/// ffmpeg's own uncompressed files.
const RAW_OF_FFMPEG: Format = Format {
    make: |folder, width, height| {
        plain(folder, "in.avi", width, height);
    },
    driver: None,
};

/// Decodes a film with the drivers for both machines, and compares.
fn compare(format: &Format, width: u32, height: u32, expected: Expected) {
    let folder = Folder::default();
    (format.make)(&folder, width, height);
    let theirs = match expected {
        Unpainted => {
            let mut command = Command::new("ffmpeg");
            command.args(["-v", "error", "-i", "in.avi", "-f", "null", "-"]).current_dir(folder.path());
            let said = command.output().expect("ffmpeg starts").stderr;
            assert!(String::from_utf8_lossy(&said).contains("Invalid data"), "ffmpeg reads it");
            vec![0; frames(width) * (width * height * 3) as usize]
        }
        Refused(..) => Vec::new(),
        _ => pictures(&folder, "in.avi"),
    };
    for machine in Machine::ALL {
        let folder = folder.of(machine);
        let mut decode = folder.drvhost(["decode", "in.avi", "-o", "out.avi"]);
        if let Refused(code, words) = expected {
            let said = decode.complaint(code);
            assert!(said.contains(words), "{machine}: {said}");
            assert!(!folder.file("out.avi").exists(), "{machine}");
            continue;
        }
        let said = decode.json(0);
        assert_eq!((&said["driver"], &said["warnings"]), (&json!(format.driver), &json!([])), "{machine}");
        assert_eq!(said["frames"], frames(width), "{machine}");
        let ours = quiet_pictures(&folder, "out.avi");
        assert_eq!(said["hash"], hash(&ours), "{machine}");
        assert_eq!(ours.len(), theirs.len(), "{machine}");
        match expected {
            Green => green_is_less(&ours, &theirs, width, height, 0),
            GreenAndWrapped => {
                let beyond = (width.next_multiple_of(4) * 3 - (width * 3).next_multiple_of(4)).div_ceil(3);
                green_is_less(&ours, &theirs, width, height, beyond as usize);
            }
            Unseen => {
                let first = (width * height * 3) as usize;
                assert!(ours[..first].iter().all(|&channel| channel == 0), "{machine}: it is painted");
                assert!(theirs[..first] != ours[..first], "{machine}: ffmpeg's is black, too");
            }
            _ => assert!(ours == theirs, "{machine}: the pictures differ"),
        }
    }
}

/// Compares pictures whose green may be one less, but for so many pixels at the start of every row but a picture's last.
fn green_is_less(ours: &[u8], theirs: &[u8], width: u32, height: u32, skipped: usize) {
    let (row, mut wrapped) = (width as usize * 3, 0);
    for (number, (ours, theirs)) in ours.chunks(row).zip(theirs.chunks(row)).enumerate() {
        let last = (number + 1).is_multiple_of(height as usize);
        let pixels = ours.as_chunks::<3>().0.iter().zip(theirs.as_chunks::<3>().0);
        for (at, (ours, theirs)) in pixels.enumerate() {
            let near = ours == theirs
                || ours[0] == theirs[0] && ours[2] == theirs[2] && theirs[1].checked_sub(1) == Some(ours[1]);
            assert!(near || at < skipped && !last, "{ours:?} and {theirs:?} at {at} in row {number}");
            wrapped += usize::from(!near);
        }
    }
    assert_eq!(wrapped > 0, skipped > 0, "what is said of the right edge holds");
}

macro_rules! films {
    ($($name:ident: $format:ident, $width:literal, $height:literal, $expected:expr;)*) => {
        $(media_test!($name, || compare(&$format, $width, $height, $expected));)*
    };
}

const BAD_FORMAT: Expected = Refused(4, "refused ICM_DECOMPRESS_QUERY");
/// The format that the driver names for less than a block.
const NO_PICTURE: Expected = Refused(4, "the picture is 0 x 0");

films! {
    cinepak_1x1: CINEPAK, 1, 1, Green;
    cinepak_35x23: CINEPAK, 35, 23, Green;
    cinepak_37x23: CINEPAK, 37, 23, GreenAndWrapped;
    cinepak_38x23: CINEPAK, 38, 23, GreenAndWrapped;
    cinepak_16x16: CINEPAK, 16, 16, Green;
    cinepak_320x240: CINEPAK, 320, 240, Green;
    cinepak_1920x1080: CINEPAK, 1920, 1080, Green;
    cinepak_1920x1080_of_long_strips: CINEPAK_OF_LONG_STRIPS, 1920, 1080, Unseen;

    video_1_of_16_bits_1x1: VIDEO_1, 1, 1, Unpainted;
    video_1_of_16_bits_37x23: VIDEO_1, 37, 23, BAD_FORMAT;
    video_1_of_16_bits_36x23: VIDEO_1, 36, 23, BAD_FORMAT;
    video_1_of_16_bits_16x16: VIDEO_1, 16, 16, Equal;
    video_1_of_16_bits_320x240: VIDEO_1, 320, 240, Equal;
    video_1_of_16_bits_1920x1080: VIDEO_1, 1920, 1080, Equal;

    video_1_of_8_bits_1x1: VIDEO_1_8, 1, 1, NO_PICTURE;
    video_1_of_8_bits_37x23: VIDEO_1_8, 37, 23, BAD_FORMAT;
    video_1_of_8_bits_16x16: VIDEO_1_8, 16, 16, Equal;
    video_1_of_8_bits_320x240: VIDEO_1_8, 320, 240, Equal;
    video_1_of_8_bits_1920x1080: VIDEO_1_8, 1920, 1080, Equal;

    rle_of_8_bits_1x1: RLE_8, 1, 1, Equal;
    rle_of_8_bits_37x23: RLE_8, 37, 23, Equal;
    rle_of_8_bits_16x16: RLE_8, 16, 16, Equal;
    rle_of_8_bits_320x240: RLE_8, 320, 240, Equal;
    rle_of_8_bits_1920x1080: RLE_8, 1920, 1080, Equal;

    rle_by_the_driver_1x1: RLE_8_OF_THE_DRIVER, 1, 1, Equal;
    rle_by_the_driver_37x23: RLE_8_OF_THE_DRIVER, 37, 23, Equal;
    rle_by_the_driver_16x16: RLE_8_OF_THE_DRIVER, 16, 16, Equal;
    rle_by_the_driver_320x240: RLE_8_OF_THE_DRIVER, 320, 240, Equal;
    rle_by_the_driver_1920x1080: RLE_8_OF_THE_DRIVER, 1920, 1080, Equal;

    rle_of_4_bits_1x1: RLE_4, 1, 1, BAD_FORMAT;
    rle_of_4_bits_37x23: RLE_4, 37, 23, BAD_FORMAT;
    rle_of_4_bits_38x23: RLE_4, 38, 23, Equal;
    rle_of_4_bits_16x16: RLE_4, 16, 16, Equal;
    rle_of_4_bits_320x240: RLE_4, 320, 240, Equal;
    rle_of_4_bits_1920x1080: RLE_4, 1920, 1080, Equal;

    raw_of_1_bit_1x1: RAW_1, 1, 1, Equal;
    raw_of_1_bit_37x23: RAW_1, 37, 23, Equal;
    raw_of_1_bit_16x16: RAW_1, 16, 16, Equal;
    raw_of_1_bit_320x240: RAW_1, 320, 240, Equal;
    raw_of_1_bit_1920x1080: RAW_1, 1920, 1080, Equal;
    raw_of_4_bits_1x1: RAW_4, 1, 1, Equal;
    raw_of_4_bits_37x23: RAW_4, 37, 23, Equal;
    raw_of_4_bits_16x16: RAW_4, 16, 16, Equal;
    raw_of_4_bits_320x240: RAW_4, 320, 240, Equal;
    raw_of_4_bits_1920x1080: RAW_4, 1920, 1080, Equal;
    raw_of_8_bits_1x1: RAW_8, 1, 1, Equal;
    raw_of_8_bits_37x23: RAW_8, 37, 23, Equal;
    raw_of_8_bits_16x16: RAW_8, 16, 16, Equal;
    raw_of_8_bits_320x240: RAW_8, 320, 240, Equal;
    raw_of_8_bits_1920x1080: RAW_8, 1920, 1080, Equal;
    raw_of_16_bits_1x1: RAW_16, 1, 1, Equal;
    raw_of_16_bits_37x23: RAW_16, 37, 23, Equal;
    raw_of_16_bits_16x16: RAW_16, 16, 16, Equal;
    raw_of_16_bits_320x240: RAW_16, 320, 240, Equal;
    raw_of_16_bits_1920x1080: RAW_16, 1920, 1080, Equal;
    raw_of_24_bits_1x1: RAW_24, 1, 1, Equal;
    raw_of_24_bits_37x23: RAW_24, 37, 23, Equal;
    raw_of_24_bits_16x16: RAW_24, 16, 16, Equal;
    raw_of_24_bits_320x240: RAW_24, 320, 240, Equal;
    raw_of_24_bits_1920x1080: RAW_24, 1920, 1080, Equal;
    raw_of_32_bits_1x1: RAW_32, 1, 1, Equal;
    raw_of_32_bits_37x23: RAW_32, 37, 23, Equal;
    raw_of_32_bits_16x16: RAW_32, 16, 16, Equal;
    raw_of_32_bits_320x240: RAW_32, 320, 240, Equal;
    raw_of_32_bits_1920x1080: RAW_32, 1920, 1080, Equal;

    raw_by_ffmpeg_1x1: RAW_OF_FFMPEG, 1, 1, Equal;
    raw_by_ffmpeg_37x23: RAW_OF_FFMPEG, 37, 23, Equal;
    raw_by_ffmpeg_16x16: RAW_OF_FFMPEG, 16, 16, Equal;
    raw_by_ffmpeg_320x240: RAW_OF_FFMPEG, 320, 240, Equal;
    raw_by_ffmpeg_1920x1080: RAW_OF_FFMPEG, 1920, 1080, Equal;
}
