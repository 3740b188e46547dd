//! DICOM: imaging devices, their archives, worklists and viewers.

mod associate;
mod command;
mod dataset;
mod element;
mod fields;
mod inflate;
mod probe;
mod tags;
#[cfg(test)]
mod tests;
mod uids;

use std::net::IpAddr;

use self::associate::Association;
use self::command::{C_STORE, Command};
use self::dataset::{DataSet, Sources};
use self::element::{Reader, Syntax};
use crate::bytes::Cursor;
use crate::fact::{About, Sink};
use crate::protocol::{Context, Hint, Info, MAX_WANTED, Next, Protocol, Role, Session, Step, Verdict};
use crate::said::{PhiCounts, Said};

/// DICOM upper layer and DIMSE.
pub struct Dicom;

static INFO: Info = Info {
    id: "dicom",
    name: "DICOM",
    doc: "Imaging: scanners, archives, worklists, viewers and the routers between them. Read are the AE titles and software of \
          both sides of an association and what they agreed (PS3.8 §9.3, PS3.7 Annex D), the operations and how they ended \
          (PS3.7), and of the data sets in every transfer syntax the elements that describe the device that made the object \
          (PS3.3 §C.7.5). Elements that belong to a person (PS3.15 table E.1-1) are counted, their values are let go; pixels \
          are skipped by length. DICOM without TLS is the commonest way in which whole patient records cross a hospital \
          network in the clear.",
    hints: &[
        Hint::Tcp(104),
        Hint::Tcp(11112),
        Hint::Tcp(4242),
        Hint::Tcp(4006),
        Hint::Tcp(4100),
        Hint::Tcp(5678),
        Hint::Tcp(11113),
        Hint::AnyTcp,
    ],
};

impl Protocol for Dicom {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, head: &[u8]) -> Verdict {
        probe::probe(head)
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::<Conversation>::default())
    }
}

/// Without the padding of PS3.5 §6.2: blanks around it, a NUL behind a UID.
fn trim(value: &[u8]) -> &[u8] {
    let blank = |b: &u8| matches!(b, b' ' | 0);
    let start = value.iter().position(|b| !blank(b)).unwrap_or(value.len());
    let end = value.iter().rposition(|b| !blank(b)).map_or(start, |last| last.saturating_add(1));
    value.get(start..end).unwrap_or_default()
}

/// PDU types (PS3.8 §9.3).
mod pdu {
    pub(super) const ASSOCIATE_RQ: u8 = 1;
    pub(super) const ASSOCIATE_AC: u8 = 2;
    pub(super) const ASSOCIATE_RJ: u8 = 3;
    pub(super) const DATA: u8 = 4;
    pub(super) const RELEASE_RQ: u8 = 5;
    pub(super) const RELEASE_RP: u8 = 6;
    pub(super) const ABORT: u8 = 7;
    /// Type, a reserved octet, length.
    pub(super) const HEAD: u32 = 6;
    /// The fixed part of a request or an accept behind the head.
    pub(super) const ASSOCIATE_FIXED: u32 = 68;
    /// 128 presentation contexts with every transfer syntax of the standard stay well under this.
    pub(super) const MAX_ASSOCIATE: u32 = 1 << 20;
    /// Length, presentation context and message control header of a PDV (§9.3.5.1, §E.2).
    pub(super) const VALUE_HEAD: u32 = 6;
}

/// Set in the message control header for a fragment of a command, and for the last fragment (PS3.8 §E.2).
const IS_COMMAND: u8 = 1;
const IS_LAST: u8 = 2;

/// Statements that are remembered of one connection.
const MAX_SAID: usize = 256;

/// Both directions of a connection.
struct Conversation {
    ways: [Way; 2],
    /// Whose way is the first. By address, for the direction may turn out otherwise than it was first thought.
    first: Option<(Option<IpAddr>, u16)>,
    /// A whole PDU made sense.
    is_known: bool,
    association: Option<Box<Association>>,
    said: Said,
    sources: Sources,
    counts: PhiCounts,
}

impl Default for Conversation {
    fn default() -> Self {
        Self {
            ways: Default::default(),
            first: None,
            is_known: false,
            association: None,
            said: Said::new(MAX_SAID),
            sources: Sources::default(),
            counts: PhiCounts::default(),
        }
    }
}

