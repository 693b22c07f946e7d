//! Functions called the way the guest calls them. Its window procedures are the system's own here; those of drivers are called in `tests/suite`.

use guest::Mode;

use crate::testing::{Guest, alone};
use crate::user32::window::DESKTOP;

const WS_CHILD: u64 = 0x4000_0000;
const WS_VISIBLE: u64 = 0x1000_0000;

#[test]
fn windows_answer_32_bit_code() {
    alone(|| windows_answer(Mode::I386));
}

#[test]
fn windows_answer_64_bit_code() {
    alone(|| windows_answer(Mode::X86_64));
}

fn windows_answer(mode: Mode) {
    let mut guest = Guest::new(mode);
    queues(&mut guest);
    let frame = windows(&mut guest);
    buttons(&mut guest, frame);
    lists(&mut guest, frame);
    edits(&mut guest, frame);
    ranges(&mut guest, frame);
    tabs(&mut guest, frame);
    numbers(&mut guest, frame);
    dialogs(&mut guest);
    boxes(&mut guest);
    clipboard(&mut guest);
    pictures(&mut guest);
    ends(&mut guest, frame);
}

/// A predefined control, or a dialog's window.
fn create(guest: &mut Guest, class: &str, text: &str, style: u64, parent: u64, id: u64) -> u64 {
    let class = guest.wide(class);
    let text = guest.put(format!("{text}\0").as_bytes());
    let name = guest.put(&[0; 64]);
    for index in 0..32 {
        let unit: [u8; 2] = guest.bytes(class + 2 * index);
        guest.process.machine.memory.write(name + index, &unit[..1]).unwrap();
        if unit == [0, 0] {
            break;
        }
    }
    let arguments = [0, name, text, style, 10, 20, 100, 50, parent, id, 0, 0];
    guest.call("CreateWindowExA", &arguments)
}

/// The window, the number and the two parameters of MSG.
fn message(guest: &Guest, at: u64) -> (u64, u32, u64, u64) {
    let word = guest.pointer_size();
    (guest.pointer(at), guest.u32(at + word), guest.pointer(at + 2 * word), guest.pointer(at + 3 * word))
}

