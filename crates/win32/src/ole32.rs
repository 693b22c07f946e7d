//! ole32.dll: memory, identifiers and what threads say before they use objects. There are no classes of objects.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::fmt::Write;

use guest::{POOL, Stop, Violation};

use crate::abi::Pointer;
use crate::kernel32::codepage::{Unit, text};
use crate::process::Process;

library! {
    /// ole32.
    LIBRARY, Stdcall, ["ole32.dll", "api-ms-win-core-com-*"], "https://learn.microsoft.com/windows/win32/api/";
    CLSIDFromProgID, "combaseapi/nf-combaseapi-clsidfromprogid";
    CLSIDFromString, "combaseapi/nf-combaseapi-clsidfromstring";
    CoCreateInstance, "combaseapi/nf-combaseapi-cocreateinstance";
    CoFreeUnusedLibraries, "combaseapi/nf-combaseapi-cofreeunusedlibraries";
    CoGetClassObject, "combaseapi/nf-combaseapi-cogetclassobject";
    CoInitialize, "objbase/nf-objbase-coinitialize";
    CoInitializeEx, "combaseapi/nf-combaseapi-coinitializeex";
    CoTaskMemAlloc, "combaseapi/nf-combaseapi-cotaskmemalloc";
    CoTaskMemFree, "combaseapi/nf-combaseapi-cotaskmemfree";
    CoTaskMemRealloc, "combaseapi/nf-combaseapi-cotaskmemrealloc";
    CoUninitialize, "combaseapi/nf-combaseapi-couninitialize";
    CLSIDFromString as "IIDFromString", "combaseapi/nf-combaseapi-iidfromstring";
    IsEqualGUID, "guiddef/nf-guiddef-isequalguid";
    CoInitialize as "OleInitialize", "ole2/nf-ole2-oleinitialize";
    CoUninitialize as "OleUninitialize", "ole2/nf-ole2-oleuninitialize";
    StringFromCLSID, "combaseapi/nf-combaseapi-stringfromclsid";
    StringFromGUID2, "combaseapi/nf-combaseapi-stringfromguid2";
    StringFromCLSID as "StringFromIID", "combaseapi/nf-combaseapi-stringfromiid";
}

const S_OK: u32 = 0;
const S_FALSE: u32 = 1;
const E_OUTOFMEMORY: u32 = 0x8007_000e;
const E_INVALIDARG: u32 = 0x8007_0057;
const RPC_E_CHANGED_MODE: u32 = 0x8001_0106;
const CO_E_NOTINITIALIZED: u32 = 0x8004_01f0;
const CO_E_CLASSSTRING: u32 = 0x8004_01f3;
const REGDB_E_CLASSNOTREG: u32 = 0x8004_0154;

/// How a thread uses objects, and how often it has said so.
#[derive(Debug, Clone, Copy, Default)]
struct Apartment {
    count: u32,
    threaded: bool,
}

/// What the threads have said, by number.
#[derive(Debug, Default)]
pub(crate) struct State([Apartment; 1 + POOL]);

impl State {
    /// Forgets what a thread has said that has ended.
    pub fn forget(&mut self, thread: usize) {
        if let Some(apartment) = self.0.get_mut(thread) {
            *apartment = Apartment::default();
        }
    }
}

/// CoInitialize and OleInitialize: for a single-threaded apartment.
pub fn CoInitialize(process: &mut Process, reserved: Pointer) -> u32 {
    const COINIT_APARTMENTTHREADED: u32 = 2;
    CoInitializeEx(process, reserved, COINIT_APARTMENTTHREADED)
}

/// CoInitializeEx: S_FALSE for a thread that has said so before.
pub fn CoInitializeEx(process: &mut Process, reserved: Pointer, flags: u32) -> u32 {
    const COINIT_APARTMENTTHREADED: u32 = 2;
    const KNOWN: u32 = 0xe;
    if !reserved.is_null() || flags & !KNOWN != 0 {
        return E_INVALIDARG;
    }
    let thread = process.machine.current();
    let apartment = &mut process.ole32.0[thread];
    let threaded = flags & COINIT_APARTMENTTHREADED == 0;
    if apartment.count > 0 && apartment.threaded != threaded {
        return RPC_E_CHANGED_MODE;
    }
    apartment.threaded = threaded;
    apartment.count = apartment.count.saturating_add(1);
    if apartment.count > 1 { S_FALSE } else { S_OK }
}

