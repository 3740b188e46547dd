//! Messages out of a stream (RFC 6587 §3.4): counted, or ended by a line feed.

/// The longest message that is kept whole. RFC 5424 §6.1 wants 2048 octets of a receiver, and recommends to take more.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// Takes a stream apart. Each connection has one.
#[derive(Debug, Default)]
pub struct Framer {
    /// Octets of a message too long that are still to be passed over; behind them it goes on as usual.
    skip: usize,
    /// The rest of a line too long is passed over.
    skip_line: bool,
    /// Messages that were cut because they were too long.
    pub too_long: u64,
}

/// What stands at the front of a stream.
enum Front<'a> {
    /// A message, and how many octets it takes with its frame.
    Message(&'a [u8], usize),
    /// More is needed.
    More,
}

impl Framer {
    /// Gives each whole message of `bytes` to `take`; says how many octets are done with. What is left is to be given again, with more
    /// behind it; a buffer of [`MAX_MESSAGE`] and some octets always suffices.
    pub fn each(&mut self, bytes: &[u8], mut take: impl FnMut(&[u8])) -> usize {
        let mut rest = bytes;
        loop {
            rest = self.pass_over(rest);
            match self.front(rest) {
                Front::Message(message, used) => {
                    if !message.is_empty() {
                        take(message);
                    }
                    rest = rest.get(used..).unwrap_or_default();
                }
                Front::More => return bytes.len().saturating_sub(rest.len()),
            }
        }
    }

    /// The stream ended: what is left is a message without its end.
    pub fn end(&mut self, rest: &[u8], mut take: impl FnMut(&[u8])) {
        let rest = self.pass_over(rest).trim_ascii();
        let message = counted(rest).map_or(rest, |(_, front)| rest.get(front..).unwrap_or_default());
        if !message.is_empty() {
            take(message);
        }
    }

    fn pass_over<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let now = self.skip.min(bytes.len());
        self.skip = self.skip.saturating_sub(now);
        let rest = bytes.get(now..).unwrap_or_default();
        if !self.skip_line {
            return rest;
        }
        match memchr::memchr(b'\n', rest) {
            Some(end) => {
                self.skip_line = false;
                rest.get(end.saturating_add(1)..).unwrap_or_default()
            }
            None => &[],
        }
    }

    fn front<'a>(&mut self, bytes: &'a [u8]) -> Front<'a> {
        let Some((count, front)) = counted(bytes) else { return self.line(bytes) };
        let kept = count.min(MAX_MESSAGE);
        let whole = front.saturating_add(kept);
        let Some(message) = bytes.get(front..whole) else { return Front::More };
        if count > kept {
            // Its beginning is read, the rest passed over.
            self.too_long = self.too_long.saturating_add(1);
            self.skip = count.saturating_sub(kept);
        }
        Front::Message(ended(message), whole)
    }

    fn line<'a>(&mut self, bytes: &'a [u8]) -> Front<'a> {
        let head = bytes.get(..MAX_MESSAGE).unwrap_or(bytes);
        if let Some(end) = memchr::memchr(b'\n', head) {
            return Front::Message(ended(head.get(..end).unwrap_or_default()), end.saturating_add(1));
        }
        if bytes.len() <= MAX_MESSAGE {
            return Front::More;
        }
        self.too_long = self.too_long.saturating_add(1);
        self.skip_line = true;
        Front::Message(head, MAX_MESSAGE)
    }
}

/// The message without a line end or zero at its end: some senders put one inside of the count.
fn ended(message: &[u8]) -> &[u8] {
    let end = message.iter().rposition(|b| !matches!(b, b'\n' | b'\r' | 0)).map_or(0, |last| last.saturating_add(1));
    message.get(..end).unwrap_or(message)
}

/// The count in front of a message and where the message begins: `123 <34>1 …`. A count is followed by a message with a priority.
fn counted(bytes: &[u8]) -> Option<(usize, usize)> {
    const MOST_DIGITS: usize = 8;
    let digits = bytes.iter().take(MOST_DIGITS).position(|b| !b.is_ascii_digit()).filter(|digits| *digits > 0)?;
    let [b' ', b'<', ..] = bytes.get(digits..)? else { return None };
    let count = bytes.get(..digits)?.iter().fold(0_usize, |n, b| n.saturating_mul(10).saturating_add(usize::from(b & 0x0f)));
    Some((count, digits.saturating_add(1)))
}
