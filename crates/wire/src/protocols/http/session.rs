//! One connection: requests and responses, matched in order, with their bodies skipped by length.

use crate::device_description;
use crate::fact::{About, Sink, Value};
use crate::lines::{Once, read_on};
use crate::protocol::{Context, Hint, Next, Role, Session, Step, Verdict};
use crate::said::PhiCounts;
use crate::sdc;

use super::head::{Headers, Length, MAX_HEAD, Start, head_len, headers, resync, start};
use super::login::{self, Scheme};
use super::{Service, fhir, fields, page};

/// How much of a form, a page or a description is looked at.
const FORM_BYTES: usize = 4 * 1024;
const TITLE_BYTES: usize = 8 * 1024;
const XML_BYTES: usize = 60 * 1024;
const IPP_BYTES: usize = 16 * 1024;
const FHIR_BYTES: usize = 32 * 1024;
/// How many SOAP messages of clients are looked at on one connection.
const SOAP_MESSAGES: u16 = 256;

/// The state of a connection.
pub(in crate::protocols) struct Web {
    service: Service,
    has_clock: bool,
    once: Once,
    /// Both directions, told apart by the addresses: which of them asks is only known from what they say.
    ways: [State; 2],
    asked: Queue,
    /// SOAP messages of clients that are still looked at: devices that report in them do so for as long as they are on.
    soap_left: u16,
    /// What SDC messages held of persons.
    sdc: Option<Box<PhiCounts>>,
}

/// Where a direction stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// A start line comes.
    #[default]
    Head,
    /// A body of known length, of which the beginning is looked at.
    Body(Sample, u64),
    /// A body to the end of the connection.
    ToEnd(Sample),
    /// The size line of a chunk (RFC 9112 §7.1); with a sample, of the first one.
    Chunk(Sample),
    /// The lines behind the last chunk.
    Trailer,
    /// The place in the stream is not known.
    Lost,
    /// A proxy opened the way; what comes is another protocol's.
    Tunnel,
}

/// What a body is looked at for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sample {
    Nothing,
    Form,
    Json,
    Title,
    Xml,
    /// A SOAP message of a client: an event of a device, or an order to one.
    Soap,
    FhirJson,
    FhirXml,
    Ipp,
}

impl Sample {
    const fn limit(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Form | Self::Json => FORM_BYTES,
            Self::Title => TITLE_BYTES,
            Self::Xml | Self::Soap => XML_BYTES,
            Self::FhirJson | Self::FhirXml => FHIR_BYTES,
            Self::Ipp => IPP_BYTES,
        }
    }
}

/// A request that waits for its response.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    is_head: bool,
    is_connect: bool,
    may_have_title: bool,
    login: Option<Scheme>,
    fhir: fhir::Asked,
}

/// The requests that wait, oldest first. The oldest is forgotten when there are too many (a capture of one direction).
#[derive(Default)]
struct Queue {
    waiting: [Asked; 8],
    first: u8,
    count: u8,
}

impl Queue {
    fn push(&mut self, asked: Asked) {
        if self.count == 8 {
            self.pop();
        }
        let at = self.first.wrapping_add(self.count) & 7;
        if let Some(place) = self.waiting.get_mut(usize::from(at)) {
            *place = asked;
        }
        self.count = self.count.saturating_add(1);
    }

    fn pop(&mut self) -> Asked {
        if self.count == 0 {
            return Asked::default();
        }
        let asked = self.waiting.get(usize::from(self.first & 7)).copied().unwrap_or_default();
        self.first = self.first.wrapping_add(1) & 7;
        self.count = self.count.saturating_sub(1);
        asked
    }

    /// The response to the oldest request goes on (1xx).
    fn peek(&self) -> Asked {
        if self.count == 0 {
            Asked::default()
        } else {
            self.waiting.get(usize::from(self.first & 7)).copied().unwrap_or_default()
        }
    }