fn queues(guest: &mut Guest) {
    let out = guest.put(&[0; 48]);
    assert_eq!(guest.call("PeekMessageA", &[out, 0, 0, 0, 1]), 0);
    let thread = guest.call("GetCurrentThreadId", &[]);
    assert_eq!(guest.call("PostThreadMessageW", &[thread, 0x400, 5, guest.minus_one()]), 1);
    assert_eq!(guest.call("PostThreadMessageW", &[thread + 1, 0x400, 5, 6]), 0);
    assert_eq!(guest.last_error(), 1444);
    assert_eq!((guest.call("PostMessageA", &[0x5_0000, 0x400, 1, 2]), guest.last_error()), (0, 1400));
    // QS_POSTMESSAGE and QS_ALLPOSTMESSAGE, there and not looked at; a wait ends at once.
    assert_eq!(guest.call("GetQueueStatus", &[0xffff]), 0x0108_0108);
    assert_eq!(guest.call("GetQueueStatus", &[0xffff]), 0x0108_0000);
    assert_eq!(guest.call("MsgWaitForMultipleObjects", &[0, 0, 0, 0, 0x1ff]), 258);
    assert_eq!(guest.call("MsgWaitForMultipleObjectsEx", &[0, 0, 0, 0x1ff, 4]), 0);
    assert_eq!(guest.call("PeekMessageA", &[out, 0, 0x500, 0x600, 1]), 0);
    assert_eq!(guest.call("PeekMessageA", &[out, 0, 0, 0, 0]), 1);
    assert_eq!(guest.call("GetMessageA", &[out, 0, 0, 0]), 1);
    assert_eq!(message(guest, out), (0, 0x400, 5, guest.minus_one()));
    guest.call("PostQuitMessage", &[7]);
    assert_eq!(guest.call("PostMessageA", &[0, 0x401, 0, 0]), 1);
    assert_eq!((guest.call("GetMessageW", &[out, 0, 0, 0]), message(guest, out).1), (1, 0x401));
    assert_eq!((guest.call("GetMessageW", &[out, 0, 0, 0]), message(guest, out).2), (0, 7));
    assert_eq!(guest.call("GetMessageW", &[out, 0x5_0000, 0, 0]), 0xffff_ffff);

    let filled = (0..).take_while(|_| guest.call("PostMessageA", &[0, 0x402, 0, 0]) == 1).count();
    assert_eq!((filled, guest.last_error()), (10_000, 1816));
    while guest.call("PeekMessageA", &[out, 0, 0, 0, 1]) == 1 {}

    let event = guest.call("CreateEventA", &[0, 0, 1, 0]);
    let handles = guest.pointers(&[event]);
    assert_eq!(guest.call("MsgWaitForMultipleObjects", &[1, handles, 0, 1000, 0x1ff]), 0);
    assert_eq!(guest.call("MsgWaitForMultipleObjects", &[1, handles, 0, 1, 0x1ff]), 258);
    assert_eq!(guest.call("MsgWaitForMultipleObjects", &[64, handles, 0, 1, 0x1ff]), 0xffff_ffff);

    let timer = guest.call("SetTimer", &[0, 0, 10, 0]);
    assert_ne!(timer, 0);
    assert_eq!(guest.call("MsgWaitForMultipleObjects", &[1, handles, 0, 60_000, 0x10]), 1);
    assert_eq!(guest.call("GetMessageA", &[out, 0, 0, 0]), 1);
    assert_eq!(message(guest, out), (0, 0x113, timer, 0));
    assert_eq!((guest.call("KillTimer", &[0, timer]), guest.call("KillTimer", &[0, timer])), (1, 0));
    let registered = guest.put(b"drvhost test\0");
    let number = guest.call("RegisterWindowMessageA", &[registered]);
    let wide = guest.wide("DRVHOST TEST");
    assert_eq!((number, guest.call("RegisterWindowMessageW", &[wide])), (0xc000, number));
}

