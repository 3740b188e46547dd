//! Elements of a data set or command set out of fragments of any size (DICOM PS3.5 §7): what is not wanted is let go by
//! its length, and at most one wanted value is held, when a fragment ends inside it.

/// How elements are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Syntax {
    /// No transfer syntax is known for the presentation context: the first element shows it.
    #[default]
    Guess,
    /// PS3.5 §A.1; also every command set (PS3.7 §6.3.1).
    ImplicitLittle,
    /// PS3.5 §A.2, and the header of every compressed object (§A.4).
    ExplicitLittle,
    /// PS3.5 §A.3, retired.
    ExplicitBig,
    /// PS3.5 §A.5: explicit little endian behind raw RFC 1951.
    Deflated,
}

/// The largest value that is ever held.
pub(super) const MAX_VALUE: u32 = 1024;

/// Containers of undefined length that may stand open in each other. No real object comes near.
const MAX_DEPTH: u8 = 32;

/// The length that says "until a delimiter" (PS3.5 §7.1.1).
const UNDEFINED: u32 = u32::MAX;

const ITEM: u32 = 0xFFFE_E000;
const ITEM_END: u32 = 0xFFFE_E00D;
const SEQUENCE_END: u32 = 0xFFFE_E0DD;

/// What a visitor wants of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// Its value, if it is no longer than [`MAX_VALUE`]; longer ones are let go.
    Value,
    /// The elements inside its items.
    Enter,
    /// Nothing.
    Skip,
    /// Nothing of it nor of all that follows.
    Done,
}

/// Takes the elements of interest.
pub(super) trait Visitor {
    /// An element begins: at the top level, or inside a sequence that was entered. `length` is `None` where a delimiter ends it.
    fn element(&mut self, tag: u32, length: Option<u32>) -> Want;
    /// The value that was wanted, whole.
    fn value(&mut self, tag: u32, value: &[u8], big_endian: bool);
}

/// What the bytes at hand are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Part {
    /// Tag and length, or tag, VR and the short length.
    #[default]
    Head,
    /// The 32-bit length of a VR that has one.
    Length(u32, bool),
    /// A value that is wanted.
    Value(u32, u32),
}

/// A sequence that was entered: at which depth, and where it ends if it says so.
#[derive(Clone, Copy, Debug)]
struct Entered {
    depth: u8,
    end: Option<u64>,
}

/// The place in a data set. Fed with fragments; uses all of each.
#[derive(Debug, Default)]
pub(super) struct Reader {
    syntax: Syntax,
    part: Part,
    held: Vec<u8>,
    skip: u64,
    position: u64,
    depth: u8,
    entered: Option<Entered>,
    /// Depth at which a container of VR UN began: its content is implicit (PS3.5 §6.2.2 note 2).
    implicit_from: Option<u8>,
    done: bool,
    broken: bool,
}

impl Reader {
    /// At the first byte of a set.
    pub(super) fn new(syntax: Syntax) -> Self {
        Self { syntax, ..Self::default() }
    }

    /// Nothing more is of interest.
    pub(super) const fn is_done(&self) -> bool {
        self.done
    }

    /// The set contradicts PS3.5.
    pub(super) const fn is_broken(&self) -> bool {
        self.broken
    }

    /// Lets go of up to `room` bytes that are of no interest without seeing them: says how many.
    pub(super) fn pass(&mut self, room: u64) -> u64 {
        if self.done {
            return room;
        }
        let count = self.skip.min(room);
        self.skip = self.skip.saturating_sub(count);
        self.position = self.position.saturating_add(count);
        count
    }

    /// The next fragment, whole.
    pub(super) fn feed(&mut self, mut bytes: &[u8], visitor: &mut dyn Visitor) {
        while !self.done && !bytes.is_empty() {
            let passed = usize::try_from(self.pass(bytes.len() as u64)).unwrap_or(bytes.len());
            bytes = bytes.get(passed..).unwrap_or_default();
            let wanted = self.wanted();
            if self.held.is_empty()
                && let Some((unit, rest)) = bytes.split_at_checked(wanted)
            {
                bytes = rest;
                self.unit(unit, visitor);
                continue;
            }
            let take = wanted.saturating_sub(self.held.len()).min(bytes.len());
            let (head, rest) = bytes.split_at_checked(take).unwrap_or((bytes, &[]));
            self.held.extend_from_slice(head);
            bytes = rest;
            if self.held.len() >= wanted && !self.held.is_empty() {
                let unit = std::mem::take(&mut self.held);
                self.unit(&unit, visitor);
            }
        }
    }

    /// Length of what is to come together next; never 0.
    fn wanted(&self) -> usize {
        match self.part {
            Part::Head => 8,
            Part::Length(..) => 4,
            Part::Value(_, length) => usize::try_from(length).unwrap_or(8),
        }
    }

    fn unit(&mut self, unit: &[u8], visitor: &mut dyn Visitor) {
        if self.part == Part::Head {
            self.leave_sequence();
        }
        self.position = self.position.saturating_add(unit.len() as u64);
        match std::mem::take(&mut self.part) {
            Part::Head => self.head(unit, visitor),
            Part::Length(tag, unknown) => {
                let length = unit.first_chunk().map_or(0, |b| self.number32(*b));
                self.element(tag, length, unknown, visitor);
            }
            Part::Value(tag, _) => visitor.value(tag, unit, self.syntax == Syntax::ExplicitBig),
        }
    }

