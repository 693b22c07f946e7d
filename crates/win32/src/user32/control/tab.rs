//! Tab controls: tabs with a text and a number of the driver's, and which of them is in front.

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::kernel32::fields::Fields;
use crate::process::Process;
use crate::user32::control::{Control, int};
use crate::user32::procedure::{put_text, read_text};

const TCM_GETITEMCOUNT: u32 = 0x1304;
const TCM_GETITEMA: u32 = 0x1305;
const TCM_SETITEMA: u32 = 0x1306;
const TCM_INSERTITEMA: u32 = 0x1307;
const TCM_DELETEITEM: u32 = 0x1308;
const TCM_DELETEALLITEMS: u32 = 0x1309;
const TCM_GETCURSEL: u32 = 0x130b;
const TCM_SETCURSEL: u32 = 0x130c;
const TCM_GETITEMW: u32 = 0x133c;
const TCM_SETITEMW: u32 = 0x133d;
const TCM_INSERTITEMW: u32 = 0x133e;

const TCIF_TEXT: u32 = 1;
const TCIF_IMAGE: u32 = 2;
const TCIF_PARAM: u32 = 8;

/// How many tabs a control may have: more than fit on any screen.
const MOST: usize = 1000;

/// A tab.
#[derive(Debug, Clone, Default)]
struct Tab {
    text: String,
    image: i32,
    parameter: i64,
}

/// The tabs of a control.
#[derive(Debug, Default)]
pub(crate) struct Tabs {
    tabs: Vec<Tab>,
    current: Option<usize>,
}

impl Tabs {
    pub fn size(&self) -> usize {
        self.tabs.iter().map(|tab| tab.text.len() + size_of::<Tab>()).sum()
    }
}

fn of(process: &mut Process, window: Handle) -> Option<&mut Tabs> {
    match &mut process.user32.windows.get_mut(window)?.control {
        Control::Tab(tabs) => Some(tabs),
        _ => None,
    }
}

/// What a tab control does with a message; `None` for what any window does.
pub(crate) fn message(
    process: &mut Process,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> Result<Option<i64>, Stop> {
    let Some(tabs) = of(process, window) else { return Ok(None) };
    let place = usize::try_from(int(wparam)).unwrap_or(usize::MAX);
    Ok(Some(match message {
        TCM_GETITEMCOUNT => tabs.tabs.len() as i64,
        TCM_GETCURSEL => tabs.current.map_or(-1, |place| place as i64),
        TCM_SETCURSEL => {
            let before = tabs.current.map_or(-1, |place| place as i64);
            tabs.current = (place < tabs.tabs.len()).then_some(place);
            before
        }
        TCM_DELETEITEM if place < tabs.tabs.len() => {
            tabs.tabs.remove(place);
            tabs.current = match tabs.current {
                Some(current) if current == place => None,
                Some(current) if current > place => Some(current - 1),
                other => other,
            };
            1
        }
        TCM_DELETEITEM => 0,
        TCM_DELETEALLITEMS => {
            *tabs = Tabs::default();
            1
        }
        TCM_INSERTITEMA | TCM_INSERTITEMW => {
            let count = tabs.tabs.len();
            let Some(tab) = read(process, Tab::default(), lparam, message == TCM_INSERTITEMW)? else {
                return Ok(Some(-1));
            };
            let Some(tabs) = of(process, window).filter(|_| count < MOST) else { return Ok(Some(-1)) };
            let place = place.min(count);
            tabs.tabs.insert(place, tab);
            // The first one is in front.
            tabs.current = match tabs.current {
                None if count == 0 => Some(0),
                Some(current) if current >= place => Some(current + 1),
                other => other,
            };
            place as i64
        }
        TCM_SETITEMA | TCM_SETITEMW => {
            let Some(before) = tabs.tabs.get(place).cloned() else { return Ok(Some(0)) };
            let Some(tab) = read(process, before, lparam, message == TCM_SETITEMW)? else {
                return Ok(Some(0));
            };
            if let Some(slot) = of(process, window).and_then(|tabs| tabs.tabs.get_mut(place)) {
                *slot = tab;
            }
            1
        }
        TCM_GETITEMA | TCM_GETITEMW => {
            let Some(tab) = tabs.tabs.get(place).cloned() else { return Ok(Some(0)) };
            write(process, &tab, lparam, message == TCM_GETITEMW)?;
            1
        }
        _ => return Ok(None),
    }))
}

/// A tab with what TCITEM says changed; `None` when there is no room for its text.
fn read(process: &Process, mut tab: Tab, at: i64, wide: bool) -> Result<Option<Tab>, Stop> {
    let mut fields = Fields::new(&process.machine, Pointer(at.cast_unsigned()));
    let mask = fields.u32()?;
    let _state = (fields.u32()?, fields.u32()?);
    let text = fields.long()?;
    let _room = fields.u32()?;
    let (image, parameter) = (fields.i32()?, fields.long()?);
    if mask & TCIF_TEXT != 0 {
        tab.text = read_text(process, text, wide)?;
    }
    if mask & TCIF_IMAGE != 0 {
        tab.image = image;
    }
    if mask & TCIF_PARAM != 0 {
        tab.parameter = parameter;
    }
    Ok(process.user32.windows.has_room(tab.text.len() + size_of::<Tab>()).then_some(tab))
}

/// Fills in what TCITEM asks for.
fn write(process: &Process, tab: &Tab, at: i64, wide: bool) -> Result<(), Stop> {
    let start = Pointer(at.cast_unsigned());
    let mut fields = Fields::new(&process.machine, start);
    let mask = fields.u32()?;
    let _state = (fields.u32()?, fields.u32()?);
    let text = fields.long()?;
    let room = fields.u32()?;
    // The image comes directly behind, and then the parameter.
    let word = process.machine.mode().pointer_size();
    let image = start.at(12_u64.next_multiple_of(word) + word + 4);
    if mask & TCIF_TEXT != 0 && text != 0 {
        put_text(process, text, room.into(), &tab.text, wide)?;
    }
    if mask & TCIF_IMAGE != 0 {
        process.machine.memory.write(image.0, &tab.image.to_le_bytes())?;
    }
    if mask & TCIF_PARAM != 0 {
        process.machine.put_pointer(image.at(4).0, tab.parameter.cast_unsigned())?;
    }
    Ok(())
}
