//! What can be encoded, and that frames and their times stay what they are.

use super::*;

use serde_json::json;

spy_test!(frames_that_are_kept_back_come_in_their_places, |machine| {
    let folder = Folder::new(machine);
    let greys: Vec<u8> = (1..=12).collect();
    film(&folder, "in.avi", &greys);
    for code in ["plan", "la01", "la05", "la09"] {
        let (said, frames) = encode(&folder, code, &[]);
        assert_eq!(said["video"]["frames"], 12, "{said}");
        assert_eq!(values(&frames), greys.iter().map(|grey| Some(*grey)).collect::<Vec<_>>(), "{code}");
        let keys = if code == "plan" { 12 } else { 1 };
        assert_eq!(frames.iter().filter(|frame| frame.key).count(), keys, "{code}");
        assert!(frames[0].key);
    }
    // Fewer pictures than it keeps back.
    film(&folder, "in.avi", &greys[..3]);
    let (_, frames) = encode(&folder, "la09", &[]);
    assert_eq!(values(&frames), [Some(1), Some(2), Some(3)]);
});

spy_test!(frames_without_bytes_stay_frames, |machine| {
    let folder = Folder::new(machine);
    film(&folder, "in.avi", &[1, 2, 3, 4, 5, 6, 7]);
    let (said, frames) = encode(&folder, "drop", &["--keyframe-every", "3"]);
    assert_eq!(values(&frames), [Some(1), Some(2), None, Some(4), Some(5), None, Some(7)]);
    let keys: Vec<_> = frames.iter().map(|frame| frame.key).collect();
    assert_eq!(keys, [true, false, false, true, false, false, true]);
    assert_eq!((&said["video"]["frames"], &said["video"]["key_frames"]), (&json!(7), &json!(3)));
    // And so the same driver decodes it.
    let driver = driver(machine, "coder").display().to_string();
    let decoded = folder.drvhost(["decode", "out.avi", "--driver", &driver, "-o", "back.avi"]).json(0);
    assert_eq!(decoded["frames"], 7);
    let shown: Vec<_> = frames_of_pictures(&folder, "back.avi");
    assert_eq!(shown, [1, 2, 2, 4, 5, 5, 7]);
});

/// The first byte of each picture.
fn frames_of_pictures(folder: &Folder, name: &str) -> Vec<u8> {
    frames(&folder.file(name)).iter().map(|frame| frame.bytes[0]).collect()
}

spy_test!(key_frames_qualities_and_rates_are_those_that_were_asked_for, |machine| {
    let folder = Folder::new(machine);
    film(&folder, "in.avi", &[1, 2, 3, 4, 5, 6, 7, 8]);
    let (_, frames) = encode(&folder, "fast", &["--keyframe-every", "4"]);
    let keys: Vec<_> = frames.iter().map(|frame| frame.key).collect();
    assert_eq!(keys, [true, false, false, false, true, false, false, false]);
    let (_, frames) = encode(&folder, "qual", &["--quality", "3000"]);
    assert!(frames.iter().all(|frame| frame.bytes.len() == 316), "{}", frames[0].bytes.len());
    let (_, frames) = encode(&folder, "qual", &[]);
    assert_eq!(frames[0].bytes.len(), 766, "the codec's own quality");
    let (said, frames) = encode(&folder, "qual", &["--data-rate", "4k"]);
    assert!(
        frames.iter().all(|frame| (300..=400).contains(&frame.bytes.len())) && said["warnings"] == json!([]),
        "{said}"
    );
    let (said, _) = encode(&folder, "qual", &["--data-rate", "100"]);
    let warning = "8 of 8 frames are larger than the data rate asks, and the driver makes none smaller";
    assert_eq!(said["warnings"], json!([warning]));
    let (said, _) = encode(&folder, "plan", &["--quality", "3000"]);
    assert!(said["warnings"][0].as_str().unwrap().contains("makes no difference"), "{said}");
    let text = command(&folder, "plan", &[]).success();
    assert!(text.contains("in.avi -> out.avi\nvideo `codr` through coder.dll 9x5: 8 frames, 8 key frames, 128 bytes (1/8.4 of uncompressed)"), "{text}");
});

