//! Palettes for codecs that take numbers, and the nearest colour in them.

use std::collections::BTreeSet;

use fearless_simd::{Level, Simd, dispatch};

/// Blue, green and red.
type Colour = [u8; 3];
/// The six steps of a channel, evenly.
const STEPS: [u8; 6] = [0, 51, 102, 153, 204, 255];
/// Greys between these steps.
const GREYS: u32 = 40;
/// How many places there are for colours whose number is known, 256 KiB in all, as a power of two.
const PLACES: u32 = 16;

/// A palette, and which of its colours is nearest to any.
#[derive(Clone, Debug)]
pub(super) struct Nearest {
    colours: Vec<Colour>,
    /// The same, channel by channel, as many of them can be compared at once then.
    channels: Box<[[i32; 256]; 3]>,
    /// Some of the colours asked for, each in the one place where it can be, with its number in the lowest eight bits. A place that is
    /// empty has a colour that would not be there.
    known: Box<[u32; 1 << PLACES]>,
}

/// A colour as a number: blue in the lowest eight bits, then green and red.
fn number_of([blue, green, red]: Colour) -> u32 {
    u32::from_le_bytes([blue, green, red, 0])
}

/// Where a colour is among those that are known.
fn place(colour: u32) -> usize {
    // Fibonacci's way of spreading: the highest bits of the product depend on all of the colour's.
    (colour.wrapping_mul(0x9E37_79B9) >> (u32::BITS - PLACES)) as usize
}

impl Nearest {
    /// Of 256 colours. Where there are fewer, black fills up.
    pub fn new(colours: Vec<Colour>) -> Self {
        let mut channels = Box::new([[0; 256]; 3]);
        for (number, colour) in colours.iter().enumerate().take(256) {
            for (channel, value) in channels.iter_mut().zip(colour) {
                channel[number] = i32::from(*value);
            }
        }
        // Black is in the first place, so it can be in no other, and what is in the first is not white.
        let mut known = Box::new([0; 1 << PLACES]);
        known[0] = u32::MAX;
        Self { colours, channels, known }
    }

    /// The palette.
    pub fn colours(&self) -> &[Colour] {
        &self.colours
    }

    /// Puts into `to` the number of the colour that is nearest to each of a row's, by the sum of the squares of the channels' distances; the first
    /// of several.
    pub fn numbers(&mut self, row: &[Colour], to: &mut [u8]) {
        let (fours, rest) = row.as_chunks::<4>();
        let (mut last, mut numbers) = (None, [0; 4]);
        for (to, four) in to.as_chunks_mut().0.iter_mut().zip(fours) {
            // What has palettes is flat more often than not.
            if last != Some(four) {
                last = Some(four);
                let colours = four.map(number_of);
                let known = colours.map(|colour| self.known[place(colour)]);
                numbers = known.map(|known| known as u8);
                // One question for all four, as the answer is nearly always yes.
                let differ = known
                    .iter()
                    .zip(colours)
                    .fold(0, |differ, (known, colour)| differ | (known >> 8 ^ colour));
                if differ != 0 {
                    numbers = colours.map(|colour| self.number(colour));
                }
            }
            *to = numbers;
        }
        for (to, colour) in to.iter_mut().skip(fours.as_flattened().len()).zip(rest) {
            *to = self.number(number_of(*colour));
        }
    }

    /// The number of the nearest colour, which is known from here on.
    fn number(&mut self, colour: u32) -> u8 {
        let place = place(colour);
        let known = self.known[place];
        if known >> 8 == colour {
            return known as u8;
        }
        let [blue, green, red, _] = colour.to_le_bytes();
        let number = self.look([blue, green, red]);
        self.known[place] = colour << 8 | u32::from(number);
        number
    }

