//! Segments, flags, floating point, instructions, and faults that a driver asks for.

use drvhost_tests::pick;

use super::Act::{Harms, Test};
use super::outcome::Outcome::{Answered, AnyFault, Faults, Fine, Gone, Killed, Late, OneOf, Told};
use super::scene::{DEADLINE, Scene};
use super::{Outcome, catalogue};

const DRIVER: &str = "hostile_cpu";

/// How the processor refuses what only a system may do.
const PRIVILEGED: Outcome = Faults("cannot exist, or a privileged instruction");
/// How it refuses what it does not know.
const UNKNOWN: Outcome = Faults("illegal instruction");

/// Bits of the flags.
const TRAP: i64 = 1 << 8;
const DIRECTION: i64 = 1 << 10;
const ALIGNMENT: i64 = 1 << 18;

catalogue! {
    "The processor's state and instructions";
    selectors "asks the processor about every selector (`lar`, `lsl`, `verr`, `verw`)", Harms(DRIVER, &["selectors"], &[&[]]) => both(Fine);
    segments "loads DS, ES, SS, FS and GS with selectors of all kinds, then calls Windows functions", Test(DRIVER, DEADLINE, load_segments) =>
        both(Told("works, or fault of the driver's; the next message finds all segments as they should be"));
    direction_flag "calls Windows functions with the direction flag set", Harms(DRIVER, &["flags_at_call"], &[&[DIRECTION]]) => both(Fine);
    other_flags "the same with carry, parity, overflow, nested task, resume, virtual mode, I/O privilege, interrupts, identification and every flag that is none",
        Harms(DRIVER, &["flags_at_call"], &[&[1], &[4], &[1 << 11], &[1 << 14], &[1 << 16], &[1 << 17], &[3 << 12], &[1 << 9], &[1 << 19], &[1 << 20], &[1 << 21], &[!(TRAP | ALIGNMENT)]]) => both(Fine);
    alignment_flag "the same with the alignment check on", Harms(DRIVER, &["flags_at_call"], &[&[ALIGNMENT]]) => both(OneOf(&[Fine, Faults("misaligned")]));
    trap_flag "the same with single steps on", Harms(DRIVER, &["flags_at_call"], &[&[TRAP], &[TRAP | ALIGNMENT | DIRECTION]]) => both(Faults("breakpoint"));
    flags_left_set "answers with the flags for directions, alignment, nested tasks, and all of them but single steps set",
        Harms(DRIVER, &["flags_at_return"], &[&[DIRECTION], &[ALIGNMENT], &[1 << 14], &[!TRAP]]) => both(Fine);
    trap_flag_left_set "answers with single steps on", Harms(DRIVER, &["flags_at_return"], &[&[TRAP]]) => both(Faults("breakpoint"));
    steps_over_system "steps through Windows functions by an exception handler that sets the trap flag again", Harms(DRIVER, &["steps_over_system"], &[&[]]) => both(OneOf(&[Fine, Faults("breakpoint")]));
    swallows_faults "faults for ever: its exception handler always says that the fault is mended", Harms(DRIVER, &["swallows_faults"], &[&[]]) => both(Late);
    faults_in_handlers "faults in the handler of every fault", Harms(DRIVER, &["faults_in_handlers"], &[&[]]) => both(AnyFault);
    continues_nowhere "has its exception handler set every register to junk, segments and flags included", Harms(DRIVER, &["continues_nowhere"], &[&[]]) => both(AnyFault);
    privileged "instructions that only a system may use: `hlt`, `cli`, `in`, `wrmsr`, `mov %cr0`, `lgdt`, `xsetbv` and others", Harms(DRIVER, PRIVILEGED_ONES, &[&[]]) => both(OneOf(&[PRIVILEGED, UNKNOWN]));
    unknown "instructions that are none, or not for a program: `vmrun`, `rsm`, `monitor`, `swapgs`, seventeen bytes of prefixes", Harms(DRIVER, UNKNOWN_ONES, &[&[]]) => both(OneOf(&[UNKNOWN, PRIVILEGED]));
    hypervisor "calls a hypervisor (`vmcall`, `vmmcall`)", Harms(DRIVER, &["vmcall", "vmmcall"], &[&[]]) => both(OneOf(&[Answered, UNKNOWN, PRIVILEGED]));
    descriptor_tables "asks where the tables of descriptors lie (`sgdt`, `sidt`, `sldt`, `str`, `smsw`)", Harms(DRIVER, &["sgdt", "sidt", "smsw", "sldt", "str"], &[&[]]) =>
        both(OneOf(&[Answered, AnyFault]));
    interrupts "`int` with every number but 0x80", Test(DRIVER, DEADLINE, every_interrupt) => both(Told("fault"));
    debug_interrupt "`int1`", Harms(DRIVER, &["icebp"], &[&[]]) => both(Faults("breakpoint"));
    memory_keys "forbids its thread all memory (`wrpkru`)", Harms(DRIVER, &["wrpkru"], &[&[]]) => both(OneOf(&[AnyFault, Late, Killed, Gone]));
    x87_pending_at_call "calls Windows functions with an unmasked x87 exception pending", Harms(DRIVER, &["x87_pending_at_call"], &[&[]]) => both(OneOf(&[Fine, Faults("floating-point exception")]));
    x87_full_at_call "the same with a full stack of x87 numbers", Harms(DRIVER, &["x87_full_at_call"], &[&[]]) => both(Fine);
    sse_unmasked "divides by zero with SSE exceptions unmasked", Harms(DRIVER, &["sse_unmasked"], &[&[]]) => both(Faults("floating-point exception"));
    mxcsr "calls Windows functions with SSE exceptions unmasked, denormals as zero, and each kind of rounding", Harms(DRIVER, &["mxcsr"], &[&[0], &[0x1fc0], &[0x9f80], &[0x7f80], &[0x5f80], &[0x3f80], &[0xffff]]) => both(Fine);
    mxcsr_reserved "sets reserved bits of MXCSR", Harms(DRIVER, &["mxcsr"], &[&[0x1_1f80], &[-1]]) => both(PRIVILEGED);
    fxrstor_junk "loads junk with `fxrstor` and `xrstor`", Harms(DRIVER, &["fxrstor_junk", "xrstor_junk"], &[&[]]) => both(PRIVILEGED);
    xrstor_numbers "loads registers full of what are no numbers with `xrstor`, then calls Windows functions", Harms(DRIVER, &["xrstor_numbers"], &[&[]]) => both(Fine);
    widest_registers "fills AVX-512's registers, where there are any, then calls Windows functions, waits, and steps", Harms(DRIVER, &["widest_registers"], &[&[]]) => both(Fine);
    tiles "uses AMX without asking for it", Harms(DRIVER, &["tiles"], &[&[]]) => x86_64(UNKNOWN);
}

