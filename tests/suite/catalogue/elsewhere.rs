//! Harms whose tests stand elsewhere in the suite.

use super::outcome::Outcome::{
    Answered, AnyFault, Faults, Filtered, Fine, Killed, Late, OneOf, OwnLoss, Told,
};
use super::{Act, Entry, Subject, both, i386, x86_64};

/// Entries that belong to a subject, or are one: `"TEST" "what the driver tries" => WIDTHS(OUTCOME);`.
macro_rules! elsewhere {
    ($title:literal; $($test:literal $tries:literal => $widths:ident($outcome:expr);)*) => {
        Subject { title: $title, entries: &[$(Entry { test: $test, tries: $tries, act: Act::Elsewhere, expected: $widths($outcome) }),*] }
    };
}

pub(super) const CALLS: Subject = elsewhere! {
    "System calls and code of the other width";
    "sandbox::open" "`open`" => both(Faults("system call 2,"));
    "sandbox::openat" "`openat`" => both(Faults("system call 257,"));
    "sandbox::socket" "`socket`" => both(Faults("system call 41,"));
    "sandbox::fork" "`fork`" => both(Faults("system call 57,"));
    "sandbox::clone" "`clone`" => both(Faults("system call 56,"));
    "sandbox::execve" "`execve`" => both(Faults("system call 59,"));
    "sandbox::mmap_of_code" "`mmap` of memory that can be written and run" => both(Faults("system call 9,"));
    "sandbox::mprotect_to_code" "`mprotect` of its own data, to be run" => both(Faults("system call 10,"));
    "sandbox::mprotect_of_further_images_to_code" "`mprotect` of where further images lie, to be run" => both(Faults("system call 10,"));
    "sandbox::mprotect_of_what_is_no_data_of_the_drivers" "`mprotect` of the system's part of the driver's memory" => both(Faults("system call 10,"));
    "sandbox::process_vm_writev_to_the_host" "`process_vm_writev` to the host" => both(Faults("system call 311,"));
    "sandbox::ptrace_of_the_host" "`ptrace` of the host" => both(Faults("system call 101,"));
    "sandbox::kill_of_the_host" "`kill` of the host" => both(Faults("system call 62,"));
    "sandbox::prctl" "`prctl`" => both(Faults("system call 157,"));
    "sandbox::seccomp" "`seccomp`" => both(Faults("system call 317,"));
    "sandbox::write" "`write`" => both(Faults("system call 1,"));
    "sandbox::exit" "`exit_group`" => both(Faults("system call 231,"));
    "sandbox::signal_mask" "`rt_sigprocmask`" => both(Faults("system call 14,"));
    "sandbox::io_uring" "`io_uring_setup`" => both(Faults("system call 425,"));
    "sandbox::calls_of_the_x32_interface" "a call of the x32 interface" => both(OneOf(&[Faults("system call"), Filtered]));
    "sandbox::calls_by_the_32_bit_gate_kill" "`int 0x80`" => both(Filtered);
    "sandbox::waiting_in_an_allowed_call_ends_at_the_deadline" "waits in `futex` for ever" => both(Late);
    "sandbox::a_forged_return_from_a_signal_hurts_the_driver_only" "`rt_sigreturn` with what lies on its stack" => both(OwnLoss);
};

pub(super) const PROCESSOR: Subject = elsewhere! {
    "The processor's state and instructions";
    "hostile::illegal_instruction" "an instruction that does not exist" => both(Faults("illegal instruction"));
    "hostile::breakpoint" "a breakpoint" => both(Faults("breakpoint"));
    "hostile::division" "divides by zero" => both(Faults("division"));
    "hostile::processor_flags_set" "sets the flags for single steps, directions and alignment at once" => both(Faults("breakpoint"));
    "hostile::processor_state_left_behind" "leaves FS, an x87 exception, the alignment check and unmasked SSE exceptions behind" => both(OneOf(&[Fine, AnyFault]));
    "exceptions::handlers_that_fault_themselves_end_with_the_stack" "faults in the handlers of faults" => both(Faults("stack overflow"));
    "exceptions::a_fault_that_no_handler_wants_ends_the_call" "faults, and has a handler that does not want it" => i386(Faults("cannot write"));
};

