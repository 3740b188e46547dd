//! DIMSE command sets (DICOM PS3.7 §6.3, §9, §10 and Annex E): which operation, on which SOP class, how it ended.

use super::element::{Visitor, Want};
use super::fields;
use super::trim;
use crate::fact::{About, Sink, Value};
use crate::said::Said;

const AFFECTED_CLASS: u32 = 0x0000_0002;
const REQUESTED_CLASS: u32 = 0x0000_0003;
const COMMAND_FIELD: u32 = 0x0000_0100;
const MOVE_DESTINATION: u32 = 0x0000_0600;
const STATUS: u32 = 0x0000_0900;

pub(super) const C_STORE: u16 = 0x0001;
pub(super) const N_CREATE: u16 = 0x0140;
/// Set in the command field of every response.
const RESPONSE: u16 = 0x8000;

/// The elements of a command set that are of interest.
#[derive(Debug, Default)]
pub(super) struct Command {
    /// Command field, 0 before it came.
    pub(super) field: u16,
    /// Place of the SOP class in the table, where it is the standard's.
    pub(super) class: Option<u16>,
    status: Option<u16>,
    /// The AE title that a C-MOVE sends to.
    destination: [u8; 16],
}

impl Visitor for Command {
    fn element(&mut self, tag: u32, _length: Option<u32>) -> Want {
        match tag {
            AFFECTED_CLASS | REQUESTED_CLASS | COMMAND_FIELD | MOVE_DESTINATION | STATUS => Want::Value,
            0x0000_0000..=STATUS => Want::Skip,
            _ => Want::Done,
        }
    }

    fn value(&mut self, tag: u32, value: &[u8], _big_endian: bool) {
        let number = value.first_chunk().map(|b| u16::from_le_bytes(*b));
        match tag {
            AFFECTED_CLASS | REQUESTED_CLASS => self.class = super::uids::sop_class(trim(value)),
            COMMAND_FIELD => self.field = number.unwrap_or_default(),
            STATUS => self.status = number,
            _ => {
                for (to, from) in self.destination.iter_mut().zip(trim(value)) {
                    *to = *from;
                }
            }
        }
    }
}

impl Command {
    /// A request, not the answer to one.
    pub(super) const fn is_request(&self) -> bool {
        self.field != 0 && self.field & RESPONSE == 0
    }

    /// The request or the response that says this.
    pub(super) const fn is(&self, operation: u16) -> bool {
        self.field & !RESPONSE == operation && self.field != 0
    }

    /// Says what has not been said of this association.
    pub(super) fn say(&self, said: &mut Said, out: &mut dyn Sink) {
        let Some(name) = name(self.field & !RESPONSE) else {
            return out.malformed("DIMSE command field unknown");
        };
        if self.is_request() && said.once(("command", self.field)) {
            out.conversation(&fields::COMMAND, name);
        }
        if let Some(class) = self.class
            && said.once(("class", class))
            && let Some(name) = super::uids::sop_class_name(class)
        {
            out.conversation(&fields::SOP_CLASS, name);
        }
        let destination = trim(&self.destination);
        if !destination.is_empty() && said.once(("destination", destination)) {
            out.say(About::Conversation, &fields::MOVE_DESTINATION, Value::Octets(destination));
        }
        if let Some((field, text)) = self.status.and_then(failure)
            && !self.is_request()
            && said.once(("failure", text))
        {
            out.conversation(field, text);
        }
    }
}

/// Names of the operations (PS3.7 table E.1-1).
const fn name(field: u16) -> Option<&'static str> {
    Some(match field {
        C_STORE => "C-STORE",
        0x0010 => "C-GET",
        0x0020 => "C-FIND",
        0x0021 => "C-MOVE",
        0x0030 => "C-ECHO",
        0x0100 => "N-EVENT-REPORT",
        0x0110 => "N-GET",
        0x0120 => "N-SET",
        0x0130 => "N-ACTION",
        N_CREATE => "N-CREATE",
        0x0150 => "N-DELETE",
        0x0FFF => "C-CANCEL",
        _ => return None,
    })
}

/// What a status of failure means (PS3.7 Annex C, PS3.4 §B.2.3, §C.4); `None` for success, pending, warning and cancel.
const fn failure(status: u16) -> Option<(&'static crate::Field, &'static str)> {
    let text = match status {
        0x0124 => return Some((&fields::NOT_AUTHORISED, "not authorised")),
        0x0122 => "refused: SOP class not supported",
        0x0110 => "failed: processing failure",
        0x0111 => "failed: duplicate SOP instance",
        0x0112 => "failed: no such SOP instance",
        0x0117..=0x0121 | 0x0105 | 0x0106 | 0x0113..=0x0115 | 0x0123 => "failed: invalid request",
        0x0210..=0x0213 => "failed: mistyped or unrecognised operation",
        0xA700..=0xA7FF => "refused: out of resources",
        0xA801 => "refused: move destination unknown",
        0xA900..=0xA9FF => "failed: data set does not match SOP class",
        0xC000..=0xCFFF => "failed: cannot understand or unable to process",
        _ => return None,
    };
    Some((&fields::FAILURE, text))
}
