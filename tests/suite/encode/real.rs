//! Encoding with real drivers, and decoding again by them and by ffmpeg: as `docs/formats.md` says.

use super::*;

use mmsystem::Packing;
use serde_json::json;

/// A film of a second, and its sound.
fn source(folder: &Folder, rate: u32, channels: u32) {
    let sound = format!("aevalsrc=0.4*sin(880*PI*t)+0.1*sin(3000*PI*t)|0.4*sin(1760*PI*t):s={rate}:d=1.03");
    folder.ffmpeg(&format!(
        "-f lavfi -i testsrc2=size=161x121:rate=12:duration=1 -f lavfi -i {sound} -c:v rawvideo -pix_fmt bgr24 -ac {channels} -c:a pcm_s16le in.avi"
    ));
}

/// The power of a content over that of the difference of another from it, in decibels; for pictures the greatest power that there can be.
fn ratio(one: &[f64], other: &[f64], peak: Option<f64>) -> f64 {
    assert!(other.len() >= one.len(), "{} of {}", other.len(), one.len());
    let noise: f64 = one.iter().zip(other).map(|(one, other)| (one - other).powi(2)).sum();
    let power =
        peak.map_or_else(|| one.iter().map(|one| one.powi(2)).sum(), |peak| peak.powi(2) * one.len() as f64);
    10.0 * (power / noise).log10()
}

fn pictures(folder: &Folder, name: &str) -> Vec<f64> {
    folder
        .ffmpeg(&format!("-i {name} -fps_mode passthrough -pix_fmt bgr24 -f rawvideo -"))
        .into_iter()
        .map(f64::from)
        .collect()
}

fn samples(folder: &Folder, name: &str) -> Vec<f64> {
    let bytes = folder.ffmpeg(&format!("-i {name} -f s16le -"));
    bytes.as_chunks().0.iter().map(|sample| f64::from(i16::from_le_bytes(*sample))).collect()
}

/// Encodes the sound of `in.avi` with a driver, and sees that ffmpeg and the driver decode it as exactly as is told.
fn sound_comes_back(machine: Machine, driver: &str) {
    let tried: Vec<_> = ENCODERS.iter().filter(|encoder| encoder.driver == driver).collect();
    assert!(!tried.is_empty());
    for &Encoder { named, tag, sound: (rate, channels), least, .. } in tried {
        let folder = Folder::new(machine);
        source(&folder, rate, channels);
        let said = folder.drvhost(["encode", "in.avi", "-o", "out.avi", "--audio", named]).json(0);
        let sound = &said["audio"][0];
        assert_eq!((&sound["format_tag"], &sound["driver"]), (&json!(tag), &json!(driver)), "{said}");
        assert_eq!((&said["video"]["driver"], &said["warnings"]), (&json!(null), &json!([])), "{said}");
        ffmpeg_is_content(&folder, "out.avi");
        let original = samples(&folder, "in.avi");
        assert_eq!(sound["samples"], original.len() / channels as usize);
        folder.drvhost(["decode", "out.avi", "-o", "back.avi"]).success();
        for name in ["out.avi", "back.avi"] {
            let decoded = samples(&folder, name);
            let ratio = ratio(&original, &decoded, None);
            println!(
                "{named} {machine} {name}: {ratio:.1} dB, {} samples more",
                decoded.len() - original.len()
            );
            assert!(ratio > least, "{named} {name}: {ratio} dB");
            // The last block is filled up.
            assert!(decoded.len() - original.len() < 2100 * channels as usize);
        }
        // The pictures are as they were.
        assert!(pictures(&folder, "in.avi") == pictures(&folder, "out.avi"));
    }
}

media_test!(ima_adpcm_comes_back, |machine| sound_comes_back(machine, "imaadp32.acm"));
media_test!(g711_comes_back, |machine| sound_comes_back(machine, "msg711.acm"));
media_test!(gsm_comes_back, |machine| sound_comes_back(machine, "msgsm32.acm"));

media_test!(run_lengths_come_back, |machine| {
    let folder = Folder::new(machine);
    source(&folder, 22_050, 2);
    let arguments = [
        "encode",
        "in.avi",
        "-o",
        "out.avi",
        "--video",
        "mrle",
        "--audio",
        "imaadpcm",
        "--keyframe-every",
        "1",
    ];
    let said = folder.drvhost(arguments).json(0);
    let video = &said["video"];
    assert_eq!((&video["driver"], &video["fourcc"]), (&json!("msrle32.dll"), &json!("BI_RLE8")), "{said}");
    assert_eq!((&video["frames"], &video["key_frames"]), (&json!(12), &json!(12)));
    ffmpeg_is_content(&folder, "out.avi");
    let ratio = ratio(&pictures(&folder, "in.avi"), &pictures(&folder, "out.avi"), Some(255.0));
    println!("mrle {machine}: {ratio:.1} dB");
    assert!(ratio > RUN_LENGTHS_PSNR, "{ratio} dB");
    // What has few colours comes back as it was, by the driver and by ffmpeg.
    folder.drvhost(["decode", "out.avi", "-o", "few.avi"]).success();
    folder
        .drvhost(["encode", "few.avi", "-o", "again.avi", "--video", "vidc.mrle", "--keyframe-every", "1"])
        .success();
    let [first, again] =
        ["out.avi", "again.avi"].map(|name| folder.drvhost(["decode", name]).json(0)["hash"].clone());
    assert_eq!(first, again);
    assert!(pictures(&folder, "few.avi") == pictures(&folder, "again.avi"));
});

