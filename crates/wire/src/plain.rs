//! The plain form of messages that are only numbers, and come with every call of a driver: the call and its answer. They are numbers in a frame then, too;
//! all others are `postcard`, which takes a quarter of such a message's time.

use crate::message::{Call, Effect, ToHost, ToWorker};
use crate::want::{Served, Want};

/// As many numbers as a message has at most in this form. With [`MARK`], they fill a slot of the ring.
pub(crate) const MOST: usize = 7;

/// What a frame of numbers begins with, and one of `postcard` does not: the number of a variant, which comes first there, is a small one.
pub(crate) const MARK: [u8; 4] = [0xFF; 4];

/// What can be sent through a channel.
pub trait Plain: Sized {
    /// Its numbers, and how many they are, if it has this form.
    fn numbers(&self) -> Option<([u64; MOST], usize)> {
        None
    }

    /// The message that these are the numbers of.
    fn from_numbers(_numbers: &[[u8; 8]]) -> Option<Self> {
        None
    }
}

impl Plain for ToWorker {
    #[inline]
    fn numbers(&self) -> Option<([u64; MOST], usize)> {
        let Self::Call(Call { seq, function, arguments: [a, b, c, d, e], effect }) = *self else {
            return None;
        };
        let effect = match effect {
            Effect::None => 0,
            Effect::Opens => 1,
            Effect::Closes => 2,
        };
        Some(([u64::from(seq) | effect << 32, function, a, b, c, d, e], MOST))
    }

    #[inline]
    fn from_numbers(numbers: &[[u8; 8]]) -> Option<Self> {
        let &[first, function, a, b, c, d, e] = numbers else { return None };
        let (seq, effect) = halves(first);
        let effect = match effect {
            0 => Effect::None,
            1 => Effect::Opens,
            2 => Effect::Closes,
            _ => return None,
        };
        let arguments = [a, b, c, d, e].map(u64::from_le_bytes);
        Some(Self::Call(Call { seq, function: u64::from_le_bytes(function), arguments, effect }))
    }
}

impl Plain for ToHost {
    #[inline]
    fn numbers(&self) -> Option<([u64; MOST], usize)> {
        let Self::Answered { seq, result } = *self else { return None };
        Some(([seq.into(), result, 0, 0, 0, 0, 0], 2))
    }

    #[inline]
    fn from_numbers(numbers: &[[u8; 8]]) -> Option<Self> {
        let &[seq, result] = numbers else { return None };
        match halves(seq) {
            (seq, 0) => Some(Self::Answered { seq, result: u64::from_le_bytes(result) }),
            _ => None,
        }
    }
}

impl Plain for Want {}

impl Plain for Served {}

/// The lower half of a number, and the upper one.
fn halves(number: [u8; 8]) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = number;
    (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn again<M: Plain>(message: &M) -> Option<M> {
        let (numbers, count) = message.numbers()?;
        M::from_numbers(&numbers.map(u64::to_le_bytes)[..count])
    }

    proptest! {
        #[test]
        fn numbers_are_the_same_message_again(seq: u32, function: u64, arguments: [u64; 5], result: u64) {
            for effect in [Effect::None, Effect::Opens, Effect::Closes] {
                let call = ToWorker::Call(Call { seq, function, arguments, effect });
                prop_assert_eq!(again(&call), Some(call));
            }
            let answered = ToHost::Answered { seq, result };
            prop_assert_eq!(again(&answered), Some(answered));
        }

        #[test]
        fn any_numbers_are_a_message_or_none(numbers in prop::collection::vec(any::<[u8; 8]>(), 0..9)) {
            if let Some(message) = ToWorker::from_numbers(&numbers) {
                prop_assert_eq!(again(&message), Some(message));
            }
            if let Some(message) = ToHost::from_numbers(&numbers) {
                prop_assert_eq!(again(&message), Some(message));
            }
        }
    }

    #[test]
    fn what_is_too_much_is_no_message() {
        let numbers = |first: u64, count| vec![first.to_le_bytes(); count];
        assert_eq!(ToWorker::from_numbers(&numbers(3 << 32, MOST)), None);
        assert_eq!(ToHost::from_numbers(&numbers(1 << 32, 2)), None);
        assert_eq!(ToHost::from_numbers(&numbers(1, 3)), None);
        assert_eq!(ToWorker::Granted(1).numbers(), None);
        assert_eq!(ToHost::Threads.numbers(), None);
    }
}
