//! Entering guest code and every way back, on a few bytes of machine code.
//!
//! One test, because a process has one machine: guest memory lies at fixed addresses.

use std::sync::atomic::{AtomicU32, Ordering};

use guest::{Access, Arguments, Fault, FaultKind, Host, Machine, Module, Stop, Thunks, Value, call};
use pe::builder::Builder;

/// `rcx + rdx + r8 + r9 + fifth`
const SUM: &[u8] = b"\x48\x8d\x04\x11\x4c\x01\xc0\x4c\x01\xc8\x48\x03\x44\x24\x28\xc3";
/// `*(int *)0`
const NULL: &[u8] = b"\x31\xc0\x8b\x00\xc3";
/// `return rcx(rdx, r8)`, with the callee-saved xmm6 and rsi checked to be unchanged (ud2 if not)
const CALL: &[u8] = b"\x56\x48\x83\xec\x20\x48\xc7\xc6\x07\x00\x00\x00\x66\x48\x0f\x6e\xf6\x48\x89\xc8\x48\x89\xd1\x4c\x89\xc2\xff\xd0\
    \x48\x83\xfe\x07\x75\x0f\x66\x48\x0f\x7e\xf1\x48\x39\xce\x75\x05\x48\x83\xc4\x20\x5e\xc3\x0f\x0b";
/// `for (;;);`
const LOOP: &[u8] = b"\xeb\xfe";
/// calls itself for ever
const RECURSE: &[u8] = b"\x48\x83\xec\x28\xe8\xf7\xff\xff\xff";
/// `rsp = 0; return import()`: nothing that uses the stack can work
const NO_STACK: &[u8] = b"\x31\xe4\xff\xe1";

struct Guest {
    machine: Machine,
    module: Option<Module>,
}

impl Guest {
    fn function(&self, name: &str) -> u64 {
        self.module.as_ref().unwrap().export(name).unwrap()
    }

    fn run(&mut self, name: &str, arguments: &[u64]) -> Result<u64, Fault> {
        let function = self.function(name);
        call(self, function, arguments)
    }
}

/// The imports of this test, by index.
const ADD: u32 = 0;
const NESTED_SUM: u32 = 1;
const NESTED_FAULT: u32 = 2;
const PANIC: u32 = 3;
const EXIT: u32 = 4;

impl Host for Guest {
    fn machine(&mut self) -> &mut Machine {
        &mut self.machine
    }

    fn import(&mut self, index: u32, arguments: Arguments) -> Result<Value, Stop> {
        let argument = |index| arguments.integer(index, &self.machine.memory);
        let (first, second) = (argument(0)?, argument(1)?);
        match index {
            ADD => Ok(Value { integer: first + second, float: 0.0 }),
            NESTED_SUM => {
                let integer = self.run("sum", &[first, second, 0, 0, 100])?;
                Ok(Value { integer, float: 0.0 })
            }
            NESTED_FAULT => Ok(Value { integer: self.run("null", &[])?, float: 0.0 }),
            PANIC => panic!("as the test wants"),
            EXIT => Err(Stop::Kind(FaultKind::Exit { code: 9 })),
            _ => unreachable!("no such import in this test"),
        }
    }

    fn import_name(&self, index: u32) -> String {
        format!("test!{index}")
    }
}

fn loaded() -> Guest {
    let mut code = Vec::new();
    let mut builder = Builder::new(pe::Machine::X86_64);
    for (name, bytes) in [
        ("sum", SUM),
        ("null", NULL),
        ("call", CALL),
        ("loop", LOOP),
        ("recurse", RECURSE),
        ("no_stack", NO_STACK),
    ] {
        builder = builder.export(name, u32::try_from(code.len()).unwrap());
        code.extend_from_slice(bytes);
    }
    let file = builder.code(&code).build();
    let mut machine = Machine::new().unwrap();
    for _ in 0..=EXIT {
        machine.add_thunk().unwrap();
    }
    let module = machine.load("test.dll", &pe::Image::parse(&file).unwrap(), &[]).unwrap();
    machine.seal().unwrap();
    let spare = std::iter::from_fn(|| machine.add_thunk()).count();
    assert_eq!(spare, 1024, "what there is after the seal was made before it");
    Guest { machine, module: Some(module) }
}

