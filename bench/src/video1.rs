//! Microsoft Video 1 of eight bits a pixel, for which nobody has an encoder: a simple one.
//!
//! A picture is blocks of 4 x 4 pixels, from the lowest row of blocks up. A block is one colour, two of them, two for each of its quarters, or what it was in the
//! picture before; which, its second byte says.

use crate::clip::Frame;
use mmsystem::ICDECOMPRESS_NOTKEYFRAME;

/// The most blocks that are left out at once.
const MOST_SKIPPED: usize = 0x3ff;
/// The second byte of a number of blocks that are left out, without the number's upper two bits.
const SKIP: u16 = 0x8400;
/// The second byte of a block of one colour.
const FLAT: u8 = 0x80;
/// How far pixels may be apart where a block is one colour, and where a part of one of two is.
const APART: [u8; 2] = [3, 24];
const SIDE: usize = 4;

/// A block's pixels, from its lowest row up.
type Block = [[u8; SIDE]; SIDE];

/// The frames of pictures of one byte a pixel, rows from the top, whose sides are multiples of four. The first one is a key frame.
pub fn frames(pictures: &[Vec<u8>], width: usize) -> Vec<Frame> {
    let mut before: Option<&[u8]> = None;
    let mut frames = Vec::new();
    for picture in pictures {
        let flags = if before.is_some() { ICDECOMPRESS_NOTKEYFRAME } else { 0 };
        frames.push(Frame { flags, bytes: frame(picture, before, width) });
        before = Some(picture);
    }
    frames
}

fn frame(picture: &[u8], before: Option<&[u8]>, width: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut skipped = 0;
    let mut others = before.map(|before| blocks(before, width));
    for block in blocks(picture, width) {
        if others.as_mut().is_some_and(|others| others.next() == Some(block)) && skipped < MOST_SKIPPED {
            skipped += 1;
            continue;
        }
        skip(&mut skipped, &mut bytes);
        // One that is like the one before may come here, too, where no more can be left out.
        put(&block, &mut bytes);
    }
    skip(&mut skipped, &mut bytes);
    bytes.extend([0, 0]);
    bytes
}

fn skip(skipped: &mut usize, bytes: &mut Vec<u8>) {
    if *skipped > 0 {
        bytes.extend((SKIP | *skipped as u16).to_le_bytes());
    }
    *skipped = 0;
}

/// A picture's blocks in the order of the format.
fn blocks(picture: &[u8], width: usize) -> impl Iterator<Item = Block> + '_ {
    let rows = picture.chunks(width * SIDE).rev();
    rows.flat_map(move |rows| {
        (0..width / SIDE).map(move |column| {
            std::array::from_fn(|up| {
                let from = (SIDE - 1 - up) * width + column * SIDE;
                std::array::from_fn(|right| rows.get(from + right).copied().unwrap_or_default())
            })
        })
    })
}

fn put(block: &Block, bytes: &mut Vec<u8>) {
    let all = Part::of(block, |_, _| true);
    if all.range() <= APART[0] {
        bytes.extend([all.colours[1], FLAT]);
        return;
    }
    if all.error <= APART[1] {
        let mut bits = all.bits;
        let [mut set, mut clear] = all.colours;
        // The highest bit of two colours is 0.
        if bits & 0x8000 != 0 {
            (bits, set, clear) = (!bits, clear, set);
        }
        bytes.extend(bits.to_le_bytes());
        bytes.extend([set, clear]);
        return;
    }
    let mut quarters: [Part; 4] =
        std::array::from_fn(|quarter| Part::of(block, |right, up| right / 2 + up / 2 * 2 == quarter));
    // The second byte of eight colours is 0x90 or more: of the topmost row's bits the last is 1, and another one.
    if quarters[3].bits & 0x8000 == 0 {
        quarters[3].swap();
    }
    let bits = |quarters: &[Part; 4]| quarters.iter().fold(0, |bits, quarter| bits | quarter.bits);
    if bits(&quarters) & 0x7000 == 0 {
        quarters[2].swap();
    }
    bytes.extend(bits(&quarters).to_le_bytes());
    bytes.extend(quarters.iter().flat_map(|quarter| quarter.colours));
}

