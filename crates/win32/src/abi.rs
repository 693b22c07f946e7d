//! Argument and result types of shims, and how each travels.
//!
//! Types are what Win32's declarations say, so that one declaration serves drivers of both widths: a [`Pointer`] is as wide as
//! the guest's, a `u32` is a DWORD in either.

use guest::{Arguments, Memory, Stop, Value, Violation};

use crate::process::Process;

/// A pointer, handle, SIZE_T or anything else as wide as the guest's addresses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer(pub u64);

impl Pointer {
    /// NULL.
    pub const NULL: Self = Self(0);

    /// Whether it is NULL.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.0 == 0
    }

    /// As a size in bytes.
    #[must_use]
    pub fn size(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// The pointer `bytes` further on.
    #[must_use]
    pub fn at(self, bytes: u64) -> Self {
        Self(self.0.wrapping_add(bytes))
    }
}

/// INVALID_HANDLE_VALUE.
pub const INVALID_HANDLE: Pointer = Pointer(u64::MAX);

/// Reads the arguments of one import call, from the first to the last.
#[derive(Debug)]
pub struct Reader<'a> {
    arguments: &'a Arguments,
    memory: &'a Memory,
    next: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(arguments: &'a Arguments, memory: &'a Memory) -> Self {
        Self { arguments, memory, next: 0 }
    }

    fn slot(&mut self) -> Result<u64, Violation> {
        self.next += 1;
        self.arguments.integer(self.next - 1, self.memory)
    }
}

/// A type that a shim may take.
pub trait Argument: Sized {
    /// Takes the next argument.
    ///
    /// # Errors
    /// [`Violation`] when it would lie outside the guest's stack.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Violation>;
}

impl Argument for Pointer {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Violation> {
        reader.slot().map(Self)
    }
}

/// Integers of 32 bits and fewer: the upper part of their slot is undefined.
macro_rules! narrow {
    ($($type:ty),*) => {$(
        impl Argument for $type {
            fn decode(reader: &mut Reader<'_>) -> Result<Self, Violation> {
                let [low, ..] = [reader.slot()?];
                let bytes = low.to_le_bytes();
                let mut own = [0; size_of::<$type>()];
                own.copy_from_slice(&bytes[..size_of::<$type>()]);
                Ok(Self::from_le_bytes(own))
            }
        }
    )*};
}
narrow!(u8, u16, i16, u32, i32);

impl Argument for u64 {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Violation> {
        reader.slot()
    }
}

impl Argument for f64 {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Violation> {
        reader.next += 1;
        reader.arguments.float(reader.next - 1, reader.memory)
    }
}

/// A float lies in the low half of where a double would.
impl Argument for f32 {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Violation> {
        let [a, b, c, d, ..] = f64::decode(reader)?.to_le_bytes();
        Ok(Self::from_le_bytes([a, b, c, d]))
    }
}

/// The arguments behind `...`, or those that a `va_list` points to.
#[derive(Debug, Clone, Copy)]
pub enum Variadic {
    /// The rest of a call's own arguments, from this one on.
    Call(Arguments, usize),
    /// Slots in guest memory.
    List(Pointer),
}

impl Argument for Variadic {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Violation> {
        Ok(Self::Call(*reader.arguments, reader.next))
    }
}

impl Variadic {
    /// The next argument's slot; a variadic floating-point argument is in it as well, as its bits.
    ///
    /// # Errors
    /// [`Violation`] when it would lie outside guest memory.
    pub fn slot(&mut self, memory: &Memory) -> Result<u64, Violation> {
        match self {
            Self::Call(arguments, next) => {
                *next += 1;
                arguments.integer(*next - 1, memory)
            }
            Self::List(at) => {
                let slot = memory.array(at.0).map(u64::from_le_bytes)?;
                *at = at.at(8);
                Ok(slot)
            }
        }
    }
}

/// A type that a shim may answer.
pub trait Answer {
    /// As the guest finds it in its registers.
    fn encode(self) -> Value;
}

impl Answer for () {
    fn encode(self) -> Value {
        Value::default()
    }
}

impl Answer for Pointer {
    fn encode(self) -> Value {
        Value { integer: self.0, ..Value::default() }
    }
}

impl Answer for u64 {
    fn encode(self) -> Value {
        Value { integer: self, ..Value::default() }
    }
}

impl Answer for u32 {
    fn encode(self) -> Value {
        Value { integer: self.into(), ..Value::default() }
    }
}

impl Answer for i32 {
    fn encode(self) -> Value {
        Value { integer: u64::from(self.cast_unsigned()), ..Value::default() }
    }
}

/// BOOL.
impl Answer for bool {
    fn encode(self) -> Value {
        Value { integer: self.into(), ..Value::default() }
    }
}

impl Answer for f64 {
    fn encode(self) -> Value {
        Value { float: self, ..Value::default() }
    }
}

impl Answer for f32 {
    fn encode(self) -> Value {
        Value { float: f64::from_bits(self.to_bits().into()), ..Value::default() }
    }
}

/// What a shim function returns: an answer, or a [`Stop`].
pub trait Outcome {
    /// As what the machine wants.
    ///
    /// # Errors
    /// The shim's own.
    fn finish(self) -> Result<Value, Stop>;
}

impl<T: Answer> Outcome for T {
    fn finish(self) -> Result<Value, Stop> {
        Ok(self.encode())
    }
}

impl<T: Answer> Outcome for Result<T, Stop> {
    fn finish(self) -> Result<Value, Stop> {
        self.map(Answer::encode)
    }
}

/// A function that can serve an import: any with these types, whatever their number.
pub trait Serve<Signature>: Copy {
    /// Decodes the arguments, runs the function, encodes its result.
    ///
    /// # Errors
    /// The function's, or a [`Violation`] while decoding.
    fn serve(self, process: &mut Process, arguments: &Arguments) -> Result<Value, Stop>;
}

macro_rules! serve {
    ($($argument:ident)*) => {
        impl<F, O, $($argument,)*> Serve<fn($($argument,)*) -> O> for F
        where
            F: Fn(&mut Process, $($argument,)*) -> O + Copy,
            O: Outcome,
            $($argument: Argument,)*
        {
            #[allow(non_snake_case, reason = "each type parameter's name also names its value")]
            fn serve(self, process: &mut Process, arguments: &Arguments) -> Result<Value, Stop> {
                #[allow(unused_variables, unused_mut, reason = "a function without arguments reads none")]
                let mut reader = Reader::new(arguments, &process.machine.memory);
                $(let $argument = $argument::decode(&mut reader)?;)*
                self(process, $($argument,)*).finish()
            }
        }
    };
}
serve!();
serve!(A);
serve!(A B);
serve!(A B C);
serve!(A B C D);
serve!(A B C D E);
serve!(A B C D E G);
serve!(A B C D E G H);
serve!(A B C D E G H I);
serve!(A B C D E G H I J K L M);
