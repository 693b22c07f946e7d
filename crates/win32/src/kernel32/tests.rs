//! Functions called the way the guest calls them.

mod dates;
mod messages;
mod objects;
mod startup;

use guest::{FaultKind, Mode};

use crate::testing::{Guest, alone};

/// -1 as a 32-bit argument.
const MINUS_ONE: u64 = 0xffff_ffff;

#[test]
fn shims_answer_32_bit_code_as_documented() {
    alone(|| shims_answer(Mode::I386));
}

#[test]
fn shims_answer_64_bit_code_as_documented() {
    alone(|| shims_answer(Mode::X86_64));
}

fn shims_answer(mode: Mode) {
    let mut guest = Guest::new(mode);
    heaps(&mut guest);
    pages(&mut guest);
    modules(&mut guest);
    text(&mut guest);
    synchronisation(&mut guest);
    atoms_and_interlocked_numbers(&mut guest);
    console_and_messages(&mut guest);
    messages::messages(&mut guest);
    dates::dates(&mut guest);
    dates::letters(&mut guest);
    system(&mut guest);
}

fn heaps(guest: &mut Guest) {
    let fixed = guest.call("GlobalAlloc", &[0x40, 100]);
    assert_eq!(guest.call("GlobalLock", &[fixed]), fixed);
    assert_eq!(guest.call("GlobalHandle", &[fixed]), fixed);
    assert_eq!(guest.call("GlobalSize", &[fixed]), 100);
    assert_eq!((guest.call("GlobalUnlock", &[fixed]), guest.call("GlobalFlags", &[fixed])), (1, 0));
    assert_eq!((guest.call("LocalUnlock", &[fixed]), guest.last_error()), (0, 158));
    assert_eq!((guest.call("GlobalReAlloc", &[fixed, 5000, 0]), guest.last_error()), (0, 8));
    let larger = guest.call("GlobalReAlloc", &[fixed, 5000, 0x42]);
    assert_eq!((guest.call("GlobalSize", &[larger]), guest.bytes(larger + 4992)), (5000, [0; 8]));
    assert_eq!(guest.call("GlobalFree", &[larger]), 0);
    assert_eq!((guest.call("GlobalFree", &[larger]), guest.last_error()), (larger, 6));
    assert_eq!(
        (guest.call("GlobalFlags", &[larger]), guest.call("HeapValidate", &[0, 0, larger])),
        (0x8000, 0)
    );
    moveable_memory(guest);
}

fn moveable_memory(guest: &mut Guest) {
    let handle = guest.call("GlobalAlloc", &[0x42, 100]);
    let memory = guest.call("GlobalLock", &[handle]);
    assert!(memory != handle && guest.bytes(memory) == [0; 100]);
    assert_eq!((guest.call("GlobalLock", &[handle]), guest.call("GlobalFlags", &[handle])), (memory, 2));
    assert_eq!((guest.call("GlobalHandle", &[memory]), guest.call("GlobalSize", &[handle])), (handle, 100));
    assert_eq!((guest.call("GlobalUnlock", &[handle]), guest.call("LocalFlags", &[handle])), (1, 1));
    assert_eq!((guest.call("GlobalUnlock", &[handle]), guest.last_error()), (0, 0));
    assert_eq!((guest.call("GlobalUnlock", &[handle]), guest.last_error()), (0, 158));
    // Another size leaves the handle as it is, and the contents.
    guest.process.machine.memory.write(memory, b"kept").unwrap();
    assert_eq!(guest.call("GlobalReAlloc", &[handle, 5000, 0x40]), handle);
    let moved = guest.call("GlobalLock", &[handle]);
    assert_eq!((guest.bytes(moved), guest.bytes(moved + 4992)), (*b"kept", [0; 8]));
    assert_eq!((guest.call("GlobalHandle", &[moved]), guest.call("GlobalSize", &[handle])), (handle, 5000));
    assert_eq!((guest.call("GlobalReAlloc", &[handle, 0x10000, 0]), guest.last_error()), (0, 8), "locked");
    guest.call("GlobalUnlock", &[handle]);
    // Discarded and had again.
    assert_eq!(guest.call("GlobalReAlloc", &[handle, 0, 2]), handle);
    assert_eq!((guest.call("GlobalLock", &[handle]), guest.last_error()), (0, 157));
    assert_eq!((guest.call("GlobalFlags", &[handle]), guest.call("GlobalSize", &[handle])), (0x4000, 0));
    assert_eq!(guest.call("GlobalReAlloc", &[handle, 16, 2]), handle);
    let memory = guest.call("GlobalLock", &[handle]);
    assert_eq!((guest.call("GlobalFree", &[handle]), guest.call("HeapValidate", &[0, 0, memory])), (0, 0));
    // What stays can become what moves.
    let fixed = guest.call("LocalAlloc", &[0, 8]);
    let handle = guest.call("LocalReAlloc", &[fixed, 0, 0x82]);
    assert_eq!((guest.call("LocalLock", &[handle]), guest.call("LocalHandle", &[fixed])), (fixed, handle));
    // One that leads elsewhere is none.
    guest.process.machine.memory.write(handle, &0x1234_u64.to_le_bytes()).unwrap();
    assert_eq!((guest.call("LocalLock", &[handle]), guest.last_error()), (0, 6));
}

