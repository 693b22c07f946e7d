//! Cold start: from nothing to the answer of one message and back to nothing, as whole processes.

use std::process::Command;
use std::time::Instant;

use mmsystem::DRV_QUERYCONFIGURE;

use crate::failure::{Failure, run};
use crate::ours::drvhost;
use crate::report::{Better, Goal, Row, WINE};
use crate::wine::Wine;

/// The driver and the message.
pub const DRIVER: &str = "iccvid.dll";

/// Starts each side so often, in turn, and compares the answers.
pub fn measure(wine: Option<&Wine>, rounds: usize) -> Result<Row, Failure> {
    let message = DRV_QUERYCONFIGURE.to_string();
    let ours = || drvhost(&["send", DRIVER, "DRV_QUERYCONFIGURE"]);
    let theirs = wine.map(|wine| {
        move || {
            let mut command = wine.program("send");
            command.args([DRIVER, &message]);
            command
        }
    });
    let expected = run(&mut ours())?;
    if let Some(theirs) = &theirs {
        same(&expected, &run(&mut theirs())?)?;
    }
    let mut row = Row::new("cold start", "ms", Better::Less);
    for _ in 0..rounds {
        row.ours.push(timed(&mut ours(), &expected)?);
        if let Some(theirs) = &theirs {
            row.theirs.push(timed(&mut theirs(), &expected)?);
        }
    }
    row.verified(wine.is_some());
    Ok(row.goal(Goal::Ratio(15.0)))
}

/// Milliseconds that a command takes, which must print what is expected.
fn timed(command: &mut Command, expected: &str) -> Result<f64, Failure> {
    let started = Instant::now();
    let printed = run(command)?;
    let elapsed = started.elapsed();
    same(expected, &printed)?;
    Ok(elapsed.as_secs_f64() * 1e3)
}

fn same(ours: &str, theirs: &str) -> Result<(), Failure> {
    let (ours, theirs) = (ours.trim(), theirs.trim());
    if ours == theirs {
        return Ok(());
    }
    Err(Failure::Differs {
        what: "DRV_QUERYCONFIGURE".to_owned(),
        ours: ours.to_owned(),
        peer: WINE,
        theirs: theirs.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_compared_without_line_ends() {
        assert!(same("-1\n", "-1\r\n").is_ok());
        let error = same("0\n", "-1\r\n").unwrap_err();
        assert_eq!(error.to_string(), "DRV_QUERYCONFIGURE: drvhost answered 0, Wine -1");
    }
}
