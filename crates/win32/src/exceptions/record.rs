//! EXCEPTION_RECORD (winnt.h), and what faults are as exceptions (MS Learn: EXCEPTION_RECORD, "GetExceptionCode").

use guest::{Access, Fault, FaultKind, Machine, Mode, Violation};

/// The most parameters that a record has (EXCEPTION_MAXIMUM_PARAMETERS).
pub(super) const PARAMETERS: usize = 15;

/// Flags of a record.
pub(super) const EXCEPTION_NONCONTINUABLE: u32 = 1;
pub(super) const EXCEPTION_UNWINDING: u32 = 2;
pub(super) const EXCEPTION_EXIT_UNWIND: u32 = 4;
pub(super) const EXCEPTION_TARGET_UNWIND: u32 = 0x20;
/// Any of the flags that say that handlers are called for the second time.
pub(super) const EXCEPTION_UNWIND: u32 = 0x66;

/// Codes (ntstatus.h).
const STATUS_DATATYPE_MISALIGNMENT: u32 = 0x8000_0002;
pub(super) const STATUS_LONGJUMP: u32 = 0x8000_0026;
const STATUS_BREAKPOINT: u32 = 0x8000_0003;
const STATUS_ACCESS_VIOLATION: u32 = 0xc000_0005;
const STATUS_ILLEGAL_INSTRUCTION: u32 = 0xc000_001d;
pub(super) const STATUS_NONCONTINUABLE_EXCEPTION: u32 = 0xc000_0025;
pub(super) const STATUS_UNWIND: u32 = 0xc000_0027;
pub(super) const STATUS_INVALID_UNWIND_TARGET: u32 = 0xc000_0029;
const STATUS_FLOAT_INVALID_OPERATION: u32 = 0xc000_0090;
const STATUS_INTEGER_DIVIDE_BY_ZERO: u32 = 0xc000_0094;

/// The kinds of fault without parameters that are exceptions, with their codes.
const PLAIN: [(FaultKind, u32); 5] = [
    (FaultKind::IllegalInstruction, STATUS_ILLEGAL_INSTRUCTION),
    (FaultKind::Breakpoint, STATUS_BREAKPOINT),
    (FaultKind::Misaligned, STATUS_DATATYPE_MISALIGNMENT),
    (FaultKind::IntegerDivide, STATUS_INTEGER_DIVIDE_BY_ZERO),
    (FaultKind::FloatingPoint, STATUS_FLOAT_INVALID_OPERATION),
];

/// The first parameter of an access violation.
const ACCESSES: [(Access, u64); 3] = [(Access::Read, 0), (Access::Write, 1), (Access::Execute, 8)];

/// An exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExceptionRecord {
    pub code: u32,
    pub flags: u32,
    /// The record of an exception that this one is the consequence of.
    pub cause: u64,
    /// The instruction.
    pub address: u64,
    pub parameters: Vec<u64>,
}

impl ExceptionRecord {
    /// What a fault is as an exception; `None` for one that no handler is asked about.
    pub fn of(fault: &Fault) -> Option<Self> {
        let (code, parameters) = match &fault.kind {
            FaultKind::AccessViolation { address, access } => {
                let (_, how) = ACCESSES.iter().find(|(known, _)| known == access)?;
                // -1: the address is not known.
                (STATUS_ACCESS_VIOLATION, vec![*how, address.unwrap_or(u64::MAX)])
            }
            kind => (PLAIN.iter().find(|(plain, _)| plain == kind)?.1, Vec::new()),
        };
        Some(Self { code, flags: 0, cause: 0, address: fault.instruction, parameters })
    }

