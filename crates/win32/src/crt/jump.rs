//! setjmp and longjmp (MS Learn: setjmp, longjmp; the layout of jmp_buf: setjmp.h, `_JUMP_BUFFER`).

use guest::cpu::{RAX, RBP, RBX, RDI, RSI, RSP};
use guest::{Cpu, FaultKind, Machine, Mode, Stop, Violation};

use crate::abi::{Pointer, Variadic};
use crate::process::Process;

/// Where a 64-bit jmp_buf has the general registers, behind the frame.
const GENERAL: [(usize, u64); 9] =
    [(RBX, 8), (RSP, 16), (RBP, 24), (RSI, 32), (RDI, 40), (12, 48), (13, 56), (14, 64), (15, 72)];
const RIP: u64 = 80;
const MXCSR: u64 = 88;
const X87_CONTROL: u64 = 92;
/// xmm6 to xmm15.
const XMM: u64 = 96;

/// Where a 32-bit one has them.
const GENERAL32: [(usize, u64); 5] = [(RBP, 0), (RBX, 4), (RDI, 8), (RSI, 12), (RSP, 16)];
const EIP: u64 = 20;
/// The first of the caller's exception handlers, and which of its `__try` blocks it was in.
const REGISTRATION: u64 = 24;
const TRY_LEVEL: u64 = 28;
const COOKIE: u64 = 32;
const UNWIND_FUNCTION: u64 = 36;
/// Six words for that function.
const UNWIND_DATA: u64 = 40;
const UNWIND_WORDS: u64 = 6;
/// `VC20`: the fields from here on are there.
const VC20: u32 = 0x5643_3230;
/// The level outside of all blocks.
const OUTSIDE: u32 = u32::MAX;
/// Where a registration of Microsoft's compilers has its level.
const LEVEL_IN_REGISTRATION: u64 = 12;

/// Where a caller goes on behind its call.
fn caller(process: &Process) -> Result<Cpu, Stop> {
    let none = || Stop::Kind(FaultKind::Shim { shim: "a shim's view of its caller".to_owned() });
    process.machine.caller(0).ok_or_else(none)
}

/// _setjmp of 64-bit code: the caller's registers, and its frame.
fn keep64(machine: &Machine, buffer: u64, frame: u64, cpu: &Cpu) -> Result<(), Violation> {
    let memory = &machine.memory;
    memory.write(buffer, &frame.to_le_bytes())?;
    for (register, offset) in GENERAL {
        memory.write(buffer.wrapping_add(offset), &cpu.general[register].to_le_bytes())?;
    }
    memory.write(buffer.wrapping_add(RIP), &cpu.rip.to_le_bytes())?;
    memory.write(buffer.wrapping_add(MXCSR), &cpu.mxcsr().to_le_bytes())?;
    memory.write(buffer.wrapping_add(X87_CONTROL), &cpu.x87_control().to_le_bytes())?;
    for (register, place) in (6..16).zip(0..) {
        memory.write(buffer.wrapping_add(XMM + 16 * place), &cpu.xmm(register).to_le_bytes())?;
    }
    Ok(())
}

/// _setjmp. Of 64-bit code, the second argument is the caller's frame, or NULL where `longjmp` is to run no `__finally` code on its way.
pub fn _setjmp(process: &mut Process, buffer: Pointer, frame: Pointer) -> Result<i32, Stop> {
    let cpu = caller(process)?;
    match process.machine.mode() {
        Mode::X86_64 => keep64(&process.machine, buffer.0, frame.0, &cpu)?,
        Mode::I386 => keep32(process, buffer, &cpu, &mut Variadic::List(Pointer::NULL), 0)?,
    }
    Ok(0)
}

/// _setjmp3, of 32-bit code: `count` words follow, first a function that leaves the caller's blocks, then the block that it is in, then what the function wants.
pub fn _setjmp3(
    process: &mut Process,
    buffer: Pointer,
    count: u32,
    mut words: Variadic,
) -> Result<i32, Stop> {
    let cpu = caller(process)?;
    keep32(process, buffer, &cpu, &mut words, count)?;
    Ok(0)
}

fn keep32(
    process: &Process,
    buffer: Pointer,
    cpu: &Cpu,
    words: &mut Variadic,
    count: u32,
) -> Result<(), Stop> {
    let machine = &process.machine;
    let put = |offset: u64, word: u64| machine.put_pointer(buffer.at(offset).0, word);
    for (register, offset) in GENERAL32 {
        put(offset, cpu.general[register])?;
    }
    put(EIP, cpu.rip)?;
    let registration = machine.exception_list();
    put(REGISTRATION, registration.into())?;
    put(COOKIE, VC20.into())?;
    put(UNWIND_FUNCTION, 0)?;
    if registration == Machine::NO_REGISTRATION {
        put(TRY_LEVEL, OUTSIDE.into())?;
        return Ok(());
    }
    let mut left = u64::from(count);
    let mut next = || -> Result<Option<u64>, Violation> {
        left = if left == 0 { return Ok(None) } else { left - 1 };
        words.word(machine).map(Some)
    };
    if let Some(function) = next()? {
        put(UNWIND_FUNCTION, function)?;
    }
    let level = match next()? {
        Some(level) => level,
        None => machine.pointer_at(u64::from(registration) + LEVEL_IN_REGISTRATION)?,
    };
    put(TRY_LEVEL, level)?;
    for place in 0..UNWIND_WORDS {
        let Some(word) = next()? else { break };
        put(UNWIND_DATA + 4 * place, word)?;
    }
    Ok(())
}

