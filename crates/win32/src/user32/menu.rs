//! Menus: what is in them is kept, and nobody sees them, so that nobody ever chooses something.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::collections::BTreeMap;

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::kernel32::codepage::{Unit, put, text};
use crate::kernel32::error::{
    ERROR_INVALID_MENU_HANDLE, ERROR_INVALID_WINDOW_HANDLE, ERROR_MENU_ITEM_NOT_FOUND,
    ERROR_NOT_ENOUGH_MEMORY, ERROR_RESOURCE_NAME_NOT_FOUND, fail,
};
use crate::process::Process;
use crate::resources::{self, Name, RT_MENU};
use crate::user32::is_window;
use crate::user32::menu_template;

/// Flags of menu items.
pub(super) const MF_GRAYED: u32 = 0x1;
pub(super) const MF_DISABLED: u32 = 0x2;
const MF_BITMAP: u32 = 0x4;
const MF_CHECKED: u32 = 0x8;
pub(super) const MF_POPUP: u32 = 0x10;
const MF_OWNERDRAW: u32 = 0x100;
const MF_BYPOSITION: u32 = 0x400;
pub(super) const MF_SEPARATOR: u32 = 0x800;
const MF_DEFAULT: u32 = 0x1000;
/// What an item keeps of the flags that it was made with.
const KEPT: u32 = 0x96f | MF_SEPARATOR;

/// How many menus and items there may be, and how deep they are looked for.
const MOST_MENUS: usize = 1024;
const MOST_ITEMS: usize = 1024;
const DEEPEST: usize = 16;

/// Where the handles of menus begin.
const FIRST: u64 = 0x0300_0010;

/// An item: its flags, its identifier, its text, and the menu that it opens.
#[derive(Debug, Clone, Default)]
pub(crate) struct Item {
    pub flags: u32,
    pub id: u32,
    pub text: String,
    pub popup: Handle,
}

/// All menus, and those that windows have.
#[derive(Debug, Default)]
pub(crate) struct Menus {
    menus: BTreeMap<u64, Vec<Item>>,
    of_windows: BTreeMap<u64, Handle>,
    made: u64,
}

impl Menus {
    fn get(&mut self, menu: Handle) -> Option<&mut Vec<Item>> {
        self.menus.get_mut(&menu.0)
    }

    /// A menu with these items; `None` when there are too many.
    pub fn add(&mut self, items: Vec<Item>) -> Option<Handle> {
        if self.menus.len() >= MOST_MENUS || items.len() > MOST_ITEMS {
            return None;
        }
        let handle = Handle(FIRST + 4 * self.made);
        self.made += 1;
        self.menus.insert(handle.0, items);
        Some(handle)
    }

    /// Takes a menu away, and the menus in it.
    fn remove(&mut self, menu: Handle) -> bool {
        let mut left = vec![menu];
        let mut removed = false;
        while let Some(menu) = left.pop() {
            let Some(items) = self.menus.remove(&menu.0) else { continue };
            removed = true;
            left.extend(items.into_iter().map(|item| item.popup));
        }
        removed
    }

    /// Where an item is: by its place in the menu, or by its identifier in that or in the menus in it.
    fn find(&self, menu: Handle, item: u32, flags: u32) -> Option<(Handle, usize)> {
        if flags & MF_BYPOSITION != 0 {
            let place = item as usize;
            return self.menus.get(&menu.0).filter(|items| place < items.len()).map(|_| (menu, place));
        }
        self.find_id(menu, item, 0)
    }

    fn find_id(&self, menu: Handle, id: u32, depth: usize) -> Option<(Handle, usize)> {
        let items = self.menus.get(&menu.0).filter(|_| depth < DEEPEST)?;
        let own = items.iter().position(|item| item.id == id && item.popup == Handle::NULL);
        own.map(|place| (menu, place)).or_else(|| {
            let popups = items.iter().filter(|item| item.popup != Handle::NULL);
            popups.map(|item| item.popup).find_map(|popup| self.find_id(popup, id, depth + 1))
        })
    }

    fn item(&mut self, menu: Handle, item: u32, flags: u32) -> Option<&mut Item> {
        let (menu, place) = self.find(menu, item, flags)?;
        self.get(menu)?.get_mut(place)
    }
}

