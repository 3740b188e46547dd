//! The virtual hospital against itself and against readers that are not ours.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation, clippy::print_stderr)]

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::process::Command;

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use lab::hospital::catalogue::Catalogue;
use lab::hospital::play::HOUR;
use lab::hospital::truth::{Party, Truth, address};
use lab::hospital::{Capture, Frame, Hospital, Manifest, Options, Play, SCRIPTS, generate, people};

fn hospital(name: &str, seed: u64, rate: f64) -> Hospital {
    let manifest = Manifest::parse(Manifest::shipped(name).unwrap()).unwrap();
    let mut hospital = Hospital::new(&manifest, seed).unwrap();
    hospital.rate *= rate;
    hospital
}

fn capture(hospital: Hospital, seed: u64, days: f64) -> (Vec<u8>, Play) {
    let mut play = Play::new(hospital, &Options { seed, days });
    let mut capture = Capture::pcap(Vec::new()).unwrap();
    play.run(&mut capture).unwrap();
    (capture.finish().unwrap(), play)
}

#[test]
fn shipped_manifests_have_the_devices_they_say() {
    for (name, devices, sites) in [("clinic", 60, 1), ("community", 1_500, 1), ("regional", 50_000, 20)] {
        let hospital = hospital(name, 1, 1.0);
        assert_eq!((hospital.devices.len(), hospital.sites.len()), (devices, sites), "{name}");
        let macs: std::collections::HashSet<_> = hospital.devices.iter().map(|device| device.interface.mac).collect();
        let ips: std::collections::HashSet<_> = hospital.devices.iter().map(|device| device.interface.ip).collect();
        assert_eq!((macs.len(), ips.len()), (devices, devices), "{name}: addresses are unique");
    }
}

#[test]
fn manifests_of_any_size_are_generated() {
    for devices in [100, 2_499, 2_500, 7_777, 100_000] {
        let manifest = Manifest::parse(&generate::manifest(devices)).unwrap();
        assert_eq!(Hospital::new(&manifest, 1).unwrap().devices.len() as u32, devices);
    }
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let clinic = Manifest::shipped("clinic").unwrap();
    for (from, to, line, says) in [
        ("model = \"mirth-engine\"", "model = \"mirth-motor\"", true, "no model `mirth-motor`"),
        ("subnet = \"office\"", "subnet = \"attic\"", true, "no subnet `attic`"),
        ("space = \"10.20.0.0/16\"", "space = \"10.20.0.0\"", true, "no network"),
        ("vlan = 40", "vlan = 4095", true, "VLAN 4095"),
        ("count = 11", "count = 1100", true, "has 245 addresses"),
        ("count = 11", "counts = 11", true, "unknown field `counts`"),
        ("unit = \"Imaging\"", "unit = \"Attic\"", true, "unit `Attic`"),
    ] {
        assert!(clinic.contains(from), "{from}");
        let text = clinic.replacen(from, to, 1);
        let error = Manifest::parse(&text).and_then(|manifest| Hospital::new(&manifest, 1).map(drop)).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        assert_eq!(error.contains("line "), line, "{error}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let play = |seed| {
        let (bytes, play) = capture(hospital("clinic", seed, 1.0), seed, 0.2);
        let mut truth = Vec::new();
        play.truth.write(&play.hospital, seed, &mut truth).unwrap();
        (bytes, truth)
    };
    let (one, again, other) = (play(7), play(7), play(8));
    assert!(one == again, "same seed, same bytes");
    assert!(one.0 != other.0);
}

#[test]
fn frames_are_in_order_and_few_wait() {
    let (mut last, mut count) = (None, 0_u64);
    let mut play = Play::new(hospital("clinic", 3, 1.0), &Options { seed: 3, days: 1.0 });
    play.run(&mut |frame: &Frame<'_>| {
        assert!(last.is_none_or(|last| last <= frame.time));
        last = Some(frame.time);
        count += 1;
        assert_eq!(frame.number, count);
        Ok(())
    })
    .unwrap();
    assert!(count > 50_000, "a clinic's day has {count} frames");
    assert!(play.most_held() < 5_000, "{} frames waited at once", play.most_held());
}

