//! `drvhost serve`: what it answers whom, and what becomes of those who leave.

use std::os::unix::process::CommandExt;
use std::time::{Duration, Instant};

use drvhost_tests::*;
use mmsystem::*;
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};

/// What the folder's driver is called.
const SPY: &str = "spy.dll";

fn with_spy(machine: Machine) -> (Folder, Bus) {
    let folder = Folder::with_spies(machine, &[SPY]);
    let bus = Bus::start(&folder);
    (folder, bus)
}

/// The messages to a handle, without acts, once the last one is FREE.
fn sequence_to_the_end(bus: &Bus, handle: u64) -> String {
    let of_handle = || {
        let calls = bus.calls().into_iter().filter(|call| call.hdrvr == handle.cast_signed());
        Sequence::of(calls.map(|call| call.number)).to_string()
    };
    wait_until("the driver is freed", || of_handle().ends_with("FREE"));
    of_handle()
}

fn descriptors(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().count()
}

fn name_of<T: std::fmt::Debug>(result: Result<T, Refused>) -> String {
    result.expect_err("an error").name
}

bus_test!(a_driver_is_opened_used_listed_and_closed, |machine| {
    let (_folder, bus) = with_spy(machine);
    let service = bus.serve(&[]);
    let client = bus.client();
    let handle: u64 = client.call("Open", &(SPY, "", 7_i64)).unwrap();
    assert_eq!(client.send(handle, XOR, 5, 3), Ok(6));
    let listed = client.instances();
    assert_eq!(listed.len(), 1);
    let (number, driver, id, pid) = &listed[0];
    assert_eq!((*number, driver.as_str(), *pid), (handle, SPY, i64::from(std::process::id())));
    assert_ne!(*id, 0);
    let drivers: Vec<(String, String, String, String)> = client.call("ListDrivers", &()).unwrap();
    let spy = drivers.iter().find(|(_, file, ..)| file.ends_with(SPY)).unwrap();
    assert_eq!((spy.2.clone(), spy.3.as_str()), (machine.to_string(), "driver-path"));
    assert_eq!(client.close(handle), Ok(1));
    assert_eq!(name_of(client.send(handle, XOR, 5, 3)), "BadHandle");
    assert!(client.instances().is_empty());
    assert_eq!(bus.calls_with(DRV_OPEN)[0].lparam2, 7);
    drop(service);
});

bus_test!(buffers_and_memory_reach_the_driver_and_come_back, |machine| {
    let folder = Folder::with_spies(machine, &[SPY, "other.dll"]);
    let bus = Bus::start(&folder);
    let _service = bus.serve(&[]);
    let client = bus.client();
    let handle = client.open(SPY, "");
    // The spy moves its log to where it is told, and what it writes there comes back.
    let (result, log): (i64, Vec<u8>) = client
        .call("SendBuffer", &(handle, SPY_WATCH, vec![0_u8; 4], u32::try_from(Log::SIZE).unwrap()))
        .unwrap();
    assert_eq!((result, log.len()), (1, Log::SIZE));
    let entries = u64::from_le_bytes(log[..8].try_into().unwrap());
    assert_eq!(entries, 4, "LOAD, ENABLE, OPEN and this");
    assert_eq!(bus.calls_with(SPY_WATCH)[0].lparam2, 4, "lParam2 is the size of what went in");

    let handle = client.open("other.dll", "");
    let memory = memfd_create("test", MemfdFlags::CLOEXEC).unwrap();
    ftruncate(&memory, Log::SIZE as u64).unwrap();
    let shared = zbus::Fd::from(&memory);
    let result: i64 = client.call("SendMemory", &(handle, SPY_WATCH, shared, Log::SIZE as u64)).unwrap();
    assert_eq!(result, 1);
    let mut count = [0; 8];
    std::os::unix::fs::FileExt::read_exact_at(&std::fs::File::from(memory), &mut count, 0).unwrap();
    assert_eq!(u64::from_le_bytes(count), 4);
});

bus_test!(calls_to_different_workers_run_side_by_side, |machine| {
    let folder = Folder::with_spies(machine, &["one.dll", "two.dll", "three.dll", "four.dll"]);
    let bus = Bus::start(&folder);
    let _service = bus.serve(&[]);
    let client = bus.client();
    let bodies: Vec<_> = ["one.dll", "two.dll", "three.dll", "four.dll"]
        .map(|name| (client.open(name, ""), SPY_SLEEP, 500_i64, 0_i64))
        .to_vec();
    let started = Instant::now();
    let answers: Vec<i64> = client.calls("Send", &bodies);
    assert_eq!(answers, [500; 4]);
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
});

