//! One message to an open driver and its answer, on a machine with nothing else to do and on one whose processors are all busy.

use std::hint::black_box;
use std::time::{Duration, Instant};

use drvhost::{DriverFile, Session};
use mmsystem::DRV_QUERYCONFIGURE;

use crate::busy::Busy;
use crate::calls::NAME_OF_X86_64;
use crate::cold_start::DRIVER;
use crate::failure::{Failure, run};
use crate::floor;
use crate::ours::{driver, i386_driver};
use crate::quantiles::{Quantiles, mean};
use crate::report::{Better, Curves, Goal, Row, WINE};
use crate::wine::Wine;

/// What is to be met on a quiet machine, in nanoseconds.
const QUIET_P50: f64 = 400.0;
const QUIET_P99: f64 = 2000.0;
/// The same where all processors are busy.
const BUSY_P50: f64 = 60_000.0;
/// How many times as much an i386 driver's message may take.
const NARROW: f64 = 1.6;

/// Where processors are busy, a message may take as long as the kernel lets others run; so there it is as many messages as fit in this time.
const BUSY_TIME: Duration = Duration::from_secs(1);

/// What the picture calls each curve.
const CURVES: [&str; 5] = ["x86-64, quiet", "i386, quiet", "x86-64, busy", "i386, busy", "Wine, quiet"];

/// Sends so many messages to the driver for each machine, in so many rounds in turn. The rows are the medians and the 99th percentiles of the rounds.
/// Without a driver for i386 there are no rows of one.
pub fn measure(wine: Option<&Wine>, rounds: usize, count: usize) -> Result<(Vec<Row>, Curves), Failure> {
    let (x86_64, i386) = (driver(DRIVER)?.0, i386_driver(DRIVER));
    let mut quiet = Condition::new("", [Goal::AtMost(QUIET_P50), Goal::AtMost(QUIET_P99)].map(Some));
    let mut busy = Condition::new(", processors busy", [Some(Goal::AtMost(BUSY_P50)), None]);
    let mut theirs = Vec::new();
    let mut least = Row::new("the least: a number to another processor and back, p50", "ns", Better::Less);
    for _ in 0..rounds {
        least.ours.extend(floor::number(count)?.map(|times| times.median()));
        let answer = quiet.round(&x86_64, i386.as_ref(), count, None)?;
        if let Some(wine) = wine {
            theirs.push(peer(wine, answer, count)?);
        }
        let hogs = Busy::start()?;
        busy.round(&x86_64, i386.as_ref(), count, Some(BUSY_TIME))?;
        drop(hogs);
    }
    let curves = [&quiet.wide, &quiet.narrow, &busy.wide, &busy.narrow, &theirs];
    let curves = CURVES.iter().zip(curves).filter(|(_, rounds)| !rounds.is_empty());
    let curves = curves.map(|(name, rounds)| ((*name).to_owned(), Quantiles::curve(rounds))).collect();
    quiet.least.clone_from(&least.ours);
    let rows = [least].into_iter().chain(quiet.rows(&theirs)).chain(busy.rows(&[])).collect();
    Ok((rows, curves))
}

/// What is measured under one condition.
struct Condition {
    /// What it is called, behind the row's name.
    name: &'static str,
    /// Goals for the median and the 99th percentile.
    goals: [Option<Goal>; 2],
    /// Of the x86-64 driver, round by round.
    wide: Vec<Quantiles>,
    /// Of the i386 driver.
    narrow: Vec<Quantiles>,
    /// The mean of each round, of both drivers.
    means: [Vec<f64>; 2],
    /// What the median of each round could come to at best, where that is known.
    least: Vec<f64>,
}

impl Condition {
    fn new(name: &'static str, goals: [Option<Goal>; 2]) -> Self {
        Self {
            name,
            goals,
            wide: Vec::new(),
            narrow: Vec::new(),
            means: [Vec::new(), Vec::new()],
            least: Vec::new(),
        }
    }

    /// The answer, which is the same of both drivers.
    fn round(
        &mut self,
        x86_64: &DriverFile,
        i386: Option<&DriverFile>,
        count: usize,
        within: Option<Duration>,
    ) -> Result<i64, Failure> {
        let (answer, times) = ours(x86_64, count, within)?;
        self.means[0].push(mean(&times));
        self.wide.push(Quantiles::of(times)?);
        if let Some(i386) = i386 {
            let (other, times) = ours(i386, count, within)?;
            same(other, NAME_OF_X86_64, answer)?;
            self.means[1].push(mean(&times));
            self.narrow.push(Quantiles::of(times)?);
        }
        Ok(answer)
    }

