//! Numbers (MS Learn, C runtime library reference; `_ftol` is what compilers call to turn st(0) into an integer).

use super::natives;
use crate::blocks::RANDOM;

/// Where a thread block holds the state of `rand`.
const RAND: usize = RANDOM as usize;

/// x87 control words: 53 bits, all exceptions masked; rounding down, up, and towards zero.
const DOWN: usize = 0x67f;
const UP: usize = 0xa7f;
const TO_ZERO: usize = 0xe7f;

natives! {
    "rand" = drvhost_rand..drvhost_rand_end {
        "mov eax, fs:[{rand}]",
        "inc eax",
        "imul eax, eax, 214013",
        "add eax, 2531011",
        "lea ecx, [eax - 1]",
        "mov fs:[{rand}], ecx",
        "shr eax, 16",
        "and eax, 0x7fff",
        "ret",
    } rand = RAND;
    "srand" = drvhost_srand..drvhost_srand_end {
        "mov eax, [esp + 4]",
        "dec eax",
        "mov fs:[{rand}], eax",
        "ret",
    } rand = RAND;
    "abs" = drvhost_abs..drvhost_abs_end { magnitude!() };
    "labs" = drvhost_labs..drvhost_labs_end { magnitude!() };
    "fabs" = drvhost_fabs..drvhost_fabs_end { "fld qword ptr [esp + 4]", "fabs", "ret" };
    "sqrt" = drvhost_sqrt..drvhost_sqrt_end {
        // As a double: st(0) has more bits than the result may have.
        "sqrtsd xmm0, qword ptr [esp + 4]",
        "movsd qword ptr [esp + 4], xmm0",
        "fld qword ptr [esp + 4]",
        "ret",
    };
    "floor" = drvhost_floor..drvhost_floor_end { round!() } mode = DOWN;
    "ceil" = drvhost_ceil..drvhost_ceil_end { round!() } mode = UP;
    // What has nothing to do.
    "nothing" = drvhost_nothing..drvhost_nothing_end { "ret" };
    "_ftol" = drvhost_ftol..drvhost_ftol_end { to_integer!() } mode = TO_ZERO;
    // Those of newer compilers, which answer the same.
    "_ftol2" = drvhost_ftol2..drvhost_ftol2_end { to_integer!() } mode = TO_ZERO;
    "_ftol2_sse" = drvhost_ftol2_sse..drvhost_ftol2_sse_end { to_integer!() } mode = TO_ZERO;
}

/// st(0) as an integer of 64 bits, in edx and eax.
macro_rules! to_integer {
    () => {
        "sub esp, 12\n fnstcw [esp]\n mov word ptr [esp + 2], {mode}\n fldcw [esp + 2]\n fistp qword ptr [esp + 4]\n fldcw [esp]\n \
         mov eax, [esp + 4]\n mov edx, [esp + 8]\n add esp, 12\n ret"
    };
}
use to_integer;

/// The magnitude of an int.
macro_rules! magnitude {
    () => {
        "mov eax, [esp + 4]\n cdq\n xor eax, edx\n sub eax, edx\n ret"
    };
}
use magnitude;

/// Rounds a double to an integer, in the direction that the control word says.
macro_rules! round {
    () => {
        "fld qword ptr [esp + 4]\n sub esp, 4\n fnstcw [esp]\n mov word ptr [esp + 2], {mode}\n fldcw [esp + 2]\n frndint\n fldcw [esp]\n add esp, 4\n ret"
    };
}
use round;