    /// The number of the nearest colour.
    fn look(&self, colour: Colour) -> u8 {
        dispatch!(Level::new(), simd => simd.vectorize(#[inline(always)] || nearest(&self.channels, colour)))
    }
}

/// The number of the nearest colour. It must be inlined to use the instructions of [`Nearest::look`].
#[inline(always)]
fn nearest(channels: &[[i32; 256]; 3], colour: Colour) -> u8 {
    let [blue, green, red] = colour.map(i32::from);
    let [blues, greens, reds] = channels;
    let mut least = u32::MAX;
    for number in 0..256 {
        let squares =
            (blues[number] - blue).pow(2) + (greens[number] - green).pow(2) + (reds[number] - red).pow(2);
        // Below 2^18. Of equal distances the first number's is the least.
        least = least.min((squares as u32) << 8 | number as u32);
    }
    least as u8
}

/// The palette of 256 colours for a picture.
pub(super) fn of_picture(bgr: &[u8]) -> Vec<Colour> {
    let pixels = bgr.as_chunks().0;
    if !pixels.is_empty() && pixels.iter().all(|[blue, green, red]| blue == green && green == red) {
        return (0..=u8::MAX).map(|grey| [grey; 3]).collect();
    }
    let (mut own, mut last) = (BTreeSet::new(), None);
    for pixel in pixels {
        // Neighbours are often alike.
        if last.replace(pixel) != Some(pixel) {
            own.insert(*pixel);
        }
        if own.len() > 256 {
            break;
        }
    }
    let mut colours = if own.len() <= 256 { Vec::from_iter(own) } else { Vec::new() };
    // A stride without a common factor with 216 spreads those that fit over all of them.
    let cube = (0..216).map(|number| number * 5 % 216);
    let cube = cube.map(|number: usize| [STEPS[number % 6], STEPS[number / 6 % 6], STEPS[number / 36]]);
    let greys = (1..=GREYS).map(|step| [(step * 255 / (GREYS + 1)) as u8; 3]);
    let others = cube.chain(greys).filter(|colour| !colours.contains(colour)).collect::<Vec<_>>();
    colours.extend(others);
    colours.resize(256, [0; 3]);
    colours
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(one: Colour, other: Colour) -> u32 {
        one.iter().zip(other).map(|(one, other)| u32::from(one.abs_diff(other)).pow(2)).sum()
    }

    fn number(nearest: &mut Nearest, colour: Colour) -> usize {
        let mut to = [0];
        nearest.numbers(&[colour], &mut to);
        to[0].into()
    }

    #[test]
    fn a_picture_of_few_colours_keeps_them() {
        let colours: Vec<u8> = (0..=u8::MAX).flat_map(|number| [number, 7, 255 - number]).collect();
        let palette = of_picture(&colours);
        let mut nearest = Nearest::new(palette.clone());
        assert_eq!(palette.len(), 256);
        for colour in colours.as_chunks::<3>().0 {
            assert_eq!(palette[number(&mut nearest, *colour)], *colour);
        }
    }

    #[test]
    fn colours_asked_for_in_any_order_get_their_nearest() {
        let palette: Vec<Colour> =
            (0..=u8::MAX).map(|n| [n, n.wrapping_mul(7), n.wrapping_mul(91)]).collect();
        let mut nearest = Nearest::new(palette.clone());
        // Black and white are those that empty places hold; some of the others push each other out.
        let mut state = 1_u32;
        let mut colours = vec![[0; 3], [255; 3]];
        colours.extend((0..90_000).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [_, blue, green, red] = state.to_le_bytes();
            [blue, green, red]
        }));
        for row in colours.chunks(1021).chain(colours.chunks(1021).rev()) {
            let mut numbers = vec![0; row.len() + 3];
            nearest.numbers(row, &mut numbers);
            assert_eq!(numbers.split_off(row.len()), [0; 3]);
            for (colour, number) in row.iter().zip(numbers) {
                let least = palette.iter().map(|other| distance(*colour, *other)).min().unwrap();
                let number = usize::from(number);
                assert_eq!(distance(*colour, palette[number]), least, "{colour:?}");
                assert!(
                    palette[..number].iter().all(|other| distance(*colour, *other) > least),
                    "{colour:?}"
                );
            }
        }
    }

    #[test]
    fn flat_parts_have_the_numbers_of_their_colours() {
        let palette: Vec<Colour> = (0..=u8::MAX).map(|grey| [grey; 3]).collect();
        let mut nearest = Nearest::new(palette);
        let row: Vec<Colour> =
            [7, 7, 7, 7, 7, 7, 7, 7, 9, 7, 7, 7, 9, 7, 7, 7, 8].map(|grey| [grey; 3]).into();
        let mut numbers = [0; 17];
        nearest.numbers(&row, &mut numbers);
        assert_eq!(numbers.map(|number| [number; 3]).as_slice(), row);
    }

    #[test]
    fn greys_are_all_there_where_a_picture_has_no_others() {
        assert_eq!(of_picture(&[9; 6])[200], [200; 3]);
    }

    #[test]
    fn other_pictures_get_steps_of_each_channel_and_greys() {
        let many: Vec<u8> = (0..600_u32).flat_map(|number| [number as u8, (number / 3) as u8, 17]).collect();
        let palette = of_picture(&many);
        let distinct: BTreeSet<_> = palette.iter().collect();
        assert!(palette.len() == 256 && distinct.len() > 250, "{}", distinct.len());
        let mut nearest = Nearest::new(palette.clone());
        let mut of = |colour| palette[number(&mut nearest, colour)];
        assert_eq!(of([250, 3, 99]), [255, 0, 102]);
        for colour in [[13, 77, 200], [1, 1, 1], [128, 128, 128], [90, 90, 90]] {
            let found = distance(colour, of(colour));
            assert_eq!(found, palette.iter().map(|other| distance(colour, *other)).min().unwrap());
        }
        // No colour is further away than half a step in each channel.
        assert!(distance([25, 76, 128], of([25, 76, 128])) <= 3 * 26 * 26);
    }
}
