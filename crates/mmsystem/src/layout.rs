//! How a structure lies in a driver's memory: one declaration, laid out by width and packing at run time.

use core::fmt;

use crate::kind::Kind;

/// How wide a driver's pointers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Width {
    /// 32 bits: i386.
    Bits32,
    /// 64 bits: x86-64.
    Bits64,
}

impl Width {
    /// The size of a pointer, a handle or an `LRESULT` in bytes.
    pub fn pointer_size(self) -> usize {
        match self {
            Self::Bits32 => 4,
            Self::Bits64 => 8,
        }
    }

    /// A signed pointer-sized number (`LPARAM`, `LRESULT`) from its bits. In 32 bits the upper half is ignored.
    pub fn long(self, bits: u64) -> i64 {
        match self {
            Self::Bits32 => i64::from(bits as u32 as i32),
            Self::Bits64 => bits as i64,
        }
    }
}

/// How closely a structure's fields follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Packing {
    /// Without gaps (`#pragma pack(1)`).
    Byte,
    /// Each field at a multiple of its size (`#pragma pack(8)`, the default of Windows compilers).
    Natural,
}

/// Width and packing together.
///
/// Only the ACM driver structures need both: as 64-bit drivers they exist byte-packed, as in the Windows SDK, and
/// natural, as in Wine (spec section 4.2, "64-bit layout hazard").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layout {
    /// The driver's width.
    pub width: Width,
    /// The packing of the structures that exist in both.
    pub packing: Packing,
}

impl From<Layout> for Width {
    fn from(layout: Layout) -> Self {
        layout.width
    }
}

// A structure that is the same in both widths takes either, or `()`.
impl From<Layout> for () {
    fn from(_: Layout) {}
}

impl From<Width> for () {
    fn from(_: Width) {}
}

/// A field as a structure declares it.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    name: &'static str,
    /// The size of one element in bytes.
    element_size: fn(Width) -> usize,
    /// How many elements: more than 1 for an array.
    count: usize,
}

/// A field as it lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Win32's name of it.
    pub name: &'static str,
    /// Where it starts, in bytes from the start of the structure.
    pub offset: usize,
    /// Its size in bytes.
    pub size: usize,
}

/// A Win32 structure that exists in both widths.
///
/// Every function takes a [`Structure::Form`], or anything that implies it: a [`Layout`] always will do, a [`Width`]
/// for all but the structures whose packing varies.
pub trait Structure: Sized {
    /// Win32's name of it.
    const NAME: &'static str;
    /// Its fields in order.
    const MEMBERS: &'static [Member];
    /// What decides its layout: `()` if it has only one, a [`Width`], or a [`Layout`].
    type Form: Copy + From<Layout>;

    /// The layout that a form means.
    fn layout(form: Self::Form) -> Layout;

    /// Writes the structure to the start of `out`, with zeros for padding. What follows it is left alone.
    ///
    /// # Errors
    /// If `out` is shorter than the structure, or a value does not fit its field in 32 bits. Then `out` is
    /// unspecified.
    fn encode(&self, form: impl Into<Self::Form>, out: &mut [u8]) -> Result<(), EncodeError>;

    /// Reads the structure from the start of `bytes`; `None` if they are fewer than its size.
    fn decode(form: impl Into<Self::Form>, bytes: &[u8]) -> Option<Self>;

    /// The fields with their places.
    fn fields(form: impl Into<Self::Form>) -> impl Iterator<Item = Field> {
        let layout = Self::layout(form.into());
        Self::MEMBERS.iter().scan(0_usize, move |end, member| {
            let (offset, size) = member.place(*end, layout);
            *end = offset + size;
            Some(Field { name: member.name, offset, size })
        })
    }

    /// The size in bytes, padding at the end included.
    fn size(form: impl Into<Self::Form>) -> usize {
        let form = form.into();
        let layout = Self::layout(form);
        let end = Self::fields(form).last().map_or(0, |field| field.offset + field.size);
        let alignment = Self::MEMBERS.iter().map(|member| member.alignment(layout)).max();
        end.next_multiple_of(alignment.unwrap_or(1))
    }
}