/// One direction.
#[derive(Default)]
struct Way {
    stage: Stage,
    command: Option<(Reader, Command)>,
    /// The command that the next data set belongs to.
    last: Option<Command>,
    data: Data,
}

/// The data set of the message that is under way.
#[derive(Default)]
enum Data {
    #[default]
    None,
    Reading(Box<DataSet>),
    /// What is still to come of it is of no interest.
    Over,
}

/// What stands at the front.
#[derive(Clone, Copy, Debug, Default)]
enum Stage {
    #[default]
    Head,
    /// Items of an association request or accept; so many bytes of it are left.
    Items { left: u32 },
    /// A presentation data value, with so much of the PDU left.
    Value { left: u32 },
    /// The rest of a fragment, and what is left of the PDU behind it.
    Fragment(Fragment),
    /// The place was lost: look for a PDU.
    Lost,
}

impl Session for Conversation {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let side = self.side(context);
        let mut cursor = Cursor::new(bytes);
        let next = loop {
            // Each round uses bytes or ends.
            if let Some(next) = self.step(side, &mut cursor, out) {
                break next;
            }
        };
        Step { used: bytes.len().saturating_sub(cursor.len()), next }
    }

    fn gap(&mut self, context: &Context, _lost: u64, out: &mut dyn Sink) -> Next {
        let side = self.side(context);
        self.finish_data(side, out);
        if let Some(way) = self.ways.get_mut(side) {
            *way = Way { stage: Stage::Lost, ..Way::default() };
        }
        Next::More(1)
    }

    fn end(&mut self, _context: &Context, out: &mut dyn Sink) {
        self.finish_data(0, out);
        self.finish_data(1, out);
        self.counts.flush(&fields::PHI, out);
    }
}

impl Conversation {
    fn side(&mut self, context: &Context) -> usize {
        let here = (context.src, context.src_port);
        usize::from(*self.first.get_or_insert(here) != here)
    }

    fn way(&mut self, side: usize) -> &mut Way {
        let [first, second] = &mut self.ways;
        if side == 0 { first } else { second }
    }

    fn step(&mut self, side: usize, cursor: &mut Cursor<'_>, out: &mut dyn Sink) -> Option<Next> {
        match self.way(side).stage {
            Stage::Head => self.head(side, cursor, out),
            Stage::Items { left } => self.item(side, left, cursor, out),
            Stage::Value { left } => self.value(side, left, cursor, out),
            Stage::Fragment(at) => self.fragment(side, at, cursor, out),
            Stage::Lost => self.find_place(side, cursor),
        }
    }

    /// A PDU begins.
    fn head(&mut self, side: usize, cursor: &mut Cursor<'_>, out: &mut dyn Sink) -> Option<Next> {
        let mut ahead = *cursor;
        let (Some([kind, _]), Some(length)) = (ahead.array(), ahead.u32()) else { return Some(want(pdu::HEAD)) };
        let (is_plausible, together) = match kind {
            pdu::ASSOCIATE_RQ | pdu::ASSOCIATE_AC => {
                ((pdu::ASSOCIATE_FIXED..=pdu::MAX_ASSOCIATE).contains(&length), pdu::ASSOCIATE_FIXED)
            }
            pdu::ASSOCIATE_RJ | pdu::RELEASE_RQ | pdu::RELEASE_RP | pdu::ABORT => (length == 4, 4),
            pdu::DATA => (length >= pdu::VALUE_HEAD, 0),
            _ => (false, 0),
        };
        if !is_plausible {
            return self.not_a_pdu(side, out);
        }
        let Some(fixed) = ahead.take(usize::try_from(together).ok()?) else {
            return Some(want(pdu::HEAD.saturating_add(together)));
        };
        *cursor = ahead;
        self.is_known = true;
        self.pdu(side, kind, length, fixed, out);
        None
    }

    fn not_a_pdu(&mut self, side: usize, out: &mut dyn Sink) -> Option<Next> {
        if !self.is_known {
            return Some(Next::NotMine);
        }
        out.malformed("not a DICOM PDU (PS3.8 §9.3.1)");
        self.way(side).stage = Stage::Lost;
        None
    }

