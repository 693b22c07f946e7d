//! Files with a codec's settings: the bytes as the codec has handed them out, or VirtualDub's processing settings.
//!
//! VirtualDub writes a script in which the line `VirtualDub.video.SetCompData(LENGTH,"BASE64");` has what ICM_GETSTATE handed out.

/// What stands before the settings in a script.
const SCRIPT_CALL: &[u8] = b"video.SetCompData(";

/// The settings in a file's bytes.
///
/// # Errors
/// What is wrong with a script.
pub fn state_in(file: &[u8]) -> Result<Vec<u8>, String> {
    let Some(at) = file.windows(SCRIPT_CALL.len()).position(|window| window == SCRIPT_CALL) else {
        let is_script = file.starts_with(b"VirtualDub.") || file.starts_with(b"// VirtualDub");
        if is_script {
            return Err("VirtualDub's settings name no settings of a codec (SetCompData)".to_owned());
        }
        return Ok(file.to_vec());
    };
    let call = file.get(at + SCRIPT_CALL.len()..).unwrap_or_default();
    let call: String = call.iter().take_while(|byte| **byte != b')').map(|byte| char::from(*byte)).collect();
    let wrong = || "its SetCompData has not a length and text in base64".to_owned();
    let (length, text) = call.split_once(',').ok_or_else(wrong)?;
    let length: usize = length.trim().parse().map_err(|_| wrong())?;
    let text = text.trim().strip_prefix('"').and_then(|text| text.strip_suffix('"')).ok_or_else(wrong)?;
    let state = base64(text).ok_or_else(wrong)?;
    if state.len() == length {
        return Ok(state);
    }
    Err(format!("its SetCompData says {length} bytes and has {}", state.len()))
}

/// What text in base64 stands for (RFC 4648, section 4); `None` where it is none.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    let padded = text.len() - digits.len();
    let (mut bytes, mut bits, mut count) = (Vec::with_capacity(digits.len() / 4 * 3), 0_u32, 0);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    (padded <= 2 && count < 6).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        let vectors = [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYmFy", "foobar"),
            ("Zm9vYg", "foob"),
        ];
        for (text, bytes) in vectors {
            assert_eq!(base64(text), Some(bytes.as_bytes().to_vec()), "{text}");
        }
        assert_eq!(base64("+/+/"), Some(vec![0xFB, 0xFF, 0xBF]));
        for wrong in ["Z", "Zg=g", "Zm9v====", "Z m9", "Zm9*"] {
            assert_eq!(base64(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_script_has_the_settings_in_one_line() {
        let script = |call: &str| {
            format!("VirtualDub.audio.SetMode(0);\r\n{call}\r\nVirtualDub.video.SetMode(3);\r\n")
        };
        let state = |call: &str| state_in(script(call).as_bytes());
        assert_eq!(state("VirtualDub.video.SetCompData(3,\"Zm9v\");"), Ok(b"foo".to_vec()));
        for wrong in [
            "",
            "VirtualDub.video.SetCompData(4,\"Zm9v\");",
            "VirtualDub.video.SetCompData(\"Zm9v\");",
            "VirtualDub.video.SetCompData(3,\"Z*9v\"",
        ] {
            assert!(state(wrong).is_err(), "{wrong}");
        }
        assert_eq!(state_in(b"\0\x01plain"), Ok(b"\0\x01plain".to_vec()));
    }
}