/// Makes a window of the dialog class, which wants nothing of its own.
fn windows(guest: &mut Guest) -> u64 {
    let frame = create(guest, "#32770", "Frame", 0x8000_0000, 0, 0);
    assert_eq!(guest.call("IsWindow", &[frame]), 1);
    let out = guest.put(&[0; 64]);
    assert_eq!((guest.call("GetWindowTextA", &[frame, out, 4]), guest.text(out)), (3, "Fra".to_owned()));
    let title = guest.wide("Rahmen ä");
    assert_eq!(guest.call("SetWindowTextW", &[frame, title]), 1);
    assert_eq!(guest.call("GetWindowTextLengthA", &[frame]), 8);
    assert_eq!(guest.call("GetWindowTextA", &[frame, out, 64]), 8);
    assert_eq!(guest.bytes(out), *b"Rahmen \xe4\0");
    assert_eq!(guest.call("FindWindowW", &[0, title]), frame);
    assert_eq!((guest.call("FindWindowW", &[title, 0]), guest.last_error()), (0, 2));

    let (child, inner) = (create(guest, "STATIC", "one", WS_CHILD, frame, 5), guest.room);
    let below = create(guest, "Static", "two", WS_CHILD | WS_VISIBLE, child, 6);
    assert!(inner < guest.room);
    assert_eq!(guest.call("GetParent", &[below]), child);
    assert_eq!((guest.call("IsChild", &[frame, below]), guest.call("IsChild", &[below, frame])), (1, 0));
    assert_eq!((guest.call("GetWindow", &[frame, 5]), guest.call("GetDlgItem", &[frame, 5])), (child, child));
    assert_eq!((guest.call("GetDlgItem", &[frame, 6]), guest.last_error()), (0, 1421));
    assert_eq!((guest.int("GetDlgCtrlID", &[below]), guest.call("GetAncestor", &[below, 2])), (6, frame));
    assert_eq!(guest.call("IsWindowVisible", &[below]), 0, "what it lies in is hidden");
    assert_eq!((guest.call("ShowWindow", &[child, 5]), guest.call("ShowWindow", &[frame, 5])), (0, 0));
    assert_eq!((guest.call("IsWindowVisible", &[below]), guest.call("ShowWindow", &[frame, 0])), (1, 1));
    let rect = |guest: &mut Guest, function: &str, window: u64| {
        assert_eq!(guest.call(function, &[window, out]), 1);
        [0, 4, 8, 12].map(|side| guest.u32(out + side))
    };
    assert_eq!(rect(guest, "GetWindowRect", below), [30, 60, 130, 110]);
    assert_eq!(guest.call("MoveWindow", &[child, 1, 2, 30, 40, 1]), 1);
    assert_eq!(rect(guest, "GetWindowRect", below), [21, 42, 121, 92]);
    assert_eq!(rect(guest, "GetClientRect", child), [0, 0, 30, 40]);
    let desktop = guest.call("GetDesktopWindow", &[]);
    assert_eq!((desktop, rect(guest, "GetWindowRect", desktop)), (DESKTOP.0, [0, 0, 1024, 768]));
    let point = guest.long(41 << 32 | 35);
    let mut arguments = vec![out];
    arguments.extend(point);
    guest.process.machine.memory.write(out, &[0; 16]).unwrap();
    assert_eq!(guest.call("SetRect", &[out, 30, 40, 50, 60]), 1);
    assert_eq!(guest.call("PtInRect", &arguments), 1);
    assert_eq!((guest.call("OffsetRect", &[out, 100, 0]), guest.call("PtInRect", &arguments)), (1, 0));
    assert_eq!((guest.call("EnableWindow", &[child, 0]), guest.call("IsWindowEnabled", &[child])), (0, 0));
    assert_eq!((guest.call("EnableWindow", &[child, 1]), guest.call("EnableWindow", &[child, 1])), (1, 0));
    assert_eq!(create(guest, "no such class", "", 0, 0, 0), 0);
    assert_eq!(guest.last_error(), 1407);
    assert_eq!(create(guest, "Static", "", WS_CHILD, 0, 0), 0);
    assert_eq!(guest.last_error(), 1406);
    frame
}

fn buttons(guest: &mut Guest, frame: u64) {
    let check = create(guest, "Button", "&Fast", WS_CHILD | 3, frame, 100);
    assert_eq!(guest.call("CheckDlgButton", &[frame, 100, 5]), 1);
    assert_eq!(guest.call("IsDlgButtonChecked", &[frame, 100]), 1, "it has two states");
    // A click changes it.
    assert_eq!(guest.call("SendMessageA", &[check, 0xf5, 0, 0]), 0);
    assert_eq!(guest.call("SendDlgItemMessageA", &[frame, 100, 0xf0, 0, 0]), 0);
    for id in 101..104 {
        // The first one begins the group.
        create(guest, "Button", "", WS_CHILD | 9 | if id == 101 { 0x2_0000 } else { 0 }, frame, id);
    }
    assert_eq!(guest.call("CheckRadioButton", &[frame, 101, 103, 102]), 1);
    let checked =
        |guest: &mut Guest| [101, 102, 103].map(|id| guest.call("IsDlgButtonChecked", &[frame, id]));
    assert_eq!(checked(guest), [0, 1, 0]);
    assert_eq!(guest.call("SendDlgItemMessageA", &[frame, 103, 0xf5, 0, 0]), 0);
    assert_eq!(checked(guest), [0, 0, 1]);
    let push = create(guest, "Button", "Go", WS_CHILD, frame, 104);
    guest.call("SendMessageW", &[push, 0xf1, 1, 0]);
    assert_eq!(guest.call("SendMessageW", &[push, 0xf0, 0, 0]), 0, "it cannot be checked");
}

