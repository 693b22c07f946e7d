//! Which sound system plays an instrument. Each is in a program of its own.

use live::{Error, Jack, Live, Program, Settings, System};

use crate::args::Through;

/// Whether a program's sound system is JACK. There are two.
pub fn is_jack(system: &dyn System) -> bool {
    system.name() == Jack.name()
}

/// Starts an instrument. `own` is the sound system of this program, if it has one; where another one is to play, the program with that becomes this process. None of them comes back,
/// because a program does all that its own sound system is asked for.
pub fn start(settings: Settings, through: Through, own: Option<&dyn System>) -> Result<Live, Error> {
    let plays = |system: &dyn System| match through {
        Through::Auto => true,
        Through::Jack => is_jack(system),
        Through::Alsa => !is_jack(system),
    };
    match (own.filter(|&system| plays(system)), through) {
        (Some(own), Through::Auto) => match Live::start(settings, own) {
            Err(error @ (Error::NoServer | Error::NoLibrary(_))) if Program::ALSA.is_there() => {
                tracing::warn!("{error}; so ALSA plays, because `{}` is there", Program::ALSA.file);
                Err(Program::ALSA.take_over())
            }
            started => started,
        },
        (Some(own), _) => Live::start(settings, own),
        (None, Through::Alsa) => Err(Program::ALSA.take_over()),
        (None, Through::Auto) if !Program::JACK.is_there() && Program::ALSA.is_there() => {
            Err(Program::ALSA.take_over())
        }
        (None, _) => Err(Program::JACK.take_over()),
    }
}
