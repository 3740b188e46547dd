//! Server message block, versions 1 ([MS-CIFS], [MS-SMB]) and 2 to 3 ([MS-SMB2]), on 445 and behind the NetBIOS session service.

mod v1;
mod v2;

use crate::bytes::le16;
use crate::fact::{About, Field, Sink, Value};
use crate::framed::{Frame, Framed, Frames, Said};
use crate::protocol::{Context, Hint, Info, MAX_WANTED, Next, Protocol, Role, Session, Verdict};
use crate::spnego::{self, Scheme};
use model::FactKind;

/// Server message block.
pub struct Smb;

static INFO: Info = Info {
    id: "smb",
    name: "SMB file sharing",
    doc: "Dialect, signing, encryption, server GUID, native system and LAN manager names, NTLM names and builds, log-ins and their \
          result, administrative shares and the pipes of remote administration. Worms move between imaging stations over SMB 1; \
          the pipes for services, tasks and registry are how one machine takes over another. Names of files and of other shares \
          are not read out ([MS-SMB2] §2.2, [MS-CIFS] §2.2).",
    hints: &[Hint::Tcp(445), Hint::Tcp(139)],
};

static DIALECT: Field = Field::new("smb.dialect", "SMB dialect", FactKind::ProtocolVersion);
static OFFERED: Field = Field::new("smb.offered", "SMB dialects offered", FactKind::ProtocolVersion);
static SIGNING: Field = Field::new("smb.signing", "SMB signing", FactKind::Cipher);
static ENCRYPTION: Field = Field::new("smb.encryption", "SMB encryption", FactKind::Cipher);
static SERVER_GUID: Field = Field::new("smb.server_guid", "SMB server GUID", FactKind::Uuid);
static SYSTEM_TIME: Field = Field::new("smb.system_time", "SMB server time", FactKind::Clock);
static NATIVE_OS: Field = Field::new("smb.native_os", "SMB native operating system", FactKind::Os);
static LAN_MANAGER: Field = Field::new("smb.lan_manager", "SMB native LAN manager", FactKind::Software);
static DOMAIN: Field = Field::new("smb.domain", "SMB primary domain", FactKind::Domain);
static SERVER_NAME: Field = Field::new("smb.server_name", "SMB server name", FactKind::HostName);
static TARGET: Field = Field::new("smb.tree.server", "SMB server named in a tree connect", FactKind::ServerName);
static SHARE: Field = Field::new("smb.tree.share", "SMB administrative share", FactKind::Management);
static OPERATION: Field = Field::new("smb.operation", "SMB operation", FactKind::Operation);
static PIPE: Field = Field::new("smb.pipe", "SMB named pipe", FactKind::Operation);
static TRIED: Field = Field::new("smb.session_setup.plain", "SMB session setup without SPNEGO", FactKind::LoginTried);
static PLAIN: Field = Field::new("smb.session_setup.password", "SMB plaintext password", FactKind::Credential);
static SUCCEEDED: Field = Field::new("smb.session_setup.status", "SMB session setup granted", FactKind::LoginSucceeded);
static FAILED: Field = Field::new("smb.session_setup.failure", "SMB session setup refused", FactKind::LoginFailed);
static ACCOUNT: Field = Field::new("smb.account", "SMB account", FactKind::Account);

/// Octets of the NetBIOS session header.
const HEADER: usize = 4;

impl Protocol for Smb {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, head: &[u8]) -> Verdict {
        match head {
            [0, _, _, _, 0xfc..=0xff, b'S', b'M', b'B', ..] => Verdict::Certain,
            [0, _, _, _, rest @ ..] if rest.len() < 4 => match rest {
                [] | [0xfc..=0xff] | [0xfc..=0xff, b'S'] | [0xfc..=0xff, b'S', b'M'] => Verdict::Unsure,
                _ => Verdict::No,
            },
            [] | [0] | [0, _] | [0, _, _] => Verdict::Unsure,
            _ => Verdict::No,
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Framed::boxed(Smbs::default())
    }
}

/// The state of a connection.
#[derive(Default)]
struct Smbs {
    /// A message was read: raw data may follow.
    begun: bool,
    said: Said,
    /// The scheme of the log-in under way.
    login: Option<Scheme>,
    /// The last negotiation of version 1.
    negotiated: v1::Negotiated,
    /// A tree connect to IPC$ waits for its answer.
    pipe_tree_asked: bool,
    /// Trees that hold pipes and no files.
    pipe_trees: [Option<u32>; 4],
    /// The cipher agreed.
    cipher: Option<&'static str>,
}

