//! Messages between host and worker, what happens to a ring, and arguments on the bus.

use postcard::to_stdvec;
use serde::Serialize;
use service::fuzzing::METHODS;
use wire::{
    Advanced, Asked, Call, Copied, DialogAnswer, Disposition, Effect, Fault, FaultKind, FileCall, Heard,
    Layer, Load, Loaded, Place, Queued, RegistryCall, Segments, Served, ShimCalls, Stands, Started,
    StreamState, ToHost, ToWorker, Want, WaveCall, WaveFormat,
};
use zbus::Type;
use zbus::wire::serialized::Context;
use zbus::wire::{LE, to_bytes};

use super::Seed;

pub fn seeds() -> Vec<Seed> {
    let mut seeds = to_host();
    seeds.extend(to_worker());
    seeds.extend(bus());
    // Two frames are sent, one where there is room, and taken; then a bit of the writer's index is changed.
    let ring = [[0, 7, 12, 0], [1, 8, 200, 0], [2, 0, 0, 0], [3, 0, 0, 0], [4, 13, 0, 0], [2, 0, 0, 0]];
    seeds.push(("ring", "two-frames", ring.concat()));
    // As many frames of 16,384 bytes as there is room for, and one more.
    let full = [[0, 1, 0, 64]; 4].concat();
    seeds.push(("ring", "full", [full, [[2, 0, 0, 0], [0, 2, 0, 64]].concat()].concat()));
    seeds
}

