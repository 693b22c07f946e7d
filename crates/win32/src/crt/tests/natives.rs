//! The functions that guest code calls without leaving it, against what Rust computes.

use guest::layout::Region;
use guest::{Access, Fault, FaultKind, Mode};
use pe::builder::Builder;

use crate::crt::{OF_SSE, OF_X87};
use crate::testing::{Guest, alone};

#[test]
fn native_functions_do_what_rust_does() {
    alone(|| {
        let mut natives = Natives::new(Mode::I386);
        natives.copies();
        natives.overlapping_moves();
        natives.fills();
        natives.comparisons();
        natives.texts();
        natives.ends_of_memory();
        natives.faults();
        natives.integers();
        natives.random_numbers();
        natives.roundings();
        natives.conversions();
        natives.functions_that_take_registers();
        natives.the_control_word();
    });
}

#[test]
fn those_of_64_bits_do_so_too() {
    alone(|| {
        let mut natives = Natives::new(Mode::X86_64);
        natives.copies();
        natives.overlapping_moves();
        natives.fills();
        natives.ends_of_memory();
        natives.faults();
    });
}

/// The native functions of 64-bit code; the others are shims there.
const OF_64: [&str; 3] = ["memcpy", "memmove", "memset"];

/// Whether a function is a native one.
fn is_native(mode: Mode, name: &str) -> bool {
    mode == Mode::I386 || OF_64.contains(&name)
}

/// 64-bit machine code for "call", below, with which alone functions are called there:
/// `push rbp; mov rbp, rsp; sub rsp, 32; mov rax, rcx; mov rcx, rdx; mov rdx, r8; mov r8, r9; call rax; leave; ret`.
const CALLER_64: &[u8] =
    b"\x55\x48\x89\xe5\x48\x83\xec\x20\x48\x89\xc8\x48\x89\xd1\x4c\x89\xc2\x4d\x89\xc8\xff\xd0\xc9\xc3";

/// Machine code that calls `function` for a test. Each begins with `push ebp; mov ebp, esp` and ends with `leave; ret`.
const CALLERS: [(&str, &[u8]); 9] = [
    // (function, a, b, c): function(a, b, c)
    ("call", b"\x55\x89\xe5\xff\x75\x14\xff\x75\x10\xff\x75\x0c\xff\x55\x08\xc9\xc3"),
    // (function, double x, double *out): *out = function(x)
    ("double", b"\x55\x89\xe5\xff\x75\x10\xff\x75\x0c\xff\x55\x08\x8b\x45\x14\xdd\x18\xc9\xc3"),
    // (function, double x, double y, double *out): *out = function(x, y)
    (
        "doubles",
        b"\x55\x89\xe5\xff\x75\x18\xff\x75\x14\xff\x75\x10\xff\x75\x0c\xff\x55\x08\x8b\x45\x1c\xdd\x18\xc9\xc3",
    ),
    // (function, double x, long long *out): *out = function(), with x in st(0)
    ("convert", b"\x55\x89\xe5\xdd\x45\x0c\xff\x55\x08\x8b\x4d\x14\x89\x01\x89\x51\x04\xc9\xc3"),
    // (function, double x, double *out): *out = function(), with x in st(0)
    ("one", b"\x55\x89\xe5\xdd\x45\x0c\xff\x55\x08\x8b\x45\x14\xdd\x18\xc9\xc3"),
    // (function, double x, double y, double *out): *out = function(), with x in st(1) and y in st(0)
    ("two", b"\x55\x89\xe5\xdd\x45\x0c\xdd\x45\x14\xff\x55\x08\x8b\x45\x1c\xdd\x18\xc9\xc3"),
    // The same with xmm0 and xmm1.
    ("sse one", b"\x55\x89\xe5\xf2\x0f\x10\x45\x0c\xff\x55\x08\x8b\x45\x14\xf2\x0f\x11\x00\xc9\xc3"),
    (
        "sse two",
        b"\x55\x89\xe5\xf2\x0f\x10\x45\x0c\xf2\x0f\x10\x4d\x14\xff\x55\x08\x8b\x45\x1c\xf2\x0f\x11\x00\xc9\xc3",
    ),
    // (function, a, b, double x, long long *out): function(a, b), then *out = x, rounded
    (
        "round",
        b"\x55\x89\xe5\xff\x75\x10\xff\x75\x0c\xff\x55\x08\xdd\x45\x14\x8b\x45\x1c\xdf\x38\xc9\xc3",
    ),
];
/// Where in an image [`CALLERS`] begin, and how far they are from each other.
const CODE: u64 = 0x1000;
const APART: usize = 32;
/// Where in the first of them the call ends, and where in [`CALLER_64`].
const BEHIND_CALL: u64 = 15;
const BEHIND_CALL_64: u64 = 22;

