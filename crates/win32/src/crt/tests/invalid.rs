//! Invalid parameters: the documented answers, and who is told.

use guest::{FaultKind, Mode};

use crate::testing::{Guest, alone};

#[test]
fn invalid_parameters_of_32_bit_code_have_their_answers() {
    alone(|| invalid_parameters(Mode::I386));
}

#[test]
fn invalid_parameters_of_64_bit_code_have_their_answers() {
    alone(|| invalid_parameters(Mode::X86_64));
}

const EOF: u64 = u32::MAX as u64;

fn invalid_parameters(mode: Mode) {
    let mut guest = Guest::new(mode);
    answers(&mut guest);
    accesses(&mut guest);
    handlers(&mut guest);
    numbers_of_errors(&mut guest);
}

/// Each answer, and errno.
fn answers(guest: &mut Guest) {
    let (text, none, wide) = (guest.put(b"12\0"), guest.minus_one(), guest.wide("12"));
    let (out, greatest) = (guest.put(&[0x55; 32]), u64::from(i32::MAX.cast_unsigned()));
    let calls: [(&str, &[u64], u64); 44] = [
        ("_stricmp", &[text, 0], greatest),
        ("_strnicmp", &[0, text, 1], greatest),
        ("_wcsicmp", &[0, wide], greatest),
        ("_wcsnicmp", &[wide, 0, 1], greatest),
        ("strcoll", &[text, 0], greatest),
        ("strxfrm", &[out, 0, 4], greatest),
        ("strxfrm", &[0, text, 4], greatest),
        ("wcsxfrm", &[0, wide, 1], greatest),
        ("mbstowcs", &[out, 0, 4], none),
        ("wcstombs", &[out, 0, 4], none),
        ("atoi", &[0], 0),
        ("atol", &[0], 0),
        ("_wtoi", &[0], 0),
        ("_atoi64", &[0], 0),
        ("strtok_s", &[text, 0, out], 0),
        ("strtok_s", &[text, text, 0], 0),
        ("strcpy_s", &[0, 4, text], 22),
        ("strcpy_s", &[out, 4, 0], 22),
        ("wcscat_s", &[0, 4, wide], 22),
        ("memcpy_s", &[0, 4, text, 1], 22),
        ("qsort", &[text, 2, 1, 0], 0),
        ("bsearch", &[text, text, 2, 1, 0], 0),
        ("setlocale", &[99, 0], 0),
        ("getenv", &[0], 0),
        ("_wgetenv", &[0], 0),
        ("signal", &[3, 0], none),
        ("raise", &[3], EOF),
        ("_msize", &[0], none),
        ("_aligned_malloc", &[8, 3], 0),
        ("_gmtime64", &[0], 0),
        ("asctime", &[0], 0),
        ("strftime", &[0, 4, text, out], 0),
        ("fclose", &[0], EOF),
        ("fread", &[0, 1, 1, text], 0),
        ("fwrite", &[text, 1, 1, 0], 0),
        ("feof", &[0], 0),
        ("ferror", &[0], 0),
        ("_fileno", &[0], EOF),
        ("getc", &[0], EOF),
        ("putc", &[65, 0], EOF),
        ("fputs", &[0, text], EOF),
        ("ftell", &[0], EOF),
        ("fopen", &[0, text], 0),
        ("fprintf", &[0, text], EOF),
    ];
    for (function, arguments, answer) in calls {
        guest.call("_set_errno", &[0]);
        let mut given = guest.call(function, arguments);
        if guest.mode() == Mode::I386 || answer == EOF || answer <= greatest {
            given &= EOF;
        }
        let given = if function == "qsort" { 0 } else { given };
        assert_eq!((given, guest.errno()), (answer, 22), "{function}{arguments:x?}");
    }
    // A descriptor that is none is told as that.
    assert_eq!((guest.int("_close", &[77]), guest.errno()), (-1, 9));
    // What does not fit is told as that, and the buffer is empty.
    assert_eq!(
        (guest.int("strcpy_s", &[out, 2, text]), guest.errno(), guest.text(out)),
        (34, 34, String::new())
    );
}

/// Functions that check nothing, as documented.
fn accesses(guest: &mut Guest) {
    let (text, out) = (guest.put(b"a\0"), guest.put(&[0; 16]));
    for (function, arguments) in
        [("strlen", vec![0]), ("strcpy", vec![out, 0]), ("strcmp", vec![text, 0]), ("strtok", vec![text, 0])]
    {
        let fault = guest.fault(function, &arguments);
        assert!(matches!(fault, FaultKind::AccessViolation { .. }), "{function}: {fault:?}");
    }
}

/// The handler is a function whose calls can be counted, as it has another answer each time.
fn handlers(guest: &mut Guest) {
    let (rand, errors) = (guest.address("rand"), |guest: &mut Guest| guest.int("rand", &[]));
    let told = [41, 18467, 6334, 26500];
    assert_eq!(guest.call("_set_invalid_parameter_handler", &[rand]), 0);
    guest.call("srand", &[1]);
    assert_eq!((guest.int("atoi", &[0]), guest.errno(), errors(guest)), (0, 22, told[1]));
    assert_eq!((guest.int("_close", &[77]), errors(guest)), (-1, told[3]));
    assert_eq!(guest.call("_get_invalid_parameter_handler", &[]), rand);
    // A thread's own comes before that of all.
    let other = guest.address("_getdrive");
    assert_eq!(guest.call("_set_thread_local_invalid_parameter_handler", &[other]), 0);
    guest.call("srand", &[1]);
    guest.call("_invalid_parameter_noinfo", &[]);
    assert_eq!(errors(guest), told[0]);
    assert_eq!(guest.call("_set_thread_local_invalid_parameter_handler", &[0]), other);
    guest.call("_invalid_parameter", &[0; 5]);
    assert_eq!(errors(guest), told[2]);
    // What the handler faults with is the call's fault.
    guest.call("_set_invalid_parameter_handler", &[0x10]);
    assert!(matches!(guest.fault("atoi", &[0]), FaultKind::AccessViolation { .. }));
    assert_eq!(guest.call("_set_invalid_parameter_handler", &[0]), 0x10);
    let fault = guest.fault("_invalid_parameter_noinfo_noreturn", &[]);
    assert_eq!(fault, FaultKind::Exit { code: 0xc000_0417 });
}

fn numbers_of_errors(guest: &mut Guest) {
    let out = guest.put(&[0x55; 4]);
    assert_eq!((guest.int("_set_errno", &[7]), guest.int("_get_errno", &[out]), guest.u32(out)), (0, 0, 7));
    assert_eq!(
        (guest.int("_set_doserrno", &[5]), guest.int("_get_doserrno", &[out]), guest.u32(out)),
        (0, 0, 5)
    );
    assert_eq!((guest.int("_get_errno", &[0]), guest.errno()), (22, 22));
}
