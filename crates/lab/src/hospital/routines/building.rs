//! The building: cameras, doors, air, plant, tags.

use super::talk::{Request, page};
use crate::Direction::{ToClient, ToServer};
use crate::hospital::play::Play;
use crate::hospital::site::DeviceId;
use crate::hospital::truth::{Key, Party};

/// The recorder takes a picture from a camera.
pub fn camera(play: &mut Play, device: DeviceId) {
    let Some(recorder) = play.server(device, "recorder") else { return };
    let picture = play.scene.random_bytes(9_000);
    let path = play.says(device, "picture-path");
    let request = Request {
        what: ("GET", if path.is_empty() { "/image.jpg" } else { path }),
        agent: "ExampleRecorder/4.2",
        headers: &[],
        body: b"",
        answer: ("200 OK", &picture),
    };
    page(play, recorder, device, 80, &request);
}

/// A door's controller tells who came.
pub fn door(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "badge-server") else { return };
    let port: u16 = play.says(device, "door-port").parse().unwrap_or(4070);
    let message = [&[0x53, 1, 0, 0x10][..], &play.scene.random_bytes(28)].concat();
    let mut line = play.connect(Party::Device(device), Party::Device(server), port, "", false);
    line.send(play, ToServer, &message);
    line.send(play, ToClient, &[0x53, 1, 0, 4, 0, 0, 0, 0]);
    line.close(play);
}

/// BACnet/IP (ASHRAE 135 annex J): who is there, and a value read.
pub fn bacnet(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "building-server") else { return };
    let instance = 0x0200_0000_u32 | (1000 + device);
    let vendor: u8 = play.says(device, "bacnet-vendor").parse().unwrap_or(5);
    if play.chance(8) {
        // I-Am (§16.10): object, largest message, no segmentation, vendor.
        let i_am =
            [&[0x81, 0x0b, 0, 20, 1, 0, 0x10, 0, 0xc4][..], &instance.to_be_bytes(), &[0x22, 5, 0xc4, 0x91, 3, 0x21, vendor]]
                .concat();
        play.on_link(device, |scene, host, _| {
            scene.udp(host, 47_808, &crate::Host::broadcast(), 47_808, &i_am);
        });
    }
    // ReadProperty (§15.5) of the model name (70) or the present value (85) of analog input 1, and its answer.
    let invoke = play.scene.random() as u8;
    let asks_name = play.chance(20);
    let model = play.says(device, "bacnet-model").as_bytes();
    let object = if asks_name { instance } else { 1 };
    let property = if asks_name { 70 } else { 85 };
    let ask_body = [&[1, 4, 0, 5, invoke, 12, 0x0c][..], &object.to_be_bytes(), &[0x19, property]].concat();
    let value = if asks_name {
        [&[0x75, model.len() as u8 + 1, 0][..], model].concat()
    } else {
        [&[0x44][..], &21.5_f32.to_be_bytes()].concat()
    };
    let answer_body =
        [&[1, 0, 0x30, invoke, 12, 0x0c][..], &object.to_be_bytes(), &[0x19, property, 0x3e], &value, &[0x3f]].concat();
    let framed = |body: &[u8]| [&[0x81, 0x0a][..], &(body.len() as u16 + 4).to_be_bytes(), body].concat();
    let key = Key { client: Party::Device(server), server: Party::Device(device), tcp: false, port: 47_808 };
    play.datagrams(key, ("bacnet", false), 47_808, &framed(&ask_body), Some(&framed(&answer_body)));
}

/// Modbus/TCP: holding registers are read.
pub fn modbus(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "building-server") else { return };
    let id = (play.number() as u16).to_be_bytes();
    let ask = [&id[..], &[0, 0, 0, 6, 1, 3, 0, 0, 0, 4]].concat();
    let answer = [&id[..], &[0, 0, 0, 11, 1, 3, 8, 0, 21, 0, 45, 1, 2, 0, 7]].concat();
    let mut line = play.connect(Party::Device(server), Party::Device(device), 502, "modbus", false);
    line.exchange(play, &ask, &answer);
    line.close(play);
}

/// A reader of locating tags reports.
pub fn tag(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "location-server") else { return };
    let data = [&[0x01, 0x03][..], &play.scene.random_bytes(46)].concat();
    let key = Key { client: Party::Device(device), server: Party::Device(server), tcp: false, port: 7_117 };
    play.datagrams(key, ("", false), 7_117, &data, None);
}