bus_test!(handles_belong_to_the_client_that_opened_them, |machine| {
    let (_folder, bus) = with_spy(machine);
    let service = bus.serve(&[]);
    let (one, other) = (bus.client(), bus.client());
    let (theirs, own) = (one.open(SPY, ""), other.open(SPY, ""));
    assert_ne!(theirs, own, "no two clients have a handle in common");
    assert_eq!(name_of(other.send(theirs, XOR, 5, 3)), "Denied");
    assert_eq!(name_of(other.close(theirs)), "Denied");
    assert_eq!(one.send(theirs, XOR, 5, 3), Ok(6));
    // C032: each has a worker of its own.
    assert_eq!(workers(service.id(), SPY).len(), 2);
    assert_eq!(bus.calls_with(DRV_LOAD).len(), 2);
});

bus_test!(a_client_that_leaves_has_its_drivers_told_and_closed, |machine| {
    let (_folder, bus) = with_spy(machine);
    let service = bus.serve(&[]);
    let (leaving, staying) = (bus.client(), bus.client());
    let (gone, kept) = (leaving.open(SPY, ""), staying.open(SPY, ""));
    drop(leaving);
    assert_eq!(sequence_to_the_end(&bus, gone), "LOAD ENABLE OPEN EXITAPPLICATION CLOSE DISABLE FREE");
    assert_eq!(bus.calls_with(DRV_EXITAPPLICATION)[0].lparam1, i64::from(DRVEA_ABNORMALEXIT));
    assert_eq!(staying.send(kept, XOR, 5, 3), Ok(6));
    // One that says goodbye is told so, and may go on.
    staying.call::<_, ()>("Goodbye", &()).unwrap();
    assert_eq!(sequence_to_the_end(&bus, kept), "LOAD ENABLE OPEN EXITAPPLICATION CLOSE DISABLE FREE");
    assert_eq!(bus.calls_with(DRV_EXITAPPLICATION)[1].lparam1, i64::from(DRVEA_NORMALEXIT));
    let again = staying.open(SPY, "");
    assert_eq!(staying.send(again, XOR, 5, 3), Ok(6));
    assert_eq!(workers(service.id(), SPY).len(), 1);
});

bus_test!(a_client_that_is_killed_counts_as_one_that_left, |machine| {
    let (folder, bus) = with_spy(machine);
    let service = bus.serve(&[]);
    let mut cli = folder.drvhost(["run", "--connect", SPY]);
    for (name, value) in bus.variables() {
        cli = cli.env(name, value);
    }
    let mut client = cli.start();
    assert_eq!(client.line(), "ready\n");
    client.signal("KILL");
    let handle = bus.calls_with(DRV_OPEN)[0].hdrvr.cast_unsigned();
    assert_eq!(sequence_to_the_end(&bus, handle), "LOAD ENABLE OPEN EXITAPPLICATION CLOSE DISABLE FREE");
    assert_eq!(bus.calls_with(DRV_EXITAPPLICATION)[0].lparam1, i64::from(DRVEA_ABNORMALEXIT));
    wait_for_no_worker(service.id(), SPY);
});

