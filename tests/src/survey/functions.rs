//! The list of functions that real drivers import.

use mmsystem::Width;

use crate::Machine;

/// A function of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The library, without its ending.
    pub library: &'static str,
    /// Its exported name.
    pub name: &'static str,
    /// How many real drivers import it.
    pub drivers: u32,
    /// The only machine whose drivers do.
    pub only: Option<Machine>,
}

impl Function {
    /// Whether drivers for this machine import it.
    #[must_use]
    pub fn is_for(&self, machine: Machine) -> bool {
        self.only.is_none_or(|only| only == machine)
    }
}

/// The list.
///
/// # Panics
/// When a line makes no sense.
#[must_use]
pub fn functions() -> Vec<Function> {
    let read = |line: &'static str| {
        let mut words = line.split(' ');
        let (library, name, drivers) = (words.next()?, words.next()?, words.next()?.parse().ok()?);
        let machine = |width| Machine::ALL.into_iter().find(|machine| machine.width() == width);
        let only = match words.next() {
            None => None,
            Some("32") => machine(Width::Bits32),
            Some("64") => machine(Width::Bits64),
            Some(_) => return None,
        };
        Some(Function { library, name, drivers, only })
    };
    let lines = include_str!("../../survey/functions.txt").lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| read(line).unwrap_or_else(|| panic!("functions.txt: {line}"))).collect()
}
