//! Files that are no driver for this machine: one clear line, the right exit code, nothing on standard output.

use drvhost_tests::*;

/// Where a PE file says how far its PE header is from its start.
const PE_OFFSET_AT: usize = 0x3C;
/// PE/COFF, "Machine Types".
pub(super) const ARM: u16 = 0x01C4;
const ARM64: u16 = 0xAA64;

/// The bytes of a spy.
fn spy(machine: Machine) -> Vec<u8> {
    std::fs::read(driver(machine, "spy")).unwrap()
}

/// A spy that says it is for another processor.
pub(super) fn for_machine(machine: u16) -> Vec<u8> {
    let mut image = spy(Machine::X86_64);
    let offset = u32::from_le_bytes(*image[PE_OFFSET_AT..].first_chunk().unwrap());
    let machine_at = usize::try_from(offset).unwrap() + b"PE\0\0".len();
    image[machine_at..][..2].copy_from_slice(&machine.to_le_bytes());
    image
}

/// The headers of a 16-bit driver: an MS-DOS header that says "new executable", and an NE header.
pub(super) fn new_executable() -> Vec<u8> {
    let mut image = vec![0; 128];
    image[..2].copy_from_slice(b"MZ");
    image[0x18] = 0x40;
    image[PE_OFFSET_AT] = 64;
    image[64..66].copy_from_slice(b"NE");
    image
}

/// Opens a file in every way there is; each must fail as the driver's fault, with these words.
fn is_blamed(folder: &Folder, file: &str, words: &[&str]) {
    let path = format!("./{file}");
    let commands: [&[&str]; 2] = [&["send", &path, "DRV_POWER"], &["run", &path]];
    for command in commands {
        let complaint = folder.drvhost(command).complaint(4);
        assert!(complaint.starts_with("drvhost: driver: ") && complaint.contains(file), "{complaint}");
        for word in words {
            assert!(complaint.contains(word), "`{word}` in {complaint}");
        }
    }
    let info = folder.drvhost(["info", &path]).json(0);
    assert_eq!(info["opens"], false, "{info}");
    let reason = info["reason"].as_str().unwrap();
    assert!(words.iter().all(|word| reason.contains(word)), "{words:?} in {reason}");
}

spy_test!(what_is_no_driver_here_is_named, |machine: X86_64| {
    let folder = Folder::new(machine);
    let spy = spy(machine);
    let files: &[(&str, &[u8], &[&str])] = &[
        ("text.dll", b"What a driver is not.\n", &["not a Windows executable"]),
        ("empty.dll", b"", &["not a Windows executable"]),
        ("headers.dll", &spy[..300], &["cut short"]),
        ("half.dll", &spy[..spy.len() / 4], &["cut short"]),
        ("dos.dll", &spy[..2], &[]),
        ("arm.dll", &for_machine(ARM), &["for arm;", "i386 and x86_64"]),
        ("arm64.dll", &for_machine(ARM64), &["arm64"]),
        ("sixteen.drv", &new_executable(), &["i8086"]),
    ];
    for (name, bytes, words) in files {
        folder.write(name, bytes);
        is_blamed(&folder, name, words);
    }
});

spy_test!(drivers_that_do_not_open_are_named_with_what_they_refused, |machine| {
    let folder = Folder::new(machine);
    let drivers: &[(&str, &[&str])] = &[
        ("nodriverproc", &["DriverProc"]),
        ("load0", &["DRV_LOAD"]),
        ("attach0", &["DLL_PROCESS_ATTACH"]),
        ("attachfault", &["fault"]),
        ("loadfault", &["DRV_LOAD", "loadfault.dll+0x"]),
    ];
    for (name, words) in drivers {
        let file = format!("{name}.dll");
        folder.copy_driver(name, &file);
        is_blamed(&folder, &file, words);
    }
    folder.copy_driver("spy", "spy.dll");
    let complaint = folder.drvhost(["send", "./spy.dll open=0", "0x7000"]).complaint(4);
    assert!(complaint.contains("spy.dll refused DRV_OPEN"), "{complaint}");
});

#[test]
fn what_is_not_there_is_a_usage_error() {
    for name in ["nothing", "./nothing.dll", "/nowhere/nothing.dll", ".", "./", "/"] {
        let commands: &[&[&str]] = &[&["send", name, "DRV_POWER"], &["run", name], &["info", name]];
        for command in commands {
            let complaint = Cli::new(*command).complaint(2);
            assert!(complaint.contains(name), "{command:?}: {complaint}");
        }
    }
}

#[test]
fn a_path_that_is_not_there_is_not_said_to_be_looked_for_elsewhere() {
    let complaint = Cli::new(["send", "./nothing.dll", "DRV_POWER"]).complaint(2);
    assert!(complaint.contains("./nothing.dll") && !complaint.contains("Drivers32"), "{complaint}");
}
