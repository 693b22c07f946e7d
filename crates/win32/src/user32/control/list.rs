//! List boxes and combo boxes: items, and which of them are selected.

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::process::Process;
use crate::user32::control::{Control, int};
use crate::user32::messages::{WM_GETDLGCODE, WM_SETTEXT};
use crate::user32::procedure::{put_text, read_text, set_text, units_of};

/// LB_ERR and CB_ERR; LB_ERRSPACE and CB_ERRSPACE.
const ERR: i64 = -1;
const ERRSPACE: i64 = -2;

/// What an item takes beside its text.
const ITEM_SIZE: usize = size_of::<Item>();

/// An item. Its data is what a list without strings has of it.
#[derive(Debug, Clone)]
struct Item {
    text: String,
    data: i64,
    selected: bool,
}

/// The items of a list box or combo box.
#[derive(Debug)]
pub(crate) struct List {
    items: Vec<Item>,
    /// What the items take.
    size: usize,
    current: Option<usize>,
    is_combo: bool,
    sorted: bool,
    has_strings: bool,
    multiple: bool,
    /// Of a combo box: whether its text is that of the item which is selected, and nothing else.
    drop_list: bool,
    /// Numbers that only come back: the top index, an item's height, how wide the items are and the list that drops down.
    top: i64,
    height: i64,
    extent: i64,
    dropped_width: i64,
    extended: i64,
}

/// What a message wants of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Add,
    Insert,
    Delete,
    Reset,
    Count,
    GetCurrent,
    SetCurrent,
    GetText,
    GetTextLength,
    GetData,
    SetData,
    Find,
    FindExact,
    Select,
    GetTop,
    SetTop,
    GetHeight,
    SetHeight,
    GetExtent,
    SetExtent,
    GetDroppedWidth,
    SetDroppedWidth,
    GetExtended,
    SetExtended,
    Dropped,
    InitStorage,
    IsSelected,
    SetSelected,
    CountSelected,
    ListSelected,
    SelectRange,
}

/// The messages of a combo box: CB_ and its number.
fn combo_wish(message: u32) -> Option<Wish> {
    Some(match message {
        0x0143 => Wish::Add,
        0x0144 => Wish::Delete,
        0x0146 => Wish::Count,
        0x0147 => Wish::GetCurrent,
        0x0148 => Wish::GetText,
        0x0149 => Wish::GetTextLength,
        0x014a => Wish::Insert,
        0x014b => Wish::Reset,
        0x014c => Wish::Find,
        0x014d => Wish::Select,
        0x014e => Wish::SetCurrent,
        0x0150 => Wish::GetData,
        0x0151 => Wish::SetData,
        0x0153 => Wish::SetHeight,
        0x0154 => Wish::GetHeight,
        0x0155 => Wish::SetExtended,
        0x0156 => Wish::GetExtended,
        0x0157 => Wish::Dropped,
        0x0158 => Wish::FindExact,
        0x015b => Wish::GetTop,
        0x015c => Wish::SetTop,
        0x015d => Wish::GetExtent,
        0x015e => Wish::SetExtent,
        0x015f => Wish::GetDroppedWidth,
        0x0160 => Wish::SetDroppedWidth,
        0x0161 => Wish::InitStorage,
        _ => return None,
    })
}

/// The messages of a list box: LB_ and its number.
fn list_wish(message: u32) -> Option<Wish> {
    Some(match message {
        0x0180 => Wish::Add,
        0x0181 => Wish::Insert,
        0x0182 => Wish::Delete,
        0x0184 => Wish::Reset,
        0x0185 => Wish::SetSelected,
        0x0186 => Wish::SetCurrent,
        0x0187 => Wish::IsSelected,
        0x0188 => Wish::GetCurrent,
        0x0189 => Wish::GetText,
        0x018a => Wish::GetTextLength,
        0x018b => Wish::Count,
        0x018c => Wish::Select,
        0x018e => Wish::GetTop,
        0x018f => Wish::Find,
        0x0190 => Wish::CountSelected,
        0x0191 => Wish::ListSelected,
        0x0193 => Wish::GetExtent,
        0x0194 => Wish::SetExtent,
        0x0197 => Wish::SetTop,
        0x0199 => Wish::GetData,
        0x019a => Wish::SetData,
        0x019b => Wish::SelectRange,
        0x01a0 => Wish::SetHeight,
        0x01a1 => Wish::GetHeight,
        0x01a2 => Wish::FindExact,
        0x01a8 => Wish::InitStorage,
        _ => return None,
    })
}