const PRIVILEGED_ONES: &[&str] = &[
    "hlt",
    "cli",
    "sti",
    "in_port",
    "out_port",
    "in_string",
    "rdmsr",
    "wrmsr",
    "clts",
    "lmsw",
    "invd",
    "wbinvd",
    "invlpg",
    "lgdt",
    "lidt",
    "lldt",
    "ltr",
    "xsetbv",
    "sysexit",
    "sysret",
    "rdpmc",
    "write_cr0",
    "read_cr3",
    "write_dr7",
];

const UNKNOWN_ONES: &[&str] =
    &["swapgs", "monitor", "mwait", "vmrun", "rsm", "ud0", "lock_nothing", "too_long"];

fn every_interrupt(scene: &Scene) {
    for number in (0..256).filter(|number| *number != 0x80) {
        let result = scene.harm("interrupt", &[number]);
        assert!(AnyFault.is(&result), "int {number:#x}: {result:?}");
    }
    scene.is_left_as_by(&Ok(1));
}

/// DS, ES, SS, FS and GS with every selector below 0x100, and some of all others.
fn load_segments(scene: &Scene) {
    let few = pick(scene.machine(), 127, 257);
    for segment in 0..5 {
        for selector in (0..0x100).chain((0x100..=0xffff).step_by(few)) {
            let result = scene.harm("segment", &[segment, selector]);
            assert!(
                OneOf(&[Fine, AnyFault]).is(&result),
                "segment {segment}, selector {selector:#x}: {result:?}"
            );
        }
        scene.is_left_as_by(&Ok(1));
    }
}