pub(super) const MEMORY: Subject = elsewhere! {
    "Its own memory";
    "hostile::null_dereference" "writes to address 0" => both(Faults("cannot write at 0x0"));
    "hostile::wild_jumps" "jumps to 0, to what is not mapped, and to the end of user memory" => both(Faults("cannot execute"));
    "hostile::jump_to_an_address_that_cannot_exist" "jumps to an address that cannot exist" => x86_64(Faults("cannot exist"));
    "hostile::stack_overflow" "recurses without end" => both(Faults("stack overflow"));
    "hostile::own_code_cannot_be_written" "writes to its own code" => both(Faults("cannot write"));
    "hostile::own_data_cannot_be_run" "runs its own data" => both(Faults("cannot execute"));
    "hostile::stack_overwritten_both_ways" "writes over its stack, in both directions" => both(OneOf(&[Faults("cannot write"), Faults("stack overflow")]));
    "hostile::heap_corrupted" "writes over its heap, and uses it" => both(OwnLoss);
    "sandbox::no_memory_becomes_code" "`VirtualAlloc` and `VirtualProtect` of memory that can be written and run" => both(Told("refused"));
    "sandbox::what_a_driver_forbids_itself_ends_its_call_only" "has Windows functions write to memory that it has forbidden itself" => both(Faults("cannot"));
    "sandbox::what_can_be_written_of_further_images_cannot_be_run" "writes code where further images lie" => both(Faults("cannot execute"));
};

pub(super) const WORKER: Subject = elsewhere! {
    "The worker's own memory and code";
    "hostile::thread_block_overwritten" "writes over its thread block" => both(OwnLoss);
    "hostile::host_context_overwritten" "writes over what the system keeps for its thread" => both(OwnLoss);
};

pub(super) const AMOUNTS: Subject = elsewhere! {
    "As much as there is of everything";
    "threads::there_are_as_many_threads_as_the_pool_has" "starts threads until there are no more" => both(Told("twenty, then none"));
    "nested::there_is_an_end_to_what_a_driver_can_open" "opens drivers" => both(Told("256, then none"));
    "sound::there_are_only_so_many_streams" "opens streams of sound" => both(Told("a bounded number, then none"));
};

pub(super) const RACES: Subject = elsewhere! {
    "What the host reads while it changes";
    "races::decoding_pictures" "has a thread change sizes, counts and formats in the memory that it shares with the host, while pictures are decoded" => both(Told("pictures, or errors of the driver's"));
    "races::encoding_pictures" "the same while pictures are encoded" => both(Told("frames, or errors of the driver's"));
    "races::converting_sound" "the same while sound is converted" => both(Told("sound, or errors of the driver's"));
    "races::playing_notes" "the same while a song is played" => both(Told("sound, or errors of the driver's"));
};

pub(super) const LIFE: Subject = elsewhere! {
    "Itself and its process";
    "hostile::ending_the_process" "`ExitProcess`, `exit`, `abort`" => both(Faults("end the process"));
    "hostile::function_that_is_not_supplied" "calls a function that nobody supplies" => both(Faults("not supplied"));
    "hostile::faults_in_every_message_of_the_life_cycle" "faults or hangs in its entry point, DRV_LOAD, DRV_OPEN or DRV_CLOSE" => both(Told("fault, or interrupted at the deadline; it gets nothing further"));
    "hostile::a_close_that_faults_costs_the_siblings_nothing" "faults in DRV_CLOSE of one of two instances" => both(Told("fault; the other one is closed as usual"));
    "messages::a_driver_that_closes_itself_inside_a_message_answers_it" "closes itself in a message" => both(Answered);
    "nested::a_driver_that_opens_itself_while_it_is_loaded_gets_null_at_once" "opens itself in DRV_LOAD" => both(Told("gets NULL at once"));
    "nested::a_loop_in_one_worker_ends_and_is_reported" "takes turns with another driver of its worker without end" => both(Faults("stack overflow"));
    "nested::a_loop_between_workers_ends_within_the_deadline_and_is_reported" "takes turns with a driver of another worker without end" => both(Faults("without end"));
    "nested::a_slow_loop_between_workers_ends_at_the_deadline_and_is_reported" "the same, slowly" => both(Told("the innermost message is interrupted at the deadline; those around it are answered"));
    "nested::whatever_an_opened_driver_does_wrong_its_opener_goes_on_and_nothing_is_left_over" "opens drivers that fault or hang in each message" => both(Told("the opener goes on; nothing is left over"));
};