fn lists(guest: &mut Guest, frame: u64) {
    let combo = create(guest, "ComboBox", "", WS_CHILD | 0x103, frame, 200);
    let texts = [b"beta\0".as_slice(), b"alpha\0", b"gamma\0"].map(|text| guest.put(text));
    assert_eq!(texts.map(|text| guest.int("SendMessageA", &[combo, 0x143, 0, text])), [0, 0, 2]);
    assert_eq!(guest.call("SendMessageA", &[combo, 0x146, 0, 0]), 3);
    assert_eq!(guest.int("SendMessageA", &[combo, 0x147, 0, 0]), -1);
    assert_eq!(guest.call("SendMessageA", &[combo, 0x14e, 1, 0]), 1);
    let out = guest.put(&[0xee; 64]);
    assert_eq!(
        (guest.call("GetDlgItemTextA", &[frame, 200, out, 64]), guest.text(out)),
        (4, "beta".to_owned())
    );
    assert_eq!(guest.call("SendMessageW", &[combo, 0x148, 2, out]), 5);
    assert_eq!(
        (guest.wide_text(out), guest.call("SendMessageW", &[combo, 0x149, 2, 0])),
        ("gamma".to_owned(), 5)
    );
    assert_eq!(guest.int("SendMessageW", &[combo, 0x148, 3, out]), -1);
    let gam = guest.wide("GAM");
    assert_eq!(guest.int("SendMessageW", &[combo, 0x14c, guest.minus_one(), gam]), 2);
    assert_eq!(guest.int("SendMessageW", &[combo, 0x158, guest.minus_one(), gam]), -1);
    assert_eq!(guest.call("SendMessageA", &[combo, 0x151, 2, 77]), 0);
    assert_eq!(guest.int("SendMessageA", &[combo, 0x144, 0, 0]), 2);
    assert_eq!(
        (guest.int("SendMessageA", &[combo, 0x150, 1, 0]), guest.int("SendMessageA", &[combo, 0x147, 0, 0])),
        (77, 0)
    );
    guest.call("SendMessageA", &[combo, 0x14b, 0, 0]);
    assert_eq!(guest.call("SendMessageA", &[combo, 0x146, 0, 0]), 0);

    let list = create(guest, "LISTBOX", "", WS_CHILD | 8, frame, 201);
    for text in texts {
        guest.call("SendMessageA", &[list, 0x180, 0, text]);
    }
    assert_eq!(guest.call("SendMessageA", &[list, 0x185, 1, 2]), 0);
    assert_eq!(guest.call("SendMessageA", &[list, 0x185, 1, 0]), 0);
    assert_eq!(guest.call("SendMessageA", &[list, 0x190, 0, 0]), 2);
    assert_eq!(guest.call("SendMessageA", &[list, 0x191, 9, out]), 2);
    assert_eq!((guest.u32(out), guest.u32(out + 4)), (0, 2));
    // Text is bounded, whatever a driver adds.
    let long = guest.put(&[b'x'; 60_001]);
    guest.process.machine.memory.write(long + 60_000, &[0]).unwrap();
    let added = (0..1000).take_while(|_| guest.int("SendMessageA", &[list, 0x180, 0, long]) >= 0).count();
    assert!((10..100).contains(&added), "{added}");
    assert_eq!(guest.int("SendMessageA", &[list, 0x180, 0, long]), -2);
    guest.call("SendMessageA", &[list, 0x184, 0, 0]);
}

