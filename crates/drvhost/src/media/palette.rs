//! Palettes, and their changes in the middle of a film (MS Learn: AVIPALCHANGE structure, aviriff.h).

use super::dib::BitmapInfoHeader;
use super::error::MediaError;

/// The colours of pictures whose pixels are numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette(Box<[Colour; 256]>);

/// Blue, green and red, from the lowest byte up; the highest is 0. Four of these make twelve bytes with few instructions.
type Colour = u32;

fn colour_of([blue, green, red]: [u8; 3]) -> Colour {
    u32::from_le_bytes([blue, green, red, 0])
}

impl Palette {
    /// Reads the palette behind the header of `block`, a whole BITMAPINFO: four bytes a colour, blue, green, red and one that is
    /// unused. Numbers beyond it are black.
    ///
    /// # Errors
    /// As [`BitmapInfoHeader::parse`]; [`MediaError::Unsupported`] for more than eight bits a pixel; [`MediaError::Malformed`]
    /// where the block ends before the last colour that `biClrUsed` states.
    pub fn of(block: &[u8]) -> Result<Self, MediaError> {
        let header = BitmapInfoHeader::parse(block)?;
        let possible = possible_colours(&header)?;
        let wanted = match header.clr_used as usize {
            0 => possible,
            stated => stated.min(possible),
        };
        let entries = block.get(header.size..).unwrap_or_default().as_chunks().0;
        if entries.len() < wanted {
            return Err(MediaError::Malformed {
                what: "BITMAPINFO block",
                offset: header.size as u64,
                why: format!("its palette should have {wanted} colours, and it ends after {}", entries.len()),
            });
        }
        let mut colours = Box::new([0; 256]);
        for (colour, &[blue, green, red, _]) in colours.iter_mut().zip(entries).take(wanted) {
            *colour = colour_of([blue, green, red]);
        }
        Ok(Self(colours))
    }

    /// A palette in which every number has a colour of its own: the grey of its value.
    pub fn numbers() -> Self {
        let mut colours = Box::new([0; 256]);
        for (number, colour) in (0..=u8::MAX).zip(colours.iter_mut()) {
            *colour = colour_of([number; 3]);
        }
        Self(colours)
    }

    /// A number's colour: blue, green, red.
    pub fn colour(&self, number: u8) -> [u8; 3] {
        let [blue, green, red, _] = self.0[usize::from(number)].to_le_bytes();
        [blue, green, red]
    }

    /// Writes the colours of as many numbers as `out` has room for. It must be inlined to use the caller's instructions.
    #[inline(always)]
    pub(super) fn paint(&self, numbers: &[u8], out: &mut [u8]) {
        const AT_ONCE: usize = 16;
        let mut done = 0;
        for some in numbers.as_chunks::<AT_ONCE>().0 {
            // Each colour is one store of four bytes, the last of which the next colour writes over.
            let room = out.get_mut(3 * done..).and_then(|rest| rest.first_chunk_mut::<{ 3 * AT_ONCE + 1 }>());
            let Some(room) = room else { break };
            for (place, number) in some.iter().enumerate() {
                room[3 * place..3 * place + 4].copy_from_slice(&self.0[usize::from(*number)].to_le_bytes());
            }
            done += AT_ONCE;
        }
        let (pixels, numbers) = (out.get_mut(3 * done..), numbers.get(done..).unwrap_or_default());
        for (out, number) in pixels.unwrap_or_default().as_chunks_mut().0.iter_mut().zip(numbers) {
            *out = self.colour(*number);
        }
    }

    /// Makes this the palette of `block`, a whole BITMAPINFO, with as many colours as its bits a pixel allow. Answers how many.
    ///
    /// # Errors
    /// As [`Palette::of`]; `block` is then left as it was.
    pub fn put(&self, block: &mut Vec<u8>) -> Result<usize, MediaError> {
        const CLR_USED_AT: usize = 32;
        let header = BitmapInfoHeader::parse(block)?;
        let count = possible_colours(&header)?;
        let end = header.size + count * 4;
        block.resize(block.len().max(end), 0);
        if let Some(entries) = block.get_mut(header.size..end) {
            for (entry, colour) in entries.as_chunks_mut().0.iter_mut().zip(self.0.iter()) {
                *entry = colour.to_le_bytes();
            }
        }
        if let Some(used) = block.get_mut(CLR_USED_AT..).and_then(|rest| rest.first_chunk_mut()) {
            *used = (count as u32).to_le_bytes();
        }
        Ok(count)
    }

