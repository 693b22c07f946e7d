//! The contact sheet: pictures of a film with their times and numbers, because people look before they trust.

use std::path::Path;

use serde::Serialize;

use super::canvas::{Canvas, Colour};
use super::{Findings, Found, Kind, Probe, clock, font, seconds};
use crate::decode::{Input, Stills};
use crate::error::Error;
use crate::media::{MediaError, VideoStream, write_png};

/// The longest side of a picture on the sheet.
const MAX_SIDE: usize = 320;
/// The most pictures.
pub const MAX_FRAMES: u32 = 1000;
/// Room around pictures and texts.
const ROOM: usize = 16;
/// How large the font's points are in captions, and in the heading.
const SMALL: usize = 2;
const LARGE: usize = 3;
/// The least room that a picture has, across: what its caption takes.
const CELL: usize = 20 * font::ADVANCE * SMALL;

const PAPER: Colour = [0x20, 0x21, 0x24];
const BOX: Colour = [0x2C, 0x2D, 0x31];
const INK: Colour = [0xE8, 0xEA, 0xED];
const FAINT: Colour = [0x9A, 0xA0, 0xA6];
const WRONG: Colour = [0xE0, 0x6C, 0x60];

/// What was drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sheet {
    /// The file.
    pub file: String,
    /// The frames on it, by their numbers, which count from 1.
    pub frames: Vec<u64>,
    /// Those of them that could not be decoded, and why.
    pub failed: Vec<(u64, String)>,
}

/// Draws the sheet.
pub(super) fn draw(
    probe: &Probe<'_>,
    findings: &Findings,
    frames: u32,
    path: &Path,
    stop: &dyn Fn() -> bool,
) -> Result<Sheet, Error> {
    let none =
        || MediaError::NoStream { wanted: "video to draw".to_owned(), present: findings.streams.len() };
    let (file, video) = match &probe.input {
        Input::Avi { avi, file, .. } => (file.clone(), avi.first_video()?),
        Input::Wave { .. } => return Err(none().into()),
    };
    let found =
        findings.streams.iter().find(|found| found.stream == video.index && found.kind == Kind::Video);
    let found = found.ok_or_else(none)?;
    // Frames behind the end of a damaged film are shown as missing, so that people see how much of it is.
    let length = found.found.max(found.stated).unwrap_or(0);
    let wanted = spread(length, frames.clamp(1, MAX_FRAMES));
    if wanted.is_empty() {
        return Err(MediaError::Unsupported {
            what: "a sheet of a film whose number of frames is not known".to_owned(),
            why: "without `--quick` they are counted".to_owned(),
        }
        .into());
    }
    let mut page = None;
    let mut failed = Vec::new();
    let stills = Stills { session: probe.session, what: &probe.what, file, video: &video, stop };
    let mut at = 0;
    stills.run(&wanted, |picture, size| {
        let page = page.get_or_insert_with(|| Page::new(findings, found, &video, size, wanted.len()));
        let frame = wanted.get(at).copied().unwrap_or(0);
        page.frame(at, frame, picture.as_ref().ok().copied(), &video);
        failed.extend(picture.err().map(|why| (frame + 1, why)));
        at += 1;
    })?;
    let page = page.ok_or_else(|| Error::Bug("a sheet without a page".to_owned()))?;
    let (width, height, rgb) = page.canvas.rgb();
    write_png(path, width, height, rgb)?;
    let frames = wanted.into_iter().map(|frame| frame + 1).collect();
    Ok(Sheet { file: path.display().to_string(), frames, failed })
}

/// So many of `length` frames, each in the middle of its part of the film; all where there are no more.
fn spread(length: u64, count: u32) -> Vec<u64> {
    let count = length.min(u64::from(count));
    (0..count)
        .map(|at| {
            let middle = (u128::from(at) * 2 + 1) * u128::from(length) / (u128::from(count.max(1)) * 2);
            u64::try_from(middle).unwrap_or(u64::MAX)
        })
        .collect()
}

/// A sheet that is being drawn.
struct Page {
    canvas: Canvas,
    /// What the film's pictures measure, and those on the sheet.
    from: (usize, usize),
    size: (usize, usize),
    columns: usize,
    cell: (usize, usize),
    /// Where the first row of pictures begins.
    top: usize,
}

impl Page {
    fn new(
        findings: &Findings,
        found: &Found,
        video: &VideoStream,
        from: (usize, usize),
        count: usize,
    ) -> Self {
        let size = fitted(from);
        let cell = (size.0.max(CELL), size.1 + ROOM / 2 + font::HEIGHT * SMALL);
        let columns = columns(count, cell);
        let rows = count.div_ceil(columns);
        let width = ROOM + columns * (cell.0 + ROOM);
        let lines = facts(findings, found, video);
        let line = (font::HEIGHT + 3) * SMALL;
        let top = ROOM + font::HEIGHT * LARGE + ROOM / 2 + lines.len() * line + ROOM / 2;
        let height = top + rows * (cell.1 + ROOM);
        let mut canvas = Canvas::new(width, height, PAPER);
        let room = width - 2 * ROOM;
        let name = Path::new(&findings.file).file_name().unwrap_or_default().to_string_lossy().into_owned();
        canvas.text(ROOM, ROOM, LARGE, &shortened(&name, room / (font::ADVANCE * LARGE)), INK);
        for (number, (text, is_wrong)) in lines.iter().enumerate() {
            let below = ROOM + font::HEIGHT * LARGE + ROOM / 2 + number * line;
            let text = shortened(text, room / (font::ADVANCE * SMALL));
            canvas.text(ROOM, below, SMALL, &text, if *is_wrong { WRONG } else { FAINT });
        }
        Self { canvas, from, size, columns, cell, top }
    }

