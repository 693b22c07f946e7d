//! What a C library that is linked into a driver calls when it begins, and a driver's resources.

use drvhost_tests::*;

fn check(machine: Machine, act: u32) {
    let rig = Rig::new(machine);
    let driver = rig.open("startup", "");
    assert_eq!(rig.send(driver, act, 0, 0), 0, "the check in that line of startup.c fails");
}

spy_test!(start_up_code_finds_what_it_calls, |machine| check(machine, STARTUP_BEGIN));

spy_test!(vectored_handlers_hear_of_exceptions_first, |machine| check(machine, STARTUP_VECTORED));

spy_test!(resources_are_found_by_name_number_and_language, |machine| check(machine, STARTUP_RESOURCES));

spy_test!(a_version_is_read_part_by_part, |machine| check(machine, STARTUP_VERSION));
