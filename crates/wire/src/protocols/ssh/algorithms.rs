//! Name lists of KEXINIT and what the two sides agree on (RFC 4253 §7.1).

use model::FactKind;

use crate::bytes::Cursor;
use crate::fact::{Field, Sink};

static KEX: Field = Field::new("ssh.kex", "SSH key exchange agreed", FactKind::Cipher);
static HOST_KEY: Field = Field::new("ssh.host_key_algorithm", "SSH host key algorithm agreed", FactKind::Cipher);
static CIPHER: Field = Field::new("ssh.cipher", "SSH cipher agreed", FactKind::Cipher);
static MAC: Field = Field::new("ssh.mac", "SSH MAC agreed", FactKind::Cipher);
static WEAK: Field = Field::new("ssh.algorithm_weak", "SSH algorithm agreed, to be replaced", FactKind::CipherWeak);
static BROKEN: Field = Field::new("ssh.algorithm_broken", "SSH algorithm agreed, of no use", FactKind::CipherBroken);

/// Lists that are compared: key exchange, host key, cipher each way, MAC each way.
const LISTS: usize = 6;
/// Real name lists take less than 2 KiB together.
const MAX_KEPT: usize = 8 * 1024;

/// The lists of one side, kept until those of the other come.
pub(super) struct KeyInit(Box<[u8]>);

impl KeyInit {
    /// Keeps the octets of the lists; none where they are absurdly long, so that nothing is agreed.
    pub(super) fn keep(lists: &[u8]) -> Self {
        Self(Box::from(if lists.len() <= MAX_KEPT { lists } else { &[] }))
    }

    pub(super) fn octets(&self) -> &[u8] {
        &self.0
    }
}

/// The octets of the compared lists in the body of a KEXINIT. `None` where it breaks the standard.
pub(super) fn lists(body: &[u8]) -> Option<&[u8]> {
    let lists = body.get(16..)?;
    let mut at = Cursor::new(lists);
    for _ in 0..LISTS {
        list(&mut at)?;
    }
    lists.get(..lists.len().checked_sub(at.len())?)
}

fn list<'a>(at: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = usize::try_from(at.u32()?).ok()?;
    at.take(length)
}

/// Says what is agreed: of each list the first of the client's that the server has too.
pub(super) fn say_agreed(client: &[u8], server: &[u8], out: &mut dyn Sink) {
    let (mut client, mut server) = (Cursor::new(client), Cursor::new(server));
    let mut said: [&[u8]; LISTS] = [&[]; LISTS];
    for index in 0..LISTS {
        let (Some(wanted), Some(offered)) = (list(&mut client), list(&mut server)) else { return };
        let Some(agreed) = first_common(wanted, offered) else { continue };
        // What is the same both ways is said once; a cipher that authenticates has no MAC of its own.
        let ciphers_authenticate = matches!(index, 4 | 5) && said.get(index.wrapping_sub(2)).is_some_and(|c| authenticates(c));
        if !said.contains(&agreed) && !ciphers_authenticate {
            say(index, agreed, out);
        }
        if let Some(place) = said.get_mut(index) {
            *place = agreed;
        }
    }
}

fn say(index: usize, agreed: &[u8], out: &mut dyn Sink) {
    let Ok(name) = std::str::from_utf8(agreed) else { return };
    let field = match index {
        0 => &KEX,
        1 => &HOST_KEY,
        2 | 3 => &CIPHER,
        _ => &MAC,
    };
    out.conversation(field, name);
    if is_broken(name) {
        out.conversation(&BROKEN, name);
    } else if is_weak(name) {
        out.conversation(&WEAK, name);
    }
}

fn first_common<'a>(wanted: &'a [u8], offered: &[u8]) -> Option<&'a [u8]> {
    names(wanted).find(|name| !name.is_empty() && names(offered).any(|other| other == *name))
}

/// The names of a list; more than these no implementation has.
fn names(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|octet| *octet == b',').take(128)
}

fn authenticates(cipher: &[u8]) -> bool {
    cipher.starts_with(b"chacha20-poly1305") || cipher.ends_with(b"-gcm@openssh.com") || cipher.starts_with(b"AEAD_")
}

/// RFC 8758 (RC4), RFC 9142 §3 (RSA of 1024 bits), and no protection at all.
fn is_broken(name: &str) -> bool {
    name == "none" || name.starts_with("arcfour") || name.starts_with("des-cbc") || name == "rsa1024-sha1"
}

/// RFC 9142 §3 (SHA-1 and short groups in key exchange), RFC 8332 (RSA with SHA-1), RFC 4253 §6.6 (DSA is 1024 bits), ciphers with
/// blocks of 64 bits or in CBC, and MACs over MD5 or cut to 96 bits.
fn is_weak(name: &str) -> bool {
    const EXACT: &[&str] = &["ssh-rsa", "ssh-dss", "diffie-hellman-group1-sha1", "diffie-hellman-group14-sha1"];
    EXACT.contains(&name)
        || name.starts_with("diffie-hellman-group-exchange-sha1")
        || name.starts_with("gss-group1-sha1")
        || name.ends_with("-cbc")
        || name.starts_with("rijndael-cbc")
        || name.starts_with("hmac-md5")
        || name.starts_with("hmac-sha1-96")
}
