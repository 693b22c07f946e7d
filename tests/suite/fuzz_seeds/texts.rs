//! Texts, in each dialect that is read.

use std::fs;

use drvhost::shelf::{Line, Manifest, Stamp};
use drvhost_tests::Folder;

use super::Seed;

const VERSION_5: &str = "Windows Registry Editor Version 5.00\r\n\r\n\
    [HKEY_LOCAL_MACHINE\\Software\\A]\r\n@=\"default\"\r\n\"n\"=dword:0000002a\r\n\
    \"path\"=\"C:\\\\a \\\"b\\\"\"\r\n\"bytes\"=hex:01,02,\\\r\n  03\r\n\"more\"=hex(7):61,00,00,00,00,00\r\n\
    [-HKEY_LOCAL_MACHINE\\Software\\A\\Gone]\r\n[HKCU\\b]\r\n\"gone\"=-\r\n";

const VERSION_4: &str =
    "REGEDIT4\r\n; said\r\n[HKEY_CURRENT_USER\\Software\\A]\r\n\"s\"=\"x\"\r\n\"e\"=hex(2):25,61,25,00\r\n";

const WINE: &str = "WINE REGISTRY Version 2\n;; All keys relative to REGISTRY\\\\Machine\n\n#arch=win64\n\n\
    [Software\\\\A \\[b\\]\\\\Caf\\x00e9] 1700000000\n#time=1da1b2c3d4e5f60\n@=\"default\"\n\
    \"n\"=dword:0000000a\n\"e\"=str(2):\"%a%\"\n\"m\"=str(7):\"a\\0b\\0\"\n\"b\"=hex:00,ff\n";

const INI: &str = "; Windows\r\n[boot]\r\nshell=progman.exe\r\n\r\n[drivers]\r\nmidimapper=midimap.drv\r\n\
    VIDC.CVID=iccvid.drv\r\nwave = 'a b.drv'\r\n[mci]\r\nWaveAudio=\"mciwave.drv 4\"\r\n";

/// A text in UTF-16 behind its mark.
fn utf16(text: &str) -> Vec<u8> {
    [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

pub fn seeds() -> Vec<Seed> {
    vec![
        ("reg", "version-5", VERSION_5.into()),
        ("reg", "version-5-utf16", utf16(VERSION_5)),
        ("reg", "version-4", VERSION_4.into()),
        ("reg", "wine", WINE.into()),
        ("ini", "system", INI.into()),
        ("ini", "system-utf16", utf16(INI)),
        ("manifest", "two-files", manifest()),
    ]
}

/// What a run has kept of two files, and of one of them again.
fn manifest() -> Vec<u8> {
    let folder = Folder::default();
    let manifest = Manifest::open(folder.path()).unwrap();
    let line = |input: &str, output: Option<&str>| Line {
        input: input.to_owned(),
        output: output.map(str::to_owned),
        hash: Some("00".repeat(32)),
        frames: Some(10),
        samples: None,
        audio: Vec::new(),
        warnings: vec!["the file ends early".to_owned()],
        seconds: 0.5,
        stamp: Stamp { size: 1000, modified: 1_700_000_000_000_000_000 },
        options: "--jobs 2".to_owned(),
        error: None,
    };
    for line in [line("a.avi", Some("a.mkv")), line("b\\x5c.avi", None), line("a.avi", Some("b.mkv"))] {
        manifest.append(&line).unwrap();
    }
    fs::read(folder.path().join("manifest.jsonl")).unwrap()
}
