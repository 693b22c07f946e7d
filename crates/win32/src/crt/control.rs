//! The floating-point control word. How 32-bit code has its results rounded is the processor's business; everything else is kept for asking only, so that no exception is
//! ever unmasked.

use guest::{Mode, Stop};

use crate::abi::Pointer;
use crate::crt::EINVAL;
use crate::crt::invalid::invalid;
use crate::process::Process;

/// What can be controlled (float.h): denormals, exceptions, infinity, rounding, precision.
const MCW_DN: u32 = 0x300_0000;
const MCW_EM: u32 = 0x8_001f;
const MCW_IC: u32 = 0x4_0000;
const MCW_RC: u32 = 0x300;
const MCW_PC: u32 = 0x3_0000;
const EM_DENORMAL: u32 = 0x8_0000;
const PC_53: u32 = 0x1_0000;

/// The word that a thread starts with (`_CW_DEFAULT`): round to nearest, all exceptions masked, and 53 bits where the precision can be chosen.
pub(super) fn default_word(mode: Mode) -> u32 {
    MCW_EM | if mode == Mode::I386 { PC_53 } else { 0 }
}

/// _control87: the word that results. Only in 32-bit code precision and infinity can be controlled.
pub fn _control87(process: &mut Process, value: u32, mask: u32) -> Result<u32, Stop> {
    let everywhere = MCW_DN | MCW_EM | MCW_RC;
    let all = match process.machine.mode() {
        Mode::I386 => everywhere | MCW_IC | MCW_PC,
        Mode::X86_64 => everywhere,
    };
    if process.machine.mode() == Mode::X86_64 && mask & MCW_PC != 0 {
        invalid(process, EINVAL, ())?;
    }
    let mask = mask & all;
    let word = current(process) & !mask | value & mask;
    set(process, word);
    Ok(word)
}

/// Rounding and precision, as the processor has them and as the word does.
const ROUNDING: [(u16, u32); 4] = [(0, 0), (0x400, 0x100), (0x800, 0x200), (0xc00, 0x300)];
const PRECISION: [(u16, u32); 3] = [(0, 0x2_0000), (0x200, PC_53), (0x300, 0)];

/// The word as it is: 32-bit code may have changed what the processor does by itself.
fn current(process: &Process) -> u32 {
    let kept = process.crt.control_word;
    if process.machine.mode() == Mode::X86_64 {
        return kept;
    }
    let bits = process.machine.x87_rounding();
    let of = |table: &[(u16, u32)], mask: u16| {
        table.iter().find(|(own, _)| *own == bits & mask).map_or(0, |&(_, word)| word)
    };
    kept & !(MCW_RC | MCW_PC) | of(&ROUNDING, 0xc00) | of(&PRECISION, 0x300)
}

fn set(process: &mut Process, word: u32) {
    process.crt.control_word = word;
    if process.machine.mode() == Mode::I386 {
        let of = |table: &[(u16, u32)], mask: u32| {
            table.iter().find(|(_, own)| *own == word & mask).map_or(0, |&(bits, _)| bits)
        };
        process.machine.set_x87_rounding(of(&ROUNDING, MCW_RC) | of(&PRECISION, MCW_PC));
    }
}

/// _controlfp: the same, but that the exception of denormal operands stays as it is.
pub fn _controlfp(process: &mut Process, value: u32, mask: u32) -> Result<u32, Stop> {
    _control87(process, value, mask & !EM_DENORMAL)
}

/// _controlfp_s: the same, told through a pointer. Bits that mean nothing are an invalid parameter.
pub fn _controlfp_s(process: &mut Process, out: Pointer, value: u32, mask: u32) -> Result<i32, Stop> {
    let unknown = value & mask & !(MCW_DN | MCW_EM | MCW_IC | MCW_RC | MCW_PC) != 0;
    let word = _controlfp(process, value, if unknown { 0 } else { mask })?;
    if !out.is_null() {
        process.machine.memory.write(out.0, &word.to_le_bytes())?;
    }
    if unknown { invalid(process, EINVAL, EINVAL) } else { Ok(0) }
}

/// __control87_2: the words of both units, which are one here.
pub fn __control87_2(
    process: &mut Process,
    value: u32,
    mask: u32,
    x87: Pointer,
    sse: Pointer,
) -> Result<i32, Stop> {
    let word = _control87(process, value, mask)?;
    for out in [x87, sse].into_iter().filter(|out| !out.is_null()) {
        process.machine.memory.write(out.0, &word.to_le_bytes())?;
    }
    Ok(1)
}

/// _statusfp and _clearfp: no exception is ever noted.
pub fn _statusfp(_: &mut Process) -> u32 {
    0
}

pub fn _fpreset(process: &mut Process) {
    let word = default_word(process.machine.mode());
    set(process, word);
}
