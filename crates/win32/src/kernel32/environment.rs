//! Environment variables. There are none but those that the driver sets.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::collections::BTreeMap;

use guest::Stop;

use crate::abi::Pointer;
use crate::kernel32::codepage::{Unit, text};
use crate::kernel32::error::{
    ERROR_ENVVAR_NOT_FOUND, ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY, fail,
};
use crate::process::Process;

/// How many bytes all of them may have together, as on Windows.
const MOST: usize = 32 << 10;

/// The variables: by their names in upper case, the name as it was given and the value.
#[derive(Debug, Default)]
pub(crate) struct Environment(BTreeMap<String, (String, String)>);

impl Environment {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(&name.to_uppercase()).map(|(_, value)| value.as_str())
    }

    fn size(&self) -> usize {
        self.0.values().map(|(name, value)| name.len() + value.len() + 2).sum()
    }
}

/// Writes text with a zero if there is room for both; answers its length then, else the room that is needed.
pub(super) fn answer<U: Unit>(process: &Process, text: &str, out: Pointer, room: u32) -> Result<u32, Stop> {
    let mut units = U::encode(text);
    let len = u32::try_from(units.len()).unwrap_or(u32::MAX);
    if room <= len {
        return Ok(len.saturating_add(1));
    }
    units.push(U::ZERO);
    process.machine.memory.write(out.0, &U::to_bytes(&units))?;
    Ok(len)
}

pub fn GetEnvironmentVariable<U: Unit>(
    process: &mut Process,
    name: Pointer,
    out: Pointer,
    room: u32,
) -> Result<u32, Stop> {
    let name = text::<U>(&process.machine, name)?;
    match process.kernel32.environment.get(&name).map(str::to_owned) {
        Some(value) => answer::<U>(process, &value, out, room),
        None => Ok(fail(process, ERROR_ENVVAR_NOT_FOUND, 0)),
    }
}

/// SetEnvironmentVariable: a value of NULL takes the variable away.
pub fn SetEnvironmentVariable<U: Unit>(
    process: &mut Process,
    name: Pointer,
    value: Pointer,
) -> Result<bool, Stop> {
    let given = text::<U>(&process.machine, name)?;
    if given.is_empty() || given.contains('=') {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, false));
    }
    let key = given.to_uppercase();
    if value.is_null() {
        let gone = process.kernel32.environment.0.remove(&key).is_some();
        return Ok(gone || fail(process, ERROR_ENVVAR_NOT_FOUND, false));
    }
    let value = text::<U>(&process.machine, value)?;
    let environment = &mut process.kernel32.environment;
    if environment.size() + given.len() + value.len() > MOST {
        return Ok(fail(process, ERROR_NOT_ENOUGH_MEMORY, false));
    }
    environment.0.insert(key, (given, value));
    Ok(true)
}

/// GetEnvironmentStrings and GetEnvironmentStringsW: each as `NAME=value` with a zero, and one more at the end; [`FreeEnvironmentStrings`] takes the block back.
pub fn GetEnvironmentStrings<U: Unit>(process: &mut Process) -> Result<Pointer, Stop> {
    let mut block = String::new();
    for (name, value) in process.kernel32.environment.0.values() {
        block.extend([name, "=", value, "\0"]);
    }
    // An empty one ends with two zeros as well.
    block.push_str(if block.is_empty() { "\0\0" } else { "\0" });
    let bytes = U::to_bytes(&U::encode(&block));
    let at = process.allocate(bytes.len() as u64, false);
    if !at.is_null() {
        process.machine.memory.write(at.0, &bytes)?;
    }
    Ok(at)
}

/// FreeEnvironmentStringsA and FreeEnvironmentStringsW.
pub fn FreeEnvironmentStrings(process: &mut Process, block: Pointer) -> bool {
    process.heap.release(&process.machine.memory, block.0)
}

/// ExpandEnvironmentStrings: puts values in the place of `%NAME%`; the answer counts the zero, and is the room that is needed where there is too little.
pub fn ExpandEnvironmentStrings<U: Unit>(
    process: &mut Process,
    source: Pointer,
    out: Pointer,
    room: u32,
) -> Result<u32, Stop> {
    let source = text::<U>(&process.machine, source)?;
    let (mut expanded, mut rest) = (String::new(), source.as_str());
    while let Some((before, after)) = rest.split_once('%') {
        expanded.push_str(before);
        let named = after.split_once('%');
        let known = named.and_then(|(name, behind)| Some((process.kernel32.environment.get(name)?, behind)));
        match known {
            Some((value, behind)) => {
                expanded.push_str(value);
                rest = behind;
            }
            None => {
                expanded.push('%');
                rest = after;
            }
        }
    }
    expanded.push_str(rest);
    let answered = answer::<U>(process, &expanded, out, room)?;
    let len = u32::try_from(U::encode(&expanded).len()).unwrap_or(u32::MAX);
    Ok(if answered == len { len.saturating_add(1) } else { answered })
}
