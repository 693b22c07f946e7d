//! Strings from resources, and wsprintf.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::collections::BTreeMap;

use guest::Stop;

use crate::abi::{Pointer, Variadic};
use crate::crt::print_cut;
use crate::kernel32::codepage::{Unit, put};
use crate::kernel32::error::{ERROR_RESOURCE_NAME_NOT_FOUND, fail};
use crate::process::Process;

/// The strings of an image's resources, by identifier.
#[derive(Debug, Default)]
pub(crate) struct Strings(BTreeMap<u16, String>);

impl Strings {
    /// How many strings, and bytes of them, are kept; no driver's interface comes near.
    const MOST: usize = 4096;
    const MOST_BYTES: usize = 1 << 20;

    /// The strings of an image. What a damaged table still has is taken.
    pub fn of(image: &pe::Image<'_>) -> Self {
        const PER_BLOCK: u16 = 16;
        let (mut strings, mut bytes) = (BTreeMap::new(), 0);
        let blocks = image.resource_ids(pe::RT_STRING).unwrap_or_default();
        for block in blocks.into_iter().take(Self::MOST / usize::from(PER_BLOCK)) {
            // Blocks are numbered from 1, and identifiers have 16 bits.
            let Some(first) = block.checked_sub(1).and_then(|index| index.checked_mul(PER_BLOCK)) else {
                continue;
            };
            for id in first..=first | (PER_BLOCK - 1) {
                let Ok(Some(string)) = image.string(id) else { continue };
                bytes += string.len();
                if bytes > Self::MOST_BYTES {
                    return Self(strings);
                }
                strings.insert(id, string);
            }
        }
        Self(strings)
    }
}

/// LoadString: as many characters as fit, and a zero; 0 when the module has no such string.
pub fn LoadString<U: Unit>(
    process: &mut Process,
    module: Pointer,
    id: u32,
    out: Pointer,
    room: i32,
) -> Result<i32, Stop> {
    // Identifiers have 16 bits.
    let [low, high, ..] = id.to_le_bytes();
    let room = u32::try_from(room).unwrap_or(0);
    let id = u16::from_le_bytes([low, high]);
    let Some(string) = process.strings(module).and_then(|strings| strings.0.get(&id)) else {
        put::<U>(&process.machine.memory, out, room, "")?;
        return Ok(fail(process, ERROR_RESOURCE_NAME_NOT_FOUND, 0));
    };
    Ok(put::<U>(&process.machine.memory, out, room, string)?.cast_signed())
}

/// The room, with the zero, that every buffer of wsprintf counts as having.
const WSPRINTF_ROOM: u64 = 1024;

/// wsprintf: the number of units before the zero. As `sprintf` of msvcrt.dll, floating-point numbers included.
pub fn wsprintf<U: Unit>(
    process: &mut Process,
    out: Pointer,
    format: Pointer,
    arguments: Variadic,
) -> Result<i32, Stop> {
    print_cut::<U>(process, out, WSPRINTF_ROOM, format, arguments)
}

pub fn wvsprintf<U: Unit>(
    process: &mut Process,
    out: Pointer,
    format: Pointer,
    arguments: Pointer,
) -> Result<i32, Stop> {
    print_cut::<U>(process, out, WSPRINTF_ROOM, format, Variadic::List(arguments))
}

/// A text, or the string of a module's resources that a small number in its place stands for.
pub(crate) fn text_of<U: Unit>(process: &Process, module: Pointer, at: Pointer) -> Result<String, Stop> {
    match u16::try_from(at.0) {
        Ok(id) => {
            Ok(process.strings(module).and_then(|strings| strings.0.get(&id)).cloned().unwrap_or_default())
        }
        Err(_) => crate::kernel32::codepage::text::<U>(&process.machine, at),
    }
}
