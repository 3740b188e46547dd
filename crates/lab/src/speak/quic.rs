//! QUIC version 1: a client's first packet (RFC 9000 §17.2.2), protected as RFC 9001 §5 says.

use aes::cipher::{Block, BlockCipherEncrypt, KeyInit};
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes128Gcm, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;

/// The salt of version 1 (RFC 9001 §5.2).
const SALT: [u8; 20] =
    [0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a];

fn expand<const N: usize>(from: &Hkdf<Sha256>, label: &str) -> [u8; N] {
    let label = format!("tls13 {label}");
    let info = [&(N as u16).to_be_bytes()[..], &[label.len() as u8], label.as_bytes(), &[0]].concat();
    let mut key = [0; N];
    from.expand(&info, &mut key).expect("a short key");
    key
}

/// An Initial packet of 1200 octets that carries a TLS hello (a handshake message without its record).
///
/// # Panics
/// When the hello has more than a thousand octets.
#[must_use]
pub fn initial(destination: &[u8; 8], source: &[u8; 8], hello: &[u8]) -> Vec<u8> {
    const SIZE: usize = 1200;
    let mut header = vec![0xc3, 0, 0, 0, 1, 8];
    header.extend(destination);
    header.push(8);
    header.extend(source);
    header.push(0);
    let length = (SIZE - header.len() - 2) as u16;
    header.extend((length | 0x4000).to_be_bytes());
    header.extend([0; 4]);
    let mut frames = [&[6, 0][..], &(hello.len() as u16 | 0x4000).to_be_bytes(), hello].concat();
    assert!(frames.len() <= SIZE - header.len() - 16, "the hello fits one packet");
    frames.resize(SIZE - header.len() - 16, 0);

    let initial = Hkdf::<Sha256>::new(Some(&SALT), destination);
    let secret: [u8; 32] = expand(&initial, "client in");
    let client = Hkdf::<Sha256>::from_prk(&secret).expect("a secret of the hash's length");
    let (key, iv, mask): ([u8; 16], [u8; 12], [u8; 16]) =
        (expand(&client, "quic key"), expand(&client, "quic iv"), expand(&client, "quic hp"));
    // Packet number 0: the nonce is the vector itself.
    let sealed = Aes128Gcm::new(&key.into()).encrypt(&Nonce::from(iv), Payload { msg: &frames, aad: &header });
    let sealed = sealed.expect("room in a vector");
    let sample: [u8; 16] = sealed[..16].try_into().expect("a sample");
    let mut sample = Block::<aes::Aes128>::from(sample);
    aes::Aes128::new(&mask.into()).encrypt_block(&mut sample);
    let number_at = header.len() - 4;
    header[0] ^= sample[0] & 0x0f;
    for index in 0..4 {
        header[number_at + index] ^= sample[1 + index];
    }
    [header, sealed].concat()
}