fn frame(message: &impl Serialize) -> Vec<u8> {
    to_stdvec(message).unwrap()
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn to_host() -> Vec<Seed> {
    let layers =
        vec![Layer { name: text("seccomp"), active: true, detail: text("five system calls are left") }];
    let started = Started { layers, arena: 0x7000_0000, brought: 0x2C00_0000, segments: Some(Segments::Ldt) };
    let loaded = Loaded {
        module: 0x40_0000,
        driver_proc: 0x40_1000,
        unresolved: vec![text("user32.dll!GetDC"), text("gdi32.dll!Polyline")],
    };
    let fault = Fault {
        kind: FaultKind::Driver,
        text: text("access violation"),
        place: Some(Place { module: text("a.dll"), offset: 0x1234 }),
    };
    let asked = Asked::Open { name: text("vidc.cvid"), section: Some(text("Drivers32")), lparam2: -1 };
    let calls = ShimCalls {
        name: text("kernel32.dll!Sleep"),
        supplied: true,
        calls: 300,
        ns: 70_000,
        failures: vec![(5, 2)],
    };
    let format = WaveFormat { floating: false, channels: 2, samples_per_sec: 44_100, bits_per_sample: 16 };
    let opened = Want::File(FileCall::Open {
        path: text("C:\\a.ini"),
        read: true,
        write: false,
        disposition: Disposition::OpenExisting,
    });
    let set = RegistryCall::Set {
        key: text("HKEY_CURRENT_USER\\a"),
        name: text("b"),
        kind: 4,
        data: vec![1, 0, 0, 0],
    };
    let advanced = Advanced {
        seq: 9,
        now: 1_000_000_000,
        streams: vec![StreamState { stream: 1, written: 4000, played: 3000 }],
    };
    vec![
        ("to_host", "started", frame(&ToHost::Started(started.into()))),
        ("to_host", "loaded", frame(&ToHost::Loaded(loaded.into()))),
        ("to_host", "answered", frame(&ToHost::Answered { seq: 7, result: u64::MAX })),
        ("to_host", "faulted", frame(&ToHost::Faulted { seq: 8, fault: fault.into() })),
        ("to_host", "dropped", frame(&ToHost::Dropped { seq: 9 })),
        ("to_host", "asked", frame(&ToHost::Asked(asked.into()))),
        ("to_host", "shims", frame(&ToHost::Shims(vec![calls]))),
        ("to_host", "advanced", frame(&ToHost::Advanced(advanced.into()))),
        ("to_host", "heard", frame(&ToHost::Heard(Heard::Opened { stream: 1, format }.into()))),
        ("to_host", "said", frame(&ToHost::Said(text("hello")))),
        ("to_host", "wanted", frame(&ToHost::Wanted(opened.clone().into()))),
        ("to_host", "want-file", frame(&opened)),
        ("to_host", "want-registry", frame(&Want::Registry(set))),
        ("to_host", "want-wave", frame(&Want::Wave(WaveCall::Write { stream: 1, bytes: vec![1; 64] }))),
    ]
}

fn to_worker() -> Vec<Seed> {
    let load = Load {
        seq: 1,
        name: text("a.dll"),
        brought: None,
        traced: true,
        dialogs: DialogAnswer::Cancel,
        clock: Some(1_000_000_000),
    };
    let call =
        Call { seq: 2, function: 0x40_1000, arguments: [1, 0x7000_0000, 3, 0, 0], effect: Effect::Opens };
    let copied = Copied { from: 0x7000_0000, to: 0x7000_1000, len: 96 };
    let stands = Stands { address: 0x7000_0014, number: 0x1_0000 };
    let queued =
        Queued { call, after: 1, only_if: Some(stands), before: None, then: Some(copied), quiet: true };
    let value = Served::Value { name: text("b"), kind: 1, data: vec![b'x', 0, 0, 0] };
    vec![
        ("to_worker", "load", frame(&ToWorker::Load(load))),
        ("to_worker", "call", frame(&ToWorker::Call(call))),
        ("to_worker", "queued", frame(&ToWorker::Queued(Box::new(queued)))),
        ("to_worker", "advance", frame(&ToWorker::Advance { seq: 3, until: 1 << 40 })),
        ("to_worker", "granted", frame(&ToWorker::Granted(-1))),
        ("to_worker", "served", frame(&ToWorker::Served(value.clone()))),
        ("to_worker", "served-aside", frame(&value)),
    ]
}

/// What a call of a method has, behind the number that says so.
fn call(method: &str, arguments: &(impl Serialize + Type)) -> Vec<u8> {
    body(0, method, arguments)
}

/// What an answer of a method has.
fn answer(method: &str, answer: &(impl Serialize + Type)) -> Vec<u8> {
    body(1, method, answer)
}

fn body(kind: usize, method: &str, body: &(impl Serialize + Type)) -> Vec<u8> {
    let place = METHODS.iter().position(|known| known.name == method).unwrap();
    let body = to_bytes(Context::new(LE, 0), body).unwrap();
    [&[u8::try_from(2 * place + kind).unwrap()], body.bytes()].concat()
}

fn bus() -> Vec<Seed> {
    let listed = vec![("vidc.cvid", "iccvid.dll", "x86_64", "wine")];
    let (synth, text) = ("synth.dll C:\\a.sf2", "text");
    vec![
        ("dbus", "open", call("open", &("vidc.cvid", "", -1_i64))),
        ("dbus", "open-with-text", call("open_with_text", &("a.dll", "MCI32", text, 0_i64))),
        ("dbus", "send-once", call("send_once", &("vidc.cvid", "", 3_u32, 0_i64, 0_i64))),
        ("dbus", "start-instrument", call("start_instrument", &(synth, 0_u32, "piano", 20_000_u32, true))),
        ("dbus", "send", call("send", &(1_u64, 0x4000_u32, 5_i64, -5_i64))),
        ("dbus", "send-buffer", call("send_buffer", &(1_u64, 0x4000_u32, vec![1_u8, 2, 3], 16_u32))),
        ("dbus", "sent-buffer", answer("send_buffer", &(0_i64, vec![1_u8, 2, 3]))),
        ("dbus", "close", call("close", &(1_u64, 0_i64, 0_i64))),
        ("dbus", "listed-drivers", answer("list_drivers", &listed)),
    ]
}
