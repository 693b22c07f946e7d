//! Pictures as video codecs take them to compress.

mod palette;

use super::dib::{BI_RGB, BitmapInfoHeader, to_dib24};
use super::error::MediaError;
use super::riff::FourCc;
use super::ycbcr::pair;
use palette::Nearest;

/// The largest width and height.
const MAX_SIDE: u32 = 32_768;
/// The most pixels of a picture.
const MAX_PIXELS: u64 = 1 << 26;

/// How pixels are given to a codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pixels {
    /// Three bytes: blue, green, red.
    Bgr24,
    /// Four bytes: blue, green, red, 0.
    Bgr32,
    /// Two pixels in four bytes: Y, Cb of both, Y, Cr of both; BT.601 in limited range.
    Yuy2,
    /// The same as Cb, Y, Cr, Y.
    Uyvy,
    /// 16 bits: blue in the lowest five, green in five, red in five.
    Rgb555,
    /// Numbers into a palette of 256 colours.
    Palette,
}

impl Pixels {
    /// All, from what keeps most to what keeps least.
    pub const ALL: [Self; 6] =
        [Self::Bgr24, Self::Bgr32, Self::Yuy2, Self::Uyvy, Self::Rgb555, Self::Palette];

    fn bits(self) -> u16 {
        match self {
            Self::Bgr24 => 24,
            Self::Bgr32 => 32,
            Self::Yuy2 | Self::Uyvy | Self::Rgb555 => 16,
            Self::Palette => 8,
        }
    }

    fn compression(self) -> FourCc {
        match self {
            Self::Yuy2 => *b"YUY2",
            Self::Uyvy => *b"UYVY",
            _ => BI_RGB,
        }
    }
}

/// A format of pictures that a codec is asked to compress from, and how BGR24 becomes that.
///
/// Rows are from the bottom for the formats of red, green and blue, and from the top for the others, each padded to four bytes.
#[derive(Clone, Debug)]
pub struct CodecInput {
    width: u32,
    height: u32,
    pixels: Pixels,
    block: Vec<u8>,
    /// Where pixels are numbers.
    nearest: Option<Box<Nearest>>,
}

impl CodecInput {
    /// The format with these pixels. `first` is the first picture as BGR24, by which the palette is chosen, where there is one:
    ///
    /// - Up to 256 colours are the palette, so that the picture stays as it is. The other numbers have those that come next.
    /// - The 256 greys are, for a picture of greys alone.
    /// - Else it is six steps of each channel, 216 colours, and 40 greys between them.
    ///
    /// Pixels get the number of the nearest colour.
    ///
    /// # Errors
    /// [`MediaError::TooLarge`] over 32768 pixels a side or 64 Mi pixels in all; [`MediaError::Unsupported`] for none.
    pub fn new(pixels: Pixels, width: u32, height: u32, first: &[u8]) -> Result<Self, MediaError> {
        let count = u64::from(width) * u64::from(height);
        if width > MAX_SIDE || height > MAX_SIDE || count > MAX_PIXELS {
            return Err(MediaError::TooLarge {
                what: format!("a picture of {width} x {height} pixels"),
                why: format!("a side can have {MAX_SIDE} pixels, and a picture {MAX_PIXELS}"),
            });
        }
        if count == 0 {
            let what = format!("a picture of {width} x {height} pixels");
            return Err(MediaError::Unsupported { what, why: "it has none".to_owned() });
        }
        let nearest = (pixels == Pixels::Palette).then(|| Box::new(Nearest::new(palette::of_picture(first))));
        let header = BitmapInfoHeader {
            size: BitmapInfoHeader::LEN,
            width,
            height,
            top_down: false,
            bit_count: pixels.bits(),
            compression: pixels.compression(),
            // The limits above keep it far below 2^32.
            size_image: (stride(pixels, width) * height as usize) as u32,
            clr_used: if nearest.is_some() { 256 } else { 0 },
        };
        let mut block = header.to_bytes().to_vec();
        for [blue, green, red] in nearest.iter().flat_map(|nearest| nearest.colours()) {
            block.extend([*blue, *green, *red, 0]);
        }
        Ok(Self { width, height, pixels, block, nearest })
    }

    /// Every format, from what keeps most to what keeps least.
    ///
    /// # Errors
    /// As [`CodecInput::new`].
    pub fn all(width: u32, height: u32, first: &[u8]) -> Result<Vec<Self>, MediaError> {
        Pixels::ALL.into_iter().map(|pixels| Self::new(pixels, width, height, first)).collect()
    }

    /// How its pixels are.
    #[must_use]
    pub fn pixels(&self) -> Pixels {
        self.pixels
    }

    /// Its BITMAPINFO block.
    #[must_use]
    pub fn block(&self) -> &[u8] {
        &self.block
    }

    /// Bytes of a picture.
    #[must_use]
    pub fn image_size(&self) -> usize {
        stride(self.pixels, self.width) * self.height as usize
    }