/// Lengths that are tried: all small ones, and those around where the functions change their ways.
fn lengths() -> impl Iterator<Item = usize> {
    (0..=200).chain([255, 256, 257, 511, 512, 513, 1023, 1024, 1025, 4097])
}

/// Pairs of alignments: each of either with some of the other.
fn alignments() -> impl Iterator<Item = (usize, usize)> {
    (0..16).flat_map(|any| [0, 5].into_iter().flat_map(move |some| [(any, some), (some, any)]))
}

/// As many bytes, all different from their neighbours.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|index| (index * 31 + index / 256 + 7) as u8).collect()
}

/// Doubles of every kind.
fn doubles() -> Vec<f64> {
    let mut doubles = vec![
        0.0,
        f64::from_bits(1),
        f64::MIN_POSITIVE / 2.0,
        f64::MIN_POSITIVE,
        1e-300,
        0.1,
        0.49999999999999994,
        0.5,
        0.9999999999999999,
        1.0,
        1.0000000000000002,
        1.5,
        2.0,
        2.5,
        std::f64::consts::PI,
        255.99,
        65_535.5,
        2_147_483_647.5,
        2_147_483_648.0,
        4_294_967_295.9,
        4_294_967_296.0,
        4_503_599_627_370_495.5,
        4_503_599_627_370_497.0,
        9_007_199_254_740_993.0,
        9_223_372_036_854_774_784.0,
        9_223_372_036_854_775_808.0,
        1e19,
        1e300,
        f64::MAX,
        f64::INFINITY,
        f64::NAN,
    ];
    // And some more of all sizes.
    let mut bits = 0x1234_5678_9abc_def1_u64;
    for _ in 0..500 {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let exponent = 1023 - 8 + (bits >> 8) % 80;
        doubles.push(f64::from_bits(bits >> 12 | exponent << 52));
    }
    doubles.iter().flat_map(|&double| [double, -double]).collect()
}

struct Natives {
    guest: Guest,
    /// Where [`CALLERS`] lie.
    callers: u64,
    /// Memory for the functions to work on, and for their results; a multiple of 16.
    room: u64,
}

impl Natives {
    fn new(mode: Mode) -> Self {
        let mut guest = Guest::new(mode);
        let mut code = Vec::new();
        let (machine, callers) = match mode {
            Mode::I386 => (pe::Machine::I386, CALLERS.map(|(_, caller)| caller).to_vec()),
            Mode::X86_64 => (pe::Machine::X86_64, vec![CALLER_64]),
        };
        for (index, caller) in callers.into_iter().enumerate() {
            code.resize(index * APART, 0xcc);
            code.extend(caller);
        }
        let file = Builder::new(machine).code(&code).build();
        let image = pe::Image::parse(&file).unwrap();
        let (base, _) = guest.process.load("callers.dll", &image, None).unwrap();
        let room = guest.call("malloc", &[0x1_0000]);
        Self { guest, callers: base + CODE, room }
    }

    /// The address of a function, which is native if it is to be.
    fn native(&mut self, name: &str) -> u64 {
        let address = self.guest.address(name);
        let natives = &self.guest.process.machine.memory.layout()[Region::Natives];
        assert_eq!(natives.contains(&address), is_native(self.guest.mode(), name), "{name}");
        address
    }

    fn heap_end(&self) -> u64 {
        self.guest.process.machine.memory.layout()[Region::Heap].end
    }

    fn call(&mut self, name: &str, arguments: &[u64]) -> u64 {
        let address = self.native(name);
        self.guest.process.call(address, arguments).unwrap_or_else(|fault| panic!("{name}: {fault:?}"))
    }

    /// Has one of [`CALLERS`] call a function.
    fn call_by(&mut self, caller: &str, function: u64, arguments: &[u64]) -> Result<u64, Fault> {
        let index = CALLERS.iter().position(|(name, _)| *name == caller).unwrap();
        let arguments = [&[function], arguments].concat();
        self.guest.process.call(self.callers + (index * APART) as u64, &arguments)
    }

    /// What a function answers that is given doubles, so or by x87 registers.
    fn double_by(&mut self, caller: &str, name: &str, arguments: &[f64]) -> f64 {
        let (function, out) = (self.guest.address(name), self.room);
        let words = arguments.iter().flat_map(|double| self.guest.long(double.to_bits()));
        let words: Vec<u64> = words.chain([out]).collect();
        self.call_by(caller, function, &words).unwrap();
        f64::from_le_bytes(self.guest.bytes(out))
    }

