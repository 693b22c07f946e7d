//! Resources as drivers use them: dialogs, menus and versions, read by the shims in guest memory.
//!
//! The guest is an image of its own: jumps to the functions that are called, and a resource directory with room for what is fuzzed.

use std::cell::RefCell;
use std::sync::atomic::AtomicU32;

use guest::{FaultKind, Mode};
use object::pe::IMAGE_DIRECTORY_ENTRY_RESOURCE;
use pe::builder::Builder;
use pe::{Image, Machine, Symbol};
use win32::{Aside, Link, LinkError, Listen, Process, Ways};
use wire::{Served, ToHost, ToWorker, Want};

use crate::tree::resource_directory;

/// What is called, by the library that has it.
const FUNCTIONS: [(&str, &str); 9] = [
    ("user32.dll", "CreateDialogIndirectParamW"),
    ("user32.dll", "CreateDialogParamW"),
    ("user32.dll", "DestroyWindow"),
    ("user32.dll", "LoadMenuIndirectW"),
    ("user32.dll", "LoadMenuW"),
    ("user32.dll", "DestroyMenu"),
    ("version.dll", "VerQueryValueW"),
    ("kernel32.dll", "FindResourceW"),
    ("kernel32.dll", "SizeofResource"),
];
/// Bytes of a jump through a slot of the import address table.
const JUMP: usize = 6;
/// A dialog procedure that does nothing: `xor eax, eax; ret`.
const PROCEDURE: [u8; 3] = [0x31, 0xC0, 0xC3];

/// Room for what is fuzzed; longer inputs are cut.
const ROOM: usize = 0x4000;
/// Where behind it answers and paths lie.
const OUT: u64 = ROOM as u64;
const PATHS: u64 = OUT + 0x40;
/// What is asked of a version.
const ASKED: [&str; 3] = ["\\", "\\VarFileInfo\\Translation", "\\StringFileInfo\\040904b0\\FileVersion"];

/// The kinds of resources that are looked for: RT_MENU, RT_DIALOG, RT_VERSION.
const KINDS: [u64; 3] = [4, 5, 16];
/// ERROR_ACCESS_DENIED
const DENIED: u32 = 5;

static INTERRUPT: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// A process can have one.
    static GUEST: RefCell<Option<Guest>> = const { RefCell::new(None) };
}

/// The first byte says what the others are: a dialog's template, a menu's, a version, or a whole resource directory. It may be called on one thread of a
/// process only.
///
/// # Panics
/// When a call ends with a fault that no resource can cause.
pub fn resources(bytes: &[u8]) {
    let Some((what, content)) = bytes.split_first() else { return };
    GUEST.with_borrow_mut(|guest| {
        let guest = guest.get_or_insert_with(Guest::new);
        guest.put(content);
        let (module, at) = (guest.module, guest.room);
        match what % 4 {
            0 => guest.dialog("CreateDialogIndirectParamW", &[module, at, 0, guest.procedure, 0]),
            1 => guest.menu("LoadMenuIndirectW", &[at]),
            2 => {
                for path in guest.paths {
                    guest.call("VerQueryValueW", &[at, path, at + OUT, at + OUT + 8]);
                }
            }
            _ => {
                for kind in KINDS {
                    if let Some(found @ 1..) = guest.call("FindResourceW", &[module, 1, kind]) {
                        guest.call("SizeofResource", &[module, found]);
                    }
                }
                guest.dialog("CreateDialogParamW", &[module, 1, 0, guest.procedure, 0]);
                guest.menu("LoadMenuW", &[module, 1]);
            }
        }
    });
}

struct Guest {
    process: Process,
    module: u64,
    /// Where what is fuzzed lies, and the dialog procedure.
    room: u64,
    procedure: u64,
    paths: [u64; ASKED.len()],
}

impl Guest {
    fn new() -> Self {
        let (file, room) = image();
        let started = guest::Machine::new(Mode::X86_64, guest::layout::Layout::fixed());
        let Ok(machine) = started else { panic!("no guest: {started:?}") };
        let ways = Ways { link: Box::new(Nobody), ears: Box::new(Nobody), aside: Box::new(Nobody) };
        let Ok(mut process) = Process::new(machine, ways) else { panic!("no process") };
        let loaded = Image::parse(&file)
            .map_err(|error| error.to_string())
            .and_then(|image| process.load("fuzzed.dll", &image, None).map_err(|error| error.to_string()));
        let Ok((module, unresolved)) = loaded else { panic!("{loaded:?}") };
        assert!(unresolved.is_empty(), "{unresolved:?}");
        let room = module + u64::from(room);
        let mut next = room + PATHS;
        let paths = ASKED.map(|path| {
            let at = next;
            let text: Vec<u8> = path.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
            next += text.len() as u64;
            assert!(process.machine.memory.write(at, &text).is_ok());
            at
        });
        let procedure = module + CODE + (FUNCTIONS.len() * JUMP) as u64;
        Self { process, module, room, procedure, paths }
    }

