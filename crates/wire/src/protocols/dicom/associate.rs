//! Association establishment (DICOM PS3.8 §9.3.2 to §9.3.4, PS3.7 Annex D): who calls whom, with which software, for what.

use super::element::Syntax;
use super::fields;
use super::{trim, uids};
use crate::bytes::Cursor;
use crate::fact::{About, Login, Sink, Value};
use crate::said::Said;

/// Presentation contexts have odd numbers (PS3.8 §9.3.2.2), so that there are at most 128.
const CONTEXTS: usize = 128;
/// Abstract syntaxes of one side that are said; software that offers more offers everything.
const MAX_SAID_CLASSES: u8 = 32;
/// Identity forms that carry a token instead of a passcode are named alone.
const PASSCODE: u8 = 2;

/// One presentation context.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// Place of the abstract syntax in the table, plus one; 0 for none.
    class: u16,
    syntax: Syntax,
    /// Transfer syntaxes offered.
    offers: u8,
}

/// What both sides agreed, as far as it was seen.
#[derive(Debug)]
pub(super) struct Association {
    slots: [Slot; CONTEXTS],
    /// The side that asked: index of its way.
    pub(super) requestor: usize,
    called: [u8; 16],
    /// The called AE title was said of the server.
    is_answered: bool,
    classes: [u8; 2],
}

impl Association {
    /// An association asked for by one side.
    pub(super) const fn new(requestor: usize) -> Self {
        let slot = Slot { class: 0, syntax: Syntax::Guess, offers: 0 };
        Self { slots: [slot; CONTEXTS], requestor, called: [0; 16], is_answered: false, classes: [0; 2] }
    }

    /// The fixed part of a request (PS3.8 table 9-11), from the protocol version on.
    pub(super) fn request(&mut self, fixed: &[u8], said: &mut Said, out: &mut dyn Sink) {
        let side = self.requestor;
        let mut cursor = Cursor::new(fixed);
        let (Some(_), Some(called), Some(calling)) = (cursor.u32(), cursor.array(), cursor.take(16)) else { return };
        self.called = called;
        say_once((About::Sender, side), &fields::CALLING_AE, trim(calling), said, out);
        say_once((About::Conversation, side), &fields::CALLED_AE, trim(&called), said, out);
    }

    /// The server works under the title it was called by: it accepted, or the client goes on as if it had. (The titles in the
    /// accept itself are reserved fields that shall not be tested, PS3.8 table 9-17.)
    pub(super) fn answered(&mut self, about: About, said: &mut Said, out: &mut dyn Sink) {
        if !std::mem::replace(&mut self.is_answered, true) {
            say_once((about, self.requestor), &fields::ANSWERING_AE, trim(&self.called), said, out);
        }
    }

    /// How data sets of a presentation context are written.
    pub(super) fn syntax(&self, context: u8) -> Syntax {
        match self.slots.get(usize::from(context / 2)) {
            Some(Slot { offers: 0 | 1, syntax, .. }) => *syntax,
            _ => Syntax::Guess,
        }
    }

    /// An item of a request or accept, or a sub-item of its user information (PS3.8 §9.3.2, PS3.7 §D.3.3).
    pub(super) fn item(&mut self, side: usize, kind: u8, body: &[u8], said: &mut Said, out: &mut dyn Sink) {
        match kind {
            0x20 => self.offered(body, said, out),
            0x21 => self.accepted(body, said, out),
            0x52 => say_once((About::Sender, side), &fields::IMPLEMENTATION_UID, trim(body), said, out),
            0x55 => say_once((About::Sender, side), &fields::IMPLEMENTATION_VERSION, trim(body), said, out),
            0x58 => identity(body, said, out),
            0x59 if said.once(fields::IDENTITY_ACCEPTED.id) => {
                out.conversation(&fields::IDENTITY_ACCEPTED, "dicom user identity");
            }
            _ => {}
        }
    }

    /// Presentation context of a request: the abstract syntax and the transfer syntaxes to choose from.
    fn offered(&mut self, body: &[u8], said: &mut Said, out: &mut dyn Sink) {
        let mut cursor = Cursor::new(body);
        let Some([id, ..]) = cursor.array::<4>() else { return out.malformed("DICOM presentation context too short") };
        let mut slot = Slot::default();
        while let Some((kind, uid)) = sub_item(&mut cursor) {
            match kind {
                0x30 => slot.class = self.say_class(0, uid, said, out),
                0x40 => {
                    slot.offers = slot.offers.saturating_add(1);
                    slot.syntax = uids::syntax(uid);
                }
                _ => {}
            }
        }
        if let Some(place) = self.slots.get_mut(usize::from(id / 2)) {
            *place = slot;
        }
    }

