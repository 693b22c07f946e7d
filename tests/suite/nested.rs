//! Drivers that open drivers: they live in one worker, as in one process on Windows.

use std::time::{Duration, Instant};

use drvhost::{Error, Hdrvr, Outcome, Policy, Registry};
use drvhost_tests::*;
use mmsystem::*;

/// What is given to drivers that shall not answer in time.
const DEADLINE: Duration = Duration::from_secs(1);
/// What a loaded machine may take longer.
const A_LITTLE: Duration = Duration::from_secs(1);

/// A session that finds test drivers in a folder.
struct Nest {
    rig: Rig,
    folder: Folder,
}

impl Nest {
    /// With copies of the test driver under these names.
    fn new(machine: Machine, files: &[&str]) -> Self {
        Self::with(machine, files, |_| (), Duration::from_secs(30))
    }

    fn with(
        machine: Machine,
        files: &[&str],
        set_up: impl FnOnce(&mut Registry),
        deadline: Duration,
    ) -> Self {
        let folder = Folder::new(machine);
        for file in files {
            folder.copy_driver("nest", file);
        }
        let mut registry = registry(machine);
        registry.add_driver_path(folder.path());
        set_up(&mut registry);
        let rig = Rig::with(machine, |builder| builder.registry(registry).deadline(Some(deadline)));
        Self { rig, folder }
    }

