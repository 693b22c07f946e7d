//! The header of a device-independent bitmap (MS Learn: BITMAPINFOHEADER structure, wingdi.h).

use super::error::MediaError;
use super::riff::FourCc;

/// `biCompression` of an uncompressed bitmap; its bytes are the number 0.
pub const BI_RGB: FourCc = [0; 4];
/// `biCompression` of an uncompressed bitmap whose channels are given by three masks; the number 3.
pub const BI_BITFIELDS: FourCc = [3, 0, 0, 0];

/// What of a BITMAPINFOHEADER is used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitmapInfoHeader {
    /// `biSize`: length of the header, at least [`BitmapInfoHeader::LEN`]. A palette starts here.
    pub size: usize,
    /// `biWidth`: pixels per row, never 0.
    pub width: u32,
    /// The rows: `biHeight` without its sign, never 0.
    pub height: u32,
    /// Whether the first row is the topmost: `biHeight` is negative.
    pub top_down: bool,
    /// `biBitCount`: bits per pixel, as stated.
    pub bit_count: u16,
    /// `biCompression`: a codec's code, or a number such as [`BI_RGB`].
    pub compression: FourCc,
    /// `biSizeImage`: bytes of one picture, as stated; 0 is allowed for BI_RGB.
    pub size_image: u32,
    /// `biClrUsed`: colours in the palette, as stated; 0 means as many as the bits per pixel allow.
    pub clr_used: u32,
}

impl BitmapInfoHeader {
    /// Length of the plain header; `biSize` may state a longer one (BITMAPV4HEADER, BITMAPV5HEADER).
    pub const LEN: usize = 40;

    /// Reads the header at the start of `block`, a whole BITMAPINFO with palette or codec data.
    ///
    /// # Errors
    /// [`MediaError::Malformed`] with the offset in `block` where the block is too short, `biSize` is below 40
    /// or beyond the block, or a dimension is 0 (the width also when negative).
    pub fn parse(block: &[u8]) -> Result<Self, MediaError> {
        let wrong = |offset, why| Err(MediaError::Malformed { what: "BITMAPINFO block", offset, why });
        let words = block.get(..Self::LEN).map(|header| header.as_chunks::<4>().0);
        let Some(&[size, width, height, [_, _, bits @ ..], compression, size_image, _, _, clr_used, _]) =
            words
        else {
            let why = format!("it has {} bytes, and the header alone takes {}", block.len(), Self::LEN);
            return wrong(0, why);
        };
        let size = u32::from_le_bytes(size) as usize;
        if size < Self::LEN || size > block.len() {
            return wrong(0, format!("biSize is {size}; it must be {} to {}", Self::LEN, block.len()));
        }
        let (width, height) = (i32::from_le_bytes(width), i32::from_le_bytes(height));
        if width <= 0 || height == 0 {
            return wrong(4, format!("the picture is {width} x {height}"));
        }
        Ok(Self {
            size,
            width: width.unsigned_abs(),
            height: height.unsigned_abs(),
            top_down: height < 0,
            bit_count: u16::from_le_bytes(bits),
            compression,
            size_image: u32::from_le_bytes(size_image),
            clr_used: u32::from_le_bytes(clr_used),
        })
    }

    /// The header as bytes, with one plane, no resolution and no important colours; `biHeight` gets its sign back.
    /// Only the plain header is written, whatever [`BitmapInfoHeader::size`] says.
    pub(super) fn to_bytes(self) -> [u8; Self::LEN] {
        let height = if self.top_down { self.height.wrapping_neg() } else { self.height };
        let planes_and_bits = 1 | u32::from(self.bit_count) << 16;
        let words = [
            Self::LEN as u32,
            self.width,
            height,
            planes_and_bits,
            u32::from_le_bytes(self.compression),
            self.size_image,
            0,
            0,
            self.clr_used,
            0,
        ];
        let mut bytes = [0; Self::LEN];
        for (target, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
            *target = word.to_le_bytes();
        }
        bytes
    }
}

/// Bytes of a row of 24-bit pixels as it is stored, padded to four.
fn stride24(width: u32) -> u64 {
    (u64::from(width) * 3).next_multiple_of(4)
}

/// Bytes of a picture of 24 bits a pixel as it is stored.
pub(super) fn dib24_size(width: u32, height: u32) -> u64 {
    stride24(width).saturating_mul(height.into())
}

/// Turns BGR24 (rows from the top, three bytes a pixel without padding) into a device-independent bitmap: rows from the bottom, each
/// padded to four bytes. `out` is replaced. Rows that `bgr` lacks are black.
pub fn to_dib24(bgr: &[u8], width: u32, height: u32, out: &mut Vec<u8>) {
    // The padding is 0, as what is missing.
    out.clear();
    out.resize(dib24_size(width, height) as usize, 0);
    let (stride, row_len) = (stride24(width).max(1) as usize, (width as usize * 3).max(1));
    for (row, source) in out.chunks_exact_mut(stride).rev().zip(bgr.chunks(row_len)) {
        row.iter_mut().zip(source).for_each(|(to, from)| *to = *from);
    }
}

/// Checks that `bgr` is one frame of the given size.
pub(super) fn check_frame(bgr: &[u8], width: u32, height: u32) -> Result<(), MediaError> {
    if bgr.len() as u64 != u64::from(width) * u64::from(height) * 3 {
        return Err(MediaError::Malformed {
            what: "frame to be written",
            offset: bgr.len() as u64,
            why: format!("it ends there, and {width} x {height} pixels take three bytes each"),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: BitmapInfoHeader = BitmapInfoHeader {
        size: 40,
        width: 33,
        height: 17,
        top_down: true,
        bit_count: 24,
        compression: *b"cvid",
        size_image: 1700,
        clr_used: 0,
    };

    #[test]
    fn reads_back_what_it_wrote() {
        assert_eq!(BitmapInfoHeader::parse(&HEADER.to_bytes()).unwrap(), HEADER);
    }

    #[test]
    fn refuses_bad_sizes() {
        let good = HEADER.to_bytes();
        for len in 0..good.len() {
            assert!(BitmapInfoHeader::parse(&good[..len]).is_err());
        }
        for (offset, value) in [(0, 39), (0, 41), (0, u32::MAX), (4, 0), (4, 0x8000_0000), (8, 0)] {
            let mut bad = good;
            bad[offset..offset + 4].copy_from_slice(&u32::to_le_bytes(value));
            assert!(BitmapInfoHeader::parse(&bad).is_err(), "{value} at {offset}");
        }
    }

    #[test]
    fn a_bitmap_stands_on_its_head_with_padded_rows() {
        let mut dib = vec![9; 100];
        to_dib24(&[1, 2, 3, 4, 5, 6], 1, 2, &mut dib);
        assert_eq!(dib, [4, 5, 6, 0, 1, 2, 3, 0]);
        to_dib24(&[1, 2, 3], 1, 2, &mut dib);
        assert_eq!(dib, [0, 0, 0, 0, 1, 2, 3, 0]);
        to_dib24(&[], 0, 2, &mut dib);
        assert!(dib.is_empty());
        assert_eq!(dib24_size(33, 17), 1700);
    }
}
