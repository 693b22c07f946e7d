//! Palettes that change in the middle of a film (MS Learn: AVIPALCHANGE structure, aviriff.h).

use super::dib::BitmapInfoHeader;
use super::error::MediaError;

/// New colours for a run of a palette's entries, from a chunk `xxpc`. They count for the frames after it, and for the picture
/// that is being shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaletteChange {
    /// `bFirstEntry`: the first entry that changes.
    first: u8,
    /// `peNew` as a bitmap's palette has them: blue, green, red and 0. 1 to 256.
    colours: Vec<[u8; 4]>,
}

impl PaletteChange {
    /// Reads the chunk's bytes: `bFirstEntry`, `bNumEntries` (0 means 256), 16 bits of flags, and the entries, each red, green,
    /// blue and a byte of flags.
    ///
    /// # Errors
    /// [`MediaError::Malformed`] with the offset in the chunk where it ends too early, or goes beyond the 256th entry.
    pub fn parse(chunk: &[u8]) -> Result<Self, MediaError> {
        let wrong = |offset, why| Err(MediaError::Malformed { what: "palette change", offset, why });
        let Some(([first, count, _, _], entries)) = chunk.split_first_chunk() else {
            return wrong(0, format!("it has {} bytes, and its header alone takes 4", chunk.len()));
        };
        let count = if *count == 0 { 256 } else { usize::from(*count) };
        if usize::from(*first) + count > 256 {
            return wrong(0, format!("it changes {count} colours from number {first} on, and there are 256"));
        }
        let Some(entries) = entries.as_chunks::<4>().0.get(..count) else {
            return wrong(4, format!("it ends before the last of its {count} colours"));
        };
        let colours = entries.iter().map(|&[red, green, blue, _]| [blue, green, red, 0]).collect();
        Ok(Self { first: *first, colours })
    }

    /// Puts the colours into the palette of `block`, a whole BITMAPINFO, which grows where it has too few entries.
    ///
    /// # Errors
    /// As [`BitmapInfoHeader::parse`], and [`MediaError::Unsupported`] where the pictures have no palette, or one with fewer
    /// entries than the change needs. `block` is then left as it was.
    pub fn apply(&self, block: &mut Vec<u8>) -> Result<(), MediaError> {
        const CLR_USED_AT: usize = 32;
        let header = BitmapInfoHeader::parse(block)?;
        let first = usize::from(self.first);
        let end = first + self.colours.len();
        let possible = if header.bit_count <= 8 { 1usize << header.bit_count } else { 0 };
        if end > possible {
            return Err(MediaError::Unsupported {
                what: format!("a palette change up to colour {end}"),
                why: format!(
                    "pictures of {} bits a pixel have {possible} colours in a palette",
                    header.bit_count
                ),
            });
        }
        let at = |entry: usize| header.size + entry * 4;
        if block.len() < at(end) {
            block.resize(at(end), 0);
        }
        if let Some(palette) = block.get_mut(at(first)..at(end)) {
            palette.copy_from_slice(self.colours.as_flattened());
        }
        // 0 stands for all that are possible, and a block that has fewer would then be cut off.
        let stated = match header.clr_used as usize {
            0 => possible,
            stated => stated.min(possible),
        };
        block.resize(block.len().max(at(stated)), 0);
        if let Some(used) = block.get_mut(CLR_USED_AT..).and_then(|rest| rest.first_chunk_mut()) {
            *used = (stated.max(end) as u32).to_le_bytes();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::PictureFormat;

    /// A bitmap of 2 by 1 pixels with `palette`, which it says has `used` colours.
    fn block(bits: u16, used: u32, palette: &[[u8; 4]]) -> Vec<u8> {
        let header = BitmapInfoHeader {
            size: 40,
            width: 2,
            height: 1,
            top_down: false,
            bit_count: bits,
            compression: [0; 4],
            size_image: 0,
            clr_used: used,
        };
        [header.to_bytes().as_slice(), palette.as_flattened()].concat()
    }

    fn shown(block: &[u8], picture: [u8; 4]) -> Vec<u8> {
        let mut bgr = Vec::new();
        PictureFormat::from_bitmapinfo(block).unwrap().to_bgr24(&picture, &mut bgr).unwrap();
        bgr
    }

    #[test]
    fn the_stated_entries_change_and_no_others() {
        let change = PaletteChange::parse(&[1, 2, 0, 0, 10, 20, 30, 0xEE, 40, 50, 60, 0xEE]).unwrap();
        let mut whole = block(8, 4, &[[1, 1, 1, 0], [2, 2, 2, 0], [3, 3, 3, 0], [4, 4, 4, 0]]);
        change.apply(&mut whole).unwrap();
        assert_eq!(shown(&whole, [0, 1, 0, 0]), [1, 1, 1, 30, 20, 10]);
        assert_eq!(shown(&whole, [2, 3, 0, 0]), [60, 50, 40, 4, 4, 4]);
    }

    #[test]
    fn a_palette_that_is_too_short_grows() {
        let change = PaletteChange::parse(&[2, 1, 0, 0, 10, 20, 30, 0]).unwrap();
        for used in [0, 1, 16] {
            let mut short = block(4, used, &[[1, 1, 1, 0]]);
            change.apply(&mut short).unwrap();
            assert_eq!(shown(&short, [0x02, 0, 0, 0]), [1, 1, 1, 30, 20, 10], "{used}");
        }
    }

    #[test]
    fn no_number_of_entries_means_all() {
        let entries = [[7; 4]; 256];
        let change = PaletteChange::parse(&[&[0; 4], entries.as_flattened()].concat()).unwrap();
        let mut whole = block(8, 0, &[[0; 4]; 256]);
        change.apply(&mut whole).unwrap();
        assert_eq!(shown(&whole, [0, 255, 0, 0]), [7; 6]);
    }

    #[test]
    fn what_does_not_fit_is_refused_and_changes_nothing() {
        for wrong in [&[][..], &[0, 1, 0], &[0, 1, 0, 0, 1, 2, 3], &[1; 4], &[255, 2, 0, 0], &[1, 0, 0, 0]] {
            assert!(matches!(PaletteChange::parse(wrong), Err(MediaError::Malformed { .. })), "{wrong:?}");
        }
        let change = PaletteChange::parse(&[16, 1, 0, 0, 1, 2, 3, 4]).unwrap();
        for bits in [4, 16, 24, u16::MAX] {
            let mut block = block(bits, 0, &[]);
            let before = block.clone();
            assert!(matches!(change.apply(&mut block), Err(MediaError::Unsupported { .. })), "{bits}");
            assert_eq!(block, before);
        }
        assert!(change.apply(&mut vec![0; 10]).is_err());
    }
}