    fn number32(&self, b: [u8; 4]) -> u32 {
        if self.syntax == Syntax::ExplicitBig { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) }
    }

    fn number16(&self, b: [u8; 2]) -> u16 {
        if self.syntax == Syntax::ExplicitBig { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) }
    }

    /// An entered sequence of defined length is over when its bytes are.
    fn leave_sequence(&mut self) {
        if let Some(Entered { end: Some(end), depth }) = self.entered
            && self.position >= end
        {
            self.entered = None;
            self.depth = depth;
        }
    }

    /// Tag and length, as PS3.5 §7.1 writes them.
    fn head(&mut self, unit: &[u8], visitor: &mut dyn Visitor) {
        let &[g0, g1, e0, e1, a, b, c, d] = unit else { return };
        if self.syntax == Syntax::Guess {
            self.syntax = guess([g0, g1, e0, e1, a, b, c, d]);
        }
        if self.syntax == Syntax::Guess {
            self.done = true;
            return;
        }
        let tag = u32::from(self.number16([g0, g1])) << 16 | u32::from(self.number16([e0, e1]));
        let implicit = self.syntax == Syntax::ImplicitLittle || self.implicit_from.is_some();
        // Items and delimiters never have a VR (PS3.5 §7.5).
        if implicit || tag >> 16 == 0xFFFE {
            return self.element(tag, self.number32([a, b, c, d]), false, visitor);
        }
        match &[a, b] {
            b"UN" => self.part = Part::Length(tag, true),
            b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UR" | b"UT" | b"UV" => {
                self.part = Part::Length(tag, false);
            }
            vr if vr.iter().all(u8::is_ascii_uppercase) => {
                self.element(tag, u32::from(self.number16([c, d])), false, visitor);
            }
            _ => self.give_up(),
        }
    }

    fn give_up(&mut self) {
        self.done = true;
        self.broken = true;
    }

    fn element(&mut self, tag: u32, length: u32, unknown: bool, visitor: &mut dyn Visitor) {
        match tag {
            ITEM => self.item(length),
            ITEM_END | SEQUENCE_END => self.delimiter(tag),
            _ if self.depth == 0 || self.entered.is_some() => self.of_interest(tag, length, unknown, visitor),
            _ => self.walk_over(length, unknown),
        }
    }

    fn item(&mut self, length: u32) {
        if self.depth == 0 && self.entered.is_none() {
            // An item outside a sequence.
            self.give_up();
        } else if length == UNDEFINED {
            self.open();
        } else if self.entered.is_none() {
            self.skip = u64::from(length);
        }
    }

    fn delimiter(&mut self, tag: u32) {
        if self.depth == 0 {
            return self.give_up();
        }
        self.depth = self.depth.saturating_sub(1);
        if self.implicit_from.is_some_and(|from| self.depth < from) {
            self.implicit_from = None;
        }
        if let Some(Entered { depth, end: None }) = self.entered
            && tag == SEQUENCE_END
            && self.depth <= depth
        {
            self.entered = None;
        }
    }

    fn of_interest(&mut self, tag: u32, length: u32, unknown: bool, visitor: &mut dyn Visitor) {
        let known = (length != UNDEFINED).then_some(length);
        match visitor.element(tag, known) {
            Want::Done => self.done = true,
            Want::Value if known.is_some_and(|length| (1..=MAX_VALUE).contains(&length)) => {
                self.part = Part::Value(tag, length);
            }
            Want::Enter if self.entered.is_none() => {
                let end = known.map(|length| self.position.saturating_add(u64::from(length)));
                self.entered = Some(Entered { depth: self.depth, end });
                if known.is_none() {
                    self.walk_over(length, unknown);
                }
            }
            _ => self.walk_over(length, unknown),
        }
    }

    /// Past a value by its length, or into a container that a delimiter ends.
    fn walk_over(&mut self, length: u32, unknown: bool) {
        if length != UNDEFINED {
            self.skip = u64::from(length);
            return;
        }
        self.open();
        if unknown && self.implicit_from.is_none() {
            self.implicit_from = Some(self.depth);
        }
    }

    fn open(&mut self) {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            self.give_up();
        }
    }
}

/// The syntax that the first element of a set shows: groups 0008 to 0018 begin real objects (a few senders leave the file's
/// group 0002 in front), and a VR is two capitals. Stays [`Syntax::Guess`] when none fits.
fn guess([g0, g1, _, _, a, b, c, d]: [u8; 8]) -> Syntax {
    let vr = a.is_ascii_uppercase() && b.is_ascii_uppercase();
    match (g0, g1) {
        (2..=0x40, 0) if g0.is_multiple_of(2) && vr => Syntax::ExplicitLittle,
        (0, 2..=0x40) if g1.is_multiple_of(2) && vr => Syntax::ExplicitBig,
        (2..=0x40, 0) if g0.is_multiple_of(2) && u32::from_le_bytes([a, b, c, d]) <= 0xFFFF => Syntax::ImplicitLittle,
        _ => Syntax::Guess,
    }
}
