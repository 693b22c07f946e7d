//! Values in scripts, and what names stand for.

use mmsystem::message_number;

use crate::acts::ACTS;
use crate::{Machine, long};

/// A value, as a script writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `5`, `-1`, `0x800`, or the name of a message.
    Number(i64),
    /// The handle of the instance with this name.
    Instance(String),
    /// `$name`: whatever was there first, but not 0; afterwards only that.
    Variable(String),
}

impl Value {
    /// Reads a value.
    pub fn read(word: &str) -> Self {
        if let Some(name) = word.strip_prefix('$') {
            return Self::Variable(name.to_owned());
        }
        let number = number(word).or_else(|| message(word).map(i64::from));
        number.map_or_else(|| Self::Instance(word.to_owned()), Self::Number)
    }
}

/// A number: decimal or hexadecimal, with sign, or as large as 64 bits hold without one.
fn number(word: &str) -> Option<i64> {
    let (negative, digits) = word.strip_prefix('-').map_or((false, word), |digits| (true, digits));
    let number = match digits.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?,
        None => digits.parse().ok()?,
    };
    let number = number.cast_signed();
    Some(if negative { number.wrapping_neg() } else { number })
}

/// The number of a message: an act, a message with or without `DRV_`, or a number.
pub fn message(word: &str) -> Option<u32> {
    let act = ACTS.iter().find(|(name, _)| *name == word).map(|(_, number)| *number);
    act.or_else(|| message_number(&format!("DRV_{word}"))).or_else(|| message_number(word))
}

/// What the names in a script stand for, while it is played.
#[derive(Debug, Clone)]
pub struct Names {
    /// The machine whose drivers it is played with.
    machine: Machine,
    /// In the order in which they were opened.
    instances: Vec<(String, i64)>,
    variables: Vec<(String, i64)>,
}

impl Names {
    /// With none yet.
    pub fn new(machine: Machine) -> Self {
        Self { machine, instances: Vec::new(), variables: Vec::new() }
    }

    /// From now on, the name stands for this instance.
    pub fn name(&mut self, instance: &str, hdrvr: i64) {
        self.instances.push((instance.to_owned(), hdrvr));
    }

    /// The value, if it stands for something yet.
    pub fn value(&self, value: &Value) -> Option<i64> {
        let (names, name) = match value {
            Value::Number(number) => return Some(*number),
            Value::Instance(name) => (&self.instances, name),
            Value::Variable(name) => (&self.variables, name),
        };
        names.iter().rev().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// Whether this is the value, as a driver for the machine has it. A variable that stands for nothing yet stands for it from now on.
    pub fn is(&mut self, value: &Value, actual: i64) -> bool {
        match (self.value(value), value) {
            (Some(expected), _) => long(self.machine, expected) == actual,
            (None, Value::Variable(name)) if actual != 0 => {
                self.variables.push((name.clone(), actual));
                true
            }
            (None, _) => false,
        }
    }

    /// What was found instead of an expected value, in words that do not change from run to run.
    pub fn describe(&self, actual: i64) -> String {
        if let Some((name, _)) =
            self.instances.iter().rev().find(|(_, hdrvr)| *hdrvr == actual && actual != 0)
        {
            return name.clone();
        }
        match actual {
            -9..=9 => actual.to_string(),
            // Where user programs have their memory; numbers in scripts are not there.
            0x1_0000..0x8000_0000_0000 => "something else".to_owned(),
            _ => format!("{actual:#x}"),
        }
    }

    /// An expected value in words.
    pub fn wanted(value: &Value) -> String {
        match value {
            Value::Number(number) if (-9..=9).contains(number) => number.to_string(),
            Value::Number(number) => format!("{number:#x}"),
            Value::Instance(name) => name.clone(),
            Value::Variable(_) => "the same".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_messages_and_names_are_told_apart() {
        assert_eq!(Value::read("-1"), Value::Number(-1));
        assert_eq!(Value::read("0xffffffffffffffff"), Value::Number(-1));
        assert_eq!(Value::read("EXITSESSION"), Value::Number(mmsystem::DRV_EXITSESSION.into()));
        assert_eq!(Value::read("XOR"), Value::Number(crate::XOR.into()));
        assert_eq!(Value::read("a"), Value::Instance("a".into()));
        assert_eq!(Value::read("$m"), Value::Variable("m".into()));
    }

    #[test]
    fn a_variable_stands_for_what_it_met_first() {
        let mut names = Names::new(Machine::X86_64);
        let variable = Value::read("$m");
        assert!(!names.is(&variable, 0));
        assert!(names.is(&variable, 5));
        assert!(names.is(&variable, 5));
        assert!(!names.is(&variable, 6));
    }

    #[test]
    fn a_number_is_what_fits_into_a_parameter() {
        let wide = Value::read("0x123456789abcdef0");
        assert!(Names::new(Machine::X86_64).is(&wide, 0x1234_5678_9abc_def0));
        assert!(!Names::new(Machine::X86_64).is(&wide, 0x9abc_def0 - (1 << 32)));
        assert!(Names::new(Machine::I386).is(&wide, 0x9abc_def0 - (1 << 32)));
    }

    #[test]
    fn a_name_stands_for_its_last_instance_and_addresses_stay_unnamed() {
        let mut names = Names::new(Machine::X86_64);
        names.name("a", 0x34_d650);
        assert_eq!(names.describe(0x34_d650), "a");
        assert_eq!(names.describe(0x34_d690), "something else");
        names.name("a", 0x34_d690);
        assert_eq!(names.value(&Value::read("a")), Some(0x34_d690));
        assert_eq!((names.describe(0), names.describe(0x55)), ("0".into(), "0x55".into()));
    }
}