    fn newest(&mut self) -> Option<&mut Asked> {
        let at = self.first.wrapping_add(self.count).wrapping_sub(1) & 7;
        if self.count == 0 { None } else { self.waiting.get_mut(usize::from(at)) }
    }

    fn clear(&mut self) {
        self.count = 0;
    }
}

impl Web {
    pub(in crate::protocols) fn new(service: Service) -> Self {
        Self {
            service,
            has_clock: false,
            once: Once::default(),
            ways: [State::Head; 2],
            asked: Queue::default(),
            soap_left: SOAP_MESSAGES,
            sdc: None,
        }
    }

    fn way(&mut self, context: &Context) -> &mut State {
        let [one, other] = &mut self.ways;
        if (context.src, context.src_port) <= (context.dst, context.dst_port) { one } else { other }
    }
}

impl Session for Web {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        match *self.way(context) {
            State::Head => self.head(context, bytes, out),
            State::Body(sample, length) => self.body(context, sample, length, bytes, out),
            State::ToEnd(sample) => self.body_to_end(sample, bytes, out),
            State::Chunk(Sample::Nothing) => self.chunk(context, bytes, out),
            State::Chunk(sample) => self.chunked(context, sample, bytes, out),
            State::Trailer => self.trailer(context, bytes),
            State::Lost if resync(bytes) == Some(0) => {
                *self.way(context) = State::Head;
                self.head(context, bytes, out)
            }
            State::Lost => self.find_place(context, bytes),
            State::Tunnel => tunnelled(context, bytes),
        }
    }

    fn end(&mut self, _context: &Context, out: &mut dyn Sink) {
        if let Some(counts) = &mut self.sdc {
            counts.flush(&sdc::PHI, out);
        }
    }

    fn gap(&mut self, context: &Context, _lost: u64, _out: &mut dyn Sink) -> Next {
        self.asked.clear();
        match self.way(context) {
            State::ToEnd(_) | State::Tunnel => Next::Stop,
            state => {
                *state = State::Lost;
                Next::More(1)
            }
        }
    }
}

impl Web {
    fn head(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        // Empty lines in front of a start line are let go (RFC 9112 §2.2).
        let blank = bytes.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        if blank > 0 {
            return read_on(blank);
        }
        if bytes.starts_with(b"PRI * HTTP/2.0\r\n\r\n") {
            out.sender_is(Role::Client);
            out.conversation(&fields::VERSION, "HTTP/2 in the clear");
            return Step { used: 0, next: Next::StopBoth };
        }
        // A web request that was sent to a shell's port: the answer says whose it is.
        if bytes.starts_with(b"SSH-") {
            return Step { used: 0, next: Next::Become("ssh") };
        }
        let start = match first_line(bytes) {
            FirstLine::Good(start) => start,
            FirstLine::Wait => return wait(bytes),
            FirstLine::Bad => return self.lose(context, bytes),
        };
        let len = match head_len(bytes) {
            Some(len) => len,
            None if bytes.len() < MAX_HEAD => return wait(bytes),
            None => {
                out.malformed("HTTP head is too long");
                bytes.len()
            }
        };
        let is_whole = head_len(bytes).is_some();
        let head = bytes.get(..len).unwrap_or(bytes);
        let after_start = crate::bytes::line(head).and_then(|(_, used)| head.get(used..)).unwrap_or_default();
        let headers = headers(after_start);
        let media = headers.media_type();
        if self.service == Service::Http && media.eq_ignore_ascii_case(b"application/ipp") {
            return Step { used: 0, next: Next::Become("ipp") };
        }
        let next = match start {
            Start::Request { method, target } => self.request(context, method, target, &headers, out),
            Start::Response { status } => self.response(context, status, &headers, out),
        };
        if !is_whole {
            *self.way(context) = State::Lost;
            return read_on(len);
        }
        Step { used: len, next }
    }

