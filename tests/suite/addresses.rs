//! What drivers see lies at other addresses in every worker, and what decides over a worker out of a 32-bit driver's reach.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::ops::Range;

use drvhost::{Error, Hdrvr, Trace};
use drvhost_tests::*;
use guest::layout::{GRANULARITY, GUEST_END, IMAGES, Region, Window};

/// How often a worker is started.
const STARTS: usize = 20;

/// What a driver finds where, and its block of shared memory.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Addresses {
    image: u64,
    stack: u64,
    heap: u64,
    blocks: u64,
    function: u64,
    memcpy: u64,
    thread: u64,
    arena: u64,
    /// What a 64-bit driver's thread block leads to of the host's side.
    context: u64,
}

impl Addresses {
    /// What this driver sees.
    fn of(rig: &Rig, hostile: Hdrvr) -> Self {
        let block = rig.bytes(hostile, &[0; 64]);
        assert_eq!(rig.send(hostile, HOSTILE_ADDRESSES, block.lparam(), 0), 1);
        let bytes = block.to_vec().unwrap();
        let mut words = bytes.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap()));
        let [image, stack, heap, blocks, function, memcpy, thread, context] =
            [(); 8].map(|()| words.next().unwrap());
        Self { image, stack, heap, blocks, function, memcpy, thread, arena: block.address(), context }
    }

    /// What a driver sees in a session of its own.
    fn of_another(machine: Machine, fixed: bool) -> Self {
        // While a trace is written, shims are bound instead of what is guest code here.
        let rig = Rig::with(machine, |builder| builder.fixed_addresses(fixed).trace(Trace::none()));
        Self::of(&rig, rig.open("hostile", ""))
    }

    /// By region; `None` is the driver's image.
    fn by_region(&self) -> Vec<(Option<Region>, u64)> {
        let regions = [
            (Region::Stack, self.stack),
            (Region::Heap, self.heap),
            (Region::System, self.blocks),
            (Region::Thunks, self.function),
            (Region::Natives, self.memcpy),
            (Region::Threads, self.thread),
            (Region::Arena, self.arena),
        ];
        [(None, self.image)].into_iter().chain(regions.map(|(region, at)| (Some(region), at))).collect()
    }
}

/// The addresses are as many different ones, and as far apart, as those of a region that may lie anywhere in its window.
fn are_spread(what: &str, window: &Window, addresses: &[u64]) {
    assert!(addresses.iter().all(|at| window.range.contains(at)), "{what}: {addresses:x?}");
    let (least, greatest) = (addresses.iter().min().unwrap(), addresses.iter().max().unwrap());
    // All of them lie in the same quarter by accident once in 10^10 times.
    let quarter = window.places() * window.step / 4;
    assert!(greatest - least >= quarter, "{what}: {addresses:x?}");
    let different = addresses.iter().collect::<BTreeSet<_>>().len();
    assert!(different >= addresses.len() / 2, "{what}: {addresses:x?}");
}

spy_test!(no_two_workers_are_alike, |machine| {
    let seen: Vec<_> = (0..STARTS).map(|_| Addresses::of_another(machine, false).by_region()).collect();
    for (index, &(region, _)) in seen[0].iter().enumerate() {
        let addresses: Vec<u64> = seen.iter().map(|places| places[index].1).collect();
        match region {
            Some(region) => are_spread(region.name(), &region.window(), &addresses),
            None => {
                let window = Window { range: IMAGES, size: 1 << 20, step: GRANULARITY };
                are_spread("image", &window, &addresses);
                assert!(addresses.iter().all(|at| at.is_multiple_of(GRANULARITY)), "{addresses:x?}");
            }
        }
    }
});

spy_test!(who_wants_to_has_all_workers_alike, |machine| {
    let [one, other] = [(); 2].map(|()| Addresses::of_another(machine, true));
    assert_eq!(one, Addresses { context: one.context, ..other });
    let rig = Rig::with(machine, |builder| builder.fixed_addresses(true));
    let layers = rig.session.layers(rig.open("spy", "")).unwrap();
    let (_, active, detail) = layers.iter().find(|(name, _, _)| name == "addresses").unwrap();
    assert!(!active && detail.contains("fixed"), "{detail}");
});

spy_test!(the_layer_tells_how_much_is_random, |machine| {
    let rig = Rig::new(machine);
    let layers = rig.session.layers(rig.open("spy", "")).unwrap();
    let (_, active, detail) = layers.iter().find(|(name, _, _)| name == "addresses").unwrap();
    assert!(active, "{detail}");
    for region in Region::ALL {
        let told = format!("{} {}", region.name(), region.window().bits());
        assert!(detail.contains(&told), "{told}: {detail}");
    }
});

/// A session in which a driver has opened another one, and that.
fn opened_by_another(machine: Machine) -> (Rig, Hdrvr) {
    let folder = Folder::new(machine);
    folder.copy_driver("nest", "outer.dll");
    folder.copy_driver("hostile", "inner.dll");
    let mut names = registry(machine);
    names.add_driver_path(folder.path());
    let rig = Rig::with(machine, |builder| builder.registry(names));
    let outer = rig.session.open_driver("outer.dll", None, 0).unwrap();
    let name: Vec<u8> = "inner.dll\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let name = rig.bytes(outer, &name);
    let inner = rig.send(outer, NEST_OPEN, rig.block(outer, &[name.lparam(), 0, 0]).lparam(), 0);
    assert_ne!(inner, 0);
    (rig, Hdrvr(inner.cast_unsigned()))
}

