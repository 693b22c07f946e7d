//! What compiled programs call by themselves: C++, start and end, and the smaller functions of numbers and memory.

use guest::{FaultKind, Mode};
use pe::Symbol;

use crate::testing::{Guest, alone};

#[test]
fn programs_of_32_bit_code_find_what_compilers_call() {
    alone(|| programs(Mode::I386));
}

#[test]
fn programs_of_64_bit_code_find_what_compilers_call() {
    alone(|| programs(Mode::X86_64));
}

fn programs(mode: Mode) {
    let mut guest = Guest::new(mode);
    libraries(&mut guest);
    memory(&mut guest);
    classes(&mut guest);
    ends(&mut guest);
    settings(&mut guest);
    integers(&mut guest);
    doubles(&mut guest);
    searches(&mut guest);
}

fn found(guest: &mut Guest, library: &str, name: &str) -> Option<u64> {
    guest.process.find(library, &Symbol::Name(name.to_owned()))
}

/// Each name of the library has the same functions.
fn libraries(guest: &mut Guest) {
    let malloc = guest.address("malloc");
    for library in [
        "msvcrt",
        "ucrtbase.dll",
        "MSVCR70.DLL",
        "msvcr71.dll",
        "msvcr80.dll",
        "msvcr90",
        "msvcr100.dll",
        "msvcr110.dll",
        "msvcr120.dll",
        "vcruntime140.dll",
        "VCRUNTIME140_1.dll",
        "api-ms-win-crt-heap-l1-1-0.dll",
    ] {
        assert_eq!(found(guest, library, "malloc"), Some(malloc), "{library}");
        assert!(guest.process.library_handle(library).is_some(), "{library}");
    }
    assert_eq!(found(guest, "msvcp140.dll", "malloc"), None);
    // Native functions are there for the code that calls them only.
    for name in
        ["_except_handler4_common", "_except_handler3", "_ftol2_sse", "_CIpow", "_libm_sse2_pow_precise"]
    {
        assert_eq!(found(guest, "msvcr120.dll", name).is_some(), guest.mode() == Mode::I386, "{name}");
    }
}

fn memory(guest: &mut Guest) {
    let (new, delete) = guest.pick(("??2@YAPAXI@Z", "??3@YAXPAX@Z"), ("??2@YAPEAX_K@Z", "??3@YAXPEAX@Z"));
    let block = guest.call(new, &[0]);
    assert!(block != 0 && block.is_multiple_of(16));
    guest.call(delete, &[block]);
    assert_eq!(guest.call(new, &[1 << 31]), 0);
    let first = guest.put(b"0123456789");
    let aligned = guest.call("_aligned_malloc", &[10, 64]);
    guest.call("memcpy", &[aligned, first, 10]);
    let moved = guest.call("_aligned_realloc", &[aligned, 5000, 128]);
    assert!(moved.is_multiple_of(128) && guest.call("_aligned_msize", &[moved, 128, 0]) >= 5000);
    assert_eq!(guest.bytes(moved), *b"0123456789");
    guest.call("_aligned_free", &[moved]);
    let block = guest.call("_recalloc", &[0, 4, 2]);
    let grown = guest.call("_recalloc", &[block, 100, 2]);
    assert_eq!((guest.bytes(grown), guest.call("_msize", &[grown])), ([0; 200], 200));
    assert_eq!((guest.call("_expand", &[grown, 8]), guest.call("_expand", &[grown, 1 << 20])), (grown, 0));
    assert_eq!(guest.int("_heapchk", &[]), -2);
}

