//! Who hears what drivers write for people.

use std::fmt;
use std::sync::Arc;

type Hear = dyn Fn(&str, &str) + Send + Sync;

/// A function of the host's that gets every text of a driver's, or nobody.
#[derive(Clone, Default)]
pub(crate) struct Listener(Option<Arc<Hear>>);

impl Listener {
    pub fn new(hear: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hear)))
    }

    /// Hands on the text of the driver with this file name.
    pub fn hear(&self, driver: &str, text: &str) {
        if let Some(hear) = &self.0 {
            hear(driver, text);
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listener").field(&self.0.is_some()).finish()
    }
}