/// CreateMenu and CreatePopupMenu.
pub fn CreateMenu(process: &mut Process) -> Handle {
    let made = process.user32.menus.add(Vec::new());
    made.unwrap_or_else(|| fail(process, ERROR_NOT_ENOUGH_MEMORY, Handle::NULL))
}

pub fn DestroyMenu(process: &mut Process, menu: Handle) -> bool {
    process.user32.menus.remove(menu) || fail(process, ERROR_INVALID_MENU_HANDLE, false)
}

pub fn IsMenu(process: &mut Process, menu: Handle) -> bool {
    process.user32.menus.get(menu).is_some()
}

/// The item that flags, an identifier or menu, and a text describe.
fn described<U: Unit>(process: &Process, flags: u32, id: Pointer, content: Pointer) -> Result<Item, Stop> {
    let is_text = flags & (MF_BITMAP | MF_OWNERDRAW | MF_SEPARATOR) == 0;
    let text = if is_text { text::<U>(&process.machine, content)? } else { String::new() };
    let [a, b, c, d, ..] = id.0.to_le_bytes();
    let popup = if flags & MF_POPUP == 0 { Handle::NULL } else { Handle(id.0) };
    Ok(Item { flags: flags & KEPT, id: u32::from_le_bytes([a, b, c, d]), text, popup })
}

fn insert(process: &mut Process, menu: Handle, place: Option<(Handle, usize)>, item: Item) -> bool {
    let (menu, place) = match place {
        Some((menu, place)) => (menu, Some(place)),
        None => (menu, None),
    };
    let Some(items) = process.user32.menus.get(menu) else {
        return fail(process, ERROR_INVALID_MENU_HANDLE, false);
    };
    if items.len() >= MOST_ITEMS {
        return fail(process, ERROR_NOT_ENOUGH_MEMORY, false);
    }
    items.insert(place.unwrap_or(items.len()), item);
    true
}

pub fn AppendMenu<U: Unit>(
    process: &mut Process,
    menu: Handle,
    flags: u32,
    id: Pointer,
    content: Pointer,
) -> Result<bool, Stop> {
    let item = described::<U>(process, flags, id, content)?;
    Ok(insert(process, menu, None, item))
}

/// InsertMenu: before another item, or at the end if there is no such item at that place.
pub fn InsertMenu<U: Unit>(
    process: &mut Process,
    menu: Handle,
    before: u32,
    flags: u32,
    id: Pointer,
    content: Pointer,
) -> Result<bool, Stop> {
    let item = described::<U>(process, flags, id, content)?;
    let place = process.user32.menus.find(menu, before, flags);
    if place.is_none() && flags & MF_BYPOSITION == 0 {
        return Ok(fail(process, ERROR_MENU_ITEM_NOT_FOUND, false));
    }
    Ok(insert(process, menu, place, item))
}

/// ModifyMenu: another item in the place of one.
pub fn ModifyMenu<U: Unit>(
    process: &mut Process,
    menu: Handle,
    which: u32,
    flags: u32,
    id: Pointer,
    content: Pointer,
) -> Result<bool, Stop> {
    let item = described::<U>(process, flags, id, content)?;
    let Some(before) = process.user32.menus.item(menu, which, flags) else {
        return Ok(fail(process, ERROR_MENU_ITEM_NOT_FOUND, false));
    };
    let popup = std::mem::replace(before, item).popup;
    process.user32.menus.remove(popup);
    Ok(true)
}

fn take(process: &mut Process, menu: Handle, which: u32, flags: u32) -> Option<Item> {
    let menus = &mut process.user32.menus;
    let taken = menus.find(menu, which, flags);
    let taken = taken.and_then(|(menu, place)| menus.get(menu).map(|items| items.remove(place)));
    taken.or_else(|| fail(process, ERROR_MENU_ITEM_NOT_FOUND, None))
}

/// DeleteMenu: with the menu that the item opens.
pub fn DeleteMenu(process: &mut Process, menu: Handle, which: u32, flags: u32) -> bool {
    match take(process, menu, which, flags) {
        Some(item) => {
            process.user32.menus.remove(item.popup);
            true
        }
        None => false,
    }
}