impl List {
    pub fn list_box(style: u32) -> Self {
        const LBS_SORT: u32 = 0x0002;
        const LBS_MULTIPLESEL: u32 = 0x0008;
        const LBS_OWNERDRAW: u32 = 0x0030;
        const LBS_HASSTRINGS: u32 = 0x0040;
        const LBS_EXTENDEDSEL: u32 = 0x0800;
        Self {
            sorted: style & LBS_SORT != 0,
            has_strings: style & LBS_OWNERDRAW == 0 || style & LBS_HASSTRINGS != 0,
            multiple: style & (LBS_MULTIPLESEL | LBS_EXTENDEDSEL) != 0,
            ..Self::empty()
        }
    }

    pub fn combo_box(style: u32) -> Self {
        const CBS_DROPDOWNLIST: u32 = 0x0003;
        const CBS_OWNERDRAW: u32 = 0x0030;
        const CBS_SORT: u32 = 0x0100;
        const CBS_HASSTRINGS: u32 = 0x0200;
        Self {
            is_combo: true,
            sorted: style & CBS_SORT != 0,
            has_strings: style & CBS_OWNERDRAW == 0 || style & CBS_HASSTRINGS != 0,
            drop_list: style & CBS_DROPDOWNLIST == CBS_DROPDOWNLIST,
            ..Self::empty()
        }
    }

    fn empty() -> Self {
        Self {
            items: Vec::new(),
            size: 0,
            current: None,
            is_combo: false,
            sorted: false,
            has_strings: true,
            multiple: false,
            drop_list: false,
            top: 0,
            height: 16,
            extent: 0,
            dropped_width: 0,
            extended: 0,
        }
    }

    pub fn size(&self) -> usize {
        self.size
    }

    fn wish(&self, message: u32) -> Option<Wish> {
        if self.is_combo { combo_wish(message) } else { list_wish(message) }
    }

    pub fn takes_text(&self, message: u32) -> bool {
        let wish = self.wish(message);
        self.has_strings
            && matches!(wish, Some(Wish::Add | Wish::Insert | Wish::Find | Wish::FindExact | Wish::Select))
    }

    /// The item with a number, if there is one.
    fn item(&mut self, number: u64) -> Option<&mut Item> {
        let place = usize::try_from(int(number)).ok()?;
        self.items.get_mut(place)
    }

    /// Puts an item in: where its text belongs, if that is asked for, else at a place, -1 being the end.
    fn insert(&mut self, item: Item, at: Option<i32>) -> i64 {
        let key = |text: &str| text.to_lowercase();
        let place = match at {
            None if self.sorted => {
                let own = key(&item.text);
                self.items.partition_point(|other| key(&other.text) <= own)
            }
            None | Some(-1) => self.items.len(),
            Some(place) => match usize::try_from(place) {
                Ok(place) if place <= self.items.len() => place,
                _ => return ERR,
            },
        };
        self.size += item.text.len() + ITEM_SIZE;
        self.items.insert(place, item);
        if let Some(current) = &mut self.current
            && *current >= place
        {
            *current += 1;
        }
        place as i64
    }

    fn delete(&mut self, number: u64) -> i64 {
        let Some(place) = usize::try_from(int(number)).ok().filter(|&place| place < self.items.len()) else {
            return ERR;
        };
        let item = self.items.remove(place);
        self.size = self.size.saturating_sub(item.text.len() + ITEM_SIZE);
        self.current = match self.current {
            Some(current) if current == place => None,
            Some(current) if current > place => Some(current - 1),
            other => other,
        };
        self.items.len() as i64
    }

