//! How drivers are confined.

use clap::ValueEnum;
use drvhost::{Builder, Require};

/// Which layers of the sandbox must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RequireSandbox {
    /// Those that this computer offers
    Available,
    /// Each of them
    Full,
}

impl From<RequireSandbox> for Require {
    fn from(require: RequireSandbox) -> Self {
        match require {
            RequireSandbox::Available => Self::Available,
            RequireSandbox::Full => Self::Full,
        }
    }
}

/// An amount of memory: a whole number of MiB (`M`) or GiB (`G`).
pub(super) fn parse_memory(text: &str) -> Result<u64, String> {
    let number = |unit: &str, bytes: u64| {
        let digits =
            text.strip_suffix(unit).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        digits.parse::<u64>().ok()?.checked_mul(bytes)
    };
    number("M", 1 << 20)
        .or_else(|| number("G", 1 << 30))
        .filter(|memory| (Builder::LEAST_MEMORY..=Builder::MOST_MEMORY).contains(memory))
        .ok_or_else(|| "an amount of memory is a number with M or G, from 256M to 2G".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_memory_have_a_unit_and_bounds() {
        assert_eq!(parse_memory("256M"), Ok(256 << 20));
        assert_eq!(parse_memory("2G"), Ok(2 << 30));
        for wrong in [
            "",
            "M",
            "255M",
            "2049M",
            "3G",
            "+1G",
            "1",
            "1.5G",
            "1g",
            "99999999999999999999G",
            "17592186044417M",
        ] {
            assert!(parse_memory(wrong).is_err(), "{wrong}");
        }
    }
}
