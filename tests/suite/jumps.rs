//! What the C library does with a program's flow: jumps, threads and blocks of `__try`.

use drvhost_tests::*;

fn check(machine: Machine, act: u32) {
    let rig = Rig::new(machine);
    let driver = rig.open("jumps", "");
    for _ in 0..3 {
        assert_eq!(rig.send(driver, act, 0, 0), 0, "the check in that line of jumps.c fails");
    }
    assert_eq!(rig.send(driver, JUMPS_JUMPS, 0, 0), 0, "nothing is left behind");
}

spy_test!(jumps_lead_out_of_functions_and_callbacks, |machine| check(machine, JUMPS_JUMPS));

spy_test!(threads_begin_and_end_by_the_names_of_the_c_library, |machine| check(machine, JUMPS_THREADS));

spy_test!(blocks_of_try_have_their_handlers_called_in_order, |machine| check(machine, JUMPS_BLOCKS));