impl Member {
    pub(crate) const fn of<K: Kind>(name: &'static str) -> Self {
        Self { name, element_size: K::element_size, count: K::COUNT }
    }

    fn alignment(&self, layout: Layout) -> usize {
        match layout.packing {
            Packing::Byte => 1,
            Packing::Natural => (self.element_size)(layout.width),
        }
    }

    /// Offset and size, when the field before it ends at `end`.
    fn place(&self, end: usize, layout: Layout) -> (usize, usize) {
        let offset = end.next_multiple_of(self.alignment(layout));
        (offset, (self.element_size)(layout.width) * self.count)
    }
}

/// Why a structure could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// There is less room than the structure needs.
    TooShort {
        /// The structure.
        structure: &'static str,
        /// Its size in bytes.
        needed: usize,
        /// The room in bytes.
        len: usize,
    },
    /// A pointer-sized field holds a value that a 32-bit driver cannot hold.
    TooWide {
        /// The structure.
        structure: &'static str,
        /// The field.
        field: &'static str,
    },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { structure, needed, len } => {
                write!(f, "{structure} needs {needed} bytes, there is room for {len}")
            }
            Self::TooWide { structure, field } => {
                write!(f, "{field} of {structure} does not fit in the 32 bits that the driver has for it")
            }
        }
    }
}

impl core::error::Error for EncodeError {}

/// What decides the layout of a structure with this packing, and the layout itself.
macro_rules! form {
    (type flat) => {
        ()
    };
    (type either) => {
        Layout
    };
    (type $fixed:ident) => {
        Width
    };
    (layout flat, $form:ident) => {{
        let () = $form;
        Layout { width: Width::Bits32, packing: Packing::Byte }
    }};
    (layout packed, $form:ident) => {
        Layout { width: $form, packing: Packing::Byte }
    };
    (layout natural, $form:ident) => {
        Layout { width: $form, packing: Packing::Natural }
    };
    (layout either, $form:ident) => {
        $form
    };
}