/// Packets of each client, server, carrier and port, as an independent reader finds them in the frames.
#[test]
fn truth_agrees_with_the_frames() {
    let mut seen: HashMap<(Ipv4Addr, Ipv4Addr, bool, u16), u64> = HashMap::new();
    let mut frames = Vec::new();
    let mut play = Play::new(hospital("clinic", 5, 1.0), &Options { seed: 5, days: 0.3 });
    play.run(&mut |frame: &Frame<'_>| {
        frames.push(frame.bytes.to_vec());
        Ok(())
    })
    .unwrap();
    for bytes in &frames {
        let packet = SlicedPacket::from_ethernet(bytes).unwrap();
        let (Some(NetSlice::Ipv4(ip)), Some(transport)) = (&packet.net, &packet.transport) else { continue };
        let (from, to) = (ip.header().source_addr(), ip.header().destination_addr());
        let (tcp, source, destination) = match transport {
            TransportSlice::Tcp(tcp) => (true, tcp.source_port(), tcp.destination_port()),
            TransportSlice::Udp(udp) => (false, udp.source_port(), udp.destination_port()),
            _ => continue,
        };
        for key in [(from, to, tcp, destination), (to, from, tcp, source)] {
            *seen.entry(key).or_default() += 1;
        }
    }
    let truth: &Truth = &play.truth;
    assert!(truth.conversations.len() > 200);
    for one in &truth.conversations {
        let ip = |party| match address(&play.hospital, party) {
            std::net::IpAddr::V4(ip) => ip,
            std::net::IpAddr::V6(_) => unreachable!(),
        };
        // Who had several addresses is not found by the last of them.
        let moved = |party: Party| {
            party.device().is_some_and(|device| truth.addresses.iter().filter(|address| address.device == device).count() > 1)
        };
        if one.packets == [0, 0] || moved(one.key.client) || moved(one.key.server) {
            continue;
        }
        let found = seen.get(&(ip(one.key.client), ip(one.key.server), one.key.tcp, one.key.port)).copied().unwrap_or(0);
        // A port that both sides use counts each packet twice.
        let said = one.packets[0] + one.packets[1];
        assert!(found == said || found == 2 * said, "{:?}: {found} found, {said} said", one.key);
        assert!(one.frames[0] >= 1 && one.frames[1] as usize <= frames.len() && one.times[0] <= one.times[1]);
    }
}

