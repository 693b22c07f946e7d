//! The `scanf` functions, from memory and from streams.

use std::cell::RefCell;
use std::marker::PhantomData;

use guest::{Machine, Stop};

use crate::abi::{Pointer, Variadic};
use crate::crt::invalid::invalid;
use crate::crt::scan::{Dialect, Host, scan};
use crate::crt::{EINVAL, stdio, streams};
use crate::process::Process;
use crate::text::{Unit, unit_at};

/// Options of the `__stdio_common` functions (corecrt_stdio_config.h).
const SECURECRT: u64 = 1;
const LEGACY_WIDE_SPECIFIERS: u64 = 2;
/// Our own, for what only the Universal CRT reads.
const HEXADECIMAL: u64 = 1 << 63;

const EOF: i32 = -1;

fn dialect<U: Unit>(options: u64) -> Dialect {
    Dialect {
        wide: U::SIZE == 2 && options & LEGACY_WIDE_SPECIFIERS != 0,
        secure: options & SECURECRT != 0,
        hexadecimal: options & HEXADECIMAL != 0,
    }
}

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
        return invalid(process, EINVAL, EOF);
    }
    let machine = &process.machine;
    let mut guest = Guest::<U> { machine, input, limit, format, arguments, unit: PhantomData };
    scan(dialect::<U>(options), &mut guest).map(|(stored, _)| stored)
}

/// A stream as input: its bytes are taken one after the other as they are asked for, and what was looked at only is put back in the end.
struct Stream<'p, U> {
    process: RefCell<&'p mut Process>,
    file: Pointer,
    taken: RefCell<Vec<u8>>,
    format: Pointer,
    arguments: Variadic,
    unit: PhantomData<U>,
}

/// How many bytes one call reads at most; then its input is at its end.
const LONGEST: usize = 1 << 20;

impl<U: Unit> Host for Stream<'_, U> {
    fn format(&self, index: u64) -> Result<u16, Stop> {
        unit_at::<U>(&self.process.borrow().machine, self.format, index).map(Into::into)
    }

    fn input(&self, index: u64) -> Result<u16, Stop> {
        let index = usize::try_from(index).unwrap_or(LONGEST);
        let mut taken = self.taken.borrow_mut();
        while taken.len() <= index && index < LONGEST {
            let read = streams::read(&mut self.process.borrow_mut(), self.file, 1)?;
            match read.unwrap_or_default().first() {
                Some(&byte) => taken.push(byte),
                None => break,
            }
        }
        let byte = taken.get(index).copied().unwrap_or(0);
        Ok(if U::SIZE == 1 { byte.into() } else { stdio::ansi_unit(byte) })
    }

    fn argument(&mut self) -> Result<u64, Stop> {
        Ok(self.arguments.word(&self.process.borrow().machine)?)
    }

    fn pointer_size(&self) -> u64 {
        self.process.borrow().machine.mode().pointer_size()
    }

    fn store(&mut self, address: u64, bytes: &[u8]) -> Result<(), Stop> {
        Ok(self.process.borrow().machine.memory.write(address, bytes)?)
    }
}

fn from_stream<U: Unit>(
    process: &mut Process,
    options: u64,
    file: Pointer,
    format: Pointer,
    arguments: Variadic,
) -> Result<i32, Stop> {
    if format.is_null() {
        return invalid(process, EINVAL, EOF);
    }
    if streams::get(process, file).is_none() {
        let nothing = streams::nothing(process, file)?;
        return Ok(stdio::answer(process, nothing, EOF));
    }
    let (taken, own) = (RefCell::default(), RefCell::new(&mut *process));
    let mut stream = Stream::<U> { process: own, file, taken, format, arguments, unit: PhantomData };
    let scanned = scan(dialect::<U>(options), &mut stream);
    let taken = stream.taken.into_inner();
    let (stored, used) = scanned?;
    let rest = usize::try_from(used).ok().and_then(|used| taken.get(used..)).unwrap_or_default();
    streams::put_all_back(process, file, rest)?;
    Ok(stored)
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
    common::<U>(process, options | HEXADECIMAL, input, count.0, format, Variadic::List(arguments))
}

/// __stdio_common_vfscanf and __stdio_common_vfwscanf.
pub fn __stdio_common_vfscanf<U: Unit>(
    process: &mut Process,
    options: u64,
    file: Pointer,
    format: Pointer,
    _locale: Pointer,
    arguments: Pointer,
) -> Result<i32, Stop> {
    from_stream::<U>(process, options | HEXADECIMAL, file, format, Variadic::List(arguments))
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

/// sscanf_s and swscanf_s.
pub fn sscanf_s<U: Unit>(
    process: &mut Process,
    input: Pointer,
    format: Pointer,
    arguments: Variadic,
) -> Result<i32, Stop> {
    common::<U>(process, LEGACY_WIDE_SPECIFIERS | SECURECRT, input, u64::MAX, format, arguments)
}

/// _snscanf and _snwscanf: of the first units only.
pub fn _snscanf<U: Unit>(
    process: &mut Process,
    input: Pointer,
    count: Pointer,
    format: Pointer,
    arguments: Variadic,
) -> Result<i32, Stop> {
    common::<U>(process, LEGACY_WIDE_SPECIFIERS, input, count.0, format, arguments)
}

/// vsscanf and vswscanf.
pub fn vsscanf<U: Unit>(
    process: &mut Process,
    input: Pointer,
    format: Pointer,
    arguments: Pointer,
) -> Result<i32, Stop> {
    common::<U>(process, LEGACY_WIDE_SPECIFIERS, input, u64::MAX, format, Variadic::List(arguments))
}

/// fscanf and fwscanf.
pub fn fscanf<U: Unit>(
    process: &mut Process,
    file: Pointer,
    format: Pointer,
    arguments: Variadic,
) -> Result<i32, Stop> {
    from_stream::<U>(process, LEGACY_WIDE_SPECIFIERS, file, format, arguments)
}

/// fscanf_s and fwscanf_s.
pub fn fscanf_s<U: Unit>(
    process: &mut Process,
    file: Pointer,
    format: Pointer,
    arguments: Variadic,
) -> Result<i32, Stop> {
    from_stream::<U>(process, LEGACY_WIDE_SPECIFIERS | SECURECRT, file, format, arguments)
}

/// scanf and wscanf: the standard input, which is at its end.
pub fn scanf<U: Unit>(process: &mut Process, format: Pointer, arguments: Variadic) -> Result<i32, Stop> {
    let input = stdio::file(process, 0);
    fscanf::<U>(process, input, format, arguments)
}