/// Declares structures. Before `struct` stands the packing: `packed` (1), `natural` (8), `either` (told at run time), or
/// `flat` for a structure without pointers and gaps.
macro_rules! structures {
    ($(
        $(#[$doc:meta])*
        $packing:ident struct $name:ident {
            $($(#[$field_doc:meta])* $field:ident: $kind:tt,)*
        }
    )*) => {$(
        $(#[$doc])*
        #[allow(non_snake_case, reason = "Win32's own field names")]
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: value_type!($kind),)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: <$kind as Kind>::ZERO,)* }
            }
        }

        impl Structure for $name {
            const NAME: &'static str = stringify!($name);
            const MEMBERS: &'static [Member] = &[$(Member::of::<$kind>(stringify!($field)),)*];
            type Form = form!(type $packing);

            fn layout(form: Self::Form) -> Layout {
                form!(layout $packing, form)
            }

            fn encode(&self, form: impl Into<Self::Form>, out: &mut [u8]) -> Result<(), EncodeError> {
                let form = form.into();
                let (needed, len) = (Self::size(form), out.len());
                let too_short = EncodeError::TooShort { structure: Self::NAME, needed, len };
                let out = out.get_mut(..needed).ok_or(too_short)?;
                out.fill(0);
                let mut fields = Self::fields(form);
                $(
                    let place = fields.next().ok_or(too_short)?;
                    let bytes = out.get_mut(place.offset..place.offset + place.size).ok_or(too_short)?;
                    let too_wide = EncodeError::TooWide { structure: Self::NAME, field: place.name };
                    <$kind as Kind>::write(&self.$field, bytes).ok_or(too_wide)?;
                )*
                Ok(())
            }

            fn decode(form: impl Into<Self::Form>, bytes: &[u8]) -> Option<Self> {
                let form = form.into();
                let bytes = bytes.get(..Self::size(form))?;
                let mut fields = Self::fields(form);
                Some(Self {
                    $($field: {
                        let place = fields.next()?;
                        <$kind as Kind>::read(bytes.get(place.offset..place.offset + place.size)?)?
                    },)*
                })
            }
        }
    )*};
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{Dword, LResult, Long, Pointer, Word};
    use std::string::ToString;

    structures! {
        /// One field of every kind.
        either struct Sample {
            /// A word.
            word: Word,
            /// A pointer.
            pointer: Pointer,
            /// A signed number.
            long: Long,
            /// An answer.
            answer: LResult,
            /// An array of units.
            units: [Word; 3],
            /// An array of pointers.
            pointers: [Pointer; 2],
            /// A number.
            dword: Dword,
        }
    }

    const fn layout(width: Width, packing: Packing) -> Layout {
        Layout { width, packing }
    }

    fn sample() -> Sample {
        Sample {
            word: 0x0201,
            pointer: 0x0605_0403,
            long: -2,
            answer: -3,
            units: [7, 8, 9],
            pointers: [0xFFFF_FFFF, 1],
            dword: 0xFFFF_FFFE,
        }
    }

    #[test]
    fn fields_are_laid_out_by_width_and_packing() {
        let offsets = |layout| -> std::vec::Vec<usize> { Sample::fields(layout).map(|f| f.offset).collect() };
        let narrow = layout(Width::Bits32, Packing::Natural);
        assert_eq!(offsets(narrow), [0, 4, 8, 12, 16, 24, 32]);
        assert_eq!(Sample::size(narrow), 36);
        let packed = layout(Width::Bits64, Packing::Byte);
        assert_eq!(offsets(packed), [0, 2, 10, 14, 22, 28, 44]);
        assert_eq!(Sample::size(packed), 48);
        let natural = layout(Width::Bits64, Packing::Natural);
        assert_eq!(offsets(natural), [0, 8, 16, 24, 32, 40, 56]);
        assert_eq!(Sample::size(natural), 64);
    }

    #[test]
    fn padding_is_zeroed_and_what_follows_is_left_alone() {
        let mut bytes = [0xAA; 40];
        sample().encode(layout(Width::Bits32, Packing::Natural), &mut bytes).unwrap();
        assert_eq!(bytes[..8], [1, 2, 0, 0, 3, 4, 5, 6]);
        assert_eq!(bytes[8..16], [0xFE, 0xFF, 0xFF, 0xFF, 0xFD, 0xFF, 0xFF, 0xFF]);
        assert_eq!(bytes[16..24], [7, 0, 8, 0, 9, 0, 0, 0]);
        assert_eq!(bytes[36..], [0xAA; 4]);
    }

    #[test]
    fn what_is_written_is_read_back() {
        for width in [Width::Bits32, Width::Bits64] {
            for packing in [Packing::Byte, Packing::Natural] {
                let layout = layout(width, packing);
                let mut bytes = [0; 64];
                sample().encode(layout, &mut bytes).unwrap();
                assert_eq!(Sample::decode(layout, &bytes), Some(sample()));
                assert_eq!(Sample::decode(layout, &bytes[..Sample::size(layout) - 1]), None);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let narrow = layout(Width::Bits32, Packing::Byte);
        let encode = |sample: Sample, len: usize| {
            sample.encode(narrow, &mut std::vec![0; len]).map_err(|error| error.to_string())
        };
        assert_eq!(encode(sample(), 31), Err("Sample needs 32 bytes, there is room for 31".to_string()));
        let too_wide = |field| {
            Err(std::format!("{field} of Sample does not fit in the 32 bits that the driver has for it"))
        };
        assert_eq!(encode(Sample { pointer: 1 << 32, ..sample() }, 32), too_wide("pointer"));
        assert_eq!(encode(Sample { answer: 1 << 31, ..sample() }, 32), too_wide("answer"));
        assert_eq!(encode(Sample { pointers: [0, 1 << 40], ..sample() }, 32), too_wide("pointers"));
    }

    #[test]
    fn answers_keep_their_sign() {
        assert_eq!(Width::Bits32.long(0x1_FFFF_FFFF), -1);
        assert_eq!(Width::Bits64.long(0x1_FFFF_FFFF), 0x1_FFFF_FFFF);
    }
}
