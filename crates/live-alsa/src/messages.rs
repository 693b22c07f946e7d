//! What a sequencer's event is in bytes, taken apart.

/// The messages in bytes that have a status byte each: an event can be several, such as those of a controller with 14 bits.
pub fn messages(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let length = rest.iter().skip(1).position(|byte| *byte >= 0x80).map_or(rest.len(), |at| at + 1);
        let (message, others) = rest.split_at_checked(length)?;
        rest = others;
        (!message.is_empty()).then_some(message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_byte_begins_a_message() {
        let all = |bytes: &'static [u8]| messages(bytes).collect::<Vec<_>>();
        assert_eq!(all(&[0x90, 60, 100]), [&[0x90, 60, 100]]);
        assert_eq!(all(&[0xB0, 7, 1, 0xB0, 39, 2, 0xF8]), [&[0xB0, 7, 1][..], &[0xB0, 39, 2], &[0xF8]]);
        assert!(all(&[]).is_empty());
    }
}
