//! Searching a 64-bit guest's frames for who handles an exception, and unwinding them (MS Learn: "x64 exception handling", RtlUnwindEx).

use guest::cpu::{RAX, RSP};
use guest::{Cpu, FaultKind, Mode, Stop, Violation};

use super::record::{
    EXCEPTION_EXIT_UNWIND, EXCEPTION_TARGET_UNWIND, EXCEPTION_UNWIND, EXCEPTION_UNWINDING, ExceptionRecord,
    STATUS_INVALID_UNWIND_TARGET, STATUS_LONGJUMP, STATUS_NONCONTINUABLE_EXCEPTION,
};
use super::unwind::{Function, Handler, UNW_FLAG_EHANDLER, UNW_FLAG_UHANDLER};
use super::{CONTINUE_EXECUTION, context};
use crate::process::{Process, still_wanted};

/// How many frames are looked at: more than fit onto the guest's stack.
const FRAMES: u32 = 1 << 18;

/// A search or an unwinding that is on its way: a handler that it called is running.
#[derive(Debug)]
pub(crate) struct Search {
    /// The registers of the innermost frame that has not been unwound.
    left: Cpu,
    /// Where on the stack the handler's call began.
    base: u64,
}

impl Search {
    /// One whose handler is called on the stack below `base`.
    pub fn new(left: &Cpu, base: u64) -> Self {
        Self { left: left.clone(), base }
    }
}

/// How much of the stack a call takes before its function begins: four arguments, and what aligns them.
const CALL: u64 = 48;

/// The frames of the guest beyond the handlers that are running.
#[derive(Debug)]
struct Beyond {
    /// How many of the searches on their way are not behind yet.
    searches: usize,
}

impl Beyond {
    /// From the frames of a handler's call, all unwound, to those of the exception that it was called for. `None` where the frames are not a
    /// handler's: a shim or the host made the call then, and there is no way beyond those.
    fn go(&mut self, process: &mut Process, cpu: &Cpu) -> Option<Cpu> {
        self.searches = self.searches.checked_sub(1)?;
        let search = process.searches().get(self.searches)?;
        let rsp = cpu.general[RSP];
        (search.base.wrapping_sub(rsp) <= CALL).then(|| search.left.clone())
    }
}

/// What a handler is told besides the exception (DISPATCHER_CONTEXT, winnt.h).
#[derive(Debug, Clone, Copy)]
pub(super) struct Dispatcher {
    pub control_pc: u64,
    pub image_base: u64,
    pub function_entry: u64,
    pub establisher: u64,
    pub target_ip: u64,
    pub context: u64,
    pub handler: u64,
    pub handler_data: u64,
    pub scope_index: u32,
}

impl Dispatcher {
    const SIZE: u64 = 0x50;

    fn write(&self, process: &Process, at: u64) -> Result<(), Violation> {
        let history = 0;
        let words = [
            self.control_pc,
            self.image_base,
            self.function_entry,
            self.establisher,
            self.target_ip,
            self.context,
            self.handler,
            self.handler_data,
            history,
            self.scope_index.into(),
        ];
        (0..).zip(words).try_for_each(|(place, word)| process.machine.put_pointer(at + 8 * place, word))
    }

    pub fn read(process: &Process, at: u64) -> Result<Self, Violation> {
        let word = |place: u64| process.machine.pointer_at(at.wrapping_add(8 * place));
        Ok(Self {
            control_pc: word(0)?,
            image_base: word(1)?,
            function_entry: word(2)?,
            establisher: word(3)?,
            target_ip: word(4)?,
            context: word(5)?,
            handler: word(6)?,
            handler_data: word(7)?,
            scope_index: process.machine.memory.array(at.wrapping_add(72)).map(u32::from_le_bytes)?,
        })
    }
}

/// The frame of an unwinding's target, and where in it the guest goes on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    /// 0: all frames are to be unwound.
    pub frame: u64,
    pub ip: u64,
    pub value: u64,
}

