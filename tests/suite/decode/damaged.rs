//! Damaged files, wrong names, and decoding that is stopped: what is left behind is complete, or nothing.

use std::time::Duration;

use drvhost_tests::*;

use super::*;

/// Where the last `idx1` chunk of an AVI begins.
fn index_at(avi: &[u8]) -> usize {
    avi.windows(4).rposition(|four| four == b"idx1").expect("an index")
}

media_test!(a_truncated_avi_is_decoded_as_far_as_it_goes, |machine| {
    let folder = Folder::new(machine);
    cinepak(&folder, "clip.avi");
    folder.drvhost(["decode", "clip.avi", "-o", "whole.avi"]).success();
    let whole = pictures(&folder, "whole.avi");
    let clip = folder.read("clip.avi");
    folder.write("cut.avi", &clip[..clip.len() * 6 / 10]);

    let decoded = folder.drvhost(["decode", "cut.avi", "-o", "out.avi"]).json(3);
    let frames = usize::try_from(decoded["frames"].as_u64().unwrap()).unwrap();
    assert!((1..FRAMES).contains(&frames), "{decoded}");
    let made = pictures(&folder, "out.avi");
    assert_eq!(made.len(), frames * FRAME_SIZE);
    assert!(made == whole[..made.len()], "the frames before the cut are the whole clip's");
    assert_eq!(decoded["hash"], hash(&made));

    let output = folder.drvhost(["decode", "cut.avi"]).output();
    assert_eq!(output.status.code(), Some(3));
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(stdout.contains(&format!("{frames} frames")), "{stdout}");
    assert!(stderr.starts_with("drvhost: media: ") && stderr.lines().count() == 1, "{stderr}");
    assert!(stderr.contains(&frames.to_string()) && stderr.contains(&FRAMES.to_string()), "{stderr}");
    assert_eq!(decoded["warnings"].as_array().unwrap().len(), 1, "{decoded}");
});

media_test!(a_truncated_clip_keeps_its_exit_code_when_nobody_reads, |machine| {
    let folder = Folder::new(machine);
    cinepak(&folder, "clip.avi");
    let clip = folder.read("clip.avi");
    folder.write("cut.avi", &clip[..clip.len() * 6 / 10]);
    assert_eq!(folder.drvhost(["decode", "cut.avi"]).unread().output().status.code(), Some(3));
});

media_test!(an_avi_without_index_is_read_by_walking, |machine| {
    let folder = Folder::new(machine);
    cinepak(&folder, "clip.avi");
    let expected = folder.drvhost(["decode", "clip.avi"]).json(0);
    let mut clip = folder.read("clip.avi");
    clip.truncate(index_at(&clip));
    // Cut off only: all frames are there, but not all that the header promises.
    folder.write("cut.avi", &clip);
    let cut = folder.drvhost(["decode", "cut.avi"]).json(3);
    assert_eq!((&cut["frames"], &cut["hash"]), (&expected["frames"], &expected["hash"]));
    // Never written: nothing is wrong with that.
    let riff_size = u32::try_from(clip.len() - 8).unwrap();
    clip[4..8].copy_from_slice(&riff_size.to_le_bytes());
    folder.write("without.avi", &clip);
    let without = folder.drvhost(["decode", "without.avi"]).json(0);
    assert_eq!((&without["frames"], &without["hash"]), (&expected["frames"], &expected["hash"]));
});

media_test!(an_unknown_fourcc_is_named_with_where_was_looked, |machine| {
    let folder = Folder::new(machine);
    cinepak(&folder, "clip.avi");
    folder.write("unknown.avi", patched(folder.read("clip.avi"), b"cvid", b"XYZW"));
    for output in [&[] as &[&str], &["-o", "out.avi"], &["-o", "%d.png"]] {
        let complaint = folder.drvhost(["decode", "unknown.avi"].iter().chain(output)).complaint(3);
        assert!(complaint.starts_with("drvhost: media: ") && complaint.contains("`XYZW`"), "{complaint}");
        assert!(complaint.contains("vidc.XYZW") && complaint.contains("/wine/"), "{complaint}");
        assert!(complaint.contains("--driver"), "{complaint}");
    }
    assert_eq!(folder.names(), ["clip.avi", "unknown.avi"]);
});

media_test!(an_unknown_format_tag_is_named_with_where_was_looked, |machine| {
    const TAG_AT: usize = 20;
    let folder = Folder::new(machine);
    folder.ffmpeg("-f lavfi -i sine=duration=0.2 -c:a adpcm_ms in.wav");
    let mut wav = folder.read("in.wav");
    wav[TAG_AT..TAG_AT + 2].copy_from_slice(&0x1234_u16.to_le_bytes());
    folder.write("unknown.wav", wav);
    let complaint = folder.drvhost(["decode", "unknown.wav", "-o", "out.wav"]).complaint(3);
    assert!(complaint.starts_with("drvhost: media: ") && complaint.contains("0x1234"), "{complaint}");
    assert!(complaint.contains("looked for"), "{complaint}");
    assert_eq!(folder.names(), ["in.wav", "unknown.wav"]);
});

