//! One message to an open driver and its answer.

use std::hint::black_box;
use std::time::Instant;

use drvhost::Session;
use mmsystem::DRV_QUERYCONFIGURE;

use crate::cold_start::DRIVER;
use crate::failure::{Failure, run};
use crate::ours::driver;
use crate::report::{Better, Goal, Row, WINE};
use crate::statistics::Summary;
use crate::wine::Wine;

/// Sends so many messages on each side, in so many rounds in turn. The rows are the medians and the 99th percentiles of the rounds.
pub fn measure(wine: Option<&Wine>, rounds: usize, count: usize) -> Result<[Row; 2], Failure> {
    let mut median = Row::new("round trip, p50", "ns", Better::Less);
    let mut tail = Row::new("round trip, p99", "ns", Better::Less);
    for _ in 0..rounds {
        let (answer, ours) = ours(count)?;
        median.ours.push(ours.median);
        tail.ours.push(ours.p99);
        let Some(wine) = wine else { continue };
        let message = DRV_QUERYCONFIGURE.to_string();
        let printed = run(wine.program("round_trip").args([DRIVER, &message, &count.to_string()]))?;
        let theirs = parse(&printed)?;
        if theirs.answer != answer {
            let (ours, theirs) = (answer.to_string(), theirs.answer.to_string());
            return Err(Failure::Differs { what: "DRV_QUERYCONFIGURE".to_owned(), ours, peer: WINE, theirs });
        }
        median.theirs.push(theirs.median);
        tail.theirs.push(theirs.p99);
    }
    median.verified(wine.is_some());
    tail.verified(wine.is_some());
    Ok([median.goal(Goal::Below(1000.0)), tail])
}

/// The answer, and how long it took to come.
fn ours(count: usize) -> Result<(i64, Summary), Failure> {
    let session = Session::builder().start()?;
    let hdrvr = session.open(&driver(DRIVER)?.0, |_| Ok(0))?;
    let send = || session.send(hdrvr, DRV_QUERYCONFIGURE, 0, 0);
    let answer = send()?;
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let started = Instant::now();
        black_box(send()?);
        times.push(started.elapsed().as_nanos() as f64);
    }
    session.close(hdrvr, 0, 0)?;
    let none = Failure::Unreadable { program: "the clock", text: String::new(), expected: "a time" };
    Ok((answer, Summary::of(times).ok_or(none)?))
}

/// What the peer prints.
#[derive(Debug, PartialEq)]
struct Printed {
    answer: i64,
    median: f64,
    p99: f64,
}

fn parse(text: &str) -> Result<Printed, Failure> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let printed = match words.as_slice() {
        [answer, median, p99] => answer.parse().ok().zip(median.parse().ok()).zip(p99.parse().ok()),
        _ => None,
    };
    let unreadable = || Failure::Unreadable {
        program: "round_trip.exe",
        text: text.to_owned(),
        expected: "an answer and two times",
    };
    printed.map(|((answer, median), p99)| Printed { answer, median, p99 }).ok_or_else(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peers_line_is_read() {
        assert_eq!(parse("-1 40.8 142.4\r\n").unwrap(), Printed { answer: -1, median: 40.8, p99: 142.4 });
        assert!(parse("-1 40.8").is_err());
        assert!(parse("-1 40.8 fast").unwrap_err().to_string().contains("two times"));
    }
}
