//! `__try` of C: the handler that compilers name for 64-bit functions with such blocks (MS Learn: "__C_specific_handler"; the scope table's
//! layout: winnt.h, SCOPE_TABLE_AMD64).

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use super::dispatch::{Dispatcher, Target};
use super::record::{EXCEPTION_TARGET_UNWIND, EXCEPTION_UNWIND, ExceptionRecord};
use crate::abi::Pointer;
use crate::process::{Process, still_wanted};

/// Bytes of an entry of the scope table.
const SCOPE_SIZE: u64 = 16;
/// In place of a filter's address: EXCEPTION_EXECUTE_HANDLER.
const ALWAYS: u32 = 1;
/// Answers of the handler.
const EXCEPTION_CONTINUE_SEARCH: i32 = 1;
const EXCEPTION_CONTINUE_EXECUTION: i32 = 0;

/// A block: from where to where, its filter or `__finally` code, and where its `__except` code begins (0 for a `__finally`).
struct Scope {
    begin: u32,
    end: u32,
    handler: u32,
    jump: u32,
}

/// __C_specific_handler: asks the filters of the blocks that the frame is in, or runs their `__finally` code.
pub fn __C_specific_handler(
    process: &mut Process,
    record: Pointer,
    frame: Pointer,
    context: Pointer,
    dispatcher: Pointer,
) -> Result<i32, Stop> {
    let exception = ExceptionRecord::read(&process.machine, record.0)?;
    let told = Dispatcher::read(process, dispatcher.0)?;
    let count = process.machine.memory.array(told.handler_data).map(u32::from_le_bytes)?;
    let rva = |address: u64| address.wrapping_sub(told.image_base);
    let inside = |scope: &Scope, at: u64| (u64::from(scope.begin)..u64::from(scope.end)).contains(&rva(at));
    for index in told.scope_index..count {
        still_wanted(&process.machine)?;
        let scope = scope(process, told.handler_data + 4 + SCOPE_SIZE * u64::from(index))?;
        if !inside(&scope, told.control_pc) {
            continue;
        }
        let handler = told.image_base.wrapping_add(scope.handler.into());
        let jump = told.image_base.wrapping_add(scope.jump.into());
        if exception.flags & EXCEPTION_UNWIND != 0 {
            let goes_there = exception.flags & EXCEPTION_TARGET_UNWIND != 0;
            // Blocks that the target lies in, too, are not left.
            if goes_there && (inside(&scope, told.target_ip) || scope.jump != 0 && jump == told.target_ip) {
                break;
            }
            if scope.jump == 0 {
                // Its own blocks are not to run again should this code raise another exception.
                process.machine.memory.write(dispatcher.0 + 72, &(index + 1).to_le_bytes())?;
                process.call(handler, &[1, frame.0])?;
            }
            continue;
        }
        if scope.jump == 0 {
            continue;
        }
        let answer = match scope.handler {
            ALWAYS => 1,
            _ => process.ask_filter(handler, record, context, frame)?,
        };
        match answer {
            0 => {}
            ..0 => return Ok(EXCEPTION_CONTINUE_EXECUTION),
            1.. => {
                let target = Target { frame: frame.0, ip: jump, value: exception.code.into() };
                return Err(process.unwind_to(target, record.0, context.0));
            }
        }
    }
    Ok(EXCEPTION_CONTINUE_SEARCH)
}

fn scope(process: &Process, at: u64) -> Result<Scope, Stop> {
    let number = |place: u64| process.machine.memory.array(at + 4 * place).map(u32::from_le_bytes);
    Ok(Scope { begin: number(0)?, end: number(1)?, handler: number(2)?, jump: number(3)? })
}

impl Process {
    /// Calls a filter with EXCEPTION_POINTERS: its answer.
    fn ask_filter(
        &mut self,
        filter: u64,
        record: Pointer,
        context: Pointer,
        frame: Pointer,
    ) -> Result<i32, Stop> {
        let outer = self.machine.stack_pointer();
        let pointers = outer.saturating_sub(16) & !15;
        self.machine.put_pointer(pointers, record.0)?;
        self.machine.put_pointer(pointers + 8, context.0)?;
        self.machine.set_stack_pointer(pointers);
        let answer = self.call(filter, &[pointers, frame.0]);
        self.machine.set_stack_pointer(outer);
        let [a, b, c, d, ..] = answer?.to_le_bytes();
        Ok(i32::from_le_bytes([a, b, c, d]))
    }
}
