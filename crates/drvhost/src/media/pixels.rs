//! Turning uncompressed bitmaps into plain pixels.

use std::ops::Range;

use super::dib::{BI_BITFIELDS, BI_RGB, BitmapInfoHeader};
use super::error::MediaError;
use super::layout::{Channel, Layout};
use super::palette::{Palette, PaletteChange};
use super::riff::le32;

/// The largest width and height that is accepted.
const MAX_SIDE: u32 = 32_768;
/// The most pixels of a picture that are accepted: 192 MiB of BGR24.
const MAX_PIXELS: u64 = 1 << 26;
/// Bytes of a strip of rows, at most, unless a row is longer: a part of what a processor keeps for itself.
const STRIP: usize = 64 << 10;

/// How an uncompressed bitmap lies in memory (MS Learn: BITMAPINFOHEADER structure, Bitmap Storage).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureFormat {
    width: usize,
    height: usize,
    top_down: bool,
    /// Bytes from one row to the next; a multiple of 4.
    stride: usize,
    layout: Layout,
}

impl PictureFormat {
    /// Reads the format of a decoded picture from its BITMAPINFO block: BI_RGB of 1, 4, 8, 16, 24 or 32 bits per
    /// pixel, or BI_BITFIELDS of 16 or 32.
    ///
    /// # Errors
    /// [`MediaError::Malformed`] with the offset in the block where the header is wrong, the palette or the masks
    /// are cut off, or a mask has gaps or overlaps another; [`MediaError::Unsupported`] for another compression or
    /// depth; [`MediaError::TooLarge`] over 32768 pixels a side or 64 Mi pixels in all.
    pub fn from_bitmapinfo(block: &[u8]) -> Result<Self, MediaError> {
        let header = BitmapInfoHeader::parse(block)?;
        let pixels = u64::from(header.width) * u64::from(header.height);
        if header.width > MAX_SIDE || header.height > MAX_SIDE || pixels > MAX_PIXELS {
            return Err(MediaError::TooLarge {
                what: format!("a picture of {} x {} pixels", header.width, header.height),
                why: format!("a side can have {MAX_SIDE} pixels, and a picture {MAX_PIXELS}"),
            });
        }
        let layout = match (header.compression, header.bit_count) {
            (BI_RGB, 1) => Layout::Palette { bits: 1, palette: Palette::of(block)? },
            (BI_RGB, 4) => Layout::Palette { bits: 4, palette: Palette::of(block)? },
            (BI_RGB, 8) => Layout::Palette { bits: 8, palette: Palette::of(block)? },
            (BI_RGB, 16) => Layout::Rgb555,
            (BI_RGB, 24) => Layout::Bgr24,
            (BI_RGB, 32) => Layout::Bgr32,
            (BI_BITFIELDS, 16) => match masks(block, 16)? {
                [0x001F, 0x03E0, 0x7C00] => Layout::Rgb555,
                [0x001F, 0x07E0, 0xF800] => Layout::Rgb565,
                other => Layout::Masks16(Box::new(other.map(Channel::new))),
            },
            (BI_BITFIELDS, 32) => match masks(block, 32)? {
                [0x0000_00FF, 0x0000_FF00, 0x00FF_0000] => Layout::Bgr32,
                other => Layout::Masks32(Box::new(other.map(Channel::new))),
            },
            (compression, bits) => {
                return Err(MediaError::Unsupported {
                    what: format!(
                        "a picture of {bits} bits per pixel and compression {}",
                        super::riff::fourcc_text(compression)
                    ),
                    why: "uncompressed pictures of 1, 4, 8, 16, 24 or 32 bits are".to_owned(),
                });
            }
        };
        // The limits above keep all of these far below 2^32.
        let width = header.width as usize;
        let stride = (width * usize::from(header.bit_count)).div_ceil(32) * 4;
        Ok(Self { width, height: header.height as usize, top_down: header.top_down, stride, layout })
    }

    /// Pixels per row.
    pub fn width(&self) -> u32 {
        self.width as u32
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.height as u32
    }

