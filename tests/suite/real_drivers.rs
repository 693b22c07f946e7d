//! Wine's own drivers, as Debian packages them, and what a worker needs to run those of either machine.

use std::collections::BTreeMap;
use std::process::Command;

use drvhost::DEFAULT_ALIASES;
use drvhost_tests::*;
use mmsystem::DRV_QUERYCONFIGURE;

wine_test!(every_default_driver_opens_answers_and_closes, |machine| {
    let by_file: BTreeMap<_, _> = DEFAULT_ALIASES.iter().map(|known| (known.file, known.alias)).collect();
    assert_eq!(by_file.len(), 8);
    for (file, alias) in by_file {
        let rig = Rig::new(machine);
        let hdrvr =
            rig.session.open_driver(alias, None, 0).unwrap_or_else(|error| panic!("{alias}: {error}"));
        rig.send(hdrvr, DRV_QUERYCONFIGURE, 0, 0);
        assert_ne!(rig.close(hdrvr), 0, "{file}");
        assert_eq!(rig.sequence(), "LOAD ENABLE OPEN QUERYCONFIGURE CLOSE DISABLE FREE", "{file}");
        assert!(rig.calls().iter().all(|call| call.driver == file && call.outcome == "answered"), "{file}");
    }
});

wine_test!(all_default_drivers_share_a_session, |machine| {
    let rig = Rig::new(machine);
    for known in DEFAULT_ALIASES {
        rig.session
            .open_driver(known.alias, None, 0)
            .unwrap_or_else(|error| panic!("{}: {error}", known.alias));
    }
    assert_eq!(rig.session.instances().len(), DEFAULT_ALIASES.len());
    let report = rig.session.end(drvhost::Policy::Orderly);
    assert!(report.all_answered(), "{report:?}");
});

#[test]
fn a_worker_needs_no_library_of_32_bits() {
    /// ELF's e_ident: its magic number, then EI_CLASS, ELFCLASS64 (System V ABI, "ELF Identification").
    const ELF_64: [u8; 5] = *b"\x7fELF\x02";
    let worker = program("drvhost-worker");
    let output = Command::new("ldd").arg(&worker).output().expect("ldd starts");
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success() && !said.contains("not found"), "{said}");
    // None at all, where the C library was there to be linked in. Else `NAME => FILE (ADDRESS)`, or `FILE (ADDRESS)`; what the kernel brings has no file.
    let files = said.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    let mut libraries = 0;
    for file in files.chain(worker.to_str()) {
        let bytes = std::fs::read(file).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(bytes.starts_with(&ELF_64), "{file} is none of 64 bits");
        libraries += 1;
    }
    assert!(libraries > 1 || said.contains("statically linked"), "{said}");
}