#[test]
fn truth_is_json_lines() {
    let (_, play) = capture(hospital("clinic", 2, 1.0), 2, 0.1);
    let mut text = Vec::new();
    play.truth.write(&play.hospital, 2, &mut text).unwrap();
    let mut kinds: HashMap<String, usize> = HashMap::new();
    for line in String::from_utf8(text).unwrap().lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        *kinds.entry(value["kind"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!(kinds["device"], 60);
    assert!(kinds["conversation"] > 100 && kinds["address"] >= 60 && kinds["end"] == 1 && kinds["hospital"] == 1, "{kinds:?}");
}

#[test]
fn every_incident_has_its_frames() {
    for script in SCRIPTS {
        let mut community = hospital("community", 11, 0.02);
        let at = community.start.plus_nanos(HOUR / 2);
        community.incidents.push((script.id.to_owned(), at));
        let mut tagged = 0_u64;
        let mut play = Play::new(community, &Options { seed: 11, days: 0.15 });
        let mut times = HashMap::new();
        play.run(&mut |frame: &Frame<'_>| {
            times.insert(frame.number, frame.time);
            tagged += 1;
            Ok(())
        })
        .unwrap();
        let incident = &play.truth.incidents[0];
        assert_eq!(incident.harmful, script.harmful);
        let count: u64 = incident.frames.iter().map(|[first, last]| last - first + 1).sum();
        assert!(count > 3, "{}: {count} frames", script.id);
        assert!(incident.frames.windows(2).all(|pair| pair[0][1] < pair[1][0]), "{}: runs in order", script.id);
        let [first, last] = incident.times.unwrap();
        assert!(first >= at && times[&incident.frames[0][0]] == first && times[&incident.frames.last().unwrap()[1]] == last);
        assert!(!incident.actors.is_empty() || !incident.targets.is_empty(), "{}: who", script.id);
        assert!(!play.truth.events.iter().any(|event| event.what.contains("not played")), "{}", script.id);
    }
}

#[test]
fn nobody_real_is_named() {
    let mut play = Play::new(hospital("clinic", 4, 1.0), &Options { seed: 4, days: 0.05 });
    for _ in 0..5_000 {
        let patient = play.patient();
        for text in [patient.name(), patient.id(), patient.accession(3), patient.pid()] {
            assert!(people::MARKS.iter().any(|mark| text.contains(mark)), "{text}");
        }
    }
}

/// An independent reader finds no malformed frame, and the protocols that truth names.
#[test]
fn tshark_reads_every_frame() {
    if Command::new("tshark").arg("--version").output().is_err() {
        eprintln!("skipped: no tshark");
        return;
    }
    let folder = std::env::temp_dir().join(format!("medwarden-hospital-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("community.pcap");
    let mut community = hospital("community", 21, 0.15);
    for (place, script) in SCRIPTS.iter().enumerate() {
        let at = community.start.plus_nanos(HOUR / 2 + place as i64 * HOUR / 20);
        community.incidents.push((script.id.to_owned(), at));
    }
    let (bytes, play) = capture(community, 21, 0.1);
    std::fs::write(&path, bytes).unwrap();
    let shark = |arguments: &[&str]| {
        let output = Command::new("tshark").arg("-r").arg(&path).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let malformed = shark(&[
        "-Y",
        "_ws.malformed || _ws.expert.severity == error",
        "-T",
        "fields",
        "-e",
        "frame.number",
        "-e",
        "_ws.expert.message",
    ]);
    assert!(malformed.is_empty(), "malformed frames:\n{}", &malformed[..malformed.len().min(2000)]);
    let hierarchy = shark(&["-q", "-z", "io,phs"]);
    // Our ids, and tshark's words for the same.
    let words: HashMap<&str, &str> = [("smb", "smb2"), ("bacnet", "bacnet"), ("jetdirect", "data")].into();
    let spoken: std::collections::BTreeSet<&str> =
        play.truth.conversations.iter().filter(|one| one.packets[1] > 0 && one.key.tcp).map(|one| one.protocol).collect();
    // RDP shows as what carries it; LIS2-A2 and POCT1-A tshark does not know.
    for id in spoken.iter().filter(|id| !["", "rdp", "lis2", "poct1a"].contains(*id)) {
        let word = words.get(id).unwrap_or(id);
        assert!(
            hierarchy
                .lines()
                .any(|line| line.trim().starts_with(&format!("{word} ")) || line.trim().starts_with(&format!("{word}."))),
            "{id}\n{hierarchy}"
        );
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_catalogue_covers_a_hospital() {
    let classes: std::collections::BTreeSet<&str> =
        Catalogue::builtin().models().iter().map(|model| model.class.as_str()).collect();
    for class in [
        "infusion_pump",
        "syringe_pump",
        "patient_monitor",
        "central_station",
        "telemetry",
        "ventilator",
        "anaesthesia",
        "ct",
        "mr",
        "ultrasound",
        "xray",
        "computed_radiography",
        "pacs",
        "lab_analyzer",
        "point_of_care_analyzer",
        "lis",
        "ehr",
        "interface_engine",
        "pharmacy_system",
        "medication_dispensing",
        "nurse_call",
        "smart_bed",
        "access_control",
        "camera",
        "building_controller",
        "power",
        "printer",
        "workstation",
        "ip_phone",
        "mobile",
        "domain_controller",
    ] {
        assert!(classes.contains(class), "no {class}");
    }
}

/// A mirror that sees both VLANs of a routed packet shows it twice, one hop apart, with sums that are right.
#[test]
fn both_legs_of_a_routed_packet() {
    let both = "switches = [\"core\"], both_legs = true, tags = true }";
    let text = Manifest::shipped("clinic").unwrap().replace("switches = [\"core\"] }", both);
    assert!(text.contains("both_legs"));
    let mut play = Play::new(Hospital::new(&Manifest::parse(&text).unwrap(), 6).unwrap(), &Options { seed: 6, days: 0.03 });
    /// Addresses, identification and payload: what stays on the way.
    type Same = (Ipv4Addr, Ipv4Addr, Vec<u8>);
    let mut hops: HashMap<Same, Vec<(u16, u8)>> = HashMap::new();
    play.run(&mut |frame: &Frame<'_>| {
        let packet = SlicedPacket::from_ethernet(frame.bytes).unwrap();
        let Some(NetSlice::Ipv4(ip)) = &packet.net else { return Ok(()) };
        let header = ip.header().to_header();
        assert_eq!(header.header_checksum, header.calc_header_checksum(), "frame {}", frame.number);
        let vlan = packet.vlan().unwrap();
        let etherparse::VlanSlice::SingleVlan(tag) = vlan else { panic!("one tag is wanted") };
        let mark = [&header.identification.to_be_bytes()[..], ip.payload().payload].concat();
        let key = (ip.header().source_addr(), ip.header().destination_addr(), mark);
        hops.entry(key).or_default().push((tag.vlan_identifier().value(), header.time_to_live));
        Ok(())
    })
    .unwrap();
    let twice: Vec<_> = hops.values().filter(|legs| legs.len() == 2).collect();
    assert!(twice.len() > 500, "{}", twice.len());
    for legs in twice {
        let [(one, before), (other, after)] = legs[..] else { unreachable!() };
        assert!(one != other && before == after + 1, "{legs:?}");
    }
}

/// Who is behind a translating router is, elsewhere, that router; and no mirror hears the devices themselves.
#[test]
fn a_translated_site_is_its_router() {
    let practice = "[[site]]\nname = \"practice\"\nnat = true\nsubnets = [{ name = \"lan\", vlan = 7, prefix = 26, dhcp = true }]\n\
                    [[site.devices]]\nmodel = \"fortinet-fortigate-100f\"\nsubnet = \"lan\"\n\
                    [[site.devices]]\nmodel = \"dell-optiplex-win11\"\ncount = 5\nsubnet = \"lan\"\n";
    let text = format!("{}\n{practice}", Manifest::shipped("clinic").unwrap());
    let hospital = Hospital::new(&Manifest::parse(&text).unwrap(), 9).unwrap();
    let (router, devices) = (hospital.sites[1].router, hospital.devices.len() as u32);
    let (_, play) = capture(hospital, 9, 0.5);
    assert!(play.truth.heard(router).frames > 100);
    assert!((router + 1..devices).all(|device| play.truth.heard(device).frames == 0));
    let seen: Vec<_> = play.truth.conversations.iter().filter(|one| one.packets != [0, 0]).collect();
    assert!(seen.iter().any(|one| one.key.client == Party::Device(router)));
    let behind = |party: Party| party.device().is_some_and(|device| (router + 1..devices).contains(&device));
    let named: Vec<_> = seen.iter().filter(|one| behind(one.key.client) || behind(one.key.server)).collect();
    assert!(named.is_empty(), "{named:?}");
}
