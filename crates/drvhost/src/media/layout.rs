//! How the bytes of a row become pixels.

use fearless_simd::{Level, Simd, dispatch};

use super::palette::Palette;

/// How one row's bytes become pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// 1, 4 or 8 bits: numbers into a palette, the leftmost pixel in a byte's highest bits.
    Palette { bits: u8, palette: Palette },
    /// 16 bits: blue in the lowest five, green in five, red in five.
    Rgb555,
    /// 16 bits: blue in the lowest five, green in six, red in five.
    Rgb565,
    /// Three bytes: blue, green, red.
    Bgr24,
    /// Four bytes: blue, green, red, unused.
    Bgr32,
    /// 16 bits with blue, green and red wherever the masks say.
    Masks16(Box<[Channel; 3]>),
    /// 32 bits, likewise.
    Masks32(Box<[Channel; 3]>),
}

impl Layout {
    /// Converts one row, padding at its end included, to as many pixels as `out` holds, with the best instructions that the processor has.
    pub(super) fn convert_row(&self, row: &[u8], out: &mut [u8]) {
        dispatch!(Level::new(), simd => simd.vectorize(#[inline(always)] || self.convert_pixels(row, out)));
    }

    #[inline(always)]
    fn convert_pixels(&self, row: &[u8], out: &mut [u8]) {
        let pixels = out.as_chunks_mut().0;
        match self {
            Self::Bgr24 => out.copy_from_slice(&row[..out.len()]),
            Self::Bgr32 => {
                for (pixel, &[blue, green, red, _]) in pixels.iter_mut().zip(row.as_chunks().0) {
                    *pixel = [blue, green, red];
                }
            }
            Self::Rgb555 => convert16(row, pixels, widen5, |v| widen5(v >> 5), |v| widen5(v >> 10)),
            Self::Rgb565 => convert16(row, pixels, widen5, |v| widen6(v >> 5), |v| widen5(v >> 11)),
            Self::Masks16(channels) => {
                let [blue, green, red] = channels.each_ref().map(|channel| |v: u16| channel.of(v.into()));
                convert16(row, pixels, blue, green, red);
            }
            Self::Masks32(channels) => {
                for (pixel, bytes) in pixels.iter_mut().zip(row.as_chunks().0) {
                    let value = u32::from_le_bytes(*bytes);
                    *pixel = channels.each_ref().map(|channel| channel.of(value));
                }
            }
            Self::Palette { bits: 8, palette } => palette.paint(row, out),
            Self::Palette { bits, palette } => {
                let mask = (1u8 << bits) - 1;
                let indices = row
                    .iter()
                    .flat_map(|byte| (0..8 / bits).rev().map(move |place| byte >> (place * bits) & mask));
                for (pixel, index) in pixels.iter_mut().zip(indices) {
                    *pixel = palette.colour(index);
                }
            }
        }
    }
}

/// Converts little-endian 16-bit pixels. It must be inlined to use the instructions of [`Layout::convert_row`]. There is a function for each
/// channel, as the compiler makes one number of three bytes that a function gives, and then does not see that many pixels can be
/// converted at once.
#[inline(always)]
fn convert16(
    row: &[u8],
    pixels: &mut [[u8; 3]],
    blue: impl Fn(u16) -> u8,
    green: impl Fn(u16) -> u8,
    red: impl Fn(u16) -> u8,
) {
    for (pixel, bytes) in pixels.iter_mut().zip(row.as_chunks().0) {
        let value = u16::from_le_bytes(*bytes);
        *pixel = [blue(value), green(value), red(value)];
    }
}

/// The lowest five bits as eight.
#[inline(always)]
fn widen5(value: u16) -> u8 {
    ((value & 31) << 3 | (value & 31) >> 2) as u8
}

/// The lowest six bits as eight.
#[inline(always)]
fn widen6(value: u16) -> u8 {
    ((value & 63) << 2 | (value & 63) >> 4) as u8
}

/// One colour channel of a BI_BITFIELDS bitmap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Channel {
    /// How far to shift a pixel down, so that the channel's highest eight bits, or all if fewer, are lowest.
    shift: u32,
    /// Those bits.
    mask: u8,
    /// What each value becomes.
    widened: [u8; 256],
}

impl Channel {
    /// The channel of a mask without gaps; an empty mask makes a channel that is always 0.
    pub(super) fn new(mask: u32) -> Self {
        let bits = mask.count_ones();
        let kept = bits.min(8);
        let shift = if bits == 0 { 0 } else { mask.trailing_zeros() + bits - kept };
        let mut widened = [0; 256];
        if kept > 0 {
            for (value, out) in (0..1u32 << kept).zip(&mut widened) {
                let mut wide = value << (8 - kept);
                let mut filled = kept;
                while filled < 8 {
                    wide |= wide >> filled;
                    filled *= 2;
                }
                *out = wide as u8;
            }
        }
        Self { shift, mask: ((1u32 << kept) - 1) as u8, widened }
    }

    fn of(&self, pixel: u32) -> u8 {
        self.widened[usize::from((pixel >> self.shift) as u8 & self.mask)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn general_masks_equal_the_fast_ways() {
        let masks = Layout::Masks16(Box::new([0x001F, 0x07E0, 0xF800].map(Channel::new)));
        let (mut general, mut fast) = ([0; 3], [0; 3]);
        for value in 0..=u16::MAX {
            masks.convert_row(&value.to_le_bytes(), &mut general);
            Layout::Rgb565.convert_row(&value.to_le_bytes(), &mut fast);
            assert_eq!(general, fast);
        }
    }

    #[test]
    fn long_rows_are_converted_as_short_ones() {
        let row: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
        for layout in [Layout::Rgb555, Layout::Rgb565] {
            let (mut long, mut short) = (vec![0; 3 << 16], [0; 3]);
            layout.convert_row(&row, &mut long);
            for (pixel, bytes) in long.chunks_exact(3).zip(row.chunks_exact(2)) {
                layout.convert_row(bytes, &mut short);
                assert_eq!(pixel, short);
            }
        }
    }
}
