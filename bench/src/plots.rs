//! Pictures of what was measured, as SVG. They have a background of their own, so that they can be read on dark pages as well.

mod axis;
mod bars;
mod lines;

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{PathElement, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, IntoFont, RGBColor, TextStyle};

use crate::failure::Failure;
use crate::record::Record;

/// A picture: its file's name, what it shows, and its text.
pub struct Picture {
    /// In the folder of pictures.
    pub file: &'static str,
    /// Whose section it belongs to; none: the document's beginning.
    pub subject: Option<&'static str>,
    /// For those who do not see it.
    pub shows: &'static str,
    /// The picture.
    pub svg: String,
}

/// All pictures that there is something for.
///
/// # Errors
/// [`Failure`] where one cannot be drawn.
pub fn all(record: &Record) -> Result<Vec<Picture>, Failure> {
    let pictures = [
        (
            "ratios.svg",
            None,
            "How many times better than Wine drvhost is, row by row, on a logarithmic axis, with goals",
            bars::ratios(record)?,
        ),
        (
            "speeds.svg",
            None,
            "Frames a second of drvhost and of its peers, on a logarithmic axis",
            bars::speeds(record)?,
        ),
        (
            "latency.svg",
            Some("round-trip"),
            "How long messages take, by which part of them is quicker",
            lines::latency(record)?,
        ),
        (
            "session-end.svg",
            Some("session-end"),
            "How long the end of a session takes, by the number of instances",
            lines::session_end(record)?,
        ),
    ];
    let drawn = pictures
        .into_iter()
        .filter_map(|(file, subject, shows, svg)| Some(Picture { file, subject, shows, svg: svg? }));
    Ok(drawn.collect())
}

const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
const PALE_INK: RGBColor = RGBColor(0x66, 0x66, 0x66);
const GRID: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);
const PAPER: RGBColor = RGBColor(0xff, 0xff, 0xff);

/// Colours that people who see few colours can tell apart, too (those of Okabe and Ito).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
];
const MET: RGBColor = COLOURS[2];
const MISSED: RGBColor = COLOURS[4];
const NO_GOAL: RGBColor = RGBColor(0x8c, 0xa0, 0xb3);

/// Sizes of letters, in pixels.
const HEADING: f64 = 19.0;
const USUAL: f64 = 13.0;

/// Where things are, in pixels.
type Place = (i32, i32);

/// A sheet that is drawn on; what goes wrong is told in the end.
struct Sheet<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    wrong: Option<String>,
}

impl Sheet<'_> {
    /// Draws a picture of this size.
    fn draw(
        size: (u32, u32),
        heading: &str,
        drawing: impl FnOnce(&mut Sheet<'_>),
    ) -> Result<String, Failure> {
        let mut svg = String::new();
        let wrong = {
            let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            let mut sheet = Sheet { area, wrong: None };
            let filled = sheet.area.fill(&PAPER);
            sheet.note(filled);
            sheet.text((16, 22), heading, HPos::Left, HEADING, INK);
            drawing(&mut sheet);
            let ended = sheet.area.present();
            sheet.note(ended);
            sheet.wrong
        };
        match wrong {
            None => Ok(svg),
            Some(text) => Err(Failure::Failed { command: "drawing a picture".to_owned(), text }),
        }
    }

    fn note<E: std::error::Error + Send + Sync>(&mut self, drawn: Result<(), DrawingAreaErrorKind<E>>) {
        if let Err(error) = drawn {
            self.wrong = Some(error.to_string());
        }
    }

    /// Text whose middle line goes through the place.
    fn text(&mut self, place: Place, text: &str, side: HPos, size: f64, colour: RGBColor) {
        self.styled(place, text, side, size, colour, FontStyle::Normal);
    }

    fn styled(
        &mut self,
        place: Place,
        text: &str,
        side: HPos,
        size: f64,
        colour: RGBColor,
        style: FontStyle,
    ) {
        let font = ("sans-serif", size).into_font().style(style);
        let style = TextStyle::from(font).color(&colour).pos(Pos::new(side, VPos::Center));
        let drawn = self.area.draw(&Text::new(text.to_owned(), place, style));
        self.note(drawn);
    }

    fn bar(&mut self, corners: [Place; 2], colour: RGBColor) {
        let drawn = self.area.draw(&Rectangle::new(corners, colour.filled()));
        self.note(drawn);
    }

    fn line(&mut self, points: Vec<Place>, colour: RGBColor, width: u32) {
        let drawn = self.area.draw(&PathElement::new(points, colour.stroke_width(width)));
        self.note(drawn);
    }

    /// A mark across a bar: where it should reach.
    fn mark(&mut self, (x, y): Place, half: i32) {
        self.line(vec![(x, y - half), (x, y + half)], INK, 3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_escaped_and_whole() {
        let svg = Sheet::draw((200, 100), "a < b & c", |sheet| {
            sheet.bar([(10, 40), (60, 50)], MET);
            sheet.mark((60, 45), 8);
        });
        let svg = svg.unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
        assert!(svg.contains("a &lt; b &amp; c") && svg.contains("#009E73"), "{svg}");
    }

    #[test]
    fn without_measurements_there_are_no_pictures() {
        assert_eq!(all(&Record::default()).unwrap().len(), 0);
    }
}