#[test]
fn guest_code_returns_calls_out_and_faults() {
    std::panic::set_hook(Box::new(|_| ()));
    let mut guest = loaded();
    assert_eq!(guest.run("sum", &[1, 20, 300, 4000, 50000]), Ok(54321));
    assert_eq!(guest.run("call", &[Thunks::address(ADD), 40, 2]), Ok(42));
    assert_eq!(guest.run("call", &[Thunks::address(NESTED_SUM), 40, 2]), Ok(142));

    let null = guest.function("null");
    let fault = guest.run("null", &[]).unwrap_err();
    assert_eq!(fault.kind, FaultKind::AccessViolation { address: Some(0), access: Access::Read });
    let place = fault.place.unwrap();
    assert_eq!(
        (place.module.as_str(), place.offset),
        ("test.dll", null + 2 - guest.module.as_ref().unwrap().base)
    );

    // A fault inside a nested call ends the outer one with the same fault, and the next call works.
    let nested = guest.run("call", &[Thunks::address(NESTED_FAULT), 0, 0]).unwrap_err();
    assert_eq!((nested.kind, nested.instruction), (fault.kind, fault.instruction));
    let panicked = guest.run("call", &[Thunks::address(PANIC), 0, 0]).unwrap_err();
    assert_eq!(panicked.kind, FaultKind::Shim { shim: "test!3".into() });
    let exited = guest.run("call", &[Thunks::address(EXIT), 0, 0]).unwrap_err();
    assert_eq!(exited.kind, FaultKind::Exit { code: 9 });
    assert_eq!(exited.place.unwrap().module, "test.dll");
    assert_eq!(guest.run("recurse", &[]).unwrap_err().kind, FaultKind::StackOverflow);
    for wild in [0xdead_beef, 0x7000_0000_0000, 0x8000_0000_0000_0000] {
        let jumped = guest.run("no_stack", &[wild]).unwrap_err();
        assert!(matches!(jumped.kind, FaultKind::AccessViolation { .. }), "{wild:#x}: {jumped:?}");
    }
    // The import itself works without a guest stack, but cannot go back.
    let stackless = guest.run("no_stack", &[Thunks::address(ADD)]).unwrap_err();
    assert!(matches!(stackless.kind, FaultKind::AccessViolation { .. }), "{stackless:?}");
    assert_eq!(guest.run("sum", &[1, 2, 3, 4, 5]), Ok(15));

    a_deadline_interrupts_a_loop(&mut guest);
    assert_eq!(guest.run("sum", &[1, 2, 3, 4, 5]), Ok(15));
}

fn a_deadline_interrupts_a_loop(guest: &mut Guest) {
    static INTERRUPT: AtomicU32 = AtomicU32::new(0);
    // SAFETY: gettid has no preconditions.
    let (process, thread) = (std::process::id(), unsafe { libc::gettid() });
    let outer = guest.machine.begin(7, &INTERRUPT);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // The first ones name another request and must do nothing; the rest are repeated as the host repeats them.
            for number in [6, 6, 7, 7, 7] {
                std::thread::sleep(std::time::Duration::from_millis(20));
                INTERRUPT.store(number, Ordering::SeqCst);
                // SAFETY: signals a thread of this process, whose handler the machine installed.
                unsafe { libc::syscall(libc::SYS_tgkill, process, thread, libc::SIGUSR1) };
            }
        });
        assert_eq!(guest.run("loop", &[]).unwrap_err().kind, FaultKind::Deadline);
    });
    guest.machine.resume(outer);
}
