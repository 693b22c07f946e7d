//! Bars that lie: ratios, and speeds.

use plotters::style::FontStyle;
use plotters::style::text_anchor::HPos;

use super::axis::{Axis, short};
use super::{COLOURS, GRID, INK, MET, MISSED, NO_GOAL, PALE_INK, Sheet, USUAL};
use crate::failure::Failure;
use crate::record::Record;
use crate::report::text::number;
use crate::report::{Measured, WINE};
use crate::subjects::What;

/// Pixels.
const WIDTH: u32 = 1000;
const LABELS: i32 = 440;
const RIGHT: i32 = 920;
const TOP: i32 = 84;
const ROW: i32 = 24;
const BOTTOM: i32 = 50;

/// The most letters of a label, and how many of them are its end, by which many names differ.
const LETTERS: usize = 56;
const END: usize = 20;

/// The measurements of all subjects, in the document's order.
fn rows(record: &Record) -> Vec<&Measured> {
    let of = |what: What| {
        let name = what.name();
        record.measured.iter().filter(move |row| row.subject == name)
    };
    What::usual().flat_map(of).collect()
}

/// How many times better than Wine.
pub fn ratios(record: &Record) -> Result<Option<String>, Failure> {
    let rows: Vec<_> = rows(record).into_iter().filter(|row| row.peer.contains(WINE)).collect();
    let rows: Vec<(&Measured, f64, Option<f64>)> = rows
        .into_iter()
        .filter_map(|row| Some((row, row.ratio?.median, row.goal.and_then(crate::report::Goal::ratio))))
        .collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let bottom = TOP + ROW * i32::try_from(rows.len()).unwrap_or(0);
    let values = rows.iter().flat_map(|(_, ratio, goal)| [Some(*ratio), *goal, Some(1.0)]).flatten();
    let axis = Axis::around(values, [LABELS, RIGHT]);
    let size = (WIDTH, (bottom + BOTTOM).unsigned_abs());
    let drawing = |sheet: &mut Sheet<'_>| {
        let legend = [(MET, "goal met"), (MISSED, "goal missed"), (NO_GOAL, "no goal against Wine")];
        let mut x = 16;
        for (colour, text) in legend {
            sheet.bar([(x, 48), (x + 14, 60)], colour);
            sheet.text((x + 20, 54), text, HPos::Left, USUAL, INK);
            x += 40 + 8 * i32::try_from(text.len()).unwrap_or(0);
        }
        sheet.mark((x, 54), 8);
        sheet.text((x + 8, 54), "goal", HPos::Left, USUAL, INK);
        grid(sheet, &axis, bottom, "times better than Wine (left of 1: worse)");
        let one = axis.place(1.0);
        for (at, (row, ratio, goal)) in rows.iter().enumerate() {
            let middle = TOP + ROW * i32::try_from(at).unwrap_or(0) + ROW / 2;
            let colour = match (goal, row.met) {
                (Some(_), Some(true)) => MET,
                (Some(_), Some(false)) => MISSED,
                _ => NO_GOAL,
            };
            let end = axis.place(*ratio);
            sheet.text((LABELS - 12, middle), &label(row), HPos::Right, USUAL, INK);
            sheet.bar([(one.min(end), middle - 8), (one.max(end), middle + 8)], colour);
            if let Some(goal) = goal {
                sheet.mark((axis.place(*goal), middle), 11);
            }
            let reach = goal.map_or(end, |goal| axis.place(goal).max(end)).max(one);
            sheet.styled((reach + 8, middle), &number(*ratio), HPos::Left, USUAL, INK, FontStyle::Bold);
        }
        sheet.line(vec![(one, TOP), (one, bottom)], INK, 1);
    };
    Sheet::draw(size, "drvhost and Wine", drawing).map(Some)
}

/// Lines for the axis's values, and its name.
fn grid(sheet: &mut Sheet<'_>, axis: &Axis, bottom: i32, name: &str) {
    for tick in axis.ticks() {
        let x = axis.place(tick);
        sheet.line(vec![(x, TOP), (x, bottom)], GRID, 1);
        sheet.text((x, bottom + 12), &short(tick), HPos::Center, USUAL, PALE_INK);
    }
    sheet.text(((LABELS + RIGHT) / 2, bottom + 34), name, HPos::Center, USUAL, PALE_INK);
}

/// What a row is called beside its bar.
fn label(row: &Measured) -> String {
    if row.peer == WINE { short_name(&row.name) } else { short_name(&format!("{} ({})", row.name, row.peer)) }
}

/// A name that has room beside a bar: of a longer one, the middle is left out.
fn short_name(name: &str) -> String {
    let letters: Vec<char> = name.chars().filter(|letter| *letter != '`').collect();
    if letters.len() <= LETTERS {
        return letters.into_iter().collect();
    }
    let (begin, end) = (&letters[..LETTERS - END - 1], &letters[letters.len() - END..]);
    begin.iter().chain(&['…']).chain(end).collect()
}

