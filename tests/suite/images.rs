//! Images that are not as linkers usually make them.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use drvhost::{Error, Hdrvr};
use drvhost_tests::*;
use serde_json::json;

/// Indices of data directories (PE/COFF, "Optional Header Data Directories").
const IMPORTS: usize = 1;
const RELOCATIONS: usize = 5;
const BOUND_IMPORTS: usize = 11;
const DELAY_IMPORTS: usize = 13;

/// Where a driver's image may lie that has no other place: where nothing of drvhost's own does.
const OWN_PLACES: std::ops::Range<i64> = 0x40_0000..0x2000_0000;

/// A driver's file, to be changed before it is opened.
struct Changed {
    machine: Machine,
    bytes: Vec<u8>,
}

impl Changed {
    fn new(machine: Machine, name: &str) -> Self {
        Self { machine, bytes: fs::read(driver(machine, name)).expect("a test driver") }
    }

    fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes[at..at + 4].try_into().expect("four bytes"))
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Where the file header is.
    fn file_header(&self) -> usize {
        const E_LFANEW: usize = 0x3c;
        self.u32(E_LFANEW) as usize + 4
    }

    fn optional_header(&self) -> usize {
        self.file_header() + 20
    }

    /// Where a data directory's address and size are.
    fn directory(&self, index: usize) -> usize {
        self.optional_header() + pick(self.machine, 96, 112) + 8 * index
    }

    fn set_directory(&mut self, index: usize, rva: u32, size: u32) {
        let at = self.directory(index);
        self.put(at, &[rva.to_le_bytes(), size.to_le_bytes()].concat());
    }

    /// Where in the file something is that lies in a section.
    fn place(&self, rva: u32) -> usize {
        let image = pe::Image::parse(&self.bytes).expect("an image");
        let inside =
            |section: &&pe::Section<'_>| section.rva <= rva && rva - section.rva < section.data.len() as u32;
        let section = image.sections().iter().find(inside).expect("a section with content there");
        let start = section.data.as_ptr().addr() - self.bytes.as_ptr().addr();
        start + (rva - section.rva) as usize
    }

    /// As linkers make images that can lie in one place only.
    fn without_relocations(mut self) -> Self {
        const CHARACTERISTICS: usize = 18;
        const RELOCS_STRIPPED: u8 = 1;
        let at = self.file_header() + CHARACTERISTICS;
        self.bytes[at] |= RELOCS_STRIPPED;
        self.set_directory(RELOCATIONS, 0, 0);
        self
    }

    fn open(&self, rig: &Rig) -> Result<Hdrvr, Error> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("changed.dll");
        fs::write(&file, &self.bytes).expect("a file");
        rig.try_open_file(&file, "", 0)
    }
}

/// The driver was put together as it should be; answers where it lies.
fn is_whole(rig: &Rig, image: Hdrvr) -> i64 {
    assert_eq!(rig.send(image, IMAGE_CHECK, 0, 0), 1);
    rig.send(image, IMAGE_BASE, 0, 0)
}

/// It is refused with a reason that contains this.
fn is_refused(opened: Result<Hdrvr, Error>, why: &str) {
    let error = opened.unwrap_err();
    assert!(matches!(error, Error::NotADriver { .. }) && error.to_string().contains(why), "{error}");
}

spy_test!(an_image_without_relocations_lies_where_it_must, |machine| {
    let rig = Rig::new(machine);
    let fixed = Changed::new(machine, "image-at-program").without_relocations();
    assert_eq!(is_whole(&rig, fixed.open(&rig).unwrap()), 0x40_0000);
    // Each module has a worker of its own, so any number of them can.
    assert_eq!(is_whole(&rig, fixed.open(&rig).unwrap()), 0x40_0000);
});

/// Drivers linked for where something of drvhost's lies.
const TAKEN: [(&str, &str); 3] =
    [("image-at-thunks", "0x20000000"), ("image-at-stack", "0x22000000"), ("image-at-heap", "0x30000000")];

spy_test!(an_image_whose_only_place_is_taken_is_refused, |machine| {
    let rig = Rig::new(machine);
    for (name, place) in TAKEN {
        let fixed = Changed::new(machine, name).without_relocations();
        is_refused(
            fixed.open(&rig),
            &format!("it has no relocations and its place at {place} cannot be had"),
        );
    }
});

spy_test!(an_image_whose_place_is_taken_lies_elsewhere, |machine| {
    let rig = Rig::new(machine);
    for (name, _) in TAKEN {
        let base = is_whole(&rig, rig.open(name, ""));
        assert!(OWN_PLACES.contains(&base), "{name} lies at {base:#x}");
    }
});

