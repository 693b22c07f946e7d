//! The conformance suite: each scenario of `scripts/` is a test here, and so is the table of all statements.
#![forbid(unsafe_code)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use drvhost_tests::conformance::{Drvhost, Script, Table, Wine, WineColumn, play, scripts, tests};
use drvhost_tests::{Generated, Machine};
use libtest_mimic::{Arguments, Failed, Trial};

/// Whether what plays the scripts under Wine is here.
const WINE: bool = !cfg!(any(no_mingw, no_wine64));

/// The table.
const DOCUMENT: Generated = Generated("docs/conformance.md");

fn main() {
    let mut trials: Vec<Trial> = Vec::new();
    for script in scripts() {
        for &machine in &script.machines {
            let (name, script) = (format!("{}::{machine}", script.name()), script.clone());
            let trial = Trial::test(name, move || on_drvhost(&script, machine));
            trials.push(needing(trial, cfg!(no_mingw), "mingw-w64 for x86-64 and i686"));
        }
    }
    trials.push(Trial::test("table_agrees_with_the_tests", table_agrees_with_the_tests));
    let wine = Trial::test("table_says_what_wine_does", table_says_what_wine_does);
    trials.push(needing(wine, !WINE, "wine64, mingw-w64 for x86-64 and i686"));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn on_drvhost(script: &Script, machine: Machine) -> Result<(), Failed> {
    play(script, &mut Drvhost::new(machine)).map_err(|difference| {
        format!("scripts/{}.script: {}\n{difference}", script.file, script.sentence).into()
    })
}

/// A test that is ignored where a package is missing, and says so.
fn needing(trial: Trial, missing: bool, package: &str) -> Trial {
    if missing { trial.with_ignored_flag(true).with_kind(format!("needs {package}")) } else { trial }
}

/// The table stands as it would be generated, as far as that needs no Wine.
fn table_agrees_with_the_tests() -> Result<(), Failed> {
    let table = Table::new(tests(&scripts()));
    let problems = table.problems();
    if !problems.is_empty() {
        return Err(problems.join("\n").into());
    }
    let before = DOCUMENT.read();
    let text = table.document(&WineColumn::read(&before));
    match (Generated::blessing(), WINE) {
        (false, _) => Ok(DOCUMENT.compare(&text)?),
        (true, false) => Ok(DOCUMENT.write(&text)?),
        // The other test writes it, and all of it.
        (true, true) => Ok(()),
    }
}

/// What the table says of Wine is what Wine does now.
fn table_says_what_wine_does() -> Result<(), Failed> {
    let scripts = scripts();
    let wine = WineColumn::new(Wine::version(), under_wine(&scripts));
    let text = Table::new(tests(&scripts)).document(&wine);
    if Generated::blessing() {
        return Ok(DOCUMENT.write(&text)?);
    }
    Ok(DOCUMENT.compare(&text)?)
}

/// Plays scenarios under Wine, some at a time; answers the statements of each, and its first difference.
fn under_wine(scripts: &[Script]) -> Vec<(Vec<u16>, Option<String>)> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(vec![None; scripts.len()]));
    // A prefix must stay until all have been played: another one in its place would meet its server, which ends later.
    let prefixes = Mutex::new(Vec::new());
    let play_some = || {
        while let Some((index, script)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            scripts.get(index).map(|script| (index, script))
        } {
            let mut wine = Wine::new();
            let difference = play(script, &mut wine).err();
            prefixes.lock().expect("no test has panicked").push(wine);
            results.lock().expect("no test has panicked")[index] = difference;
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(play_some))));
    let results = results.into_inner().expect("no test has panicked");
    scripts.iter().map(|script| script.statements.clone()).zip(results).collect()
}
