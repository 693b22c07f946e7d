//! What the documentation says of cases that 32-bit drivers alone have: `survey/documented.txt`.
//!
//! ```text
//! LIBRARY FUNCTION CASE
//!   answers: ANSWERS
//!   because: "PAGE ON MS LEARN": WHAT IT SAYS
//! ```
//! Lines that begin with `#` are remarks.

use super::{Kind, Survey, field};

const FILE: &str = include_str!("../../survey/documented.txt");

/// What is to come of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Documented {
    /// The case, as it is shown.
    pub case: String,
    /// What is to come of it.
    pub answers: String,
}

impl Documented {
    /// All of them.
    ///
    /// # Panics
    /// When a paragraph makes no sense.
    #[must_use]
    pub fn listed() -> Vec<Self> {
        let lines: Vec<_> = FILE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        let read = |lines: &[&str]| {
            let &[case, answers, because] = lines else { return None };
            let page = field(because, "because:")?;
            let (case, answers) = (case.to_owned(), field(answers, "answers:")?);
            // A page is named, and something is said of it.
            page.strip_prefix('"')?.split_once("\": ").filter(|(_, says)| !says.is_empty())?;
            Some(Self { case, answers })
        };
        let paragraphs = lines.chunks(3);
        paragraphs.map(|lines| read(lines).unwrap_or_else(|| panic!("documented.txt: {lines:#?}"))).collect()
    }

    /// Compares what came of cases with what the documentation says of them.
    ///
    /// # Errors
    /// Cases that nothing is written down of, or something else, and what is written down of cases that there are not.
    pub fn compare(listed: &[Self], survey: &Survey) -> Result<(), String> {
        let mut wrong = String::new();
        let run: Vec<_> = survey.0.iter().filter(|(case, _)| case.kind != Kind::None).collect();
        for (case, answers) in &run {
            let shown = case.to_string();
            match listed.iter().find(|documented| documented.case == shown) {
                None => wrong.push_str(&format!(
                    "{shown}\n  answers: {answers}\n  because: nothing is written down of it\n"
                )),
                Some(documented) if documented.answers != *answers => wrong.push_str(&format!(
                    "{shown} answers `{answers}`, but documented is `{}`\n",
                    documented.answers
                )),
                Some(_) => {}
            }
        }
        for Self { case, .. } in listed {
            if !run.iter().any(|(other, _)| other.to_string() == *case) {
                wrong.push_str(&format!("documented.txt has {case}, which is not run\n"));
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}
