//! The kinds of fields: what a structure holds here, and its bytes in a driver's memory.

use crate::layout::Width;

/// A kind of field: how it is held here, and how in a driver's memory.
pub(crate) trait Kind {
    /// What the field of the Rust structure holds.
    type Value;
    /// The value in a default structure.
    const ZERO: Self::Value;
    /// How many elements it has.
    const COUNT: usize;
    /// The size of one element in bytes.
    fn element_size(width: Width) -> usize;
    /// Writes the value to `out`, which has the field's size; `None` if it does not fit.
    fn write(value: &Self::Value, out: &mut [u8]) -> Option<()>;
    /// Reads the value from `bytes`, which have the field's size.
    fn read(bytes: &[u8]) -> Option<Self::Value>;
}

/// A kind whose size is the same in both widths.
macro_rules! fixed_kind {
    ($(#[$doc:meta])* $kind:ident = $value:ty) => {
        $(#[$doc])*
        pub(crate) enum $kind {}

        impl Kind for $kind {
            type Value = $value;
            const ZERO: $value = 0;
            const COUNT: usize = 1;

            fn element_size(_: Width) -> usize {
                size_of::<$value>()
            }

            fn write(value: &$value, out: &mut [u8]) -> Option<()> {
                *out.first_chunk_mut()? = value.to_le_bytes();
                Some(())
            }

            fn read(bytes: &[u8]) -> Option<$value> {
                bytes.first_chunk().map(|bytes| <$value>::from_le_bytes(*bytes))
            }
        }
    };
}

/// A pointer-sized kind, held in 64 bits.
macro_rules! wide_kind {
    ($(#[$doc:meta])* $kind:ident = $value:ty, $narrow:ty) => {
        $(#[$doc])*
        pub(crate) enum $kind {}

        impl Kind for $kind {
            type Value = $value;
            const ZERO: $value = 0;
            const COUNT: usize = 1;

            fn element_size(width: Width) -> usize {
                width.pointer_size()
            }

            fn write(value: &$value, out: &mut [u8]) -> Option<()> {
                match out.first_chunk_mut() {
                    Some(wide) => *wide = value.to_le_bytes(),
                    None => *out.first_chunk_mut()? = <$narrow>::try_from(*value).ok()?.to_le_bytes(),
                }
                Some(())
            }

            fn read(bytes: &[u8]) -> Option<$value> {
                match bytes.first_chunk() {
                    Some(wide) => Some(<$value>::from_le_bytes(*wide)),
                    None => bytes.first_chunk().map(|narrow| <$narrow>::from_le_bytes(*narrow).into()),
                }
            }
        }
    };
}

fixed_kind! {
    /// BYTE, and a character of a text in bytes.
    Byte = u8
}
fixed_kind! {
    /// WORD, and a UTF-16 unit.
    Word = u16
}
fixed_kind! {
    /// DWORD, UINT, and whatever else is 32 bits without a sign.
    Dword = u32
}
fixed_kind! {
    /// LONG and int.
    Long = i32
}
wide_kind! {
    /// A pointer, a handle, DWORD_PTR.
    Pointer = u64, u32
}
wide_kind! {
    /// LRESULT.
    LResult = i64, i32
}

impl<K: Kind, const N: usize> Kind for [K; N]
where
    K::Value: Copy,
{
    type Value = [K::Value; N];
    const ZERO: Self::Value = [K::ZERO; N];
    const COUNT: usize = N;

    fn element_size(width: Width) -> usize {
        K::element_size(width)
    }

    fn write(value: &Self::Value, out: &mut [u8]) -> Option<()> {
        let size = out.len().checked_div(N)?;
        value.iter().zip(out.chunks_exact_mut(size)).try_for_each(|(value, out)| K::write(value, out))
    }

    fn read(bytes: &[u8]) -> Option<Self::Value> {
        let size = bytes.len().checked_div(N)?;
        let mut value = Self::ZERO;
        for (value, bytes) in value.iter_mut().zip(bytes.chunks_exact(size)) {
            *value = K::read(bytes)?;
        }
        Some(value)
    }
}

/// The Rust type of a kind, spelled out so that documentation shows it.
macro_rules! value_type {
    (Byte) => {
        u8
    };
    (Word) => {
        u16
    };
    (Dword) => {
        u32
    };
    (Long) => {
        i32
    };
    (Pointer) => {
        u64
    };
    (LResult) => {
        i64
    };
    ([$kind:tt; $count:literal]) => {
        [value_type!($kind); $count]
    };
}
