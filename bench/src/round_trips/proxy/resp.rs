//! The protocol of Valkey, as far as it tells where a command or a reply ends
//! (<https://valkey.io/topics/protocol/>).

/// The bytes of the first command or reply in `bytes`; none if it is not there as a whole yet.
pub(super) fn first(bytes: &[u8]) -> Option<usize> {
    end(bytes, 0)
}

/// The name of a command.
pub(super) fn name(command: &[u8]) -> String {
    let name = command.split(|byte| *byte == b'\n').nth(2).unwrap_or_default();
    String::from_utf8_lossy(name).trim_end().to_uppercase()
}

/// Where the value that begins at `at` ends.
fn end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let line = rest.windows(2).position(|pair| pair == b"\r\n")?;
    let after = at + line + 2;
    let many = |values| (0..values).try_fold(after, |at, _| end(bytes, at));
    let count = || std::str::from_utf8(&rest[1..line]).ok()?.parse::<i64>().ok();
    match rest[0] {
        b'$' | b'=' | b'!' => match usize::try_from(count()?) {
            Ok(length) => Some(after + length + 2).filter(|end| *end <= bytes.len()),
            // None at all.
            Err(_) => Some(after),
        },
        b'*' | b'~' | b'>' => many(count()?),
        b'%' => many(2 * count()?),
        _ => Some(after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_end_where_their_kind_says() {
        for value in [
            "+OK\r\n",
            "-ERR no\r\n",
            ":12\r\n",
            "$-1\r\n",
            "$5\r\na\r\nbc\r\n",
            "*-1\r\n",
            "*0\r\n",
            "*3\r\n$1\r\n7\r\n$-1\r\n*2\r\n:1\r\n:2\r\n",
            "%1\r\n+key\r\n:1\r\n",
            "_\r\n",
        ] {
            let bytes = value.as_bytes();
            assert_eq!(first(bytes), Some(bytes.len()), "{value:?}");
            assert_eq!(first(&[bytes, b"+OK\r\n"].concat()), Some(bytes.len()), "{value:?}");
            for length in 0..bytes.len() {
                assert_eq!(first(&bytes[..length]), None, "{:?}", &value[..length]);
            }
        }
    }

    #[test]
    fn a_command_has_a_name() {
        assert_eq!(name(b"*2\r\n$4\r\neval\r\n$1\r\nx\r\n"), "EVAL");
        assert_eq!(name(b"*1\r\n$4\r\nPING\r\n"), "PING");
    }
}