/// RemoveMenu: the menu that the item opens stays.
pub fn RemoveMenu(process: &mut Process, menu: Handle, which: u32, flags: u32) -> bool {
    take(process, menu, which, flags).is_some()
}

pub fn GetSubMenu(process: &mut Process, menu: Handle, place: i32) -> Handle {
    let place = u32::try_from(place).unwrap_or(u32::MAX);
    process.user32.menus.item(menu, place, MF_BYPOSITION).map_or(Handle::NULL, |item| item.popup)
}

/// GetMenuItemCount: -1 for no menu.
pub fn GetMenuItemCount(process: &mut Process, menu: Handle) -> i32 {
    match process.user32.menus.get(menu) {
        Some(items) => i32::try_from(items.len()).unwrap_or(-1),
        None => fail(process, ERROR_INVALID_MENU_HANDLE, -1),
    }
}

/// GetMenuItemID: -1 for an item that opens a menu.
pub fn GetMenuItemID(process: &mut Process, menu: Handle, place: i32) -> u32 {
    let place = u32::try_from(place).unwrap_or(u32::MAX);
    let item = process.user32.menus.item(menu, place, MF_BYPOSITION);
    item.filter(|item| item.popup == Handle::NULL).map_or(u32::MAX, |item| item.id)
}

/// GetMenuState: an item's flags; behind those of one that opens a menu, how many items that has. -1 for no item.
pub fn GetMenuState(process: &mut Process, menu: Handle, which: u32, flags: u32) -> u32 {
    let Some(Item { flags, popup, .. }) = process.user32.menus.item(menu, which, flags).cloned() else {
        return u32::MAX;
    };
    match process.user32.menus.get(popup) {
        Some(items) => (flags | MF_POPUP) & 0xff | u32::try_from(items.len()).unwrap_or(0) << 8,
        None => flags,
    }
}

/// GetMenuString: as much as fits, and a zero; without a buffer, how many units there are.
pub fn GetMenuString<U: Unit>(
    process: &mut Process,
    menu: Handle,
    which: u32,
    out: Pointer,
    room: i32,
    flags: u32,
) -> Result<i32, Stop> {
    let Some(text) = process.user32.menus.item(menu, which, flags).map(|item| item.text.clone()) else {
        return Ok(fail(process, ERROR_MENU_ITEM_NOT_FOUND, 0));
    };
    if out.is_null() || room == 0 {
        return Ok(i32::try_from(U::encode(&text).len()).unwrap_or(0));
    }
    Ok(put::<U>(&process.machine.memory, out, u32::try_from(room).unwrap_or(0), &text)?.cast_signed())
}

/// Changes some flags of an item; what they were, or -1 for no item.
fn set(process: &mut Process, menu: Handle, which: u32, flags: u32, mask: u32) -> i32 {
    let Some(item) = process.user32.menus.item(menu, which, flags) else { return -1 };
    let before = item.flags & mask;
    item.flags = item.flags & !mask | flags & mask;
    before.cast_signed()
}

pub fn CheckMenuItem(process: &mut Process, menu: Handle, which: u32, flags: u32) -> i32 {
    set(process, menu, which, flags, MF_CHECKED)
}

pub fn EnableMenuItem(process: &mut Process, menu: Handle, which: u32, flags: u32) -> i32 {
    set(process, menu, which, flags, MF_GRAYED | MF_DISABLED)
}

/// CheckMenuRadioItem: one of a group, from the first to the last.
pub fn CheckMenuRadioItem(
    process: &mut Process,
    menu: Handle,
    first: u32,
    last: u32,
    which: u32,
    flags: u32,
) -> bool {
    let mut found = false;
    let span = last.saturating_sub(first).min(MOST_ITEMS as u32);
    for item in first..=first.saturating_add(span) {
        let checked = if item == which { MF_CHECKED } else { 0 };
        let done = set(process, menu, item, flags & MF_BYPOSITION | checked, MF_CHECKED) != -1;
        found |= done && item == which;
    }
    found || fail(process, ERROR_MENU_ITEM_NOT_FOUND, false)
}

