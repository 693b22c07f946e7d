//! Frames of old codecs, written at random: whatever a codec's rules allow comes up, in every order.

use crate::Colour;

/// Numbers that are the same in every run (xorshift64: Marsaglia, "Xorshift RNGs", 2003).
#[derive(Debug, Clone)]
pub struct Scribble(u64);

impl Scribble {
    /// A sequence of its own for each seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // Never 0, from which no other number comes.
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `end`.
    #[must_use]
    pub fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 32) % u64::from(end)) as u32
    }

    fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }

    /// So many bytes.
    #[must_use]
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }

    /// So many colours.
    #[must_use]
    pub fn colours(&mut self, count: usize) -> Vec<Colour> {
        (0..count).map(|_| [self.byte(), self.byte(), self.byte()]).collect()
    }

    /// A frame in BI_RLE8 or BI_RLE4 (MS Learn: Bitmap Compression). A `whole` frame leaves out no pixel; another one skips some by
    /// ends of lines and by deltas, and may end before the last row.
    #[must_use]
    pub fn run_lengths(&mut self, bits: u16, width: u32, height: u32, whole: bool) -> Vec<u8> {
        const END_OF_LINE: [u8; 2] = [0, 0];
        const END_OF_BITMAP: [u8; 2] = [0, 1];
        let per_byte = 8 / u32::from(bits);
        let mut frame = Vec::new();
        let (mut x, mut y) = (0, 0);
        while y < height {
            let left = width - x;
            let kind = self.below(if whole { 4 } else { 8 });
            if left == 0 || kind == 4 {
                frame.extend(END_OF_LINE);
                (x, y) = (0, y + 1);
            } else if kind == 5 && y + 1 < height {
                let (right, up) = (self.below(left.min(20)), self.below((height - y).min(3)));
                frame.extend([0, 2, right as u8, up as u8]);
                (x, y) = (x + right, y + up);
            } else if kind == 6 && self.below(400) == 0 {
                break;
            } else if kind < 2 && left >= 3 {
                let count = 3 + self.below((left - 2).min(253));
                frame.extend([0, count as u8]);
                let len = count.div_ceil(per_byte).next_multiple_of(2);
                frame.extend(self.bytes(len as usize));
                x += count;
            } else {
                let count = 1 + self.below(left.min(255));
                frame.extend([count as u8, self.byte()]);
                x += count;
            }
        }
        frame.extend(END_OF_BITMAP);
        frame
    }

    /// A frame of MS Video 1 with 8 bits (described at multimedia.cx, "Microsoft Video-1"): blocks of 4 by 4 pixels from the bottom
    /// row up, each of one, two or eight colours. A frame that is not `whole` skips some of them.
    #[must_use]
    pub fn video_1(&mut self, width: u32, height: u32, whole: bool) -> Vec<u8> {
        const SKIP: u16 = 0x8400;
        let mut frame = Vec::new();
        let mut left = width / 4 * (height / 4);
        while left > 0 {
            let mut done = 1;
            match self.below(if whole { 3 } else { 4 }) {
                // Two colours: the highest of the bits that choose between them is 0.
                0 => {
                    frame.extend((self.below(0x8000) as u16).to_le_bytes());
                    frame.extend(self.bytes(2));
                }
                // Eight: two for each quarter.
                1 => {
                    frame.extend((0x9000 | self.below(0x7000) as u16).to_le_bytes());
                    frame.extend(self.bytes(8));
                }
                // One.
                2 => frame.extend([self.byte(), 0x80]),
                _ => {
                    done = 1 + self.below(left.min(30));
                    frame.extend((SKIP | done as u16).to_le_bytes());
                }
            }
            left -= done;
        }
        frame.extend([0, 0]);
        frame
    }
}