impl Process {
    /// Asks the handlers of all frames from `raised` outwards: from where the guest goes on, or `None` if none wants the exception. `record` and
    /// `context` are where guest memory has both.
    pub(super) fn search(
        &mut self,
        exception: &ExceptionRecord,
        record: u64,
        context: u64,
        raised: &Cpu,
    ) -> Result<Option<Box<Cpu>>, Stop> {
        let mut beyond = Beyond { searches: self.searches().len() };
        let mut cpu = raised.clone();
        for _ in 0..FRAMES {
            still_wanted(&self.machine)?;
            if self.image_at(cpu.rip).is_none() {
                let Some(outer) = beyond.go(self, &cpu) else { return Ok(None) };
                cpu = outer;
                continue;
            }
            // Tables and stack are the guest's: where they end in nothing, so does the search.
            let Ok(function) = self.function_at(cpu.rip) else { return Ok(None) };
            let Ok(step) = self.unwind(&cpu, function) else { return Ok(None) };
            if let (Some(handler), Some(function)) = (step.handler, function)
                && handler.flags & UNW_FLAG_EHANDLER != 0
            {
                let dispatcher = dispatcher(&cpu, function, handler, step.establisher, context, 0);
                if self.ask_handler(record, context, &dispatcher, raised)? == CONTINUE_EXECUTION {
                    if exception.is_final() {
                        return Err(Stop::Kind(FaultKind::Raised { code: STATUS_NONCONTINUABLE_EXCEPTION }));
                    }
                    return Ok(Some(Box::new(context::read(&self.machine, context, raised.clone())?)));
                }
            }
            cpu = step.caller;
        }
        Ok(None)
    }

    /// Calls a frame's handler: its answer. Should it unwind, that begins with its own frames and goes on with `left`.
    fn ask_handler(
        &mut self,
        record: u64,
        context: u64,
        dispatcher: &Dispatcher,
        left: &Cpu,
    ) -> Result<u32, Stop> {
        let outer = self.machine.stack_pointer();
        let at = outer.saturating_sub(Dispatcher::SIZE) & !15;
        dispatcher.write(self, at)?;
        self.machine.set_stack_pointer(at);
        self.searches().push(Search::new(left, at));
        let answer = self.call(dispatcher.handler, &[record, dispatcher.establisher, context, at]);
        self.searches().pop();
        self.machine.set_stack_pointer(outer);
        let [a, b, c, d, ..] = answer?.to_le_bytes();
        Ok(u32::from_le_bytes([a, b, c, d]))
    }

    /// Calls the handlers of all frames up to the target's for the second time, from the caller of the shim that this serves outwards, and goes on
    /// there. `record` and `context` are where guest memory has the one and can take the other.
    pub(super) fn unwind_to(&mut self, target: Target, record: u64, context: u64) -> Stop {
        match self.unwound_to(target, record, context) {
            Ok(cpu) => Stop::Continue(cpu),
            Err(stop) => stop,
        }
    }

    fn unwound_to(&mut self, target: Target, record: u64, context: u64) -> Result<Box<Cpu>, Stop> {
        let lost = || Stop::Kind(FaultKind::Raised { code: STATUS_INVALID_UNWIND_TARGET });
        let exit = if target.frame == 0 { EXCEPTION_EXIT_UNWIND } else { 0 };
        ExceptionRecord::change_flags(
            &self.machine,
            record,
            EXCEPTION_UNWINDING | exit,
            EXCEPTION_TARGET_UNWIND,
        )?;
        let mut cpu = self.machine.caller(0).ok_or_else(lost)?;
        let mut beyond = Beyond { searches: self.searches().len() };
        for _ in 0..FRAMES {
            still_wanted(&self.machine)?;
            if self.image_at(cpu.rip).is_none() {
                cpu = beyond.go(self, &cpu).ok_or_else(lost)?;
                continue;
            }
            let function = self.function_at(cpu.rip)?;
            let step = self.unwind(&cpu, function)?;
            let there = step.establisher == target.frame;
            if there {
                ExceptionRecord::change_flags(&self.machine, record, EXCEPTION_TARGET_UNWIND, 0)?;
                cpu.general[RAX] = target.value;
            } else if target.frame != 0 && step.establisher > target.frame && beyond.searches == 0 {
                return Err(lost());
            }
            if let (Some(handler), Some(function)) = (step.handler, function)
                && handler.flags & UNW_FLAG_UHANDLER != 0
            {
                context::write(&self.machine, context, &cpu)?;
                let dispatcher = dispatcher(&cpu, function, handler, step.establisher, context, target.ip);
                self.ask_handler(record, context, &dispatcher, &cpu)?;
                if there {
                    cpu = context::read(&self.machine, context, cpu)?;
                }
            }
            if there {
                cpu.rip = target.ip;
                ExceptionRecord::change_flags(&self.machine, record, 0, EXCEPTION_UNWIND)?;
                return Ok(Box::new(cpu));
            }
            cpu = step.caller;
        }
        Err(lost())
    }