fn pages(guest: &mut Guest) {
    let pages = guest.call("VirtualAlloc", &[0, 0x1_2345, 0x3000, 4]);
    assert!(pages != 0 && pages.is_multiple_of(0x1_0000));
    let out = guest.put(&[0; 64]);
    // State, Protect and Type come after two pointers, a number and a size.
    let (size, state) = (guest.pick(28, 48), guest.pick(16, 32));
    assert_eq!(guest.call("VirtualQuery", &[pages + 5, out, size]), size);
    assert_eq!(guest.pointer(out), pages);
    let fields = |guest: &Guest| [state, state + 4, state + 8].map(|field| guest.u32(out + field));
    assert_eq!(fields(guest), [0x1000, 4, 0x2_0000]);
    assert_eq!((guest.call("VirtualQuery", &[pages, out, size - 1]), guest.last_error()), (0, 24));
    assert_eq!(guest.call("VirtualQuery", &[0x100, out, size]), size);
    assert_eq!(fields(guest), [0x1_0000, 1, 0]);
    protection(guest, pages);
    assert_eq!((guest.call("VirtualAlloc", &[0, 1, 0x1000, 0x40]), guest.last_error()), (0, 5));
    guest.process.machine.memory.write(pages, b"used").unwrap();
    assert_eq!(guest.call("VirtualFree", &[pages, 0x1000, 0x4000]), 1);
    assert_eq!(guest.bytes(pages), [0; 4]);
    assert_eq!(guest.call("VirtualAlloc", &[pages + 1, 1, 0x1000, 4]), pages);
    assert_eq!(guest.call("VirtualFree", &[pages, 0, 0x8000]), 1);
    assert_eq!(guest.call("VirtualFree", &[pages, 0, 0x8000]), 0);
    assert_eq!((guest.call("IsBadReadPtr", &[out, 16]), guest.call("IsBadReadPtr", &[0, 16])), (0, 1));
    assert_eq!((guest.call("IsBadWritePtr", &[0, 0]), guest.call("IsBadStringPtrA", &[0, 5])), (0, 1));
}

