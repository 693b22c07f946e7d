//! version.dll: what loaded images say about their version (MS Learn: "VS_VERSIONINFO structure").

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::{Machine, Stop, Violation};

use crate::abi::Pointer;
use crate::kernel32::codepage::{Unit, text};
use crate::kernel32::error::{
    ERROR_FILE_NOT_FOUND, ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_PARAMETER, ERROR_RESOURCE_DATA_NOT_FOUND,
    ERROR_RESOURCE_TYPE_NOT_FOUND, fail,
};
use crate::process::{Process, still_wanted};
use crate::resources::{self, LANGUAGES, Missing, Name, RT_VERSION, Resource};

library! {
    /// version.
    LIBRARY, Stdcall, ["version.dll", "api-ms-win-core-version-*"], "https://learn.microsoft.com/windows/win32/api/winver/";
    GetFileVersionInfo<u8> as "GetFileVersionInfoA", "nf-winver-getfileversioninfoa";
    GetFileVersionInfo<u16> as "GetFileVersionInfoW", "nf-winver-getfileversioninfow";
    GetFileVersionInfoSize<u8> as "GetFileVersionInfoSizeA", "nf-winver-getfileversioninfosizea";
    GetFileVersionInfoSize<u16> as "GetFileVersionInfoSizeW", "nf-winver-getfileversioninfosizew";
    VerQueryValue<u8> as "VerQueryValueA", "nf-winver-verqueryvaluea";
    VerQueryValue<u16> as "VerQueryValueW", "nf-winver-verqueryvaluew";
}

/// The identifier of the one version resource of an image.
const VS_VERSION_INFO: u16 = 1;

/// The version resource of the loaded image with this file name, whatever directory that names; the last error says why there is none.
fn resource<U: Unit>(process: &mut Process, file: Pointer) -> Result<Option<Resource>, Stop> {
    let name = text::<U>(&process.machine, file)?;
    let name = name.rsplit(['\\', '/']).next().unwrap_or(&name);
    let Some(module) = process.module_named(name).map(|module| Pointer(module.base)) else {
        return Ok(fail(process, ERROR_FILE_NOT_FOUND, None));
    };
    let (kind, id) = (Name::Id(RT_VERSION), Name::Id(VS_VERSION_INFO));
    match resources::leaf(process, module, &kind, &id, &LANGUAGES)? {
        Ok(leaf) => match resources::resource(process, module, leaf) {
            Some(resource) => Ok(Some(resource)),
            None => Ok(fail(process, ERROR_RESOURCE_DATA_NOT_FOUND, None)),
        },
        Err(Missing::Type) => Ok(fail(process, ERROR_RESOURCE_TYPE_NOT_FOUND, None)),
        Err(_) => Ok(fail(process, ERROR_RESOURCE_DATA_NOT_FOUND, None)),
    }
}

/// GetFileVersionInfoSize: the resource's, and as much again, into which VerQueryValueA puts texts in the ANSI code page.
pub fn GetFileVersionInfoSize<U: Unit>(
    process: &mut Process,
    file: Pointer,
    ignored: Pointer,
) -> Result<u32, Stop> {
    let Some(found) = resource::<U>(process, file)? else { return Ok(0) };
    if !ignored.is_null() {
        process.machine.memory.write(ignored.0, &[0; 4])?;
    }
    Ok(found.size.saturating_mul(2))
}

/// GetFileVersionInfo: as much of the resource as there is room for.
pub fn GetFileVersionInfo<U: Unit>(
    process: &mut Process,
    file: Pointer,
    _ignored: u32,
    room: u32,
    out: Pointer,
) -> Result<bool, Stop> {
    let Some(found) = resource::<U>(process, file)? else { return Ok(false) };
    let size = usize::try_from(found.size.min(room)).unwrap_or(0);
    process.machine.memory.copy(out.0, found.at.0, size)?;
    Ok(found.size <= room || fail(process, ERROR_INSUFFICIENT_BUFFER, false))
}

