//! Sound systems: what plays an instrument, brings it messages, and is its clock.

use std::fmt::Debug;

use crate::Settings;
use crate::error::Error;
use crate::link::Player;

/// A sound system that instruments can be played through.
pub trait System: Debug + Sync {
    /// What programs call it, in small letters.
    fn name(&self) -> &'static str;

    /// Takes a place in it. Nothing is played yet.
    ///
    /// # Errors
    /// Where it is not there, or has no place.
    fn connect(&self, settings: &Settings) -> Result<Box<dyn Client>, Error>;
}

/// A place in a sound system.
pub trait Client {
    /// Where it is.
    fn place(&self) -> &Place;

    /// Plays, and hears messages, until it is told to leave.
    ///
    /// # Errors
    /// What the system refuses.
    fn activate(self: Box<Self>, player: Player) -> Result<Box<dyn Active>, Error>;
}

/// Where an instrument is, in a sound system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// Where messages are taken.
    pub midi: String,
    /// Where sound is heard: one place for both channels, or one for each.
    pub sound: Vec<String>,
    /// Frames in a second, at least 1.
    pub rate: u32,
    /// How many frames are wanted at a time.
    pub period: u32,
    /// How many frames the system itself holds before they are heard, where it tells.
    pub held: Option<u32>,
}

/// A place in a sound system that plays.
pub trait Active: Send {
    /// Connects it with what plays sound, unless it is, and with all MIDI devices that are there.
    fn connect_devices(&self);

    /// What has gone if the system has gone, which is looked for from time to time.
    fn gone(&mut self) -> Option<String>;

    /// Leaves the system, if that is still there.
    fn leave(self: Box<Self>);
}
