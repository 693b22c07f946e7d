//! Where drvhost answers otherwise than Wine does, and why.
//!
//! `survey/differences/LIBRARY.txt` has a paragraph for each case that differs:
//!
//! ```text
//! FUNCTION CASE[, 32 bits|, 64 bits]
//!   here: ANSWERS
//!   Wine: ANSWERS
//!   because: REASON
//! ```
//! Without a width it holds for both. Lines that begin with `#` are remarks.

use std::fs;
use std::path::Path;

use mmsystem::Width;

use super::{Survey, field};
use crate::Machine;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The library, without its ending.
    pub library: String,
    /// The function.
    pub function: String,
    /// The case.
    pub case: String,
    /// The only width for which it differs.
    pub only: Option<Width>,
    /// What comes of it here.
    pub here: String,
    /// What comes of it under Wine.
    pub wine: String,
    /// Why.
    pub because: String,
}

/// All of them.
#[derive(Debug)]
pub struct Differences(pub Vec<Difference>);

/// How an answer ends that comes of calling what is not supplied.
const NOT_SUPPLIED: &str = "was called, which is not supplied here";

const BITS: [(&str, Width); 2] = [("32 bits", Width::Bits32), ("64 bits", Width::Bits64)];

impl Differences {
    /// As they are written down.
    ///
    /// # Panics
    /// When a paragraph makes no sense.
    #[must_use]
    pub fn listed() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("survey/differences");
        let mut files: Vec<_> =
            fs::read_dir(folder).expect("the differences").flatten().map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "txt"));
        files.sort();
        let mut differences = Vec::new();
        for file in files {
            let library = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = fs::read_to_string(&file).expect("a list of differences");
            let lines: Vec<_> =
                text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
            for lines in lines.chunks(4) {
                let difference = read(&library, lines);
                differences.push(difference.unwrap_or_else(|| panic!("{}: {lines:#?}", file.display())));
            }
        }
        Self(differences)
    }

    /// Compares what came of the cases on a machine with what came of them under Wine.
    ///
    /// # Errors
    /// What differs without being listed, as it would be listed, and what is listed but does not differ.
    pub fn compare(&self, machine: Machine, here: &Survey, wine: &Survey) -> Result<(), String> {
        let mut listed: Vec<_> =
            self.0.iter().filter(|listed| listed.only.is_none_or(|only| only == machine.width())).collect();
        let mut wrong = String::new();
        for (case, answer) in &here.0 {
            let Some(other) = wine.answer(case) else {
                wrong.push_str(&format!("{case} has no answer of Wine's\n"));
                continue;
            };
            if other == answer {
                continue;
            }
            // That is looked for by its own name.
            if answer.ends_with(NOT_SUPPLIED) {
                continue;
            }
            let known = listed.iter().position(|listed| {
                (&listed.library, &listed.function, &listed.case)
                    == (&case.library, &case.function, &case.name)
                    && (listed.here.as_str(), listed.wine.as_str()) == (answer.as_str(), other)
            });
            match known {
                Some(place) => {
                    listed.remove(place);
                }
                None => wrong.push_str(&format!(
                    "{} {}{} # {}.txt\n  here: {answer}\n  Wine: {other}\n  because: \n\n",
                    case.function,
                    case.name,
                    bits_of(machine),
                    case.library,
                )),
            }
        }
        for Difference { library, function, case, .. } in listed {
            wrong.push_str(&format!(
                "{library}.txt lists {function} {case}, which does not differ like that\n"
            ));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

fn bits_of(machine: Machine) -> String {
    BITS.iter()
        .find(|(_, width)| *width == machine.width())
        .map_or(String::new(), |(bits, _)| format!(", {bits}"))
}

/// One paragraph.
fn read(library: &str, lines: &[&str]) -> Option<Difference> {
    let &[names, here, wine, because] = lines else { return None };
    let (names, only) = match names.split_once(", ") {
        None => (names, None),
        Some((names, bits)) => {
            let known = BITS.iter().find(|(known, _)| *known == bits);
            (names, Some(known?.1))
        }
    };
    let (function, case) = names.split_once(' ')?;
    let because = field(because, "because:").filter(|reason| !reason.is_empty())?;
    Some(Difference {
        library: library.to_owned(),
        function: function.to_owned(),
        case: case.to_owned(),
        only,
        here: field(here, "here:")?,
        wine: field(wine, "Wine:")?,
        because,
    })
}