/// A part of a block in two colours.
struct Part {
    /// Which pixels belong to it.
    mask: u16,
    /// Which of them have the first colour.
    bits: u16,
    colours: [u8; 2],
    /// How far a pixel is from its colour at most.
    error: u8,
    /// The least and the greatest.
    ends: [u8; 2],
}

impl Part {
    fn of(block: &Block, belongs: impl Fn(usize, usize) -> bool) -> Self {
        let places = (0..SIDE * SIDE).filter(|place| belongs(place % SIDE, place / SIDE));
        let pixels: Vec<(u16, u8)> =
            places.map(|place| (1 << place, block[place / SIDE][place % SIDE])).collect();
        let mean = |pixels: &mut dyn Iterator<Item = u8>| {
            let (count, sum) = pixels.fold((0, 0), |(count, sum), pixel| (count + 1, sum + u32::from(pixel)));
            (sum / count.max(1)) as u8
        };
        let middle = mean(&mut pixels.iter().map(|&(_, pixel)| pixel));
        let above = |pixel: u8| pixel > middle;
        let colours = [true, false].map(|wanted| {
            let mut pixels =
                pixels.iter().map(|&(_, pixel)| pixel).filter(|&pixel| above(pixel) == wanted).peekable();
            if pixels.peek().is_some() { mean(&mut pixels) } else { middle }
        });
        let colour = |pixel: u8| colours[usize::from(!above(pixel))];
        let (least, greatest) =
            (pixels.iter().map(|pixel| pixel.1).min(), pixels.iter().map(|pixel| pixel.1).max());
        Self {
            mask: pixels.iter().fold(0, |mask, (bit, _)| mask | bit),
            bits: pixels.iter().filter(|pixel| above(pixel.1)).fold(0, |bits, (bit, _)| bits | bit),
            colours,
            error: pixels.iter().map(|&(_, pixel)| pixel.abs_diff(colour(pixel))).max().unwrap_or_default(),
            ends: [least.unwrap_or_default(), greatest.unwrap_or_default()],
        }
    }

    fn range(&self) -> u8 {
        self.ends[1] - self.ends[0]
    }

    /// Has the other pixels the first colour.
    fn swap(&mut self) {
        self.bits ^= self.mask;
        self.colours.reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coded(block: Block) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&block, &mut bytes);
        bytes
    }

    #[test]
    fn a_block_has_one_colour_or_two_or_eight() {
        assert_eq!(coded([[7; 4]; 4]), [7, 0x80]);
        // Two: what is on top is brighter, so that the bits are turned round.
        let [dark, bright] = [[10; 4], [200; 4]];
        assert_eq!(coded([dark, dark, bright, bright]), [0xff, 0x00, 10, 200]);
        assert_eq!(coded([bright, dark, dark, dark]), [0x0f, 0x00, 200, 10]);
        // Eight, which a second byte of 0x90 and more says; those of a quarter are the same here, so that the bits do not matter.
        let quarters = coded([[0, 0, 80, 80], [0, 0, 80, 80], [160, 160, 240, 240], [160, 160, 240, 240]]);
        assert!(quarters[1] >= 0x90, "{quarters:x?}");
        assert_eq!(quarters[2..], [0, 0, 80, 80, 160, 160, 240, 240]);
    }

    #[test]
    fn what_stays_is_left_out() {
        let pictures = [vec![1; 64], vec![1; 64], [vec![9; 32], vec![1; 32]].concat()];
        let made = frames(&pictures, 8);
        assert_eq!(
            made[0],
            Frame { flags: 0, bytes: [[1, 0x80]; 4].concat().into_iter().chain([0, 0]).collect() }
        );
        assert_eq!(made[1], Frame { flags: ICDECOMPRESS_NOTKEYFRAME, bytes: vec![4, 0x84, 0, 0] });
        // The lower blocks come first.
        assert_eq!(made[2].bytes, [2, 0x84, 9, 0x80, 9, 0x80, 0, 0]);
    }
}