spy_test!(further_images_lie_anywhere_too, |machine| {
    let base = |_| {
        let (rig, inner) = opened_by_another(machine);
        Addresses::of(&rig, inner).image
    };
    let bases: Vec<u64> = (0..STARTS).map(base).collect();
    are_spread(Region::Brought.name(), &Region::Brought.window(), &bases);
    assert!(bases.iter().all(|at| at.is_multiple_of(GRANULARITY)), "{bases:x?}");
});

/// One mapping of a worker's.
struct Mapping {
    range: Range<u64>,
    executable: bool,
    name: String,
}

/// What the worker for a driver with this file name has mapped; `None` where only root may look.
fn mappings(file: &str) -> Option<Vec<Mapping>> {
    let found = workers(std::process::id(), file);
    assert_eq!(found.len(), 1, "{found:?}");
    let maps = match fs::read_to_string(format!("/proc/{}/maps", found[0])) {
        Ok(maps) => maps,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return None,
        Err(error) => panic!("{error}"),
    };
    let read = |line: &str| {
        let mut fields = line.split_whitespace();
        let (start, end) = fields.next().unwrap().split_once('-').unwrap();
        let [start, end] = [start, end].map(|number| u64::from_str_radix(number, 16).unwrap());
        let executable = fields.next().unwrap().contains('x');
        Mapping { range: start..end, executable, name: fields.skip(3).collect::<Vec<_>>().join(" ") }
    };
    Some(maps.lines().map(read).collect())
}

/// A session with a hostile driver of a file of its own.
fn looked_at(machine: Machine) -> (Rig, Hdrvr) {
    let rig = Rig::new(machine);
    let file = rig.copy("hostile", "looked-at.dll");
    let hostile = rig.try_open_file(&file, "", 0).unwrap();
    (rig, hostile)
}

spy_test!(below_4_gib_there_is_only_what_is_the_drivers, |machine| {
    let (rig, hostile) = looked_at(machine);
    // Where nobody may look, the worker has looked itself, or it would not have started.
    let Some(mappings) = mappings("looked-at.dll") else { return };
    let (low, high): (Vec<_>, Vec<_>) = mappings.iter().partition(|mapping| mapping.range.start < GUEST_END);
    let mut windows = vec![IMAGES];
    windows.extend(Region::ALL.map(|region| region.window().range));
    for mapping in &low {
        // Neighbours that allow the same are one to the kernel, and windows follow each other.
        let inside = windows[0].start <= mapping.range.start && mapping.range.end <= windows[8].end;
        assert!(inside, "{:x?} {}", mapping.range, mapping.name);
        let of_the_drivers = ["", "/memfd:drvhost arena (deleted)", "/memfd:drvhost images (deleted)"];
        assert!(of_the_drivers.contains(&mapping.name.as_str()), "{}", mapping.name);
    }
    let holds = |part: &str| high.iter().any(|mapping| mapping.name.contains(part));
    for part in ["drvhost channel", "drvhost-worker", "[stack]"] {
        assert!(holds(part), "{part} is not above 4 GiB");
    }
    assert_eq!(rig.send(hostile, XOR, 5, 3), 6);
});

spy_test!(no_address_becomes_executable, |machine| {
    const READ_EXECUTE: i64 = (libc::PROT_READ | libc::PROT_EXEC) as i64;
    let (rig, hostile) = looked_at(machine);
    let code = || -> Option<Vec<Range<u64>>> {
        let executable = mappings("looked-at.dll")?.into_iter().filter(|mapping| mapping.executable);
        Some(executable.map(|mapping| mapping.range).collect())
    };
    let before = code();
    let protect = |at: u64, protection: i64| {
        let values = [libc::SYS_mprotect, at.cast_signed(), 4096, protection, 0, 0];
        rig.session.send(hostile, HOSTILE_SYSCALL, rig.block(hostile, &values).lparam(), 0)
    };
    let end = Region::Arena.window().range.end;
    let windows = Region::ALL.map(|region| region.window().range.start);
    let own = Addresses::of(&rig, hostile).by_region().into_iter().map(|(_, at)| at & !0xfff);
    for at in (0..end).step_by(8 << 20).chain(windows).chain(own) {
        let error = protect(at, READ_EXECUTE).unwrap_err();
        assert!(matches!(error, Error::Faulted { .. }), "{at:#x}: {error}");
    }
    // What is no data keeps what it allows.
    for region in Region::ALL {
        let range = region.window().range;
        let data = sandbox::filter::DATA.iter().any(|data| data.contains(&range.start));
        assert_eq!(data, matches!(region, Region::Brought | Region::Heap), "{region:?}");
        for at in (range.step_by(1 << 20)).filter(|_| !data) {
            assert!(protect(at, libc::PROT_READ.into()).is_err(), "{at:#x}");
        }
    }
    assert_eq!(code(), before);
    assert_eq!(rig.send(hostile, XOR, 5, 3), 6);
});

spy_test!(a_32_bit_driver_finds_nothing_of_the_hosts_side, |machine| {
    let rig = Rig::new(machine);
    let hostile = rig.open("hostile", "");
    let Addresses { context, .. } = Addresses::of(&rig, hostile);
    assert!(pick(machine, context == 0, context >= GUEST_END), "{context:#x}");
    // Whatever it has in GS, and in its thread block.
    assert_eq!(rig.send(hostile, HOSTILE_RELOAD_GS, 0, 0), 1);
    assert_eq!(rig.send(hostile, XOR, 5, 3), 6);
    if machine == Machine::I386 {
        assert_eq!(rig.send(hostile, HOSTILE_TEB, 0, 0) & 1, 1);
        assert_eq!(rig.send(hostile, XOR, 5, 3), 6);
    }
});
