use model::FactKind as K;
use model::FactValue;

use super::build::{Seen, ids, value, with_ip};

const A: &str = "00:09:fb:00:00:0a@10.0.0.5";
const B: &str = "00:09:fb:00:00:0b@10.0.0.5";

#[test]
fn an_address_that_moves_takes_no_facts_along() {
    let devices = Seen::new()
        .arp(10, A)
        .text(20, "@10.0.0.5", K::HostName, "mdns.host", "first")
        .arp(100, B)
        .text(120, "@10.0.0.5", K::HostName, "mdns.host", "second")
        .devices();
    assert_eq!(ids(&devices), ["d-0009fb00000a", "d-0009fb00000b"]);
    assert_eq!(devices.iter().map(|device| value(&device.name)).collect::<Vec<_>>(), ["first", "second"]);
    assert_eq!(with_ip(&devices, "10.0.0.5").len(), 2);
}

#[test]
fn a_host_without_link_layer_is_known_by_its_address() {
    let devices =
        Seen::new().flow(1, "@10.0.0.5", "@10.0.0.9", 104, (64, 64)).flow(2, "@10.0.0.5", "@192.0.2.1", 443, (64, 50)).devices();
    assert_eq!(ids(&devices), ["d-10.0.0.5", "d-10.0.0.9"]);
}

#[test]
fn a_loopback_capture_is_one_host() {
    let devices = Seen::new()
        .flow(1, "@127.0.0.1", "@127.0.0.1", 104, (64, 64))
        .text(1, "@127.0.0.1", K::AeTitle, "dicom.calling-ae", "SCU")
        .devices();
    assert_eq!(ids(&devices), ["d-127.0.0.1"]);
    assert_eq!(value(&devices[0].name), "SCU");
    assert_eq!(with_ip(&devices, "127.0.0.1").len(), 1);
}

#[test]
fn a_router_keeps_its_own_address_and_gives_up_those_behind_it() {
    let router = |ip: &str| format!("00:00:5e:00:53:01@{ip}");
    let devices = Seen::new()
        .flow(1, "00:09:fb:00:00:0a@10.0.0.5", &router("10.0.0.1"), 443, (64, 64))
        .flow(2, "00:09:fb:00:00:0a@10.0.0.5", &router("192.0.2.7"), 443, (64, 55))
        .flow(3, "00:09:fb:00:00:0a@10.0.0.5", &router("10.9.0.7"), 104, (64, 63))
        .text(3, &router("10.9.0.7"), K::AeTitle, "dicom.answering-ae", "PACS")
        .devices();
    assert_eq!(ids(&devices), ["d-00005e005301", "d-0009fb00000a", "d-10.9.0.7"]);
    let router = &devices[0];
    assert!(router.is_router && value(&router.class) == "router");
    assert_eq!(router.addresses.iter().map(|a| a.ip.to_string()).collect::<Vec<_>>(), ["10.0.0.1"]);
    assert_eq!(value(&devices[2].name), "PACS");
    assert!(devices[2].maker.is_none(), "the router's address block says nothing of it");
}

#[test]
fn who_was_only_asked_for_is_no_device() {
    let devices = Seen::new()
        .arp(1, "00:09:fb:00:00:0a@10.0.0.5")
        .fact(2, "@10.0.0.77", K::Router, "dhcp.option3", FactValue::Ip("10.0.0.77".parse().unwrap()))
        .devices();
    assert_eq!(ids(&devices), ["d-0009fb00000a"]);
}

#[test]
fn one_uuid_on_two_interfaces_is_one_device() {
    let devices = Seen::new()
        .arp(1, "00:09:fb:00:00:0a@10.0.0.5")
        .arp(1, "02:09:fb:00:00:0b@10.1.0.5")
        .text(1, "00:09:fb:00:00:0a@10.0.0.5", K::Uuid, "wsd.address", "6cbc4a18-495c-4194-b994-4a75e6b1858f")
        .text(1, "02:09:fb:00:00:0b@10.1.0.5", K::Uuid, "wsd.address", "6cbc4a18-495c-4194-b994-4a75e6b1858f")
        .devices();
    assert_eq!(ids(&devices).len(), 1);
    assert_eq!(devices[0].interfaces.len(), 2);
    assert!(devices[0].interfaces[1].locally_administered);
}

#[test]
fn a_product_s_defaults_merge_nothing() {
    let unit = |mac: &'static str| {
        move |seen: Seen| {
            seen.text(1, mac, K::HostName, "dhcp.option12", "HF-LPB100")
                .text(1, mac, K::CertificateKey, "tls.certificate.key", "ab12")
                .text(1, mac, K::Uuid, "ssdp.usn", "00000000-0000-0000-0000-000000000000")
        }
    };
    let seen = unit("00:09:fb:00:00:0b@10.0.0.6")(unit("00:09:fb:00:00:0a@10.0.0.5")(Seen::new()));
    assert_eq!(seen.devices().len(), 2);
}