    fn pdu(&mut self, side: usize, kind: u8, length: u32, fixed: &[u8], out: &mut dyn Sink) {
        match kind {
            pdu::ASSOCIATE_RQ => {
                out.sender_is(Role::Client);
                let mut association = Box::new(Association::new(side));
                association.request(fixed, &mut self.said, out);
                self.association = Some(association);
                self.way(side).stage = Stage::Items { left: length.saturating_sub(pdu::ASSOCIATE_FIXED) };
            }
            pdu::ASSOCIATE_AC => {
                out.sender_is(Role::Server);
                let association =
                    self.association.get_or_insert_with(|| Box::new(Association::new(1_usize.saturating_sub(side))));
                association.answered(About::Sender, &mut self.said, out);
                self.way(side).stage = Stage::Items { left: length.saturating_sub(pdu::ASSOCIATE_FIXED) };
            }
            pdu::ASSOCIATE_RJ => {
                out.sender_is(Role::Server);
                if let [_, _, source, reason] = fixed {
                    associate::rejected(*source, *reason, &mut self.said, out);
                }
            }
            pdu::DATA => {
                self.way(side).stage = Stage::Value { left: length };
                if let Some(association) = &mut self.association
                    && association.requestor == side
                {
                    association.answered(About::Receiver, &mut self.said, out);
                }
            }
            pdu::ABORT if self.said.once(fields::ABORTED.id) => {
                let by_provider = matches!(fixed, [_, _, 2, _]);
                let text = if by_provider { "aborted by the provider" } else { "aborted by the user" };
                out.conversation(&fields::ABORTED, text);
            }
            _ => {}
        }
    }

    /// An item of an association request or accept. That of user information (0x50) is stepped into.
    fn item(&mut self, side: usize, left: u32, cursor: &mut Cursor<'_>, out: &mut dyn Sink) -> Option<Next> {
        let mut ahead = *cursor;
        if left < 4 {
            self.way(side).stage = Stage::Head;
            return pass(cursor, left);
        }
        let (Some([kind, _]), Some(length)) = (ahead.array(), ahead.u16()) else { return Some(want(4)) };
        let whole = u32::from(length).saturating_add(4);
        if whole > left || usize::try_from(whole).is_ok_and(|whole| whole > MAX_WANTED) {
            out.malformed("DICOM association item longer than its PDU");
            self.way(side).stage = Stage::Head;
            return pass(cursor, left);
        }
        let used = if kind == 0x50 {
            4
        } else {
            let Some(body) = ahead.take(usize::from(length)) else { return Some(want(whole)) };
            if let Some(association) = &mut self.association {
                association.item(side, kind, body, &mut self.said, out);
            }
            whole
        };
        *cursor = ahead;
        self.way(side).stage = Stage::Items { left: left.saturating_sub(used) };
        None
    }

    /// A presentation data value begins (PS3.8 §9.3.5.1), or the PDU is over.
    fn value(&mut self, side: usize, left: u32, cursor: &mut Cursor<'_>, out: &mut dyn Sink) -> Option<Next> {
        if left < pdu::VALUE_HEAD {
            self.way(side).stage = Stage::Head;
            return pass(cursor, left);
        }
        let mut ahead = *cursor;
        let (Some(length), Some([context, control])) = (ahead.u32(), ahead.array()) else {
            return Some(want(pdu::VALUE_HEAD));
        };
        if length < 2 || length > left.saturating_sub(4) {
            out.malformed("DICOM presentation data value longer than its PDU");
            self.way(side).stage = Stage::Lost;
            return None;
        }
        *cursor = ahead;
        let behind = left.saturating_sub(4).saturating_sub(length);
        self.way(side).stage = Stage::Fragment(Fragment { left: length.saturating_sub(2), behind, context, control });
        None
    }

