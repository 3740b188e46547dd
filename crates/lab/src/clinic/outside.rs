//! Vendors who come from outside, and the tools they come with.

use super::network::resolve;
use crate::speak::der::Certificate;
use crate::speak::ssh;
use crate::speak::tls::{Handshake, TLS_1_2};
use crate::{Clinic, Host, Scene};

const MINUTE: i64 = 60_000;

pub fn play(clinic: &Clinic, scene: &mut Scene) {
    scene.at_ms(18 * MINUTE);
    let vendor = Host::behind("vendor", "203.0.113.77", &clinic.router);
    let mut tcp = scene.tcp(&vendor, &clinic.ultrasound, 22);
    ssh::session(scene, &mut tcp, "SSH-2.0-OpenSSH_9.6", "SSH-2.0-dropbear_2015.67", 30);
    tcp.close(scene);

    scene.at_ms(20 * MINUTE);
    let name = "router15.teamviewer.com";
    resolve(clinic, scene, &clinic.analyser, name, [203, 0, 113, 15]);
    let tool = Host::behind("remote tool", "203.0.113.15", &clinic.router);
    let certificate = Certificate {
        subject: "*.teamviewer.com",
        organisation: "TeamViewer Germany GmbH",
        issuer: "Example Public CA",
        not_before: "250601000000Z",
        not_after: "260701000000Z",
        bits: 2048,
    };
    let mut tcp = scene.tcp(&clinic.analyser, &tool, 443);
    let session = Handshake { version: TLS_1_2, server_name: name, alpn: "", suite: 0xc02f, certificate, data: 60_000 };
    session.run(scene, &mut tcp);
    tcp.close(scene);
}
