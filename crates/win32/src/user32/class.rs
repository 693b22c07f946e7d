//! Window classes: the predefined ones, and those that modules register.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::ops::Range;

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::kernel32::codepage::{Unit, text};
use crate::kernel32::error::{
    ERROR_CANNOT_FIND_WND_CLASS, ERROR_CLASS_ALREADY_EXISTS, ERROR_CLASS_DOES_NOT_EXIST,
    ERROR_CLASS_HAS_WINDOWS, ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY, fail,
};
use crate::kernel32::fields::Fields;
use crate::kernel32::record::Record;
use crate::process::Process;
use crate::user32::control::{Kind, PREDEFINED};
use crate::user32::procedure::{Builtin, Procedure, put_text, units_of};

/// How many classes there may be, and how many bytes a class and its windows get at most (RegisterClass's page says 40 for portable
/// programs; nothing is known to want more than a page).
const MOST: usize = 512;
const MOST_EXTRA: i32 = 4096;

/// The atom of the first class; each has one of its own for as long as the process lasts.
const FIRST_ATOM: u16 = 0xc100;

/// CS_GLOBALCLASS.
const CS_GLOBALCLASS: u32 = 0x4000;

/// The bytes that every window of the dialog class has before its own (DLGWINDOWEXTRA): DWLP_MSGRESULT, DWLP_DLGPROC and DWLP_USER.
const DLGWINDOWEXTRA: usize = 30;

/// A window class.
#[derive(Debug)]
pub(crate) struct Class {
    pub name: String,
    pub kind: Kind,
    pub procedure: Procedure,
    pub style: u32,
    pub extra: Vec<u8>,
    pub window_extra: usize,
    /// Who has registered it; NULL for a predefined one.
    pub module: Pointer,
    pub icon: Handle,
    pub small_icon: Handle,
    pub cursor: Handle,
    pub background: Handle,
    pub menu: Pointer,
}

/// The classes; a slot's place is its atom's distance from [`FIRST_ATOM`].
#[derive(Debug)]
pub(crate) struct Classes(Vec<Option<Class>>);

/// What a class is called by.
#[derive(Debug)]
pub(crate) enum ClassName {
    Name(String),
    Atom(u16),
}

impl ClassName {
    /// The name at an address, or the atom that it is itself.
    pub fn read<U: Unit>(process: &Process, name: Pointer) -> Result<Self, Stop> {
        match u16::try_from(name.0) {
            Ok(atom) => Ok(Self::Atom(atom)),
            Err(_) => Ok(Self::Name(text::<U>(&process.machine, name)?)),
        }
    }
}

impl Classes {
    pub fn new() -> Self {
        let class = |&(name, kind): &(&str, Kind)| {
            Some(Class {
                name: name.to_owned(),
                kind,
                procedure: predefined(kind),
                style: CS_GLOBALCLASS,
                extra: Vec::new(),
                window_extra: if kind == Kind::Dialog { DLGWINDOWEXTRA } else { 0 },
                module: Pointer::NULL,
                icon: Handle::NULL,
                small_icon: Handle::NULL,
                cursor: Handle::NULL,
                background: Handle::NULL,
                menu: Pointer::NULL,
            })
        };
        Self(PREDEFINED.iter().map(class).collect())
    }

    pub fn get(&self, place: usize) -> Option<&Class> {
        self.0.get(place)?.as_ref()
    }

    pub fn get_mut(&mut self, place: usize) -> Option<&mut Class> {
        self.0.get_mut(place)?.as_mut()
    }

    /// A module's class, else a global one.
    pub fn find(&self, name: &ClassName, module: Pointer) -> Option<usize> {
        let is = |place: usize, class: &Class| match name {
            ClassName::Name(name) => class.name.eq_ignore_ascii_case(name),
            ClassName::Atom(own) => atom(place) == *own,
        };
        let classes =
            || self.0.iter().enumerate().filter_map(|(place, class)| Some((place, class.as_ref()?)));
        let named = || classes().filter(|&(place, class)| is(place, class));
        let own = named().find(|(_, class)| class.module == module && !module.is_null());
        own.or_else(|| named().find(|(_, class)| class.style & CS_GLOBALCLASS != 0)).map(|(place, _)| place)
    }

    /// Whether a module has registered a class of this name.
    fn is_taken(&self, name: &str, module: Pointer) -> bool {
        self.0.iter().flatten().any(|class| class.module == module && class.name.eq_ignore_ascii_case(name))
    }

