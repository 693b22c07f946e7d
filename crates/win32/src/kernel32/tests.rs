//! Shims called the way the guest calls them: through their thunks. All in one test, because a process can have one machine.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use guest::Machine;
use wire::{ToHost, ToWorker};

use crate::process::{Link, LinkError, Process};

/// Keeps what was said.
struct Notes(Rc<RefCell<Vec<String>>>);

impl Link for Notes {
    fn say(&mut self, message: &ToHost) -> Result<(), LinkError> {
        if let ToHost::Said(text) = message {
            self.0.borrow_mut().push(text.clone());
        }
        Ok(())
    }

    fn hear(&mut self) -> Result<ToWorker, LinkError> {
        Err(LinkError)
    }

    fn interrupt(&self) -> &'static AtomicU32 {
        static NEVER: AtomicU32 = AtomicU32::new(0);
        &NEVER
    }

    fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn note_shim(&self, _: &wire::channel::Name) {}
}

struct Guest {
    process: Process,
    said: Rc<RefCell<Vec<String>>>,
    /// Guest memory for arguments, 4096 bytes.
    room: u64,
}

impl Guest {
    fn new() -> Self {
        let said = Rc::default();
        let mut process = Process::new(Machine::new().unwrap(), Box::new(Notes(Rc::clone(&said)))).unwrap();
        process.machine.seal().unwrap();
        let room = process.allocate(4096, true).0;
        Self { process, said, room }
    }

    fn call(&mut self, function: &str, arguments: &[u64]) -> u64 {
        let address = ["kernel32", "user32"].iter().find_map(|library| self.process.find(library, function));
        self.process.call(address.unwrap(), arguments).unwrap()
    }

    /// Puts bytes at an offset in the room.
    fn put(&self, offset: u64, bytes: &[u8]) -> u64 {
        self.process.machine.memory.write(self.room + offset, bytes).unwrap();
        self.room + offset
    }

    fn wide(&self, offset: u64, text: &str) -> u64 {
        let bytes: Vec<u8> = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        self.put(offset, &bytes)
    }

    fn get<const N: usize>(&self, address: u64) -> [u8; N] {
        self.process.machine.memory.array(address).unwrap()
    }

    fn get_u32(&self, address: u64) -> u32 {
        u32::from_le_bytes(self.get(address))
    }

    fn text(&self, address: u64) -> String {
        String::from_utf8(self.process.machine.memory.c_string(address).unwrap()).unwrap()
    }

    fn wide_text(&self, address: u64) -> String {
        String::from_utf16(&self.process.machine.memory.wide_string(address).unwrap()).unwrap()
    }

    fn error(&mut self) -> u64 {
        self.call("GetLastError", &[])
    }
}

/// -1 as a 32-bit argument.
const MINUS_ONE: u64 = 0xffff_ffff;

#[test]
fn shims_answer_as_documented() {
    let mut guest = Guest::new();
    heaps(&mut guest);
    pages(&mut guest);
    modules(&mut guest);
    text(&mut guest);
    synchronisation(&mut guest);
    console_and_messages(&mut guest);
    system(&mut guest);
}

fn heaps(guest: &mut Guest) {
    let block = guest.call("GlobalAlloc", &[0x42, 100]);
    assert_eq!(guest.call("GlobalLock", &[block]), block);
    assert_eq!(guest.call("GlobalHandle", &[block]), block);
    assert_eq!(guest.call("GlobalSize", &[block]), 100);
    assert_eq!(guest.call("GlobalUnlock", &[block]), 0);
    assert_eq!(guest.error(), 0);
    let larger = guest.call("GlobalReAlloc", &[block, 5000, 0x42]);
    assert_eq!((guest.call("GlobalSize", &[larger]), guest.get(larger + 4992)), (5000, [0; 8]));
    assert_eq!(guest.call("GlobalFree", &[larger]), 0);
    assert_eq!((guest.call("GlobalFree", &[larger]), guest.error()), (larger, 6));
    assert_eq!(
        (guest.call("GlobalFlags", &[larger]), guest.call("HeapValidate", &[0, 0, larger])),
        (0x8000, 0)
    );
}

