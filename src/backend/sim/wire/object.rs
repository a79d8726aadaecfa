//! Answers as trees of members, the same for every protocol.

use serde_json::{Map, Value};

use crate::text::Text;
use crate::time::Timestamp;

/// What can stand in an answer.
pub trait Wire {
    /// Its form there.
    fn wire(&self) -> Value;
}

impl Wire for str {
    fn wire(&self) -> Value {
        Value::from(self)
    }
}

impl Wire for Text {
    fn wire(&self) -> Value {
        Value::from(self.as_str())
    }
}

impl Wire for Value {
    fn wire(&self) -> Value {
        self.clone()
    }
}

/// Seconds since the epoch with a fraction, as awsJson has it.
impl Wire for Timestamp {
    fn wire(&self) -> Value {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of today take 41 of a double's 53 bits")]
        let seconds = self.millis() as f64 / 1_000.0;
        Value::from(seconds)
    }
}

impl<T: Wire> Wire for [T] {
    fn wire(&self) -> Value {
        self.iter().map(Wire::wire).collect()
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn wire(&self) -> Value {
        self.as_slice().wire()
    }
}

macro_rules! wire_as_is {
    ($($plain:ty),*) => {$(
        impl Wire for $plain {
            fn wire(&self) -> Value {
                Value::from(*self)
            }
        }
    )*};
}

wire_as_is!(bool, u16, u32, u64, i32, usize, f64);

/// The word, where AWS has it on its list: what is on none of its lists it never sends.
pub fn known<'a>(word: Option<&'a Text>, list: &[&str]) -> Option<&'a Text> {
    word.filter(|word| list.contains(&word.as_str()))
}

/// A structure under construction.
#[derive(Default)]
pub struct Object(Map<String, Value>);

impl Object {
    /// Adds a member.
    pub fn put(mut self, name: &str, value: &(impl Wire + ?Sized)) -> Self {
        self.0.insert(name.to_owned(), value.wire());
        self
    }

    /// Adds a member where there is a value.
    pub fn maybe(self, name: &str, value: Option<&(impl Wire + ?Sized)>) -> Self {
        match value {
            Some(value) => self.put(name, value),
            None => self,
        }
    }

    /// Adds a list of structures.
    pub fn list<T>(mut self, name: &str, items: impl IntoIterator<Item = T>, shape: impl FnMut(T) -> Value) -> Self {
        self.0.insert(name.to_owned(), items.into_iter().map(shape).collect());
        self
    }

    /// The finished structure.
    pub fn done(self) -> Value {
        Value::Object(self.0)
    }
}