fn protection(guest: &mut Guest, pages: u64) {
    let (old, out) = (guest.put(&[0; 4]), guest.put(&[0; 64]));
    let (size, protect) = (guest.pick(28, 48), guest.pick(20, 36));
    assert_eq!((guest.call("VirtualProtect", &[pages + 0x1000, 1, 2, old]), guest.u32(old)), (1, 4));
    let allowed = |guest: &mut Guest, at: u64| {
        guest.call("VirtualQuery", &[at, out, size]);
        [
            guest.u32(out + protect - 4),
            guest.u32(out + protect),
            guest.pointer(out + protect - 4 - guest.pointer_size()) as u32,
        ]
    };
    assert_eq!(allowed(guest, pages + 0x1000), [0x1000, 2, 0x1000]);
    assert_eq!(guest.call("IsBadWritePtr", &[pages + 0x1000, 1]), 1);
    // What a function is to write there is an access violation of the driver's.
    let text = guest.put(b"text\0");
    assert!(matches!(guest.fault("GetSystemTime", &[pages + 0x1000]), FaultKind::AccessViolation { .. }));
    assert_eq!(guest.call("lstrcpyA", &[pages + 0x1000, text]), 0);
    assert_eq!((guest.call("VirtualProtect", &[pages, 0x3000, 1, old]), guest.u32(old)), (1, 4));
    assert_eq!(allowed(guest, pages), [0x1000, 1, 0x3000]);
    assert_eq!(guest.call("IsBadReadPtr", &[pages + 0x2fff, 1]), 1);
    assert_eq!(guest.call("VirtualProtect", &[pages, 0x3000, 4, old]), 1);
    assert_eq!(guest.u32(old), 1);
    guest.process.machine.memory.write(pages, b"used again").unwrap();
    // Nothing becomes code, and what is not there or not the driver's stays as it is.
    assert_eq!((guest.call("VirtualProtect", &[pages, 1, 0x40, old]), guest.last_error()), (0, 5));
    assert_eq!((guest.call("VirtualProtect", &[pages, 0, 2, old]), guest.last_error()), (0, 87));
    assert_eq!((guest.call("VirtualProtect", &[pages, 1, 0x104, old]), guest.last_error()), (0, 50));
    assert_eq!((guest.call("VirtualProtect", &[pages, 1, 2, 0]), guest.last_error()), (0, 998));
    for nothing in [0, 0x1000, 0x41_0000, 0x5000_0000] {
        assert_eq!((guest.call("VirtualProtect", &[nothing, 1, 2, old]), guest.last_error()), (0, 487));
    }
    let stack = guest.process.machine.memory.layout().stack(0).start;
    for kept in [guest.call("GetCommandLineA", &[]), guest.address("GetTickCount"), stack] {
        assert_eq!((guest.call("VirtualProtect", &[kept, 1, 1, old]), guest.last_error()), (0, 5));
    }
    assert_eq!(guest.call("VirtualProtect", &[stack, 1, 4, old]), 1, "as it is");
    // Given back, the memory is as any other.
    let block = guest.call("VirtualAlloc", &[0, 0x2000, 0x3000, 2]);
    assert_eq!(guest.call("IsBadWritePtr", &[block, 1]), 1);
    assert_eq!(guest.call("VirtualFree", &[block, 0, 0x8000]), 1);
    let again = guest.call("VirtualAlloc", &[0, 0x2000, 0x3000, 4]);
    assert_eq!((again, guest.call("IsBadWritePtr", &[again, 0x2000])), (block, 0));
}

fn modules(guest: &mut Guest) {
    let name = guest.wide(r"C:\windows\system32\KERNEL32");
    let kernel32 = guest.call("GetModuleHandleW", &[name]);
    assert_ne!(kernel32, 0);
    let function = guest.put(b"GetProcAddress\0");
    let address = guest.call("GetProcAddress", &[kernel32, function]);
    assert_eq!(address, guest.address("GetProcAddress"));
    let absent = guest.put(b"NoSuchThing\0");
    assert_eq!((guest.call("GetProcAddress", &[kernel32, absent]), guest.last_error()), (0, 127));
    assert_eq!((guest.call("LoadLibraryA", &[absent]), guest.last_error()), (0, 126));
    let out = guest.put(&[0; 600]);
    assert_eq!(guest.call("GetModuleFileNameA", &[kernel32, out, 260]), 32);
    assert_eq!(guest.text(out), r"C:\windows\system32\kernel32.dll");
    assert_eq!((guest.call("GetModuleFileNameW", &[kernel32, out, 11]), guest.last_error()), (11, 122));
    assert_eq!(guest.wide_text(out), r"C:\windows");
}