fn pages(guest: &mut Guest) {
    let pages = guest.call("VirtualAlloc", &[0, 0x1_2345, 0x3000, 4]);
    assert!(pages != 0 && pages.is_multiple_of(0x1_0000));
    let out = guest.room;
    assert_eq!(guest.call("VirtualQuery", &[pages + 5, out, 48]), 48);
    assert_eq!(u64::from_le_bytes(guest.get(out)), pages);
    assert_eq!(
        (guest.get_u32(out + 32), guest.get_u32(out + 36), guest.get_u32(out + 40)),
        (0x1000, 4, 0x2_0000)
    );
    assert_eq!((guest.call("VirtualQuery", &[pages, out, 47]), guest.error()), (0, 87));
    assert_eq!(guest.call("VirtualQuery", &[0x100, out, 48]), 48);
    assert_eq!((guest.get_u32(out + 32), guest.get_u32(out + 36)), (0x1_0000, 1));
    assert_eq!((guest.call("VirtualProtect", &[pages, 1, 2, out]), guest.get_u32(out)), (1, 4));
    assert_eq!((guest.call("VirtualProtect", &[pages, 1, 0x40, out]), guest.error()), (0, 5));
    assert_eq!((guest.call("VirtualAlloc", &[0, 1, 0x1000, 0x40]), guest.error()), (0, 5));
    guest.process.machine.memory.write(pages, b"used").unwrap();
    assert_eq!(guest.call("VirtualFree", &[pages, 0x1000, 0x4000]), 1);
    assert_eq!(guest.get(pages), [0; 4]);
    assert_eq!(guest.call("VirtualAlloc", &[pages + 1, 1, 0x1000, 4]), pages);
    assert_eq!(guest.call("VirtualFree", &[pages, 0, 0x8000]), 1);
    assert_eq!(guest.call("VirtualFree", &[pages, 0, 0x8000]), 0);
    assert_eq!((guest.call("IsBadReadPtr", &[out, 16]), guest.call("IsBadReadPtr", &[0, 16])), (0, 1));
    assert_eq!((guest.call("IsBadWritePtr", &[0, 0]), guest.call("IsBadStringPtrA", &[0, 5])), (0, 1));
}

fn modules(guest: &mut Guest) {
    let name = guest.wide(0, r"C:\windows\system32\KERNEL32");
    let kernel32 = guest.call("GetModuleHandleW", &[name]);
    assert_ne!(kernel32, 0);
    let function = guest.put(256, b"GetProcAddress\0");
    let address = guest.call("GetProcAddress", &[kernel32, function]);
    assert_eq!(Some(address), guest.process.find("kernel32", "GetProcAddress"));
    let absent = guest.put(256, b"NoSuchThing\0");
    assert_eq!((guest.call("GetProcAddress", &[kernel32, absent]), guest.error()), (0, 127));
    assert_eq!((guest.call("LoadLibraryA", &[absent]), guest.error()), (0, 126));
    let out = guest.room + 512;
    assert_eq!(guest.call("GetModuleFileNameA", &[kernel32, out, 260]), 32);
    assert_eq!(guest.text(out), r"C:\windows\system32\kernel32.dll");
    assert_eq!((guest.call("GetModuleFileNameW", &[kernel32, out, 11]), guest.error()), (11, 122));
    assert_eq!(guest.wide_text(out), r"C:\windows");
}

fn text(guest: &mut Guest) {
    let out = guest.room + 512;
    let source = guest.put(0, b"5 \x80\0");
    assert_eq!(guest.call("MultiByteToWideChar", &[0, 0, source, MINUS_ONE, 0, 0]), 4);
    assert_eq!(guest.call("MultiByteToWideChar", &[0, 0, source, MINUS_ONE, out, 4]), 4);
    assert_eq!(guest.wide_text(out), "5 €");
    assert_eq!((guest.call("MultiByteToWideChar", &[0, 0, source, 3, out, 2]), guest.error()), (0, 122));
    assert_eq!((guest.call("MultiByteToWideChar", &[65001, 8, source, 3, out, 9]), guest.error()), (0, 1113));
    let wide = guest.wide(0, "Ż€");
    let used = guest.room + 1024;
    assert_eq!(guest.call("WideCharToMultiByte", &[0, 0, wide, MINUS_ONE, out, 9, 0, used]), 3);
    assert_eq!((guest.get(out), guest.get_u32(used)), (*b"?\x80\0", 1));
    let (a, b) = (guest.put(0, b"Left\0"), guest.put(64, b"leFT\0"));
    assert_eq!((guest.call("lstrcmpiA", &[a, b]), guest.call("lstrcmpA", &[a, b])), (0, 1));
    assert_eq!(guest.call("lstrcpynA", &[out, a, 3]), out);
    assert_eq!(guest.call("lstrcatA", &[out, b]), out);
    assert_eq!((guest.text(out), guest.call("lstrlenA", &[out])), ("LeleFT".to_owned(), 6));
    assert_eq!((guest.call("lstrlenA", &[0]), guest.call("lstrcpyA", &[0, a])), (0, 0));
    let (directory, file) = (guest.wide(0, r"C:\codecs"), guest.wide(256, r"..\a.acm"));
    assert_eq!(guest.call("PathCombineW", &[out, directory, file]), out);
    assert_eq!(guest.wide_text(out), r"C:\a.acm");
}

