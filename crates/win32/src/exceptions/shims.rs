//! What guests call to raise exceptions and to unwind their stacks.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::{Cpu, FaultKind, Mode, Stop};

use super::context;
use super::dispatch::Target;
use super::record::{EXCEPTION_NONCONTINUABLE, ExceptionRecord, PARAMETERS, STATUS_UNWIND};
use crate::abi::Pointer;
use crate::process::Process;

pub use super::scopes::__C_specific_handler;

/// RaiseException: goes on behind the call, or elsewhere, as the guest's handlers want.
pub fn RaiseException(
    process: &mut Process,
    code: u32,
    flags: u32,
    count: u32,
    parameters: Pointer,
) -> Result<(), Stop> {
    let cpu = process.caller(4)?;
    let size = process.machine.mode().pointer_size();
    let count = if parameters.is_null() { 0 } else { u64::from(count).min(PARAMETERS as u64) };
    let parameters = (0..count)
        .map(|index| process.machine.pointer_at(parameters.at(size * index).0))
        .collect::<Result<Vec<_>, _>>()?;
    let flags = flags & EXCEPTION_NONCONTINUABLE;
    raised(process, &ExceptionRecord { code, flags, cause: 0, address: cpu.rip, parameters }, cpu)
}

/// RtlRaiseException: the same, with a record of the caller's.
pub fn RtlRaiseException(process: &mut Process, record: Pointer) -> Result<(), Stop> {
    let cpu = process.caller(1)?;
    let record = ExceptionRecord::read(&process.machine, record.0)?;
    raised(process, &ExceptionRecord { address: cpu.rip, ..record }, cpu)
}

fn raised(process: &mut Process, record: &ExceptionRecord, cpu: Cpu) -> Result<(), Stop> {
    match process.raise(record, &cpu)? {
        Some(cpu) => Err(Stop::Continue(cpu)),
        None => Err(Stop::Kind(record.fault())),
    }
}

/// RtlCaptureContext: the registers as they are behind the call.
pub fn RtlCaptureContext(process: &mut Process, context: Pointer) -> Result<(), Stop> {
    let cpu = process.caller(1)?;
    Ok(context::write(&process.machine, context.0, &cpu)?)
}

/// RtlRestoreContext: goes on there. A record would name a `longjmp`, which wants no more than that here.
pub fn RtlRestoreContext(process: &mut Process, context: Pointer, _record: Pointer) -> Result<(), Stop> {
    let cpu = process.caller(2)?;
    Err(Stop::Continue(Box::new(context::read(&process.machine, context.0, cpu)?)))
}

/// RtlLookupFunctionEntry, for 64-bit code. The history table is left alone.
pub fn RtlLookupFunctionEntry(
    process: &mut Process,
    address: u64,
    base: Pointer,
    _history: Pointer,
) -> Result<Pointer, Stop> {
    if let Some(image) = process.image_at(address) {
        process.machine.put_pointer(base.0, image)?;
    }
    let function = process.function_at(address)?;
    Ok(function.map_or(Pointer::NULL, |function| Pointer(function.entry)))
}

/// RtlVirtualUnwind, for 64-bit code: the frame's handler if it is one of the kind that is asked for, or NULL. No context pointers are written.
#[expect(clippy::too_many_arguments, reason = "the function's own")]
pub fn RtlVirtualUnwind(
    process: &mut Process,
    kind: u32,
    base: u64,
    address: u64,
    entry: Pointer,
    registers: Pointer,
    data: Pointer,
    establisher: Pointer,
    _pointers: Pointer,
) -> Result<Pointer, Stop> {
    let mut cpu = context::read(&process.machine, registers.0, Cpu::new())?;
    cpu.rip = address;
    let function = if entry.is_null() { None } else { Some(process.function(base, entry.0)?) };
    let step = process.unwind(&cpu, function)?;
    context::write(&process.machine, registers.0, &step.caller)?;
    process.machine.put_pointer(establisher.0, step.establisher)?;
    match step.handler.filter(|handler| u32::from(handler.flags) & kind != 0) {
        Some(handler) => {
            process.machine.put_pointer(data.0, handler.data)?;
            Ok(Pointer(handler.address))
        }
        None => Ok(Pointer::NULL),
    }
}

/// RtlUnwindEx, for 64-bit code.
pub fn RtlUnwindEx(
    process: &mut Process,
    frame: Pointer,
    ip: Pointer,
    record: Pointer,
    value: Pointer,
    registers: Pointer,
    _history: Pointer,
) -> Result<(), Stop> {
    unwind(process, Target { frame: frame.0, ip: ip.0, value: value.0 }, record, registers)
}

/// RtlUnwind of 64-bit code. That of 32-bit code is a native function.
pub fn RtlUnwind(
    process: &mut Process,
    frame: Pointer,
    ip: Pointer,
    record: Pointer,
    value: Pointer,
) -> Result<(), Stop> {
    unwind(process, Target { frame: frame.0, ip: ip.0, value: value.0 }, record, Pointer::NULL)
}

/// Unwinds with the caller's record and room for a context, or with some on the guest's stack.
fn unwind(process: &mut Process, target: Target, record: Pointer, registers: Pointer) -> Result<(), Stop> {
    let mode = process.machine.mode();
    if mode == Mode::I386 {
        return Err(Stop::Kind(FaultKind::Shim { shim: "unwinding of 32-bit code".to_owned() }));
    }
    let outer = process.machine.stack_pointer();
    let own_registers = outer.saturating_sub(context::size(mode)) & !15;
    let own_record = own_registers.saturating_sub(ExceptionRecord::size(mode)) & !15;
    process.machine.set_stack_pointer(own_record);
    let registers = if registers.is_null() { own_registers } else { registers.0 };
    let record = if record.is_null() {
        let address = process.caller(0)?.rip;
        let own =
            ExceptionRecord { code: STATUS_UNWIND, flags: 0, cause: 0, address, parameters: Vec::new() };
        own.write(&process.machine, own_record)?;
        own_record
    } else {
        record.0
    };
    Err(process.unwind_to(target, record, registers))
}