    fn request(&mut self, context: &Context, method: &[u8], target: &[u8], headers: &Headers<'_>, out: &mut dyn Sink) -> Next {
        out.sender_is(Role::Client);
        let once = &mut self.once;
        once.octets(&fields::HOST, host_name(headers.host), out);
        once.sender(&fields::USER_AGENT, headers.user_agent, out);
        let mut login = login::authorization(headers.authorization, once, out);
        if method == b"GET" && login.is_none() && login::query(target, once, out) {
            login = Some(Scheme::Form);
        }
        let path = page::path(target);
        page::management(method, path, once, out);
        page::phi_by_target(target, out);
        let has_token = matches!(login, Some(Scheme::Negotiate | Scheme::Bearer | Scheme::Other));
        self.asked.push(Asked {
            is_head: method == b"HEAD",
            is_connect: method == b"CONNECT",
            may_have_title: page::may_have_title(path, headers.cookie || has_token),
            login,
            fhir: if method == b"GET" { fhir::asked(target) } else { fhir::Asked::Nothing },
        });
        let sample = self.content(headers, false, fhir::Asked::Nothing, out);
        self.frame(context, headers, sample, true)
    }

    fn response(&mut self, context: &Context, status: u16, headers: &Headers<'_>, out: &mut dyn Sink) -> Next {
        out.sender_is(Role::Server);
        let is_interim = (100..200).contains(&status);
        let asked = if is_interim { self.asked.peek() } else { self.asked.pop() };
        let once = &mut self.once;
        once.sender(&fields::SERVER, headers.server, out);
        once.sender(&fields::POWERED_BY, headers.powered_by, out);
        for challenge in headers.challenges.iter().filter(|c| !c.is_empty()) {
            login::challenge(challenge, once, out);
        }
        if let Some(scheme) = asked.login
            && !is_interim
        {
            let sent_on = login::is_sent_on(headers.location, headers.sets_cookie);
            login::result(scheme, status, sent_on, once, out);
        }
        self.clock(headers, out);
        if status == 101 {
            return self.upgrade(headers, out);
        }
        if asked.is_connect && (200..300).contains(&status) {
            out.conversation(&fields::TUNNEL, "CONNECT");
            out.relays();
            self.ways = [State::Tunnel; 2];
            return Next::More(1);
        }
        if is_interim {
            return Next::More(1);
        }
        let mut sample = self.content(headers, asked.may_have_title && matches!(status, 200 | 401), asked.fhir, out);
        if asked.fhir != fhir::Asked::Nothing && status == 200 && headers.content_encoding.is_empty() {
            sample = of_fhir(headers.media_type()).unwrap_or(sample);
        }
        if asked.is_head || matches!(status, 204 | 304) {
            return Next::More(1);
        }
        self.frame(context, headers, sample, false)
    }

    /// The server's clock: not from a cache, and once a connection.
    fn clock(&mut self, headers: &Headers<'_>, out: &mut dyn Sink) {
        if self.has_clock || headers.aged || headers.date.is_empty() {
            return;
        }
        if let Some(nanos) = page::date(headers.date) {
            self.has_clock = true;
            out.say(About::Sender, &fields::DATE, Value::Time(nanos));
        }
    }

    fn upgrade(&mut self, headers: &Headers<'_>, out: &mut dyn Sink) -> Next {
        let is = |name: &[u8]| crate::lines::starts_with_any_case(headers.upgrade, name);
        if is(b"websocket") {
            self.once.conversation(&fields::OPERATION, "websocket", out);
            return Next::StopBoth;
        }
        if is(b"h2c") {
            out.conversation(&fields::VERSION, "HTTP/2 in the clear");
            return Next::StopBoth;
        }
        if is(b"tls/") {
            return Next::Become("tls");
        }
        out.conversation(&fields::TUNNEL, "upgraded");
        Next::NotMine
    }

