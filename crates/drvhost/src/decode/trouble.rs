//! Frames that could not be decoded, and what is said of them.

use crate::error::{Blame, Error};

/// How often in a row a driver is opened again without a picture in between.
pub(super) const MAX_RENEWALS: u32 = 4;
/// How many are listed one by one.
const MAX_LISTED: usize = 10;

/// What becomes of a frame that the driver refuses or fails on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// The picture before it is shown again; before the first that is black.
    #[default]
    Repeat,
    /// A black picture takes its place.
    Black,
    /// It is left out.
    Skip,
    /// Decoding stops before it.
    Stop,
}

impl OnError {
    /// What became of it.
    fn fate(self) -> &'static str {
        match self {
            Self::Repeat => "repeats the one before it",
            Self::Black => "is black",
            Self::Skip => "is left out",
            Self::Stop => "and all behind it are left out",
        }
    }
}

/// Frames that were not decoded: the first are listed, the others counted.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    on_error: OnError,
    /// The first error.
    pub first: Option<Error>,
    /// Whose doing the worst is: a driver's failure counts for more than a refusal, which damaged media get.
    pub blame: Option<Blame>,
    listed: Vec<String>,
    further: u64,
}

impl Troubles {
    /// None so far.
    pub fn new(on_error: OnError) -> Self {
        Self { on_error, ..Self::default() }
    }

    /// Notes a frame; frames count from 1.
    pub fn add(&mut self, frame: u64, error: Error) {
        let blame = if is_of_one_packet(&error) { Blame::Media } else { error.blame() };
        if self.blame.is_none_or(|known| known == Blame::Media) {
            self.blame = Some(blame);
        }
        self.note(frame, &error.to_string());
        self.first.get_or_insert(error);
    }

    /// Notes a frame that depends on one which was not decoded.
    pub fn add_dependent(&mut self, frame: u64) {
        self.note(frame, "it builds on frames that were lost when the driver failed");
    }

    fn note(&mut self, frame: u64, why: &str) {
        if self.listed.len() < MAX_LISTED {
            self.listed.push(format!("frame {frame} {}: {why}", self.on_error.fate()));
        } else {
            self.further += 1;
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.listed.len() as u64 + self.further
    }

    /// What to say of them.
    pub fn texts(self) -> impl Iterator<Item = String> {
        let further = (self.further > 0).then(|| format!("{} further frames likewise", self.further));
        self.listed.into_iter().chain(further)
    }
}

/// Palette changes that were not applied.
#[derive(Debug, Default)]
pub(super) struct RefusedPalettes {
    first: Option<Error>,
    count: u64,
}

impl RefusedPalettes {
    /// Notes one.
    pub fn add(&mut self, error: Error) {
        self.first.get_or_insert(error);
        self.count += 1;
    }

    /// What to say of them.
    pub fn text(self) -> Option<String> {
        let Self { first, count } = self;
        first.map(|error| {
            format!(
                "{count} changes of the palette were not applied, so colours may be wrong; the first: {error}"
            )
        })
    }
}

/// Whether an error concerns one packet, and the next may be tried.
pub(super) fn is_of_one_packet(error: &Error) -> bool {
    matches!(error, Error::Refused { .. } | Error::Media(_) | Error::TooLarge(_))
}

/// Whether an error concerns a driver that failed, and another worker may do better with what follows.
pub(super) fn is_of_one_worker(error: &Error) -> bool {
    matches!(error, Error::Faulted { .. } | Error::Late { .. } | Error::Died { .. } | Error::Busy { .. })
        && error.blame() == Blame::Driver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_frames_are_listed_up_to_a_limit() {
        let mut troubles = Troubles::new(OnError::Repeat);
        for frame in 1..=15 {
            troubles.add(frame, Error::TooLarge(frame));
        }
        assert!(matches!(troubles.first, Some(Error::TooLarge(1))));
        let texts: Vec<_> = troubles.texts().collect();
        assert_eq!(texts.len(), 11);
        assert!(texts.first().is_some_and(|text| text.starts_with("frame 1 repeats the one before it: ")));
        assert_eq!(texts.last().map(String::as_str), Some("5 further frames likewise"));
    }

    #[test]
    fn a_drivers_failure_counts_for_more_than_a_refusal() {
        let late = || Error::Late { driver: "d".into(), message: "m".into(), killed: false };
        let mut troubles = Troubles::new(OnError::Skip);
        troubles.add(1, Error::TooLarge(1));
        assert_eq!(troubles.blame, Some(Blame::Media));
        troubles.add(2, late());
        troubles.add(3, Error::TooLarge(1));
        assert_eq!(troubles.blame, Some(Blame::Driver));
        assert!(is_of_one_worker(&late()) && !is_of_one_packet(&late()));
    }
}
