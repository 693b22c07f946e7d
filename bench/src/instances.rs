//! A further instance of a driver that is open: opening and closing it.

use std::path::Path;
use std::time::Instant;

use drvhost::{DriverFile, Machine, Session};

use crate::calls::{CLOSED, NAME_OF_X86_64, OPENED, compile};
use crate::failure::{Failure, run};
use crate::ours::file_as_driver;
use crate::quantiles::Quantiles;
use crate::report::{Better, Row, WINE};
use crate::wine::Wine;

/// Opens and closes so many instances on each side, in so many rounds in turn, and asks the driver how often that was.
pub fn measure(wine: Option<&Wine>, folder: &Path, rounds: usize, count: usize) -> Result<Vec<Row>, Failure> {
    let nanoseconds = |name| Row::new(name, "ns", Better::Less);
    let mut wide = nanoseconds("open and close of a further instance, p50");
    let mut tail = nanoseconds("open and close of a further instance, p99");
    let mut narrow = nanoseconds("i386: open and close of a further instance, p50").against(NAME_OF_X86_64);
    let [x86_64, i386] = Machine::ALL.map(|machine| compile(machine, folder).map(file_as_driver));
    let (x86_64, i386) = (x86_64?, i386?);
    for _ in 0..rounds {
        let ours_wide = ours(&x86_64, count)?;
        let ours_narrow = ours(&i386, count)?;
        wide.ours.push(ours_wide.median());
        tail.ours.push(ours_wide.p99());
        narrow.ours.push(ours_narrow.median());
        narrow.theirs.push(ours_wide.median());
        if let Some(wine) = wine {
            let theirs = theirs(wine, &x86_64.path, count)?;
            wide.theirs.push(theirs.median());
            tail.theirs.push(theirs.p99());
        }
    }
    narrow.verified(true);
    wide.verified(wine.is_some());
    tail.verified(wine.is_some());
    Ok(vec![wide, tail, narrow])
}

fn ours(driver: &DriverFile, count: usize) -> Result<Quantiles, Failure> {
    let session = Session::builder().start()?;
    let open = || session.open(driver, |_| Ok(0));
    let first = open()?;
    let counts = || -> Result<[i64; 2], Failure> {
        Ok([session.send(first, OPENED, 0, 0)?, session.send(first, CLOSED, 0, 0)?])
    };
    let before = counts()?;
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let started = Instant::now();
        session.close(open()?, 0, 0)?;
        times.push(started.elapsed().as_nanos() as f64);
    }
    let after = counts()?;
    let changes = [after[0] - before[0], after[1] - before[1]];
    same("drvhost", changes, count)?;
    session.close(first, 0, 0)?;
    Quantiles::of(times)
}

fn theirs(wine: &Wine, driver: &Path, count: usize) -> Result<Quantiles, Failure> {
    let mut command = wine.program("reopen");
    command.arg(Wine::name_of(driver)).args([OPENED, CLOSED].map(|message| message.to_string()));
    let text = run(command.arg(count.to_string()))?;
    let (changes, quantiles) = Quantiles::parse("reopen.exe", &text)?;
    same(WINE, changes, count)?;
    Ok(quantiles)
}

/// Whether the driver was opened and closed as often as it should.
fn same(side: &str, changes: [i64; 2], count: usize) -> Result<(), Failure> {
    if changes == [count as i64; 2] {
        return Ok(());
    }
    Err(Failure::Wrong {
        what: format!("{side}: how often the driver was opened and closed"),
        expected: format!("{count} and {count}"),
        found: format!("{} and {}", changes[0], changes[1]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_that_was_not_opened_as_often_is_an_error() {
        assert!(same(WINE, [5, 5], 5).is_ok());
        let error = same(WINE, [5, 4], 5).unwrap_err().to_string();
        assert!(
            error.starts_with("Wine") && error.contains("5 and 4") && error.contains("5 and 5"),
            "{error}"
        );
    }
}
