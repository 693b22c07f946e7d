//! LAME's ACM driver: written in C++ by others, and built for both machines.

use drvhost_tests::*;
use mmsystem::Packing;
use serde_json::json;

const MP3: u16 = 0x55;

/// Its builds for a machine.
fn builds(machine: Machine) -> &'static [Packing] {
    pick(machine, &[Packing::Natural], &[Packing::Byte, Packing::Natural])
}

lame_test!(lames_driver_is_an_audio_codec_for_mp3, |machine| {
    for &packing in builds(machine) {
        let file = lame(machine, packing).display().to_string();
        let info = Folder::new(machine).drvhost(["info", &file]).json(0);
        let told = ["machine", "opens", "class", "exports"].map(|field| info[field].clone());
        assert_eq!(
            told,
            [json!(machine.to_string()), json!(true), json!("acm"), json!(["DriverProc"])],
            "{info}"
        );
        assert!(info["format_tags"].as_array().unwrap().contains(&json!(MP3)), "{info}");
    }
});

lame_test!(lames_driver_decodes_alike_in_either_packing, |machine: X86_64| {
    let folder = Folder::new(machine);
    folder.ffmpeg("-f lavfi -i sine=duration=1 -c:a libmp3lame in.wav");
    let hashes = builds(machine).iter().map(|&packing| {
        let driver = lame(machine, packing).display().to_string();
        let decoded = folder.drvhost(["decode", "in.wav", "--driver", &driver]).json(0);
        assert!(decoded["samples"].as_u64() > Some(40_000), "{decoded}");
        decoded["hash"].clone()
    });
    let hashes: Vec<_> = hashes.collect();
    assert_eq!(hashes[0], hashes[1]);
});