    /// Puts what is fuzzed into its room. Behind it is what ends a dialog soon: with zeros, it would go on for as many controls as there may be.
    fn put(&self, content: &[u8]) {
        let mut room = [0xFF; ROOM];
        let content = content.get(..ROOM).unwrap_or(content);
        for (to, from) in room.iter_mut().zip(content) {
            *to = *from;
        }
        assert!(self.process.machine.memory.write(self.room, &room).is_ok());
    }

    /// Calls a function; `None` when a resource led out of memory.
    fn call(&mut self, function: &str, arguments: &[u64]) -> Option<u64> {
        let Some(index) = FUNCTIONS.iter().position(|(_, name)| *name == function) else {
            panic!("{function} is not imported")
        };
        let address = self.module + CODE + (index * JUMP) as u64;
        match self.process.serve(1, |process| process.call(address, arguments)) {
            Ok(answer) => Some(answer),
            Err(fault) => {
                let read_too_far = matches!(fault.kind, FaultKind::AccessViolation { .. });
                assert!(read_too_far, "{function}: {fault:?}");
                None
            }
        }
    }

    /// Makes a dialog, and destroys it.
    fn dialog(&mut self, function: &str, arguments: &[u64]) {
        if let Some(window @ 1..) = self.call(function, arguments) {
            self.call("DestroyWindow", &[window]);
        }
    }

    /// Makes a menu, and destroys it.
    fn menu(&mut self, function: &str, arguments: &[u64]) {
        if let Some(menu @ 1..) = self.call(function, arguments) {
            assert_eq!(self.call("DestroyMenu", &[menu]), Some(1));
        }
    }
}

/// Where code begins in the images that [`Builder`] makes.
const CODE: u64 = 0x1000;

/// The guest's image, and where in it the room for what is fuzzed is.
fn image() -> (Vec<u8>, u32) {
    let build = |code: &[u8]| {
        let mut builder = Builder::new(Machine::X86_64).code(code);
        for (library, function) in FUNCTIONS {
            builder = builder.import(library, Symbol::Name(function.to_owned()));
        }
        builder = builder.directory(IMAGE_DIRECTORY_ENTRY_RESOURCE, |rva| {
            let mut directory = resource_directory(rva, &[]);
            directory.resize(ROOM + 0x1000, 0);
            directory
        });
        builder.build()
    };
    let mut code = vec![0x90; FUNCTIONS.len() * JUMP];
    code.extend(PROCEDURE);
    let first = build(&code);
    let Ok(image) = Image::parse(&first) else { panic!("the image is one") };
    for import in image.imports().unwrap_or_default() {
        let name = import.symbol.to_string();
        let Some(index) = FUNCTIONS.iter().position(|(_, function)| *function == name) else { continue };
        // jmp [rip + slot]
        let behind = CODE as u32 + ((index + 1) * JUMP) as u32;
        let mut jump = vec![0xFF, 0x25];
        jump.extend((import.thunk_rva - behind).to_le_bytes());
        code.splice(index * JUMP..(index + 1) * JUMP, jump);
    }
    // The data come behind the code; the first of them is the first directory that was asked for.
    (build(&code), CODE as u32 + 0x1000)
}

/// A host that grants nothing.
struct Nobody;

impl Link for Nobody {
    fn say(&mut self, _: &ToHost) -> Result<(), LinkError> {
        Ok(())
    }

    fn interrupt(&self) -> &'static AtomicU32 {
        &INTERRUPT
    }

    fn note_shim(&self, _: &wire::channel::Name) {}
}

impl Listen for Nobody {
    fn hear(&mut self) -> Result<ToWorker, LinkError> {
        Ok(ToWorker::Served(Served::Failed(DENIED)))
    }
}

impl Aside for Nobody {
    fn ask(&mut self, _: &Want) -> Result<Served, LinkError> {
        Ok(Served::Failed(DENIED))
    }
}
