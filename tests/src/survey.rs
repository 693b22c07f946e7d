//! The survey: a driver that imports every function of `survey/functions.txt` and calls each, in the cases of `drivers/survey/`, here and under
//! Wine; what differs, with reasons, in `survey/differences/`; and what the documentation says of cases for 32 bits alone, in
//! `survey/documented.txt`.

mod differences;
mod document;
mod documented;
mod drvhost;
mod functions;
mod wine;

use std::fmt;

pub use differences::{Difference, Differences};
pub use document::win32_document;
pub use documented::Documented;
pub use functions::{Function, functions};

/// The name of the driver.
const DRIVER: &str = "survey";

/// One case, by its names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case {
    /// The library, without its ending.
    pub library: String,
    /// The function.
    pub function: String,
    /// What is called with.
    pub kind: Kind,
    /// The case's own name; for [`Kind::None`] the reason.
    pub name: String,
}

/// What a function is called with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Arguments as drivers give them.
    Good,
    /// Something wrong.
    Wrong,
    /// Nothing: there is nothing wrong to be given.
    None,
}

impl Case {
    /// A case by what the driver calls it.
    fn read(line: &str) -> Option<Self> {
        let mut words = line.splitn(4, ' ');
        let (library, function) = (words.next()?.to_owned(), words.next()?.to_owned());
        let kind = match words.next()? {
            "good" => Kind::Good,
            "wrong" => Kind::Wrong,
            "none" => Kind::None,
            _ => return None,
        };
        Some(Self { library, function, kind, name: words.next()?.to_owned() })
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.library, self.function, self.name)
    }
}

/// What came of the cases, in their order.
#[derive(Debug, Default)]
pub struct Survey(pub Vec<(Case, String)>);

impl Survey {
    /// What came of a case.
    #[must_use]
    pub fn answer(&self, case: &Case) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == case).map(|(_, answer)| answer.as_str())
    }

    /// The cases that the other machine's drivers have as well, and those that they have not.
    #[must_use]
    pub fn split(self, other: &Self) -> (Self, Self) {
        let (shared, own) = self.0.into_iter().partition(|(case, _)| other.answer(case).is_some());
        (Self(shared), Self(own))
    }

    /// Where something else comes of a case for the other machine's drivers. Cases write down numbers, texts and what holds, nothing that is
    /// as wide as an address, so nothing has to be made alike first.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Vec<String> {
        let answers = self.0.iter().filter_map(|(case, answer)| Some((case, answer, other.answer(case)?)));
        let differing = answers.filter(|(_, answer, other)| answer != other);
        differing.map(|(case, answer, other)| format!("{case}: `{answer}`, but `{other}`")).collect()
    }
}

/// The value of a line of a list.
fn field(line: &str, word: &str) -> Option<String> {
    line.trim().strip_prefix(word).map(|value| value.trim().to_owned())
}

/// How an answer says that an exception ended the case, after what it wrote down until then.
fn raised(answers: &str, code: u32) -> String {
    format!("{answers} raises {code:08x}").trim().to_owned()
}

/// How it says that the process ended.
fn ended(answers: &str, code: u32) -> String {
    // Of Wine's programs the rest is not seen.
    format!("{answers} ends the process with {}", code & 0xff).trim().to_owned()
}
