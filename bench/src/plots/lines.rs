//! Curves: how long messages take, and how long the end of a session takes.

use plotters::element::Circle;
use plotters::style::text_anchor::HPos;
use plotters::style::{Color, RGBColor};

use super::axis::{Axis, short};
use super::{COLOURS, GRID, INK, PALE_INK, Place, Sheet, USUAL};
use crate::failure::Failure;
use crate::quantiles::PARTS;
use crate::record::Record;
use crate::report::Series;
use crate::subjects::What;

/// Pixels.
const SIZE: (u32, u32) = (960, 460);
const LEFT: i32 = 84;
const RIGHT: i32 = 640;
const TOP: i32 = 56;
const BOTTOM: i32 = 396;
/// Where the curves' names are.
const LEGEND: i32 = RIGHT + 24;

fn of(record: &Record, what: What) -> Vec<&Series> {
    let subject = what.name();
    record.series.iter().filter(|series| series.subject == subject && !series.points.is_empty()).collect()
}

/// Nanoseconds by the part of the messages that took no longer.
pub fn latency(record: &Record) -> Result<Option<String>, Failure> {
    let curves = of(record, What::RoundTrip);
    if curves.is_empty() {
        return Ok(None);
    }
    // The few that take longest have as much room as the many.
    let rare = |part: f64| 1.0 / (1.0 - part);
    let x = Axis::between(rare(PARTS[0])..rare(PARTS[PARTS.len() - 1]), [LEFT, RIGHT]);
    let y =
        Axis::around(curves.iter().flat_map(|curve| curve.points.iter().map(|point| point.1)), [BOTTOM, TOP]);
    Sheet::draw(SIZE, "One message and its answer", |sheet| {
        for part in PARTS {
            let at = x.place(rare(part));
            sheet.line(vec![(at, TOP), (at, BOTTOM)], GRID, 1);
            let percent = (part * 1000.0).round() / 10.0;
            // Those between 99 and 99.9 are too near to each other.
            if part != 0.995 {
                sheet.text((at, BOTTOM + 14), &format!("{percent} %"), HPos::Center, USUAL, PALE_INK);
            }
        }
        across(sheet, &y, time);
        let name = "so many messages take no longer";
        sheet.text(((LEFT + RIGHT) / 2, BOTTOM + 40), name, HPos::Center, USUAL, PALE_INK);
        draw(sheet, &curves, |(part, time)| (x.place(rare(part)), y.place(time)));
    })
    .map(Some)
}

/// Nanoseconds, for people.
fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        1e9.. => format!("{} s", nanoseconds / 1e9),
        1e6.. => format!("{} ms", nanoseconds / 1e6),
        1e3.. => format!("{} us", nanoseconds / 1e3),
        _ => format!("{nanoseconds} ns"),
    }
}

/// Milliseconds by the number of instances.
pub fn session_end(record: &Record) -> Result<Option<String>, Failure> {
    let curves = of(record, What::SessionEnd);
    let points = || curves.iter().flat_map(|curve| &curve.points);
    if curves.is_empty() {
        return Ok(None);
    }
    let x = Axis::around(points().map(|point| point.0), [LEFT, RIGHT]);
    let y = Axis::around(points().map(|point| point.1), [BOTTOM, TOP]);
    Sheet::draw(SIZE, "The end of a session", |sheet| {
        for tick in x.ticks() {
            let at = x.place(tick);
            sheet.line(vec![(at, TOP), (at, BOTTOM)], GRID, 1);
            sheet.text((at, BOTTOM + 14), &short(tick), HPos::Center, USUAL, PALE_INK);
        }
        across(sheet, &y, |milliseconds| time(milliseconds * 1e6));
        sheet.text(((LEFT + RIGHT) / 2, BOTTOM + 40), "instances", HPos::Center, USUAL, PALE_INK);
        draw(sheet, &curves, |(instances, time)| (x.place(instances), y.place(time)));
    })
    .map(Some)
}

/// Lines for the values of the axis that goes upwards.
fn across(sheet: &mut Sheet<'_>, y: &Axis, name: impl Fn(f64) -> String) {
    for tick in y.ticks() {
        let at = y.place(tick);
        sheet.line(vec![(LEFT, at), (RIGHT, at)], GRID, 1);
        sheet.text((LEFT - 8, at), &name(tick), HPos::Right, USUAL, PALE_INK);
    }
}

/// The curves with their points, and their names beside them.
fn draw(sheet: &mut Sheet<'_>, curves: &[&Series], place: impl Fn((f64, f64)) -> Place) {
    for (at, curve) in curves.iter().enumerate() {
        let colour: RGBColor = COLOURS.get(at).copied().unwrap_or(INK);
        let points: Vec<Place> = curve.points.iter().map(|point| place(*point)).collect();
        for point in &points {
            let drawn = sheet.area.draw(&Circle::new(*point, 4, colour.filled()));
            sheet.note(drawn);
        }
        sheet.line(points, colour, 2);
        let y = TOP + 10 + 26 * i32::try_from(at).unwrap_or(0);
        sheet.line(vec![(LEGEND, y), (LEGEND + 24, y)], colour, 3);
        sheet.text((LEGEND + 32, y), &curve.name, HPos::Left, USUAL, INK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_their_units() {
        assert_eq!([100.0, 1e4, 1e6, 1e10].map(time), ["100 ns", "10 us", "1 ms", "10 s"]);
    }

    #[test]
    fn curves_are_drawn_with_their_names() {
        let series =
            |name: &str, points| Series { subject: What::SessionEnd.name(), name: name.to_owned(), points };
        let record = Record {
            series: vec![series("all good", vec![(10.0, 260.0), (10_000.0, 520.0)]), series("none", vec![])],
            ..Record::default()
        };
        let svg = session_end(&record).unwrap().unwrap();
        assert!(svg.contains("all good") && !svg.contains("none<") && svg.contains("10k"), "{svg}");
        assert!(latency(&record).unwrap().is_none());
    }
}