    /// Bytes of a command or data set.
    fn fragment(&mut self, side: usize, at: Fragment, cursor: &mut Cursor<'_>, out: &mut dyn Sink) -> Option<Next> {
        let is_command = at.control & IS_COMMAND != 0;
        if is_command {
            let way = self.way(side);
            way.command.get_or_insert_with(|| (Reader::new(Syntax::ImplicitLittle), Command::default()));
        } else {
            self.begin_data(side, at.context);
        }
        let passed = match (&mut self.way(side).data, is_command) {
            (Data::Reading(data), false) => data.pass(u64::from(at.left)),
            (_, false) => u64::from(at.left),
            (_, true) => 0,
        };
        let passed = u32::try_from(passed).unwrap_or(at.left).min(at.left);
        let mut left = at.left.saturating_sub(passed);
        let mut next = pass(cursor, passed);
        if next.is_none() && left > 0 {
            let room = usize::try_from(left).unwrap_or(usize::MAX).min(cursor.len());
            let piece = cursor.take(room).unwrap_or_default();
            left = left.saturating_sub(u32::try_from(room).unwrap_or(left));
            self.feed(side, is_command, piece, out);
            // Else round again: what was just read may have been the last of interest.
            if left > 0 && piece.is_empty() {
                next = Some(Next::More(1));
            }
        }
        self.way(side).stage = Stage::Fragment(Fragment { left, ..at });
        if left == 0 {
            self.way(side).stage = Stage::Value { left: at.behind };
            if at.behind == 0 {
                self.way(side).stage = Stage::Head;
            }
            if at.control & IS_LAST != 0 {
                self.end_of_set(side, is_command, out);
            }
        }
        next
    }

    fn begin_data(&mut self, side: usize, context: u8) {
        let syntax = self.association.as_ref().map_or(Syntax::Guess, |a| a.syntax(context));
        let from_server = self.association.as_ref().is_some_and(|a| a.requestor != side);
        let way = self.way(side);
        if matches!(way.data, Data::None) {
            way.data = Data::Reading(Box::new(DataSet::new(syntax, way.last.as_ref(), from_server)));
        }
    }

    fn feed(&mut self, side: usize, is_command: bool, piece: &[u8], out: &mut dyn Sink) {
        let way = self.way(side);
        if is_command {
            if let Some((reader, command)) = &mut way.command {
                reader.feed(piece, command);
            }
        } else if let Data::Reading(data) = &mut way.data {
            data.feed(piece);
            if data.is_done() {
                self.finish_data(side, out);
            }
        }
    }

    /// The last fragment of a command or data set came.
    fn end_of_set(&mut self, side: usize, is_command: bool, out: &mut dyn Sink) {
        if is_command {
            let Some((_, command)) = self.way(side).command.take() else { return };
            if self.association.is_none() && command.is_request() && !command.is(C_STORE) && self.said.once("role") {
                out.sender_is(Role::Client);
            }
            command.say(&mut self.said, out);
            self.way(side).last = Some(command);
        } else {
            self.finish_data(side, out);
            self.way(side).data = Data::None;
            self.way(side).last = None;
            self.counts.message(&fields::PHI, out);
        }
    }

    /// Says what was learnt of the data set under way.
    fn finish_data(&mut self, side: usize, out: &mut dyn Sink) {
        let way = self.way(side);
        let is_store = way.last.as_ref().is_some_and(|command| command.is_request() && command.is(C_STORE));
        if !matches!(way.data, Data::Reading(_)) {
            return;
        }
        if let Data::Reading(data) = std::mem::replace(&mut way.data, Data::Over) {
            data.finish(is_store, &mut self.sources, &mut self.counts, out);
        }
    }

    /// Looks for the next PDU after bytes were lost.
    fn find_place(&mut self, side: usize, cursor: &mut Cursor<'_>) -> Option<Next> {
        let (passed, found) = probe::find_pdu(cursor.rest());
        cursor.skip(passed);
        if !found {
            return Some(want(u32::try_from(cursor.len().saturating_add(1)).unwrap_or(1)));
        }
        self.way(side).stage = Stage::Head;
        None
    }
}

/// Where a fragment is: what is left of it, and of the PDU behind it.
#[derive(Clone, Copy, Debug)]
struct Fragment {
    left: u32,
    behind: u32,
    context: u8,
    control: u8,
}

fn want(count: u32) -> Next {
    Next::More(usize::try_from(count).unwrap_or(MAX_WANTED))
}

/// Lets go of `count` bytes, those at hand and those to come.
fn pass(cursor: &mut Cursor<'_>, count: u32) -> Option<Next> {
    let now = usize::try_from(count).unwrap_or(usize::MAX).min(cursor.len());
    cursor.skip(now);
    let later = u64::from(count).saturating_sub(now as u64);
    (later > 0).then_some(Next::Skip(later))
}