    /// Whether a class goes with a module: one that it has registered, or whose procedure lies in its code.
    pub fn goes_with(&self, place: usize, module: Pointer, code: &Range<u64>) -> bool {
        self.get(place).is_some_and(|class| {
            !class.module.is_null() && (class.module == module || class.procedure.leads_into(code))
        })
    }

    /// Forgets the classes that go with a module that is gone, and what it has made of the predefined ones.
    pub fn forget_image(&mut self, module: Pointer, code: &Range<u64>) {
        for place in 0..self.0.len() {
            if self.goes_with(place, module, code) {
                self.0[place] = None;
            } else if let Some(class) = self.get_mut(place).filter(|class| class.procedure.leads_into(code)) {
                class.procedure = predefined(class.kind);
            }
        }
    }
}

/// The procedure of a predefined class.
fn predefined(kind: Kind) -> Procedure {
    Procedure::Builtin(match kind {
        Kind::Dialog => Builtin::Dialog,
        Kind::Desktop => Builtin::Default,
        _ => Builtin::Control,
    })
}

/// A class's atom.
pub(crate) fn atom(place: usize) -> u16 {
    u16::try_from(place).map_or(0, |place| FIRST_ATOM + place)
}

/// The handle of the module that counts as the process's program, for NULL.
pub(crate) fn module_or_program(process: &Process, module: Pointer) -> Pointer {
    match process.image(Pointer::NULL) {
        Some(program) if module.is_null() => Pointer(program.base),
        _ => module,
    }
}

/// Registers the class that WNDCLASS describes, or WNDCLASSEX if `extended`.
fn register<U: Unit>(process: &mut Process, at: Pointer, extended: bool) -> Result<u16, Stop> {
    let mut fields = Fields::new(&process.machine, at);
    if extended {
        let size = u64::from(fields.u32()?);
        if size != size_of_structure(process, true) {
            return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
        }
    }
    let style = fields.u32()?;
    let procedure = fields.pointer()?;
    let (class_extra, window_extra) = (fields.i32()?, fields.i32()?);
    let module = fields.pointer()?;
    let (icon, cursor, background) = (fields.handle()?, fields.handle()?, fields.handle()?);
    let (menu, name) = (fields.pointer()?, fields.pointer()?);
    let small_icon = if extended { fields.handle()? } else { Handle::NULL };
    let ClassName::Name(name) = ClassName::read::<U>(process, name)? else {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    };
    let sizes = [class_extra, window_extra]
        .map(|size| (0..=MOST_EXTRA).contains(&size).then(|| usize::try_from(size).unwrap_or(0)));
    /// The longest name of a class (WNDCLASS's page).
    const LONGEST: usize = 256;
    let valid = !procedure.is_null() && !name.is_empty() && name.chars().count() <= LONGEST;
    let [Some(class_extra), Some(window_extra)] = sizes else {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    };
    if !valid {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    }
    let module = module_or_program(process, module);
    if process.user32.classes.is_taken(&name, module) {
        return Ok(fail(process, ERROR_CLASS_ALREADY_EXISTS, 0));
    }
    let procedure = Procedure::at(process, procedure, U::SIZE > 1);
    // A class that wraps a predefined one keeps what that one's windows keep.
    let kind = PREDEFINED.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name));
    let kind = kind.map_or(Kind::Own, |&(_, kind)| kind);
    let class = Class {
        name,
        kind,
        procedure,
        style,
        extra: vec![0; class_extra],
        window_extra,
        module,
        icon,
        small_icon,
        cursor,
        background,
        menu,
    };
    let classes = &mut process.user32.classes.0;
    let place = classes.iter().position(Option::is_none).unwrap_or(classes.len());
    if place >= MOST {
        return Ok(fail(process, ERROR_NOT_ENOUGH_MEMORY, 0));
    }
    if place == classes.len() {
        classes.push(None);
    }
    classes[place] = Some(class);
    Ok(atom(place))
}

/// The size of WNDCLASS or WNDCLASSEX.
fn size_of_structure(process: &Process, extended: bool) -> u64 {
    let word = process.machine.mode().pointer_size();
    let small = (3 * 4_u64).next_multiple_of(word) + 7 * word;
    if extended { 16 + 8 * word } else { small.next_multiple_of(word) }
}

pub fn RegisterClass<U: Unit>(process: &mut Process, class: Pointer) -> Result<u32, Stop> {
    register::<U>(process, class, false).map(u32::from)
}