    /// The rows, for the median and the 99th percentile.
    fn rows(&self, theirs: &[Quantiles]) -> Vec<Row> {
        type Part = (&'static str, fn(&Quantiles) -> f64);
        let parts: [Part; 2] = [("p50", Quantiles::median), ("p99", Quantiles::p99)];
        let mut rows = Vec::new();
        for ((part, of), goal) in parts.into_iter().zip(self.goals) {
            let name = format!("one message{}, {part}", self.name);
            let values = |rounds: &[Quantiles]| rounds.iter().map(of).collect::<Vec<_>>();
            let mut wide = Row::new(name.clone(), "ns", Better::Less);
            (wide.ours, wide.theirs) = (values(&self.wide), values(theirs));
            wide.limits = if part == "p50" { self.least.clone() } else { Vec::new() };
            wide.verified(!theirs.is_empty());
            let mut narrow = Row::new(format!("i386: {name}"), "ns", Better::Less).against(NAME_OF_X86_64);
            if !self.narrow.is_empty() {
                (narrow.ours, narrow.theirs) = (values(&self.narrow), values(&self.wide));
            }
            narrow.verified(true);
            match goal {
                Some(goal) => rows.extend([wide.goal(goal), narrow.goal(Goal::Within(NARROW))]),
                None => rows.extend([wide, narrow]),
            }
        }
        let [wide_means, narrow_means] = &self.means;
        let name = format!("one message{}, mean", self.name);
        let mut wide = Row::new(name.clone(), "ns", Better::Less);
        wide.ours.clone_from(wide_means);
        let mut narrow = Row::new(format!("i386: {name}"), "ns", Better::Less).against(NAME_OF_X86_64);
        if !narrow_means.is_empty() {
            narrow.ours.clone_from(narrow_means);
            narrow.theirs.clone_from(wide_means);
        }
        narrow.verified(true);
        rows.extend([wide, narrow]);
        rows
    }
}

/// The answer, and the nanoseconds until it came, of so many messages or as many as fit in a time.
fn ours(driver: &DriverFile, count: usize, within: Option<Duration>) -> Result<(i64, Vec<f64>), Failure> {
    let session = Session::builder().start()?;
    let hdrvr = session.open(driver, |_| Ok(0))?;
    let send = || session.send(hdrvr, DRV_QUERYCONFIGURE, 0, 0);
    let answer = send()?;
    let mut times = Vec::with_capacity(count);
    let begun = Instant::now();
    for _ in 0..count {
        let started = Instant::now();
        let again = black_box(send()?);
        let elapsed = started.elapsed();
        times.push(elapsed.as_nanos() as f64);
        if again != answer {
            same(again, "the first time", answer)?;
        }
        if within.is_some_and(|within| begun.elapsed() > within) {
            break;
        }
    }
    session.close(hdrvr, 0, 0)?;
    Ok((answer, times))
}

fn peer(wine: &Wine, answer: i64, count: usize) -> Result<Quantiles, Failure> {
    let message = DRV_QUERYCONFIGURE.to_string();
    let printed = run(wine.program("round_trip").args([DRIVER, &message, &count.to_string()]))?;
    let ([theirs], quantiles) = Quantiles::parse("round_trip.exe", &printed)?;
    same(answer, WINE, theirs)?;
    Ok(quantiles)
}

fn same(ours: i64, peer: &'static str, theirs: i64) -> Result<(), Failure> {
    if ours == theirs {
        return Ok(());
    }
    let (ours, theirs) = (ours.to_string(), theirs.to_string());
    Err(Failure::Differs { what: "DRV_QUERYCONFIGURE".to_owned(), ours, peer, theirs })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantiles::PARTS;

    #[test]
    fn both_widths_and_the_peer_have_their_rows() {
        let all = |value: f64| vec![Quantiles([value; PARTS.len()])];
        let mut quiet = Condition::new("", [Some(Goal::AtMost(400.0)), None]);
        (quiet.wide, quiet.narrow) = (all(390.0), all(700.0));
        let rows: Vec<_> = quiet.rows(&all(39.0)).into_iter().filter_map(|row| row.finish("x")).collect();
        let told: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.peer.as_str(), row.met)).collect();
        let expected = [
            ("one message, p50", "Wine", Some(true)),
            // 1.79 times as long as the x86-64 driver's.
            ("i386: one message, p50", "x86-64", Some(false)),
            ("one message, p99", "Wine", None),
            ("i386: one message, p99", "x86-64", None),
        ];
        assert_eq!(told, expected);
        quiet.means = [vec![450.0], vec![800.0]];
        let last = quiet.rows(&[]).into_iter().filter_map(|row| row.finish("x")).next_back().unwrap();
        assert_eq!((last.name.as_str(), last.ratio.unwrap().median), ("i386: one message, mean", 0.5625));
        quiet.means = [Vec::new(), Vec::new()];
        quiet.narrow.clear();
        assert_eq!(quiet.rows(&[]).into_iter().filter_map(|row| row.finish("x")).count(), 2);
    }

    #[test]
    fn another_answer_is_an_error() {
        assert!(same(-1, WINE, -1).is_ok());
        assert_eq!(
            same(0, WINE, -1).unwrap_err().to_string(),
            "DRV_QUERYCONFIGURE: drvhost answered 0, Wine -1"
        );
    }
}
