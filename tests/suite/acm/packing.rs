//! C128: which packing a driver reads, where its file does not tell.

use std::ops::ControlFlow;
use std::path::PathBuf;

use drvhost::decode::{self, Decode, Decoded};
use drvhost::media::ContentHasher;
use drvhost::{DriverFile, Error};
use drvhost_tests::*;
use mmsystem::*;

use super::*;

fn decode_with(
    rig: &Rig,
    folder: &Folder,
    driver: DriverFile,
    packing: Option<Packing>,
) -> Result<Decoded, Error> {
    folder.write("in.wav", wave(TAG));
    let what = Decode { input: folder.file("in.wav"), driver: Some(driver), packing, ..Decode::default() };
    decode::run(&rig.session, &what, |_| ControlFlow::Continue(()))
}

fn codec(machine: Machine, name: &str, text: &str) -> DriverFile {
    driver_file(driver(machine, name), text)
}

fn is_right(decoded: &Decoded) -> bool {
    let mut hasher = ContentHasher::new();
    hasher.update(&samples());
    decoded.samples == Some(DATA.len() as u64) && decoded.hash == hasher.finish().to_string()
}

/// A copy of a codec with the mark of Wine's own drivers, which lies behind the DOS header.
fn marked(rig: &Rig, name: &str) -> PathBuf {
    const MARK_AT: usize = 64;
    let copy = rig.copy(name, "marked.dll");
    let mut bytes = std::fs::read(&copy).unwrap();
    let mark = b"Wine builtin DLL";
    bytes[MARK_AT..MARK_AT + mark.len()].copy_from_slice(mark);
    std::fs::write(&copy, bytes).unwrap();
    copy
}

spy_test!(c128_packed_driver_needs_no_second_try, |machine| {
    let (rig, folder) = (Rig::new(machine), Folder::new(machine));
    let decoded = decode_with(&rig, &folder, codec(machine, "acm", ""), None).unwrap();
    assert!(is_right(&decoded) && decoded.warnings.is_empty(), "{decoded:?}");
    assert_eq!(rig.calls_with(DRV_LOAD).len(), 1);
});

spy_test!(c128_refused_query_is_tried_with_the_other_packing_in_a_fresh_worker, |machine: X86_64| {
    let (rig, folder) = (Rig::new(machine), Folder::new(machine));
    let decoded = decode_with(&rig, &folder, codec(machine, "acmnatural", ""), None).unwrap();
    assert!(is_right(&decoded), "{decoded:?}");
    let expected = "acmnatural.dll takes naturally aligned ACM structures, not byte-packed ones; `--quirk acm-natural` \
                    gives it these from the start";
    assert_eq!(decoded.warnings, [expected]);
    let (opens, loads) = (rig.calls_with(ACMDM_STREAM_OPEN), rig.calls_with(DRV_LOAD));
    let of_workers: Vec<_> = opens.iter().map(|open| open.worker).collect();
    assert_eq!(of_workers, [1, 2, 2]);
    assert_eq!(loads.len(), 2);
    // The first one was closed in order before.
    let first = Sequence::of(rig.calls().iter().filter(|call| call.worker == 1).map(|call| call.number));
    assert!(first.to_string().ends_with("ACMDM_STREAM_OPEN CLOSE DISABLE FREE"), "{first}");
    assert!(rig.session.instances().is_empty());
});

spy_test!(c128_fault_in_the_query_is_tried_with_the_other_packing_in_a_fresh_worker, |machine: X86_64| {
    // It faults in whichever message it first believes a pointer of.
    for (text, message) in [("", ACMDM_FORMAT_SUGGEST), ("suggest=8", ACMDM_STREAM_OPEN)] {
        let (rig, folder) = (Rig::new(machine), Folder::new(machine));
        let decoded = decode_with(&rig, &folder, codec(machine, "acmtrusting", text), None).unwrap();
        assert!(is_right(&decoded), "{decoded:?}");
        assert!(decoded.warnings.len() == 1 && decoded.warnings[0].contains("acm-natural"), "{decoded:?}");
        let first = rig.calls().into_iter().filter(|call| call.worker == 1).collect::<Vec<_>>();
        let last = first.last().unwrap();
        // What has faulted gets nothing further.
        assert_eq!((last.number, last.outcome.as_str()), (message, "faulted"), "{text}");
        assert!(rig.calls().iter().any(|call| call.worker == 2), "{text}");
    }
});

