//! Argument and result types of shims, and how each travels.
//!
//! Types are what Win32's declarations say, so that one declaration serves drivers of both widths: a [`Pointer`] is as wide as
//! the guest's, a `u32` is a DWORD in either.

use guest::{Arguments, Machine, Memory, Mode, Stop, Value, Violation};

use crate::process::Process;

/// A pointer, SIZE_T or anything else without a sign that is as wide as the guest's addresses.
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

/// A handle of a kernel object, a window or a driver instance, as 64 bits. A 32-bit guest's are extended by their sign, so that the pseudo
/// handles, which are negative, are the same numbers in either mode (MS Learn, "Interprocess Communication Between 32-bit and 64-bit
/// Applications").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Handle(pub u64);

impl Handle {
    /// No handle.
    pub const NULL: Self = Self(0);
    /// INVALID_HANDLE_VALUE.
    pub const INVALID: Self = Self(u64::MAX);

    /// The handle in guest memory at an address.
    ///
    /// # Errors
    /// [`Violation`] when not all of it is readable.
    pub fn read(machine: &Machine, at: Pointer) -> Result<Self, Violation> {
        machine.pointer_at(at.0).map(|word| Self(signed(machine.mode(), word).cast_unsigned()))
    }
}

/// A LONG_PTR, as which LPARAM, LRESULT and INT_PTR are declared: a number with a sign that is as wide as the guest's addresses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct LongPtr(pub i64);

/// What a guest's word means as a number with a sign.
pub(crate) fn signed(mode: Mode, word: u64) -> i64 {
    match mode {
        Mode::I386 => (word << 32).cast_signed() >> 32,
        Mode::X86_64 => word.cast_signed(),
    }
}

/// Reads the arguments of one import call, from the first to the last.
#[derive(Debug)]
pub struct Reader<'a> {
    arguments: Arguments,
    memory: &'a Memory,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(arguments: Arguments, memory: &'a Memory) -> Self {
        Self { arguments, memory }
    }
}

/// A type that a shim may take.
pub trait Argument: Sized {
    /// How many 4-byte slots it takes on an i386 guest's stack; `None` if only the caller knows.
    const SLOTS: Option<u32>;

    /// Takes the next argument.
    ///
    /// # Errors
    /// [`Violation`] when it would lie outside the guest's stack.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Violation>;
}

impl Argument for Pointer {
    const SLOTS: Option<u32> = Some(1);

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Violation> {
        reader.arguments.word(reader.memory).map(Self)
    }
}

impl Argument for LongPtr {
    const SLOTS: Option<u32> = Some(1);

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Violation> {
        let mode = reader.arguments.mode();
        reader.arguments.word(reader.memory).map(|word| Self(signed(mode, word)))
    }
}

impl Argument for Handle {
    const SLOTS: Option<u32> = Some(1);

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Violation> {
        LongPtr::decode(reader).map(|LongPtr(number)| Self(number.cast_unsigned()))
    }
}

/// Integers of 32 bits and fewer: the upper part of their slot is undefined.
macro_rules! narrow {
    ($($type:ty),*) => {$(
        impl Argument for $type {
            const SLOTS: Option<u32> = Some(1);

            fn decode(reader: &mut Reader<'_>) -> Result<Self, Violation> {
                let bytes = reader.arguments.word(reader.memory)?.to_le_bytes();
                let mut own = [0; size_of::<$type>()];
                own.copy_from_slice(&bytes[..size_of::<$type>()]);
                Ok(Self::from_le_bytes(own))
            }
        }
    )*};
}
narrow!(u8, u16, i16, u32, i32);

impl Argument for u64 {
    const SLOTS: Option<u32> = Some(2);

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Violation> {
        reader.arguments.long(reader.memory)
    }
}

impl Argument for f64 {
    const SLOTS: Option<u32> = Some(2);

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Violation> {
        reader.arguments.double(reader.memory)
    }
}

impl Argument for f32 {
    const SLOTS: Option<u32> = Some(1);

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Violation> {
        reader.arguments.single(reader.memory)
    }
}

/// The arguments behind `...`, or those that a `va_list` points to. In either, a floating-point number is a double and lies where an
/// integer would.
#[derive(Debug, Clone, Copy)]
pub enum Variadic {
    /// The rest of a call's own arguments.
    Call(Arguments),
    /// Slots in guest memory.
    List(Pointer),
}

impl Argument for Variadic {
    const SLOTS: Option<u32> = None;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Violation> {
        Ok(Self::Call(reader.arguments))
    }
}

impl Variadic {
    /// The next argument: an integer or pointer of at most a pointer's size.
    ///
    /// # Errors
    /// [`Violation`] when it would lie outside guest memory.
    pub fn word(&mut self, machine: &Machine) -> Result<u64, Violation> {
        match self {
            Self::Call(arguments) => arguments.word(&machine.memory),
            Self::List(at) => {
                let word = machine.pointer_at(at.0)?;
                *at = at.at(machine.mode().pointer_size());
                Ok(word)
            }
        }
    }

    /// The next argument: an integer of 64 bits, or the bits of a double.
    ///
    /// # Errors
    /// As [`word`](Self::word).
    pub fn long(&mut self, machine: &Machine) -> Result<u64, Violation> {
        match self {
            Self::Call(arguments) => arguments.long(&machine.memory),
            Self::List(at) => {
                let long = machine.memory.array(at.0).map(u64::from_le_bytes)?;
                *at = at.at(8);
                Ok(long)
            }
        }
    }
}