spy_test!(sections_may_share_pages, |machine| {
    let rig = Rig::new(machine);
    for name in ["image-dense", "image-denser"] {
        is_whole(&rig, rig.open(name, ""));
    }
});

spy_test!(sections_closer_than_pages_must_lie_so_in_the_file, |machine| {
    const FILE_ALIGNMENT: usize = 36;
    let mut image = Changed::new(machine, "image-dense");
    let at = image.optional_header() + FILE_ALIGNMENT;
    image.put(at, &256_u32.to_le_bytes());
    is_refused(
        image.open(&Rig::new(machine)),
        "aligned to less than a page in memory, and not to the same in",
    );
});

spy_test!(thread_local_data_and_callbacks_are_there_before_dll_main, |machine| {
    let said = Arc::new(Mutex::new(Vec::new()));
    let hearing = Arc::clone(&said);
    let rig = Rig::with(machine, |builder| {
        builder.on_text(move |_, text| {
            let word = text.rsplit(' ').next().unwrap_or_default();
            hearing.lock().expect("no test has panicked").push(word.to_owned());
        })
    });
    let tls = rig.open("tls", "");
    assert_eq!(rig.send(tls, TLS_ORDER, 0, 0), 12);
    for sum in [1001, 1002] {
        assert_eq!(rig.send(tls, TLS_ADD, 1, 0), sum);
    }
    assert_eq!([5, -2].map(|more| rig.send(tls, TLS_ADD_TO_ZERO, more, 0)), [5, 3]);
    // Another instance is of the same thread.
    let other = rig.open("tls", "");
    assert_eq!(rig.send(other, TLS_ADD, 0, 0), 1002);
    rig.close(tls);
    rig.close(other);
    assert_eq!(*said.lock().expect("no test has panicked"), ["callback", "entry"]);
    let again = rig.open("tls", "");
    assert_eq!(rig.send(again, TLS_ADD, 0, 0), 1000);
});

spy_test!(bound_imports_are_bound_anew, |machine| {
    const NAME: &[u8] = b"KERNEL32.dll\0";
    let mut image = Changed::new(machine, "image");
    let (slots, headers) = {
        let parsed = pe::Image::parse(&image.bytes).expect("an image");
        let slots: Vec<u32> =
            parsed.imports().expect("imports").iter().map(|import| import.thunk_rva).collect();
        (slots, parsed.size_of_headers())
    };
    assert!(slots.len() > 5, "{slots:?}");
    // What another version of Windows had there, when the linker's other half looked.
    for &slot in &slots {
        let at = image.place(slot);
        image.put(at, &0x7c80_1234_u32.to_le_bytes());
    }
    // Each library's descriptor: names, time stamp, forwarder chain, library, slots. A time of -1 says that the directory has it.
    let mut descriptor = image.place(image.u32(image.directory(IMPORTS)));
    while image.u32(descriptor) != 0 {
        image.put(descriptor + 4, &[0xff; 8]);
        descriptor += 20;
    }
    // The directory has its place behind the section headers: time stamp, offset of the name, no forwarders; then an empty one.
    let at = headers - 64;
    assert!(image.bytes[at as usize..headers as usize].iter().all(|&byte| byte == 0), "there is no room");
    image.put(at as usize, &0x4802_5bd8_u32.to_le_bytes());
    image.put(at as usize + 4, &16_u16.to_le_bytes());
    image.put(at as usize + 16, NAME);
    image.set_directory(BOUND_IMPORTS, at, 16 + NAME.len() as u32);
    let rig = Rig::new(machine);
    is_whole(&rig, image.open(&rig).unwrap());
});

/// What GetDriverFlags answers of an open instance.
fn open_flags(machine: Machine) -> i64 {
    long(machine, 0x8000_0000)
}

/// The act ends with a fault whose text contains `what`, and the driver goes on.
fn faults(rig: &Rig, driver: Hdrvr, message: u32, what: &str) {
    let error = rig.session.send(driver, message, 0, 0).unwrap_err();
    assert!(matches!(&error, Error::Faulted { fault, .. } if fault.text.contains(what)), "{error}");
    assert_eq!(rig.send(driver, XOR, 5, 3), 6);
}