fn text(guest: &mut Guest) {
    let out = guest.put(&[0; 600]);
    let source = guest.put(b"5 \x80\0");
    assert_eq!(guest.call("MultiByteToWideChar", &[0, 0, source, MINUS_ONE, 0, 0]), 4);
    assert_eq!(guest.call("MultiByteToWideChar", &[0, 0, source, MINUS_ONE, out, 4]), 4);
    assert_eq!(guest.wide_text(out), "5 €");
    assert_eq!((guest.call("MultiByteToWideChar", &[0, 0, source, 3, out, 2]), guest.last_error()), (0, 122));
    assert_eq!(
        (guest.call("MultiByteToWideChar", &[65001, 8, source, 3, out, 9]), guest.last_error()),
        (0, 1113)
    );
    for (code_page, flags, error) in [(54321, 0, 87), (65000, 0, 87), (65001, 1, 1004), (0, 3, 1004)] {
        assert_eq!(guest.call("MultiByteToWideChar", &[code_page, flags, source, 3, out, 9]), 0);
        assert_eq!(guest.last_error(), error, "{code_page}");
    }
    assert_eq!(
        (guest.call("MultiByteToWideChar", &[0, 0, source, 3, source, 9]), guest.last_error()),
        (0, 87)
    );
    let wide = guest.wide("Ż€");
    for (code_page, flags, error) in [(54321, 0, 87), (65001, 0x400, 1004), (0, 0x80, 1004)] {
        assert_eq!(guest.call("WideCharToMultiByte", &[code_page, flags, wide, 2, out, 9, 0, 0]), 0);
        assert_eq!(guest.last_error(), error, "{code_page}");
    }
    assert_eq!((guest.call("GetCPInfo", &[54321, out]), guest.last_error()), (0, 87));
    assert_eq!([437, 1252, 0, 54321].map(|number| guest.call("IsValidCodePage", &[number])), [1, 1, 0, 0]);
    let used = guest.put(&[0; 4]);
    assert_eq!(guest.call("WideCharToMultiByte", &[0, 0, wide, MINUS_ONE, out, 9, 0, used]), 3);
    assert_eq!((guest.bytes(out), guest.u32(used)), (*b"?\x80\0", 1));
    let (a, b) = (guest.put(b"Left\0"), guest.put(b"leFT\0"));
    assert_eq!((guest.call("lstrcmpiA", &[a, b]), guest.call("lstrcmpA", &[a, b])), (0, 1));
    assert_eq!(guest.call("lstrcpynA", &[out, a, 3]), out);
    assert_eq!(guest.call("lstrcatA", &[out, b]), out);
    assert_eq!((guest.text(out), guest.call("lstrlenA", &[out])), ("LeleFT".to_owned(), 6));
    assert_eq!((guest.call("lstrlenA", &[0]), guest.call("lstrcpyA", &[0, a])), (0, 0));
    let (directory, file) = (guest.wide(r"C:\codecs"), guest.wide(r"..\a.acm"));
    assert_eq!(guest.call("PathCombineW", &[out, directory, file]), out);
    assert_eq!(guest.wide_text(out), r"C:\a.acm");
}

