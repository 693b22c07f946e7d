//! Constants that people also see by name.

/// Declares constants, and a table of their names and values in the same order.
macro_rules! named_constants {
    (
        $(#[$table_doc:meta])* $visibility:vis $table:ident: $type:ty;
        $($(#[$doc:meta])* $name:ident = $value:expr;)*
    ) => {
        $($(#[$doc])* pub const $name: $type = $value;)*

        $(#[$table_doc])*
        $visibility const $table: &[(&str, $type)] = &[$((stringify!($name), $name)),*];
    };
}

/// The name of the first constant in a table with this value.
pub(crate) fn name_of<T: PartialEq>(table: &[(&'static str, T)], value: T) -> Option<&'static str> {
    table.iter().find(|(_, known)| *known == value).map(|(name, _)| *name)
}