    /// What an exception is as a fault, when nobody has handled it.
    pub fn fault(&self) -> FaultKind {
        match (self.code, self.parameters.as_slice()) {
            (STATUS_ACCESS_VIOLATION, &[how, address, ..]) => {
                let access = ACCESSES.iter().find(|&&(_, known)| known == how);
                let access = access.map_or(Access::Read, |&(access, _)| access);
                let known = address != u64::MAX && address != u64::from(u32::MAX);
                FaultKind::AccessViolation { address: known.then_some(address), access }
            }
            (code, _) => match PLAIN.iter().find(|(_, plain)| *plain == code) {
                Some((kind, _)) => kind.clone(),
                None => FaultKind::Raised { code },
            },
        }
    }

    /// Whether the guest cannot go on where it was raised.
    pub fn is_final(&self) -> bool {
        self.flags & EXCEPTION_NONCONTINUABLE != 0
    }

    /// Bytes of a record in guest memory.
    pub const fn size(mode: Mode) -> u64 {
        let size = mode.pointer_size();
        Self::parameters_at(mode) + size * PARAMETERS as u64
    }

    /// The offset of the parameters: behind two numbers, two pointers, and a number as wide as they are aligned.
    const fn parameters_at(mode: Mode) -> u64 {
        8 + 3 * mode.pointer_size()
    }

    pub fn write(&self, machine: &Machine, at: u64) -> Result<(), Violation> {
        let (mode, memory) = (machine.mode(), &machine.memory);
        let size = mode.pointer_size();
        let count = u32::try_from(self.parameters.len().min(PARAMETERS)).unwrap_or(0);
        memory.write(at, &self.code.to_le_bytes())?;
        memory.write(at + 4, &self.flags.to_le_bytes())?;
        machine.put_pointer(at + 8, self.cause)?;
        machine.put_pointer(at + 8 + size, self.address)?;
        memory.write(at + 8 + 2 * size, &count.to_le_bytes())?;
        for (place, parameter) in (0..).zip(self.parameters.iter().take(PARAMETERS)) {
            machine.put_pointer(at + Self::parameters_at(mode) + size * place, *parameter)?;
        }
        Ok(())
    }

    pub fn read(machine: &Machine, at: u64) -> Result<Self, Violation> {
        let (mode, memory) = (machine.mode(), &machine.memory);
        let size = mode.pointer_size();
        let number = |offset: u64| memory.array(at.wrapping_add(offset)).map(u32::from_le_bytes);
        let pointer = |offset: u64| machine.pointer_at(at.wrapping_add(offset));
        let count = u64::from(number(8 + 2 * size)?).min(PARAMETERS as u64);
        let parameters = (0..count)
            .map(|place| pointer(Self::parameters_at(mode) + size * place))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            code: number(0)?,
            flags: number(4)?,
            cause: pointer(8)?,
            address: pointer(8 + size)?,
            parameters,
        })
    }

    /// Sets and clears flags of a record in guest memory.
    pub fn change_flags(machine: &Machine, at: u64, set: u32, clear: u32) -> Result<(), Violation> {
        let flags = machine.memory.array(at.wrapping_add(4)).map(u32::from_le_bytes)?;
        machine.memory.write(at.wrapping_add(4), &(flags & !clear | set).to_le_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_and_exceptions_are_each_others_names() {
        let violation = |address, access| FaultKind::AccessViolation { address, access };
        let mut kinds = vec![
            violation(Some(0x1234), Access::Read),
            violation(Some(8), Access::Write),
            violation(Some(9), Access::Execute),
            violation(None, Access::Read),
        ];
        kinds.extend(PLAIN.map(|(kind, _)| kind));
        for kind in kinds {
            let fault = Fault { kind: kind.clone(), instruction: 7, place: None };
            let record = ExceptionRecord::of(&fault).unwrap();
            assert_eq!((record.fault(), record.address), (kind, 7));
        }
        let deadline = Fault { kind: FaultKind::Deadline, instruction: 7, place: None };
        assert_eq!(ExceptionRecord::of(&deadline), None);
    }

    #[test]
    fn records_are_as_long_as_documented() {
        assert_eq!((ExceptionRecord::size(Mode::I386), ExceptionRecord::size(Mode::X86_64)), (0x50, 0x98));
    }
}