fn synchronisation(guest: &mut Guest) {
    let section = guest.put(&[0x55; 44]);
    let (size, locks) = (guest.pick(24, 40), guest.pick(4, 8));
    let fields = |guest: &Guest| [locks, locks + 4, locks + 8].map(|field| guest.u32(section + field));
    guest.call("InitializeCriticalSection", &[section]);
    guest.call("EnterCriticalSection", &[section]);
    assert_eq!(guest.call("TryEnterCriticalSection", &[section]), 1);
    assert_eq!(fields(guest), [1, 2, 0x24]);
    (0..3).for_each(|_| assert_eq!(guest.call("LeaveCriticalSection", &[section]), 0));
    assert_eq!(fields(guest), [u32::MAX, 0, 0]);
    guest.call("DeleteCriticalSection", &[section]);
    assert_eq!((fields(guest), guest.u32(section + size)), ([0; 3], 0x5555_5555));

    let event = guest.call("CreateEventA", &[0, 0, 1, 0]);
    let semaphore = guest.call("CreateSemaphoreA", &[0, 0, 2, 0]);
    let handles = guest.pointers(&[event, semaphore]);
    assert_eq!(guest.call("WaitForMultipleObjects", &[2, handles, 1, 1]), 258);
    let twice = guest.pointers(&[event, event]);
    assert_eq!(
        (guest.call("WaitForMultipleObjects", &[2, twice, 1, 1]), guest.last_error()),
        (MINUS_ONE, 87)
    );
    assert_eq!(guest.call("WaitForSingleObject", &[event, MINUS_ONE]), 0);
    assert_eq!(guest.call("WaitForSingleObject", &[event, 20]), 258);
    assert_eq!(guest.call("ReleaseSemaphore", &[semaphore, 1, 0]), 1);
    assert_eq!((guest.call("ReleaseSemaphore", &[semaphore, 2, 0]), guest.last_error()), (0, 298));
    assert_eq!(guest.call("WaitForMultipleObjects", &[2, handles, 0, 0]), 1);
    assert_eq!(guest.call("WaitForMultipleObjects", &[2, handles, 0, 0]), 258);
    assert_eq!(guest.call("CloseHandle", &[event]), 1);
    assert_eq!((guest.call("SetEvent", &[event]), guest.last_error()), (0, 6));
    assert_eq!((guest.call("WaitForSingleObject", &[event, 0]), guest.last_error()), (MINUS_ONE, 6));
    let own = [guest.call("GetCurrentProcess", &[]), guest.call("GetCurrentThread", &[])];
    assert_eq!(own, [guest.minus_one(), guest.minus_one() - 1]);
    assert_eq!(own.map(|handle| guest.call("CloseHandle", &[handle])), [1, 1]);
    let both = guest.pointers(&own);
    assert_eq!(guest.call("WaitForMultipleObjects", &[2, both, 0, 0]), 258);
    assert_eq!(guest.call("GetThreadPriority", &[own[1]]), 0);
    let head = guest.put(&[0x55; 20]);
    guest.call("InitializeSListHead", &[head]);
    assert_eq!((guest.pointer(head), guest.u32(head + guest.pick(8, 16))), (0, 0x5555_5555));
    let mutex = guest.call("CreateMutexW", &[0, 1, 0]);
    assert_eq!(guest.call("ReleaseMutex", &[mutex]), 1);
    assert_eq!((guest.call("ReleaseMutex", &[mutex]), guest.last_error()), (0, 288));

    let slot = guest.call("TlsAlloc", &[]);
    assert_eq!((guest.call("TlsSetValue", &[slot, 7]), guest.call("TlsGetValue", &[slot])), (1, 7));
    assert_eq!(
        (guest.call("TlsFree", &[slot]), guest.call("TlsGetValue", &[slot]), guest.last_error()),
        (1, 0, 87)
    );
}

fn atoms_and_interlocked_numbers(guest: &mut Guest) {
    let (name, upper, out) = (guest.put(b"gcc-eh\0"), guest.wide("GCC-EH"), guest.put(&[0; 16]));
    let atom = guest.call("AddAtomA", &[name]);
    assert_eq!((atom, guest.call("FindAtomW", &[upper])), (0xc000, atom));
    assert_eq!((guest.call("GetAtomNameA", &[atom, out, 4]), guest.text(out)), (3, "gcc".to_owned()));
    assert_eq!(guest.call("DeleteAtom", &[atom]), 0);
    assert_eq!((guest.call("FindAtomA", &[name]), guest.last_error()), (0, 2));
    assert_eq!((guest.call("DeleteAtom", &[atom]), guest.last_error()), (atom, 6));
    let number = guest.put(b"#12\0");
    assert_eq!([number, 12].map(|name| guest.call("AddAtomA", &[name])), [12, 12]);
    assert_eq!((guest.call("GetAtomNameA", &[12, out, 16]), guest.text(out)), (3, "#12".to_owned()));

    let at = guest.put(&5_i32.to_le_bytes());
    assert_eq!(guest.int("InterlockedIncrement", &[at]), 6);
    assert_eq!(guest.int("InterlockedExchangeAdd", &[at, MINUS_ONE]), 6);
    assert_eq!(guest.int("InterlockedCompareExchange", &[at, 9, 4]), 5);
    assert_eq!(guest.int("InterlockedCompareExchange", &[at, 0, 5]), 5);
    assert_eq!(guest.int("InterlockedDecrement", &[at]), -1);
    assert_eq!((guest.int("InterlockedExchange", &[at, 7]), guest.u32(at)), (-1, 7));
}

