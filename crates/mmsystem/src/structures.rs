//! The structures that messages point at, by class. Sizes and offsets: spec sections 3.1 and 4.

mod acm;
mod driver;
mod midi;
mod vfw;

pub use acm::*;
pub use driver::*;
pub use midi::*;
pub use vfw::*;

#[cfg(test)]
mod tests;
