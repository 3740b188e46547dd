//! A scanner for the XML that devices describe themselves with: opening and closing tags and the text between, borrowed.
//!
//! It reads what well-behaved writers write and never more than it is given: no document types, no entities but the five of
//! XML 1.0 §4.6, namespaces by their local names alone. Anything else ends the scan. Bounded by [`MAX_EVENTS`].

use std::borrow::Cow;

/// The most tags and texts that are read of one document.
const MAX_EVENTS: usize = 8192;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    /// A start tag: local name and the attributes as they stand. An empty element gives a close as well.
    Open(&'a [u8], &'a [u8]),
    /// An end tag: local name.
    Close(&'a [u8]),
    /// Text between tags, not blank, trimmed, entities as they stand.
    Text(&'a [u8]),
}

/// Walks a document.
pub(crate) struct Scanner<'a> {
    rest: &'a [u8],
    left: usize,
    empty: Option<&'a [u8]>,
}

impl<'a> Scanner<'a> {
    /// Starts at the front.
    pub(crate) const fn new(document: &'a [u8]) -> Self {
        Self { rest: document, left: MAX_EVENTS, empty: None }
    }

    /// The text up to the next tag.
    fn text(&mut self) -> Option<&'a [u8]> {
        let end = memchr::memchr(b'<', self.rest)?;
        let (text, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(text.trim_ascii())
    }

    /// Lets go of what stands before and within a mark; what stands before it.
    fn until(&mut self, start: usize, mark: &[u8]) -> Option<&'a [u8]> {
        let behind = self.rest.get(start..)?;
        let end = memchr::memmem::find(behind, mark)?;
        self.rest = behind.get(end.checked_add(mark.len())?..)?;
        behind.get(..end)
    }

    /// The tag at the front; `Some(None)` for what carries nothing (declarations, comments).
    fn tag(&mut self) -> Option<Option<Event<'a>>> {
        if self.rest.starts_with(b"<!--") {
            return self.until(4, b"-->").map(|_| None);
        }
        if self.rest.starts_with(b"<![CDATA[") {
            let text = self.until(9, b"]]>")?.trim_ascii();
            return Some((!text.is_empty()).then_some(Event::Text(text)));
        }
        if self.rest.starts_with(b"<?") {
            return self.until(2, b"?>").map(|_| None);
        }
        if self.rest.starts_with(b"<!") {
            return None;
        }
        let tag = self.until(1, b">")?;
        if let Some(name) = tag.strip_prefix(b"/") {
            return Some(Some(Event::Close(local(name.trim_ascii()))));
        }
        let (tag, is_empty) = tag.strip_suffix(b"/").map_or((tag, false), |t| (t, true));
        let split = tag.iter().position(u8::is_ascii_whitespace).unwrap_or(tag.len());
        let (name, attributes) = tag.split_at_checked(split)?;
        let name = local(name);
        self.empty = is_empty.then_some(name);
        Some(Some(Event::Open(name, attributes)))
    }
}

impl<'a> Iterator for Scanner<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        if let Some(name) = self.empty.take() {
            return Some(Event::Close(name));
        }
        while self.left > 0 {
            self.left -= 1;
            if self.rest.first() != Some(&b'<') {
                match self.text()? {
                    [] => continue,
                    text => return Some(Event::Text(text)),
                }
            }
            if let Some(event) = self.tag()? {
                return Some(event);
            }
        }
        None
    }
}

/// A name without its prefix.
pub(crate) fn local(name: &[u8]) -> &[u8] {
    memchr::memrchr(b':', name).and_then(|colon| name.get(colon.saturating_add(1)..)).unwrap_or(name)
}

/// Text with the five entities of XML 1.0 §4.6 replaced; borrowed where there are none.
pub(crate) fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'&') {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        let known = [(&b"&amp;"[..], b'&'), (b"&lt;", b'<'), (b"&gt;", b'>'), (b"&quot;", b'"'), (b"&apos;", b'\'')];
        let entity = known.iter().find_map(|(entity, octet)| Some((rest.strip_prefix(*entity)?, *octet)));
        let (behind, octet) = entity.unwrap_or((tail, first));
        out.push(octet);
        rest = behind;
    }
    Cow::Owned(out)
}

/// The value of an attribute by its local name; empty where it is not there. Values that hold white space are read whole.
pub(crate) fn attribute<'a>(attributes: &'a [u8], name: &[u8]) -> &'a [u8] {
    let mut rest = attributes;
    for _ in 0..32 {
        let Some((key, value)) = memchr::memchr(b'=', rest).and_then(|at| rest.split_at_checked(at)) else { break };
        let value = value.get(1..).unwrap_or_default().trim_ascii_start();
        let Some((quote, value)) = value.split_first().filter(|(quote, _)| matches!(**quote, b'"' | b'\'')) else { break };
        let Some((value, behind)) = memchr::memchr(*quote, value).and_then(|end| value.split_at_checked(end)) else { break };
        if local(key.trim_ascii()) == name {
            return value;
        }
        rest = behind.get(1..).unwrap_or_default();
    }
    b""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_in_order() {
        let text = b"<?xml version='1.0'?><!-- x --><a:b c=\"1\" x:d='2'> hi <e/><![CDATA[<z>]]></a:b>tail";
        let events: Vec<_> = Scanner::new(text).collect();
        assert_eq!(
            events,
            [
                Event::Open(b"b", b" c=\"1\" x:d='2'"),
                Event::Text(b"hi"),
                Event::Open(b"e", b""),
                Event::Close(b"e"),
                Event::Text(b"<z>"),
                Event::Close(b"b"),
            ]
        );
        for end in 0..text.len() {
            let _ = Scanner::new(&text[..end]).count();
        }
    }

    #[test]
    fn hostile_documents_end() {
        assert_eq!(Scanner::new(b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>").count(), 0);
        assert!(Scanner::new(&b"<a>".repeat(100_000)).count() <= MAX_EVENTS);
        assert_eq!(unescape(b"a&amp;b&unknown;&lt;").as_ref(), b"a&b&unknown;<");
    }
}