    /// Changes what `change` says.
    pub(super) fn change(&mut self, change: &PaletteChange) {
        for (colour, changed) in self.0.iter_mut().skip(change.first.into()).zip(&change.colours) {
            *colour = colour_of(*changed);
        }
    }
}

/// How many colours a palette can have.
fn possible_colours(header: &BitmapInfoHeader) -> Result<usize, MediaError> {
    match header.bit_count {
        bits @ 1..=8 => Ok(1 << bits),
        bits => Err(MediaError::Unsupported {
            what: format!("a palette of pictures with {bits} bits a pixel"),
            why: "those with 1 to 8 bits have one".to_owned(),
        }),
    }
}

/// New colours for a run of a palette's entries, from a chunk `xxpc`. They count for the frames after it, and for the picture
/// that is being shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaletteChange {
    /// `bFirstEntry`: the first entry that changes.
    first: u8,
    /// `peNew` as blue, green and red: 1 to 256.
    colours: Vec<[u8; 3]>,
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
        let colours = entries.iter().map(|&[red, green, blue, _]| [blue, green, red]).collect();
        Ok(Self { first: *first, colours })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of a bitmap of 2 by 1 pixels whose palette it says has `used` colours.
    fn header(bits: u16, used: u32) -> Vec<u8> {
        let header = BitmapInfoHeader {
            size: 40,
            width: 2,
            height: 1,
            top_down: false,
            bit_count: bits,
            compression: *b"CRAM",
            size_image: 0,
            clr_used: used,
        };
        header.to_bytes().to_vec()
    }

    #[test]
    fn rows_of_any_length_have_the_colours_of_their_numbers() {
        let mut block = header(8, 256);
        block.extend((0..=u8::MAX).flat_map(|number| [number, number.wrapping_mul(7), !number, 0xEE]));
        let palette = Palette::of(&block).unwrap();
        for count in 0..=100 {
            let numbers: Vec<u8> = (0..count).map(|at| (at * 37 + 250) as u8).collect();
            let mut out = vec![0xAA; 3 * count];
            palette.paint(&numbers, &mut out);
            let expected: Vec<u8> = numbers.iter().flat_map(|number| palette.colour(*number)).collect();
            assert_eq!(out, expected, "{count}");
        }
    }

    #[test]
    fn what_was_put_is_read_again() {
        for (bits, count) in [(1, 2), (4, 16), (8, 256)] {
            let mut block = header(bits, 1);
            assert_eq!(Palette::numbers().put(&mut block).unwrap(), count);
            assert_eq!(block.len(), 40 + count * 4);
            let read = Palette::of(&block).unwrap();
            let last = (count - 1) as u8;
            assert_eq!((read.colour(last), read.colour(1)), ([last; 3], [1; 3]));
            assert_eq!(read == Palette::numbers(), count == 256, "numbers beyond the palette are black");
        }
    }

    #[test]
    fn pictures_without_a_palette_are_left_as_they_are() {
        for bits in [0, 16, 24, u16::MAX] {
            let mut block = header(bits, 0);
            let before = block.clone();
            assert!(matches!(Palette::numbers().put(&mut block), Err(MediaError::Unsupported { .. })));
            assert!(matches!(Palette::of(&block), Err(MediaError::Unsupported { .. })));
            assert_eq!(block, before);
        }
    }

    #[test]
    fn the_stated_entries_change_and_no_others() {
        let change = PaletteChange::parse(&[1, 2, 0, 0, 10, 20, 30, 0xEE, 40, 50, 60, 0xEE]).unwrap();
        let mut palette = Palette::numbers();
        palette.change(&change);
        let colours = [0, 1, 2, 3].map(|number| palette.colour(number));
        assert_eq!(colours, [[0; 3], [30, 20, 10], [60, 50, 40], [3; 3]]);
    }

    #[test]
    fn no_number_of_entries_means_all() {
        let change = PaletteChange::parse(&[&[0; 4], [[7; 4]; 256].as_flattened()].concat()).unwrap();
        let mut palette = Palette::numbers();
        palette.change(&change);
        assert_eq!([0, 255].map(|number| palette.colour(number)), [[7; 3]; 2]);
    }

    #[test]
    fn changes_that_do_not_fit_are_refused() {
        for wrong in [&[][..], &[0, 1, 0], &[0, 1, 0, 0, 1, 2, 3], &[1; 4], &[255, 2, 0, 0], &[1, 0, 0, 0]] {
            assert!(matches!(PaletteChange::parse(wrong), Err(MediaError::Malformed { .. })), "{wrong:?}");
        }
    }
}
