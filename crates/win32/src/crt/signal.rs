//! Signals: handlers are kept, and called by `raise`. Faults raise none, as they do not in the code of a DLL.

use std::collections::BTreeMap;

use guest::{FaultKind, Stop};

use crate::abi::Pointer;
use crate::crt::EINVAL;
use crate::crt::invalid::invalid;
use crate::process::Process;

/// SIG_DFL and SIG_IGN; SIG_ERR is -1.
const DEFAULT: Pointer = Pointer::NULL;
const IGNORE: Pointer = Pointer(1);

/// SIGINT, SIGILL, SIGFPE, SIGSEGV, SIGTERM, SIGBREAK, SIGABRT, and the number that other systems have for the last.
const SIGNALS: [i32; 8] = [2, 4, 8, 11, 15, 21, 22, 6];
const SIGFPE: i32 = 8;

/// The handlers that are not the default, by signal.
#[derive(Debug, Default)]
pub(super) struct Handlers(BTreeMap<i32, Pointer>);

/// signal: the handler before.
pub fn signal(process: &mut Process, number: i32, handler: Pointer) -> Result<Pointer, Stop> {
    if !SIGNALS.contains(&number) {
        return invalid(process, EINVAL, Pointer(u64::MAX));
    }
    Ok(process.crt.signals.0.insert(number, handler).unwrap_or(DEFAULT))
}

/// raise: by default the process ends with code 3. A handler is called once.
pub fn raise(process: &mut Process, number: i32) -> Result<i32, Stop> {
    const EXIT: u32 = 3;
    /// What a handler of SIGFPE is told besides: that the program raised it (`_FPE_EXPLICITGEN`).
    const FPE_EXPLICITGEN: u64 = 0x8c;
    if !SIGNALS.contains(&number) {
        return invalid(process, EINVAL, -1);
    }
    let handlers = &mut process.crt.signals.0;
    match handlers.get(&number).copied().unwrap_or(DEFAULT) {
        IGNORE => Ok(0),
        DEFAULT => Err(Stop::Kind(FaultKind::Exit { code: EXIT })),
        handler => {
            handlers.remove(&number);
            let code = if number == SIGFPE { FPE_EXPLICITGEN } else { 0 };
            process.call(handler.0, &[u64::from(number.cast_unsigned()), code])?;
            Ok(0)
        }
    }
}
