//! Structured exceptions of 32-bit code: calling the handlers in the list that begins at `fs:[0]` ("A Crash Course on the Depths of Win32
//! Structured Exception Handling", MSJ January 1997; MS Learn: RtlUnwind, EXCEPTION_RECORD).
//!
//! Handlers leave by jumping into the function that set them up. So they are called by guest code on the guest's stack: whoever calls
//! them is simply forgotten then.

use super::elsewhere::{CONTINUE, UNHANDLED, UNWIND};
use super::natives;

/// Size of a CONTEXT (winnt.h), and offsets in it.
const CONTEXT_SIZE: usize = 0x2cc;
const CONTEXT_EBP: usize = 0xb4;
const CONTEXT_EIP: usize = 0xb8;
const CONTEXT_ESP: usize = 0xc4;
const CONTEXT_CONTROL: usize = 0x1_0001;
/// Room for an EXCEPTION_RECORD without parameters.
const RECORD_SIZE: usize = 0x14;
const STATUS_UNWIND: u32 = 0xc000_0027;
const EXCEPTION_UNWINDING: usize = 2;
const EXCEPTION_EXIT_UNWIND: usize = 4;

/// Calls the handler of the registration in edi; ebx and esi are the record and the context. Answers in eax; ecx is what the handler wrote as
/// dispatcher context. A registration that is not on the stack or not aligned goes to 9.
macro_rules! call_handler {
    () => {
        concat!(
            "cmp edi, fs:[8]\n jb 9f\n lea eax, [edi + 8]\n cmp eax, fs:[4]\n ja 9f\n test edi, 3\n jnz 9f\n",
            // Some handlers do not keep what they should.
            "push ebp\n push ebx\n push esi\n push edi\n",
            "push 0\n push esp\n push esi\n push edi\n push ebx\n call [edi + 4]\n add esp, 16\n pop ecx\n",
            "pop edi\n pop esi\n pop ebx\n pop ebp\n",
        )
    };
}

natives! {
    // RtlUnwind(TargetFrame, TargetIp, ExceptionRecord, ReturnValue): calls the handlers up to the target's for the second time and takes them out of
    // the list. TargetIp means nothing on i386.
    "RtlUnwind" = drvhost_unwind..drvhost_unwind_end {
        "push ebp", "mov ebp, esp", "push ebx", "push esi", "push edi",
        "sub esp, {context_size} + {record_size}",
        "mov ebx, [ebp + 16]",
        "test ebx, ebx",
        "jnz 2f",
        "lea ebx, [esp + {context_size}]",
        "mov dword ptr [ebx], {status_unwind}",
        "and dword ptr [ebx + 4], 0",
        "and dword ptr [ebx + 8], 0",
        "mov eax, [ebp + 4]",
        "mov [ebx + 12], eax",
        "and dword ptr [ebx + 16], 0",
        "2:",
        "or dword ptr [ebx + 4], {unwinding}",
        "cmp dword ptr [ebp + 8], 0",
        "jne 3f",
        "or dword ptr [ebx + 4], {exit_unwind}",
        "3:",
        "mov esi, esp",
        "mov dword ptr [esi], {context_control}",
        "mov eax, [ebp]",
        "mov [esi + {context_ebp}], eax",
        "mov eax, [ebp + 4]",
        "mov [esi + {context_eip}], eax",
        "lea eax, [ebp + 24]",
        "mov [esi + {context_esp}], eax",
        "4:",
        "mov edi, fs:[0]",
        "cmp edi, [ebp + 8]",
        "je 8f",
        "cmp edi, -1",
        "je 7f",
        call_handler!(),
        // ExceptionCollidedUnwind: another unwinding was on its way; what it had left is in the dispatcher context.
        "cmp eax, 3",
        "jne 5f",
        "mov edi, ecx",
        "5:",
        "mov edi, [edi]",
        "mov fs:[0], edi",
        "jmp 4b",
        // The end of the list is right only for the unwinding of all.
        "7:",
        "cmp dword ptr [ebp + 8], 0",
        "je 8f",
        "9:",
        "push esi",
        "push ebx",
        "mov eax, {unhandled}",
        "call eax",
        "8:",
        "mov eax, [ebp + 20]",
        "lea esp, [ebp - 12]",
        "pop edi", "pop esi", "pop ebx", "pop ebp",
        "ret 16",
    } context_size = CONTEXT_SIZE, record_size = RECORD_SIZE, context_ebp = CONTEXT_EBP, context_eip = CONTEXT_EIP,
      context_esp = CONTEXT_ESP, context_control = CONTEXT_CONTROL, status_unwind = STATUS_UNWIND,
      unwinding = EXCEPTION_UNWINDING, exit_unwind = EXCEPTION_EXIT_UNWIND, unhandled = UNHANDLED;
    // Not called but gone on at, with the addresses of an EXCEPTION_RECORD and of a CONTEXT on the stack.
    "KiUserExceptionDispatcher" = drvhost_dispatcher..drvhost_dispatcher_end {
        "mov ebx, [esp]",
        "mov esi, [esp + 4]",
        "mov edi, fs:[0]",
        "2:",
        "cmp edi, -1",
        "je 9f",
        call_handler!(),
        "test eax, eax",
        "jz 3f",
        "mov edi, [edi]",
        "jmp 2b",
        // ExceptionContinueExecution.
        "3:",
        "push esi",
        "push ebx",
        "mov eax, {go_on}",
        "call eax",
        "9:",
        "push esi",
        "push ebx",
        "mov eax, {unhandled}",
        "call eax",
    } go_on = CONTINUE, unhandled = UNHANDLED;
    // Not called but gone on at, by longjmp. On the stack: the addresses of an EXCEPTION_RECORD and of the CONTEXT to go on with, the registration whose
    // handlers stay, a function that leaves blocks of its frame (0 for none), and its two arguments.
    "longjmp_unwind" = drvhost_longjmp..drvhost_longjmp_end {
        "mov ebp, esp",
        "mov esi, [ebp + 8]",
        "cmp esi, fs:[0]",
        "je 2f",
        "push 0", "push 0", "push 0", "push esi",
        "mov eax, {unwind}",
        "call eax",
        "2:",
        "mov eax, [ebp + 12]",
        "test eax, eax",
        "jz 3f",
        "push [ebp + 20]", "push [ebp + 16]",
        "call eax",
        // Some such functions take their arguments off the stack.
        "mov esp, ebp",
        "3:",
        "mov eax, {go_on}",
        "call eax",
    } unwind = UNWIND, go_on = CONTINUE;
}