spy_test!(what_is_no_media_is_named, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    folder.write("empty.avi", "");
    folder.write("text.avi", "What a film is not.\n");
    folder.write("head.avi", b"RIFF\0\0\0\0AVI ");
    folder.write("head.wav", b"RIFF\0\0\0\0WAVE");
    for name in ["empty.avi", "text.avi", "spy.dll", "head.avi", "head.wav"] {
        let before = folder.names();
        for output in ["out.avi", "out.wav", "%d.png"] {
            let complaint = folder.drvhost(["decode", name, "-o", output]).complaint(3);
            assert!(complaint.starts_with("drvhost: media: "), "{complaint}");
        }
        assert_eq!(folder.names(), before);
    }
});

#[test]
fn a_missing_input_is_a_usage_error() {
    for name in ["nothing.avi", "nowhere/nothing.avi", "."] {
        let complaint = Cli::new(["decode", name]).complaint(2);
        assert!(complaint.contains(name), "{complaint}");
    }
}

media_test!(wrong_outputs_are_usage_errors_and_leave_nothing, |machine| {
    let folder = Folder::new(machine);
    cinepak(&folder, "clip.avi");
    folder.ffmpeg("-f lavfi -i sine=duration=0.2 -c:a adpcm_ms in.wav");
    std::fs::create_dir(folder.file("folder.avi")).unwrap();
    let before = folder.names();
    let original = folder.read("clip.avi");
    let wrong = [
        ("clip.avi", "out.a b", ".avi"),
        ("clip.avi", "out", ".avi"),
        ("clip.avi", "out.wav", ".avi"),
        ("clip.avi", "out.png", "%05d"),
        ("in.wav", "out.avi", ".wav"),
        ("in.wav", "out.y4m", ".wav"),
        ("clip.avi", "clip.avi", "input"),
        ("clip.avi", "nowhere/out.avi", "nowhere"),
        ("clip.avi", "nowhere/%d.png", "nowhere"),
        ("in.wav", "nowhere/out.wav", "nowhere"),
        ("clip.avi", "folder.avi", "folder.avi"),
    ];
    for (input, output, word) in wrong {
        let complaint = folder.drvhost(["decode", input, "-o", output]).complaint(2);
        assert!(complaint.contains(word), "{complaint}");
        assert!(!complaint.contains(".drvhost-"), "a temporary name means nothing to people: {complaint}");
        assert_eq!(folder.names(), before);
    }
    assert_eq!(folder.read("clip.avi"), original);
});

/// Starts decoding a long clip to `output` and stops it by a signal once something has been written under a name for which `begun`.
fn stop(machine: Machine, signal: &str, output: &str, begun: fn(&str) -> bool) -> (Ended, Folder) {
    let folder = Folder::new(machine);
    cinepak(&folder, "clip.avi");
    folder.ffmpeg("-stream_loop 400 -i clip.avi -c copy long.avi");
    let mut running = folder.drvhost(["decode", "long.avi", "-o", output]).start();
    running.wait_until(|folder| folder.names().iter().any(|name| begun(name)));
    running.signal(signal);
    (running.end(), folder)
}

media_test!(a_stopped_command_ends_soon_and_leaves_no_part, |machine| {
    for signal in ["INT", "TERM", "HUP"] {
        let (ended, folder) = stop(machine, signal, "out.avi", |name| name.starts_with(".drvhost-"));
        assert!(!matches!(ended.code, Some(0 | 6) | None), "{signal}: {ended:?}");
        assert!(ended.elapsed < Duration::from_secs(2), "{signal}: {ended:?}");
        assert!(ended.stdout.is_empty(), "{signal}: {ended:?}");
        assert_eq!(folder.names(), ["clip.avi", "long.avi"], "{signal}");
    }
});

media_test!(a_stopped_series_has_whole_pictures_only, |machine| {
    let (ended, folder) = stop(machine, "INT", "%05d.png", |name| name == "00003.png");
    assert_ne!(ended.code, Some(0), "{ended:?}");
    let made = folder.names().into_iter().filter(|name| !name.ends_with(".avi")).collect::<Vec<_>>();
    assert!(made.len() < 400 * FRAMES, "it was stopped");
    assert!(made.iter().all(|name| name.ends_with(".png") && !name.starts_with('.')), "{made:?}");
    assert_eq!(pictures(&folder, "%05d.png").len(), made.len() * FRAME_SIZE);
});