    /// Says what the body is and whether to look into it.
    fn content(&mut self, headers: &Headers<'_>, may_have_title: bool, fhir: fhir::Asked, out: &mut dyn Sink) -> Sample {
        let media = headers.media_type();
        if !is_media_type(media) {
            return Sample::Nothing;
        }
        self.once.octets(&fields::CONTENT_TYPE, &media.to_ascii_lowercase(), out);
        // Capabilities and devices are of no person.
        if fhir == fhir::Asked::Nothing {
            page::phi_by_type(headers.content_type, headers.soap_action, out);
        }
        let is = |wanted: &str| media.eq_ignore_ascii_case(wanted.as_bytes());
        match () {
            () if !headers.content_encoding.is_empty() => Sample::Nothing,
            () if is("application/x-www-form-urlencoded") => Sample::Form,
            () if is("application/json") => Sample::Json,
            () if is("text/html") && may_have_title => Sample::Title,
            () if is("application/ipp") => Sample::Ipp,
            () if is("application/soap+xml") => Sample::Soap,
            () if is("text/xml") || is("application/xml") => Sample::Xml,
            () => Sample::Nothing,
        }
    }

    /// How the body is delimited (RFC 9112 §6.3), and the state and the wish that follow.
    fn frame(&mut self, context: &Context, headers: &Headers<'_>, sample: Sample, is_request: bool) -> Next {
        let sample = match (sample, is_request) {
            (Sample::Soap, true) if self.soap_left > 0 => {
                self.soap_left = self.soap_left.saturating_sub(1);
                Sample::Soap
            }
            (Sample::Soap, false) => Sample::Xml,
            (Sample::Form | Sample::Json, false) | (Sample::Title | Sample::Xml | Sample::Soap, true) => Sample::Nothing,
            (sample, _) => sample,
        };
        let (state, next) = match headers.length {
            _ if headers.chunked => (State::Chunk(sample), Next::More(1)),
            _ if headers.coded && !is_request => until_end(sample),
            Length::Known(0) => (State::Head, Next::More(1)),
            Length::Known(length) if sample == Sample::Nothing => (State::Head, Next::Skip(length)),
            Length::Known(length) => (State::Body(sample, length), Next::More(1)),
            Length::Absent if is_request => (State::Head, Next::More(1)),
            Length::Absent => until_end(sample),
            Length::Wrong => (State::Lost, Next::More(1)),
        };
        *self.way(context) = state;
        next
    }

    /// Looks at the beginning of a body of known length, then skips the rest.
    fn body(&mut self, context: &Context, sample: Sample, length: u64, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let wanted = usize::try_from(length).unwrap_or(usize::MAX).min(sample.limit());
        match self.look(sample, wanted, bytes, out) {
            Some(wait) => wait,
            None => {
                *self.way(context) = State::Head;
                Step { used: 0, next: Next::Skip(length) }
            }
        }
    }

    fn body_to_end(&mut self, sample: Sample, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let stop = Step { used: bytes.len(), next: Next::Stop };
        self.look(sample, sample.limit(), bytes, out).unwrap_or(stop)
    }

    /// Reads a sample once enough of it has come; the answer waits while it has not.
    fn look(&mut self, sample: Sample, wanted: usize, bytes: &[u8], out: &mut dyn Sink) -> Option<Step> {
        let has_ended = match sample {
            Sample::Title => page::has_title(bytes),
            Sample::Xml | Sample::Soap => is_document_end(bytes),
            _ => false,
        };
        if bytes.len() < wanted && !has_ended {
            // A title mostly stands in the first segment, and a document without a length ends with its root.
            let more =
                if matches!(sample, Sample::Title | Sample::Xml | Sample::Soap) { bytes.len().saturating_add(1) } else { wanted };
            return Some(Step { used: 0, next: Next::More(more) });
        }
        let body = bytes.get(..wanted).unwrap_or(bytes);
        match sample {
            Sample::Form | Sample::Json => {
                let read = if sample == Sample::Form { login::form } else { login::json };
                if read(body, &mut self.once, out)
                    && let Some(newest) = self.asked.newest()
                {
                    newest.login = Some(Scheme::Form);
                }
            }
            Sample::FhirJson => fhir::json(body, &mut self.once, out),
            Sample::FhirXml => fhir::xml(body, &mut self.once, out),
            Sample::Title => page::title(body, &mut self.once, out),
            Sample::Xml if device_description::read(body, out) => {}
            Sample::Xml | Sample::Soap => {
                sdc::read(body, &mut self.once, &mut self.sdc, out);
            }
            Sample::Ipp => super::super::ipp::body(body, &mut self.once, out),
            Sample::Nothing => {}
        }
        None
    }