media_test!(whatever_decode_writes_can_be_encoded, |machine| {
    let folder = Folder::new(machine);
    folder.ffmpeg(
        "-f lavfi -i testsrc2=size=66x50:rate=30000/1001:duration=1 -f lavfi -i sine=frequency=440:sample_rate=22050:duration=1 -c:v rawvideo -pix_fmt bgr24 -c:a pcm_s16le source.avi",
    );
    let coder = format!("{}:plan", driver(machine, "coder").display());
    let mut hashes = Vec::new();
    for (name, has_sound) in
        [("a.avi", true), ("a.y4m", false), ("p%03d.png", false), ("a.mkv", true), ("a.mov", true)]
    {
        folder.drvhost(["decode", "source.avi", "-o", name]).success();
        let said = folder.drvhost(["encode", name, "-o", "out.avi", "--video", &coder]).json(0);
        assert_eq!((&said["video"]["frames"], &said["warnings"]), (&json!(30), &json!([])), "{name}: {said}");
        assert_eq!(said["audio"].as_array().unwrap().len(), usize::from(has_sound), "{name}");
        if has_sound {
            let samples = said["audio"][0]["samples"].as_u64().unwrap();
            assert!((22_050..22_060).contains(&samples), "{name}: {samples}");
        }
        let stream = AviReader::open(FileReader::open(&folder.file("out.avi")).unwrap())
            .unwrap()
            .video_stream(0)
            .unwrap();
        let rate = if name.ends_with("png") { (25, 1) } else { (30_000, 1001) };
        assert_eq!((stream.rate, stream.scale, &stream.compression), (rate.0, rate.1, b"codr"), "{name}");
        // The frames tell of their pictures' first byte only: the same from each, as far as Y4M's rounding goes.
        hashes.push(values(&frames(&folder.file("out.avi"))));
    }
    assert_eq!(hashes[0], hashes[3]);
    assert_eq!(hashes[0], hashes[2]);
    let apart =
        hashes[0].iter().zip(&hashes[1]).map(|(one, other)| one.unwrap().abs_diff(other.unwrap())).max();
    assert!(apart <= Some(3), "{apart:?}");
});

media_test!(ffmpeg_decodes_what_drivers_do_not, |machine| {
    let folder = Folder::new(machine);
    let source = "-f lavfi -i testsrc2=size=64x48:rate=10:duration=1 -f lavfi -i sine=frequency=440:sample_rate=22050:duration=1";
    folder.ffmpeg(&format!("{source} -c:v mjpeg -c:a pcm_s16le strange.avi"));
    let coder = format!("{}:plan", driver(machine, "coder").display());
    let said = folder
        .drvhost(["encode", "strange.avi", "-o", "out.avi", "--video", &coder, "--audio", "imaadpcm"])
        .json(0);
    assert_eq!(
        (&said["video"]["frames"], &said["audio"][0]["format_tag"]),
        (&json!(10), &json!(0x11)),
        "{said}"
    );
    let warning = said["warnings"][0].as_str().unwrap();
    assert!(
        warning.starts_with("ffmpeg decodes the input, because no driver here reads `MJPG` video"),
        "{warning}"
    );
    // A name that is no address.
    folder.ffmpeg("-i strange.avi -vn ./http:sound.flac");
    let said = folder.drvhost(["encode", "http:sound.flac", "-o", "out.avi", "--audio", "imaadpcm"]).json(0);
    assert_eq!((&said["video"], &said["audio"][0]["samples"]), (&json!(null), &json!(22_050)), "{said}");
    ffmpeg_is_content(&folder, "out.avi");
});

spy_test!(stopping_leaves_nothing, |machine| {
    let folder = Folder::new(machine);
    // Two hours, which no codec compresses in a moment.
    film(&folder, "in.avi", &vec![7; 72_000]);
    let mut running = command(&folder, "plan", &[]).start();
    running.wait_until(|folder| folder.names().iter().any(|name| name.starts_with(".drvhost-")));
    running.signal("INT");
    let ended = running.end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{}", ended.stderr);
    assert!(ended.stderr.contains("stopped on request"), "{}", ended.stderr);
    let left: Vec<_> =
        folder.names().into_iter().filter(|name| name != ".local" && name != ".cache").collect();
    assert_eq!(left, ["in.avi"]);
});
