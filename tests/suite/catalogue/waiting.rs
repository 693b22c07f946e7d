//! Deadlines that a driver does not care about.

use super::Act::Harms;
use super::catalogue;
use super::outcome::Outcome::Late;

const DRIVER: &str = "hostile_self";

catalogue! {
    "Deadlines";
    loops "computes for ever", Harms(DRIVER, &["loops"], &[&[]]) => both(Late);
    loops_in_calls "calls Windows functions for ever", Harms(DRIVER, &["loops_in_calls", "searches_long"], &[&[]]) => both(Late);
    sleeps "sleeps for ever", Harms(DRIVER, &["sleeps"], &[&[]]) => both(Late);
    waits "waits for ever for an event, its own thread, a message, a critical section that another thread has", Harms(DRIVER, &["waits", "waits_for_itself", "waits_for_messages", "waits_for_section"], &[&[]]) => both(Late);
}