/// SetMenuDefaultItem: none for -1.
pub fn SetMenuDefaultItem(process: &mut Process, menu: Handle, which: u32, by_position: u32) -> bool {
    let Some(items) = process.user32.menus.get(menu) else {
        return fail(process, ERROR_INVALID_MENU_HANDLE, false);
    };
    items.iter_mut().for_each(|item| item.flags &= !MF_DEFAULT);
    if which == u32::MAX {
        return true;
    }
    let flags = if by_position == 0 { 0 } else { MF_BYPOSITION };
    match process.user32.menus.item(menu, which, flags) {
        Some(item) => {
            item.flags |= MF_DEFAULT;
            true
        }
        None => fail(process, ERROR_MENU_ITEM_NOT_FOUND, false),
    }
}

/// TrackPopupMenu: 0, as when nothing is chosen.
#[expect(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn TrackPopupMenu(
    process: &mut Process,
    menu: Handle,
    _flags: u32,
    _x: i32,
    _y: i32,
    _reserved: i32,
    _window: Handle,
    _rect: Pointer,
) -> i32 {
    match process.user32.menus.get(menu) {
        Some(_) => 0,
        None => fail(process, ERROR_INVALID_MENU_HANDLE, 0),
    }
}

/// TrackPopupMenuEx: as [`TrackPopupMenu`].
pub fn TrackPopupMenuEx(
    process: &mut Process,
    menu: Handle,
    flags: u32,
    x: i32,
    y: i32,
    window: Handle,
    _parameters: Pointer,
) -> i32 {
    TrackPopupMenu(process, menu, flags, x, y, 0, window, Pointer::NULL)
}

/// GetMenu: the menu that SetMenu has given a window.
pub fn GetMenu(process: &mut Process, window: Handle) -> Handle {
    if !is_window(process, window) {
        return fail(process, ERROR_INVALID_WINDOW_HANDLE, Handle::NULL);
    }
    process.user32.menus.of_windows.get(&window.0).copied().unwrap_or(Handle::NULL)
}

pub fn SetMenu(process: &mut Process, window: Handle, menu: Handle) -> bool {
    if !is_window(process, window) {
        return fail(process, ERROR_INVALID_WINDOW_HANDLE, false);
    }
    if menu != Handle::NULL && process.user32.menus.get(menu).is_none() {
        return fail(process, ERROR_INVALID_MENU_HANDLE, false);
    }
    // Windows that are gone have none any more.
    let mut of_windows = std::mem::take(&mut process.user32.menus.of_windows);
    of_windows.retain(|&window, _| is_window(process, Handle(window)));
    of_windows.remove(&window.0);
    if menu != Handle::NULL {
        of_windows.insert(window.0, menu);
    }
    process.user32.menus.of_windows = of_windows;
    true
}

/// GetSystemMenu: windows that nobody sees have none.
pub fn GetSystemMenu(process: &mut Process, window: Handle, _revert: i32) -> Handle {
    match is_window(process, window) {
        true => Handle::NULL,
        false => fail(process, ERROR_INVALID_WINDOW_HANDLE, Handle::NULL),
    }
}

pub fn DrawMenuBar(process: &mut Process, window: Handle) -> bool {
    is_window(process, window) || fail(process, ERROR_INVALID_WINDOW_HANDLE, false)
}

/// LoadMenu: a menu of a module's resources.
pub fn LoadMenu<U: Unit>(process: &mut Process, module: Pointer, name: Pointer) -> Result<Handle, Stop> {
    const LONGEST: u32 = 1 << 16;
    let name = Name::read::<U>(&process.machine, name)?;
    let found = resources::find(process, module, &Name::Id(RT_MENU), &name)?;
    let Some(resource) = found.filter(|resource| resource.size <= LONGEST) else {
        return Ok(fail(process, ERROR_RESOURCE_NAME_NOT_FOUND, Handle::NULL));
    };
    let mut bytes = vec![0; resource.size as usize];
    process.machine.memory.read(resource.at.0, &mut bytes)?;
    Ok(load(process, &bytes))
}

/// LoadMenuIndirect: a menu of a template in memory.
pub fn LoadMenuIndirect(process: &mut Process, at: Pointer) -> Result<Handle, Stop> {
    const MOST: u64 = 1 << 14;
    // How long it is, only its contents say: all that is there of it is read.
    let (range, _) = process.machine.memory.region(at.0);
    let len = range.end.saturating_sub(at.0).min(MOST);
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
    process.machine.memory.read(at.0, &mut bytes)?;
    Ok(load(process, &bytes))
}

