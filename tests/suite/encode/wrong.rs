//! Wrong usage, and drivers that fail.

use super::*;

/// Runs it, and sees that it complains so and leaves nothing.
fn complains(folder: &Folder, mut command: Cli, code: i32, expected: &str) {
    let before = folder.names();
    let said = command.complaint(code);
    assert!(said.contains(expected), "{said}");
    let parts: Vec<_> = folder
        .names()
        .into_iter()
        .filter(|name| !before.contains(name) && !name.starts_with(".local"))
        .collect();
    assert_eq!(parts, [""; 0]);
}

spy_test!(wrong_arguments_are_said_to_be, |machine| {
    let folder = Folder::new(machine);
    film(&folder, "in.avi", &[1, 2, 3]);
    let coder = driver(machine, "coder").display().to_string();
    let run = |arguments: &[&str]| folder.drvhost(["encode"].iter().chain(arguments));
    let video = |input: &'static str, output: &'static str| run(&[input, "-o", output, "--video", &coder]);
    complains(&folder, video("in.avi", "out.mkv"), 2, "names end in .avi");
    complains(&folder, video("in.avi", "./in.avi"), 2, "it is the input");
    complains(&folder, video("in.avi", "nowhere/out.avi"), 2, "its directory does not exist");
    complains(&folder, video("nothing.avi", "out.avi"), 2, "nothing.avi");
    complains(&folder, run(&["in.avi", "-o", "out.avi", "--video", "./nothing.dll"]), 2, "nothing.dll");
    complains(
        &folder,
        run(&["in.avi", "-o", "out.avi", "--video", "vidc.nobody"]),
        2,
        "no driver is known as `vidc.nobody`",
    );
    complains(&folder, run(&["in.avi", "-o", "out.avi", "--video", &format!("{coder}:abcde")]), 2, "`abcde`");
    complains(
        &folder,
        run(&["in.avi", "-o", "out.avi", "--audio", &coder]),
        3,
        "no sound for the audio driver",
    );
    for more in [&["--quality", "10001"][..], &["--data-rate", "0"], &["--keyframe-every", "-1"]] {
        let said = command(&folder, "plan", more).output();
        assert_eq!(said.status.code(), Some(2), "{more:?}");
    }
    let said = run(&["in.avi", "-o", "out.avi"]).failure(2);
    assert!(said.contains("--video") && said.contains("--audio"), "{said}");
});

spy_test!(drivers_that_fail_leave_no_file, |machine| {
    let folder = Folder::new(machine);
    film(&folder, "in.avi", &[1, 2, 0xFF, 4]);
    complains(
        &folder,
        command(&folder, "plan", &[]),
        4,
        "coder.dll refused ICM_COMPRESS: it answered ICERR_ERROR",
    );
    film(&folder, "in.avi", &[1, 2, 0xFE, 4]);
    complains(&folder, command(&folder, "plan", &[]), 4, "coder.dll faulted in ICM_COMPRESS");
    film(&folder, "in.avi", &[1, 2, 3]);
    complains(&folder, command(&folder, "none", &[]), 4, "no frame for 1024 pictures in a row");
    complains(&folder, command(&folder, "huge", &[]), 4, "a frame of 268435456 bytes");
});

spy_test!(what_of_a_damaged_file_can_be_read_is_encoded, |machine| {
    let folder = Folder::new(machine);
    film(&folder, "in.avi", &[1, 2, 3, 4]);
    let whole = folder.read("in.avi");
    // Behind the frames there is the index, of 16 bytes a frame; the fourth frame loses its end.
    folder.write("in.avi", &whole[..whole.len() - 4 * 16 - 8 - 20]);
    let said = command(&folder, "plan", &[]).json(3);
    assert_eq!(said["video"]["frames"], 3, "{said}");
    assert!(said["warnings"][0].as_str().unwrap().contains("ends"), "{said}");
    assert_eq!(values(&frames(&folder.file("out.avi"))), [Some(1), Some(2), Some(3)]);
});

media_test!(formats_that_a_driver_does_not_have_are_told, |machine| {
    let folder = Folder::new(machine);
    folder.ffmpeg("-f lavfi -i sine=frequency=440:sample_rate=12345:duration=1 in.wav");
    let audio = |name: &str| folder.drvhost(["encode", "in.wav", "-o", "out.avi", "--audio", name]);
    complains(
        &folder,
        audio("imaadpcm"),
        2,
        "imaadp32.acm has no format of the sound's 12345 Hz and 1 channels; it has #1 8000/1/",
    );
    complains(&folder, audio("imaadpcm:128k"), 2, "has no format `128k` of the sound's 12345 Hz");
    let video = folder.drvhost(["encode", "in.wav", "-o", "out.avi", "--video", "mrle"]);
    complains(&folder, video, 3, "no video for the video driver");
    folder.write("in.wav", b"no media at all, but a text that is somewhat longer");
    complains(&folder, audio("imaadpcm"), 3, "not what drivers here or ffmpeg read");
});