#[test]
fn copied_disks_are_many_computers() {
    let computer = |seen: Seen, of: &'static str, name: &'static str| {
        let seen = seen.arp(1, of).text(1, of, K::Duid, "dhcpv6.option1", "000100011525505a00232407c582");
        if name.is_empty() { seen } else { seen.text(1, of, K::Fqdn, "dhcpv6.option39", name) }
    };
    let seen = computer(Seen::new(), "00:09:fb:00:00:0a@10.0.0.5", "ws-1.clinic.example");
    let seen = computer(seen, "00:09:fb:00:00:0b@10.0.0.6", "ws-2.clinic.example");
    assert_eq!(computer(seen, "00:09:fb:00:00:0c@10.0.0.7", "").devices().len(), 3);
}

#[test]
fn contradicting_names_keep_devices_apart() {
    let devices = Seen::new()
        .text(1, "00:09:fb:00:00:0a@10.0.0.5", K::Uuid, "ssdp.usn", "1234abcd-0000-0000-0000-000000000001")
        .text(1, "00:09:fb:00:00:0a@10.0.0.5", K::HostName, "dhcp.option12", "pump-1")
        .text(1, "00:09:fb:00:00:0b@10.0.0.6", K::Uuid, "ssdp.usn", "1234abcd-0000-0000-0000-000000000001")
        .text(1, "00:09:fb:00:00:0b@10.0.0.6", K::HostName, "dhcp.option12", "pump-2")
        .devices();
    assert_eq!(devices.len(), 2);
}

#[test]
fn station_and_title_together_join() {
    let both = |seen: Seen, of: &'static str| {
        seen.text(1, of, K::AeTitle, "dicom.calling-ae", "CT_ROOM_2").text(1, of, K::Serial, "snmp.serial", "SN-778812")
    };
    let seen = both(both(Seen::new(), "00:09:fb:00:00:0a@10.0.0.5"), "00:09:fb:00:00:0b@10.1.0.5");
    assert_eq!(seen.devices().len(), 1);
    let title_only = Seen::new().text(1, "00:09:fb:00:00:0a@10.0.0.5", K::AeTitle, "dicom.calling-ae", "STORESCU").text(
        1,
        "00:09:fb:00:00:0b@10.1.0.5",
        K::AeTitle,
        "dicom.calling-ae",
        "STORESCU",
    );
    assert_eq!(title_only.devices().len(), 2);
}

#[test]
fn identity_is_near_linear() {
    // A quadratic scan of this many would take minutes in an unoptimised build.
    let mut seen = Seen::new();
    for n in 0..5_000_u32 {
        let [_, a, b, c] = n.to_be_bytes();
        let of = format!("00:09:fb:{a:02x}:{b:02x}:{c:02x}@10.{a}.{b}.{c}");
        seen = seen.arp(1, &of).text(1, &of, K::HostName, "dhcp.option12", &format!("host-{n}"));
    }
    assert_eq!(seen.devices().len(), 5_000);
}

#[test]
fn people_put_interfaces_together_and_apart_and_the_later_counts() {
    use crate::{Node, Said};
    let inventory = Seen::new()
        .arp(1, "00:09:fb:00:00:0a@10.0.0.5")
        .arp(1, "00:09:fb:00:00:0b@10.0.0.6")
        .arp(1, "00:09:fb:00:00:0c@10.0.0.7")
        .text(2, "@10.0.0.5", K::Uuid, "wsd.uuid", "5f1b2c3d-0000-4000-8000-000000000001")
        .text(2, "@10.0.0.6", K::Uuid, "wsd.uuid", "5f1b2c3d-0000-4000-8000-000000000001")
        .folded();
    let mac = |last: u8| Node::Mac(model::MacAddr([0, 9, 0xfb, 0, 0, last]));
    let knowledge = knowledge::Knowledge::builtin();
    let of = |said: &[Said]| ids(&inventory.resolve_as_said(&knowledge, said).devices).join(" ");
    assert_eq!(of(&[]), "d-0009fb00000a d-0009fb00000c", "the UUID joins the first two");
    let (together, apart) = (Said::Together(vec![mac(0xb), mac(0xc)]), Said::Apart(vec![mac(0xb)]));
    assert_eq!(of(std::slice::from_ref(&together)), "d-0009fb00000a", "with all that belongs to any of them");
    assert_eq!(of(std::slice::from_ref(&apart)), "d-0009fb00000a d-0009fb00000b d-0009fb00000c");
    assert_eq!(of(&[apart.clone(), together.clone()]), "d-0009fb00000a d-0009fb00000b");
    assert_eq!(of(&[together, apart]), "d-0009fb00000a d-0009fb00000b");
    assert_eq!(of(&[Said::Together(vec![mac(0xd)])]), of(&[]), "what was never heard makes no device");
}