/// longjmp. `__finally` code of the functions on the way runs, as far as the shim or the host that called the guest; of 64-bit code none of the
/// function that called `setjmp` itself, and none at all where that gave no frame.
pub fn longjmp(process: &mut Process, buffer: Pointer, value: i32) -> Result<(), Stop> {
    let value = u64::from(if value == 0 { 1 } else { value.cast_unsigned() });
    match process.machine.mode() {
        Mode::I386 => jump32(process, buffer, value),
        Mode::X86_64 => jump64(process, buffer, value),
    }
}

fn jump64(process: &mut Process, buffer: Pointer, value: u64) -> Result<(), Stop> {
    let mut cpu = caller(process)?;
    let (machine, memory) = (&process.machine, &process.machine.memory);
    let frame = machine.pointer_at(buffer.0)?;
    for (register, offset) in GENERAL {
        cpu.general[register] = machine.pointer_at(buffer.at(offset).0)?;
    }
    cpu.rip = machine.pointer_at(buffer.at(RIP).0)?;
    cpu.set_mxcsr(memory.array(buffer.at(MXCSR).0).map(u32::from_le_bytes)?);
    cpu.set_x87_control(memory.array(buffer.at(X87_CONTROL).0).map(u16::from_le_bytes)?);
    for (register, place) in (6..16).zip(0..) {
        cpu.set_xmm(register, memory.array(buffer.at(XMM + 16 * place).0).map(u128::from_le_bytes)?);
    }
    cpu.general[RAX] = value;
    if frame != 0 {
        process.leave_frames(buffer.0, cpu.general[RSP])?;
    }
    Err(Stop::Continue(Box::new(cpu)))
}

fn jump32(process: &mut Process, buffer: Pointer, value: u64) -> Result<(), Stop> {
    let mut cpu = caller(process)?;
    let sp = cpu.general[RSP];
    let machine = &process.machine;
    let word = |offset: u64| machine.pointer_at(buffer.at(offset).0);
    for (register, offset) in GENERAL32 {
        cpu.general[register] = word(offset)?;
    }
    cpu.rip = word(EIP)?;
    cpu.general[RAX] = value;
    let registration = word(REGISTRATION)?;
    let Some(depth) = depth(machine, registration)? else { return Err(Stop::Continue(Box::new(cpu))) };
    let none = registration == u64::from(Machine::NO_REGISTRATION);
    // What leaves the blocks of the function that called setjmp, and with what.
    let leave = if none {
        None
    } else if word(COOKIE)? == u64::from(VC20) && word(UNWIND_FUNCTION)? != 0 {
        Some([word(UNWIND_FUNCTION)?, buffer.0, 0])
    } else {
        let level = word(TRY_LEVEL)?;
        let changed = machine.pointer_at(registration + LEVEL_IN_REGISTRATION)? != level;
        changed.then(|| [machine.native("_local_unwind2").unwrap_or_default(), registration, level])
    };
    if depth == 0 && leave.is_none() {
        return Err(Stop::Continue(Box::new(cpu)));
    }
    // The handlers may leave in turn, so they are called by the guest's own code, below all that it uses.
    let [record, context] = process.put_target(&cpu, sp.saturating_sub(64))?;
    let [function, first, second] = leave.unwrap_or_default();
    let words = [record, context, registration, function, first, second];
    let at = record.saturating_sub(64);
    for (place, word) in (0..).zip(words) {
        process.machine.put_pointer(at + 4 * place, word)?;
    }
    cpu.general[RSP] = at;
    cpu.rip = process.machine.native("longjmp_unwind").unwrap_or_default();
    Err(Stop::Continue(Box::new(cpu)))
}

/// How many registrations come before one in the list; `None` if it is not in it, because a call of the host's lies between.
fn depth(machine: &Machine, registration: u64) -> Result<Option<usize>, Violation> {
    /// More than fit onto the stack.
    const MOST: usize = 1 << 17;
    let mut at = u64::from(machine.exception_list());
    for depth in 0..MOST {
        if at == registration {
            return Ok(Some(depth));
        }
        if at == u64::from(Machine::NO_REGISTRATION) {
            break;
        }
        at = machine.pointer_at(at)?;
    }
    Ok(None)
}
