//! LPD (RFC 1179): that something is printed, and by which host. Users, job names and what is printed are skipped.

use model::FactKind;

use crate::fact::{Field, Sink};
use crate::lines::{Line, Once, is_no_name, next_line};
use crate::protocol::{Context, Direction, Hint, Info, Next, Protocol, Role, Session, Step, Verdict};

/// LPD.
pub struct Lpd;

static INFO: Info = Info {
    id: "lpd",
    name: "LPD",
    doc: "Line printer daemon (RFC 1179). Laboratory and label printing of older systems goes over it, in the clear. \
          The control file of a job names the host that prints.",
    hints: &[Hint::Tcp(515)],
};

static OPERATION: Field = Field::new("lpd.command", "LPD command", FactKind::Operation);
static HOST: Field = Field::new("lpd.control-h", "LPD control file host (H)", FactKind::HostName);

impl Protocol for Lpd {
    fn info(&self) -> &'static Info {
        &INFO
    }

    /// A command octet and a queue's name: too little to decide off the port.
    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        let Some((1..=5, queue)) = head.split_first() else { return Verdict::No };
        let name = crate::bytes::line(queue).map_or(queue, |(line, _)| line);
        let is_name = name.len() <= 255 && name.iter().all(|b| matches!(b, 0x20..=0x7e));
        if context.on_port(515) && is_name { Verdict::Unsure } else { Verdict::No }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::<Job>::default())
    }
}

/// How much of a control file is looked at.
const MAX_CONTROL: u64 = 4096;

#[derive(Default)]
struct Job {
    once: Once,
    in_job: bool,
    /// A control file of so many bytes comes.
    control: u64,
}

impl Session for Job {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        if context.direction == Direction::ToClient {
            // Acknowledgements, or a queue's list for people with names in it.
            return Step { used: bytes.len(), next: Next::Stop };
        }
        if self.control > 0 {
            return self.control_file(bytes, out);
        }
        match next_line(bytes) {
            Line::Wait(step) => step,
            Line::Whole(line, used) => Step { used, next: self.command(line, out) },
        }
    }
}

impl Job {
    /// Commands (RFC 1179 §5) and, within a job, subcommands (§6).
    fn command(&mut self, line: &[u8], out: &mut dyn Sink) -> Next {
        let Some((code, rest)) = line.split_first() else { return Next::More(1) };
        match (self.in_job, code) {
            (false, 2) => {
                out.sender_is(Role::Client);
                self.in_job = true;
                self.once.conversation(&OPERATION, "print job", out);
            }
            (false, 3 | 4) => self.once.conversation(&OPERATION, "queue state", out),
            (false, 5) => self.once.conversation(&OPERATION, "remove jobs", out),
            (true, 2) => match size(rest) {
                Some(count @ 1..=MAX_CONTROL) => self.control = count,
                Some(count) => return Next::Skip(count.saturating_add(1)),
                None => return Next::Stop,
            },
            // A size of 0 means to the end of the connection.
            (true, 3) => match size(rest) {
                Some(0) | None => return Next::Stop,
                Some(count) => return Next::Skip(count.saturating_add(1)),
            },
            _ => {}
        }
        Next::More(1)
    }

    /// Lines of a letter and a value (§7); only the host is read.
    fn control_file(&mut self, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let count = usize::try_from(self.control).unwrap_or(usize::MAX);
        let Some(file) = bytes.get(..count) else {
            return Step { used: 0, next: Next::More(count) };
        };
        self.control = 0;
        let host = file.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(b"H"));
        if let Some(host) = host.map(<[u8]>::trim_ascii).filter(|host| !is_no_name(host)) {
            self.once.sender(&HOST, host, out);
        }
        // The zero octet behind the file.
        Step { used: count, next: Next::Skip(1) }
    }
}

fn size(operands: &[u8]) -> Option<u64> {
    std::str::from_utf8(crate::lines::word(operands).0).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, streams, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    const JOB: &[u8] = b"\x02labels\n\x0215 cfA001lab-pc\nHlab-pc\nPjane\n\0\0\x034 dfA001lab-pc\nDoe\n\0";

    #[test]
    fn a_job_names_its_host() {
        let lines = streams_any_chunk(&Lpd, 515, &[(ToServer, JOB), (ToClient, b"\0\0\0")]);
        assert_eq!(lines.lines, ["conversation lpd.command print job", "sender lpd.control-h lab-pc"]);
    }

    #[test]
    fn only_on_its_port() {
        assert_eq!(Lpd.probe(&context(ToServer, 515, 0), JOB), Verdict::Unsure);
        assert_eq!(Lpd.probe(&context(ToServer, 99, 0), JOB), Verdict::No);
        assert_eq!(Lpd.probe(&context(ToServer, 515, 0), b"GET / HTTP/1.1\r\n"), Verdict::No);
        assert_eq!(Lpd.probe(&context(ToServer, 515, 0), b"\x02\0\0"), Verdict::No);
    }

    #[test]
    fn truncated_anywhere_is_no_harm() {
        for end in 0..JOB.len() {
            let _ = streams(&Lpd, 515, &[(ToServer, &JOB[..end])], 3);
        }
    }
}
