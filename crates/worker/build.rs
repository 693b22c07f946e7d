//! Links the worker without shared libraries: one that has to look for libraries, and for what is in them, takes half again as long to start.

#[path = "../../scripts/linking.rs"]
mod linking;

fn main() {
    linking::program();
}