    fn put(&self, at: u64, bytes: &[u8]) {
        self.guest.process.machine.memory.write(at, bytes).unwrap();
    }

    fn read(&self, at: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.guest.process.machine.memory.read(at, &mut bytes).unwrap();
        bytes
    }

    /// Memory after a function has worked on it, and as it should be then.
    fn is_as(&self, expected: &[u8], what: impl Fn() -> String) {
        let made = self.read(self.room, expected.len());
        let differs = made.iter().zip(expected).position(|(made, expected)| made != expected);
        assert_eq!(differs, None, "{}", what());
    }

    fn copies(&mut self) {
        for name in ["memcpy", "memmove"] {
            for len in lengths() {
                let (from, to, size) = (16, len + 64, 2 * len + 128);
                let before = pattern(size);
                for (from_align, to_align) in alignments() {
                    let (from, to) = (from + from_align, to + to_align);
                    self.put(self.room, &before);
                    let at = self.room + to as u64;
                    assert_eq!(self.call(name, &[at, self.room + from as u64, len as u64]), at);
                    let mut expected = before.clone();
                    expected.copy_within(from..from + len, to);
                    self.is_as(&expected, || format!("{name}: {len} bytes from {from} to {to}"));
                }
            }
        }
    }

    fn overlapping_moves(&mut self) {
        for len in lengths() {
            let before = pattern(len + 600);
            let near = (1..=33).chain([63, 64, 65, 127, 128, 200, 255, 256]);
            for (from, to) in near.flat_map(|by| [(300, 300 + by), (300, 300 - by)]).chain([(300, 300)]) {
                self.put(self.room, &before);
                let at = self.room + to as u64;
                assert_eq!(self.call("memmove", &[at, self.room + from as u64, len as u64]), at);
                let mut expected = before.clone();
                expected.copy_within(from..from + len, to);
                self.is_as(&expected, || format!("{len} bytes from {from} to {to}"));
            }
        }
    }

    fn fills(&mut self) {
        for len in lengths() {
            let before = pattern(len + 64);
            for start in 16..32 {
                self.put(self.room, &before);
                let at = self.room + start as u64;
                // Only the value's lowest byte counts.
                assert_eq!(self.call("memset", &[at, 0xffff_ff5a, len as u64]), at);
                let mut expected = before.clone();
                expected[start..start + len].fill(0x5a);
                self.is_as(&expected, || format!("{len} bytes from {start}"));
            }
        }
    }

    fn comparisons(&mut self) {
        let other = self.room + 0x8000;
        for len in lengths() {
            let bytes = pattern(len);
            for (one, two) in [(0, 0), (1, 0), (0, 15), (7, 9)].map(|(a, b)| (self.room + a, other + b)) {
                // Behind the end they differ.
                self.put(one, &[&bytes[..], &[1]].concat());
                self.put(two, &[&bytes[..], &[2]].concat());
                assert_eq!(self.call("memcmp", &[one, two, len as u64]), 0, "{len}");
                let places =
                    if len <= 70 { (0..len).collect() } else { vec![0, 15, 16, len / 2, len - 2, len - 1] };
                for place in places {
                    let byte = bytes[place];
                    // As unsigned bytes, and whatever follows.
                    let (low, high) = (byte.min(byte ^ 0x80), byte | 0x80);
                    for (ones, twos, sign) in [(low, high, -1), (high, low, 1)] {
                        self.put(one + place as u64, &[ones]);
                        self.put(two + place as u64, &[twos]);
                        let answer = self.call("memcmp", &[one, two, len as u64]) as i32;
                        let expected = if low == high { 0 } else { sign };
                        assert_eq!(answer.signum(), expected, "{place} of {len}");
                    }
                    self.put(one + place as u64, &[byte]);
                    self.put(two + place as u64, &[byte]);
                }
            }
        }
    }

