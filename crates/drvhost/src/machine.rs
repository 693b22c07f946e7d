//! The processors that drivers here are for.

use std::fmt;

use mmsystem::Width;
use serde::{Serialize, Serializer};

/// A processor whose drivers run here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Machine {
    /// 64-bit x86.
    X86_64,
    /// 32-bit x86.
    I386,
}

impl Machine {
    /// Every one, in the order in which drivers are looked for.
    pub const ALL: [Self; 2] = [Self::X86_64, Self::I386];

    /// How wide its pointers are.
    #[must_use]
    pub fn width(self) -> Width {
        match self {
            Self::X86_64 => Width::Bits64,
            Self::I386 => Width::Bits32,
        }
    }

    /// The machine that a file is for, if its drivers run here.
    pub(crate) fn of(machine: pe::Machine) -> Option<Self> {
        Self::ALL.into_iter().find(|known| pe::Machine::from(*known) == machine)
    }
}

impl From<Machine> for pe::Machine {
    fn from(machine: Machine) -> Self {
        match machine {
            Machine::X86_64 => Self::X86_64,
            Machine::I386 => Self::I386,
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        pe::Machine::from(*self).fmt(f)
    }
}

impl Serialize for Machine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a file for a machine is called in errors: `a program or driver for arm`.
pub(crate) fn kind_of(machine: pe::Machine) -> String {
    let bits = if machine == pe::Machine::I8086 { "16-bit " } else { "" };
    format!("a {bits}program or driver for {machine}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_told_by_what_files_are_for() {
        for machine in Machine::ALL {
            assert_eq!(Machine::of(machine.into()), Some(machine));
            assert_eq!(machine.width() == Width::Bits64, pe::Machine::from(machine).is_64());
        }
        assert_eq!(Machine::of(pe::Machine::Arm64), None);
        assert_eq!(serde_json::to_value(Machine::ALL).unwrap(), serde_json::json!(["x86_64", "i386"]));
        assert_eq!(kind_of(pe::Machine::I8086), "a 16-bit program or driver for i8086");
    }
}
