//! Security identifiers ("SID Components", MS Learn).

use guest::{Machine, Stop};

use crate::abi::Pointer;
use crate::kernel32::codepage::{Unit, text};
use crate::kernel32::error::{
    ERROR_INVALID_PARAMETER, ERROR_INVALID_SID, ERROR_NONE_MAPPED, ERROR_NOT_ENOUGH_MEMORY, fail,
};
use crate::process::Process;
use crate::text::caught;

/// SID_REVISION and SID_MAX_SUB_AUTHORITIES.
const REVISION: u8 = 1;
const MOST: u8 = 15;

/// An identifier: its authority, and what that has numbered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sid {
    authority: u64,
    numbers: Vec<u32>,
}

impl Sid {
    /// The user of drivers: an account like the first one that a computer has. Which numbers the computer has makes no difference to anybody.
    pub fn of_user() -> Self {
        const SECURITY_NT_AUTHORITY: u64 = 5;
        Self {
            authority: SECURITY_NT_AUTHORITY,
            numbers: vec![21, 1_000_000_000, 2_000_000_000, 3_000_000_000, 1000],
        }
    }

    /// The one at an address; `None` if there is none.
    fn read(machine: &Machine, at: Pointer) -> Result<Option<Self>, Stop> {
        let [revision, count, authority @ ..] = machine.memory.array::<8>(at.0)?;
        if revision != REVISION || count > MOST {
            return Ok(None);
        }
        let authority = authority.into_iter().fold(0, |sum, byte| sum << 8 | u64::from(byte));
        let mut numbers = vec![0; 4 * usize::from(count)];
        machine.memory.read(at.at(8).0, &mut numbers)?;
        let numbers = numbers.as_chunks().0.iter().map(|number| u32::from_le_bytes(*number)).collect();
        Ok(Some(Self { authority, numbers }))
    }

    /// As it lies in memory.
    pub fn bytes(&self) -> Vec<u8> {
        // At most MOST of them.
        let head = [REVISION, self.numbers.len() as u8];
        let authority = self.authority.to_be_bytes();
        let numbers = self.numbers.iter().flat_map(|number| number.to_le_bytes());
        head.into_iter().chain(authority.into_iter().skip(2)).chain(numbers).collect()
    }

    /// As text ("SID Strings", MS Learn): an authority of more than 32 bits in hexadecimal.
    fn written(&self) -> String {
        let authority = match u32::try_from(self.authority) {
            Ok(small) => small.to_string(),
            Err(_) => format!("0x{:012X}", self.authority),
        };
        let numbers = self.numbers.iter().map(|number| format!("-{number}"));
        format!("S-{REVISION}-{authority}{}", numbers.collect::<String>())
    }
}

/// ConvertSidToStringSidA and ConvertSidToStringSidW: the text is the caller's, by LocalFree.
pub fn ConvertSidToStringSid<U: Unit>(
    process: &mut Process,
    sid: Pointer,
    out: Pointer,
) -> Result<bool, Stop> {
    if out.is_null() || sid.is_null() {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, false));
    }
    let Some(sid) = Sid::read(&process.machine, sid)? else {
        return Ok(fail(process, ERROR_INVALID_SID, false));
    };
    let mut units = U::encode(&sid.written());
    units.push(U::ZERO);
    let bytes = U::to_bytes(&units);
    let block = process.allocate(bytes.len() as u64, false);
    if block.is_null() {
        return Ok(fail(process, ERROR_NOT_ENOUGH_MEMORY, false));
    }
    process.machine.memory.write(block.0, &bytes)?;
    process.machine.put_pointer(out.0, block.0)?;
    Ok(true)
}

/// IsValidSid: whether it can be read at all is looked at, too.
pub fn IsValidSid(process: &mut Process, sid: Pointer) -> Result<bool, Stop> {
    Ok(!sid.is_null() && caught(Sid::read(&process.machine, sid))?.flatten().is_some())
}

/// GetLengthSid: of what is none, nobody says what it is.
pub fn GetLengthSid(process: &mut Process, sid: Pointer) -> Result<u32, Stop> {
    let count = process.machine.memory.array::<2>(sid.0)?[1];
    Ok(8 + 4 * u32::from(count))
}

pub fn EqualSid(process: &mut Process, left: Pointer, right: Pointer) -> Result<bool, Stop> {
    let (left, right) = (Sid::read(&process.machine, left)?, Sid::read(&process.machine, right)?);
    match (left, right) {
        (Some(left), Some(right)) => Ok(left == right),
        _ => Ok(fail(process, ERROR_INVALID_SID, false)),
    }
}

/// LookupAccountSidA and LookupAccountSidW: there is no directory of accounts, so none is found.
#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn LookupAccountSid<U: Unit>(
    process: &mut Process,
    system: Pointer,
    sid: Pointer,
    _name: Pointer,
    _name_count: Pointer,
    _domain: Pointer,
    _domain_count: Pointer,
    _kind: Pointer,
) -> Result<bool, Stop> {
    text::<U>(&process.machine, system)?;
    let known = Sid::read(&process.machine, sid)?;
    Ok(fail(process, if known.is_some() { ERROR_NONE_MAPPED } else { ERROR_INVALID_SID }, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_written_as_documented() {
        let user = Sid::of_user();
        assert_eq!(user.written(), "S-1-5-21-1000000000-2000000000-3000000000-1000");
        assert_eq!(user.bytes()[..12], [1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0]);
        assert_eq!(user.bytes().len(), 28);
        let large = Sid { authority: 0x1_0000_0000, numbers: vec![] };
        assert_eq!(large.written(), "S-1-0x000100000000");
    }
}