fn edits(guest: &mut Guest, frame: u64) {
    let edit = create(guest, "Edit", "192 kbit", WS_CHILD, frame, 300);
    let translated = guest.put(&[0; 4]);
    assert_eq!((guest.call("GetDlgItemInt", &[frame, 300, translated, 0]), guest.u32(translated)), (192, 1));
    assert_eq!(guest.call("SetDlgItemInt", &[frame, 300, 0xffff_fff9, 1]), 1);
    let out = guest.put(&[0; 64]);
    assert_eq!(
        (guest.call("GetDlgItemTextA", &[frame, 300, out, 64]), guest.text(out)),
        (2, "-7".to_owned())
    );
    assert_eq!((guest.call("GetDlgItemInt", &[frame, 300, translated, 0]), guest.u32(translated)), (0, 0));
    assert_eq!(guest.int("GetDlgItemInt", &[frame, 300, translated, 1]), -7);
    // All of it is selected, and another text put there.
    assert_eq!(guest.call("SendMessageA", &[edit, 0xb1, 0, guest.minus_one()]), 1);
    let text = guest.put(b"one\r\nthree\0");
    guest.call("SendMessageA", &[edit, 0xc2, 1, text]);
    assert_eq!(guest.call("SendMessageA", &[edit, 0xb0, 0, 0]), 10 << 16 | 10);
    assert_eq!(
        (guest.call("SendMessageA", &[edit, 0xba, 0, 0]), guest.call("SendMessageA", &[edit, 0xb8, 0, 0])),
        (2, 1)
    );
    assert_eq!(
        [0xbb, 0xc1].map(|number| guest.int("SendMessageA", &[edit, number, 1 + 4 * (number & 4), 0])),
        [5, 3]
    );
    guest.process.machine.memory.write(out, &[4, 0]).unwrap();
    assert_eq!((guest.call("SendMessageA", &[edit, 0xc4, 1, out]), guest.bytes(out)), (4, *b"thre"));
    assert_eq!(
        (guest.call("SendMessageA", &[edit, 0xc5, 8, 0]), guest.call("SendMessageA", &[edit, 0xd5, 0, 0])),
        (0, 8)
    );
}

fn ranges(guest: &mut Guest, frame: u64) {
    let track = create(guest, "msctls_trackbar32", "", WS_CHILD, frame, 400);
    let send = |guest: &mut Guest, number: u64, wparam: u64, lparam: u64| {
        guest.int("SendMessageA", &[track, 0x400 + number, wparam, lparam])
    };
    assert_eq!(send(guest, 6, 1, 9 << 16 | 1), 0);
    send(guest, 5, 1, 30);
    assert_eq!([0, 1, 2].map(|number| send(guest, number, 0, 0)), [9, 1, 9]);

    create(guest, "Edit", "", WS_CHILD, frame, 401);
    let spin = create(guest, "msctls_updown32", "", WS_CHILD | 0x12, frame, 402);
    guest.call("SendMessageA", &[spin, 0x465, 0, 50]);
    assert_eq!(guest.call("SendMessageA", &[spin, 0x466, 0, 0]), 50);
    guest.call("SendMessageA", &[spin, 0x467, 0, 12]);
    assert_eq!(guest.call("GetDlgItemInt", &[frame, 401, 0, 0]), 12, "the control before shows it");
    guest.call("SetDlgItemInt", &[frame, 401, 33, 0]);
    assert_eq!(guest.call("SendMessageA", &[spin, 0x468, 0, 0]), 33);

    let progress = create(guest, "msctls_progress32", "", WS_CHILD, frame, 403);
    assert_eq!(guest.call("SendMessageA", &[progress, 0x401, 0, 200 << 16]), 100 << 16);
    assert_eq!(
        (
            guest.call("SendMessageA", &[progress, 0x402, 190, 0]),
            guest.call("SendMessageA", &[progress, 0x405, 0, 0])
        ),
        (0, 190)
    );
    assert_eq!(guest.call("SendMessageA", &[progress, 0x408, 0, 0]), 200);

    let bar = create(guest, "SCROLLBAR", "", WS_CHILD, frame, 404);
    assert_eq!(guest.call("SetScrollRange", &[bar, 2, 0, 15, 1]), 1);
    assert_eq!(
        (guest.call("SetScrollPos", &[bar, 2, 99, 1]), guest.call("GetScrollPos", &[bar, 2])),
        (0, 15)
    );
    let out = guest.put(&[0xee; 8]);
    assert_eq!(guest.call("GetScrollRange", &[bar, 2, out, out + 4]), 1);
    assert_eq!((guest.u32(out), guest.u32(out + 4)), (0, 15));
}

