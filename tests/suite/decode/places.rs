//! Where two processors are all that there is, a driver and who uses what it makes each have theirs, and give them back.

use std::ops::ControlFlow;
use std::path::Path;
use std::thread;

use drvhost::DriverFile;
use drvhost::decode::{self, Decode, Output};
use drvhost_tests::*;
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
    folder.ffmpeg("-f lavfi -i testsrc2=size=320x240:rate=25:duration=3 -c:v msvideo1 in.avi");
    let (film, driver) = (folder.file("in.avi"), found(machine, "vidc.msvc"));
    decode_and_look(machine, &film, None, driver.clone());
    // Pictures of a series are written by several threads.
    decode_and_look(machine, &film, Some(Output::File(folder.file("%d.png"))), driver);
});

media_test!(a_sounds_driver_gives_its_processor_back, |machine| {
    let folder = Folder::new(machine);
    folder.ffmpeg("-f lavfi -i sine=sample_rate=44100:duration=60 -ac 2 -c:a pcm_alaw in.wav");
    decode_and_look(machine, &folder.file("in.wav"), None, found(machine, "msacm.msg711"));
});
