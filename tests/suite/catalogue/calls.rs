//! Ways into the kernel, and from one width into the other.

use drvhost::Error;
use sandbox::filter::{DATA, RUNNING};

use super::Act::{Harms, Test};
use super::outcome::Outcome::{AnyFault, Faults, Filtered, Fine, OneOf, OwnLoss, Told};
use super::scene::{DEADLINE, Scene};
use super::{Outcome, catalogue};

const DRIVER: &str = "hostile_calls";

/// What an instruction comes to that some processors have and others have not.
const FILTERED_OR_NONE: Outcome = OneOf(&[Faults("illegal instruction"), Filtered]);

/// Selectors that lead to no code: none, data of the user's and of the kernel's, code of the kernel's, the task's, that for processor numbers, and such of local descriptors that are data
/// or are not there.
const NO_CODE: &[&[i64]] = &[
    &[0],
    &[3],
    &[0x2b],
    &[0x10],
    &[0x13],
    &[0x18],
    &[0x1b],
    &[0x40],
    &[0x43],
    &[0x48],
    &[0x7b],
    &[0x07],
    &[0x0f],
    &[0x17],
    &[0x27],
    &[0xff],
    &[0x107],
    &[0xfff7],
    &[0xffff],
];

catalogue! {
    "System calls and code of the other width";
    every_number "each of the numbers 0 to 1023 (`modify_ldt` and `arch_prctl` among them), and some that are none, by `syscall` in 64-bit code", Test(DRIVER, DEADLINE, numbers) =>
        both(Told("fault that names the call, for all but those that the filter allows, and two that recent kernels let pass by every filter and refuse themselves (`uretprobe`, `uprobe`)"));
    every_x32_number "the same with the bit of the x32 interface", Test(DRIVER, DEADLINE, x32_numbers) => both(Told("fault that names the call, or worker ended by the filter"));
    edges_of_allowed_calls "`futex`, `clock_gettime` and `mprotect` with arguments just beyond what is allowed: other operations and clocks, other memory, `PROT_EXEC`, bits that are none, lengths that wrap",
        Test(DRIVER, DEADLINE, edges) => both(Told("fault that names the call, or the kernel's refusal; no page becomes executable"));
    int80_in_32_bit_code "`int 0x80` in 32-bit code", Harms(DRIVER, &["int80_in_32"], &[&[]]) => both(Filtered);
    int80_in_64_bit_code "`int 0x80` in 64-bit code", Harms(DRIVER, &["int80_in_64"], &[&[]]) => both(Filtered);
    syscall_in_32_bit_code "`syscall` in 32-bit code", Harms(DRIVER, &["syscall_in_32"], &[&[]]) => both(FILTERED_OR_NONE);
    syscall_in_64_bit_code "`syscall` in 64-bit code", Harms(DRIVER, &["syscall_in_64"], &[&[]]) => both(Faults("system call 20,"));
    sysenter_in_32_bit_code "`sysenter` in 32-bit code", Harms(DRIVER, &["sysenter_in_32"], &[&[]]) => both(FILTERED_OR_NONE);
    sysenter_in_64_bit_code "`sysenter` in 64-bit code", Harms(DRIVER, &["sysenter_in_64"], &[&[]]) => both(FILTERED_OR_NONE);
    far_to_code "far calls, jumps and returns, and returns from interrupts, to code of either width", Harms(DRIVER, WAYS, &[&[0x23], &[0x33]]) => both(Fine);
    far_to_no_code "the same to selectors that lead to no code of the user's", Harms(DRIVER, WAYS, NO_CODE) => both(AnyFault);
    thunk_in_other_width "jumps to the entry of a Windows function in code of the other width", Harms(DRIVER, &["thunk_in_other_width"], &[&[]]) =>
        each(Faults("access violation"), Faults("illegal instruction"));
}

const WAYS: &[&str] = &["far_call", "far_jump", "far_return", "interrupt_return"];

/// A system call, with up to six arguments.
fn call(scene: &Scene, number: i64, arguments: &[i64]) -> Result<i64, Error> {
    let mut values = [&[number], arguments].concat();
    values.resize(7, 0);
    scene.harm("call", &values)
}

/// The filter refuses the call, and the driver goes on.
fn is_refused(scene: &Scene, number: i64, arguments: &[i64]) {
    let result = call(scene, number, arguments);
    let Err(Error::Faulted { fault, .. }) = &result else {
        panic!("system call {number:#x} {arguments:x?}: {result:?}");
    };
    // The kernel knows the lower half only.
    let text = format!("system call {},", number & 0xffff_ffff);
    assert!(fault.text.contains(&text), "{number:#x} {arguments:x?}: {}", fault.text);
}

