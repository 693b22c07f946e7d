//! The video codecs that are measured, and how films of theirs come about.

use std::path::Path;

use mmsystem::{BITMAPINFOHEADER, FourCc, Width};

use crate::clip::{Clip, Film};
use crate::failure::{Failure, run};
use crate::frames::encoded;
use crate::ours::drvhost;
use crate::video1;

/// A codec that is measured.
#[derive(Debug)]
pub struct Subject {
    /// For people.
    pub name: &'static str,
    /// The driver's file name.
    pub driver: &'static str,
    /// What it is opened for.
    pub handler: FourCc,
    /// Who encodes.
    pub encoder: Encoder,
    /// How far a channel may be from ffmpeg's decoder's (docs/formats.md).
    pub apart: u8,
}

/// Who encodes.
#[derive(Debug, Clone, Copy)]
pub enum Encoder {
    /// ffmpeg's encoder of this name, with these options for large pictures.
    Ffmpeg(&'static str, &'static [&'static str]),
    /// That in `video1.rs`.
    Video1,
    /// The driver itself, through `drvhost encode`: each picture for itself, because ffmpeg does not read its others.
    Driver,
}

/// The codec that is measured in every way.
pub const CINEPAK: Subject = Subject {
    name: "Cinepak",
    driver: "iccvid.dll",
    handler: FourCc(*b"cvid"),
    // It tries every number of strips otherwise, and takes seconds for each picture.
    encoder: Encoder::Ffmpeg("cinepak", &["-min_strips", "3", "-max_strips", "3"]),
    apart: 1,
};
/// All of them.
pub const SUBJECTS: &[Subject] = &[
    CINEPAK,
    Subject {
        name: "MS Video 1",
        driver: "msvidc32.dll",
        handler: FourCc(*b"CRAM"),
        encoder: Encoder::Ffmpeg("msvideo1", &[]),
        apart: 0,
    },
    Subject {
        name: "MS Video 1, 8 bits",
        driver: "msvidc32.dll",
        handler: FourCc(*b"CRAM"),
        encoder: Encoder::Video1,
        apart: 0,
    },
    Subject {
        name: "MS RLE",
        driver: "msrle32.dll",
        handler: FourCc(*b"MRLE"),
        encoder: Encoder::Driver,
        apart: 0,
    },
];

/// The most pixels of a row of pictures that are not large.
const LARGE: u32 = 1000;

/// How ffmpeg is to write what is to be encoded elsewhere: of 256 colours, the greys, so that the pictures' palette is theirs.
pub const GREYS: &[&str] = &["-vf", "format=gray,format=bgr24", "-c:v", "rawvideo"];

impl Subject {
    /// A film in this codec's format.
    pub fn clip(&self, folder: &Path, film: &Film) -> Result<Clip, Failure> {
        match self.encoder {
            Encoder::Ffmpeg(encoder, large) => {
                let more = if film.size.0 > LARGE { large } else { &[] };
                Clip::of_ffmpeg(folder, encoder, &[&["-c:v", encoder], more].concat(), film)
            }
            Encoder::Video1 => {
                let (width, height) = film.size;
                let frames = video1::frames(&film.greys(folder)?, width as usize);
                let format = format_of_8_bits(self.handler, width, height)?;
                Clip::of_frames(folder.join("video1.avi"), (&format, self.handler), &frames, film.times)
            }
            Encoder::Driver => {
                let plain = Clip::of_ffmpeg(folder, "plain", GREYS, &Film { times: 1, ..*film })?.file;
                let made = folder.join("made.avi");
                let [from, to] = [&plain, &made].map(|file| file.display().to_string());
                run(&mut drvhost(&[
                    "encode",
                    &from,
                    "-o",
                    &to,
                    "--video",
                    self.driver,
                    "--keyframe-every",
                    "1",
                ]))?;
                let (format, frames) = Clip::read(&made)?;
                for file in [&plain, &plain.with_extension("clip"), &made] {
                    std::fs::remove_file(file).map_err(Failure::file("a film"))?;
                }
                Clip::of_frames(folder.join("driver.avi"), (&format, self.handler), &frames, film.times)
            }
        }
    }
}

/// A format of a codec's with a palette in which no channel is like another.
fn format_of_8_bits(code: FourCc, width: u32, height: u32) -> Result<Vec<u8>, Failure> {
    let header = BITMAPINFOHEADER {
        biSize: 40,
        biWidth: width as i32,
        biHeight: height as i32,
        biPlanes: 1,
        biBitCount: 8,
        biCompression: code.into(),
        biClrUsed: 256,
        ..BITMAPINFOHEADER::default()
    };
    let mut format = encoded(&header, Width::Bits64)?;
    format.extend((0..=255u8).flat_map(|grey| [grey, !grey, grey.rotate_left(3), 0]));
    Ok(format)
}
