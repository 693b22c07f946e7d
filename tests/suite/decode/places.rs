//! Where two processors are all that there is, a driver and who uses what it makes each have theirs, and give them back.

use std::ops::ControlFlow;
use std::path::Path;
use std::thread;

use drvhost::DriverFile;
use drvhost::decode::{self, Decode, Output};
use drvhost_tests::*;
use mmsystem::WAVE_FORMAT_ALAW;
use rustix::process::Pid;
use rustix::thread::sched_getaffinity;

/// How many processors a process may run on.
fn processors(process: u32) -> u32 {
    let pid = Pid::from_raw(process.try_into().unwrap()).expect("a process");
    sched_getaffinity(Some(pid)).expect("it is there").count()
}

/// Decodes a file, and compares what the driver's worker may run on before, meanwhile and then. An instance that is open all the time keeps it.
fn decode_and_look(machine: Machine, input: &Path, output: Option<Output>, driver: DriverFile) {
    let rig = Rig::new(machine);
    rig.session.open(&driver, |_| Ok(0)).unwrap();
    let [worker] = workers(std::process::id(), &driver.file_name()).try_into().expect("one worker");
    let all = processors(worker);
    let mut least = all;
    let written_alone = output.as_ref().is_none_or(|output| matches!(output, Output::StandardOutput));
    let what = Decode { input: input.to_owned(), output, driver: Some(driver), ..Decode::default() };
    let decoded = decode::run(&rig.session, &what, |_| {
        least = least.min(processors(worker));
        ControlFlow::Continue(())
    });
    decoded.unwrap();
    let two = all == 2 && thread::available_parallelism().is_ok_and(|share| share.get() == 2);
    assert_eq!(least, if two && written_alone { 1 } else { all });
    assert_eq!(processors(worker), all);
}

fn found(machine: Machine, name: &str) -> DriverFile {
    registry(machine).resolve(name, None).expect("a driver")
}

media_test!(a_films_driver_gives_its_processor_back, |machine| {
    let folder = Folder::new(machine);
    // Long enough to be looked at several times.
    folder.ffmpeg("-f lavfi -i testsrc2=size=320x240:rate=25:duration=16 -c:v msvideo1 in.avi");
    let driver = found(machine, "vidc.msvc");
    decode_and_look(machine, &folder.file("in.avi"), None, driver.clone());
    // Pictures of a series are written by several threads.
    folder.ffmpeg("-i in.avi -c copy -frames:v 50 short.avi");
    decode_and_look(machine, &folder.file("short.avi"), Some(Output::File(folder.file("%d.png"))), driver);
});

spy_test!(a_sounds_driver_gives_its_processor_back, |machine| {
    let folder = Folder::new(machine);
    folder.write("in.wav", crate::acm::wave_of(WAVE_FORMAT_ALAW, &[7; 2 << 20]));
    let driver = driver_file(driver(machine, "acm"), "tag=6 busy=3000");
    decode_and_look(machine, &folder.file("in.wav"), None, driver);
});
