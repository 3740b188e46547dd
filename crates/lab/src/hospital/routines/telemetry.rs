//! Philips IntelliVue: monitors that export data to a central station.

use crate::hospital::play::Play;
use crate::hospital::site::DeviceId;
use crate::hospital::truth::{Key, Party};

/// A monitor's datagram to its central station.
pub fn intellivue(play: &mut Play, device: DeviceId, central: DeviceId) {
    let length = play.between(180, 680) as usize;
    let data = [&[0xe1, 0, 0, 2][..], &play.scene.random_bytes(length)].concat();
    let key = Key { client: Party::Device(device), server: Party::Device(central), tcp: false, port: 24_105 };
    play.datagrams(key, ("", true), 24_105, &data, None);
}