pub(super) const DEADLINES: Subject = elsewhere! {
    "Deadlines";
    "hostile::endless_loop" "computes for ever, without and with calls" => both(Late);
    "hostile::sleep_beyond_the_deadline" "sleeps for an hour" => both(Late);
    "hostile::one_driver_that_hangs_does_not_hold_up_another" "computes for ever while another driver is called" => both(Late);
    "hostile::a_driver_that_talks_cannot_put_off_its_deadline" "talks for ever" => both(Late);
    "hostile::a_driver_that_cannot_be_interrupted_is_killed" "clears what the system keeps for its thread, by which it is interrupted, and computes for ever" => both(Killed);
    "windows::waiting_for_a_message_ends_with_the_deadline" "waits for a message that never comes" => both(Late);
    "windows::a_dialog_that_takes_no_answer_is_ended" "has a dialog that takes no answer" => both(Told("the dialog is ended"));
    "registry::a_wait_without_end_is_ended_by_the_deadline" "waits for a change of its settings that never comes" => both(Late);
    "threads::a_deadline_is_for_the_thread_that_serves_the_message" "has another thread compute for ever, then the one that serves messages as well" => both(Told("answered; then interrupted at the deadline"));
    "session_end::drivers_that_hang_share_one_deadline" "hangs when the session ends" => both(Told("reported as late; all others are told and closed"));
};

pub(super) const FILES: Subject = elsewhere! {
    "Files and other drivers";
    "sandbox::no_file_opens" "`CreateFile` of `/etc/passwd`" => both(Told("refused"));
    "files::what_is_not_granted_is_refused_and_told" "reads and writes what it is not granted" => both(Told("refused, and told"));
    "files::granted_folders_are_read_and_written_and_nothing_beside_them" "leaves the folders that it is granted" => both(Told("refused"));
    "nested::a_driver_finds_what_lies_beside_it_and_reaches_nothing_by_path" "opens drivers by paths" => both(Told("gets NULL"));
    "registry::installed_drivers_are_seen_and_not_changed" "changes the entries of installed drivers" => both(Told("refused"));
    "escapes::no_spelling_leads_out" "reads, writes, deletes, lists and loads by over 200 spellings of paths that lead out of what it may use" => both(Told("refused, or inside; what lies around is as it was"));
    "escapes::no_link_that_comes_and_goes_leads_out" "uses a path of which a folder becomes a link to the outside, and a folder again, thousands of times a second" => both(Told("refused, or inside"));
    "escapes::a_hard_link_is_the_file_itself" "uses a hard link that the user has put into its folder" => both(Told("is what the user has put there"));
    "escapes::amounts_of_files_have_an_end" "writes files until there is no more room" => both(Told("refused from its quota on"));
    "escapes::amounts_of_settings_have_an_end" "writes settings until there is no more room" => both(Told("refused from the quota on"));
    "floods::a_million_files_that_are_not_granted" "opens a file that it may not, 1,000,000 times" => both(Told("refused each time, and told 100 times; another driver is answered all the while"));
    "floods::very_many_keys_that_are_not_there" "opens a key that is not there, 100,000 times" => both(Told("is answered each time, at most 50,000 times a second"));
    "floods::very_many_texts" "says 100,000 texts" => both(Told("the first thousand are shown"));
};