    /// Calls the handlers of the frames that `longjmp` leaves for the second time: from the caller of the shim that this serves outwards, up to the one in which `sp` lies.
    /// Beyond the shim or host that called the guest nobody is asked.
    ///
    /// # Errors
    /// [`Stop`].
    pub(crate) fn leave_frames(&mut self, buffer: u64, sp: u64) -> Result<(), Stop> {
        let mode = self.machine.mode();
        let cpu = self.caller(0)?;
        let outer = self.machine.stack_pointer();
        let context = outer.saturating_sub(context::size(mode)) & !15;
        let record = context.saturating_sub(ExceptionRecord::size(mode)) & !15;
        let (code, address) = (STATUS_LONGJUMP, cpu.rip);
        let flags = EXCEPTION_UNWINDING;
        ExceptionRecord { code, flags, cause: 0, address, parameters: vec![buffer] }
            .write(&self.machine, record)?;
        self.machine.set_stack_pointer(record);
        let outcome = self.leave_frames_of(cpu, sp, record, context);
        self.machine.set_stack_pointer(outer);
        outcome
    }

    fn leave_frames_of(&mut self, mut cpu: Cpu, sp: u64, record: u64, context: u64) -> Result<(), Stop> {
        let mut beyond = Beyond { searches: self.searches().len() };
        for _ in 0..FRAMES {
            still_wanted(&self.machine)?;
            if self.image_at(cpu.rip).is_none() {
                let Some(outer) = beyond.go(self, &cpu) else { break };
                cpu = outer;
                continue;
            }
            let function = self.function_at(cpu.rip)?;
            let step = self.unwind(&cpu, function)?;
            if step.caller.general[RSP] > sp {
                break;
            }
            if let (Some(handler), Some(function)) = (step.handler, function)
                && handler.flags & UNW_FLAG_UHANDLER != 0
            {
                context::write(&self.machine, context, &cpu)?;
                let dispatcher = dispatcher(&cpu, function, handler, step.establisher, context, 0);
                self.ask_handler(record, context, &dispatcher, &cpu)?;
            }
            cpu = step.caller;
        }
        Ok(())
    }

    /// The registers of the guest where it called the shim that runs now; `slots` is how many arguments the shim takes off a 32-bit stack.
    pub(super) fn caller(&self, slots: u64) -> Result<Cpu, Stop> {
        let popped = if self.machine.mode() == Mode::I386 { 4 * slots } else { 0 };
        let none = || Stop::Kind(FaultKind::Shim { shim: "a shim's view of its caller".to_owned() });
        self.machine.caller(popped).ok_or_else(none)
    }
}

fn dispatcher(
    cpu: &Cpu,
    function: Function,
    handler: Handler,
    establisher: u64,
    context: u64,
    target_ip: u64,
) -> Dispatcher {
    Dispatcher {
        control_pc: cpu.rip,
        image_base: function.base,
        function_entry: function.entry,
        establisher,
        target_ip,
        context,
        handler: handler.address,
        handler_data: handler.data,
        scope_index: 0,
    }
}
