//! Links the command without shared libraries, which take a twelfth of the time that it needs for one message to a driver. What needs one, a sound system, is in a
//! program of its own (`live-jack`, `live-alsa`).

#[path = "../../scripts/linking.rs"]
mod linking;

use linking::Linking;

fn main() {
    let mut linking = Linking::new();
    linking.without_libraries();
    linking.pack();
    linking.order("start.txt");
    linking.finish();
}
