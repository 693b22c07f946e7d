//! A picture that is drawn on.

use super::font;

/// A colour: red, green, blue.
pub type Colour = [u8; 3];

/// A picture, RGB, rows from the top.
pub struct Canvas {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Canvas {
    /// One of this size and colour.
    pub fn new(width: usize, height: usize, colour: Colour) -> Self {
        Self { width, height, rgb: colour.repeat(width * height) }
    }

    /// Its size, and its bytes.
    pub fn rgb(&self) -> (u32, u32, &[u8]) {
        (self.width as u32, self.height as u32, &self.rgb)
    }

    /// Fills a rectangle, as far as it is on the picture.
    pub fn fill(&mut self, left: usize, top: usize, width: usize, height: usize, colour: Colour) {
        for y in top..(top + height).min(self.height) {
            for x in left..(left + width).min(self.width) {
                self.set(x, y, colour);
            }
        }
    }

    /// Draws the edge of a rectangle and its diagonals, one point thick.
    pub fn cross(&mut self, left: usize, top: usize, width: usize, height: usize, colour: Colour) {
        let (right, bottom) = (width.saturating_sub(1), height.saturating_sub(1));
        for across in 0..width {
            self.set(left + across, top, colour);
            self.set(left + across, top + bottom, colour);
        }
        for down in 0..height {
            self.set(left, top + down, colour);
            self.set(left + right, top + down, colour);
        }
        let steps = right.max(bottom);
        for step in 0..=steps {
            let (across, down) = (step * right / steps.max(1), step * bottom / steps.max(1));
            self.set(left + across, top + down, colour);
            self.set(left + right - across, top + down, colour);
        }
    }

    /// Writes a text, each point of the font `scale` points wide and high.
    pub fn text(&mut self, left: usize, top: usize, scale: usize, text: &str, colour: Colour) {
        for (number, character) in text.chars().enumerate() {
            let start = left + number * font::ADVANCE * scale;
            for (across, down) in font::points(character) {
                self.fill(start + across * scale, top + down * scale, scale, scale, colour);
            }
        }
    }

    /// Shows a picture, BGR24 from the top, made smaller to `size`: each point is the mean of those that fall on it.
    pub fn picture(
        &mut self,
        left: usize,
        top: usize,
        size: (usize, usize),
        bgr: &[u8],
        from: (usize, usize),
    ) {
        let span = |at: usize, of: usize, to: usize| {
            let start = at * of / to.max(1);
            start..((at + 1) * of / to.max(1)).max(start + 1).min(of)
        };
        for y in 0..size.1 {
            for x in 0..size.0 {
                let (mut sums, mut count) = ([0_u64; 3], 0);
                for row in span(y, from.1, size.1) {
                    for column in span(x, from.0, size.0) {
                        let at = (row * from.0 + column) * 3;
                        let Some(&[blue, green, red]) = bgr.get(at..).and_then(|rest| rest.first_chunk())
                        else {
                            continue;
                        };
                        sums.iter_mut()
                            .zip([red, green, blue])
                            .for_each(|(sum, value)| *sum += u64::from(value));
                        count += 1;
                    }
                }
                if count > 0 {
                    self.set(left + x, top + y, sums.map(|sum| ((sum + count / 2) / count) as u8));
                }
            }
        }
    }

    fn set(&mut self, x: usize, y: usize, colour: Colour) {
        if x < self.width
            && let Some(point) =
                self.rgb.get_mut((y * self.width + x) * 3..).and_then(|rest| rest.first_chunk_mut())
        {
            *point = colour;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(canvas: &Canvas, x: usize, y: usize) -> Colour {
        *canvas.rgb[(y * canvas.width + x) * 3..].first_chunk().unwrap()
    }

    #[test]
    fn nothing_is_drawn_beside_the_picture() {
        let mut canvas = Canvas::new(4, 3, [1, 1, 1]);
        canvas.fill(3, 2, 10, 10, [9, 9, 9]);
        canvas.text(2, 1, 2, "#\u{E4}", [9, 9, 9]);
        canvas.cross(2, 1, 5, 5, [7, 7, 7]);
        assert_eq!((canvas.rgb.len(), colour(&canvas, 0, 2)), (36, [1, 1, 1]));
    }

    #[test]
    fn smaller_pictures_are_means() {
        let mut canvas = Canvas::new(2, 1, [0; 3]);
        // Two rows of four points; blue first.
        let bgr: Vec<u8> = (0..8).flat_map(|at| [at * 10, 0, 200]).collect();
        canvas.picture(0, 0, (2, 1), &bgr, (4, 2));
        assert_eq!([colour(&canvas, 0, 0), colour(&canvas, 1, 0)], [[200, 0, 25], [200, 0, 45]]);
        // As large as it is, it is as it is; what is not there is left out.
        canvas.picture(0, 0, (2, 1), &[1, 2, 3], (2, 1));
        assert_eq!([colour(&canvas, 0, 0), colour(&canvas, 1, 0)], [[3, 2, 1], [200, 0, 45]]);
    }

    #[test]
    fn a_cross_reaches_all_corners() {
        let mut canvas = Canvas::new(5, 5, [0; 3]);
        canvas.cross(0, 0, 5, 5, [9; 3]);
        for (x, y) in [(0, 0), (4, 0), (0, 4), (4, 4), (2, 2), (1, 3), (2, 0)] {
            assert_eq!(colour(&canvas, x, y), [9; 3], "{x} {y}");
        }
        assert_eq!(colour(&canvas, 2, 1), [0; 3]);
    }
}