    /// Opens a file from outside of all drivers.
    fn open(&self, file: &str) -> Hdrvr {
        self.rig.session.open_driver(file, None, 0).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// Has a driver call OpenDriver; `None` for NULL.
    fn open_from(&self, opener: Hdrvr, name: &str, section: Option<&str>, lparam2: i64) -> Option<Hdrvr> {
        let wide = |text: &str| {
            let bytes: Vec<u8> = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
            self.rig.session.arena(opener).and_then(|arena| arena.block_with(&bytes)).expect("a block")
        };
        let (name, section) = (wide(name), section.map(wide));
        let values = [name.lparam(), section.as_ref().map_or(0, drvhost::Block::lparam), lparam2];
        let hdrvr = self.rig.send(opener, NEST_OPEN, self.rig.block(opener, &values).lparam(), 0);
        (hdrvr != 0).then_some(Hdrvr(hdrvr.cast_unsigned()))
    }

    /// Opens `file`, and has that open `other`.
    fn open_both(&self, file: &str, other: &str) -> [Hdrvr; 2] {
        let opener = self.open(file);
        [opener, self.open_from(opener, other, None, 0).expect("it opens")]
    }

    /// The worker that answered the last message to an instance.
    fn worker_of(&self, hdrvr: Hdrvr) -> u32 {
        self.rig.send(hdrvr, XOR, 5, 3);
        self.rig.calls_of(hdrvr).last().expect("a call").worker
    }
}

spy_test!(three_nested_opens_in_drv_load, |machine| {
    let nest = Nest::new(machine, &["nest-3.dll", "nest-2.dll", "nest-1.dll", "nest-0.dll"]);
    let top = nest.open("nest-3.dll");
    let calls = nest.rig.calls();
    let by =
        |file: &str| Sequence::of(calls.iter().filter(|call| call.driver == file).map(|call| call.number));
    for file in ["nest-3.dll", "nest-2.dll", "nest-1.dll", "nest-0.dll"] {
        assert_eq!(by(file), "LOAD ENABLE OPEN", "{file}");
    }
    assert_eq!(nest.rig.sequence(), "LOAD LOAD LOAD LOAD ENABLE OPEN ENABLE OPEN ENABLE OPEN ENABLE OPEN");
    assert!(calls.iter().all(|call| call.worker == calls[0].worker), "they live in one worker");
    assert_eq!(nest.rig.session.instances().len(), 4);

    let mut handle = top;
    for _ in 0..3 {
        handle = Hdrvr(nest.rig.send(handle, NEST_CHILD, 0, 0).cast_unsigned());
        assert_eq!(nest.rig.send(handle, XOR, 5, 3), 6);
    }
    nest.rig.skip_so_far();
    assert_eq!(nest.rig.close(top), 1);
    assert_eq!(
        nest.rig.sequence(),
        "CLOSE DISABLE FREE CLOSE DISABLE FREE CLOSE DISABLE FREE CLOSE DISABLE FREE"
    );
    assert!(nest.rig.session.instances().is_empty());
});

spy_test!(a_driver_for_another_machine_is_not_there, |machine| {
    let nest = Nest::with(
        machine,
        &["opener.dll", "twin.dll"],
        |registry| registry.set("Drivers32", "other", "other.dll"),
        Duration::from_secs(30),
    );
    let other = pick(machine, pe::Machine::X86_64, pe::Machine::I386);
    let other = pe::builder::Builder::new(other).code(&[0xC3]).export("DriverProc", 0).build();
    nest.folder.write("other.dll", &other);
    // One that exists for both is that for the opener's machine.
    std::fs::create_dir(nest.folder.file("beside")).unwrap();
    std::fs::copy(driver(machine, "nest"), nest.folder.file("beside/opener.dll")).unwrap();
    nest.folder.write("beside/twin.dll", &other);
    let opener = nest.open(nest.folder.file("beside/opener.dll").to_str().unwrap());
    for name in ["other", "other.dll", "C:\\windows\\system32\\other.dll"] {
        assert_eq!(nest.open_from(opener, name, None, 0), None, "{name}");
    }
    let twin = nest.open_from(opener, "twin.dll", None, 0).expect("it opens");
    assert_eq!(nest.rig.send(twin, XOR, 5, 3), 6);
});

spy_test!(c070_exitsession_reaches_opener_and_opened, |machine| {
    let nest = Nest::new(machine, &["nest-2.dll", "nest-1.dll", "nest-0.dll"]);
    nest.open("nest-2.dll");
    nest.rig.skip_so_far();
    let report = nest.rig.session.end(Policy::Orderly);
    assert!(report.all_answered(), "{report:?}");
    let told: Vec<_> = report.instances.iter().map(|instance| instance.driver.as_str()).collect();
    assert_eq!(told, ["nest-0.dll", "nest-1.dll", "nest-2.dll"], "in the order of DRV_OPEN");
    let calls = nest.rig.calls();
    let told = calls.iter().rposition(|call| call.number == DRV_EXITSESSION).unwrap();
    assert!(calls[..=told].iter().all(|call| call.number == DRV_EXITSESSION), "before anything is closed");
    for message in [DRV_EXITSESSION, DRV_CLOSE, DRV_DISABLE, DRV_FREE] {
        assert_eq!(nest.rig.calls_with(message).len(), 3, "{message:#x}");
    }
});

spy_test!(c073_opener_and_opened_send_to_each_other_during_the_broadcast, |machine| {
    let nest = Nest::new(machine, &["a.dll", "b.dll"]);
    let [a, b] = nest.open_both("a.dll", "b.dll");
    nest.rig.send(a, NEST_AT_EXIT, b.0.cast_signed(), 0);
    nest.rig.send(b, NEST_AT_EXIT, a.0.cast_signed(), 0);
    let report = nest.rig.session.end(Policy::Orderly);
    let results: Vec<_> = report.instances.iter().map(|instance| instance.result).collect();
    assert_eq!(results, [Some(6), Some(6)], "{report:?}");
});

spy_test!(pointers_mean_the_same_to_opener_and_opened, |machine| {
    let nest = Nest::new(machine, &["a.dll", "b.dll"]);
    let [a, b] = nest.open_both("a.dll", "b.dll");
    assert_eq!(nest.worker_of(a), nest.worker_of(b));
    assert_eq!(nest.rig.send(a, NEST_LET_SUM, b.0.cast_signed(), 0), 321);
    assert_eq!(nest.rig.send(b, NEST_LET_SUM, a.0.cast_signed(), 0), 321);
});

spy_test!(messages_between_them_are_in_the_trace, |machine| {
    let nest = Nest::new(machine, &["a.dll", "b.dll"]);
    let [a, b] = nest.open_both("a.dll", "b.dll");
    nest.rig.skip_so_far();
    assert_eq!(nest.rig.send(a, NEST_TURNS, b.0.cast_signed(), 3), 3);
    let calls = nest.rig.calls();
    let told: Vec<_> =
        calls.iter().map(|call| (call.hdrvr, call.lparam1, call.lparam2, call.result)).collect();
    let (a, b) = (a.0.cast_signed(), b.0.cast_signed());
    let expected = [(a, b, 3, 3), (b, a, 2, 2), (a, b, 1, 1), (b, a, 0, 0)];
    assert_eq!(told, expected.map(|(hdrvr, peer, left, result)| (hdrvr, peer, left, Some(result))));
    assert!(calls.windows(2).all(|pair| pair[0].end_us() >= pair[1].t_us), "each inside the one before");
    let drivers: Vec<_> = calls.iter().map(|call| call.driver.as_str()).collect();
    assert_eq!(drivers, ["a.dll", "b.dll", "a.dll", "b.dll"]);
});

spy_test!(between_workers_numbers_travel, |machine| {
    let nest = Nest::new(machine, &["a.dll", "b.dll"]);
    let (a, b) = (nest.open("a.dll"), nest.open("b.dll"));
    assert_ne!(nest.worker_of(a), nest.worker_of(b));
    assert_eq!(nest.rig.send(a, NEST_TURNS, b.0.cast_signed(), 7), 7);
});

spy_test!(a_driver_that_lives_elsewhere_is_joined_there, |machine| {
    let nest = Nest::new(machine, &["a.dll", "b.dll"]);
    let (a, first) = (nest.open("a.dll"), nest.open("b.dll"));
    let second = nest.open_from(a, "b.dll", None, 0).unwrap();
    assert_eq!(nest.worker_of(first), nest.worker_of(second));
    assert_eq!(nest.rig.send(first, NEST_OPENS, 0, 0), 2, "one module with two instances");
    assert_eq!(nest.rig.session.instances()[1].users, 2);
});

spy_test!(what_a_driver_opened_outlives_it_for_others, |machine| {
    let nest = Nest::new(machine, &["a.dll", "b.dll"]);
    let [a, b] = nest.open_both("a.dll", "b.dll");
    let other = nest.open("b.dll");
    assert_eq!(nest.rig.send(b, NEST_OPENS, 0, 0), 2, "whoever opens it, it is one module");
    nest.rig.skip_so_far();
    nest.rig.close(a);
    assert_eq!(nest.rig.sequence(), "CLOSE DISABLE FREE");
    assert_eq!(nest.rig.send(other, XOR, 5, 3), 6);
    nest.rig.close(b);
    nest.rig.close(other);
    assert!(nest.rig.session.instances().is_empty());
    // And then both can be had again.
    let [_, b] = nest.open_both("a.dll", "b.dll");
    assert_eq!(nest.rig.send(b, NEST_OPENS, 0, 0), 1);
});

spy_test!(a_driver_opens_and_closes_another_any_number_of_times, |machine| {
    let nest = Nest::new(machine, &["a.dll", "b.dll"]);
    let a = nest.open("a.dll");
    // More often than there is room for images side by side.
    for _ in 0..1200 {
        let b = nest.open_from(a, "b.dll", None, 0).expect("it opens");
        // Its data is what it was in the file.
        assert_eq!(nest.rig.send(b, NEST_OPENS, 0, 0), 1);
        assert_eq!(nest.rig.send(a, NEST_CLOSE, b.0.cast_signed(), 0), 1);
    }
});

spy_test!(a_driver_that_opens_itself_while_it_is_loaded_gets_null_at_once, |machine| {
    let nest = Nest::new(machine, &["nest-own.dll"]);
    let started = Instant::now();
    let own = nest.open("nest-own.dll");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert_eq!(nest.rig.send(own, NEST_CHILD, 0, 0), 0);
    // Once it is loaded, it may.
    let second = nest.open_from(own, "nest-own.dll", None, 0).unwrap();
    assert_eq!(nest.rig.send(second, NEST_OPENS, 0, 0), 2);
});

spy_test!(a_driver_may_close_itself, |machine| {
    let nest = Nest::new(machine, &["a.dll", "b.dll"]);
    let a = nest.open("a.dll");
    assert_eq!(nest.rig.send(a, NEST_CLOSE, a.0.cast_signed(), 0), 1);
    assert!(nest.rig.session.instances().is_empty());
    // One that another has opened is told of its end when none of its code runs any more, and can be opened again.
    let a = nest.open("a.dll");
    for _ in 0..1200 {
        let b = nest.open_from(a, "b.dll", None, 0).expect("there is room again");
        assert_eq!(nest.rig.send(b, NEST_CLOSE, b.0.cast_signed(), 0), 1);
    }
    assert_eq!(nest.rig.send(a, XOR, 5, 3), 6);
});

spy_test!(a_loop_between_workers_ends_within_the_deadline_and_is_reported, |machine| {
    let nest = Nest::with(machine, &["a.dll", "b.dll"], |_| (), 10 * DEADLINE);
    let (a, b) = (nest.open("a.dll"), nest.open("b.dll"));
    let started = Instant::now();
    let error = nest.rig.session.send(a, NEST_TURNS, b.0.cast_signed(), -1).unwrap_err();
    let Error::Faulted { driver, fault, .. } = &error else { panic!("{error}") };
    assert!(driver == "a.dll" && fault.text.contains("without end"), "{error}");
    assert!(started.elapsed() < DEADLINE + A_LITTLE, "{:?}", started.elapsed());
    let calls = nest.rig.calls_with(NEST_TURNS);
    assert!(calls.len() > 10 && calls.iter().all(|call| call.ended(Outcome::Faulted)), "{calls:?}");
    assert_eq!((nest.rig.send(a, XOR, 5, 3), nest.rig.send(b, XOR, 5, 3)), (6, 6));
});

spy_test!(a_slow_loop_between_workers_ends_at_the_deadline_and_is_reported, |machine| {
    let nest = Nest::with(machine, &["a.dll", "b.dll"], |_| (), DEADLINE);
    let (a, b) = (nest.open("a.dll"), nest.open("b.dll"));
    for hdrvr in [a, b] {
        nest.rig.send(hdrvr, NEST_BE_SLOW, 150, 0);
    }
    let started = Instant::now();
    // The innermost calls are late, and so each of the others still has the time to answer.
    let turns = nest.rig.send(a, NEST_TURNS, b.0.cast_signed(), -1);
    assert!(started.elapsed() < DEADLINE + A_LITTLE, "{:?}", started.elapsed());
    let calls = nest.rig.calls_with(NEST_TURNS);
    let answered = calls.iter().take_while(|call| call.ended(Outcome::Answered)).count();
    assert_eq!(usize::try_from(turns), Ok(answered), "{calls:?}");
    assert!(answered < calls.len(), "none was late: {calls:?}");
    assert!(calls.iter().skip(answered).all(|call| call.ended(Outcome::Late)), "{calls:?}");
});

spy_test!(a_loop_in_one_worker_ends_and_is_reported, |machine| {
    let nest = Nest::with(machine, &["a.dll", "b.dll"], |_| (), DEADLINE);
    let [a, b] = nest.open_both("a.dll", "b.dll");
    let started = Instant::now();
    let error = nest.rig.session.send(a, NEST_TURNS, b.0.cast_signed(), -1).unwrap_err();
    let Error::Faulted { fault, .. } = &error else { panic!("{error}") };
    assert!(fault.text.contains("stack overflow"), "{error}");
    assert!(started.elapsed() < DEADLINE + A_LITTLE, "{:?}", started.elapsed());
    assert_eq!((nest.rig.send(a, XOR, 5, 3), nest.rig.send(b, XOR, 5, 3)), (6, 6));
});

spy_test!(c073_a_loop_during_the_broadcast_is_reported_and_costs_nobody_else_anything, |machine| {
    let nest = Nest::with(machine, &["a.dll", "b.dll", "c.dll"], |_| (), 10 * DEADLINE);
    let (a, b, c) = (nest.open("a.dll"), nest.open("b.dll"), nest.open("c.dll"));
    nest.rig.send(a, NEST_TURNS_AT_EXIT, b.0.cast_signed(), 0);
    nest.rig.send(c, NEST_AT_EXIT, b.0.cast_signed(), 0);
    let started = Instant::now();
    let report = nest.rig.session.end(Policy::Orderly);
    assert!(started.elapsed() < DEADLINE + A_LITTLE, "{:?}", started.elapsed());
    let outcomes: Vec<_> = report.instances.iter().map(|instance| instance.outcome).collect();
    assert_eq!(outcomes, [Outcome::Faulted, Outcome::Answered, Outcome::Answered], "{report:?}");
    assert!(report.instances[0].error.as_ref().unwrap().contains("without end"), "{report:?}");
    assert_eq!(report.instances[2].result, Some(6));
});

spy_test!(a_fault_of_the_opened_ends_the_message_to_the_opener, |machine| {
    let nest = Nest::new(machine, &["a.dll", "b.dll"]);
    let [a, b] = nest.open_both("a.dll", "b.dll");
    let values = nest.rig.block(a, &[b.0.cast_signed(), NEST_FAULT.into(), 0, 0]);
    let error = nest.rig.session.send(a, NEST_SEND, values.lparam(), 0).unwrap_err();
    let Error::Faulted { driver, fault, .. } = &error else { panic!("{error}") };
    assert_eq!((driver.as_str(), fault.place.as_ref().unwrap().module.as_str()), ("a.dll", "b.dll"));
    assert!(nest.rig.call_with(NEST_FAULT).ended(Outcome::Faulted));
    for hdrvr in [a, b] {
        assert_eq!(nest.rig.send(hdrvr, XOR, 5, 3), 6);
    }
});

spy_test!(what_cannot_be_opened_is_null_and_the_opener_goes_on, |machine| {
    let nest = Nest::new(machine, &["a.dll"]);
    nest.folder.write("text.dll", "this is no driver");
    for driver in ["load0", "nodriverproc", "attach0", "loadfault"] {
        nest.folder.copy_driver(driver, &format!("{driver}.dll"));
    }
    let a = nest.open("a.dll");
    for _ in 0..3 {
        for name in [
            "text.dll",
            "missing.dll",
            "load0.dll",
            "nodriverproc.dll",
            "attach0.dll",
            "loadfault.dll",
            "",
            " a.dll",
        ] {
            assert_eq!(nest.open_from(a, name, None, 0), None, "{name}");
        }
    }
    assert_eq!(nest.open_from(a, &"x".repeat(5000), None, 0), None);
    assert_eq!(nest.rig.send(a, XOR, 5, 3), 6);
    assert_eq!(nest.rig.session.instances().len(), 1);
});

spy_test!(a_driver_finds_what_lies_beside_it_and_reaches_nothing_by_path, |machine| {
    let nest = Nest::with(machine, &["b.dll"], |_| (), Duration::from_secs(30));
    let elsewhere = Folder::new(machine);
    for file in ["a.dll", "beside.dll"] {
        elsewhere.copy_driver("nest", file);
    }
    let a = nest.rig.try_open_file(&elsewhere.file("a.dll"), "", 0).unwrap();
    for name in ["beside.dll", "BESIDE", r"C:\WINDOWS\system32\beside.dll", "b.dll"] {
        let opened = nest.open_from(a, name, None, 0).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(nest.rig.send(opened, XOR, 5, 3), 6, "{name}");
    }
    let absolute = nest.folder.file("b.dll").display().to_string();
    let wide = absolute.replace('/', "\\");
    let up = r"C:\windows\system32\..\b.dll";
    for name in [absolute.as_str(), &wide, "../b.dll", up, "C:/windows/system32/"] {
        assert_eq!(nest.open_from(a, name, None, 0), None, "{name}");
    }
});

spy_test!(c042_the_opened_gets_the_text_of_its_entry, |machine| {
    let entry = |registry: &mut Registry| registry.set("Some Section", "friend", "spy.dll open=0x77");
    let nest = Nest::with(machine, &["a.dll"], entry, Duration::from_secs(30));
    nest.folder.copy_driver("spy", "spy.dll");
    let a = nest.open("a.dll");
    assert_eq!(nest.open_from(a, "friend", None, 0), None);
    let opened = nest.open_from(a, "friend", Some("some section"), 9).unwrap();
    assert_eq!(nest.rig.session.instances()[1].id, 0x77);
    let seen = nest.rig.watch(opened).last(DRV_OPEN);
    assert_eq!((seen.text.as_deref(), seen.lparam2), (Some("open=0x77"), 9));
});

spy_test!(c049_a_null_name_is_null, |machine| {
    let nest = Nest::new(machine, &["a.dll"]);
    let a = nest.open("a.dll");
    let values = nest.rig.block(a, &[0, 0, 0]);
    nest.rig.skip_so_far();
    for message in [NEST_OPEN, NEST_OPEN_ANSI] {
        assert_eq!(nest.rig.send(a, message, values.lparam(), 0), 0);
    }
    assert_eq!(nest.rig.calls().len(), 2, "nothing was opened");
});

spy_test!(c051_open_driver_a_converts_its_strings, |machine| {
    let entry = |registry: &mut Registry| registry.set("Füße", "frühling", "b.dll");
    let nest = Nest::with(machine, &["a.dll", "b.dll"], entry, Duration::from_secs(30));
    let a = nest.open("a.dll");
    let arena = nest.rig.session.arena(a).unwrap();
    // In Windows-1252.
    let name = arena.block_with(b"fr\xfchling\0").unwrap();
    let section = arena.block_with(b"F\xfc\xdfe\0").unwrap();
    let open = |values: &[i64]| nest.rig.send(a, NEST_OPEN_ANSI, nest.rig.block(a, values).lparam(), 0);
    assert_eq!(open(&[name.lparam(), 0, 0]), 0);
    let opened = Hdrvr(open(&[name.lparam(), section.lparam(), 0]).cast_unsigned());
    assert_eq!(nest.rig.send(opened, XOR, 5, 3), 6);
});

spy_test!(drivers_that_open_each_other_while_they_are_loaded_do_not_wait_for_each_other, |machine| {
    let nest = Nest::new(machine, &["nest-x.dll", "nest-y.dll"]);
    let started = Instant::now();
    let [x, y] = std::thread::scope(|scope| {
        let session = &nest.rig.session;
        ["nest-x.dll", "nest-y.dll"]
            .map(|file| scope.spawn(move || session.open_driver(file, None, 0)))
            .map(|thread| thread.join().unwrap().unwrap())
    });
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    // Whoever came second got NULL, and the other an instance of it.
    let children = [x, y].map(|hdrvr| nest.rig.send(hdrvr, NEST_CHILD, 0, 0));
    assert_eq!(children.iter().filter(|&&child| child == 0).count(), 1, "{children:?}");
    assert_eq!(nest.rig.session.instances().len(), 3);
});

spy_test!(what_is_opened_while_its_opener_is_unloaded_lives, |machine| {
    let nest = Nest::new(machine, &["nest-detach.dll", "b.dll"]);
    let opener = nest.open("nest-detach.dll");
    assert_eq!(nest.rig.close(opener), 1);
    let left = nest.rig.session.instances();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(nest.rig.send(left[0].hdrvr, XOR, 5, 3), 6);
    assert_eq!(nest.rig.close(left[0].hdrvr), 1);
});

spy_test!(there_is_an_end_to_what_a_driver_can_open, |machine| {
    let nest = Nest::new(machine, &["a.dll"]);
    let a = nest.open("a.dll");
    let name: Vec<u8> = "a.dll\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let name = nest.rig.session.arena(a).unwrap().block_with(&name).unwrap();
    let values = nest.rig.block(a, &[name.lparam(), 0, 1000]);
    assert_eq!(nest.rig.send(a, NEST_OPEN_MANY, values.lparam(), 0), 256);
    let last = nest.rig.session.instances().last().unwrap().hdrvr;
    assert_eq!(nest.rig.close(last), 1);
    assert_eq!(nest.rig.send(a, NEST_OPEN_MANY, values.lparam(), 0), 1, "one less is one more");
    nest.open("a.dll");
});

spy_test!(what_cannot_be_opened_takes_no_room_in_its_openers_worker, |machine| {
    let nest = Nest::new(machine, &["a.dll", "b.dll"]);
    nest.folder.copy_driver("dataproc", "dataproc.dll");
    let a = nest.open("a.dll");
    // More often than there is room for images side by side.
    for _ in 0..1200 {
        assert_eq!(nest.open_from(a, "dataproc.dll", None, 0), None);
    }
    nest.open_from(a, "b.dll", None, 0).expect("it opens");
});

spy_test!(whatever_an_opened_driver_does_wrong_its_opener_goes_on_and_nothing_is_left_over, |machine| {
    let files: Vec<String> = ["hang", "fault"]
        .iter()
        .flat_map(|how| "leocif".chars().map(move |at| format!("{how}-{at}.dll")))
        .collect();
    let names: Vec<&str> = files.iter().map(String::as_str).collect();
    let nest = Nest::with(machine, &[&names[..], &["a.dll", "b.dll"]].concat(), |_| (), DEADLINE);
    let [a, b] = nest.open_both("a.dll", "b.dll");
    for name in names {
        let opened = nest.open_from(a, name, None, 0);
        let opens = !["l.dll", "e.dll", "o.dll"].iter().any(|at| name.ends_with(at));
        assert_eq!(opened.is_some(), opens, "{name}");
        if let Some(opened) = opened {
            assert_eq!(nest.worker_of(opened), nest.worker_of(a), "{name}");
            let answer = nest.rig.send(a, NEST_CLOSE, opened.0.cast_signed(), 0);
            assert_eq!(answer == 1, !name.contains("-c"), "{name}");
            assert!(nest.rig.session.send(opened, XOR, 5, 3).is_err(), "{name}");
        }
        assert_eq!(nest.rig.session.instances().len(), 2, "{name}");
        assert_eq!((nest.rig.send(a, XOR, 5, 3), nest.rig.send(b, XOR, 5, 3)), (6, 6), "{name}");
        // From outside it can be had anew, and has a worker of its own.
        if let Ok(alone) = nest.rig.session.open_driver(name, None, 0) {
            assert_ne!(nest.worker_of(alone), nest.worker_of(a), "{name}");
            let _ = nest.rig.session.close(alone, 0, 0);
        }
        assert_eq!(nest.rig.session.instances().len(), 2, "{name}");
    }
    let report = nest.rig.session.end(Policy::Orderly);
    assert!(report.all_answered(), "{report:?}");
});

spy_test!(a_session_can_end_while_a_driver_opens_another, |machine| {
    let nest = Nest::with(
        machine,
        &["nest-1.dll", "hang-o.dll", "a.dll"],
        |registry| registry.set("Drivers32", "nest-0.dll", "hang-o.dll"),
        DEADLINE,
    );
    let a = nest.open("a.dll");
    let (session, started) = (&nest.rig.session, Instant::now());
    std::thread::scope(|scope| {
        let opening = scope.spawn(move || session.open_driver("nest-1.dll", None, 0));
        std::thread::sleep(DEADLINE / 4);
        let report = session.end(Policy::Orderly);
        assert!(started.elapsed() < DEADLINE + A_LITTLE, "{:?}", started.elapsed());
        assert_eq!(report.instances[0].hdrvr, a.0.cast_signed());
        // What was on its way arrives and is told, whether or not it got what it wanted.
        let opened = opening.join().unwrap().unwrap();
        assert_eq!(report.instances[1].hdrvr, opened.0.cast_signed());
        assert!(report.all_answered(), "{report:?}");
    });
    assert!(session.instances().is_empty());
});
