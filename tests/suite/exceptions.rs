//! Exceptions inside a driver: C++'s, and the structured ones of 32-bit code.

use drvhost::{Error, Hdrvr};
use drvhost_tests::*;

/// A session with the driver that this is about.
fn opened(machine: Machine, name: &str) -> (Rig, Hdrvr) {
    let rig = Rig::new(machine);
    let driver = rig.open(name, "");
    (rig, driver)
}

/// The message ends with a fault whose text contains `what`, and the driver goes on.
fn faults(rig: &Rig, driver: Hdrvr, message: u32, lparam1: i64, what: &str) {
    let error = rig.session.send(driver, message, lparam1, 0).unwrap_err();
    let Error::Faulted { fault, .. } = &error else { panic!("{error}") };
    assert!(fault.text.contains(what), "{error}");
    assert_eq!(rig.send(driver, XOR, 5, 3), 6);
}

spy_test!(destructors_run_from_the_inside_out_and_the_handler_is_found_by_type, |machine| {
    let (rig, throws) = opened(machine, "throws");
    for value in [7, 123] {
        assert_eq!(rig.send(throws, THROWS_BY_TYPE, value, 0), 3_214_000 + value);
    }
    let length = "nothing".len() as i64;
    assert_eq!(rig.send(throws, THROWS_BY_TYPE, 0, 0), 3_215_000 + length);
    assert_eq!(rig.send(throws, THROWS_BY_TYPE, -1, 0), 3_216_000);
});

spy_test!(an_exception_is_thrown_again, |machine| {
    let (rig, throws) = opened(machine, "throws");
    assert_eq!(rig.send(throws, THROWS_AGAIN, 42, 0), 321_784_042);
});

spy_test!(exceptions_nest, |machine| {
    let (rig, throws) = opened(machine, "throws");
    assert_eq!(rig.send(throws, THROWS_NESTED, 4, 0), 321_321_045);
});

spy_test!(exceptions_leave_nothing_behind, |machine| {
    let (rig, throws) = opened(machine, "throws");
    assert_eq!(rig.send(throws, THROWS_MANY, 2_000, 0), 2_001_000);
    assert_eq!(rig.send(throws, THROWS_BY_TYPE, 7, 0), 3_214_007);
});

spy_test!(an_exception_that_nobody_catches_ends_the_call, |machine| {
    let (rig, throws) = opened(machine, "throws");
    // In 32 bits the compiler's own code looks for a handler; in 64 bits it raises an exception of Windows'.
    let what = pick(machine, "end the process", "unhandled exception 0x20474343");
    for _ in 0..3 {
        faults(&rig, throws, THROWS_OUT, 5, what);
    }
    assert_eq!(rig.send(throws, THROWS_BY_TYPE, 7, 0), 3_214_007);
});

/// What an act of `drivers/seh.c` answers, after which the chain of records is what it was.
fn structured(machine: Machine, message: u32, lparam1: i64) -> i64 {
    let (rig, seh) = opened(machine, "seh");
    let chain = rig.send(seh, SEH_CHAIN, 0, 0);
    let answer = rig.send(seh, message, lparam1, 0);
    assert_eq!(rig.send(seh, message, lparam1, 0), answer, "it can be done again");
    assert_eq!(rig.send(seh, SEH_CHAIN, 0, 0), chain);
    answer
}

spy_test!(a_handler_puts_a_register_right_and_execution_continues, |machine: I386| {
    assert_eq!(structured(machine, SEH_CONTINUE, 0), 0x77);
});

spy_test!(a_handler_sees_what_was_raised, |machine: I386| {
    assert_eq!(structured(machine, SEH_RAISE, 0xE000_1234), 1122);
});

spy_test!(an_inner_handler_searches_on_and_is_told_of_the_unwinding, |machine: I386| {
    assert_eq!(structured(machine, SEH_UNWIND, 0), 12345);
});

spy_test!(a_division_by_zero_is_handled_by_unwinding, |machine: I386| {
    assert_eq!(structured(machine, SEH_DIVIDE, 0), 245);
});

spy_test!(a_fault_in_a_callback_is_handled_there, |machine: I386| {
    assert_eq!(structured(machine, SEH_CALLBACK, 0), 29);
});

spy_test!(handlers_that_fault_themselves_end_with_the_stack, |machine| {
    let (rig, seh) = opened(machine, "seh");
    for _ in 0..3 {
        faults(&rig, seh, SEH_DEEP, 0, "stack overflow");
        let depth = rig.send(seh, SEH_DEPTH, 0, 0);
        assert!(depth > 100, "{depth}");
    }
});

spy_test!(the_chain_of_records_is_empty_outside_of_the_driver, |machine: I386| {
    let (rig, seh) = opened(machine, "seh");
    assert_eq!(rig.send(seh, SEH_CHAIN, 0, 0), -1);
});

spy_test!(a_fault_that_no_handler_wants_ends_the_call, |machine: I386| {
    let (rig, seh) = opened(machine, "seh");
    for _ in 0..3 {
        faults(&rig, seh, SEH_SEARCH, 0, "cannot write at 0x0");
        assert_eq!(rig.send(seh, SEH_CHAIN, 0, 0), -1);
    }
});
