//! The way into 64-bit code and back. One test, because a process has one machine: guest memory lies at fixed addresses.

mod support;

use guest::Mode;

/// `rcx + rdx + r8 + r9 + fifth`
const SUM: &[u8] = b"\x48\x8d\x04\x11\x4c\x01\xc0\x4c\x01\xc8\x48\x03\x44\x24\x28\xc3";
/// `*(int *)0`
const NULL: &[u8] = b"\x31\xc0\x8b\x00\xc3";
/// `return rcx(rdx, r8)`, with the callee-saved xmm6 and rsi checked to be unchanged (ud2 if not)
const CALL: &[u8] = b"\x56\x48\x83\xec\x20\x48\xc7\xc6\x07\x00\x00\x00\x66\x48\x0f\x6e\xf6\x48\x89\xc8\x48\x89\xd1\x4c\x89\xc2\xff\xd0\
    \x48\x83\xfe\x07\x75\x0f\x66\x48\x0f\x7e\xf1\x48\x39\xce\x75\x05\x48\x83\xc4\x20\x5e\xc3\x0f\x0b";
/// calls itself for ever
const RECURSE: &[u8] = b"\x48\x83\xec\x28\xe8\xf7\xff\xff\xff";
/// `rsp = 0; return import()`: nothing that uses the stack can work
const NO_STACK: &[u8] = b"\x31\xe4\xff\xe1";
/// `return (int)rcx()`, of a function that answers a double
const ROUND: &[u8] = b"\x48\x83\xec\x28\xff\xd1\xf2\x0f\x2d\xc0\x48\x83\xc4\x28\xc3";

#[test]
fn code_returns_calls_out_and_faults() {
    support::returns_calls_out_and_faults(
        Mode::X86_64,
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
