//! Messages in order, made short for comparing.

use std::fmt;

use mmsystem::message_name;

use crate::acts::ACTS;

/// Messages in order. As text: `LOAD ENABLE OPEN`, or numbers where there is no name.
///
/// The acts that tests ask for are left out.
#[derive(Clone, PartialEq, Eq)]
pub struct Sequence(Vec<u32>);

impl Sequence {
    /// Of these message numbers.
    pub fn of(numbers: impl Iterator<Item = u32>) -> Self {
        Self(numbers.filter(|number| ACTS.iter().all(|(_, act)| act != number)).collect())
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |number: &u32| match message_name(*number) {
            Some(name) => name.trim_start_matches("DRV_").to_owned(),
            None => format!("{number:#x}"),
        };
        f.write_str(&self.0.iter().map(name).collect::<Vec<_>>().join(" "))
    }
}

impl fmt::Debug for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl PartialEq<&str> for Sequence {
    fn eq(&self, other: &&str) -> bool {
        let text = self.to_string();
        text == *other
    }
}