media_test!(run_lengths_that_build_on_the_frame_before_are_read_by_ffmpeg, |machine| {
    let folder = Folder::new(machine);
    source(&folder, 22_050, 2);
    let mut sizes = Vec::new();
    for every in ["1", "0", "5"] {
        let arguments = ["encode", "in.avi", "-o", "out.avi", "--video", "mrle", "--keyframe-every", every];
        let said = folder.drvhost(arguments).json(0);
        sizes.push(said["video"]["bytes"].as_u64().unwrap());
        let keys: Vec<_> = frames(&folder.file("out.avi")).iter().map(|frame| frame.key).collect();
        let is_key = |number: usize| match every {
            "0" => number == 0,
            every => number.is_multiple_of(every.parse().unwrap()),
        };
        assert_eq!(keys, (0..12).map(is_key).collect::<Vec<_>>(), "every {every}");
        let ratio = ratio(&pictures(&folder, "in.avi"), &pictures(&folder, "out.avi"), Some(255.0));
        assert!(ratio > RUN_LENGTHS_PSNR, "{ratio} dB");
    }
    assert!(sizes[1] < sizes[2] && sizes[2] < sizes[0], "{sizes:?}");
});

media_test!(greys_stay_as_they_are, |machine| {
    let folder = Folder::new(machine);
    folder.ffmpeg(
        "-f lavfi -i testsrc2=size=64x48:rate=5:duration=1 -vf format=gray,format=bgr24 -c:v rawvideo in.avi",
    );
    folder.drvhost(["encode", "in.avi", "-o", "out.avi", "--video", "mrle"]).success();
    let [before, after] = ["in.avi", "out.avi"].map(|name| pictures(&folder, name));
    let changed: Vec<_> =
        (0..before.len() / 3).filter(|&pixel| before[pixel * 3] != after[pixel * 3]).collect();
    // A single pixel at the end of a row may get the colour of those before it.
    assert!(changed.len() <= 20 && changed.iter().all(|pixel| pixel % 64 == 63), "{changed:?}");
    let format = AviReader::open(FileReader::open(&folder.file("out.avi")).unwrap()).unwrap();
    let format = format.video_stream(0).unwrap().format;
    assert_eq!(format[40..48], [0, 0, 0, 0, 1, 1, 1, 0], "the palette is that of all greys");
});

media_test!(drivers_that_only_decode_say_so, |machine| {
    let folder = Folder::new(machine);
    source(&folder, 22_050, 2);
    for (option, driver) in
        [("--video", "cvid"), ("--video", "msvc"), ("--audio", "msadpcm"), ("--audio", "l3acm")]
    {
        let said = folder
            .drvhost(["encode", "in.avi", "-o", "out.avi", option, driver])
            .complaint(pick_exit(driver));
        assert!(said.contains(" refused ") || said.contains("none but PCM"), "{said}");
        assert_eq!(folder.names(), ["in.avi"]);
    }
});

/// A driver that lists no format is asked for one that it does not have; the others refuse.
fn pick_exit(driver: &str) -> i32 {
    if driver == "l3acm" { 2 } else { 4 }
}

lame_test!(lame_encodes_what_the_format_says, |machine| {
    let folder = Folder::new(machine);
    source(&folder, 44_100, 2);
    let driver = lame(machine, pick(machine, Packing::Natural, Packing::Byte)).display().to_string();
    let mut sizes = Vec::new();
    for (format, least) in [("44100/2/320k", 65.0), ("128k", 20.0)] {
        let audio = format!("{driver}:{format}");
        let said = folder.drvhost(["encode", "in.avi", "-o", "out.avi", "--audio", &audio]).json(0);
        assert_eq!(said["audio"][0]["format_tag"], 0x55, "{said}");
        sizes.push(said["audio"][0]["bytes"].as_u64().unwrap());
        ffmpeg_is_content(&folder, "out.avi");
        let (original, decoded) = (samples(&folder, "in.avi"), samples(&folder, "out.avi"));
        let ratios = (1000..1300).map(|delay| ratio(&original[..20_000], &decoded[delay * 2..], None));
        let best = ratios.fold(f64::MIN, f64::max);
        println!("lame {machine} {format}: {best:.1} dB");
        assert!(best > least, "{format}: {best} dB");
    }
    assert!((30..=50).contains(&(sizes[0] / 1000)) && (11..=20).contains(&(sizes[1] / 1000)), "{sizes:?}");
});
