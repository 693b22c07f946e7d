//! What the command says on computers that lack a layer of the sandbox, and tests of anything else are not about.

/// What is in the line.
pub const NOTICE: &str = "this computer lacks layers of the sandbox: ";

/// Messages without that line.
#[must_use]
pub fn without_notice(messages: &[u8]) -> Vec<u8> {
    let is_notice = |line: &&[u8]| line.windows(NOTICE.len()).any(|part| part == NOTICE.as_bytes());
    messages
        .split_inclusive(|&byte| byte == b'\n')
        .filter(|line| !is_notice(line))
        .flatten()
        .copied()
        .collect()
}
