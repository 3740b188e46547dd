//! Long headers, and the protection of Initial packets (RFC 9000 §17.2, RFC 9001 §5).

use aes::cipher::{Block, BlockCipherEncrypt, KeyInit};
use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{Aes128Gcm, Nonce, Tag};
use hkdf::Hkdf;
use sha2::Sha256;

use crate::bytes::Cursor;

use super::version::Version;

/// Octets of an authentication tag.
const TAG: usize = 16;
/// Where the sample for header protection begins behind the start of the packet number (RFC 9001 §5.4.2).
const SAMPLE: usize = 4;

/// A long header up to the packet number.
#[derive(Clone, Copy, Debug)]
pub(super) struct LongHeader<'a> {
    /// The destination connection id.
    pub(super) destination: &'a [u8],
    /// The packet is an Initial.
    pub(super) is_initial: bool,
    /// Where the packet number begins.
    number_at: usize,
    /// Where the packet ends in its datagram.
    pub(super) end: usize,
}

impl<'a> LongHeader<'a> {
    /// Reads the header at the front. `None` where it is none of this version.
    pub(super) fn read(packet: &'a [u8], version: Version) -> Option<Self> {
        let mut at = Cursor::new(packet);
        let first = at.u8()?;
        at.skip(4)?;
        let destination = connection_id(&mut at)?;
        connection_id(&mut at)?;
        let bits = first >> 4 & 3;
        if first & 0x40 == 0 {
            return None;
        }
        if bits == version.retry_bits() {
            return Some(Self { destination, is_initial: false, number_at: packet.len(), end: packet.len() });
        }
        let is_initial = bits == version.initial_bits();
        if is_initial {
            let token = usize::try_from(varint(&mut at)?).ok()?;
            at.skip(token)?;
        }
        let length = usize::try_from(varint(&mut at)?).ok()?;
        let number_at = packet.len().checked_sub(at.len())?;
        Some(Self { destination, is_initial, number_at, end: number_at.checked_add(length)? })
    }

    /// The packet ends within a datagram of this length and has room for what protection needs.
    pub(super) const fn is_whole(&self, length: usize) -> bool {
        self.end <= length && self.end >= self.number_at
    }
}

fn connection_id<'a>(at: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = at.u8()?;
    if length > 20 { None } else { at.take(length.into()) }
}

/// A variable-length integer (RFC 9000 §16).
pub(super) fn varint(at: &mut Cursor<'_>) -> Option<u64> {
    let first = *at.rest().first()?;
    let octets = at.take(1usize << (first >> 6))?;
    let sum = octets.iter().fold(0u64, |sum, octet| sum << 8 | u64::from(*octet));
    // The two bits that say the length are the highest of what was read.
    let bits = octets.len().saturating_mul(8).saturating_sub(2);
    Some(sum & (1u64 << bits).wrapping_sub(1))
}

/// Keys of the Initial packets of one side.
pub(super) struct Keys {
    payload: Aes128Gcm,
    iv: [u8; 12],
    header: aes::Aes128,
}

impl Keys {
    /// Those of the client. `None` for a version whose salt is not known.
    pub(super) fn of_client(version: Version, destination: &[u8]) -> Option<Self> {
        let initial = Hkdf::<Sha256>::new(Some(version.salt()?), destination);
        let secret: [u8; 32] = expand(&initial, b"tls13 client in")?;
        let client = Hkdf::<Sha256>::from_prk(&secret).ok()?;
        let [key, iv, header] = version.labels();
        let (key, header): ([u8; 16], [u8; 16]) = (expand(&client, key)?, expand(&client, header)?);
        Some(Self { payload: Aes128Gcm::new(&key.into()), iv: expand(&client, iv)?, header: aes::Aes128::new(&header.into()) })
    }

    /// The payload in clear; `None` where the packet is not protected by these keys or not whole.
    pub(super) fn open(&self, header: &LongHeader<'_>, packet: &[u8]) -> Option<Vec<u8>> {
        let packet = packet.get(..header.end)?;
        let sample = packet.get(header.number_at.checked_add(SAMPLE)?..)?.first_chunk::<16>()?;
        let mut mask = Block::<aes::Aes128>::from(*sample);
        self.header.encrypt_block(&mut mask);
        let [mask_first, mask_number @ ..] = <[u8; 16]>::from(mask);

        let first = packet.first()? ^ mask_first & 0x0f;
        let number_len = usize::from(first & 3).saturating_add(1);
        let payload_at = header.number_at.checked_add(number_len)?;
        let mut clear = packet.get(..payload_at)?.to_vec();
        *clear.first_mut()? = first;
        let mut nonce = self.iv;
        // The number of so early a packet is whole in its last octets (RFC 9000 App. A.3).
        for (index, mask) in mask_number.iter().take(number_len).enumerate() {
            let octet = clear.get_mut(header.number_at.checked_add(index)?)?;
            *octet ^= mask;
            let place = nonce.len().checked_sub(number_len)?.checked_add(index)?;
            *nonce.get_mut(place)? ^= *octet;
        }
        let sealed = packet.get(payload_at..)?;
        let (body, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG)?)?;
        let mut body = body.to_vec();
        let tag = Tag::<_>::from(*tag.first_chunk::<TAG>()?);
        self.payload.decrypt_inout_detached(&Nonce::from(nonce), &clear, InOutBuf::from(body.as_mut_slice()), &tag).ok()?;
        Some(body)
    }
}

/// `HKDF-Expand-Label` without context (RFC 8446 §7.1), of a label that has its prefix already.
fn expand<const N: usize>(from: &Hkdf<Sha256>, label: &[u8]) -> Option<[u8; N]> {
    let mut okm = [0; N];
    let length = u16::try_from(N).ok()?.to_be_bytes();
    let label_length = [u8::try_from(label.len()).ok()?];
    from.expand_multi_info(&[&length, &label_length, label, &[0]], &mut okm).ok()?;
    Some(okm)
}

#[cfg(test)]
impl Keys {
    /// Protects a packet whose header ends in a packet number of four octets.
    pub(super) fn seal(&self, header: &[u8], payload: &[u8]) -> Vec<u8> {
        let mut body = payload.to_vec();
        let mut nonce = self.iv;
        for (octet, number) in nonce[8..].iter_mut().zip(&header[header.len() - 4..]) {
            *octet ^= number;
        }
        let tag = self.payload.encrypt_inout_detached(&Nonce::from(nonce), header, InOutBuf::from(body.as_mut_slice())).unwrap();
        body.extend(tag);
        let sample: [u8; 16] = body[..16].try_into().unwrap();
        let mut mask = Block::<aes::Aes128>::from(sample);
        self.header.encrypt_block(&mut mask);
        let mut packet = [header, &body].concat();
        packet[0] ^= mask[0] & 0x0f;
        for index in 0..4 {
            packet[header.len() - 4 + index] ^= mask[1 + index];
        }
        packet
    }
}
