//! Turning BGR24 into luma and colour differences (ITU-R BT.601, 8 bits, limited range).
//!
//! The recommendation defines, for red, green and blue from 0 to 1,
//!
//! ```text
//! Y  =  16 + 219 (0.299 R + 0.587 G + 0.114 B)
//! Cb = 128 + 224 (B - (0.299 R + 0.587 G + 0.114 B)) / 1.772
//! Cr = 128 + 224 (R - (0.299 R + 0.587 G + 0.114 B)) / 1.402
//! ```
//!
//! For channels from 0 to 255 these are fractions of whole numbers, so they are computed without any approximation
//! and rounded once, to the nearest; halves go up:
//!
//! ```text
//! Y  =  16 + round(219 ( 299 R + 587 G + 114 B) / 255000)
//! Cb = 128 + round(112 (-299 R - 587 G + 886 B) / 225930)
//! Cr = 128 + round(112 ( 701 R - 587 G - 114 B) / 178755)
//! ```

/// Converts BGR24 pixels to three planes of as many samples each, which stand one behind the other in `planes`: Y, Cb, Cr.
pub(super) fn planes_of(bgr: &[u8], planes: &mut Vec<u8>) {
    let pixels = bgr.as_chunks::<3>().0;
    planes.resize(pixels.len() * 3, 0);
    let (luma, differences) = planes.split_at_mut(pixels.len());
    let (blue_differences, red_differences) = differences.split_at_mut(pixels.len());
    let samples = luma.iter_mut().zip(blue_differences).zip(red_differences);
    for (((y, cb), cr), pixel) in samples.zip(pixels) {
        [*y, *cb, *cr] = ycbcr(*pixel);
    }
}

/// Two pixels beside each other, which share their colour differences: Y of each, and Cb and Cr of both, the mean of what each would have,
/// rounded once.
pub(super) fn pair([left, right]: [[u8; 3]; 2]) -> ([u8; 2], [u8; 2]) {
    let [blue, green, red] = [0, 1, 2].map(|channel| i32::from(left[channel]) + i32::from(right[channel]));
    let cb = rounded::<128, 451_860>(112 * (886 * blue - 299 * red - 587 * green));
    let cr = rounded::<128, 357_510>(112 * (701 * red - 587 * green - 114 * blue));
    ([ycbcr(left)[0], ycbcr(right)[0]], [cb, cr])
}

/// One pixel.
fn ycbcr([blue, green, red]: [u8; 3]) -> [u8; 3] {
    let (blue, green, red) = (i32::from(blue), i32::from(green), i32::from(red));
    let y = rounded::<16, 255_000>(219 * (299 * red + 587 * green + 114 * blue));
    let cb = rounded::<128, 225_930>(112 * (886 * blue - 299 * red - 587 * green));
    let cr = rounded::<128, 178_755>(112 * (701 * red - 587 * green - 114 * blue));
    [y, cb, cr]
}

/// `BASE + numerator / DIVISOR` to the nearest, which is 16 to 240. The base is added before the division, so that what is
/// divided is never negative and the division always rounds down.
fn rounded<const BASE: i32, const DIVISOR: i32>(numerator: i32) -> u8 {
    ((numerator + BASE * DIVISOR + DIVISOR / 2) as u32 / DIVISOR as u32) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greys_and_pure_colours_have_their_values() {
        assert_eq!(ycbcr([0, 0, 0]), [16, 128, 128]);
        assert_eq!(ycbcr([255, 255, 255]), [235, 128, 128]);
        for grey in 0..=255 {
            assert_eq!(ycbcr([grey; 3])[1..], [128, 128]);
        }
        // The colour bars of 100 %, as tables of BT.601 give them: blue, red, green, yellow, cyan, magenta.
        assert_eq!(ycbcr([255, 0, 0]), [41, 240, 110]);
        assert_eq!(ycbcr([0, 0, 255]), [81, 90, 240]);
        assert_eq!(ycbcr([0, 255, 0]), [145, 54, 34]);
        assert_eq!(ycbcr([0, 255, 255]), [210, 16, 146]);
        assert_eq!(ycbcr([255, 255, 0]), [170, 166, 16]);
        assert_eq!(ycbcr([255, 0, 255]), [106, 202, 222]);
    }

    #[test]
    fn every_sample_is_the_nearest_to_the_definition() {
        let mut most = 0_f64;
        for pixel in (0..1 << 24).step_by(7).map(|number: u32| number.to_le_bytes()) {
            let [blue, green, red, _] = pixel;
            let [b, g, r] = [blue, green, red].map(|channel| f64::from(channel) / 255.0);
            let luma = 0.299 * r + 0.587 * g + 0.114 * b;
            let defined =
                [16.0 + 219.0 * luma, 128.0 + 224.0 * (b - luma) / 1.772, 128.0 + 224.0 * (r - luma) / 1.402];
            for (sample, defined) in ycbcr([blue, green, red]).into_iter().zip(defined) {
                most = most.max((f64::from(sample) - defined).abs());
            }
        }
        assert!(most <= 0.5 + 1e-9, "{most}");
    }

    #[test]
    fn pairs_share_the_mean_of_their_colours() {
        for pixel in [[0, 0, 0], [255, 0, 0], [12, 200, 99]] {
            let [y, cb, cr] = ycbcr(pixel);
            assert_eq!(pair([pixel; 2]), ([y; 2], [cb, cr]));
        }
        // Blue has (240, 110) and red (90, 240).
        assert_eq!(pair([[255, 0, 0], [0, 0, 255]]), ([41, 81], [165, 175]));
    }

    #[test]
    fn planes_stand_one_behind_the_other() {
        let mut planes = vec![9; 100];
        planes_of(&[255, 255, 255, 255, 0, 0], &mut planes);
        assert_eq!(planes, [235, 41, 128, 240, 128, 110]);
    }
}
