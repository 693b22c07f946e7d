//! The `scanf` functions that read from memory.

use std::marker::PhantomData;

use guest::{Machine, Stop};

use crate::abi::{Pointer, Variadic};
use crate::crt::scan::{Dialect, Host, scan};
use crate::crt::{EINVAL, set_errno};
use crate::process::Process;
use crate::text::{Unit, unit_at};

/// Options of the `__stdio_common` functions (corecrt_stdio_config.h).
const SECURECRT: u64 = 1;
const LEGACY_WIDE_SPECIFIERS: u64 = 2;

/// Format and input with units of type `U`, in the guest.
struct Guest<'m, U> {
    machine: &'m Machine,
    input: Pointer,
    /// How many units of the input there are at most.
    limit: u64,
    format: Pointer,
    arguments: Variadic,
    unit: PhantomData<U>,
}

impl<U: Unit> Host for Guest<'_, U> {
    fn format(&self, index: u64) -> Result<u16, Stop> {
        unit_at::<U>(self.machine, self.format, index).map(Into::into)
    }

    fn input(&self, index: u64) -> Result<u16, Stop> {
        if index >= self.limit {
            return Ok(0);
        }
        unit_at::<U>(self.machine, self.input, index).map(Into::into)
    }

    fn argument(&mut self) -> Result<u64, Stop> {
        Ok(self.arguments.word(self.machine)?)
    }

    fn pointer_size(&self) -> u64 {
        self.machine.mode().pointer_size()
    }

    fn store(&mut self, address: u64, bytes: &[u8]) -> Result<(), Stop> {
        Ok(self.machine.memory.write(address, bytes)?)
    }
}

fn common<U: Unit>(
    process: &mut Process,
    options: u64,
    input: Pointer,
    limit: u64,
    format: Pointer,
    arguments: Variadic,
) -> Result<i32, Stop> {
    if input.is_null() || format.is_null() {
        set_errno(process, EINVAL);
        return Ok(-1);
    }
    let dialect = Dialect {
        wide: U::SIZE == 2 && options & LEGACY_WIDE_SPECIFIERS != 0,
        secure: options & SECURECRT != 0,
    };
    let machine = &process.machine;
    let mut guest = Guest::<U> { machine, input, limit, format, arguments, unit: PhantomData };
    scan(dialect, &mut guest)
}

/// __stdio_common_vsscanf and __stdio_common_vswscanf.
pub fn __stdio_common_vsscanf<U: Unit>(
    process: &mut Process,
    options: u64,
    input: Pointer,
    count: Pointer,
    format: Pointer,
    _locale: Pointer,
    arguments: Pointer,
) -> Result<i32, Stop> {
    common::<U>(process, options, input, count.0, format, Variadic::List(arguments))
}

/// sscanf and swscanf.
pub fn sscanf<U: Unit>(
    process: &mut Process,
    input: Pointer,
    format: Pointer,
    arguments: Variadic,
) -> Result<i32, Stop> {
    common::<U>(process, LEGACY_WIDE_SPECIFIERS, input, u64::MAX, format, arguments)
}