impl Frames for Smbs {
    fn frame(&self, _context: &Context, bytes: &[u8]) -> Frame {
        let Some([kind, high, middle, low]) = bytes.first_chunk::<HEADER>() else { return Frame::More(HEADER) };
        let len = usize::from(*high) << 16 | usize::from(*middle) << 8 | usize::from(*low);
        let total = len.saturating_add(HEADER);
        match kind {
            0x81..=0x85 => return Frame::upto(total, HEADER),
            0 if len < 4 && self.begun => return Frame::upto(total, HEADER),
            0 => {}
            _ => return Frame::Bad,
        }
        let Some(magic) = bytes.get(HEADER..).and_then(|rest| rest.first_chunk::<4>()) else { return Frame::More(8) };
        let command_at = match magic {
            b"\xffSMB" => 8,
            b"\xfeSMB" => 16,
            b"\xfdSMB" | b"\xfcSMB" => return Frame::upto(total, 8),
            // The data of a raw read or write has no header of its own.
            _ if self.begun => return Frame::Pass(total as u64),
            _ => return Frame::Bad,
        };
        let Some(command) = le16(bytes, command_at) else { return Frame::More(command_at + 2) };
        let most = if command_at == 16 { v2::wanted(command) } else { v1::wanted(command.to_le_bytes()[0]) };
        Frame::upto(total, most.min(MAX_WANTED))
    }

    fn message(&mut self, _context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Option<Next> {
        let message = bytes.get(HEADER..).filter(|message| message.len() >= 4)?;
        self.begun = true;
        match message.first() {
            Some(0xff) => v1::read(self, message, out),
            Some(0xfe) => v2::read(self, message, out),
            Some(0xfd) => self.encrypted(out),
            _ => {}
        }
        None
    }

    fn end(&mut self, _context: &Context, out: &mut dyn Sink) {
        if self.negotiated.offers_v1_unanswered() {
            self.offers_v1(out);
        }
    }
}

/// What is said once in a connection: the numbers of [`Said`].
mod once {
    pub(super) const DIALECT: u8 = 0;
    pub(super) const CLEAR: u8 = 1;
    pub(super) const ENCRYPTED: u8 = 2;
    pub(super) const OFFERED: u8 = 3;
    pub(super) const READ: u8 = 4;
    pub(super) const WRITE: u8 = 5;
    pub(super) const LIST: u8 = 6;
    pub(super) const DELETE: u8 = 7;
    pub(super) const SYSTEM: u8 = 8;
    /// And one for each pipe from here on.
    pub(super) const PIPES: u8 = 20;
}

impl Smbs {
    fn dialect(&mut self, name: &str, out: &mut dyn Sink) {
        if self.said.first(once::DIALECT) {
            out.conversation(&DIALECT, name);
        }
    }

    fn offers_v1(&mut self, out: &mut dyn Sink) {
        if self.said.first(once::OFFERED) {
            out.conversation(&OFFERED, "offers SMB 1");
        }
    }

    fn encrypted(&mut self, out: &mut dyn Sink) {
        if self.said.first(once::ENCRYPTED) {
            out.conversation(&ENCRYPTION, self.cipher.unwrap_or("encrypted"));
        }
    }

    /// Files are read or written for everybody on the way to see.
    fn in_the_clear(&mut self, out: &mut dyn Sink) {
        if self.said.first(once::CLEAR) {
            out.conversation(&ENCRYPTION, "none");
        }
    }

    fn operation(&mut self, number: u8, name: &str, out: &mut dyn Sink) {
        if self.said.first(number) {
            out.conversation(&OPERATION, name);
        }
    }

    /// Reads the security token of a session setup.
    fn token(&mut self, token: &[u8], out: &mut dyn Sink) {
        if let Some(scheme) = spnego::read(token, out) {
            self.login = Some(scheme);
        }
    }

    /// The server's answer to a session setup ([MS-ERREF] §2.3).
    fn login_result(&mut self, status: u32, guest: bool, out: &mut dyn Sink) {
        const MORE_PROCESSING: u32 = 0xc000_0016;
        if status == MORE_PROCESSING {
            return;
        }
        let scheme = self.login.take().map_or("smb", Scheme::label);
        if status == 0 {
            out.conversation(&SUCCEEDED, scheme);
            if guest {
                out.conversation(&ACCOUNT, "guest");
            }
        } else if status >> 30 == 3 || status & 0xff != 0 {
            out.conversation(&FAILED, scheme);
        }
    }