/// What recent kernels let pass by every filter, because code calls it that they have put into a traced program themselves: `uretprobe` and `uprobe`. From elsewhere it does nothing.
const PASSED: [i64; 2] = [335, 336];

fn numbers(scene: &Scene) {
    let is_allowed = |number: &i64| RUNNING.iter().any(|rule| rule.number == *number);
    let odd = [
        -1,
        i64::MIN | 999,
        i32::MAX.into(),
        i32::MIN.into(),
        0x3fff_ffff,
        0x10_0000,
        1 << 32 | libc::SYS_getpid,
    ];
    for number in (0..1024).filter(|number| !is_allowed(number) && !PASSED.contains(number)).chain(odd) {
        is_refused(scene, number, &[]);
    }
    for number in PASSED {
        let result = call(scene, number, &[]);
        let refused = OneOf(&[Faults("system call 33"), Faults("illegal instruction")]).is(&result);
        assert!(refused || matches!(result, Ok(..0)), "{number}: {result:?}");
    }
    scene.is_left_as_by(&Ok(1));
}

fn x32_numbers(scene: &Scene) {
    for number in 0..600 {
        let result = call(scene, 0x4000_0000 | number, &[]);
        assert!(OneOf(&[Faults("system call"), Filtered]).is(&result), "{number}: {result:?}");
        if !matches!(result, Err(Error::Faulted { .. })) {
            scene.is_left_as_by(&result);
        }
    }
    scene.is_left_as_by(&Ok(1));
}

const PAGE: i64 = 0x1000;
const PROT_READ: i64 = libc::PROT_READ as i64;
const PROT_EXEC: i64 = libc::PROT_EXEC as i64;

fn edges(scene: &Scene) {
    let [images, brought] = DATA.each_ref().map(|range| (range.start.cast_signed(), range.end.cast_signed()));
    // FUTEX_WAIT and FUTEX_WAKE are 0 and 1, and the flags for private and for realtime 0x80 and 0x100.
    let operations = (0..0x200).filter(|operation| operation & 0x7f > 1);
    for operation in operations.chain([0x200, 0x201, 0x1000, 1 << 31]) {
        is_refused(scene, libc::SYS_futex, &[images.0, operation, 1]);
    }
    for clock in (2..32).chain([-1, -2, -6, 1 << 20]) {
        is_refused(scene, libc::SYS_clock_gettime, &[clock]);
    }
    let before = [0, images.0 - PAGE, brought.0 - PAGE, -PAGE, i64::MIN];
    let behind = [images.1, brought.1, i32::MAX.into(), 1 << 32, 1 << 47, images.0 | 1 << 32];
    for address in before.into_iter().chain(behind) {
        is_refused(scene, libc::SYS_mprotect, &[address, PAGE, PROT_READ]);
    }
    // With all that there may be besides: PROT_SEM, PROT_GROWSDOWN, PROT_GROWSUP, and bits that are none.
    let besides = [0, 1, 2, 3, 8, 0x10, 0x0100_0000, 0x0200_0000, 1 << 31, 1 << 33];
    for bits in besides {
        is_refused(scene, libc::SYS_mprotect, &[brought.0, PAGE, bits | PROT_EXEC]);
        is_refused(scene, libc::SYS_pkey_mprotect, &[brought.0, PAGE, bits, -1]);
        let result = call(scene, libc::SYS_mprotect, &[brought.0, PAGE, bits]);
        assert!(result.is_ok(), "{bits:#x}: {result:?}");
    }
    for length in [-1, -PAGE, i64::MAX, i64::MIN] {
        let result = call(scene, libc::SYS_mprotect, &[brought.0, length, PROT_READ]);
        assert!(matches!(result, Ok(..0)), "{length:#x}: {result:?}");
    }
    // What the kernel has granted was the right to run taken away.
    let result = scene.harm("jump", &[brought.0]);
    assert!(Faults("cannot execute").is(&result), "{result:?}");
    scene.is_left_as_by(&result);
    // The filter sees where it begins. As far as there is memory behind, that is the driver's loss: all that it has to write on.
    let result = call(scene, libc::SYS_mprotect, &[brought.0, (1 << 47) - brought.0, PROT_READ]);
    assert!(OwnLoss.is(&result), "{result:?}");
    scene.is_left_somehow();
}
