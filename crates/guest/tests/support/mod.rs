//! Entering guest code and every way back, on a few bytes of machine code.

use std::sync::atomic::{AtomicU32, Ordering};

use guest::layout::Layout;
use guest::{
    Access, Arguments, Cpu, Exported, Fault, FaultKind, Host, Machine, Mode, Module, Return, Stop, Value,
    call,
};
use pe::builder::Builder;

/// Has each region lie amid its window.
const MIDDLE: [u64; Layout::WORDS] = [u64::MAX / 2; Layout::WORDS];

/// `for (;;);`, in both modes.
pub const LOOP: &[u8] = b"\xeb\xfe";

struct Guest {
    machine: Machine,
    module: Option<Module>,
    /// How often `DEEPER` has been called.
    depth: u64,
}

impl Guest {
    fn function(&self, name: &str) -> u64 {
        match self.module.as_ref().unwrap().export(&pe::Symbol::Name(name.to_owned())) {
            Some(&Exported::Address(address)) => address,
            other => panic!("{name} leads to {other:?}"),
        }
    }

    /// The request that a shim works for is interrupted. What the shim does for another request meanwhile is not.
    fn nested_while_interrupted(&mut self) -> u64 {
        INTERRUPT.store(OUTER, Ordering::SeqCst);
        interrupt_here();
        let outer = self.machine.begin(OUTER + 1, &INTERRUPT);
        let answer = self.run("call", &[self.machine.thunk(ADD), 40, 2]);
        self.machine.resume(outer);
        assert_eq!(answer, Ok(42));
        0
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
const DEEPER: u32 = 5;
const INTERRUPTED: u32 = 6;
const PI: u32 = 7;

impl Host for Guest {
    fn machine(&mut self) -> &mut Machine {
        &mut self.machine
    }

    fn import(&mut self, index: u32, mut arguments: Arguments) -> Result<Return, Stop> {
        if index == PI {
            return Ok(Return { value: Value::Double(std::f64::consts::PI), popped: 0 });
        }
        let mut argument = || arguments.word(&self.machine.memory);
        let (first, second) = (argument()?, argument()?);
        let integer = match index {
            ADD => first + second,
            NESTED_SUM => self.run("sum", &[first, second, 0, 0, 100])?,
            NESTED_FAULT => self.run("null", &[])?,
            PANIC => panic!("as the test wants"),
            // Calls itself by way of the guest, for as long as that works.
            DEEPER => {
                self.depth += 1;
                self.run("call", &[first, first, second])?
            }
            INTERRUPTED => self.nested_while_interrupted(),
            EXIT => return Err(Stop::Kind(FaultKind::Exit { code: 9 })),
            _ => unreachable!("no such import in this test"),
        };
        Ok(Return { value: Value::Integer(integer), popped: 2 })
    }

    fn exception(&mut self, _: &Fault, _: &Cpu) -> Result<Option<Box<Cpu>>, Stop> {
        Ok(None)
    }

    fn thread(&mut self, _: usize) {
        unreachable!("no thread is started in this test")
    }

    fn handled(&mut self, _: u64, _: u64) -> Result<Box<Cpu>, Stop> {
        unreachable!("nobody handles anything in this test")
    }

    fn unhandled(&mut self, _: u64, _: u64) -> Stop {
        unreachable!("no exception is dispatched in this test")
    }

    fn import_name(&self, index: u32) -> String {
        format!("test!{index}")
    }
}

fn loaded(mode: Mode, functions: &[(&str, &[u8])]) -> Guest {
    let machine = match mode {
        Mode::I386 => pe::Machine::I386,
        Mode::X86_64 => pe::Machine::X86_64,
    };
    let mut code = Vec::new();
    let mut builder = Builder::new(machine);
    for (name, bytes) in functions {
        builder = builder.export(name, u32::try_from(code.len()).unwrap());
        code.extend_from_slice(bytes);
    }
    let file = builder.code(&code).build();
    let mut machine = Machine::new(mode, Layout::random(MIDDLE)).unwrap();
    for _ in 0..=PI {
        machine.add_thunk().unwrap();
    }
    let module = machine.load("test.dll", &pe::Image::parse(&file).unwrap(), &[]).unwrap();
    machine.seal(0).unwrap();
    let spare = std::iter::from_fn(|| machine.add_thunk()).count();
    assert_eq!(spare, 1024, "what there is after the seal was made before it");
    Guest { machine, module: Some(module), depth: 0 }
}

/// Runs the functions of a guest: `sum` of five numbers, `null` (reads address 0), `call` of an import with two arguments, `loop`, `recurse`
/// without end, `no_stack` (jumps to its argument without a stack), `round` (what an import answers as a number).
pub fn returns_calls_out_and_faults(mode: Mode, functions: &[(&str, &[u8])]) {
    std::panic::set_hook(Box::new(|_| ()));
    let mut guest = loaded(mode, functions);
    let thunks: [u64; PI as usize + 1] = std::array::from_fn(|index| guest.machine.thunk(index as u32));
    let thunk = |index: u32| thunks[index as usize];
    assert_eq!(guest.run("sum", &[1, 20, 300, 4000, 50000]), Ok(54321));
    assert_eq!(guest.run("call", &[thunk(ADD), 40, 2]), Ok(42));
    assert_eq!(guest.run("call", &[thunk(NESTED_SUM), 40, 2]), Ok(142));

    assert_eq!(guest.run("round", &[thunk(PI)]), Ok(3));

    let null = guest.function("null");
    let fault = guest.run("null", &[]).unwrap_err();
    assert_eq!(fault.kind, FaultKind::AccessViolation { address: Some(0), access: Access::Read });
    let place = fault.place.unwrap();
    assert_eq!(
        (place.module.as_str(), place.offset),
        ("test.dll", null + 2 - guest.module.as_ref().unwrap().base)
    );

    // A fault inside a nested call ends the outer one with the same fault, and the next call works.
    let nested = guest.run("call", &[thunk(NESTED_FAULT), 0, 0]).unwrap_err();
    assert_eq!((nested.kind, nested.instruction), (fault.kind, fault.instruction));
    let panicked = guest.run("call", &[thunk(PANIC), 0, 0]).unwrap_err();
    assert_eq!(panicked.kind, FaultKind::Shim { shim: "test!3".into() });
    let exited = guest.run("call", &[thunk(EXIT), 0, 0]).unwrap_err();
    assert_eq!(exited.kind, FaultKind::Exit { code: 9 });
    assert_eq!(exited.place.unwrap().module, "test.dll");
    assert_eq!(guest.run("recurse", &[]).unwrap_err().kind, FaultKind::StackOverflow);
    let wild: &[u64] = match mode {
        Mode::I386 => &[0xdead_beef, 0],
        Mode::X86_64 => &[0xdead_beef, 0x7000_0000_0000, 0x8000_0000_0000_0000],
    };
    for &wild in wild {
        let jumped = guest.run("no_stack", &[wild]).unwrap_err();
        assert!(matches!(jumped.kind, FaultKind::AccessViolation { .. }), "{wild:#x}: {jumped:?}");
    }
    // The import itself works without a guest stack, but cannot go back.
    let stackless = guest.run("no_stack", &[thunk(ADD)]).unwrap_err();
    assert!(matches!(stackless.kind, FaultKind::AccessViolation { .. }), "{stackless:?}");
    assert_eq!(guest.run("sum", &[1, 2, 3, 4, 5]), Ok(15));

    let deep = guest.run("call", &[thunk(DEEPER), thunk(DEEPER), 0]).unwrap_err();
    assert_eq!(deep.kind, FaultKind::StackOverflow);
    assert!(guest.depth > 100, "{}", guest.depth);

    let outer = guest.machine.begin(OUTER, &INTERRUPT);
    let interrupted = guest.run("call", &[thunk(INTERRUPTED), 0, 0]).unwrap_err();
    assert_eq!(interrupted.kind, FaultKind::Deadline);
    guest.machine.resume(outer);
    assert_eq!(guest.run("sum", &[1, 2, 3, 4, 5]), Ok(15));

    a_deadline_interrupts_a_loop(&mut guest);
    assert_eq!(guest.run("sum", &[1, 2, 3, 4, 5]), Ok(15));
}

/// Which request is to be interrupted.
static INTERRUPT: AtomicU32 = AtomicU32::new(0);

/// The number of a request.
const OUTER: u32 = 7;

/// Sends this thread the signal by which the host interrupts requests.
fn interrupt_here() {
    // SAFETY: signals this thread, whose handler the machine installed.
    assert_eq!(unsafe { libc::raise(libc::SIGUSR1) }, 0);
}

fn a_deadline_interrupts_a_loop(guest: &mut Guest) {
    // SAFETY: gettid has no preconditions.
    let (process, thread) = (std::process::id(), unsafe { libc::gettid() });
    INTERRUPT.store(0, Ordering::SeqCst);
    let outer = guest.machine.begin(OUTER, &INTERRUPT);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // The first ones name another request and must do nothing; the rest are repeated as the host repeats them.
            for number in [OUTER - 1, OUTER - 1, OUTER, OUTER, OUTER] {
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