fn tabs(guest: &mut Guest, frame: u64) {
    let tabs = create(guest, "SysTabControl32", "", WS_CHILD, frame, 500);
    let (text, word) = (guest.put(b"General\0"), guest.pointer_size());
    let item = guest.put(&[0; 48]);
    let at = 12_u64.next_multiple_of(word);
    guest.process.machine.memory.write(item, &9_u32.to_le_bytes()).unwrap();
    guest.process.machine.put_pointer(item + at, text).unwrap();
    guest.process.machine.put_pointer(item + at + word + 8, 77).unwrap();
    assert_eq!(guest.call("SendMessageA", &[tabs, 0x1307, 5, item]), 0);
    assert_eq!(
        (
            guest.call("SendMessageA", &[tabs, 0x1304, 0, 0]),
            guest.call("SendMessageA", &[tabs, 0x130b, 0, 0])
        ),
        (1, 0)
    );
    let out = guest.put(&[0; 32]);
    guest.process.machine.put_pointer(item + at, out).unwrap();
    guest.process.machine.memory.write(item + at + word, &8_u32.to_le_bytes()).unwrap();
    guest.process.machine.put_pointer(item + at + word + 8, 0).unwrap();
    assert_eq!(guest.call("SendMessageW", &[tabs, 0x133c, 0, item]), 1);
    assert_eq!((guest.wide_text(out), guest.pointer(item + at + word + 8)), ("General".to_owned(), 77));
    assert_eq!(guest.call("SendMessageA", &[tabs, 0x1308, 3, 0]), 0);
}

fn numbers(guest: &mut Guest, frame: u64) {
    let child = guest.call("GetDlgItem", &[frame, 5]);
    assert_eq!(guest.int("SetWindowLongA", &[child, 0xffff_ffeb, 0xffff_fff0]), 0);
    assert_eq!(guest.int("GetWindowLongW", &[child, 0xffff_ffeb]), -16);
    assert_eq!(
        guest.call("GetWindowLongPtrA", &[child, 0xffff_ffeb]),
        guest.pick(0xffff_fff0, u64::MAX - 15)
    );
    assert_eq!(guest.int("GetWindowLongA", &[child, 0xffff_fff4]), 5);
    assert_eq!((guest.call("GetWindowLongA", &[child, 4]), guest.last_error()), (0, 1413));
    // The procedure of a predefined control is code of the guest's that it can call.
    let procedure = guest.call("GetWindowLongPtrA", &[child, 0xffff_fffc]);
    let out = guest.put(&[0; 16]);
    let arguments = [procedure, child, 0xd, 16, out];
    assert_eq!((guest.call("CallWindowProcA", &arguments), guest.text(out)), (3, "one".to_owned()));
    assert_eq!(guest.process.call(procedure, &[child, 0xd, 16, out]).unwrap(), 3);
    let wide = guest.call("GetWindowLongPtrW", &[child, 0xffff_fffc]);
    assert_eq!(
        (guest.process.call(wide, &[child, 0xd, 16, out]).unwrap(), guest.wide_text(out)),
        (3, "one".to_owned())
    );
    assert_eq!(guest.call("SetWindowLongPtrA", &[child, 0xffff_fffc, procedure]), procedure);

    let name = guest.put(b"State\0");
    assert_eq!(guest.call("SetPropA", &[child, name, 0x1234]), 1);
    let wide = guest.wide("state");
    assert_eq!(
        (guest.call("GetPropW", &[child, wide]), guest.call("RemovePropA", &[child, name])),
        (0x1234, 0x1234)
    );
    assert_eq!(guest.call("GetPropA", &[child, name]), 0);
    let icon = guest.call("LoadIconA", &[0, 32512]);
    assert_eq!(guest.call("SetClassLongPtrA", &[child, 0xffff_fff2, icon]), 0);
    assert_eq!(guest.call("GetClassLongPtrW", &[child, 0xffff_fff2]), icon);
    assert_eq!((guest.call("GetClassNameA", &[child, out, 16]), guest.text(out)), (6, "Static".to_owned()));
}