pub fn CoUninitialize(process: &mut Process) {
    let thread = process.machine.current();
    let apartment = &mut process.ole32.0[thread];
    apartment.count = apartment.count.saturating_sub(1);
}

/// CoFreeUnusedLibraries: there are none.
pub fn CoFreeUnusedLibraries(_: &mut Process) {}

/// Says that there is no class, and tells people which one it was.
fn no_class(process: &mut Process, class: Pointer, out: Pointer) -> Result<u32, Stop> {
    if out.is_null() {
        return Ok(E_INVALIDARG);
    }
    process.machine.put_pointer(out.0, 0)?;
    let class = written(read(process, class)?);
    let thread = process.machine.current();
    if process.ole32.0[thread].count == 0 {
        return Ok(CO_E_NOTINITIALIZED);
    }
    process.say(format!("the driver wanted an object of the class {class}").as_bytes());
    Ok(REGDB_E_CLASSNOTREG)
}

pub fn CoCreateInstance(
    process: &mut Process,
    class: Pointer,
    _outer: Pointer,
    _context: u32,
    _interface: Pointer,
    out: Pointer,
) -> Result<u32, Stop> {
    no_class(process, class, out)
}

pub fn CoGetClassObject(
    process: &mut Process,
    class: Pointer,
    _context: u32,
    _server: Pointer,
    _interface: Pointer,
    out: Pointer,
) -> Result<u32, Stop> {
    no_class(process, class, out)
}

pub fn CoTaskMemAlloc(process: &mut Process, size: Pointer) -> Pointer {
    process.allocate(size.0, false)
}

pub fn CoTaskMemFree(process: &mut Process, block: Pointer) {
    process.free_block(block);
}

/// CoTaskMemRealloc: without a block it allocates one, and without a size it frees it.
pub fn CoTaskMemRealloc(process: &mut Process, block: Pointer, size: Pointer) -> Pointer {
    match (block, size.0) {
        (Pointer::NULL, size) => process.allocate(size, false),
        (block, 0) => {
            process.free_block(block);
            Pointer::NULL
        }
        (block, size) => process.resize(block, size, false),
    }
}

/// A GUID: a number of 32 bits, two of 16, and eight bytes.
type Guid = [u8; 16];

fn read(process: &Process, at: Pointer) -> Result<Guid, Violation> {
    process.machine.memory.array(at.0)
}

/// Which byte of a GUID each pair of digits is.
const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

/// How it is written: in braces, with four hyphens.
fn written(guid: Guid) -> String {
    let mut text = String::from("{");
    for (place, index) in ORDER.into_iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "{:02X}", guid[index]);
    }
    text + "}"
}

fn parsed(text: &str) -> Option<Guid> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    let places: Vec<usize> = inner.match_indices('-').map(|(place, _)| place).collect();
    let digits: Vec<u32> =
        inner.chars().filter(|&c| c != '-').map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    if places != [8, 13, 18, 23] || digits.len() != 32 {
        return None;
    }
    let mut guid = [0; 16];
    for (index, pair) in ORDER.into_iter().zip(digits.as_chunks::<2>().0) {
        guid[index] = u8::try_from(pair[0] << 4 | pair[1]).ok()?;
    }
    Some(guid)
}

/// StringFromGUID2: how many units it has with the zero, or 0 when there is no room.
pub fn StringFromGUID2(process: &mut Process, guid: Pointer, out: Pointer, room: i32) -> Result<i32, Stop> {
    const LEN: i32 = 39;
    let text = written(read(process, guid)?) + "\0";
    if room < LEN {
        return Ok(0);
    }
    process.machine.memory.write(out.0, &crate::text::Unit::to_bytes(&<u16 as Unit>::encode(&text)))?;
    Ok(LEN)
}

/// StringFromCLSID and StringFromIID: the text is the caller's to free, with CoTaskMemFree.
pub fn StringFromCLSID(process: &mut Process, guid: Pointer, out: Pointer) -> Result<u32, Stop> {
    let text = written(read(process, guid)?) + "\0";
    let bytes = crate::text::Unit::to_bytes(&<u16 as Unit>::encode(&text));
    let block = process.allocate(bytes.len() as u64, false);
    process.machine.put_pointer(out.0, block.0)?;
    if block.is_null() {
        return Ok(E_OUTOFMEMORY);
    }
    process.machine.memory.write(block.0, &bytes)?;
    Ok(S_OK)
}