spy_test!(delayed_imports_are_found_by_the_drivers_own_helper, |machine| {
    let rig = Rig::new(machine);
    let delay = rig.open("delay", "");
    assert_eq!(rig.send(delay, DELAY_FLAGS, 0, 0), open_flags(machine));
    assert_eq!(rig.send(delay, DELAY_FILLED, 0, 0), 1);
    assert_eq!(rig.send(delay, DELAY_FLAGS, 0, 0), open_flags(machine));
    // The exception that MS Learn documents for it: "Error conditions in delay-loading".
    faults(&rig, delay, DELAY_ABSENT, "unhandled exception 0xc06d007f");
});

spy_test!(delayed_imports_that_the_headers_tell_of_are_bound_at_once, |machine| {
    /// One entry.
    const TABLE_SIZE: u32 = 32;
    let rig = Rig::new(machine);
    let table = rig.send(rig.open("delay", ""), DELAY_TABLE, 0, 0);
    let mut image = Changed::new(machine, "delay");
    image.set_directory(DELAY_IMPORTS, table as u32, TABLE_SIZE);
    let delay = image.open(&rig).unwrap();
    assert_eq!(rig.send(delay, DELAY_FLAGS, 0, 0), open_flags(machine));
    assert_eq!(rig.send(delay, DELAY_FILLED, 0, 0), 0, "the helper had nothing to do");
    faults(&rig, delay, DELAY_ABSENT, "winmm.dll!NobodyHasThis was called");
});

spy_test!(a_number_that_nobody_has_is_unresolved, |machine| {
    let rig = Rig::new(machine);
    faults(
        &rig,
        rig.open("ordinal", ""),
        ORDINAL_CALL,
        "winmm.dll!#5 was called, which is not supplied here",
    );
    let folder = Folder::new(machine);
    folder.copy_driver("ordinal", "ordinal.dll");
    let info = folder.drvhost(["info", "./ordinal.dll"]).json(0);
    assert_eq!(
        (&info["opens"], &info["imports_unresolved"]),
        (&json!(true), &json!(["winmm.dll!#5"])),
        "{info}"
    );
});

spy_test!(a_driver_proc_may_be_another_export_of_the_driver, |machine| {
    let rig = Rig::new(machine);
    let base = is_whole(&rig, rig.open("forwardself", ""));
    assert!(OWN_PLACES.contains(&base));
});

spy_test!(a_driver_proc_of_a_library_that_is_not_there_is_refused, |machine| {
    is_refused(
        Rig::new(machine).try_open("forwardnest", ""),
        "its DriverProc is nest.DriverProc, which is not here",
    );
});

/// Has `nest` open a file of its own folder; NULL is `None`.
fn open_from(rig: &Rig, nest: Hdrvr, file: &str) -> Option<Hdrvr> {
    let name: Vec<u8> = file.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    let name = rig.bytes(nest, &name);
    let opened = rig.send(nest, NEST_OPEN, rig.block(nest, &[name.lparam(), 0, 0]).lparam(), 0);
    (opened != 0).then_some(Hdrvr(opened.cast_unsigned()))
}

/// A session with `nest` and these other files in one folder.
fn beside_nest(machine: Machine, fill: impl FnOnce(&Path)) -> (Rig, Hdrvr, Folder) {
    let folder = Folder::new(machine);
    folder.copy_driver("nest", "nest.dll");
    fill(folder.path());
    let mut registry = registry(machine);
    registry.add_driver_path(folder.path());
    let rig = Rig::with(machine, |builder| builder.registry(registry));
    let nest = rig.session.open_driver("nest.dll", None, 0).unwrap();
    (rig, nest, folder)
}

spy_test!(a_driver_proc_may_be_that_of_a_library_that_is_there, |machine| {
    let (rig, nest, _folder) = beside_nest(machine, |folder| {
        fs::copy(driver(machine, "forwardnest"), folder.join("forwardnest.dll")).unwrap();
    });
    let forwarded = open_from(&rig, nest, "forwardnest.dll").expect("it opens");
    assert_eq!(rig.send(forwarded, XOR, 5, 3), 6);
    assert_ne!(rig.close(forwarded), 0);
    assert_eq!(rig.send(nest, XOR, 5, 3), 6);
});

spy_test!(an_image_without_relocations_cannot_lie_beside_another, |machine| {
    let (rig, nest, _folder) = beside_nest(machine, |folder| {
        let fixed = Changed::new(machine, "image-at-program").without_relocations();
        fs::write(folder.join("fixed.dll"), fixed.bytes).unwrap();
    });
    assert_eq!(open_from(&rig, nest, "fixed.dll"), None);
    // From outside it has a worker of its own.
    assert_eq!(is_whole(&rig, rig.session.open_driver("fixed.dll", None, 0).unwrap()), 0x40_0000);
    assert_eq!(rig.send(nest, XOR, 5, 3), 6);
});