fn console_and_messages(guest: &mut Guest) {
    let output = guest.call("GetStdHandle", &[0xffff_fff5]);
    let (line, written) = (guest.put(b"5 \x80"), guest.put(&[0; 4]));
    assert_eq!((guest.call("WriteFile", &[output, line, 3, written, 0]), guest.u32(written)), (1, 3));
    assert_eq!((guest.call("WriteFile", &[3, line, 3, written, 0]), guest.last_error()), (0, 6));
    let (message, caption) = (guest.wide("no licence"), guest.wide("Codec"));
    assert_eq!(guest.call("MessageBoxW", &[0, message, caption, 0]), 1);
    assert_eq!(*guest.said.borrow(), ["5 €", "Codec: no licence"]);
    formatting(guest);
    let out = guest.put(b"????");
    assert_eq!((guest.call("LoadStringA", &[0, 1, out, 4]), guest.bytes(out)), (0, *b"\0???"));
    assert_eq!(guest.call("CreateFileA", &[0; 7]), guest.minus_one());
    let default = guest.put(b"default  \0");
    let arguments = [default, default, default, out, 5, default];
    assert_eq!(guest.call("GetPrivateProfileStringA", &arguments), 4);
    assert_eq!(guest.text(out), "defa");
}

fn formatting(guest: &mut Guest) {
    let (out, name, wide) = (guest.put(&[0xee; 4096]), guest.put(b"Codec\0"), guest.wide("Licence"));
    let format = guest.put(b"%s %ld %#x|%S\0");
    assert_eq!(guest.int("wsprintfA", &[out, format, name, MINUS_ONE, 0x1f, wide]), 21);
    assert_eq!(guest.text(out), "Codec -1 0x1f|Licence");
    let (format, list) = (guest.wide("%s|%hs|%*d"), guest.pointers(&[wide, name, 2000, 7]));
    assert_eq!(guest.int("wvsprintfW", &[out, format, list]), 1023);
    assert!(guest.wide_text(out).starts_with("Licence|Codec|  "));
    assert_eq!(guest.bytes(out + 2046), [0, 0, 0xee]);
}

fn system(guest: &mut Guest) {
    let out = guest.put(&284_u32.to_le_bytes());
    assert_eq!((guest.call("GetVersionExW", &[out]), guest.u32(out + 12)), (1, 7601));
    guest.call("GetSystemInfo", &[out]);
    let architecture = u16::from_le_bytes(guest.bytes(out));
    assert_eq!((architecture, guest.u32(out + 4)), (guest.pick(0, 9), 0x1000));
    assert_eq!(
        (guest.u32(out + guest.pick(24, 36)), guest.u32(out + guest.pick(28, 40))),
        (guest.pick(586, 8664), 0x1_0000)
    );
    let startup = guest.put(&[0x55; 108]);
    guest.call("GetStartupInfoA", &[startup]);
    let size = guest.pick(68, 104);
    assert_eq!(
        (guest.u32(startup), guest.u32(startup + size - 4), guest.u32(startup + size)),
        (size as u32, 0, 0x5555_5555)
    );
    let masks = guest.pointers(&[0x55, 0x55]);
    let own = guest.call("GetCurrentProcess", &[]);
    assert_eq!((guest.call("GetProcessAffinityMask", &[0, masks, masks]), guest.last_error()), (0, 6));
    guest.call("GetProcessAffinityMask", &[own, masks, masks + guest.pointer_size()]);
    assert_eq!((guest.pointer(masks), guest.pointer(masks + guest.pointer_size())), (1, 1));
    let mut record = [0; 0x98];
    record[..4].copy_from_slice(&0xc000_00fd_u32.to_le_bytes());
    let record = guest.put(&record);
    let pointers = guest.pointers(&[record, 0]);
    assert_eq!(guest.fault("UnhandledExceptionFilter", &[pointers]), FaultKind::Raised { code: 0xc000_00fd });
    let command = guest.call("GetCommandLineW", &[]);
    assert_eq!(guest.wide_text(command), "drvhost");
    let before = guest.call("GetTickCount", &[]);
    guest.call("Sleep", &[15]);
    assert!(guest.call("GetTickCount", &[]) >= before + 15);
    assert_eq!(guest.fault("ExitProcess", &[3]), FaultKind::Exit { code: 3 });
}