/// Frames a second: what is measured by that unit, and each peer beside it.
pub fn speeds(record: &Record) -> Result<Option<String>, Failure> {
    let rows: Vec<_> = rows(record).into_iter().filter(|row| row.unit == "frames/s").collect();
    let groups = groups(&rows);
    if groups.is_empty() {
        return Ok(None);
    }
    let mut peers: Vec<&str> = vec!["drvhost"];
    for (who, _) in groups.iter().flat_map(|group| &group.bars) {
        if !peers.contains(who) {
            peers.push(who);
        }
    }
    let colour = |who: &str| {
        let at = peers.iter().position(|peer| *peer == who).unwrap_or(0);
        COLOURS.get(at).copied().unwrap_or(NO_GOAL)
    };
    let values = groups.iter().flat_map(|group| group.bars.iter().map(|(_, value)| *value));
    let axis = Axis::around(values, [LABELS, RIGHT]);
    let height: i32 = groups.iter().map(Group::height).sum();
    let bottom = TOP + height;
    let drawing = |sheet: &mut Sheet<'_>| {
        let mut x = 16;
        for who in &peers {
            sheet.bar([(x, 48), (x + 14, 60)], colour(who));
            sheet.text((x + 20, 54), who, HPos::Left, USUAL, INK);
            x += 40 + 8 * i32::try_from(who.len()).unwrap_or(0);
        }
        grid(sheet, &axis, bottom, "frames a second");
        let mut top = TOP;
        for group in &groups {
            let middle = top + group.height() / 2;
            sheet.text((LABELS - 12, middle), &short_name(group.name), HPos::Right, USUAL, INK);
            for (at, (who, value)) in group.bars.iter().enumerate() {
                let y = top + GAP / 2 + BAR * i32::try_from(at).unwrap_or(0);
                let end = axis.place(*value);
                sheet.bar([(LABELS, y + 1), (end.max(LABELS + 1), y + BAR - 1)], colour(who));
                sheet.text((end + 6, y + BAR / 2), &number(*value), HPos::Left, 11.0, INK);
            }
            top += group.height();
        }
        sheet.line(vec![(LABELS, TOP), (LABELS, bottom)], INK, 1);
    };
    Sheet::draw((WIDTH, (bottom + BOTTOM).unsigned_abs()), "Frames a second", drawing).map(Some)
}

/// Pixels of a bar in a group, and between groups.
const BAR: i32 = 13;
const GAP: i32 = 10;

/// Bars of one measurement: who, and how many frames a second.
struct Group<'a> {
    name: &'a str,
    bars: Vec<(&'a str, f64)>,
}

impl Group<'_> {
    fn height(&self) -> i32 {
        BAR * i32::try_from(self.bars.len()).unwrap_or(0) + GAP
    }
}

/// Rows of one name belong together: drvhost's bar is that of the first, and each peer has one.
fn groups<'a>(rows: &[&'a Measured]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for row in rows {
        let Some(ours) = row.drvhost else { continue };
        if groups.last().is_none_or(|group| group.name != row.name) {
            groups.push(Group { name: &row.name, bars: vec![("drvhost", ours.median)] });
        }
        let bars = groups.last_mut().map(|group| &mut group.bars);
        if let Some((bars, theirs)) = bars.zip(row.theirs) {
            bars.push((&row.peer, theirs.median));
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Better, Row};

    fn row(name: &'static str, peer: &'static str, ours: f64, theirs: f64) -> Measured {
        let mut row = Row::new(name, "frames/s", Better::More).against(peer);
        (row.ours, row.theirs) = (vec![ours], vec![theirs]);
        row.finish("film").unwrap()
    }

    #[test]
    fn peers_of_one_measurement_are_beside_each_other() {
        let rows = [
            row("film", WINE, 900.0, 600.0),
            row("film", "ffmpeg", 901.0, 700.0),
            row("other", WINE, 1.0, 2.0),
        ];
        let groups = groups(&rows.iter().collect::<Vec<_>>());
        let bars: Vec<_> = groups.iter().map(|group| (group.name, group.bars.clone())).collect();
        let expected = [
            ("film", vec![("drvhost", 900.0), (WINE, 600.0), ("ffmpeg", 700.0)]),
            ("other", vec![("drvhost", 1.0), (WINE, 2.0)]),
        ];
        assert_eq!(bars, expected);
    }

    #[test]
    fn labels_name_other_peers_and_are_cut() {
        assert_eq!(label(&row("`a` film", WINE, 1.0, 1.0)), "a film");
        assert_eq!(label(&row("start", "Wine, cold", 1.0, 1.0)), "start (Wine, cold)");
        let long = "0123456789012345678901234567890123456789012345678901234567890123456789";
        let cut = label(&row(long, WINE, 1.0, 1.0));
        assert_eq!((cut.chars().count(), cut.ends_with("…01234567890123456789")), (LETTERS, true), "{cut}");
    }
}