fn load(process: &mut Process, template: &[u8]) -> Handle {
    let made = menu_template::read(template, &mut |items| process.user32.menus.add(items));
    made.unwrap_or_else(|| fail(process, ERROR_NOT_ENOUGH_MEMORY, Handle::NULL))
}

#[cfg(test)]
mod tests {
    use guest::Mode;

    use crate::testing::{Guest, alone};

    fn menus(mode: Mode) {
        let mut guest = Guest::new(mode);
        let [menu, popup] = [(); 2].map(|()| guest.call("CreatePopupMenu", &[]));
        let (about, more) = (guest.put(b"&About\0"), guest.wide("More"));
        assert_eq!(guest.call("AppendMenuA", &[menu, 0, 7, about]), 1);
        assert_eq!(guest.call("AppendMenuA", &[menu, 0x800, 0, 0]), 1);
        assert_eq!(guest.call("AppendMenuA", &[popup, 8, 9, about]), 1);
        assert_eq!(guest.call("InsertMenuW", &[menu, 1, 0x410, popup, more]), 1);
        assert_eq!(guest.int("GetMenuItemCount", &[menu]), 3);
        assert_eq!((guest.call("GetSubMenu", &[menu, 1]), guest.call("GetSubMenu", &[menu, 0])), (popup, 0));
        assert_eq!([0, 1, 3].map(|place| guest.int("GetMenuItemID", &[menu, place])), [7, -1, -1]);
        let state = |guest: &mut Guest, item, flags| guest.int("GetMenuState", &[menu, item, flags]);
        assert_eq!(
            (state(&mut guest, 1, 0x400), state(&mut guest, 9, 0), state(&mut guest, 5, 0)),
            (0x110, 8, -1)
        );
        let out = guest.put(&[0; 40]);
        assert_eq!(
            (guest.int("GetMenuStringA", &[menu, 1, out, 4, 0x400]), guest.text(out)),
            (3, "Mor".into())
        );
        assert_eq!(guest.int("CheckMenuItem", &[menu, 9, 0]), 8, "in a menu of the menu");
        assert_eq!(
            (guest.int("EnableMenuItem", &[menu, 7, 1]), guest.int("EnableMenuItem", &[menu, 7, 0])),
            (0, 1)
        );
        assert_eq!(guest.int("EnableMenuItem", &[menu, 70, 1]), -1);
        assert_eq!(guest.call("CheckMenuRadioItem", &[menu, 7, 9, 7, 0]), 1);
        assert_eq!((state(&mut guest, 7, 0), state(&mut guest, 9, 0)), (8, 0));
        assert_eq!((guest.call("SetMenuDefaultItem", &[menu, 0, 1]), state(&mut guest, 7, 0)), (1, 0x1008));
        assert_eq!(guest.call("TrackPopupMenu", &[menu, 0x100, 1, 2, 0, 0, 0]), 0);
        assert_eq!((guest.call("TrackPopupMenu", &[7, 0, 1, 2, 0, 0, 0]), guest.last_error()), (0, 1401));
        assert_eq!(guest.call("ModifyMenuA", &[menu, 7, 0, 8, about]), 1);
        assert_eq!((guest.call("DeleteMenu", &[menu, 7, 0]), guest.last_error()), (0, 1456));
        assert_eq!((guest.call("DeleteMenu", &[menu, 1, 0x400]), guest.call("IsMenu", &[popup])), (1, 0));
        // A menu in itself is found once, and goes once.
        assert_eq!(guest.call("AppendMenuA", &[menu, 0x10, menu, about]), 1);
        assert_eq!(state(&mut guest, 5, 0), -1);
        assert_eq!((guest.call("DestroyMenu", &[menu]), guest.call("DestroyMenu", &[menu])), (1, 0));
        assert_eq!((guest.call("LoadMenuA", &[0, 1]), guest.last_error()), (0, 1814));
        let count = (0..2000).filter(|_| guest.call("CreateMenu", &[]) != 0).count();
        assert_eq!(count, 1024);
    }

    #[test]
    fn menus_of_32_bit_code() {
        alone(|| menus(Mode::I386));
    }

    #[test]
    fn menus_of_64_bit_code() {
        alone(|| menus(Mode::X86_64));
    }
}
