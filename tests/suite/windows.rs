//! Windows, dialogs and messages of drivers, where nobody looks.

use std::time::Duration;

use drvhost::{DialogAnswer, Hdrvr};
use drvhost_tests::*;

fn opened(machine: Machine) -> (Rig, Hdrvr) {
    let rig = Rig::new(machine);
    let driver = rig.open("windows", "");
    (rig, driver)
}

spy_test!(a_modal_dialog_shows_settings_and_takes_them_back, |machine| {
    let (rig, windows) = opened(machine);
    for form in [0, 1, 3] {
        assert_eq!(rig.send(windows, WINDOWS_MODAL, form, 0), 1, "form {form}");
    }
});

// What a driver's dialogs, property sheets and message boxes are answered under each policy.
spy_test!(dialogs_are_answered_as_the_user_wants, |machine| {
    // MB_RETRYCANCEL, then MB_OK to MB_CANCELTRYCONTINUE, and MB_YESNO with No as its default.
    let kinds = [5, 0, 1, 2, 3, 4, 6, 0x104];
    let ok = (1234, 1, [4, 1, 1, 3, 6, 6, 2, 7]);
    let cancel = (-5, 0, [2, 1, 2, 3, 2, 7, 2, 7]);
    for (policy, expected) in [(DialogAnswer::Ok, ok), (DialogAnswer::Cancel, cancel)] {
        let rig = Rig::with(machine, |builder| builder.dialogs(policy));
        let windows = rig.open("windows", "");
        let boxes = kinds.map(|kind| rig.send(windows, WINDOWS_BOX, kind, 0));
        let applied = rig.send(windows, WINDOWS_SHEET, 0, 1);
        assert_eq!((rig.send(windows, WINDOWS_MODAL, 2, 0), applied, boxes), expected, "{policy:?}");
    }
});

spy_test!(a_dialog_that_takes_no_answer_is_ended, |machine| {
    let (rig, windows) = opened(machine);
    assert_eq!(rig.send(windows, WINDOWS_STUBBORN, 0, 0), 1);
});

spy_test!(a_hidden_dialog_stays_open_between_messages, |machine| {
    let (rig, windows) = opened(machine);
    assert_eq!(rig.send(windows, WINDOWS_STATUS, 0, 0), 1);
    for frame in [1, 2, 700] {
        assert_eq!(rig.send(windows, WINDOWS_STATUS, 1, frame), 1, "frame {frame}");
    }
    assert_eq!(rig.send(windows, WINDOWS_STATUS, 2, 0), 1);
});

spy_test!(a_message_box_is_answered_with_its_default_button, |machine| {
    let (rig, windows) = opened(machine);
    for (kind, answer) in [(0, 1), (1, 1), (0x101, 2), (4, 6), (0x104, 7), (0x203, 2)] {
        for wide in 0..2 {
            assert_eq!(rig.send(windows, WINDOWS_BOX, kind, wide), answer, "{kind:#x}");
        }
    }
});

spy_test!(timers_and_posted_messages_come_in_a_loop, |machine| {
    let (rig, windows) = opened(machine);
    for _ in 0..2 {
        assert_eq!(rig.send(windows, WINDOWS_LOOP, 0, 0), 1);
    }
});

spy_test!(windows_are_told_of_their_beginning_and_their_end, |machine| {
    let (rig, windows) = opened(machine);
    for wide in 0..2 {
        assert_eq!(rig.send(windows, WINDOWS_LIVES, wide, 0), 1, "{wide}");
    }
});

spy_test!(a_control_can_have_another_procedure, |machine| {
    let (rig, windows) = opened(machine);
    assert_eq!(rig.send(windows, WINDOWS_SUBCLASS, 0, 0), 1);
});

spy_test!(threads_send_messages_to_each_others_windows, |machine| {
    let (rig, windows) = opened(machine);
    for _ in 0..3 {
        assert_eq!(rig.send(windows, WINDOWS_THREADS, 0, 0), 1);
    }
});

spy_test!(a_property_sheet_is_applied, |machine| {
    let (rig, windows) = opened(machine);
    assert_eq!(rig.send(windows, WINDOWS_SHEET, 0, 0), 1);
});

spy_test!(pictures_are_found_in_resources, |machine| {
    let (rig, windows) = opened(machine);
    assert_eq!(rig.send(windows, WINDOWS_PICTURES, 0, 0), 1);
});

spy_test!(what_waits_between_messages_is_done, |machine| {
    let (rig, windows) = opened(machine);
    assert_eq!(rig.send(windows, WINDOWS_LEAVE, 0, 0), 0);
    let mut come = 0;
    // A timer is due after 10 ms at the earliest, whenever the machine gets to it.
    for turn in 1..1000 {
        std::thread::sleep(Duration::from_millis(2));
        come = rig.send(windows, WINDOWS_LEAVE, 0, 0);
        assert_eq!(come % 1000, turn, "each message comes before the next one is sent");
        if come >= 1000 {
            break;
        }
    }
    assert!(come >= 1000, "{come}");
});

spy_test!(what_an_unloaded_driver_leaves_is_gone, |machine| {
    let folder = Folder::new(machine);
    folder.copy_driver("nest", "nest.dll");
    folder.copy_driver("windows", "windows.dll");
    let mut registry = registry(machine);
    registry.add_driver_path(folder.path());
    let rig = Rig::with(machine, |builder| builder.registry(registry));
    // It lives in its opener's worker, which goes on without it.
    let opener = rig.session.open_driver("nest.dll", None, 0).unwrap();
    let name: Vec<u8> = "windows.dll".encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    let name = rig.bytes(opener, &name);
    for _ in 0..3 {
        let open = rig.block(opener, &[name.lparam(), 0, 0]);
        let windows = Hdrvr(rig.send(opener, NEST_OPEN, open.lparam(), 0).cast_unsigned());
        assert_eq!(rig.send(windows, WINDOWS_STATUS, 0, 0), 1);
        assert_eq!(rig.send(windows, WINDOWS_LEAVE, 0, 0), 0);
        assert_eq!(rig.send(windows, WINDOWS_FAULT, 1, 0), 2, "windows that the last one left are gone");
        assert_ne!(rig.send(opener, NEST_CLOSE, windows.0.cast_signed(), 0), 0);
        std::thread::sleep(Duration::from_millis(15));
        assert_eq!(rig.send(opener, XOR, 5, 3), 6);
    }
});

spy_test!(a_fault_in_a_dialog_leaves_no_dialog_behind, |machine| {
    let (rig, windows) = opened(machine);
    let before = rig.send(windows, WINDOWS_FAULT, 1, 0);
    rig.session.send(windows, WINDOWS_FAULT, 0, 0).unwrap_err();
    assert_eq!(rig.send(windows, WINDOWS_FAULT, 1, 0), before);
});

spy_test!(waiting_for_a_message_ends_with_the_deadline, |machine| {
    let rig = Rig::with_deadline(machine, Duration::from_millis(300));
    let windows = rig.open("windows", "");
    let error = rig.session.send(windows, WINDOWS_WAIT, 0, 0).unwrap_err();
    assert!(error.to_string().contains("deadline"), "{error}");
    assert_eq!(rig.send(windows, WINDOWS_BOX, 0, 0), 1);
});