    /// Whether the first row in memory is the topmost.
    pub fn top_down(&self) -> bool {
        self.top_down
    }

    /// Bytes of a picture in this format, with each row padded to four bytes.
    pub fn image_size(&self) -> usize {
        self.stride * self.height
    }

    /// Bytes of a picture as [`PictureFormat::to_bgr24`] makes it: three a pixel.
    pub fn bgr24_size(&self) -> usize {
        self.width * self.height * 3
    }

    /// The palette, where pixels are numbers.
    pub fn palette(&self) -> Option<&Palette> {
        match &self.layout {
            Layout::Palette { palette, .. } => Some(palette),
            _ => None,
        }
    }

    /// The same pictures in the colours of another palette. Where pixels are no numbers, nothing changes.
    #[must_use]
    pub fn in_colours_of(mut self, other: Palette) -> Self {
        if let Layout::Palette { palette, .. } = &mut self.layout {
            *palette = other;
        }
        self
    }

    /// Changes the palette.
    ///
    /// # Errors
    /// [`MediaError::Unsupported`] where pixels are no numbers.
    pub fn change_palette(&mut self, change: &PaletteChange) -> Result<(), MediaError> {
        let Layout::Palette { palette, .. } = &mut self.layout else {
            return Err(MediaError::Unsupported {
                what: "a palette change".to_owned(),
                why: "the pictures have no palette".to_owned(),
            });
        };
        palette.change(change);
        Ok(())
    }

    /// Sees that `src` is a whole picture, and gives it without what lies behind.
    ///
    /// # Errors
    /// [`MediaError::Malformed`] where it is too short.
    pub fn check_size<'a>(&self, src: &'a [u8]) -> Result<&'a [u8], MediaError> {
        src.get(..self.image_size()).ok_or_else(|| MediaError::Malformed {
            what: "decoded picture",
            offset: src.len() as u64,
            why: format!("it ends there, and a whole one has {} bytes", self.image_size()),
        })
    }

    /// Converts the picture in `src` to BGR24, rows from the top, without padding. `dst` is resized to
    /// [`PictureFormat::bgr24_size`]; bytes of `src` behind [`PictureFormat::image_size`] are not looked at.
    ///
    /// A channel of five bits becomes `v << 3 | v >> 2`, one of six `v << 2 | v >> 4`; other widths likewise
    /// repeat their highest bits.
    ///
    /// # Errors
    /// [`MediaError::Malformed`] where `src` is too short; `dst` is then left as it was.
    pub fn to_bgr24(&self, src: &[u8], dst: &mut Vec<u8>) -> Result<(), MediaError> {
        let picture = self.check_size(src)?;
        let fetch = |at: usize, row: &mut [u8]| {
            row.copy_from_slice(&picture[at..at + row.len()]);
            Ok(())
        };
        self.to_bgr24_by_rows(fetch, dst)
    }

    /// Converts the picture in `src` as [`to_bgr24`](Self::to_bgr24) does, and hands on some rows at a time, from the top.
    ///
    /// Pixels are read and written in the processor's nearest memory, and moved from and to the pictures, which do not fit there, by whole rows:
    /// stores of one pixel each to memory further away wait for each other.
    ///
    /// # Errors
    /// As [`to_bgr24`](Self::to_bgr24), before anything is handed on.
    pub fn for_each_strip(&self, src: &[u8], each: impl FnMut(&[u8])) -> Result<(), MediaError> {
        let picture = self.check_size(src)?;
        let fetch = |at: usize, row: &mut [u8]| {
            row.copy_from_slice(&picture[at..at + row.len()]);
            Ok(())
        };
        self.for_each_fetched_strip(fetch, each)
    }

    /// As [`for_each_strip`](Self::for_each_strip), of a picture that is fetched row by row: `fetch` fills what it is given with the picture's
    /// bytes from a place on.
    ///
    /// # Errors
    /// What `fetch` answers.
    pub fn for_each_fetched_strip<E>(
        &self,
        mut fetch: impl FnMut(usize, &mut [u8]) -> Result<(), E>,
        mut each: impl FnMut(&[u8]),
    ) -> Result<(), E> {
        let row_len = self.width * 3;
        let mut near = vec![0; self.stride];
        let mut strip = vec![0; (STRIP / row_len).clamp(1, self.height) * row_len];
        let mut rows = self.row_ranges().peekable();
        while rows.peek().is_some() {
            let mut filled = 0;
            for (out, row) in strip.chunks_exact_mut(row_len).zip(&mut rows) {
                if self.layout == Layout::Bgr24 {
                    fetch(row.start, out)?;
                } else {
                    fetch(row.start, &mut near)?;
                    self.layout.convert_row(&near, out);
                }
                filled += row_len;
            }
            each(&strip[..filled]);
        }
        Ok(())
    }

    /// As [`to_bgr24`](Self::to_bgr24), of a picture that is fetched row by row: `fetch` fills what it is given with the picture's bytes from
    /// a place on.
    ///
    /// # Errors
    /// What `fetch` answers; `dst` is then a picture in part.
    pub fn to_bgr24_by_rows<E>(
        &self,
        mut fetch: impl FnMut(usize, &mut [u8]) -> Result<(), E>,
        dst: &mut Vec<u8>,
    ) -> Result<(), E> {
        dst.resize(self.bgr24_size(), 0);
        let (mut near, mut pixels) = (vec![0; self.stride], vec![0; self.width * 3]);
        for (out, row) in dst.chunks_exact_mut(self.width * 3).zip(self.row_ranges()) {
            if self.layout == Layout::Bgr24 {
                fetch(row.start, out)?;
            } else {
                fetch(row.start, &mut near)?;
                self.layout.convert_row(&near, &mut pixels);
                out.copy_from_slice(&pixels);
            }
        }
        Ok(())
    }

    /// Where in a picture of this format the bytes of each row lie, from the top.
    fn row_ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let (stride, top_down, height) = (self.stride, self.top_down, self.height);
        (0..height).map(move |from_top| {
            let row = if top_down { from_top } else { height - 1 - from_top };
            row * stride..(row + 1) * stride
        })
    }
}

