//! A scanner for JSON (RFC 8259): strings with the keys around them, borrowed. It reads a beginning as well as a whole text, keeps
//! nothing but the keys of open objects, and stops at what is no JSON, at depth [`MAX_DEPTH`] and after [`MAX_TOKENS`].

/// How deep objects and arrays are followed.
pub(crate) const MAX_DEPTH: usize = 24;
/// The most brackets, keys and values that are read of one text.
const MAX_TOKENS: usize = 8192;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    /// An object or an array begins; the key it stands under, empty in arrays and at the top.
    Open(&'a [u8]),
    /// One ends.
    Close,
    /// A string: its key, empty in arrays, and its octets as written, escapes and all.
    Text(&'a [u8], &'a [u8]),
}

/// Walks a text.
pub(crate) struct Scanner<'a> {
    rest: &'a [u8],
    left: usize,
    depth: usize,
    key: &'a [u8],
}

impl<'a> Scanner<'a> {
    /// Starts at the front.
    pub(crate) const fn new(text: &'a [u8]) -> Self {
        Self { rest: text, left: MAX_TOKENS, depth: 0, key: b"" }
    }

    /// The string behind an opening quote, which is let go of with its closing one.
    fn string(&mut self) -> Option<&'a [u8]> {
        let mut from = 0;
        loop {
            let at = from + memchr::memchr2(b'"', b'\\', self.rest.get(from..)?)?;
            if self.rest.get(at) == Some(&b'"') {
                let text = self.rest.get(..at)?;
                self.rest = self.rest.get(at.checked_add(1)?..)?;
                return Some(text);
            }
            from = at.checked_add(2)?;
        }
    }
}

impl<'a> Iterator for Scanner<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        while self.left > 0 {
            self.left -= 1;
            let skipped = self.rest.iter().position(|b| !b.is_ascii_whitespace() && !matches!(b, b',' | b':'))?;
            let (first, tail) = self.rest.get(skipped..)?.split_first()?;
            self.rest = tail;
            match first {
                b'{' | b'[' if self.depth < MAX_DEPTH => {
                    self.depth += 1;
                    return Some(Event::Open(std::mem::take(&mut self.key)));
                }
                b'}' | b']' => {
                    self.key = b"";
                    self.depth = self.depth.checked_sub(1)?;
                    return Some(Event::Close);
                }
                b'"' => {
                    let text = self.string()?;
                    let behind = self.rest.trim_ascii_start();
                    if self.key.is_empty() && behind.first() == Some(&b':') {
                        self.key = text;
                        self.rest = behind.get(1..)?;
                    } else {
                        return Some(Event::Text(std::mem::take(&mut self.key), text));
                    }
                }
                // Numbers, true, false, null.
                b'0'..=b'9' | b'-' | b't' | b'f' | b'n' => {
                    self.key = b"";
                    let end = self.rest.iter().position(|b| matches!(b, b',' | b'}' | b']') || b.is_ascii_whitespace())?;
                    self.rest = self.rest.get(end..)?;
                }
                _ => return None,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_with_their_keys() {
        let text = br#" {"a" : "b\"c", "d":[1,"e",{"f":null , "g":-2.5e3,"h":""}],"i":true,"j":"k:l"} tail"#;
        let events: Vec<_> = Scanner::new(text).collect();
        assert_eq!(
            events,
            [
                Event::Open(b""),
                Event::Text(b"a", b"b\\\"c"),
                Event::Open(b"d"),
                Event::Text(b"", b"e"),
                Event::Open(b""),
                Event::Text(b"h", b""),
                Event::Close,
                Event::Close,
                Event::Text(b"j", b"k:l"),
                Event::Close,
            ]
        );
        for end in 0..text.len() {
            let _ = Scanner::new(&text[..end]).count();
        }
    }

    #[test]
    fn hostile_texts_end() {
        assert_eq!(Scanner::new(&b"[".repeat(100_000)).count(), MAX_DEPTH);
        assert!(Scanner::new(&b"\"a\",".repeat(100_000)).count() <= MAX_TOKENS);
        assert_eq!(Scanner::new(b"hello").count(), 0);
        assert_eq!(Scanner::new(b"}").count(), 0);
    }
}