bus_test!(errors_have_their_documented_names, |machine| {
    let folder = Folder::with_spies(machine, &[SPY]);
    folder.copy_driver("hostile", "hostile.dll");
    folder.write("text.dll", "no driver");
    let bus = Bus::start(&folder);
    let _service = bus.serve(&["--deadline", "500ms"]);
    let client = bus.client();
    let open = |driver: &str, text: &str| client.call::<_, u64>("OpenWithText", &(driver, "", text, 0_i64));
    assert_eq!(name_of(open("nothere.dll", "")), "NoSuchDriver");
    assert_eq!(name_of(open("./spy.dll", "")), "NoSuchDriver");
    assert_eq!(name_of(open(&folder.file("text.dll").display().to_string(), "")), "NoSuchDriver");
    assert_eq!(name_of(open(SPY, "open=0")), "Refused");
    assert_eq!(name_of(client.send(0x7777, XOR, 0, 0)), "BadHandle");
    assert_eq!(name_of(client.close(u64::MAX)), "BadHandle");
    let handle = open(SPY, "").unwrap();
    assert_eq!(name_of(client.send(handle, SPY_HANG, 0, 0)), "Late");
    let hostile = open("hostile.dll", "").unwrap();
    assert_eq!(name_of(client.send(hostile, HOSTILE_NULL, 0, 0)), "Faulted");
    let session: String = client.call("EndSession", &()).unwrap();
    assert!(session.contains(r#""cause":"request""#), "{session}");
    assert_eq!(name_of(open(SPY, "")), "SessionEnding");
    assert_eq!(client.call("EndSession", &()), Ok(session), "C078: a second one answers the same");
    client.call::<_, ()>("BeginSession", &()).unwrap();
    assert!(open(SPY, "").is_ok());
});

bus_test!(a_driver_that_keeps_dying_is_quarantined, || {
    let folder = Folder::new(Machine::X86_64);
    folder.copy_driver("hostile", "hostile.dll");
    let bus = Bus::start(&folder);
    let _service = bus.serve(&[]);
    let client = bus.client();
    for _ in 0..5 {
        let handle = client.open("hostile.dll", "");
        // It dies once, however often it is talked to afterwards.
        (0..5).for_each(|_| assert_eq!(name_of(client.send(handle, HOSTILE_INT80, 0, 0)), "Died"));
    }
    let refused = client.call::<_, u64>("Open", &("hostile.dll", "", 0_i64)).unwrap_err();
    assert_eq!(refused.name, "Quarantined");
    assert!(refused.message.contains("hostile.dll has died 5 times"), "{}", refused.message);
    assert_eq!(client.call("Pardon", &"hostile.dll"), Ok(true));
    let _ = client.open("hostile.dll", "");
});

bus_test!(nothing_that_is_malformed_does_harm, |machine| {
    let (_folder, bus) = with_spy(machine);
    let service = bus.serve(&[]);
    let client = bus.client();
    let handle = client.open(SPY, "");
    let before = descriptors(service.id());
    let memory = memfd_create("test", MemfdFlags::CLOEXEC).unwrap();
    ftruncate(&memory, 64).unwrap();
    let (pipe, _writer) = std::io::pipe().unwrap();
    let invalid = "org.freedesktop.DBus.Error.InvalidArgs";
    for _ in 0..20 {
        let call = |method: &str, body: (u64, u32)| name_of(client.call::<_, i64>(method, &body));
        assert_eq!(call("Send", (handle, XOR)), invalid);
        assert_eq!(call("SendMemory", (handle, XOR)), invalid);
        assert_eq!(name_of(client.call::<_, u64>("Open", &(1_u32, "", 0_i64))), invalid);
        assert_eq!(
            name_of(client.call::<_, i64>("Nonsense", &())),
            "org.freedesktop.DBus.Error.UnknownMethod"
        );
        let big = (handle, SPY_SLEEP, vec![0_u8; 8], u32::MAX);
        assert_eq!(name_of(client.call::<_, (i64, Vec<u8>)>("SendBuffer", &big)), "TooLarge");
        let send = |descriptor: zbus::Fd<'_>, size: u64| {
            name_of(client.call::<_, i64>("SendMemory", &(handle, SPY_SLEEP, descriptor, size)))
        };
        for size in [65, u64::MAX] {
            assert_eq!(send(zbus::Fd::from(&memory), size), "InvalidArgument");
        }
        assert_eq!(send(zbus::Fd::from(&pipe), 8), "InvalidArgument");
        let large = memfd_create("large", MemfdFlags::CLOEXEC).unwrap();
        ftruncate(&large, 1 << 40).unwrap();
        assert_eq!(send(zbus::Fd::from(&large), 1 << 40), "TooLarge");
    }
    assert_eq!(client.send(handle, XOR, 5, 3), Ok(6));
    wait_until("no descriptor is left open", || descriptors(service.id()) <= before);
});

bus_test!(a_service_that_is_killed_leaves_no_worker, |machine| {
    let (_folder, bus) = with_spy(machine);
    let mut service = bus.serve(&[]);
    let client = bus.client();
    let _ = [client.open(SPY, ""), bus.client().open(SPY, "")];
    assert!(!workers(service.id(), SPY).is_empty());
    service.signal("KILL");
    let process = service.id();
    assert_eq!(service.end().code, None);
    wait_for_no_worker(process, SPY);
});

bus_test!(there_is_one_service_and_it_wants_a_bus, || {
    let (folder, bus) = with_spy(Machine::X86_64);
    let _service = bus.serve(&[]);
    let second = folder.drvhost(["serve"]).env("DBUS_SESSION_BUS_ADDRESS", bus.variables()[0].1).complaint(2);
    assert!(second.contains("is taken"), "{second}");
    let nowhere =
        folder.drvhost(["serve"]).env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere").complaint(5);
    assert!(nowhere.starts_with("drvhost: host: the session bus: "), "{nowhere}");
});

bus_test!(the_commands_use_the_service, |machine| {
    let (folder, bus) = with_spy(machine);
    let _service = bus.serve(&[]);
    let connected = |arguments: &[&str]| {
        let mut cli = folder.drvhost(arguments);
        for (name, value) in bus.variables() {
            cli = cli.env(name, value);
        }
        cli
    };
    assert_eq!(connected(&["send", "--connect", SPY, "0x7000", "5", "3"]).success(), "6\n");
    assert_eq!(
        connected(&["send", "--connect=system", "./spy.dll COM1", "0x7000", "5", "3"]).success(),
        "6\n"
    );
    let complaint = connected(&["send", "--connect", "nothere.dll", "0"]).complaint(2);
    assert!(complaint.contains("no driver is known as `nothere.dll`"), "{complaint}");
    let alone =
        folder.drvhost(["send", "--connect", SPY, "0"]).env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere");
    assert!({ alone }.complaint(5).contains("the session bus"));
    let mut run = connected(&["run", "--connect", SPY]).start();
    assert_eq!(run.line(), "ready\n");
    run.signal("TERM");
    assert_eq!(run.end().code, Some(0));
    assert_eq!(bus.calls_with(DRV_EXITAPPLICATION).last().unwrap().lparam1, i64::from(DRVEA_NORMALEXIT));
    assert!(bus.client().instances().is_empty());
    // It does not go on holding what is held no more.
    let mut run = connected(&["run", "--connect", SPY]).start();
    assert_eq!(run.line(), "ready\n");
    bus.client().call::<_, String>("EndSession", &()).unwrap();
    assert_eq!(run.end().code, Some(0));
});

bus_test!(what_is_installed_while_it_serves_is_found_at_once, |machine| {
    let folder = Folder::new(machine);
    let bus = Bus::start(&folder);
    let _service = bus.serve(&[]);
    let client = bus.client();
    let open = || client.call::<_, u64>("Open", &("vidc.spy", "", 0_i64));
    assert_eq!(name_of(open()), "NoSuchDriver");
    let file = driver(machine, "spy");
    let _ = folder.drvhost(["install", file.to_str().unwrap(), "--alias", "vidc.spy"]).success();
    assert_eq!(client.send(open().unwrap(), XOR, 5, 3), Ok(6));
    let drivers: Vec<(String, String, String, String)> = client.call("ListDrivers", &()).unwrap();
    assert!(
        drivers
            .iter()
            .any(|(alias, _, _, source)| (alias.as_str(), source.as_str()) == ("vidc.spy", "installed"))
    );
});

busctl_test!(busctl_is_enough, || {
    let (_folder, bus) = with_spy(Machine::X86_64);
    let _service = bus.serve(&[]);
    let object = [service::NAME, service::PATH, service::INTERFACE];
    let call = |arguments: &[&str]| bus.busctl(&[&["call"], &object[..], arguments].concat());
    let listing = bus.busctl(&["introspect", service::NAME, service::PATH]).unwrap();
    let members = [
        ("Open", "ssx", "t"),
        ("Send", "tuxx", "x"),
        ("Close", "txx", "x"),
        ("ListDrivers", "-", "a(ssss)"),
        ("ListInstances", "-", "a(tstx)"),
        ("EndSession", "-", "s"),
        ("Goodbye", "-", "-"),
        ("SendBuffer", "tuayu", "xay"),
        ("SendMemory", "tuht", "x"),
        ("StartInstrument", "susub", "s"),
        ("StopInstrument", "s", "s"),
        ("ListInstruments", "-", "a(ssssa{sv})"),
    ];
    for (name, arguments, result) in members {
        let line = listing.lines().find(|line| line.starts_with(&format!(".{name} "))).unwrap_or_default();
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(words.get(1..4), Some(&["method", arguments, result][..]), "{name}: {line}");
    }
    assert!(call(&["Open", "ssx", SPY, "", "0"]).unwrap().starts_with("t "));
    assert_eq!(call(&["SendOnce", "ssuxx", SPY, "", "0x7000", "5", "3"]).unwrap(), "x 6");
    assert!(call(&["EndSession"]).unwrap().starts_with("s \"{"));
    let state = bus.busctl(&[&["get-property"], &object[..], &["State"]].concat());
    assert_eq!(state.unwrap(), "s \"ended\"");
});

/// A user that can do nothing.
const NOBODY: u32 = 65534;

/// What busctl prints of a call of the service's by that user.
pub(crate) fn call_as_nobody(bus: &Bus, arguments: &[&str]) -> String {
    let object = [service::NAME, service::PATH, service::INTERFACE];
    let mut command = bus.command("busctl");
    command.arg("--user").arg("call").args(object).args(arguments).uid(NOBODY).gid(NOBODY);
    let output = command.output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

driver_test!(cfg_attr(
    any(no_mingw, no_dbus, no_busctl, not_root),
    ignore = "needs root, which alone can be two users, dbus, systemd for busctl, and mingw-w64 for x86-64 and i686"
); two_users_cannot_touch_each_others_instances, || {
    let (_folder, bus) = with_spy(Machine::X86_64);
    let _service = bus.serve(&["--system"]);
    let as_nobody = |arguments: &[&str]| call_as_nobody(&bus, arguments);
    let root = bus.client();
    let handle = root.open(SPY, "");
    assert_eq!(as_nobody(&["SendOnce", "ssuxx", SPY, "", "0x7000", "5", "3"]).trim(), "x 6");
    // It is not even told that the handle exists.
    let send = as_nobody(&["Send", "tuxx", &handle.to_string(), "0x7000", "5", "3"]);
    assert!(send.contains("no open instance has the handle"), "{send}");
    assert!(as_nobody(&["Close", "txx", &handle.to_string(), "0", "0"]).contains("no open instance"));
    assert_eq!(as_nobody(&["ListInstances"]).trim(), "a(tstx) 0");
    assert!(as_nobody(&["EndSession"]).contains("only the service's own user"));
    let by_path = as_nobody(&["Open", "ssx", "/etc/passwd", "", "0"]);
    assert!(by_path.contains("by path for the service's own user only"), "{by_path}");
    assert_eq!(root.send(handle, XOR, 5, 3), Ok(6));
});

driver_test!(cfg_attr(
    any(no_mingw, no_dbus, no_busctl, not_root),
    ignore = "needs root, which alone can be two users, dbus, systemd for busctl, and mingw-w64 for x86-64 and i686"
); what_drivers_keep_is_the_services_own_users, || {
    const EACCES: i64 = 13;
    const ERROR_FILE_NOT_FOUND: i64 = 2;
    let folder = Folder::new(Machine::X86_64);
    for driver in ["files", "registry"] {
        folder.copy_driver(driver, &format!("{driver}.dll"));
    }
    let bus = Bus::start(&folder);
    let service = bus.serve(&["--system"]);
    // Each is a client of its own, which leaves as soon as it is answered.
    let root = |driver: &str, message: u32, name: i64, value: i64| -> i64 {
        bus.client().call("SendOnce", &(driver, "", message, name, value)).unwrap()
    };
    let nobody = |driver: &str, message: u32, name: i64, value: i64| {
        let [message, name, value] = [message.into(), name, value].map(|number| number.to_string());
        call_as_nobody(&bus, &["SendOnce", "ssuxx", driver, "", &message, &name, &value]).trim().to_owned()
    };
    let (files, registry) = ("files.dll", "registry.dll");
    let none = format!("x -{ERROR_FILE_NOT_FOUND}");
    assert_eq!([1, 2].map(|_| root(files, FILES_COUNT, 0, 0)), [1, 2]);
    assert_eq!(root(registry, REGISTRY_SET, 1, 77), 0);
    // Another user's driver sees none of it, writes no file, and finds its own settings gone the next time.
    assert_eq!(nobody(files, FILES_COUNT, 0, 0), format!("x -{EACCES}"));
    assert_eq!(nobody(registry, REGISTRY_GET, 1, 0), none);
    for name in [1, 2] {
        assert_eq!(nobody(registry, REGISTRY_SET, name, 5), "x 0");
        assert_eq!(nobody(registry, REGISTRY_GET, name, 0), none);
    }
    // Nor does the service's own user see what it set.
    assert_eq!(root(registry, REGISTRY_GET, 1, 0), 77);
    assert_eq!(root(registry, REGISTRY_GET, 2, 0), -ERROR_FILE_NOT_FOUND);
    assert_eq!(root(files, FILES_COUNT, 0, 0), 3);
    drop(service);
    let text = std::fs::read_to_string(folder.file(".config/drvhost/registry.reg")).unwrap();
    assert!(text.contains("\"1\"=dword:0000004d") && !text.contains("\"2\""), "{text}");
});
