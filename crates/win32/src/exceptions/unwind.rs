//! Unwinding 64-bit code by its tables (MS Learn, "x64 exception handling").

use guest::cpu::RSP;
use guest::{Cpu, Machine, Violation};

use crate::process::Process;

/// Bytes of a RUNTIME_FUNCTION.
const FUNCTION_SIZE: u64 = 12;

/// Flags of UNWIND_INFO: what the handler is called for, and that it is another function's continued.
pub(super) const UNW_FLAG_EHANDLER: u8 = 1;
pub(super) const UNW_FLAG_UHANDLER: u8 = 2;
const UNW_FLAG_CHAININFO: u8 = 4;

/// The longest chain of UNWIND_INFO that is followed.
const CHAIN: u32 = 32;

/// An entry of a table of functions, with the image that has it. All but `base` are offsets from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Function {
    pub base: u64,
    /// The address of the entry itself.
    pub entry: u64,
    begin: u32,
    end: u32,
    unwind: u32,
}

/// A function's handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handler {
    pub address: u64,
    /// What it is told about the function.
    pub data: u64,
    /// What it wants to be called for: `UNW_FLAG_EHANDLER`, `UNW_FLAG_UHANDLER`.
    pub flags: u8,
}

/// One function's frame, unwound.
#[derive(Debug, Clone)]
pub(super) struct Unwound {
    /// The registers of its caller.
    pub caller: Cpu,
    /// The address that stands for the frame.
    pub establisher: u64,
    pub handler: Option<Handler>,
}

/// What UNWIND_INFO begins with.
struct Info {
    flags: u8,
    prolog: u8,
    codes: u64,
    count: u8,
    frame_register: usize,
    frame_offset: u64,
}

impl Info {
    fn read(machine: &Machine, at: u64) -> Result<Self, Violation> {
        let [first, prolog, count, frame] = machine.memory.array(at)?;
        Ok(Self {
            flags: first >> 3,
            prolog,
            codes: at.wrapping_add(4),
            count,
            frame_register: (frame & 15).into(),
            frame_offset: u64::from(frame >> 4) * 16,
        })
    }

    /// The handler, of whose address and data `base` is the image's base.
    fn handler(&self, machine: &Machine, base: u64) -> Result<Option<Handler>, Violation> {
        let flags = self.flags & (UNW_FLAG_EHANDLER | UNW_FLAG_UHANDLER);
        if flags == 0 || self.flags & UNW_FLAG_CHAININFO != 0 {
            return Ok(None);
        }
        let address = machine.memory.array(self.tail()).map(u32::from_le_bytes)?;
        let address = base.wrapping_add(address.into());
        Ok(Some(Handler { address, data: self.tail().wrapping_add(4), flags }))
    }

    /// What follows the codes, of which there is always an even number.
    fn tail(&self) -> u64 {
        self.codes.wrapping_add(2 * ((u64::from(self.count) + 1) & !1))
    }
}

impl Process {
    /// Whether an address lies in an image whose code can be unwound.
    pub(super) fn can_unwind(&self, address: u64) -> bool {
        let mut images = self.machine.modules().iter();
        images.any(|module| module.range().contains(&address) && module.functions.is_some())
    }

    /// The image that an address lies in, by its base.
    pub(super) fn image_at(&self, address: u64) -> Option<u64> {
        let module = self.machine.modules().iter().find(|module| module.range().contains(&address))?;
        Some(module.base)
    }

    /// The entry for the function at an address; `None` for one that keeps nothing on its stack, and for what is no function.
    pub(super) fn function_at(&self, address: u64) -> Result<Option<Function>, Violation> {
        let modules = self.machine.modules();
        let Some(module) = modules.iter().find(|module| module.range().contains(&address)) else {
            return Ok(None);
        };
        let Some((table, size)) = module.functions else { return Ok(None) };
        let rva = u32::try_from(address - module.base).unwrap_or(u32::MAX);
        // Sorted by their beginnings.
        let (mut low, mut high) = (0, size / FUNCTION_SIZE);
        while low < high {
            let middle = low + (high - low) / 2;
            let function = self.function(module.base, table + middle * FUNCTION_SIZE)?;
            if rva < function.begin {
                high = middle;
            } else if rva >= function.end {
                low = middle + 1;
            } else {
                return Ok(Some(function));
            }
        }
        Ok(None)
    }

    /// Reads an entry.
    pub(super) fn function(&self, base: u64, entry: u64) -> Result<Function, Violation> {
        let number = |offset| self.machine.memory.array(entry.wrapping_add(offset)).map(u32::from_le_bytes);
        Ok(Function { base, entry, begin: number(0)?, end: number(4)?, unwind: number(8)? })
    }

