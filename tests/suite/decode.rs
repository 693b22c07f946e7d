//! `drvhost decode`, compared with ffmpeg.

mod damaged;
mod films;
mod matrix;
mod mended;
mod pictures;
mod places;
mod sound;
mod streams;
mod tried;
mod whole;
mod wrecked;

use drvhost::media::ContentHasher;
use drvhost_tests::*;

/// Frames of the clip that [`cinepak`] makes.
const FRAMES: usize = 12;
/// Its size.
const WIDTH: usize = 160;
const HEIGHT: usize = 120;
/// The bytes of a frame, three a pixel.
const FRAME_SIZE: usize = WIDTH * HEIGHT * 3;

/// Makes `name`, a Cinepak clip of twelve frames a second for a second.
fn cinepak(folder: &Folder, name: &str) {
    folder.ffmpeg(&format!(
        "-f lavfi -i testsrc2=size={WIDTH}x{HEIGHT}:rate={FRAMES}:duration=1 -c:v cinepak -bitexact {name}"
    ));
}

/// What ffmpeg decodes a video to: frames from the top, three bytes a pixel.
fn pictures(folder: &Folder, name: &str) -> Vec<u8> {
    folder.ffmpeg(&format!("-i {name} -fps_mode passthrough -pix_fmt bgr24 -f rawvideo -"))
}

/// What ffmpeg decodes sound to: 16-bit samples.
fn samples(folder: &Folder, name: &str) -> Vec<u8> {
    folder.ffmpeg(&format!("-i {name} -f s16le -"))
}

/// The greatest difference of two bytes at one place.
fn greatest_difference(one: &[u8], other: &[u8]) -> u8 {
    assert_eq!(one.len(), other.len());
    one.iter().zip(other).map(|(one, other)| one.abs_diff(*other)).max().unwrap_or(0)
}

/// The hash of decoded content. Which one it is, the library's own tests pin by published vectors.
fn hash(content: &[u8]) -> String {
    let mut hasher = ContentHasher::new();
    hasher.update(content);
    hasher.finish().to_string()
}

/// Replaces every `from` in the first bytes of a media file by `to`.
fn patched(mut media: Vec<u8>, from: &[u8; 4], to: &[u8; 4]) -> Vec<u8> {
    /// More than the headers of a small clip.
    const HEADERS: usize = 512;
    let places: Vec<_> = (0..HEADERS).filter(|&at| media[at..].starts_with(from)).collect();
    assert!(!places.is_empty(), "{from:?} is not there");
    places.iter().for_each(|&at| media[at..at + 4].copy_from_slice(to));
    media
}