pub fn RegisterClassEx<U: Unit>(process: &mut Process, class: Pointer) -> Result<u32, Stop> {
    register::<U>(process, class, true).map(u32::from)
}

/// UnregisterClass: of a class that the module itself has registered and no window has.
pub fn UnregisterClass<U: Unit>(process: &mut Process, name: Pointer, module: Pointer) -> Result<bool, Stop> {
    let name = ClassName::read::<U>(process, name)?;
    let module = module_or_program(process, module);
    let found = process.user32.classes.find(&name, module);
    let own = |place: &usize| process.user32.classes.get(*place).is_some_and(|class| !class.module.is_null());
    let Some(place) = found.filter(own) else {
        return Ok(fail(process, ERROR_CLASS_DOES_NOT_EXIST, false));
    };
    if process.user32.windows.iter().any(|(_, window)| window.class == place) {
        return Ok(fail(process, ERROR_CLASS_HAS_WINDOWS, false));
    }
    process.user32.classes.0[place] = None;
    Ok(true)
}

/// Writes WNDCLASS or WNDCLASSEX, and answers the class's atom; 0 when there is none.
fn info<U: Unit>(
    process: &mut Process,
    module: Pointer,
    name_at: Pointer,
    out: Pointer,
    extended: bool,
) -> Result<i32, Stop> {
    let name = ClassName::read::<U>(process, name_at)?;
    let Some(place) = process.user32.classes.find(&name, module_or_program(process, module)) else {
        return Ok(fail(process, ERROR_CLASS_DOES_NOT_EXIST, 0));
    };
    let Some(class) = process.user32.classes.get(place) else { return Ok(0) };
    let (style, window_extra, own) = (class.style, class.window_extra, class.module);
    let (class_extra, menu) = (class.extra.len(), class.menu);
    let [icon, cursor, background, small] = [class.icon, class.cursor, class.background, class.small_icon];
    let procedure = class.procedure;
    let procedure = procedure.address(process, U::SIZE > 1);
    let mut record = Record::new(process.machine.mode());
    if extended {
        record = record.u32(u32::try_from(size_of_structure(process, true)).unwrap_or(0));
    }
    let small_size = |size: usize| u32::try_from(size).unwrap_or(0);
    record = record
        .u32(style)
        .pointer(procedure.0)
        .u32(small_size(class_extra))
        .u32(small_size(window_extra))
        .pointer(if own.is_null() { 0 } else { module.0 })
        .pointer(icon.0)
        .pointer(cursor.0)
        .pointer(background.0)
        .pointer(menu.0)
        .pointer(name_at.0);
    if extended {
        record = record.pointer(small.0);
    }
    process.machine.memory.write(out.0, &record.finish())?;
    Ok(atom(place).into())
}

pub fn GetClassInfo<U: Unit>(
    process: &mut Process,
    module: Pointer,
    name: Pointer,
    out: Pointer,
) -> Result<i32, Stop> {
    info::<U>(process, module, name, out, false)
}

pub fn GetClassInfoEx<U: Unit>(
    process: &mut Process,
    module: Pointer,
    name: Pointer,
    out: Pointer,
) -> Result<i32, Stop> {
    info::<U>(process, module, name, out, true)
}

/// GetClassName: as much as fits; how many units that are.
pub fn GetClassName<U: Unit>(
    process: &mut Process,
    window: Handle,
    out: Pointer,
    room: i32,
) -> Result<i32, Stop> {
    let Some(place) = crate::user32::window::find(process, window).map(|window| window.class) else {
        return Ok(0);
    };
    let name = process.user32.classes.get(place).map(|class| class.name.clone()).unwrap_or_default();
    let room = u64::try_from(room).unwrap_or(0);
    let put = put_text(process, out.0.cast_signed(), room, &name, U::SIZE > 1)?;
    debug_assert!(put <= units_of(&name, U::SIZE > 1) as i64);
    Ok(i32::try_from(put).unwrap_or(i32::MAX))
}

/// The class of this name for a new window; else the last error says that there is none.
pub(crate) fn for_window(process: &mut Process, name: &ClassName, module: Pointer) -> Option<usize> {
    let module = module_or_program(process, module);
    match process.user32.classes.find(name, module) {
        Some(place) => Some(place),
        None => fail(process, ERROR_CANNOT_FIND_WND_CLASS, None),
    }
}