/// CLSIDFromString and IIDFromString: zeros for no text. No class has a name that stands for its identifier.
pub fn CLSIDFromString(process: &mut Process, from: Pointer, out: Pointer) -> Result<u32, Stop> {
    if out.is_null() {
        return Ok(E_INVALIDARG);
    }
    let guid = match from {
        Pointer::NULL => Some([0; 16]),
        from => parsed(&text::<u16>(&process.machine, from)?),
    };
    process.machine.memory.write(out.0, &guid.unwrap_or_default())?;
    Ok(if guid.is_some() { S_OK } else { CO_E_CLASSSTRING })
}

/// CLSIDFromProgID: no class is registered.
pub fn CLSIDFromProgID(process: &mut Process, _name: Pointer, out: Pointer) -> Result<u32, Stop> {
    process.machine.memory.write(out.0, &[0; 16])?;
    Ok(CO_E_CLASSSTRING)
}

pub fn IsEqualGUID(process: &mut Process, one: Pointer, other: Pointer) -> Result<bool, Stop> {
    Ok(read(process, one)? == read(process, other)?)
}

#[cfg(test)]
mod tests {
    use guest::Mode;

    use super::*;
    use crate::testing::{Guest, alone};

    #[test]
    fn identifiers_are_written_and_read() {
        let text = "{00020400-0000-0000-C000-000000000046}";
        let guid = parsed(text).unwrap();
        assert_eq!(guid, [0, 4, 2, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46]);
        assert_eq!(written(guid), text);
        for wrong in
            ["", "{}", "00020400-0000-0000-C000-000000000046", "{0002040000000000C000000000000046----}"]
        {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }

    fn objects(mode: Mode) {
        let mut guest = Guest::new(mode);
        let (guid, out) = (guest.put(&[7; 16]), guest.put(&[0xee; 100]));
        let create = |guest: &mut Guest| guest.call("CoCreateInstance", &[guid, 0, 1, guid, out]) as u32;
        assert_eq!((create(&mut guest), guest.pointer(out)), (CO_E_NOTINITIALIZED, 0));
        assert_eq!([0; 2].map(|_| guest.call("CoInitialize", &[0])), [0, 1]);
        assert_eq!(guest.call("CoInitializeEx", &[0, 0]) as u32, RPC_E_CHANGED_MODE);
        assert_eq!(create(&mut guest), REGDB_E_CLASSNOTREG);
        assert!(guest.said.borrow().last().unwrap().ends_with("{07070707-0707-0707-0707-070707070707}"));
        assert_eq!([0; 2].map(|_| guest.call("CoUninitialize", &[])), [0, 0]);
        assert_eq!(guest.call("CoInitializeEx", &[0, 0]), 0);
        assert_eq!(
            (
                guest.call("StringFromGUID2", &[guid, out, 38]),
                guest.call("StringFromGUID2", &[guid, out, 39])
            ),
            (0, 39)
        );
        let back = guest.put(&[0; 16]);
        assert_eq!((guest.call("CLSIDFromString", &[out, back]), guest.bytes(back)), (0, [7; 16]));
        assert_eq!(guest.call("IsEqualGUID", &[guid, back]), 1);
        assert_eq!(guest.call("CLSIDFromString", &[out + 2, back]) as u32, CO_E_CLASSSTRING);
        let pointer = guest.pointers(&[0]);
        assert_eq!(guest.call("StringFromCLSID", &[guid, pointer]), 0);
        let block = guest.pointer(pointer);
        assert!(guest.wide_text(block).starts_with("{0707"));
        assert_eq!(guest.call("CoTaskMemRealloc", &[block, 0]), 0);
        assert_eq!(guest.call("HeapValidate", &[0, 0, block]), 0);
    }

    #[test]
    fn objects_of_32_bit_code() {
        alone(|| objects(Mode::I386));
    }

    #[test]
    fn objects_of_64_bit_code() {
        alone(|| objects(Mode::X86_64));
    }
}