spy_test!(c128_marked_driver_that_is_packed_is_found_out, |machine: X86_64| {
    let (rig, folder) = (Rig::new(machine), Folder::new(machine));
    let file = marked(&rig, "acm");
    let decoded = decode_with(&rig, &folder, driver_file(file, ""), None).unwrap();
    assert!(is_right(&decoded), "{decoded:?}");
    assert!(decoded.warnings.len() == 1 && decoded.warnings[0].contains("acm-packed"), "{decoded:?}");
});

spy_test!(c128_marked_driver_that_is_natural_needs_no_second_try, |machine| {
    let (rig, folder) = (Rig::new(machine), Folder::new(machine));
    let file = marked(&rig, "acmnatural");
    let decoded = decode_with(&rig, &folder, driver_file(file, ""), None).unwrap();
    assert!(is_right(&decoded) && decoded.warnings.is_empty(), "{decoded:?}");
});

spy_test!(c128_in_32_bits_both_packings_are_one, |machine: I386| {
    for (name, packing) in [("acm", Packing::Natural), ("acmnatural", Packing::Byte)] {
        for packing in [None, Some(packing)] {
            let (rig, folder) = (Rig::new(machine), Folder::new(machine));
            let decoded = decode_with(&rig, &folder, codec(machine, name, ""), packing).unwrap();
            assert!(is_right(&decoded) && decoded.warnings.is_empty(), "{decoded:?}");
            assert_eq!(rig.calls_with(DRV_LOAD).len(), 1);
        }
    }
});

spy_test!(c128_forced_packing_is_the_only_one, |machine: X86_64| {
    let (rig, folder) = (Rig::new(machine), Folder::new(machine));
    let decoded =
        decode_with(&rig, &folder, codec(machine, "acmnatural", ""), Some(Packing::Natural)).unwrap();
    assert!(is_right(&decoded) && decoded.warnings.is_empty(), "{decoded:?}");
    for (name, packing) in
        [("acmnatural", Packing::Byte), ("acmtrusting", Packing::Byte), ("acm", Packing::Natural)]
    {
        rig.skip_so_far();
        let error = decode_with(&rig, &folder, codec(machine, name, ""), Some(packing)).unwrap_err();
        assert!(matches!(error, Error::Refused { .. } | Error::Faulted { .. }), "{error}");
        assert_eq!(rig.calls_with(DRV_LOAD).len(), 1, "{name}");
    }
});

spy_test!(c128_where_both_packings_fail_the_first_failure_is_told, |machine: X86_64| {
    let (rig, folder) = (Rig::new(machine), Folder::new(machine));
    let error = decode_with(&rig, &folder, codec(machine, "acm", "query=512"), None).unwrap_err();
    let expected =
        "acm.dll refused ACMDM_STREAM_OPEN for format tag 0x7ac0: it answered ACMERR_NOTPOSSIBLE (512)";
    assert_eq!(error.to_string(), expected);
    assert!(error.advice().is_some_and(|advice| advice.contains("both packings")), "{error:?}");
    assert_eq!(error.blame(), drvhost::Blame::Driver);
    assert_eq!(rig.calls_with(DRV_LOAD).len(), 2);

    rig.skip_so_far();
    let error = decode_with(&rig, &folder, codec(machine, "acmtrusting", "query=512"), None).unwrap_err();
    let Error::EitherPacking(first) = &error else { panic!("{error:?}") };
    assert!(matches!(**first, Error::Faulted { .. }), "{error}");
    assert_eq!(rig.calls_with(DRV_LOAD).len(), 2);
    assert!(rig.session.instances().is_empty());
});

spy_test!(c128_no_second_try_where_others_keep_the_worker_alive, |machine: X86_64| {
    for name in ["acmnatural", "acmtrusting"] {
        let (rig, folder) = (Rig::new(machine), Folder::new(machine));
        let other = rig.open(name, "");
        let error = decode_with(&rig, &folder, codec(machine, name, ""), None).unwrap_err();
        assert!(matches!(error, Error::Refused { .. } | Error::Faulted { .. }), "{error}");
        assert_eq!(rig.calls_with(DRV_LOAD).len(), 1);
        assert_eq!(rig.send(other, XOR, 5, 3), 6);
        assert_eq!(rig.session.instances().len(), 1);
    }
});

