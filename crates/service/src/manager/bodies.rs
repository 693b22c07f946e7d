//! What the interface's methods take and answer, of any bytes: by the types of the methods themselves.

use std::fmt::Debug;
use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;
use zbus::Type;
use zbus::message::Header;
use zbus::wire::serialized::{Context, Data};
use zbus::wire::{LE, to_bytes};

use super::Manager;
use crate::errors::Refusal;

/// What was understood of a message's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Understood {
    /// What it says, for comparing.
    pub said: String,
    /// The texts that it begins with, if it is a call's.
    pub texts: Vec<String>,
    /// The same, sent again; `None` when that cannot be.
    pub sent: Option<Vec<u8>>,
}

/// A method of the interface.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// Its name here.
    pub name: &'static str,
    /// Understands the body of a call, if it is one.
    pub call: fn(&[u8]) -> Option<Understood>,
    /// Understands the body of an answer, if it is one.
    pub answer: fn(&[u8]) -> Option<Understood>,
}

macro_rules! methods {
    ($($method:ident)*) => {
        /// All methods of the interface, in its order.
        pub const METHODS: &[Method] = &[$(Method {
            name: stringify!($method),
            call: |body| call(Manager::$method, body),
            answer: |body| answer(Manager::$method, body),
        }),*];
    };
}

methods! {
    open open_with_text send send_buffer send_memory send_once close list_drivers list_instances start_instrument stop_instrument list_instruments
    end_session begin_session goodbye pardon
}

/// A function of the manager's that takes `A` of whoever calls it.
trait Takes<A> {
    type Answer;
}

macro_rules! takes {
    ($($argument:ident)*) => {
        impl<F, W, R, $($argument),*> Takes<($($argument,)*)> for F
        where
            F: Fn(&'static Manager, Header<'static>, $($argument),*) -> W,
            W: Future<Output = Result<R, Refusal>>,
        {
            type Answer = R;
        }
    };
}

takes! {}
takes! { A }
takes! { A B }
takes! { A B C }
takes! { A B C D }
takes! { A B C D E }

fn call<A, F>(_: F, body: &[u8]) -> Option<Understood>
where
    A: Serialize + DeserializeOwned + Type + Debug,
    F: Takes<A>,
{
    let (arguments, understood) = understood::<A>(body)?;
    let texts = match serde_json::to_value(arguments) {
        Ok(serde_json::Value::Array(all)) => {
            all.into_iter().map_while(|one| one.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    };
    Some(Understood { texts, ..understood })
}

fn answer<A, F>(_: F, body: &[u8]) -> Option<Understood>
where
    F: Takes<A>,
    F::Answer: Serialize + DeserializeOwned + Type + Debug,
{
    understood::<F::Answer>(body).map(|(_, understood)| understood)
}

fn understood<T: Serialize + DeserializeOwned + Type + Debug>(body: &[u8]) -> Option<(T, Understood)> {
    let context = Context::new(LE, 0);
    let (all, _): (T, _) = Data::new(body, context).deserialize().ok()?;
    let sent = to_bytes(context, &all).ok().map(|sent| sent.bytes().to_vec());
    // By its text: no number differs from itself that way.
    let said = format!("{all:?}");
    Some((all, Understood { said, texts: Vec::new(), sent }))
}
