//! Cold start: from nothing to the answer of one message and back to nothing, as whole processes.

use std::path::Path;
use std::process::Command;

use mmsystem::DRV_QUERYCONFIGURE;

use crate::failure::{Failure, run};
use crate::floor::TwoPrograms;
use crate::launcher::{nothing, timed};
use crate::ours::drvhost;
use crate::report::{Better, Goal, Row, WINE};
use crate::wine::Wine;

/// The driver and the message.
pub const DRIVER: &str = "iccvid.dll";

/// The other side, where neither its server nor its services run before.
const COLD: &str = "Wine, cold";

/// What the launcher itself may take, in milliseconds.
const LAUNCHER: f64 = 0.3;

/// Starts each side so often, in turn, and compares the answers; then so often against a Wine that is started, too.
pub fn measure(
    wine: Option<&Wine>,
    folder: &Path,
    rounds: usize,
    cold_rounds: usize,
) -> Result<Vec<Row>, Failure> {
    let message = DRV_QUERYCONFIGURE.to_string();
    let ours = || drvhost(&["send", DRIVER, "DRV_QUERYCONFIGURE"]);
    let theirs = |wine: &Wine| {
        let mut command = wine.program("send");
        command.args([DRIVER, &message]);
        command
    };
    // Before Wine's services have anything to do.
    let launcher = launcher(folder, rounds)?;
    let expected = run(&mut ours())?;
    let milliseconds = |name| Row::new(name, "ms", Better::Less);
    let mut warm = milliseconds("cold start").goal(Goal::Ratio(25.0));
    let mut cold = milliseconds("cold start").against(COLD).goal(Goal::Ratio(150.0));
    if let Some(wine) = wine {
        same(&expected, &run(&mut theirs(wine))?)?;
    }
    let mut least = milliseconds("the least: two programs that do nothing, the second in name spaces");
    let programs = TwoPrograms::compiled(folder)?;
    if programs.is_none() {
        least = least.note("there is no C compiler for programs that do nothing");
    }
    let mut round = |row: &mut Row, wine: Option<&Wine>| {
        row.ours.push(answered(&mut ours(), &expected)?);
        let theirs = wine.map(|wine| answered(&mut theirs(wine), &expected)).transpose()?;
        let nothing = programs.as_ref().map(TwoPrograms::time).transpose()?;
        row.theirs.extend(theirs);
        least.ours.extend(nothing);
        row.limits.extend(theirs.zip(nothing).map(|(theirs, nothing)| theirs / nothing));
        Ok::<_, Failure>(())
    };
    for _ in 0..rounds {
        round(&mut warm, wine)?;
    }
    if let Some(wine) = wine {
        for _ in 0..cold_rounds {
            wine.stop()?;
            round(&mut cold, Some(wine))?;
        }
        wine.stop()?;
        wine.warm_up()?;
    }
    warm.verified(wine.is_some());
    cold.verified(wine.is_some());
    least.verified(true);
    Ok(vec![launcher, least, warm, cold])
}

/// What starting and awaiting a program takes by itself.
fn launcher(folder: &Path, rounds: usize) -> Result<Row, Failure> {
    let mut row = Row::new("the launcher itself, with a program that does nothing", "ms", Better::Less)
        .goal(Goal::AtMost(LAUNCHER));
    match nothing(folder)? {
        Some(program) => {
            for _ in 0..rounds {
                row.ours.push(timed(&mut Command::new(&program))?.0);
            }
        }
        None => row = row.note("there is no C compiler for a program that does nothing"),
    }
    Ok(row)
}

/// Milliseconds that a command takes, which must print what is expected.
fn answered(command: &mut Command, expected: &str) -> Result<f64, Failure> {
    let (time, printed) = timed(command)?;
    same(expected, &printed)?;
    Ok(time)
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
