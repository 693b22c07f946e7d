//! Where the user is at home.
//!
//! Not by the C library: it finds users by libraries that it loads, which a program without shared libraries cannot do: it crashes. So users that only such a library knows have a home where
//! HOME is set, as it is wherever somebody has logged in.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// What HOME says, or else what /etc/passwd has for the user.
pub(crate) fn home() -> Option<PathBuf> {
    match env::var_os("HOME").filter(|home| !home.is_empty()) {
        Some(home) => Some(home.into()),
        None => listed(&fs::read("/etc/passwd").ok()?, rustix::process::getuid().as_raw()),
    }
}

/// The home of a user in a list of users (passwd(5)).
fn listed(users: &[u8], user: u32) -> Option<PathBuf> {
    let user = user.to_string();
    users.split(|&byte| byte == b'\n').find_map(|line| {
        // Name, password, number, group, who it is, home, shell.
        let mut fields = line.split(|&byte| byte == b':');
        let number = fields.nth(2)?;
        let home = fields.nth(2)?;
        (number == user.as_bytes() && !home.is_empty()).then(|| OsStr::from_bytes(home).into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_the_number() {
        let users =
            b"root:x:0:0:root:/root:/bin/bash\n+nobody\nx:x:10:1::/home/x:\ny:x:11:0:::\n100:x:1:10:0:/no:";
        assert_eq!(listed(users, 0), Some("/root".into()));
        assert_eq!(listed(users, 10), Some("/home/x".into()));
        for nowhere in [11, 100, 4444] {
            assert_eq!(listed(users, nowhere), None);
        }
    }
}
