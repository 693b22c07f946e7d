//! CONTEXT (winnt.h; MS Learn: CONTEXT, ARM64_NT_CONTEXT's page lists its siblings): a guest's registers in its own memory.

use guest::cpu::{FX_SIZE, RAX, RBP, RBX, RCX, RDI, RDX, RSI, RSP};
use guest::{Cpu, Machine, Mode, Violation};

/// Where each register lies.
struct Places {
    size: u64,
    flags_at: u64,
    /// The processor's bit and those of the parts: control, integer, floating-point or extended registers.
    processor: u32,
    floats: u32,
    general: &'static [(usize, u64)],
    rip: u64,
    eflags: u64,
    fx: u64,
}

const CONTROL: u32 = 1;
const INTEGER: u32 = 2;

const I386: Places = Places {
    size: 0x2cc,
    flags_at: 0,
    processor: 0x1_0000,
    // CONTEXT_EXTENDED_REGISTERS: what FXSAVE stores.
    floats: 0x20,
    general: &[
        (RDI, 0x9c),
        (RSI, 0xa0),
        (RBX, 0xa4),
        (RDX, 0xa8),
        (RCX, 0xac),
        (RAX, 0xb0),
        (RBP, 0xb4),
        (RSP, 0xc4),
    ],
    rip: 0xb8,
    eflags: 0xc0,
    fx: 0xcc,
};

const X86_64: Places = Places {
    size: 0x4d0,
    flags_at: 0x30,
    processor: 0x10_0000,
    floats: 8,
    general: &[
        (0, 0x78),
        (1, 0x80),
        (2, 0x88),
        (3, 0x90),
        (4, 0x98),
        (5, 0xa0),
        (6, 0xa8),
        (7, 0xb0),
        (8, 0xb8),
        (9, 0xc0),
        (10, 0xc8),
        (11, 0xd0),
        (12, 0xd8),
        (13, 0xe0),
        (14, 0xe8),
        (15, 0xf0),
    ],
    rip: 0xf8,
    eflags: 0x44,
    fx: 0x100,
};

/// Where a 64-bit CONTEXT has MXCSR a second time.
const MXCSR64: u64 = 0x34;

fn places(mode: Mode) -> &'static Places {
    match mode {
        Mode::I386 => &I386,
        Mode::X86_64 => &X86_64,
    }
}

/// Bytes of a CONTEXT.
pub(super) fn size(mode: Mode) -> u64 {
    places(mode).size
}

/// Writes all registers, and zeros for what the guest has no use for.
pub(super) fn write(machine: &Machine, at: u64, cpu: &Cpu) -> Result<(), Violation> {
    let (places, memory) = (places(machine.mode()), &machine.memory);
    memory.fill(at, 0, usize::try_from(places.size).unwrap_or(0))?;
    let flags = places.processor | CONTROL | INTEGER | places.floats;
    memory.write(at + places.flags_at, &flags.to_le_bytes())?;
    for &(register, offset) in places.general {
        machine.put_pointer(at + offset, cpu.general[register])?;
    }
    machine.put_pointer(at + places.rip, cpu.rip)?;
    memory.write(at + places.eflags, &low(cpu.flags).to_le_bytes())?;
    memory.write(at + places.fx, cpu.fx())?;
    if machine.mode() == Mode::X86_64 {
        let [.., a, b, c, d, _, _, _, _] = *cpu.fx().first_chunk::<32>().unwrap_or(&[0; 32]);
        memory.write(at + MXCSR64, &[a, b, c, d])?;
    }
    Ok(())
}

/// Reads the registers into `cpu`, which keeps its floating-point ones unless the flags name them. Those of a 32-bit guest count as
/// CONTEXT_EXTENDED_REGISTERS has them; FLOATING_SAVE_AREA, what FSAVE stores, is left alone.
pub(super) fn read(machine: &Machine, at: u64, mut cpu: Cpu) -> Result<Cpu, Violation> {
    let (places, memory) = (places(machine.mode()), &machine.memory);
    let flags = memory.array(at.wrapping_add(places.flags_at)).map(u32::from_le_bytes)?;
    for &(register, offset) in places.general {
        cpu.general[register] = machine.pointer_at(at.wrapping_add(offset))?;
    }
    cpu.rip = machine.pointer_at(at.wrapping_add(places.rip))?;
    cpu.flags = memory.array(at.wrapping_add(places.eflags)).map(u32::from_le_bytes)?.into();
    if flags & places.floats != 0 {
        cpu.set_fx(memory.array::<FX_SIZE>(at.wrapping_add(places.fx))?);
    }
    Ok(cpu)
}

fn low(value: u64) -> u32 {
    let [a, b, c, d, ..] = value.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