    /// Unwinds the frame whose registers are `cpu`. `function` is the entry for `cpu.rip`.
    ///
    /// Where an instruction of a function's end (its epilog) faults, the frame is taken for whole, though a part of it is gone.
    pub(super) fn unwind(&self, cpu: &Cpu, function: Option<Function>) -> Result<Unwound, Violation> {
        let machine = &self.machine;
        let mut caller = cpu.clone();
        let Some(mut function) = function else {
            let establisher = cpu.general[RSP];
            pop_return(machine, &mut caller)?;
            return Ok(Unwound { caller, establisher, handler: None });
        };
        let at = |function: &Function| function.base.wrapping_add(function.unwind.into());
        let mut info = Info::read(machine, at(&function))?;
        // Instructions of the prolog that have not run are not undone. In a continued function the prolog is long over.
        let mut done = cpu.rip.wrapping_sub(function.base.wrapping_add(function.begin.into()));
        let establisher = establisher(machine, cpu, &info, done)?;
        for _ in 0..CHAIN {
            if undo(machine, &mut caller, &info, done, establisher)? {
                return Ok(Unwound { caller, establisher, handler: None });
            }
            if info.flags & UNW_FLAG_CHAININFO == 0 {
                break;
            }
            function = self.function(function.base, info.tail())?;
            info = Info::read(machine, at(&function))?;
            done = u64::MAX;
        }
        pop_return(machine, &mut caller)?;
        // The handler of a function that is continued stands where that one begins.
        let handler = if done < info.prolog.into() { None } else { info.handler(machine, function.base)? };
        Ok(Unwound { caller, establisher, handler })
    }
}

/// Takes the return address off the stack.
fn pop_return(machine: &Machine, cpu: &mut Cpu) -> Result<(), Violation> {
    let rsp = cpu.general[RSP];
    cpu.rip = machine.pointer_at(rsp)?;
    cpu.general[RSP] = rsp.wrapping_add(8);
    Ok(())
}

/// Codes of unwinding.
const UWOP_PUSH_NONVOL: u8 = 0;
const UWOP_ALLOC_LARGE: u8 = 1;
const UWOP_ALLOC_SMALL: u8 = 2;
const UWOP_SET_FPREG: u8 = 3;
const UWOP_SAVE_NONVOL: u8 = 4;
const UWOP_SAVE_NONVOL_FAR: u8 = 5;
const UWOP_EPILOG: u8 = 6;
const UWOP_SPARE: u8 = 7;
const UWOP_SAVE_XMM128: u8 = 8;
const UWOP_SAVE_XMM128_FAR: u8 = 9;
const UWOP_PUSH_MACHFRAME: u8 = 10;

/// A code, with what follows it.
struct Code {
    /// The offset behind its instruction in the prolog.
    offset: u8,
    operation: u8,
    operand: u8,
    /// The next one and the next two units, as numbers.
    short: u16,
    long: u32,
}

/// The codes of an UNWIND_INFO, from the prolog's last instruction to its first.
fn codes(machine: &Machine, info: &Info) -> Result<Vec<Code>, Violation> {
    let mut codes = Vec::new();
    let mut index = 0;
    let unit = |index: u64| -> Result<u16, Violation> {
        if index < info.count.into() {
            machine.memory.array(info.codes.wrapping_add(2 * index)).map(u16::from_le_bytes)
        } else {
            Ok(0)
        }
    };
    while index < info.count.into() {
        let [offset, code] = unit(index)?.to_le_bytes();
        let (operation, operand) = (code & 15, code >> 4);
        let short = unit(index + 1)?;
        let long = u32::from(unit(index + 2)?) << 16 | u32::from(short);
        codes.push(Code { offset, operation, operand, short, long });
        index += match operation {
            UWOP_ALLOC_LARGE => 2 + u64::from(operand != 0),
            UWOP_SAVE_NONVOL | UWOP_SAVE_XMM128 | UWOP_EPILOG => 2,
            UWOP_SAVE_NONVOL_FAR | UWOP_SAVE_XMM128_FAR | UWOP_SPARE => 3,
            _ => 1,
        };
    }
    Ok(codes)
}

/// The address that stands for a frame: its stack pointer behind the prolog, less what a frame register is set above that.
fn establisher(machine: &Machine, cpu: &Cpu, info: &Info, done: u64) -> Result<u64, Violation> {
    if info.frame_register == 0 {
        return Ok(cpu.general[RSP]);
    }
    let set = info.flags & UNW_FLAG_CHAININFO != 0
        || done >= info.prolog.into()
        || codes(machine, info)?
            .iter()
            .any(|code| code.operation == UWOP_SET_FPREG && u64::from(code.offset) <= done);
    Ok(if set { cpu.general[info.frame_register].wrapping_sub(info.frame_offset) } else { cpu.general[RSP] })
}