    /// Presentation context of an accept: the result and the transfer syntax chosen.
    fn accepted(&mut self, body: &[u8], said: &mut Said, out: &mut dyn Sink) {
        let mut cursor = Cursor::new(body);
        let Some([id, _, result, _]) = cursor.array::<4>() else {
            return out.malformed("DICOM presentation context too short");
        };
        let Some((0x40, uid)) = sub_item(&mut cursor) else { return };
        let Some(slot) = self.slots.get_mut(usize::from(id / 2)) else { return };
        slot.offers = 1;
        slot.syntax = uids::syntax(uid);
        if result != 0 {
            return;
        }
        if let Some(class) = slot.class.checked_sub(1).and_then(uids::sop_class_name) {
            self.say(1, class, said, out);
        }
        match uids::transfer_syntax(uid).and_then(uids::transfer_syntax_name) {
            Some(name) if said.once((fields::TRANSFER_SYNTAX.id, name)) => out.conversation(&fields::TRANSFER_SYNTAX, name),
            Some(_) => {}
            None => say_once((About::Conversation, 0), &fields::TRANSFER_SYNTAX, uid, said, out),
        }
    }

    fn say_class(&mut self, side: usize, uid: &[u8], said: &mut Said, out: &mut dyn Sink) -> u16 {
        let Some(class) = uids::sop_class(uid) else { return 0 };
        if let Some(name) = uids::sop_class_name(class) {
            self.say(side, name, said, out);
        }
        class.saturating_add(1)
    }

    fn say(&mut self, side: usize, class: &'static str, said: &mut Said, out: &mut dyn Sink) {
        let field = if side == 0 { &fields::OFFERED } else { &fields::ACCEPTED };
        if let Some(count) = self.classes.get_mut(side)
            && *count < MAX_SAID_CLASSES
            && said.once((field.id, class))
        {
            *count = count.saturating_add(1);
            out.say(About::Sender, field, Value::Text(class.into()));
        }
    }
}

/// Says a value unless the same side has said it.
fn say_once((about, side): (About, usize), field: &'static crate::Field, value: &[u8], said: &mut Said, out: &mut dyn Sink) {
    if !value.is_empty() && said.once((field.id, side, value)) {
        out.say(about, field, Value::Octets(value));
    }
}

/// Type, reserved octet, length, and a UID (PS3.8 tables 9-14 and 9-15); some senders pad the UID.
fn sub_item<'a>(cursor: &mut Cursor<'a>) -> Option<(u8, &'a [u8])> {
    let kind = cursor.u8()?;
    cursor.skip(1)?;
    let length = cursor.u16()?;
    Some((kind, trim(cursor.take(usize::from(length))?)))
}

/// User identity (PS3.7 table D.3-14): form, whether an answer is wanted, the primary and the secondary field.
fn identity(body: &[u8], said: &mut Said, out: &mut dyn Sink) {
    let mut cursor = Cursor::new(body);
    let mut read = || {
        let form = cursor.u8()?;
        cursor.skip(1)?;
        let length = cursor.u16()?;
        let user = cursor.take(usize::from(length))?;
        let length = cursor.u16().unwrap_or(0);
        Some((form, user, cursor.take(usize::from(length)).unwrap_or_default()))
    };
    let Some((form, user, secret)) = read() else { return out.malformed("DICOM user identity too short") };
    let scheme = match form {
        1 => "dicom user name",
        PASSCODE => "dicom user name and passcode",
        3 => "dicom kerberos ticket",
        4 => "dicom saml assertion",
        5 => "dicom json web token",
        _ => "dicom identity of unknown form",
    };
    if said.once((fields::IDENTITY.id, form)) {
        out.conversation(&fields::IDENTITY, scheme);
    }
    match form {
        1 => say_once((About::Conversation, 0), &fields::IDENTITY_USER, user, said, out),
        PASSCODE => {
            let login = Login { scheme: "dicom user identity", user, secret };
            out.say(About::Conversation, &fields::IDENTITY_PASSCODE, Value::Login(login));
        }
        _ => {}
    }
}

/// Result, source and reason of a rejection (PS3.8 table 9-21).
pub(super) fn rejected(source: u8, reason: u8, said: &mut Said, out: &mut dyn Sink) {
    let (field, text) = match (source, reason) {
        (1, 2) => (&fields::REJECTED, "association rejected: application context not supported"),
        (1, 3) => (&fields::NOT_RECOGNISED, "calling AE title not recognised"),
        (1, 7) => (&fields::NOT_RECOGNISED, "called AE title not recognised"),
        (2, 2) => (&fields::REJECTED, "association rejected: protocol version not supported"),
        (3, 1) => (&fields::REJECTED, "association rejected: temporary congestion"),
        (3, 2) => (&fields::REJECTED, "association rejected: local limit exceeded"),
        _ => (&fields::REJECTED, "association rejected"),
    };
    if said.once((field.id, text)) {
        out.conversation(field, text);
    }
}
