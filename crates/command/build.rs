//! Links the command without shared libraries, which take a twelfth of the time that it needs for one message to a driver. What needs one, a sound system, is in a
//! program of its own (`live-jack`, `live-alsa`).

#[path = "../../scripts/linking.rs"]
mod linking;

fn main() {
    linking::program_from("drvhost_entry");
}