fn classes(guest: &mut Guest) {
    // An exception with a text of its own, and a copy.
    let own = guest.call("_strdup", &[0]);
    assert_eq!(own, 0);
    let (text, size) = (guest.put(b"bad codec\0"), guest.pointer_size());
    let text = guest.call("_strdup", &[text]);
    let (from, to) = (guest.pointers(&[text, 1]), guest.pointers(&[0, 0]));
    guest.call("__std_exception_copy", &[from, to]);
    let copy = guest.pointer(to);
    assert!(copy != text && guest.text(copy) == "bad codec" && guest.bytes(to + size) == [1]);
    guest.call("__std_exception_destroy", &[to]);
    assert_eq!((guest.pointer(to), guest.bytes(to + size)), (0, [0]));
    let types = [b".?AVcodec@@\0".as_slice(), b".?AVcodec@@\0", b".?AVother@@\0"]
        .map(|name| guest.put(&[vec![0; guest.pointer_size() as usize], name.to_vec()].concat()));
    let [a, b, c] = types;
    let compared = [(a, a), (a, b), (a, c)];
    assert_eq!(compared.map(|(x, y)| guest.int("__std_type_info_compare", &[x, y])), [0, 0, -1]);
    let hashes = types.map(|name| guest.call("__std_type_info_hash", &[name]));
    assert!(hashes[0] == hashes[1] && hashes[0] != hashes[2]);
    let table = guest.address("??_7type_info@@6B@");
    assert_eq!(guest.pointer(table), 0);
    let name = guest.pick("??1type_info@@UAE@XZ", "??1type_info@@UEAA@XZ");
    guest.call(name, &[]);
    let place = guest.call("__current_exception", &[]);
    assert_eq!((guest.pointer(place), guest.call("__current_exception_context", &[])), (0, place + 8));
}

fn ends(guest: &mut Guest) {
    let rand = guest.address("rand");
    guest.call("srand", &[1]);
    assert_eq!(guest.call("?set_terminate@@YAP6AXXZP6AXXZ@Z", &[rand]), 0);
    assert_eq!(guest.fault("?terminate@@YAXXZ", &[]), FaultKind::Exit { code: 3 });
    assert_eq!(guest.call("_set_purecall_handler", &[rand]), 0);
    assert_eq!(guest.fault("_purecall", &[]), FaultKind::Exit { code: 3 });
    assert_eq!(guest.said.borrow().last().unwrap(), "a pure virtual function was called");
    assert_eq!((guest.int("rand", &[]), guest.call("_get_terminate", &[])), (6334, rand));
    assert_eq!(guest.fault("__report_gsfailure", &[0]), FaultKind::Exit { code: 0xc000_0409 });
    assert_eq!(guest.int("_XcptFilter", &[0xc000_0005, 0]), 0);
    assert_eq!(
        (guest.call("_encode_pointer", &[rand]), guest.call("_decode_pointer", &[rand])),
        (rand, rand)
    );
    assert_eq!(guest.int("_callnewh", &[8]), 0);
}