    fn chunk(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let Some((line, used)) = crate::bytes::line(bytes) else {
            return if bytes.len() < 256 { wait(bytes) } else { self.lose(context, bytes) };
        };
        let (state, next) = match chunk_size(line) {
            None => {
                out.malformed("HTTP chunk size is not a number");
                (State::Lost, Next::More(1))
            }
            Some(0) => (State::Trailer, Next::More(1)),
            Some(size) => (State::Chunk(Sample::Nothing), Next::Skip(size.saturating_add(2))),
        };
        *self.way(context) = state;
        Step { used, next }
    }

    /// Looks at the beginning of a chunked body, put together; then the same chunks are skipped one by one.
    fn chunked(&mut self, context: &Context, sample: Sample, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let mut total = 0usize;
        let has_ended = walk_chunks(bytes, |data| total = total.saturating_add(data.len()));
        let is_enough = has_ended || total >= sample.limit() || bytes.len() >= MAX_CHUNKED;
        let has_title = sample == Sample::Title && page::has_title(bytes);
        if !is_enough && !has_title {
            return wait(bytes);
        }
        let mut body = Vec::with_capacity(total.min(sample.limit()));
        walk_chunks(bytes, |data| {
            let room = sample.limit().saturating_sub(body.len());
            body.extend_from_slice(data.get(..room).unwrap_or(data));
        });
        let _ = self.look(sample, body.len(), &body, out);
        *self.way(context) = State::Chunk(Sample::Nothing);
        self.chunk(context, bytes, out)
    }

    fn trailer(&mut self, context: &Context, bytes: &[u8]) -> Step {
        match crate::bytes::line(bytes) {
            Some((line, used)) => {
                if line.is_empty() {
                    *self.way(context) = State::Head;
                }
                read_on(used)
            }
            None if bytes.len() < MAX_HEAD => wait(bytes),
            None => self.lose(context, bytes),
        }
    }

    fn lose(&mut self, context: &Context, bytes: &[u8]) -> Step {
        *self.way(context) = State::Lost;
        self.asked.clear();
        // What was taken for a start line is none: the next one lies behind its first octet.
        let step = self.find_place(context, bytes.get(1..).unwrap_or_default());
        Step { used: step.used.saturating_add(1).min(bytes.len()), ..step }
    }

    /// Looks for the next start line, keeping only a line that may be one.
    fn find_place(&mut self, context: &Context, bytes: &[u8]) -> Step {
        if let Some(at) = resync(bytes) {
            *self.way(context) = State::Head;
            return read_on(at);
        }
        let tail = memchr::memrchr(b'\n', bytes).map_or(0, |lf| lf.saturating_add(1));
        let kept = bytes.len().saturating_sub(tail);
        // A start line may begin anywhere in the last line; one that is too long for that is a body.
        let kept = if kept > 4096 { 12 } else { kept };
        Step { used: bytes.len().saturating_sub(kept), next: Next::More(kept.saturating_add(1)) }
    }
}

enum FirstLine<'a> {
    Good(Start<'a>),
    Wait,
    Bad,
}

/// Reads the start line as far as it has come; a body in its place is known for one within a few octets.
fn first_line(bytes: &[u8]) -> FirstLine<'_> {
    match crate::bytes::line(bytes) {
        Some((line, _)) => start(line).map_or(FirstLine::Bad, FirstLine::Good),
        None if bytes.len() < MAX_HEAD && super::may_start(bytes) => FirstLine::Wait,
        None => FirstLine::Bad,
    }
}