    /// `\\server\share`: the server is told, the share only where it is an administrative one.
    fn tree(&mut self, path: &str, out: &mut dyn Sink) {
        let mut parts = path.trim_start_matches('\\').splitn(2, '\\');
        let (server, share) = match (parts.next(), parts.next()) {
            (Some(server), Some(share)) => (server, share),
            (share, _) => ("", share.unwrap_or_default()),
        };
        if !server.is_empty() {
            out.conversation(&TARGET, server);
        }
        self.pipe_tree_asked = share.eq_ignore_ascii_case("IPC$");
        if let Some(name) = administrative(share) {
            out.conversation(&SHARE, &name);
        }
    }

    /// The answer to a tree connect: which trees hold pipes.
    fn tree_granted(&mut self, tree: u32) {
        if std::mem::take(&mut self.pipe_tree_asked) {
            self.pipe_trees.rotate_right(1);
            if let Some(first) = self.pipe_trees.first_mut() {
                *first = Some(tree);
            }
        }
    }

    fn holds_pipes(&self, tree: u32) -> bool {
        self.pipe_trees.contains(&Some(tree))
    }

    /// A file or pipe is opened: the pipes of remote administration are told by what they are for.
    fn open(&mut self, name: &str, out: &mut dyn Sink) {
        let name = name.trim_start_matches('\\');
        let name = name.get(..5).filter(|start| start.eq_ignore_ascii_case("pipe\\")).and_then(|_| name.get(5..)).unwrap_or(name);
        let known = PIPES.iter().zip(once::PIPES..).find(|((pipe, _), _)| name.eq_ignore_ascii_case(pipe));
        if let Some(((_, meaning), number)) = known
            && self.said.first(number)
        {
            out.conversation(&PIPE, meaning);
        }
    }
}

/// `ADMIN$`, `IPC$` and the roots of drives, in capitals.
fn administrative(share: &str) -> Option<String> {
    let name = share.to_ascii_uppercase();
    let drive = matches!(name.as_bytes(), [b'A'..=b'Z', b'$']);
    (drive || name == "ADMIN$" || name == "IPC$").then_some(name)
}

/// Pipes and the interfaces behind them ([MS-RPCE] and the protocol of each).
const PIPES: &[(&str, &str)] = &[
    ("svcctl", "service control (svcctl)"),
    ("atsvc", "task scheduler (atsvc)"),
    ("winreg", "remote registry (winreg)"),
    ("samr", "account database (samr)"),
    ("lsarpc", "security policy (lsarpc)"),
    ("netlogon", "domain log-on (netlogon)"),
    ("srvsvc", "server service (srvsvc)"),
    ("wkssvc", "workstation service (wkssvc)"),
    ("epmapper", "endpoint mapper (epmapper)"),
    ("spoolss", "print spooler (spoolss)"),
    ("eventlog", "event log (eventlog)"),
    ("drsuapi", "directory replication (drsuapi)"),
    ("efsrpc", "encrypting file system (efsrpc)"),
    ("psexesvc", "remote command (psexesvc)"),
    ("initshutdown", "remote shutdown (initshutdown)"),
    ("browser", "browser service (browser)"),
];

fn server_time(ticks: u64, out: &mut dyn Sink) {
    if let Some(time) = crate::ntlm::filetime(ticks) {
        out.say(About::Sender, &SYSTEM_TIME, Value::Time(time));
    }
}

/// A GUID in the usual form: the first three groups are little-endian ([MS-DTYP] §2.3.4.2). None for the one that is unset.
pub(crate) fn guid(octets: &[u8; 16]) -> Option<String> {
    let [a, b, c, d, e, f, g, h, rest @ ..] = octets;
    let tail = rest.iter().fold(0_u64, |sum, &octet| (sum << 8) | u64::from(octet));
    let (one, two, three) = (u32::from_le_bytes([*a, *b, *c, *d]), u16::from_le_bytes([*e, *f]), u16::from_le_bytes([*g, *h]));
    (octets != &[0; 16]).then(|| format!("{one:08x}-{two:04x}-{three:04x}-{:04x}-{:012x}", tail >> 48, tail & 0xffff_ffff_ffff))
}

fn say_guid(octets: Option<&[u8; 16]>, out: &mut dyn Sink) {
    if let Some(guid) = octets.and_then(guid) {
        out.say(About::Sender, &SERVER_GUID, Value::Text(guid.into()));
    }
}

fn signing(required: bool, out: &mut dyn Sink) {
    out.conversation(&SIGNING, if required { "signing required" } else { "signing not required" });
}

fn role(is_answer: bool, out: &mut dyn Sink) {
    out.sender_is(if is_answer { Role::Server } else { Role::Client });
}

#[cfg(test)]
mod tests;