    fn texts(&mut self) {
        let (room, other) = (self.room + 16, self.room + 0x8000);
        for len in lengths() {
            // No byte of it is zero.
            let text: Vec<u8> = pattern(len).into_iter().map(|byte| byte.max(1)).collect();
            let places: Vec<usize> = [0, len / 3, len / 2, len.wrapping_sub(1)].into();
            for align in 0..16 {
                let (one, two) = (room + align, other + (align * 7) % 16);
                // What lies around them does not count.
                self.put(one - 1, b"\0");
                self.put(one, &[&text[..], b"\0garbage\0"].concat());
                assert_eq!(self.call("strlen", &[one]), len as u64, "{align}");
                self.put(two, &[&text[..], b"\0rubbish\0"].concat());
                assert_eq!(self.call("strcmp", &[one, two]), 0, "{len}");
                for &place in places.iter().filter(|&&place| place < len) {
                    // A text that ends earlier is less; bytes are unsigned.
                    for byte in [0, text[place].wrapping_add(1), text[place] ^ 0x80] {
                        self.put(two + place as u64, &[byte]);
                        let expected = text[place].cmp(&byte) as i32;
                        assert_eq!(self.call("strcmp", &[one, two]) as i32, expected, "{place} of {len}");
                        assert_eq!(self.call("strcmp", &[two, one]) as i32, -expected, "{place} of {len}");
                    }
                    self.put(two + place as u64, &[text[place]]);
                }
            }
        }
    }

    /// Nothing is read or written behind the last byte that a function is to work on.
    fn ends_of_memory(&mut self) {
        let end = self.heap_end();
        for len in lengths() {
            let at = end - len as u64;
            let (bytes, room) = (pattern(len), self.room);
            self.put(at, &bytes);
            self.put(room, &bytes);
            assert_eq!(self.call("memcmp", &[room, at, len as u64]), 0);
            assert_eq!(self.call("memcmp", &[at, room, len as u64]), 0);
            self.call("memcpy", &[room + 5, at, len as u64]);
            assert!(self.read(room + 5, len) == bytes);
            self.call("memset", &[at, 3, len as u64]);
            assert!(self.read(at, len) == vec![3; len]);
            self.call("memmove", &[at, room + 5, len as u64]);
            assert!(self.read(at, len) == bytes);
            if let Some(text) = len.checked_sub(1) {
                self.call("memset", &[at, b'x'.into(), text as u64]);
                self.put(end - 1, b"\0");
                assert_eq!(self.call("strlen", &[at]), text as u64);
                self.call("memcpy", &[room, at, len as u64]);
                assert_eq!(self.call("strcmp", &[at, room]), 0);
                assert_eq!(self.call("strcmp", &[room, at]), 0);
            }
        }
        // Of nothing, nothing is touched.
        for name in ["memcpy", "memmove", "memset", "memcmp"] {
            self.call(name, &[0, 0, 0]);
        }
    }

    /// What is missing behind the memory's end is told, and the caller blamed.
    fn faults(&mut self) {
        let (room, end) = (self.room, self.heap_end());
        let mode = self.guest.mode();
        let behind_call = if mode == Mode::I386 { BEHIND_CALL } else { BEHIND_CALL_64 };
        for len in [1, 2, 15, 16, 17, 40, 100, 600, 1500, 5000] {
            for there in [0, 1, 5, 16, 33, 99].into_iter().filter(|&there| there < len) {
                let at = end - there;
                let cases: [(&str, [u64; 3], Access); 9] = [
                    ("memcpy", [at, room, len], Access::Write),
                    ("memcpy", [room, at, len], Access::Read),
                    ("memmove", [at, room, len], Access::Write),
                    ("memmove", [room, at, len], Access::Read),
                    ("memset", [at, 0, len], Access::Write),
                    ("memcmp", [at, room, len], Access::Read),
                    ("memcmp", [room, at, len], Access::Read),
                    ("strlen", [at, 0, 0], Access::Read),
                    ("strcmp", [room, at, 0], Access::Read),
                ];
                for (name, arguments, expected) in
                    cases.into_iter().filter(|&(name, ..)| is_native(mode, name))
                {
                    self.put(at, &vec![b'x'; there as usize]);
                    self.put(room, &[vec![b'x'; len as usize], vec![0]].concat());
                    let function = self.native(name);
                    let fault = self.call_by("call", function, &arguments).unwrap_err();
                    let place = fault.place.as_ref().map(|place| (place.module.as_str(), place.offset));
                    assert_eq!(place, Some(("callers.dll", CODE + behind_call)), "{name}: {fault:?}");
                    let FaultKind::AccessViolation { address: Some(address), access } = fault.kind else {
                        panic!("{name}: {fault:?}");
                    };
                    assert_eq!(access, expected, "{name}");
                    // Blocks are filled from their end, so it need not be the first missing byte.
                    let missing = if name == "memset" { end..at + len } else { end..end + 1 };
                    assert!(missing.contains(&address), "{name} of {len}, {there} there: {address:#x}");
                }
            }
        }
        // Wherever in a missing page.
        for address in [0, 5, 0x123] {
            for name in ["strlen", "memcmp", "strcmp"].into_iter().filter(|name| is_native(mode, name)) {
                let function = self.native(name);
                let fault = self.call_by("call", function, &[address, room, 1]).unwrap_err();
                let expected = FaultKind::AccessViolation { address: Some(address), access: Access::Read };
                assert_eq!(fault.kind, expected, "{name}");
            }
        }
    }