    /// Converts a picture in BGR24, rows from the top without padding. `out` is replaced. What `bgr` lacks is 0.
    pub fn convert(&mut self, bgr: &[u8], out: &mut Vec<u8>) {
        if self.pixels == Pixels::Bgr24 {
            return to_dib24(bgr, self.width, self.height, out);
        }
        // The padding is 0, as what is missing.
        out.clear();
        out.resize(self.image_size(), 0);
        let stride = stride(self.pixels, self.width).max(1);
        let rows = bgr.chunks(self.width as usize * 3).map(|row| row.as_chunks::<3>().0);
        let to = out.chunks_exact_mut(stride);
        let pixels = self.pixels;
        let nearest = &mut self.nearest;
        let mut convert = |(to, row): (&mut [u8], &[[u8; 3]])| match pixels {
            Pixels::Bgr24 | Pixels::Bgr32 => {
                for (to, [blue, green, red]) in to.as_chunks_mut().0.iter_mut().zip(row) {
                    *to = [*blue, *green, *red, 0];
                }
            }
            Pixels::Yuy2 => pairs(to, row, |[y, second], [cb, cr]| [y, cb, second, cr]),
            Pixels::Uyvy => pairs(to, row, |[y, second], [cb, cr]| [cb, y, cr, second]),
            Pixels::Rgb555 => {
                for (to, pixel) in to.as_chunks_mut().0.iter_mut().zip(row) {
                    let [blue, green, red] = pixel.map(five_bits);
                    *to = (blue | green << 5 | red << 10).to_le_bytes();
                }
            }
            Pixels::Palette => {
                let Some(nearest) = nearest else { return };
                nearest.numbers(row, to);
            }
        };
        if pixels.compression() == BI_RGB {
            to.rev().zip(rows).for_each(&mut convert);
        } else {
            to.zip(rows).for_each(&mut convert);
        }
    }
}

/// Bytes of a row as it is stored.
fn stride(pixels: Pixels, width: u32) -> usize {
    let width = if pixels.compression() == BI_RGB { width } else { width.next_multiple_of(2) };
    (width as usize * usize::from(pixels.bits())).div_ceil(32) * 4
}

/// Converts pixels two by two; the last of an odd number is a pair with itself.
fn pairs(to: &mut [u8], row: &[[u8; 3]], arranged: impl Fn([u8; 2], [u8; 2]) -> [u8; 4]) {
    for (to, pixels) in to.as_chunks_mut().0.iter_mut().zip(row.chunks(2)) {
        let two = match pixels {
            [left, right] => [*left, *right],
            [single] => [*single; 2],
            _ => continue,
        };
        let (lumas, differences) = pair(two);
        *to = arranged(lumas, differences);
    }
}

/// The five bits that widen to what is nearest.
fn five_bits(channel: u8) -> u16 {
    (u16::from(channel) * 31 + 127) / 255
}

#[cfg(test)]
mod tests {
    use super::super::pixels::PictureFormat;
    use super::*;

    /// A picture of 3 x 2: blue, red, green; black, white, grey.
    const PICTURE: [u8; 18] = [255, 0, 0, 0, 0, 255, 0, 255, 0, 0, 0, 0, 255, 255, 255, 99, 99, 99];

    fn converted(pixels: Pixels) -> (CodecInput, Vec<u8>) {
        let mut input = CodecInput::new(pixels, 3, 2, &PICTURE).unwrap();
        let mut out = vec![7; 100];
        input.convert(&PICTURE, &mut out);
        assert_eq!(out.len(), input.image_size(), "{pixels:?}");
        let header = BitmapInfoHeader::parse(input.block()).unwrap();
        assert_eq!(
            (header.width, header.height, header.size_image as usize),
            (3, 2, out.len()),
            "{pixels:?}"
        );
        (input, out)
    }

    #[test]
    fn red_green_and_blue_are_read_back() {
        for pixels in [Pixels::Bgr24, Pixels::Bgr32, Pixels::Rgb555, Pixels::Palette] {
            let (input, out) = converted(pixels);
            let mut back = Vec::new();
            PictureFormat::from_bitmapinfo(input.block()).unwrap().to_bgr24(&out, &mut back).unwrap();
            // 99 lies between two steps of five bits.
            let expected =
                if pixels == Pixels::Rgb555 { [&PICTURE[..15], &[99; 3]].concat() } else { PICTURE.to_vec() };
            assert_eq!(back, expected, "{pixels:?}");
        }
    }

    #[test]
    fn an_odd_row_ends_with_a_pair_of_one_pixel() {
        let (_, yuy2) = converted(Pixels::Yuy2);
        assert_eq!(yuy2[..8], [41, 165, 81, 175, 145, 54, 145, 34]);
        assert_eq!(yuy2[8..], [16, 128, 235, 128, 101, 128, 101, 128]);
        let (_, uyvy) = converted(Pixels::Uyvy);
        let swapped: Vec<u8> =
            yuy2.as_chunks::<2>().0.iter().flat_map(|[one, other]| [*other, *one]).collect();
        assert_eq!(uyvy, swapped);
    }

    #[test]
    fn five_bits_are_the_nearest() {
        for channel in 0..=255 {
            let widened = |bits: u16| i32::from(bits << 3 | bits >> 2);
            let distance = |bits| (widened(bits) - i32::from(channel)).abs();
            let nearest = (0..32).map(distance).min().unwrap();
            assert!(distance(five_bits(channel)) <= nearest + 1, "{channel}");
        }
        assert_eq!((five_bits(0), five_bits(255)), (0, 31));
    }

    #[test]
    fn sizes_are_checked() {
        for (width, height) in [(0, 1), (1, 0), (40_000, 1), (32_768, 32_768)] {
            assert!(CodecInput::new(Pixels::Yuy2, width, height, &[]).is_err(), "{width} x {height}");
        }
        assert_eq!(CodecInput::all(1, 1, &[]).unwrap().len(), Pixels::ALL.len());
    }
}
