//! The machines that drivers are tested for, and what differs between them.

use std::path::{Path, PathBuf};

use drvhost::{Machine, Registry};
use mmsystem::{Packing, Width};

/// What holds for a machine: the one in 32 bits, the other in 64.
#[must_use]
pub fn pick<T>(machine: Machine, bits32: T, bits64: T) -> T {
    match machine.width() {
        Width::Bits32 => bits32,
        Width::Bits64 => bits64,
    }
}

/// A number as a driver for this machine gets it in a parameter, and as its answer comes back: as a LONG where it has 32 bits.
#[must_use]
pub fn long(machine: Machine, value: i64) -> i64 {
    machine.width().long(value.cast_unsigned())
}

/// Numbers as a driver for this machine finds them in memory: its LPARAMs, one after the other.
#[must_use]
pub fn lparams(machine: Machine, values: &[i64]) -> Vec<u8> {
    let size = machine.width().pointer_size();
    values.iter().flat_map(|value| value.to_le_bytes().into_iter().take(size)).collect()
}

/// The file of a test driver: `drivers/NAME.c` or `drivers/NAME.cpp`, compiled.
#[must_use]
pub fn driver(machine: Machine, name: &str) -> PathBuf {
    Path::new(env!("OUT_DIR")).join(machine.to_string()).join(name).with_extension("dll")
}

/// LAME's driver, built for a machine with structures that are packed so.
#[must_use]
pub fn lame(machine: Machine, packing: Packing) -> PathBuf {
    // In 32 bits both are one.
    let packing = match (machine.width(), packing) {
        (Width::Bits64, Packing::Byte) => 1,
        _ => 8,
    };
    Path::new(env!("LAME")).join(format!("lame-{machine}-{packing}/lameACM.acm"))
}

/// Where Wine's drivers for a machine are that need not be there otherwise: for [`Machine::X86_64`] drvhost finds them by itself.
pub(crate) fn fetched_drivers(machine: Machine) -> Option<&'static Path> {
    match machine {
        Machine::X86_64 => None,
        Machine::I386 => Some(Path::new(env!("WINE_LIBRARIES_I386"))),
    }
}

/// A registry whose aliases stand for Wine's drivers for this machine.
#[must_use]
pub fn registry(machine: Machine) -> Registry {
    let mut registry = Registry::with_defaults();
    if let Some(folder) = fetched_drivers(machine) {
        registry.set_machine(Some(machine));
        registry.add_driver_path(folder);
    }
    registry
}