/// A dialog without a procedure, in memory: a title, and a button that is the default one.
fn template() -> Vec<u8> {
    let mut bytes = Vec::new();
    let wide = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend(text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
    };
    bytes.extend(0x80c8_00c0_u32.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend([1_u16, 0, 0, 100, 80, 0, 0].into_iter().flat_map(u16::to_le_bytes));
    wide(&mut bytes, "Settings");
    bytes.extend(8_u16.to_le_bytes());
    wide(&mut bytes, "MS Sans Serif");
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes.extend(0x5001_0001_u32.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend([4_u16, 8, 40, 16, 1, 0xffff, 0x80].into_iter().flat_map(u16::to_le_bytes));
    wide(&mut bytes, "OK");
    bytes.extend([0; 2]);
    bytes
}

fn dialogs(guest: &mut Guest) {
    let bytes = template();
    let at = guest.put(&bytes);
    let dialog = guest.call("CreateDialogIndirectParamA", &[0, at, 0, 0, 0]);
    let out = guest.put(&[0; 64]);
    assert_eq!(
        (guest.call("GetWindowTextA", &[dialog, out, 64]), guest.text(out)),
        (8, "Settings".to_owned())
    );
    let button = guest.call("GetDlgItem", &[dialog, 1]);
    assert_eq!(guest.call("GetWindowRect", &[button, out]), 1);
    // 4 units are 6 pixels, and 8 are 13.
    assert_eq!([0, 4, 8, 12].map(|side| guest.u32(out + side)), [6, 13, 66, 39]);
    assert_eq!(guest.call("MapDialogRect", &[dialog, out]), 1);
    assert_eq!(guest.u32(out), 9);
    // DM_GETDEFID.
    assert_eq!(guest.call("SendMessageA", &[dialog, 0x400, 0, 0]), 0x534b_0001);
    assert_eq!((guest.call("EndDialog", &[dialog, 5]), guest.call("EndDialog", &[button, 5])), (1, 0));
    assert_eq!(guest.call("DestroyWindow", &[dialog]), 1);
    assert_eq!((guest.call("IsWindow", &[button]), guest.call("GetDlgItem", &[dialog, 1])), (0, 0));
    // Without a procedure nobody ends it.
    assert_eq!(guest.call("DialogBoxIndirectParamW", &[0, at, 0, 0, 0]), 2);
    assert_eq!(
        guest.said.borrow().last().unwrap(),
        "dialog `Settings`: ended, as it took neither OK nor Cancel"
    );
    assert_eq!(guest.call("DialogBoxIndirectParamW", &[0, at, 0x7_0000, 0, 0]), 0);
    assert_eq!(guest.call("DialogBoxParamA", &[0, 100, 0, 0, 0]), guest.minus_one());
    assert_eq!(guest.last_error(), 1814);
    // More controls than there are bytes for.
    let mut cut = bytes.clone();
    cut[8..10].copy_from_slice(&2000_u16.to_le_bytes());
    let cut = guest.put(&cut);
    assert_eq!((guest.call("CreateDialogIndirectParamA", &[0, cut, 0, 0, 0]), guest.last_error()), (0, 87));
}

fn boxes(guest: &mut Guest) {
    let (text, caption) = (guest.put(b"Lost\0"), guest.put(b"Codec\0"));
    let mut answer = |kind: u64| guest.int("MessageBoxA", &[0, text, caption, kind]);
    assert_eq!([0, 1, 2, 3, 4, 6].map(&mut answer), [1, 1, 3, 6, 6, 2]);
    assert_eq!([0x101, 0x103, 0x203, 0x304].map(&mut answer), [2, 7, 2, 6]);
    assert_eq!(answer(9), 0);
    let again = guest.put(b"Again?\0");
    let answers = [0; 5].map(|_| guest.int("MessageBoxA", &[0, again, caption, 5]));
    assert_eq!(answers, [4, 4, 4, 2, 2], "trying again comes to an end");
    assert_eq!(guest.said.borrow().last().unwrap(), "Codec: Again?");
}

fn clipboard(guest: &mut Guest) {
    assert_eq!((guest.call("CloseClipboard", &[]), guest.last_error()), (0, 1418));
    assert_eq!((guest.call("OpenClipboard", &[0]), guest.call("EmptyClipboard", &[])), (1, 1));
    let block = guest.call("GlobalAlloc", &[2, 100]);
    assert_eq!(guest.call("SetClipboardData", &[1, block]), block);
    assert_eq!(
        (guest.call("GetClipboardData", &[1]), guest.call("IsClipboardFormatAvailable", &[13])),
        (block, 0)
    );
    assert_eq!(guest.call("EmptyClipboard", &[]), 1);
    assert_eq!(guest.call("GlobalFree", &[block]), block, "it has been freed");
    assert_eq!(guest.call("CloseClipboard", &[]), 1);
}

fn pictures(guest: &mut Guest) {
    let (arrow, wait) = (guest.call("LoadCursorA", &[0, 32512]), guest.call("LoadCursorW", &[0, 32514]));
    assert!(arrow != 0 && wait != 0 && arrow != wait);
    assert_eq!((guest.call("SetCursor", &[wait]), guest.call("SetCursor", &[arrow])), (0, wait));
    assert_eq!((guest.call("LoadIconA", &[0, 1]), guest.last_error()), (0, 1814));
    let name = guest.put(b"logo.bmp\0");
    assert_eq!((guest.call("LoadImageA", &[0, name, 0, 0, 0, 0x10]), guest.last_error()), (0, 2));
    let out = guest.put(&[0xee; 8]);
    assert_eq!((guest.call("GetCursorPos", &[out]), guest.bytes(out)), (1, [0; 8]));
    assert_eq!([0, 1, 80, 19].map(|index| guest.int("GetSystemMetrics", &[index])), [1024, 768, 1, 0]);
}

fn ends(guest: &mut Guest, frame: u64) {
    let child = guest.call("GetDlgItem", &[frame, 5]);
    let timer = guest.call("SetTimer", &[child, 3, 10, 0]);
    assert_eq!((timer, guest.call("PostMessageA", &[child, 0x400, 0, 0])), (3, 1));
    assert_eq!((guest.call("DestroyWindow", &[frame]), guest.call("IsWindow", &[child])), (1, 0));
    let out = guest.put(&[0; 48]);
    guest.call("Sleep", &[20]);
    assert_eq!(guest.call("PeekMessageA", &[out, 0, 0, 0, 1]), 0, "nothing waits for what is gone");
    assert_eq!((guest.call("DestroyWindow", &[DESKTOP.0]), guest.last_error()), (0, 5));
    // Windows are bounded in number and in depth.
    let mut parent = create(guest, "Static", "", 0, 0, 0);
    let deep = (0..100).take_while(|_| {
        let child = create(guest, "Static", "", WS_CHILD, parent, 0);
        parent = if child == 0 { parent } else { child };
        child != 0
    });
    let deep = deep.count();
    assert!((40..60).contains(&deep), "{deep}");
}
