//! Links the worker without shared libraries: one that has to look for libraries, and for what is in them, takes half again as long to start.

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
