//! `docs/hostile.md`: every entry of the catalogue, and whether its test is there.

use std::path::Path;

use drvhost_tests::Generated;

use super::{Entry, SUBJECTS};
use crate::lies::LIES;

const DOCUMENT: Generated = Generated("docs/hostile.md");

const INTRODUCTION: &str = "\
# Hostile drivers

A driver is any file that somebody has put into a folder. This is what one may try, and what comes of it. Each line is a test, through the real worker with every layer of the sandbox in
place. In those of the catalogue (`tests/suite/catalogue/`) an innocent driver in the same host goes on answering and is told of the session's end; every message ends at the latest a second after its deadline; the
hostile driver is asked again afterwards, or opened again where its worker is gone; a file beside it all is as it was, and nobody has connected to a port.

The table is generated from the entries that the tests go by, and a test fails when it differs. Do not edit it:

    cargo nextest run -p drvhost-tests catalogue::                              # the catalogue's own tests
    DRVHOST_BLESS=1 cargo test -p drvhost-tests --test suite catalogue::document    # writes this file anew

- **What comes of it**: *works* and *is answered* are what a harmless driver would get. A *fault* ends the message as an error of the driver's, with a text that contains what stands in italics; the driver answers
  its next message. *Interrupted at the deadline* is the same for a driver that takes too long. A *worker* that is killed or ends takes only its own drivers along, and they are loaded anew for who opens them.
  *Own loss* is any of these: the driver has changed what it should not reach, and how far it gets with that is its own affair.
- **x86-64**, **i386**: *yes* where drivers for that machine are tested so; the outcome where it differs; – where there is no such thing.
- **Test**: its name in the suite; tests of both widths are named `NAME::x86_64` and `NAME::i386`.
";

const ON_LIES: &str = "
## A worker that lies

A driver that has taken its worker over can have it say to the host whatever it likes. A program that does so (`tests/src/bin/lying-worker`) is started in the worker's place; beside it are a real worker with an innocent driver, which is asked after each lie,
and the session's end. *Killed* is the worker, and the driver is blamed, with what stands in italics. `lies::random::at_random` tells lies in random order.

| What the worker says | What comes of it | Test |
|---|---|---|
";

/// The document as it should be.
fn text() -> String {
    let mut text = INTRODUCTION.to_owned();
    let mut title = "";
    for subject in SUBJECTS {
        if subject.title != title {
            title = subject.title;
            text.push_str(&format!("\n## {title}\n\n"));
            text.push_str("| What the driver tries | What comes of it | x86-64 | i386 | Test |\n|---|---|---|---|---|\n");
        }
        subject.entries.iter().for_each(|entry| text.push_str(&line(entry)));
    }
    text.push_str(ON_LIES);
    for lie in LIES {
        text.push_str(&format!("| {} | {} | `lies::{}` |\n", lie.tries, lie.then, lie.stage.test()));
    }
    text
}

fn line(entry: &Entry) -> String {
    let [bits64, bits32] = entry.expected.map(|outcome| outcome.map(|outcome| outcome.to_string()));
    let there = |outcome: &Option<String>| outcome.as_ref().map_or("–", |_| "yes").to_owned();
    let (both, bits64, bits32) = match (&bits64, &bits32) {
        (Some(one), Some(other)) if one != other => ("differs".to_owned(), one.clone(), other.clone()),
        (Some(one), _) | (None, Some(one)) => (one.clone(), there(&bits64), there(&bits32)),
        (None, None) => unreachable!("an entry is about something"),
    };
    format!("| {} | {both} | {bits64} | {bits32} | `{}` |\n", entry.tries, name(entry))
}

/// Its name without the program's.
fn name(entry: &Entry) -> &'static str {
    entry.test.strip_prefix("suite::").unwrap_or(entry.test)
}

#[test]
fn document_is_what_is_tried() {
    if Generated::blessing() {
        DOCUMENT.write(&text()).expect("the document can be written");
    }
    DOCUMENT.compare(&text()).unwrap_or_else(|difference| panic!("{difference}"));
}

/// Names lead to tests: in the file of the module, or in that of the one around it.
#[test]
fn every_entry_is_a_test() {
    let lies = LIES.iter().map(|lie| format!("lies::{}", lie.stage.test()));
    let entries = SUBJECTS.iter().flat_map(|subject| subject.entries).map(|entry| name(entry).to_owned());
    for name in entries.chain(lies) {
        let (module, test) = name.rsplit_once("::").expect("a module and a test");
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("suite").join(module.replace("::", "/"));
        let code = std::fs::read_to_string(file.with_extension("rs")).unwrap_or_default();
        let mut words = code.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        assert!(words.any(|word| word == test), "{name} is in no file");
    }
}