spy_test!(c128_no_second_try_where_the_driver_refuses_to_close, |machine: X86_64| {
    let (rig, folder) = (Rig::new(machine), Folder::new(machine));
    let error = decode_with(&rig, &folder, codec(machine, "acmnatural", "close=0"), None).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert_eq!((rig.calls_with(DRV_LOAD).len(), rig.session.instances().len()), (1, 1));
});

spy_test!(c128_hidden_instance_does_not_keep_the_worker_alive, |machine: X86_64| {
    for name in ["acmnatural", "acmtrusting"] {
        let (rig, folder) =
            (Rig::with(machine, |builder| builder.hidden_instance(true)), Folder::new(machine));
        let decoded = decode_with(&rig, &folder, codec(machine, name, ""), None).unwrap();
        assert!(is_right(&decoded) && decoded.warnings.len() == 1, "{decoded:?}");
        assert_eq!(rig.calls_with(DRV_LOAD).len(), 2, "{name}");
        assert!(rig.session.instances().is_empty(), "{name}");
    }
});

spy_test!(c128_later_failures_are_not_tried_again, |machine| {
    let (rig, folder) = (Rig::new(machine), Folder::new(machine));
    let error = decode_with(&rig, &folder, codec(machine, "acm", "stream=7"), None).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert_eq!(rig.calls_with(DRV_LOAD).len(), 1);
});

spy_test!(sound_without_channels_or_rate_is_no_matter_of_packing, |machine| {
    const CHANNELS_AT: usize = 22;
    const RATE_AT: usize = 24;
    for zeros in [CHANNELS_AT..CHANNELS_AT + 2, RATE_AT..RATE_AT + 4] {
        let folder = with_codec(machine, "acm");
        let mut wave = wave(TAG);
        wave[zeros].fill(0);
        folder.write("x.wav", wave);
        let trace = folder.file("trace");
        let arguments = ["decode", "x.wav", "--driver", "./acm.dll", "--trace", "trace"];
        let complaint = folder.drvhost(arguments).complaint(3);
        assert!(complaint.starts_with("drvhost: media: sound of "), "{complaint}");
        assert_eq!(calls_in(&trace).iter().filter(|call| call.number == DRV_LOAD).count(), 1);
    }
});

/// A folder with a WAVE file and a codec.
fn with_codec(machine: Machine, name: &str) -> Folder {
    let folder = Folder::new(machine);
    folder.write("x.wav", wave(TAG));
    folder.copy_driver(name, "acm.dll");
    folder
}

spy_test!(c128_command_says_which_packing_works, |machine: X86_64| {
    for name in ["acmnatural", "acmtrusting"] {
        let folder = with_codec(machine, name);
        let output = folder.drvhost(["decode", "x.wav", "--driver", "./acm.dll", "-o", "out.wav"]).output();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        assert!(stderr.starts_with("drvhost: acm.dll takes naturally aligned ACM structures"), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(folder.read("out.wav").ends_with(&samples()));
        let json = folder.drvhost(["decode", "x.wav", "--driver", "./acm.dll"]).json(0);
        let warnings = json["warnings"].as_array().unwrap();
        assert!(
            warnings.len() == 1 && warnings[0].as_str().unwrap().contains("--quirk acm-natural"),
            "{json}"
        );

        let quirk = ["decode", "x.wav", "--driver", "./acm.dll", "--quirk", "acm-natural"];
        assert!(folder.drvhost(quirk).output().stderr.is_empty(), "{name}");
        let quirk = ["decode", "x.wav", "--driver", "./acm.dll", "--quirk", "acm-packed"];
        let complaint = folder.drvhost(quirk).complaint(4);
        assert!(complaint.starts_with("drvhost: driver: acm.dll "), "{complaint}");
    }
});

spy_test!(c128_command_says_that_both_were_tried, |machine: X86_64| {
    let folder = with_codec(machine, "acm");
    let complaint = folder.drvhost(["decode", "x.wav", "--driver", "./acm.dll query=512"]).complaint(4);
    assert!(complaint.contains("ACMERR_NOTPOSSIBLE") && complaint.contains("both packings"), "{complaint}");
    assert!(complaint.contains("--quirk acm-natural"), "{complaint}");
    assert!(folder.drvhost(["decode", "x.wav", "--driver", "./acm.dll"]).output().stderr.is_empty());
});