/// A type that a shim may answer.
pub trait Answer: Sized {
    /// As the guest is to find it.
    fn encode(self) -> Value;

    /// The code that it says the call has failed with; `set` is the last error that the shim has failed with on the way. Where the type says
    /// nothing of failures itself, that alone counts.
    fn failure(&self, set: Option<u32>) -> Option<u32> {
        set
    }
}

impl Answer for () {
    fn encode(self) -> Value {
        Value::Integer(0)
    }
}

impl Answer for Pointer {
    fn encode(self) -> Value {
        Value::Integer(self.0)
    }
}

/// With another handle than these a last error only tells something of it, such as ERROR_ALREADY_EXISTS.
impl Answer for Handle {
    fn encode(self) -> Value {
        Value::Integer(self.0)
    }

    fn failure(&self, set: Option<u32>) -> Option<u32> {
        set.filter(|_| matches!(*self, Self::NULL | Self::INVALID))
    }
}

impl Answer for LongPtr {
    fn encode(self) -> Value {
        Value::Integer(self.0.cast_unsigned())
    }
}

impl Answer for u64 {
    fn encode(self) -> Value {
        Value::Integer(self)
    }
}

impl Answer for u32 {
    fn encode(self) -> Value {
        Value::Integer(self.into())
    }
}

impl Answer for i32 {
    fn encode(self) -> Value {
        Value::Integer(self.cast_unsigned().into())
    }
}

/// BOOL, where FALSE alone may be what was asked for (PeekMessage); it fails with a last error only.
impl Answer for bool {
    fn encode(self) -> Value {
        Value::Integer(self.into())
    }

    fn failure(&self, set: Option<u32>) -> Option<u32> {
        set.filter(|_| !self)
    }
}

/// Codes that are answered, of which one is success. Last errors that were set on the way say nothing of the call.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident, $fails:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name(pub u32);

        impl Answer for $name {
            fn encode(self) -> Value {
                self.0.encode()
            }

            fn failure(&self, _set: Option<u32>) -> Option<u32> {
                let fails: fn(u32) -> bool = $fails;
                fails(self.0).then_some(self.0)
            }
        }
    )*};
}
codes! {
    /// LSTATUS, which the registry's functions answer: a system error code; ERROR_SUCCESS is 0.
    LStatus, |code| code != 0;
    /// MMRESULT, which those of sound and time answer, and MCIERROR: a code of their own; 0 is success.
    MmResult, |code| code != 0;
    /// HRESULT: success where it is not negative.
    HResult, |code| code.cast_signed() < 0;
}

impl Answer for f64 {
    fn encode(self) -> Value {
        Value::Double(self)
    }
}

impl Answer for f32 {
    fn encode(self) -> Value {
        Value::Single(self)
    }
}

/// What a shim function returns: an answer, or a [`Stop`].
pub trait Outcome {
    /// As what the machine wants; whether the call has failed is noted.
    ///
    /// # Errors
    /// The shim's own.
    fn finish(self, process: &mut Process) -> Result<Value, Stop>;
}

impl<T: Answer> Outcome for T {
    fn finish(self, process: &mut Process) -> Result<Value, Stop> {
        process.counts.answered(&self);
        Ok(self.encode())
    }
}

impl<T: Answer> Outcome for Result<T, Stop> {
    fn finish(self, process: &mut Process) -> Result<Value, Stop> {
        self?.finish(process)
    }
}

/// A function that can serve an import: any with these types, whatever their number.
pub trait Serve<Signature>: Copy {
    /// How many 4-byte slots its arguments take on an i386 guest's stack; `None` if only the caller knows.
    const SLOTS: Option<u32>;

    /// Decodes the arguments, runs the function, encodes its result.
    ///
    /// # Errors
    /// The function's, or a [`Violation`] while decoding.
    fn serve(self, process: &mut Process, arguments: Arguments) -> Result<Value, Stop>;
}

/// [`Serve::SLOTS`] of a function.
pub(crate) const fn slots<S, F: Serve<S>>(_: &F) -> Option<u32> {
    F::SLOTS
}

/// The sum of what is known, if all is.
const fn sum(slots: &[Option<u32>]) -> Option<u32> {
    let (mut sum, mut index) = (0, 0);
    while index < slots.len() {
        match slots[index] {
            Some(slots) => sum += slots,
            None => return None,
        }
        index += 1;
    }
    Some(sum)
}

macro_rules! serve {
    ($($argument:ident)*) => {
        impl<F, O, $($argument,)*> Serve<fn($($argument,)*) -> O> for F
        where
            F: Fn(&mut Process, $($argument,)*) -> O + Copy,
            O: Outcome,
            $($argument: Argument,)*
        {
            const SLOTS: Option<u32> = sum(&[$($argument::SLOTS),*]);

            #[allow(non_snake_case, reason = "each type parameter's name also names its value")]
            fn serve(self, process: &mut Process, arguments: Arguments) -> Result<Value, Stop> {
                #[allow(unused_variables, unused_mut, reason = "a function without arguments reads none")]
                let mut reader = Reader::new(arguments, &process.machine.memory);
                $(let $argument = $argument::decode(&mut reader)?;)*
                self(process, $($argument,)*).finish(process)
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
serve!(A B C D E G H I J);
serve!(A B C D E G H I J K);
serve!(A B C D E G H I J K L);
serve!(A B C D E G H I J K L M);
serve!(A B C D E G H I J K L M N);
serve!(A B C D E G H I J K L M N P);