    /// The first item behind one, round to it again, that begins with a text, or is that text.
    fn find(&self, text: &str, after: u64, exact: bool) -> Option<usize> {
        let text = text.to_lowercase();
        let first = usize::try_from(int(after)).map_or(0, |after| after + 1);
        let is = |item: &Item| {
            let own = item.text.to_lowercase();
            if exact { own == text } else { own.starts_with(&text) }
        };
        let order = (first.min(self.items.len())..self.items.len()).chain(0..first.min(self.items.len()));
        order.into_iter().find(|&place| is(&self.items[place]))
    }

    /// Selects an item, or none.
    fn set_current(&mut self, number: u64) -> i64 {
        let place = usize::try_from(int(number)).ok();
        let known = place.filter(|&place| place < self.items.len());
        self.current = known;
        if !self.multiple {
            for (place, item) in self.items.iter_mut().enumerate() {
                item.selected = Some(place) == known;
            }
        }
        match known {
            Some(place) if self.is_combo => place as i64,
            Some(_) => 0,
            None => ERR,
        }
    }
}

/// What a list does with a message; `None` for what any window does.
pub(crate) fn message(
    process: &mut Process,
    wide: bool,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> Result<Option<i64>, Stop> {
    let Some(own) = process.user32.windows.get(window) else { return Ok(None) };
    let Control::List(list) = &own.control else { return Ok(None) };
    if message == WM_SETTEXT && list.drop_list {
        return Ok(Some(ERR));
    }
    // DLGC_WANTARROWS, and WANTCHARS.
    if message == WM_GETDLGCODE {
        return Ok(Some(0x0081));
    }
    let Some(wish) = list.wish(message) else { return Ok(None) };
    let (is_combo, has_strings) = (list.is_combo, list.has_strings);
    let text = if list.takes_text(message) { read_text(process, lparam, wide)? } else { String::new() };
    if matches!(wish, Wish::Add | Wish::Insert) && !process.user32.windows.has_room(text.len() + ITEM_SIZE) {
        return Ok(Some(ERRSPACE));
    }
    let Some(own) = process.user32.windows.get_mut(window) else { return Ok(None) };
    let Control::List(list) = &mut own.control else { return Ok(None) };
    let answer = match wish {
        Wish::Add | Wish::Insert => {
            let data = if has_strings { 0 } else { lparam };
            let at = (wish == Wish::Insert).then(|| int(wparam));
            list.insert(Item { text, data, selected: false }, at)
        }
        Wish::Delete => list.delete(wparam),
        Wish::Reset => {
            (list.items, list.size, list.current) = (Vec::new(), 0, None);
            0
        }
        Wish::Count => list.items.len() as i64,
        Wish::GetCurrent => list.current.map_or(ERR, |place| place as i64),
        Wish::SetCurrent if list.multiple => ERR,
        Wish::SetCurrent => list.set_current(wparam),
        Wish::GetText => return get_text(process, wide, window, wparam, lparam).map(Some),
        Wish::GetTextLength => match list.item(wparam) {
            Some(item) if has_strings => units_of(&item.text, wide) as i64,
            Some(_) => process.machine.mode().pointer_size().cast_signed(),
            None => ERR,
        },
        Wish::GetData => list.item(wparam).map_or(ERR, |item| item.data),
        Wish::SetData => list.item(wparam).map_or(ERR, |item| {
            item.data = lparam;
            0
        }),
        Wish::Find | Wish::FindExact if !has_strings => {
            list.items.iter().position(|item| item.data == lparam).map_or(ERR, |place| place as i64)
        }
        Wish::Find => list.find(&text, wparam, false).map_or(ERR, |place| place as i64),
        Wish::FindExact => list.find(&text, wparam, true).map_or(ERR, |place| place as i64),
        Wish::Select => match list.find(&text, wparam, false) {
            Some(place) => {
                list.set_current(place as u64);
                place as i64
            }
            None => ERR,
        },
        Wish::IsSelected => list.item(wparam).map_or(ERR, |item| item.selected.into()),
        Wish::SetSelected if list.multiple => {
            let (on, number) = (wparam != 0, lparam.cast_unsigned());
            match int(number) {
                -1 => {
                    list.items.iter_mut().for_each(|item| item.selected = on);
                    0
                }
                _ => list.item(number).map_or(ERR, |item| {
                    item.selected = on;
                    0
                }),
            }
        }
        Wish::SelectRange if list.multiple => {
            let [low, high, ..] = lparam
                .to_le_bytes()
                .as_chunks::<2>()
                .0
                .iter()
                .map(|&half| usize::from(u16::from_le_bytes(half)))
                .collect::<Vec<_>>()[..]
            else {
                return Ok(Some(ERR));
            };
            let on = wparam != 0;
            list.items.iter_mut().take(high.saturating_add(1)).skip(low).for_each(|item| item.selected = on);
            0
        }
        Wish::CountSelected if list.multiple => list.items.iter().filter(|item| item.selected).count() as i64,
        Wish::ListSelected if list.multiple => {
            return list_selected(process, window, wparam, lparam).map(Some);
        }
        Wish::SetSelected | Wish::SelectRange | Wish::CountSelected | Wish::ListSelected => ERR,
        Wish::GetTop => list.top,
        Wish::SetTop => {
            list.top = int(wparam).into();
            0
        }
        Wish::GetHeight => list.height,
        Wish::SetHeight => {
            list.height = lparam & 0xff;
            0
        }
        Wish::GetExtent => list.extent,
        Wish::SetExtent => {
            list.extent = int(wparam).into();
            0
        }
        Wish::GetDroppedWidth => list.dropped_width.max(own.rect.width().into()),
        Wish::SetDroppedWidth => {
            list.dropped_width = int(wparam).into();
            list.dropped_width
        }
        Wish::GetExtended => list.extended,
        Wish::SetExtended => {
            list.extended = i64::from(wparam != 0);
            0
        }
        // No list is ever open.
        Wish::Dropped => 0,
        Wish::InitStorage => wparam.cast_signed(),
    };
    if is_combo && matches!(wish, Wish::SetCurrent | Wish::Select | Wish::Reset | Wish::Delete) {
        show_current(process, window);
    }
    Ok(Some(answer))
}

/// Makes a combo box's text that of the item which is selected.
fn show_current(process: &mut Process, window: Handle) {
    let Some(own) = process.user32.windows.get(window) else { return };
    let Control::List(list) = &own.control else { return };
    let current = list.current.and_then(|place| list.items.get(place));
    let text = current.map(|item| item.text.clone()).unwrap_or_default();
    set_text(process, window, text);
}

/// LB_GETTEXT and CB_GETLBTEXT; the buffer has no size.
fn get_text(process: &mut Process, wide: bool, window: Handle, number: u64, out: i64) -> Result<i64, Stop> {
    let own = process.user32.windows.get_mut(window);
    let Some(Control::List(list)) = own.map(|own| &mut own.control) else { return Ok(ERR) };
    let has_strings = list.has_strings;
    let Some(item) = list.item(number).cloned() else { return Ok(ERR) };
    if !has_strings {
        process.machine.put_pointer(out.cast_unsigned(), item.data.cast_unsigned())?;
        return Ok(process.machine.mode().pointer_size().cast_signed());
    }
    put_text(process, out, units_of(&item.text, wide) as u64 + 1, &item.text, wide)
}

/// LB_GETSELITEMS: the numbers of as many selected items as fit.
fn list_selected(process: &mut Process, window: Handle, room: u64, out: i64) -> Result<i64, Stop> {
    let own = process.user32.windows.get(window);
    let Some(Control::List(list)) = own.map(|own| &own.control) else { return Ok(ERR) };
    let selected = list.items.iter().enumerate().filter(|(_, item)| item.selected);
    let room = usize::try_from(int(room)).unwrap_or(0);
    let numbers: Vec<u32> = selected.take(room).filter_map(|(place, _)| u32::try_from(place).ok()).collect();
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    process.machine.memory.write(Pointer(out.cast_unsigned()).0, &bytes)?;
    Ok(numbers.len() as i64)
}