fn synchronisation(guest: &mut Guest) {
    let section = guest.put(0, &[0x55; 40]);
    guest.call("InitializeCriticalSection", &[section]);
    guest.call("EnterCriticalSection", &[section]);
    assert_eq!(guest.call("TryEnterCriticalSection", &[section]), 1);
    assert_eq!(
        (guest.get_u32(section + 8), guest.get_u32(section + 12), guest.get_u32(section + 16)),
        (1, 2, 0x24)
    );
    (0..3).for_each(|_| assert_eq!(guest.call("LeaveCriticalSection", &[section]), 0));
    assert_eq!(
        (guest.get_u32(section + 8), guest.get_u32(section + 12), guest.get_u32(section + 16)),
        (u32::MAX, 0, 0)
    );

    let event = guest.call("CreateEventA", &[0, 0, 1, 0]);
    let semaphore = guest.call("CreateSemaphoreA", &[0, 0, 2, 0]);
    let handles = guest.put(64, &[event.to_le_bytes(), semaphore.to_le_bytes()].concat());
    assert_eq!(guest.call("WaitForMultipleObjects", &[2, handles, 1, 1]), 258);
    assert_eq!(guest.call("WaitForSingleObject", &[event, MINUS_ONE]), 0);
    assert_eq!(guest.call("WaitForSingleObject", &[event, 20]), 258);
    assert_eq!(guest.call("ReleaseSemaphore", &[semaphore, 1, 0]), 1);
    assert_eq!((guest.call("ReleaseSemaphore", &[semaphore, 2, 0]), guest.error()), (0, 298));
    assert_eq!(guest.call("WaitForMultipleObjects", &[2, handles, 0, 0]), 1);
    assert_eq!(guest.call("WaitForMultipleObjects", &[2, handles, 0, 0]), 258);
    assert_eq!(guest.call("CloseHandle", &[event]), 1);
    assert_eq!((guest.call("SetEvent", &[event]), guest.error()), (0, 6));
    assert_eq!((guest.call("WaitForSingleObject", &[event, 0]), guest.error()), (MINUS_ONE, 6));
    let mutex = guest.call("CreateMutexW", &[0, 1, 0]);
    assert_eq!(guest.call("ReleaseMutex", &[mutex]), 1);
    assert_eq!((guest.call("ReleaseMutex", &[mutex]), guest.error()), (0, 288));

    let slot = guest.call("TlsAlloc", &[]);
    assert_eq!((guest.call("TlsSetValue", &[slot, 7]), guest.call("TlsGetValue", &[slot])), (1, 7));
    assert_eq!(
        (guest.call("TlsFree", &[slot]), guest.call("TlsGetValue", &[slot]), guest.error()),
        (1, 0, 87)
    );
}

fn console_and_messages(guest: &mut Guest) {
    let output = guest.call("GetStdHandle", &[0xffff_fff5]);
    let (line, written) = (guest.put(0, b"5 \x80"), guest.room + 64);
    assert_eq!((guest.call("WriteFile", &[output, line, 3, written, 0]), guest.get_u32(written)), (1, 3));
    assert_eq!((guest.call("WriteFile", &[3, line, 3, written, 0]), guest.error()), (0, 6));
    let (message, caption) = (guest.wide(0, "no licence"), guest.wide(64, "Codec"));
    assert_eq!(guest.call("MessageBoxW", &[0, message, caption, 0]), 1);
    assert_eq!(*guest.said.borrow(), ["5 €", "Codec: no licence"]);
    let out = guest.put(0, b"????");
    assert_eq!((guest.call("LoadStringA", &[0, 1, out, 4]), guest.get(out)), (0, *b"\0???"));
    assert_eq!(guest.call("CreateFileA", &[0; 7]), u64::MAX);
    let default = guest.put(64, b"default  \0");
    let arguments = [default, default, default, out, 5, default];
    assert_eq!(guest.call("GetPrivateProfileStringA", &arguments), 4);
    assert_eq!(guest.text(out), "defa");
}

fn system(guest: &mut Guest) {
    let out = guest.put(0, &284_u32.to_le_bytes());
    assert_eq!((guest.call("GetVersionExW", &[out]), guest.get_u32(out + 12)), (1, 7601));
    guest.call("GetSystemInfo", &[out]);
    assert_eq!((guest.get_u32(out + 4), guest.get_u32(out + 40)), (0x1000, 0x1_0000));
    let command = guest.call("GetCommandLineW", &[]);
    assert_eq!(guest.wide_text(command), "drvhost");
    let before = guest.call("GetTickCount", &[]);
    guest.call("Sleep", &[15]);
    assert!(guest.call("GetTickCount", &[]) >= before + 15);
    let exit = guest.process.find("kernel32", "ExitProcess").unwrap();
    let fault = guest.process.call(exit, &[3]).unwrap_err();
    assert_eq!(fault.kind, guest::FaultKind::Exit { code: 3 });
}