/// The most of a chunked body that is kept together, with the size lines.
const MAX_CHUNKED: usize = 62 * 1024;

/// The size of a chunk, without its extensions.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|b| matches!(b, b';' | b' ')).next()?;
    std::str::from_utf8(digits).ok().filter(|d| d.len() <= 8).and_then(|d| u64::from_str_radix(d, 16).ok())
}

/// Gives out the data of the chunks as far as they have come; true when the last one has, or what comes is no chunk.
fn walk_chunks<'a>(mut rest: &'a [u8], mut take: impl FnMut(&'a [u8])) -> bool {
    while let Some((line, used)) = crate::bytes::line(rest) {
        let Some(size @ 1..) = chunk_size(line).and_then(|size| usize::try_from(size).ok()) else { return true };
        rest = rest.get(used..).unwrap_or_default();
        take(rest.get(..size).unwrap_or(rest));
        let Some(after) = rest.get(size.saturating_add(2)..) else { return false };
        rest = after;
    }
    rest.len() > 256
}

fn wait(bytes: &[u8]) -> Step {
    Step { used: 0, next: Next::More(bytes.len().saturating_add(1)) }
}

fn until_end(sample: Sample) -> (State, Next) {
    let next = if sample == Sample::Nothing { Next::Stop } else { Next::More(1) };
    (State::ToEnd(sample), next)
}

/// Hands a tunnel to the protocol that is sure of its first bytes; one that nobody knows is left alone.
fn tunnelled(context: &Context, bytes: &[u8]) -> Step {
    if bytes.len() < 8 {
        return Step { used: 0, next: Next::More(8) };
    }
    let inside = super::super::PROTOCOLS.iter().find(|protocol| {
        let info = protocol.info();
        let is_stream = info.hints.iter().any(|hint| matches!(hint, Hint::Tcp(_) | Hint::AnyTcp));
        is_stream && protocol.probe(context, bytes) == Verdict::Certain
    });
    Step { used: 0, next: inside.map_or(Next::StopBoth, |protocol| Next::Become(protocol.info().id)) }
}

/// How a resource of FHIR is written (FHIR R4 §2.21.0.6), where it is one.
fn of_fhir(media: &[u8]) -> Option<Sample> {
    let is = |name: &str| media.eq_ignore_ascii_case(name.as_bytes());
    if is("application/fhir+json") || is("application/json+fhir") || is("application/json") {
        Some(Sample::FhirJson)
    } else {
        (is("application/fhir+xml") || is("application/xml+fhir")).then_some(Sample::FhirXml)
    }
}

/// A device's description or a SOAP message has come whole.
fn is_document_end(xml: &[u8]) -> bool {
    let tail = xml.trim_ascii_end();
    tail.ends_with(b"</root>") || tail.ends_with(b"nvelope>")
}

/// The name in a Host header, without its port (RFC 9110 §7.2).
fn host_name(host: &[u8]) -> &[u8] {
    let port = host.iter().rposition(|b| *b == b':').filter(|at| {
        host.get(at.saturating_add(1)..).is_some_and(|p| p.iter().all(u8::is_ascii_digit))
            && (!host.starts_with(b"[") || host.get(at.saturating_sub(1)) == Some(&b']'))
    });
    let name = host.get(..port.unwrap_or(host.len())).unwrap_or(host);
    let is_name = name.len() <= 255 && name.iter().all(|b| b.is_ascii_graphic());
    if is_name { name } else { &[] }
}

/// `type/subtype` (RFC 9110 §8.3.1), and short.
fn is_media_type(media: &[u8]) -> bool {
    media.len() <= 80
        && media.iter().filter(|b| **b == b'/').count() == 1
        && media.iter().all(|b| b.is_ascii_alphanumeric() || b"/+-._".contains(b))
}
