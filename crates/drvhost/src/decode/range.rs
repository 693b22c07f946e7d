//! Which frames of a film are wanted.

use std::str::FromStr;

/// A run of frames, by numbers from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameRange {
    /// The first.
    pub(super) first: u64,
    /// The last; `None` for the film's.
    pub(super) last: Option<u64>,
}

impl FrameRange {
    /// All.
    pub const ALL: Self = Self { first: 0, last: None };

    /// Whether this one is wanted.
    pub(super) fn contains(self, number: u64) -> bool {
        number >= self.first && self.reaches(number)
    }

    /// Whether this one, or one behind it, is wanted.
    pub(super) fn reaches(self, number: u64) -> bool {
        self.last.is_none_or(|last| number <= last)
    }

    /// How many of so many frames are wanted; `None` where it is not known how many there are, which is stated as 0.
    pub(super) fn count_of(self, length: u32) -> Option<u64> {
        let end = match (u64::from(length), self.last) {
            (0, None) => return None,
            (0, Some(last)) => last.saturating_add(1),
            (length, last) => last.map_or(length, |last| last.saturating_add(1).min(length)),
        };
        Some(end.saturating_sub(self.first))
    }

    /// Why no frame was found, where the file is whole.
    pub(super) fn nothing(self) -> &'static str {
        if self == Self::ALL {
            "its video stream has no frame with data"
        } else {
            "it has none of the frames that were asked for, or none with data"
        }
    }
}

impl Default for FrameRange {
    fn default() -> Self {
        Self::ALL
    }
}

impl FromStr for FrameRange {
    type Err = &'static str;

    /// Reads `A..B`, `A..` or `..B`; both count from 1 and are included.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "frames are A..B, A.. or ..B: the first and the last one, counted from 1";
        let (first, last) = text.split_once("..").ok_or(WRONG)?;
        let number =
            |text: &str| text.parse::<u64>().ok().and_then(|number| number.checked_sub(1)).ok_or(WRONG);
        let first = if first.is_empty() { 0 } else { number(first)? };
        let last = if last.is_empty() { None } else { Some(number(last)?) };
        if last.is_some_and(|last| last < first) || text == ".." {
            Err(WRONG)
        } else {
            Ok(Self { first, last })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_count_from_1_and_include_both_ends() {
        let range: FrameRange = "3..5".parse().unwrap();
        assert_eq!((1..8).filter(|number| range.contains(number - 1)).collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!((range.count_of(100), range.count_of(4), range.count_of(0)), (Some(3), Some(2), Some(3)));
        assert_eq!("..2".parse(), Ok(FrameRange { first: 0, last: Some(1) }));
        let open: FrameRange = "7..".parse().unwrap();
        assert_eq!((open.count_of(10), open.count_of(0), open.count_of(3)), (Some(4), None, Some(0)));
        for wrong in ["", "..", "5", "0..3", "5..4", "a..b", "1...2", "-1..2"] {
            assert!(wrong.parse::<FrameRange>().is_err(), "{wrong}");
        }
    }
}