fn settings(guest: &mut Guest) {
    assert_eq!([1, 0, 2, 5].map(|setting| guest.int("_configthreadlocale", &[setting])), [2, 1, 1, -1]);
    let out = guest.put(&[0x55; 8]);
    assert_eq!((guest.int("_get_fmode", &[out]), guest.u32(out)), (0, 0x4000));
    assert_eq!(
        (guest.int("_set_fmode", &[0x8000]), guest.int("_get_fmode", &[out]), guest.u32(out)),
        (0, 0, 0x8000)
    );
    assert_eq!((guest.int("_set_fmode", &[1]), guest.int("_set_fmode", &[0x4000])), (22, 0));
    let [count, arguments, environment] = [(); 3].map(|()| guest.pointers(&[0]));
    guest.call("__getmainargs", &[count, arguments, environment, 0, 0]);
    let program = guest.pointer(guest.pointer(arguments));
    assert_eq!((guest.u32(count), guest.text(program)), (1, "drvhost".to_owned()));
    assert_eq!(guest.call("_get_initial_narrow_environment", &[]), guest.pointer(environment));
    let locale = guest.call("_wsetlocale", &[0, 0]);
    assert_eq!(guest.wide_text(locale), "C");
    assert_eq!((guest.int("_set_error_mode", &[1]), guest.int("_set_error_mode", &[3])), (0, 1));
    assert_eq!(
        (guest.int("_set_abort_behavior", &[0, 1]), guest.int("_set_abort_behavior", &[0, 0])),
        (3, 2)
    );
    assert_eq!((guest.int("system", &[0]), guest.int("_getmaxstdio", &[])), (0, 512));
    // Of the control word only what can be controlled is kept; the denormals' exception is _control87's alone.
    let default = guest.pick(0x9_001f, 0x8_001f);
    assert_eq!(guest.int("_controlfp", &[0x4000_0000, 0x4000_0000]), default);
    assert_eq!(guest.int("_controlfp", &[0x300, 0x300]), default | 0x300);
    guest.call("_fpreset", &[]);
    assert_eq!(guest.int("_controlfp", &[0, 0x8_001f]), default & !0x1f);
    assert_eq!(guest.int("_control87", &[0, 0x8_001f]), default & !0x8_001f);
    guest.call("_fpreset", &[]);
    assert_eq!(guest.int("_control87", &[0x2_0000, 0x3_0000]), guest.pick(0xa_001f, 0x8_001f));
    assert_eq!((guest.int("_controlfp_s", &[out, 1 << 30, 1 << 30]), guest.errno()), (22, 22));
    guest.call("_fpreset", &[]);
}

fn integers(guest: &mut Guest) {
    assert_eq!(guest.int("_byteswap_ushort", &[0x1234]), 0x3412);
    assert_eq!(guest.int("_byteswap_ulong", &[0x1234_5678]), 0x7856_3412);
    assert_eq!(guest.int("_lrotr", &[1, 1]), i32::MIN);
    let number = [guest.long(1 << 63), vec![4]].concat();
    assert_eq!(guest.int("_rotl64", &number), 8);
}

/// Of 64-bit code the numbers are in registers that these calls do not set.
fn doubles(guest: &mut Guest) {
    if guest.mode() == Mode::X86_64 {
        return;
    }
    for (function, x, answer) in [
        ("_isnan", f64::NAN, 1),
        ("_finite", f64::INFINITY, 0),
        ("_fpclass", -0.0, 0x20),
        ("_dclass", f64::NAN, 2),
        ("_dsign", -1.0, 0x8000),
        ("ilogb", 12.0, 3),
        ("lround", 2.5, 3),
        ("lrint", 2.5, 2),
        ("lround", 1e10, i32::MIN),
    ] {
        let arguments = guest.long(x.to_bits());
        assert_eq!(guest.int(function, &arguments), answer, "{function}({x})");
    }
    for (function, error) in [("atan", 33), ("sin", 33), ("cbrt", 0)] {
        guest.call("_set_errno", &[0]);
        let arguments = guest.long(f64::NAN.to_bits());
        guest.call(function, &arguments);
        assert_eq!(guest.errno(), error, "{function}");
    }
}

fn searches(guest: &mut Guest) {
    let (array, key) = (guest.put(b"dog\0ant\0emu\0"), guest.put(b"emu\0"));
    let (compare, count) = (guest.address("strcmp"), guest.put(&3_u32.to_le_bytes()));
    assert_eq!(guest.call("_lfind", &[key, array, count, 4, compare]), array + 8);
    // With the context first, this compares the context with the key, whatever the element is.
    let by_context = guest.address("strncmp");
    assert_eq!(guest.call("bsearch_s", &[key, array, 3, 4, by_context, key]), array + 4);
    assert_eq!(guest.call("bsearch_s", &[key, array, 3, 4, by_context, array]), 0);
    guest.call("qsort_s", &[array, 3, 4, 0, 0]);
    assert_eq!((guest.errno(), guest.bytes(array)), (22, *b"dog\0ant\0emu\0"));
}
