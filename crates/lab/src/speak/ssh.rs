//! SSH (RFC 4253 §4.2, §7): version lines and algorithm lists; what follows is encrypted and random.

use crate::{Direction, Scene, Tcp};

fn packet(scene: &mut Scene, payload: &[u8]) -> Vec<u8> {
    let padding = 8 - (payload.len() + 5) % 8 + 8;
    let mut bytes = ((payload.len() + padding + 1) as u32).to_be_bytes().to_vec();
    bytes.push(padding as u8);
    bytes.extend(payload);
    bytes.extend(scene.random_bytes(padding));
    bytes
}

fn kex_init(scene: &mut Scene, lists: [&str; 4]) -> Vec<u8> {
    let [exchange, key, cipher, mac] = lists;
    let mut payload = vec![20];
    payload.extend(scene.random_bytes(16));
    for list in [exchange, key, cipher, cipher, mac, mac, "none", "none", "", ""] {
        payload.extend((list.len() as u32).to_be_bytes());
        payload.extend(list.as_bytes());
    }
    payload.extend([0; 5]);
    packet(scene, &payload)
}

/// Version lines, algorithm lists, key exchange, then so many encrypted packets each way.
pub fn session(scene: &mut Scene, tcp: &mut Tcp, client: &str, server: &str, packets: usize) {
    tcp.exchange(scene, format!("{client}\r\n").as_bytes(), format!("{server}\r\n").as_bytes());
    let new = [
        "curve25519-sha256,diffie-hellman-group14-sha256,diffie-hellman-group14-sha1",
        "ssh-ed25519,rsa-sha2-256,ssh-rsa",
        "aes256-gcm@openssh.com,aes128-ctr",
        "hmac-sha2-256,hmac-sha1",
    ];
    let old =
        ["diffie-hellman-group14-sha1,diffie-hellman-group1-sha1", "ssh-rsa", "aes128-ctr,aes128-cbc,3des-cbc", "hmac-sha1"];
    let (ours, theirs) = (kex_init(scene, new), kex_init(scene, old));
    tcp.exchange(scene, &ours, &theirs);
    // Diffie-Hellman of group 14: two numbers of 2048 bits, a host key and a signature.
    let number = |scene: &mut Scene| [&257_u32.to_be_bytes()[..], &[0], &scene.random_bytes(256)].concat();
    let public = [&[30][..], &number(scene)].concat();
    let request = packet(scene, &public);
    tcp.send(scene, Direction::ToServer, &request);
    let modulus = number(scene);
    let key = [&7_u32.to_be_bytes()[..], b"ssh-rsa", &3_u32.to_be_bytes(), &[1, 0, 1], &modulus].concat();
    let signature = [&7_u32.to_be_bytes()[..], b"ssh-rsa", &256_u32.to_be_bytes(), &scene.random_bytes(256)].concat();
    let mut reply = vec![31];
    reply.extend((key.len() as u32).to_be_bytes());
    reply.extend(key);
    reply.extend(number(scene));
    reply.extend((signature.len() as u32).to_be_bytes());
    reply.extend(signature);
    let reply = [packet(scene, &reply), packet(scene, &[21])].concat();
    tcp.send(scene, Direction::ToClient, &reply);
    let new_keys = packet(scene, &[21]);
    tcp.send(scene, Direction::ToServer, &new_keys);
    for _ in 0..packets {
        let (ask, answer) = (scene.random_bytes(52), scene.random_bytes(148));
        tcp.exchange(scene, &ask, &answer);
    }
}