/// The masks of blue, green and red. They stand behind the 40 bytes of BITMAPINFOHEADER, which is also where the
/// longer headers have theirs.
fn masks(block: &[u8], bits: u32) -> Result<[u32; 3], MediaError> {
    const OFFSET: usize = BitmapInfoHeader::LEN;
    let wrong = |why| MediaError::Malformed { what: "BITMAPINFO block", offset: OFFSET as u64, why };
    let [Some(red), Some(green), Some(blue)] = [0, 4, 8].map(|offset| le32(block, OFFSET + offset)) else {
        return Err(wrong("it ends before the three colour masks".to_owned()));
    };
    let masks = [blue, green, red];
    let has_gaps = |mask: u32| mask != 0 && !(u64::from(mask >> mask.trailing_zeros()) + 1).is_power_of_two();
    let outside = |mask: u32| u64::from(mask) >> bits != 0;
    if masks.iter().any(|mask| has_gaps(*mask) || outside(*mask))
        || (blue & green) | (blue & red) | (green & red) != 0
    {
        return Err(wrong(format!(
            "the masks {red:#x}, {green:#x} and {blue:#x} are not three separate runs of bits"
        )));
    }
    Ok(masks)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A BITMAPINFO block: the header, then `extra`.
    fn block(width: i32, height: i32, bits: u16, compression: u32, extra: &[u8]) -> Vec<u8> {
        let mut block = Vec::new();
        block.extend(40u32.to_le_bytes());
        block.extend(width.to_le_bytes());
        block.extend(height.to_le_bytes());
        block.extend(1u16.to_le_bytes());
        block.extend(bits.to_le_bytes());
        block.extend(compression.to_le_bytes());
        block.extend([0; 20]);
        block.extend(extra);
        block
    }

    fn masks(red: u32, green: u32, blue: u32) -> Vec<u8> {
        [red, green, blue].map(u32::to_le_bytes).concat()
    }

    fn convert(block: &[u8], src: &[u8]) -> Vec<u8> {
        let format = PictureFormat::from_bitmapinfo(block).unwrap();
        assert_eq!(format.image_size(), src.len());
        let mut dst = Vec::new();
        format.to_bgr24(src, &mut dst).unwrap();
        dst
    }

    #[test]
    fn bottom_up_rows_are_turned_and_padding_dropped() {
        // 1 pixel a row: 3 bytes and 1 of padding.
        let src = [1, 2, 3, 0xEE, 4, 5, 6, 0xEE];
        assert_eq!(convert(&block(1, 2, 24, 0, &[]), &src), [4, 5, 6, 1, 2, 3]);
        assert_eq!(convert(&block(1, -2, 24, 0, &[]), &src), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn sixteen_bits_widen_by_repeating_high_bits() {
        // Red 31, green 16, blue 1, and one pixel of padding behind three.
        let pixel = (31u16 << 10 | 16 << 5 | 1).to_le_bytes();
        let src = [pixel, [0xFF, 0x7F], [0, 0x80], [0xEE, 0xEE]].concat();
        assert_eq!(convert(&block(3, 1, 16, 0, &[]), &src), [8, 132, 255, 255, 255, 255, 0, 0, 0]);
        // Red 16, green 33, blue 30.
        let src = [(16u16 << 11 | 33 << 5 | 30).to_le_bytes(), [0xEE, 0xEE]].concat();
        assert_eq!(convert(&block(1, 1, 16, 3, &masks(0xF800, 0x7E0, 0x1F)), &src), [247, 134, 132]);
        // Four bits each: v * 17.
        let src = [0x21, 0x0F, 0, 0];
        assert_eq!(convert(&block(1, 1, 16, 3, &masks(0xF00, 0xF0, 0xF)), &src), [17, 34, 255]);
    }

    #[test]
    fn pictures_in_strips_or_by_rows_are_the_same() {
        // Rows of 3 times 9,000 bytes: two fit into a strip, and the last strip has one.
        let format = PictureFormat::from_bitmapinfo(&block(9000, 5, 16, 0, &[])).unwrap();
        let src: Vec<u8> = (0..format.image_size()).map(|at| (at * 31 % 251) as u8).collect();
        let (mut whole, mut strips, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        format.to_bgr24(&src, &mut whole).unwrap();
        format.for_each_strip(&src, |strip| strips.push(strip.to_vec())).unwrap();
        assert_eq!(strips.iter().map(Vec::len).collect::<Vec<_>>(), [54_000, 54_000, 27_000]);
        assert_eq!(strips.concat(), whole);
        let fetch = |at: usize, row: &mut [u8]| {
            row.copy_from_slice(&src[at..at + row.len()]);
            Ok::<_, ()>(())
        };
        let mut fetched = Vec::new();
        format.for_each_fetched_strip(fetch, |strip| fetched.push(strip.to_vec())).unwrap();
        assert_eq!(fetched, strips);
        format.to_bgr24_by_rows(fetch, &mut rows).unwrap();
        assert_eq!(rows, whole);
        assert_eq!(format.to_bgr24_by_rows(|_, _| Err("no"), &mut rows), Err("no"));
        assert_eq!(format.for_each_fetched_strip(|_, _| Err("no"), |_| panic!("half a strip")), Err("no"));
        assert!(format.for_each_strip(&src[1..], |_| panic!("a strip of half a picture")).is_err());
    }

    #[test]
    fn thirty_two_bits() {
        let src = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(convert(&block(2, 1, 32, 0, &[]), &src), [1, 2, 3, 5, 6, 7]);
        let rgbx = masks(0xFF, 0xFF00, 0xFF_0000);
        assert_eq!(convert(&block(2, 1, 32, 3, &rgbx), &src), [3, 2, 1, 7, 6, 5]);
        // Ten bits each keep their highest eight; an empty mask stays black.
        let deep = masks(0x3FF0_0000, 0xF_FC00, 0);
        let value = (0x3FFu32 << 20 | 0x200 << 10 | 0x3FF).to_le_bytes();
        assert_eq!(convert(&block(1, 1, 32, 3, &deep), &value), [0, 128, 255]);
    }

    #[test]
    fn palettes_of_all_depths() {
        let colours: Vec<u8> = (0..=255).flat_map(|i: u8| [i, i.wrapping_mul(2), 255 - i, 0xEE]).collect();
        assert_eq!(convert(&block(2, 1, 8, 0, &colours), &[0, 200, 0xEE, 0xEE]), [0, 0, 255, 200, 144, 55]);
        assert_eq!(
            convert(&block(3, 1, 4, 0, &colours), &[0x1F, 0x20, 0, 0]),
            [1, 2, 254, 15, 30, 240, 2, 4, 253]
        );
        assert_eq!(
            convert(&block(3, 1, 1, 0, &colours), &[0b1010_0000, 0, 0, 0]),
            [1, 2, 254, 0, 0, 255, 1, 2, 254]
        );
        let mut format = PictureFormat::from_bitmapinfo(&block(2, 1, 8, 0, &colours)).unwrap();
        let mut bgr = Vec::new();
        format.change_palette(&PaletteChange::parse(&[200, 1, 0, 0, 1, 2, 3, 0]).unwrap()).unwrap();
        format.to_bgr24(&[0, 200, 0, 0], &mut bgr).unwrap();
        assert_eq!(bgr, [0, 0, 255, 3, 2, 1]);
        format.in_colours_of(Palette::numbers()).to_bgr24(&[0, 200, 0, 0], &mut bgr).unwrap();
        assert_eq!(bgr, [0, 0, 0, 200, 200, 200]);
        let mut short = block(1, 1, 8, 0, &colours[..16]);
        assert!(PictureFormat::from_bitmapinfo(&short).is_err());
        short[32] = 4;
        // A number beyond the four colours is black.
        assert_eq!(convert(&short, &[4, 0, 0, 0]), [0, 0, 0]);
    }

    #[test]
    fn only_numbers_have_a_palette() {
        let mut plain = PictureFormat::from_bitmapinfo(&block(1, 1, 24, 0, &[])).unwrap();
        assert_eq!(plain.palette(), None);
        assert_eq!(plain.clone().in_colours_of(Palette::numbers()), plain);
        let change = PaletteChange::parse(&[0, 1, 0, 0, 1, 2, 3, 0]).unwrap();
        assert!(matches!(plain.change_palette(&change), Err(MediaError::Unsupported { .. })));
    }

    #[test]
    fn refuses_what_it_cannot_hold() {
        let error = |block: &[u8]| PictureFormat::from_bitmapinfo(block).unwrap_err();
        for (width, height) in [(32_769, 1), (1, -32_769), (32_768, 32_768), (1, i32::MIN)] {
            assert!(matches!(error(&block(width, height, 24, 0, &[])), MediaError::TooLarge { .. }));
        }
        assert!(matches!(error(&block(1, 1, 12, 0, &[])), MediaError::Unsupported { .. }));
        let compressed = error(&block(1, 1, 24, u32::from_le_bytes(*b"cvid"), &[]));
        assert!(compressed.to_string().contains("compression 'cvid'"), "{compressed}");
        for bad in [masks(0xF00, 0xFF0, 0xF), masks(0x500, 0, 0), masks(0x1_0000, 0, 0), vec![0; 11]] {
            assert!(matches!(error(&block(1, 1, 16, 3, &bad)), MediaError::Malformed { offset: 40, .. }));
        }
        let format = PictureFormat::from_bitmapinfo(&block(2, 2, 24, 0, &[])).unwrap();
        assert!(format.to_bgr24(&[0; 15], &mut Vec::new()).is_err());
    }
}