    fn integers(&mut self) {
        for name in ["abs", "labs"] {
            for number in [0, 1, -1, 7, -7, 32_768, -32_769, i32::MAX, -i32::MAX, i32::MIN] {
                let answer = self.call(name, &[number.cast_unsigned().into()]) as i32;
                assert_eq!(answer, number.wrapping_abs(), "{name}({number})");
            }
        }
    }

    fn random_numbers(&mut self) {
        // As MS Learn says of rand: "calling rand before any call to srand generates the same sequence as calling srand with 1".
        const DOCUMENTED: [u64; 5] = [41, 18467, 6334, 26500, 19169];
        assert_eq!([(); 5].map(|()| self.call("rand", &[])), DOCUMENTED);
        self.call("srand", &[1]);
        assert_eq!([(); 5].map(|()| self.call("rand", &[])), DOCUMENTED);
        for seed in [0, 2, 12_345, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
            self.call("srand", &[seed.into()]);
            let mut state = seed;
            for _ in 0..100 {
                state = state.wrapping_mul(214_013).wrapping_add(2_531_011);
                assert_eq!(self.call("rand", &[]), u64::from(state >> 16 & 0x7fff), "{seed}");
            }
        }
    }

    fn roundings(&mut self) {
        for name in ["floor", "ceil", "sqrt", "fabs"] {
            let function = match name {
                "floor" => f64::floor,
                "ceil" => f64::ceil,
                "sqrt" => f64::sqrt,
                _ => f64::abs,
            };
            self.native(name);
            for x in doubles() {
                let (made, expected) = (self.double_by("double", name, &[x]), function(x));
                let same = made.to_bits() == expected.to_bits() || made.is_nan() && expected.is_nan();
                assert!(same, "{name}({x:e}) is {made:e}, not {expected:e}");
            }
        }
    }

    fn conversions(&mut self) {
        // What the processor stores for numbers that do not fit: Intel SDM volume 1, "Integer Indefinite".
        const INDEFINITE: i64 = i64::MIN;
        let out = self.room;
        for function in ["_ftol", "_ftol2", "_ftol2_sse"].map(|name| self.native(name)) {
            for x in doubles() {
                let words = [self.guest.long(x.to_bits()), vec![out]].concat();
                self.call_by("convert", function, &words).unwrap();
                let fits = x.abs() < 9_223_372_036_854_775_808.0;
                let expected = if fits { x as i64 } else { INDEFINITE };
                assert_eq!(i64::from_le_bytes(self.guest.bytes(out)), expected, "{x:e}");
            }
        }
    }

    fn functions_that_take_registers(&mut self) {
        let same = |one: f64, other: f64| one.to_bits() == other.to_bits() || one.is_nan() && other.is_nan();
        let of_x87 = OF_X87.map(|function| (function, ["one", "two"]));
        let of_sse = OF_SSE.map(|function| (function, ["sse one", "sse two"]));
        for ((name, function, count), callers) in of_x87.into_iter().chain(of_sse) {
            for arguments in doubles().chunks_exact(3).map(|some| [some[0], some[2]]) {
                let arguments = &arguments[..count.into()];
                let made = self.double_by(callers[usize::from(count) - 1], name, arguments);
                let usual = if count == 1 { "double" } else { "doubles" };
                let expected = self.double_by(usual, function, arguments);
                assert!(same(made, expected), "{name}{arguments:?} is {made:e}, not {expected:e}");
            }
        }
    }

    /// What `_controlfp` sets holds for the code that called it, and not beyond the call from outside.
    fn the_control_word(&mut self) {
        let (function, out) = (self.guest.address("_controlfp"), self.room);
        for (rounding, expected) in [(0, [2, -2]), (0x100, [2, -3]), (0x200, [3, -2]), (0x300, [2, -2])] {
            for (x, expected) in [2.5_f64, -2.5].into_iter().zip(expected) {
                let words = [vec![rounding, 0x300], self.guest.long(x.to_bits()), vec![out]].concat();
                self.call_by("round", function, &words).unwrap();
                let made = i64::from_le_bytes(self.guest.bytes(out));
                assert_eq!(made, expected, "{x}, rounding {rounding:#x}");
            }
        }
        assert_eq!(self.guest.int("_controlfp", &[0, 0]), 0x9_001f);
    }
}
