//! Resources of loaded images, as they lie in guest memory.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::{LongPtr, Pointer};
use crate::kernel32::codepage::Unit;
use crate::kernel32::error::{
    ERROR_INVALID_PARAMETER, ERROR_MOD_NOT_FOUND, ERROR_NOT_ENOUGH_MEMORY, ERROR_RESOURCE_DATA_NOT_FOUND,
    ERROR_RESOURCE_ENUM_USER_STOP, ERROR_RESOURCE_LANG_NOT_FOUND, ERROR_RESOURCE_NAME_NOT_FOUND,
    ERROR_RESOURCE_TYPE_NOT_FOUND, fail,
};
use crate::process::{Process, still_wanted};
use crate::resources::{self, LANGUAGES, Missing, Name};

/// The last error for what is missing.
fn error(missing: Missing) -> u32 {
    match missing {
        Missing::Module => ERROR_MOD_NOT_FOUND,
        Missing::Tree => ERROR_RESOURCE_DATA_NOT_FOUND,
        Missing::Type => ERROR_RESOURCE_TYPE_NOT_FOUND,
        Missing::Name => ERROR_RESOURCE_NAME_NOT_FOUND,
        Missing::Language => ERROR_RESOURCE_LANG_NOT_FOUND,
    }
}

/// FindResource: the handle is the address of the entry that leads to the data.
pub fn FindResource<U: Unit>(
    process: &mut Process,
    module: Pointer,
    name: Pointer,
    kind: Pointer,
) -> Result<Pointer, Stop> {
    FindResourceEx::<U>(process, module, kind, name, 0)
}

/// FindResourceEx: the language that is asked for, for the neutral one whichever there is; another one only if it has the same primary language.
pub fn FindResourceEx<U: Unit>(
    process: &mut Process,
    module: Pointer,
    kind: Pointer,
    name: Pointer,
    language: u16,
) -> Result<Pointer, Stop> {
    let machine = &process.machine;
    let (kind, name) = (Name::read::<U>(machine, kind)?, Name::read::<U>(machine, name)?);
    /// SUBLANG_NEUTRAL of the same language, of which these are the lower bits.
    const PRIMARY: u16 = 0x3ff;
    let found = match language {
        0 => resources::leaf(process, module, &kind, &name, &LANGUAGES)?,
        _ => {
            let languages = [Some(language), Some(language & PRIMARY), Some(0)];
            resources::leaf(process, module, &kind, &name, &languages)?
        }
    };
    Ok(found.unwrap_or_else(|missing| fail(process, error(missing), Pointer::NULL)))
}

/// LoadResource: where the data is.
pub fn LoadResource(process: &mut Process, module: Pointer, found: Pointer) -> Pointer {
    match resources::resource(process, module, found) {
        Some(resource) => resource.at,
        None => fail(process, ERROR_INVALID_PARAMETER, Pointer::NULL),
    }
}

/// LockResource: what LoadResource answered is the address already.
pub fn LockResource(_: &mut Process, loaded: Pointer) -> Pointer {
    loaded
}

pub fn SizeofResource(process: &mut Process, module: Pointer, found: Pointer) -> u32 {
    match resources::resource(process, module, found) {
        Some(resource) => resource.size,
        None => fail(process, ERROR_INVALID_PARAMETER, 0),
    }
}

/// FreeResource: there is nothing to free, which 0 says.
pub fn FreeResource(_: &mut Process, _loaded: Pointer) -> bool {
    false
}

/// EnumResourceNames: calls the function with the module, the type as it was given, each name, and the parameter, for as long as it answers other than 0.
pub fn EnumResourceNames<U: Unit>(
    process: &mut Process,
    module: Pointer,
    kind: Pointer,
    function: Pointer,
    parameter: LongPtr,
) -> Result<bool, Stop> {
    let wanted = Name::read::<U>(&process.machine, kind)?;
    let names = resources::names(process, module, Some(&wanted))?;
    each::<U>(process, names, function, |name| vec![module.0, kind.0, name, parameter.0.cast_unsigned()])
}

/// EnumResourceTypes: calls the function with the module, each type, and the parameter.
pub fn EnumResourceTypes<U: Unit>(
    process: &mut Process,
    module: Pointer,
    function: Pointer,
    parameter: LongPtr,
) -> Result<bool, Stop> {
    let names = resources::names(process, module, None)?;
    each::<U>(process, names, function, |name| vec![module.0, name, parameter.0.cast_unsigned()])
}

fn each<U: Unit>(
    process: &mut Process,
    names: Result<Vec<Name>, Missing>,
    function: Pointer,
    arguments: impl Fn(u64) -> Vec<u64>,
) -> Result<bool, Stop> {
    let names = match names {
        Ok(names) => names,
        Err(missing) => return Ok(fail(process, error(missing), false)),
    };
    for name in names {
        still_wanted(&process.machine)?;
        let (at, block) = match name {
            Name::Id(id) => (id.into(), None),
            Name::Text(text) => {
                let bytes = U::to_bytes(&[U::encode(&text), vec![U::ZERO]].concat());
                let block = process.allocate(bytes.len() as u64, false);
                if block.is_null() {
                    return Ok(fail(process, ERROR_NOT_ENOUGH_MEMORY, false));
                }
                process.machine.memory.write(block.0, &bytes)?;
                (block.0, Some(block))
            }
        };
        let answer = process.call(function.0, &arguments(at));
        if let Some(block) = block {
            process.heap.release(&process.machine.memory, block.0);
        }
        // BOOL: the upper half of the register means nothing.
        if answer? & u64::from(u32::MAX) == 0 {
            return Ok(fail(process, ERROR_RESOURCE_ENUM_USER_STOP, false));
        }
    }
    Ok(true)
}
