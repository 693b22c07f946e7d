//! What comes from other programs, made into what a driver is sent.

/// A message as drivers take it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    /// A status byte and its data, filled up with 0.
    Short([u8; 3]),
    /// A system exclusive message, or a piece of one.
    Long(&'a [u8]),
}

/// Tells short messages from long ones, which may come in several pieces.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// Whether a long message has begun and not ended.
    inside: bool,
}

impl Reader {
    /// The message that bytes are; `None` for what is none.
    pub fn read<'a>(&mut self, bytes: &'a [u8]) -> Option<Message<'a>> {
        let (&status, data) = bytes.split_first()?;
        match status {
            // These may come between the pieces of a long one.
            0xF8.. => return Some(Message::Short([status, 0, 0])),
            0xF0 => self.inside = true,
            0..0x80 | 0xF7 if self.inside => {}
            0x80..0xF7 => {
                self.inside = false;
                return short(status, data).map(Message::Short);
            }
            _ => return None,
        }
        self.inside = bytes.last() != Some(&0xF7);
        Some(Message::Long(bytes))
    }
}

fn short(status: u8, data: &[u8]) -> Option<[u8; 3]> {
    let count = match status {
        0xC0..0xE0 | 0xF1 | 0xF3 => 1,
        0xF4..=0xF6 => 0,
        _ => 2,
    };
    let mut message = [status, 0, 0];
    let data = data.get(..count)?;
    message.get_mut(1..=count)?.copy_from_slice(data);
    data.iter().all(|byte| *byte < 0x80).then_some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_messages_have_as_many_bytes_as_they_need() {
        let mut reader = Reader::default();
        for (bytes, message) in [
            (&[0x90, 60, 100][..], Some([0x90, 60, 100])),
            (&[0xC5, 7], Some([0xC5, 7, 0])),
            (&[0xD0, 7, 9], Some([0xD0, 7, 0])),
            (&[0xE0, 0, 64], Some([0xE0, 0, 64])),
            (&[0xF3, 1], Some([0xF3, 1, 0])),
            (&[0xF6], Some([0xF6, 0, 0])),
            (&[0xFE], Some([0xFE, 0, 0])),
            (&[0x90, 60], None),
            (&[0x90, 60, 200], None),
            (&[60, 100], None),
            (&[0xF7], None),
            (&[], None),
        ] {
            assert_eq!(reader.read(bytes), message.map(Message::Short), "{bytes:x?}");
        }
    }

    #[test]
    fn long_messages_may_come_in_pieces() {
        let mut reader = Reader::default();
        for piece in [&[0xF0, 1, 2][..], &[3, 4], &[5, 0xF7]] {
            assert_eq!(reader.read(piece), Some(Message::Long(piece)));
            assert_eq!(reader.read(&[0xF8]), Some(Message::Short([0xF8, 0, 0])));
        }
        assert_eq!(reader.read(&[3, 4]), None);
        assert_eq!(reader.read(&[0xF0, 0xF7]), Some(Message::Long(&[0xF0, 0xF7])));
        assert_eq!(reader.read(&[0xF0, 1]), Some(Message::Long(&[0xF0, 1])));
        assert_eq!(reader.read(&[0x80, 1, 2]), Some(Message::Short([0x80, 1, 2])));
        assert_eq!(reader.read(&[1, 0xF7]), None);
    }
}