    /// Draws one frame, or a box with a cross where there is none.
    fn frame(&mut self, place: usize, frame: u64, bgr: Option<&[u8]>, video: &VideoStream) {
        let Self { from, size, columns, cell, top, .. } = *self;
        let left = ROOM + place % columns * (cell.0 + ROOM);
        let top = top + place / columns * (cell.1 + ROOM);
        let inset = (cell.0 - size.0) / 2;
        match bgr {
            Some(bgr) => self.canvas.picture(left + inset, top, size, bgr, from),
            None => {
                self.canvas.fill(left + inset, top, size.0, size.1, BOX);
                self.canvas.cross(left + inset, top, size.0, size.1, WRONG);
            }
        }
        let below = top + size.1 + ROOM / 2;
        let time = seconds(frame, video.scale.into(), video.rate.into()).map(clock).unwrap_or_default();
        self.canvas.text(left, below, SMALL, &time, if bgr.is_some() { INK } else { WRONG });
        let number = format!("#{}", frame + 1);
        let width = font::width(&number) * SMALL;
        self.canvas.text((left + cell.0).saturating_sub(width), below, SMALL, &number, FAINT);
    }
}

/// What a picture measures on the sheet: at most [`MAX_SIDE`] each way, and never more than it has.
fn fitted((width, height): (usize, usize)) -> (usize, usize) {
    let longest = width.max(height).max(1);
    if longest <= MAX_SIDE {
        return (width.max(1), height.max(1));
    }
    let scaled = |side: usize| ((side * MAX_SIDE + longest / 2) / longest).max(1);
    (scaled(width), scaled(height))
}

/// How many pictures stand side by side: so many that a sheet is about as wide as it is high, half as much again, and the last row as full as can be.
fn columns(count: usize, (width, height): (usize, usize)) -> usize {
    let shape = |columns: usize| {
        let rows = count.div_ceil(columns);
        let ratio = (columns * (width + ROOM)) as f64 / (rows * (height + ROOM)) as f64;
        let empty = (rows * columns - count) as f64 / columns as f64;
        (ratio / 1.5).ln().abs() + empty / 2.0
    };
    (1..=count.clamp(1, 32)).min_by(|one, other| shape(*one).total_cmp(&shape(*other))).unwrap_or(1)
}

/// The lines below the heading, and whether each says what is wrong.
fn facts(findings: &Findings, found: &Found, video: &VideoStream) -> Vec<(String, bool)> {
    let mut film =
        vec![findings.container.clone(), format!("{} {}x{}", found.codec, video.width, video.height)];
    film.extend(found.rate.map(|rate| format!("{} frames/s", super::rounded(rate))));
    film.extend(found.found.or(found.stated).map(|frames| format!("{frames} frames")));
    film.extend(findings.seconds.map(clock));
    film.extend(found.driver.as_ref().map(|driver| format!("through {driver}")));
    let mut lines = vec![(film.join(", "), false)];
    for sound in findings.streams.iter().filter(|found| found.kind == Kind::Audio) {
        let mut facts = vec![format!("sound {}", sound.codec)];
        facts.extend(sound.sample_rate.map(|rate| format!("{rate} Hz")));
        facts.extend(sound.channels_text());
        facts.extend(sound.driver.as_ref().map(|driver| format!("through {driver}")));
        lines.push((facts.join(", "), false));
    }
    match findings.damage.as_slice() {
        [] => {}
        [only] => lines.push((format!("damaged: {only}"), true)),
        [first, others @ ..] => lines.push((format!("damaged: {first}; and {} more", others.len()), true)),
    }
    lines
}

/// A text of at most so many characters: what is too much is left out of its middle.
fn shortened(text: &str, most: usize) -> String {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= most {
        return text.to_owned();
    }
    let kept = most.saturating_sub(3);
    let head = kept.div_ceil(2);
    let (start, end) =
        (characters.iter().take(head), characters.iter().skip(characters.len() - (kept - head)));
    start.chain(&['.', '.', '.']).chain(end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_spread_over_the_whole_film() {
        assert_eq!(spread(6000, 3), [1000, 3000, 5000]);
        assert_eq!(spread(3, 12), [0, 1, 2]);
        assert_eq!((spread(1, 1), spread(0, 5)), (vec![0], vec![]));
        assert!(spread(u64::MAX, 12).is_sorted());
    }

    #[test]
    fn pictures_fit_and_keep_their_shape() {
        assert_eq!(fitted((160, 120)), (160, 120));
        assert_eq!(fitted((640, 480)), (320, 240));
        assert_eq!(fitted((480, 640)), (240, 320));
        assert_eq!((fitted((32_768, 1)), fitted((0, 0))), ((320, 1), (1, 1)));
    }

    #[test]
    fn sheets_are_neither_strips_nor_towers() {
        let of = |count| columns(count, (320, 270));
        assert_eq!([of(1), of(12), of(20)], [1, 4, 5]);
        assert!(of(1000) <= 32 && of(7) >= 3);
    }

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(shortened("film.avi", 8), "film.avi");
        assert_eq!(shortened("a long name of a film.avi", 12), "a lon....avi");
        assert_eq!(shortened("film.avi", 2), "...");
    }
}