/// Undoes those instructions of a prolog that are done. True: it was the processor that called the function, and its return is undone, too.
fn undo(machine: &Machine, cpu: &mut Cpu, info: &Info, done: u64, frame: u64) -> Result<bool, Violation> {
    for code in codes(machine, info)? {
        if u64::from(code.offset) > done {
            continue;
        }
        let register = usize::from(code.operand);
        let rsp = cpu.general[RSP];
        match code.operation {
            UWOP_PUSH_NONVOL => {
                cpu.general[register] = machine.pointer_at(rsp)?;
                cpu.general[RSP] = rsp.wrapping_add(8);
            }
            UWOP_ALLOC_LARGE => {
                let size = if code.operand == 0 { u64::from(code.short) * 8 } else { code.long.into() };
                cpu.general[RSP] = rsp.wrapping_add(size);
            }
            UWOP_ALLOC_SMALL => cpu.general[RSP] = rsp.wrapping_add(u64::from(code.operand) * 8 + 8),
            UWOP_SET_FPREG => {
                cpu.general[RSP] = cpu.general[info.frame_register].wrapping_sub(info.frame_offset);
            }
            UWOP_SAVE_NONVOL => {
                cpu.general[register] = machine.pointer_at(frame.wrapping_add(u64::from(code.short) * 8))?;
            }
            UWOP_SAVE_NONVOL_FAR => {
                cpu.general[register] = machine.pointer_at(frame.wrapping_add(code.long.into()))?;
            }
            UWOP_SAVE_XMM128 => {
                let at = frame.wrapping_add(u64::from(code.short) * 16);
                cpu.set_xmm(register, machine.memory.array(at).map(u128::from_le_bytes)?);
            }
            UWOP_SAVE_XMM128_FAR => {
                let at = frame.wrapping_add(code.long.into());
                cpu.set_xmm(register, machine.memory.array(at).map(u128::from_le_bytes)?);
            }
            UWOP_PUSH_MACHFRAME => {
                // An error code, if there is one; then rip, cs, flags, rsp, ss.
                let at = rsp.wrapping_add(u64::from(code.operand) * 8);
                cpu.rip = machine.pointer_at(at)?;
                cpu.general[RSP] = machine.pointer_at(at.wrapping_add(24))?;
                return Ok(true);
            }
            _ => {}
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use guest::Mode;

    use super::*;
    use crate::testing::{Guest, alone};

    /// UNWIND_INFO: version 1, these flags, a prolog of this length, no frame register, these codes, and what follows them.
    fn info(flags: u8, prolog: u8, codes: &[[u8; 2]], tail: &[u32]) -> Vec<u8> {
        let mut bytes = vec![1 | flags << 3, prolog, u8::try_from(codes.len()).unwrap(), 0];
        bytes.extend(codes.iter().flatten());
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend(tail.iter().flat_map(|word| word.to_le_bytes()));
        bytes
    }

    #[test]
    fn a_continued_function_has_the_handler_of_the_one_that_it_continues() {
        alone(|| {
            let mut guest = Guest::new(Mode::X86_64);
            let base = guest.room;
            let rva = |at: u64| u32::try_from(at - base).unwrap();
            // push rbx; sub rsp, 32 ...
            let codes = [[5, 3 << 4 | UWOP_ALLOC_SMALL], [1, 3 << 4 | UWOP_PUSH_NONVOL]];
            let first = guest.put(&info(UNW_FLAG_EHANDLER, 5, &codes, &[0x1234, 0x77]));
            // ... and elsewhere mov [rsp + 8], rsi
            let saved = [[4, 6 << 4 | UWOP_SAVE_NONVOL], [1, 0]];
            let chained = [0x100, 0x180, rva(first)];
            let second = guest.put(&info(UNW_FLAG_CHAININFO, 4, &saved, &chained));
            let stack = guest.pointers(&[0, 0x51, 0, 0, 0xb, 0x7007]);

            let function = Function { base, entry: 0, begin: 0x200, end: 0x280, unwind: rva(second) };
            let mut cpu = Cpu::new();
            cpu.general[RSP] = stack;
            cpu.rip = base + 0x210;
            let step = guest.process.unwind(&cpu, Some(function)).unwrap();
            let data = first + info(0, 0, &codes, &[]).len() as u64 + 4;
            let handler = Handler { address: base + 0x1234, data, flags: UNW_FLAG_EHANDLER };
            assert_eq!((step.handler, step.establisher), (Some(handler), stack));
            let (rbx, rsi) = (step.caller.general[3], step.caller.general[6]);
            assert_eq!((rbx, rsi, step.caller.rip), (0xb, 0x51, 0x7007));
            assert_eq!(step.caller.general[RSP], stack + 48);

            // In its own prolog, rsi has not been saved; what it continues has run, and so has its handler a say.
            cpu.rip = base + 0x202;
            cpu.general[6] = 0x61;
            let step = guest.process.unwind(&cpu, Some(function)).unwrap();
            assert_eq!((step.handler, step.caller.general[6]), (Some(handler), 0x61));

            // In the prolog of the first one it has none.
            let function = Function { begin: 0x100, end: 0x180, unwind: rva(first), ..function };
            cpu.rip = base + 0x102;
            cpu.general[RSP] = stack + 32;
            let step = guest.process.unwind(&cpu, Some(function)).unwrap();
            assert_eq!((step.handler, step.caller.rip, step.caller.general[3]), (None, 0x7007, 0xb));
        });
    }
}
