//! A font of five by seven points, with two more rows for what goes below the line.
//!
//! `font.txt` is a drawing of it: six bands of sixteen characters from the space on, nine rows each. The last place, that of DEL, is what stands for
//! all characters that are not there.

/// The drawing.
const DRAWN: &str = include_str!("font.txt");
/// Points of a character, across.
pub const WIDTH: usize = 5;
/// Points of a character, down.
pub const HEIGHT: usize = 9;
/// Points from one character to the next.
pub const ADVANCE: usize = 6;
/// Characters of a band.
const BAND: usize = 16;
/// The last place.
const MISSING: usize = 6 * BAND - 1;

/// The points of a character that are set: across and down.
pub fn points(character: char) -> impl Iterator<Item = (usize, usize)> {
    let place = (character as usize).checked_sub(' ' as usize).filter(|place| *place < MISSING);
    let place = place.unwrap_or(MISSING);
    let (band, column) = (place / BAND, place % BAND);
    // An empty row stands between two bands.
    let rows = DRAWN.lines().skip(band * (HEIGHT + 1)).take(HEIGHT).enumerate();
    rows.flat_map(move |(row, line)| {
        let drawn = line.as_bytes().iter().skip(column * ADVANCE).take(WIDTH).enumerate();
        drawn.filter(|(_, point)| **point == b'#').map(move |(across, _)| (across, row))
    })
}

/// Points that a text takes, across.
pub fn width(text: &str) -> usize {
    (text.chars().count() * ADVANCE).saturating_sub(ADVANCE - WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drawing_is_whole() {
        let lines: Vec<_> = DRAWN.lines().collect();
        assert_eq!(lines.len(), 6 * (HEIGHT + 1) - 1);
        for (number, line) in lines.iter().enumerate() {
            let is_between = number % (HEIGHT + 1) == HEIGHT;
            assert_eq!(line.len(), if is_between { 0 } else { BAND * ADVANCE - 1 }, "{number}");
            let between = line.bytes().enumerate().filter(|(at, _)| at % ADVANCE == WIDTH);
            assert!(between.into_iter().all(|(_, point)| point == b' '), "{number}");
        }
    }

    #[test]
    fn characters_differ_and_have_points() {
        let all: Vec<Vec<_>> = (' '..='\x7F').map(|character| points(character).collect()).collect();
        for (number, drawn) in all.iter().enumerate() {
            assert_eq!(drawn.is_empty(), number == 0, "{number}");
            assert!(all.iter().take(number).all(|other| other != drawn), "{number}");
            assert!(drawn.iter().all(|(across, down)| *across < WIDTH && *down < HEIGHT));
        }
        let missing: Vec<_> = points('\u{20AC}').collect();
        assert_eq!(Some(&missing), all.last());
        assert_eq!((width(""), width("a"), width("ab")), (0, 5, 11));
    }
}
