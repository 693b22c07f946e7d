//! The way into 32-bit code and back. One test, because a process has one machine: guest memory lies at fixed addresses.

mod support;

use guest::Mode;

/// The sum of five arguments, which it takes off the stack
const SUM: &[u8] =
    b"\x8b\x44\x24\x04\x03\x44\x24\x08\x03\x44\x24\x0c\x03\x44\x24\x10\x03\x44\x24\x14\xc2\x14\x00";
/// `*(int *)0`
const NULL: &[u8] = b"\x31\xc0\x8b\x00\xc3";
/// `return first(second, third)` of a stdcall function, with esi, edi, ebx and esp checked to be as they must (ud2 if not)
const CALL: &[u8] = b"\x56\x57\x53\x55\xbe\x07\x00\x00\x00\xbf\x08\x00\x00\x00\xbb\x09\x00\x00\x00\x89\xe5\xff\x75\x1c\xff\x75\x18\xff\x55\x14\
    \x39\xe5\x75\x14\x83\xfe\x07\x75\x0f\x83\xff\x08\x75\x0a\x83\xfb\x09\x75\x05\x5d\x5b\x5f\x5e\xc3\x0f\x0b";
/// calls itself for ever
const RECURSE: &[u8] = b"\x83\xec\x28\xe8\xf8\xff\xff\xff";
/// `esp = 0; jmp first`: nothing that uses the stack can work
const NO_STACK: &[u8] = b"\x8b\x44\x24\x04\x31\xe4\xff\xe0";
/// `return (int)first()`, of a function that answers a double
const ROUND: &[u8] = b"\xff\x54\x24\x04\x50\xdb\x1c\x24\x58\xc3";

#[test]
fn code_returns_calls_out_and_faults() {
    support::returns_calls_out_and_faults(
        Mode::I386,
        &[
            ("sum", SUM),
            ("null", NULL),
            ("call", CALL),
            ("loop", support::LOOP),
            ("recurse", RECURSE),
            ("no_stack", NO_STACK),
            ("round", ROUND),
        ],
    );
}