/// A block of the resource: wLength, wValueLength, wType, a key, its value, and other blocks, each aligned to four bytes.
#[derive(Debug, Clone, Copy)]
struct Block {
    at: Pointer,
    /// Where the value begins, and the block ends.
    value: Pointer,
    end: Pointer,
    /// Bytes of a value that is data, or units of one that is text.
    len: u16,
    is_text: bool,
}

impl Block {
    /// The block at an address, of the resource that begins at `base`, with its key.
    fn read(machine: &Machine, base: Pointer, at: Pointer) -> Result<(Self, String), Stop> {
        let word = |place: u64| machine.memory.array(at.at(2 * place).0).map(u16::from_le_bytes);
        let (len, value_len, kind): (u16, u16, u16) = (word(0)?, word(1)?, word(2)?);
        let key = text::<u16>(machine, at.at(6))?;
        let behind = at.at(6 + 2 * (key.encode_utf16().count() as u64 + 1));
        let value = aligned(base, behind);
        Ok((Self { at, value, end: at.at(len.into()), len: value_len, is_text: kind == 1 }, key))
    }

    /// The block inside of it with this key, in any case.
    fn child(&self, machine: &Machine, base: Pointer, wanted: &str) -> Result<Option<Self>, Stop> {
        let size = u64::from(self.len) * if self.is_text { 2 } else { 1 };
        let mut at = aligned(base, self.value.at(size));
        while at.at(6) <= self.end {
            still_wanted(machine)?;
            let (child, key) = Self::read(machine, base, at)?;
            if key.eq_ignore_ascii_case(wanted) {
                return Ok(Some(child));
            }
            if child.end <= child.at {
                break;
            }
            at = aligned(base, child.end);
        }
        Ok(None)
    }
}

/// The next address that is a multiple of four bytes from the base.
fn aligned(base: Pointer, at: Pointer) -> Pointer {
    base.at(at.0.wrapping_sub(base.0).wrapping_add(3) & !3)
}

/// VerQueryValue: where a value is (`\`, `\VarFileInfo\Translation`, `\StringFileInfo\LANGUAGE\NAME`), and how many bytes, or units with the zero if it is text.
pub fn VerQueryValue<U: Unit>(
    process: &mut Process,
    resource: Pointer,
    wanted: Pointer,
    out: Pointer,
    len: Pointer,
) -> Result<bool, Stop> {
    let machine = &process.machine;
    let path = text::<U>(machine, wanted)?;
    let (root, key) = Block::read(machine, resource, resource)?;
    if key != "VS_VERSION_INFO" {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, false));
    }
    let mut block = Some(root);
    for part in path.split('\\').filter(|part| !part.is_empty()) {
        block = match block {
            Some(outer) => outer.child(machine, resource, part)?,
            None => None,
        };
    }
    let Some(block) = block else {
        return Ok(fail(process, ERROR_RESOURCE_TYPE_NOT_FOUND, false));
    };
    let value =
        if block.is_text && U::SIZE == 1 { narrow(machine, resource, root, block)? } else { block.value };
    machine.put_pointer(out.0, value.0)?;
    machine.memory.write(len.0, &u32::from(block.len).to_le_bytes())?;
    Ok(true)
}

/// Puts a text in the ANSI code page behind the resource, where GetFileVersionInfoSize has made room: each at a place of its own, as it has half the size there.
fn narrow(machine: &Machine, base: Pointer, root: Block, block: Block) -> Result<Pointer, Violation> {
    let mut wide = vec![0; 2 * usize::from(block.len)];
    machine.memory.read(block.value.0, &mut wide)?;
    let units: Vec<u16> = wide.as_chunks().0.iter().map(|&unit| u16::from_le_bytes(unit)).collect();
    let bytes = <u8 as Unit>::encode(&<u16 as Unit>::decode(&units));
    let at = root.end.at(block.value.0.wrapping_sub(base.0) / 2);
    machine.memory.write(at.0, &bytes)?;
    Ok(at)
}
