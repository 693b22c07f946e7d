//! Palettes for codecs that take numbers, and the nearest colour in them.

use std::collections::{BTreeSet, HashMap};

/// Blue, green and red.
type Colour = [u8; 3];
/// The most colours whose number is remembered: 64 MiB at most.
const MAX_KNOWN: usize = 1 << 20;
/// The six steps of a channel, evenly.
const STEPS: [u8; 6] = [0, 51, 102, 153, 204, 255];
/// Greys between these steps.
const GREYS: u32 = 40;

/// A palette, and which of its colours is nearest to any.
#[derive(Debug)]
pub(super) struct Nearest {
    colours: Vec<Colour>,
    known: HashMap<Colour, u8>,
    /// What was looked for last, as neighbours are often alike.
    last: (Colour, u8),
    /// Some of the colours asked for, each in the one place where it can be: found faster than by hashing. A place that is empty has a
    /// colour that would not be there.
    recent: Vec<(Colour, u8)>,
}

/// How many places there are for recent colours; a power of two.
const RECENT: usize = 4096;

/// Where a colour is among the recent ones.
fn place([blue, green, red]: Colour) -> usize {
    let colour = u32::from_le_bytes([blue, green, red, 0]);
    // Fibonacci's way of spreading: the highest bits of the product depend on all of the colour's.
    (colour.wrapping_mul(0x9E37_79B9) >> 20) as usize % RECENT
}

impl Nearest {
    /// Of 256 colours.
    pub fn new(colours: Vec<Colour>) -> Self {
        let mut known = HashMap::new();
        for (number, colour) in (0..=u8::MAX).zip(&colours) {
            known.entry(*colour).or_insert(number);
        }
        let last = colours.first().map_or(([0; 3], 0), |first| (*first, 0));
        // Black is in the first place, so it can be in no other, and what is in the first is not white.
        let mut recent = vec![([0; 3], 0); RECENT];
        recent[0] = ([255; 3], 0);
        Self { colours, known, last, recent }
    }

    /// The palette.
    pub fn colours(&self) -> &[Colour] {
        &self.colours
    }

    /// The number of the nearest colour, by the sum of the squares of the channels' distances; the first of several.
    pub fn number(&mut self, colour: Colour) -> u8 {
        if colour == self.last.0 {
            return self.last.1;
        }
        let place = place(colour);
        if let Some((recent, number)) = self.recent.get(place)
            && *recent == colour
        {
            self.last = (colour, *number);
            return *number;
        }
        let number = match self.known.get(&colour) {
            Some(number) => *number,
            None => {
                let numbered = (0..=u8::MAX).zip(&self.colours);
                let nearest = numbered.min_by_key(|(_, other)| distance(colour, **other));
                let number = nearest.map_or(0, |(number, _)| number);
                if self.known.len() < MAX_KNOWN {
                    self.known.insert(colour, number);
                }
                number
            }
        };
        self.last = (colour, number);
        if let Some(recent) = self.recent.get_mut(place) {
            *recent = self.last;
        }
        number
    }
}

fn distance(one: Colour, other: Colour) -> u32 {
    one.iter().zip(other).map(|(one, other)| u32::from(one.abs_diff(other)).pow(2)).sum()
}

/// The palette of 256 colours for a picture.
pub(super) fn of_picture(bgr: &[u8]) -> Vec<Colour> {
    let mut own = BTreeSet::new();
    let mut is_grey = true;
    for pixel @ [blue, green, red] in bgr.as_chunks().0 {
        is_grey = is_grey && blue == green && green == red;
        if own.len() <= 256 {
            own.insert(*pixel);
        }
        if own.len() > 256 && !is_grey {
            break;
        }
    }
    if is_grey && !own.is_empty() {
        return (0..=u8::MAX).map(|grey| [grey; 3]).collect();
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

    #[test]
    fn a_picture_of_few_colours_keeps_them() {
        let colours: Vec<u8> = (0..=u8::MAX).flat_map(|number| [number, 7, 255 - number]).collect();
        let palette = of_picture(&colours);
        let mut nearest = Nearest::new(palette.clone());
        assert_eq!(palette.len(), 256);
        for colour in colours.as_chunks::<3>().0 {
            assert_eq!(palette[usize::from(nearest.number(*colour))], *colour);
        }
    }

    #[test]
    fn colours_asked_for_in_any_order_get_their_nearest() {
        let palette: Vec<Colour> =
            (0..=u8::MAX).map(|n| [n, n.wrapping_mul(7), n.wrapping_mul(91)]).collect();
        let mut nearest = Nearest::new(palette.clone());
        // Black and white are those that empty places hold; the others push each other out.
        let mut state = 1_u32;
        let mut colours = vec![[0; 3], [255; 3]];
        colours.extend((0..6000).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [_, blue, green, red] = state.to_le_bytes();
            [blue, green, red]
        }));
        for colour in colours.iter().chain(colours.iter().rev()) {
            let least = palette.iter().map(|other| distance(*colour, *other)).min().unwrap();
            let number = usize::from(nearest.number(*colour));
            assert_eq!(distance(*colour, palette[number]), least, "{colour:?}");
            assert!(palette[..number].iter().all(|other| distance(*colour, *other) > least), "{colour:?}");
        }
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
        let mut of = |colour| palette[usize::from(nearest.number(colour))];
        assert_eq!(of([250, 3, 99]), [255, 0, 102]);
        for colour in [[13, 77, 200], [1, 1, 1], [128, 128, 128], [90, 90, 90]] {
            let found = distance(colour, of(colour));
            assert_eq!(found, palette.iter().map(|other| distance(colour, *other)).min().unwrap());
        }
        // No colour is further away than half a step in each channel.
        assert!(distance([25, 76, 128], of([25, 76, 128])) <= 3 * 26 * 26);
    }
}
