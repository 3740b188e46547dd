//! Reports that nobody wants: hostile ones, huge ones, empty ones.

use knowledge::Knowledge;
use model::Timestamp;
use model::report::{
    Address, Alternative, Attribute, Confidence, Conversation, Device, Encryption, Evidence, Finding, Grounds, Identifier, Input,
    Interface, Isolation, Origin, Party, Report, SCHEMA, Scope, Severity, Unseen,
};
use model::{FactKind, FrameRef, MacAddr, Transport, Word};

use super::text::Screen;
use super::{View, csv, html, text};

const HOSTILE: &str = "=1+1\"'><script>alert(1)</script><img src=x onerror=alert(2)>\u{1b}[2J\u{202e}\r\n</style></title>&lt;";

fn evidence(value: &str) -> std::sync::Arc<Evidence> {
    let frame = FrameRef { source: 0, frame: 7 };
    let [protocol, field, label] = [value; 3].map(|text| text.to_owned().into());
    let (first_seen, last_seen) = (Timestamp::default(), Timestamp::from_parts(60, 0));
    std::sync::Arc::new(Evidence {
        origin: std::sync::Arc::new(Origin { protocol, field, label }),
        value: value.into(),
        rule: Some(value.into()),
        frame,
        first_seen,
        last_seen,
        count: 2,
    })
}

fn attribute(value: &str) -> Option<Box<Attribute>> {
    let (value, confidence, evidence) = (Word::new(value), Confidence::percent(80), Grounds::from_elem(evidence(value), 1));
    let other = Alternative { value: value.clone(), confidence, evidence: evidence.clone() };
    Some(Box::new(Attribute { value, confidence, evidence, disagreeing: vec![other] }))
}

fn device(number: u32, word: &str) -> Device {
    let [_, b, c, d] = number.to_be_bytes();
    let (first_seen, last_seen) = (Timestamp::default(), Timestamp::from_parts(60, 0));
    let mac = Some(MacAddr([2, 0, 0, b, c, d]));
    let class = ["infusion_pump", "pacs", "printer", "ct", "ventilator"][number as usize % 5];
    Device {
        id: format!("d-{number}{word}").into(),
        interfaces: vec![Interface {
            mac,
            registrant: Some(word.into()),
            locally_administered: true,
            vlans: vec![7],
            first_seen,
            last_seen,
        }],
        addresses: vec![Address { ip: [10, b, c, d].into(), mac, first_seen, last_seen, known_by: word.into() }],
        name: attribute(&format!("{word}{number}")),
        maker: attribute(word),
        model: attribute(word),
        serial: attribute(word),
        firmware: attribute(word),
        os: attribute(word),
        class: attribute(if number % 7 == 6 { word } else { class }),
        clinical_impact: attribute(if number.is_multiple_of(2) { "life_sustaining" } else { "supporting" }),
        udi: attribute(word),
        location: attribute(word),
        software: attribute(word).into_iter().map(|software| *software).collect(),
        identifiers: vec![Identifier {
            kind: FactKind::Fqdn,
            value: word.into(),
            evidence: Grounds::from_elem(evidence(word), 1),
        }],
        facts: vec![Identifier { kind: FactKind::SysDescr, value: word.into(), evidence: Grounds::from_elem(evidence(word), 1) }],
        reports: Vec::new(),
        is_router: false,
        confidence: Confidence::percent(80),
        first_seen,
        last_seen,
        services: Vec::new(),
        administration: Vec::new(),
        if_isolated: Some(Box::new(Isolation {
            stops: vec![word.into()],
            clinical_conversations: vec![word.into()],
            dependents: vec![word.into()],
            stand_ins: vec![word.into()],
            rule: word.into(),
            cannot_judge: vec![word.into()],
        })),
    }
}

fn conversation(number: u32, devices: u32, word: &str) -> Conversation {
    let party = |number: u32| Party {
        device: Some(format!("d-{number}{word}").into()),
        name: Some(word.into()),
        ip: None,
        mac: None,
        scope: Scope::Inside,
    };
    let server = match number % 10 {
        0 => Party { device: None, name: Some(format!("{word}{number}").into()), scope: Scope::Outside, ..party(0) },
        _ => party((number * 7 + 1) % devices),
    };
    let json = serde_json::json!({
        "id": format!("c-{number}"), "client": party(number % devices), "server": server, "transport": Transport::Tcp, "port": 104,
        "protocol": word, "service": word, "clinical": word, "management": number.is_multiple_of(3),
        "first_seen": Timestamp::default(), "last_seen": Timestamp::from_parts(60, 0), "days_seen": 1, "flows": 1, "failed_flows": 0,
        "packets_to_server": 1, "packets_to_client": 1, "bytes_to_server": 1000, "bytes_to_client": 1, "bytes_lost": 0,
        "encryption": Encryption::Cleartext, "direction_known": true, "frame": FrameRef::default(),
        "phi": [{ "kind": "name", "protocol": word, "count": 3 }],
    });
    serde_json::from_value(json).unwrap()
}

fn finding(number: u32, word: &str) -> Finding {
    Finding {
        id: format!("f:{number}").into(),
        detector: word.into(),
        title: word.into(),
        severity: Severity::High,
        clinical_impact: Some(word.into()),
        devices: vec![format!("d-{number}{word}").into()],
        conversations: Vec::new(),
        why: word.into(),
        what_to_do: word.into(),
        evidence: Grounds::from_elem(evidence(word), 1),
        first_seen: Timestamp::default(),
        last_seen: Timestamp::default(),
    }
}

fn report(devices: u32, word: &str) -> Report {
    Report {
        schema: SCHEMA.to_owned(),
        version: "0".to_owned(),
        inputs: vec![Input {
            path: format!("{word}.pcap"),
            format: word.to_owned(),
            compression: None,
            link_types: vec![word.to_owned()],
            frames: 7,
            first: Some(Timestamp::default()),
            last: Some(Timestamp::from_parts(60, 0)),
            dropped: 0,
            damage: vec![model::report::Damage { offset: 5, what: word.to_owned(), hint: word.to_owned() }],
        }],
        site_networks: vec!["10.0.0.0/8".to_owned()],
        devices: (0..devices).map(|number| device(number, word)).collect(),
        conversations: (0..devices * 3).map(|number| conversation(number, devices.max(1), word)).collect(),
        findings: (0..devices).map(|number| finding(number, word)).collect(),
        unseen: vec![Unseen { kind: word.to_owned(), what: word.to_owned(), count: 1, consequence: word.to_owned() }],
    }
}

fn written(report: &Report, write: impl FnOnce(&View<'_>, &mut Vec<u8>)) -> String {
    let knowledge = Knowledge::builtin();
    let mut out = Vec::new();
    write(&View::new(report, &knowledge), &mut out);
    String::from_utf8(out).unwrap()
}

fn page(report: &Report) -> String {
    written(report, |view, out| html::write(view, out).unwrap())
}

fn shown(report: &Report) -> String {
    written(report, |view, out| {
        let screen = Screen { width: 80, colour: false };
        text::write(view, screen, out).unwrap();
        if let Some(device) = view.devices.first() {
            text::explain(view, device, screen, out).unwrap();
        }
    })
}

#[test]
fn names_do_not_break_out_of_the_page() {
    let (hostile, harmless) = (page(&report(9, HOSTILE)), page(&report(9, "pump")));
    for tag in ["<script", "</script", "<img", "<style", "</style", "</title", "<p", "<tr", "<td", "<g", "<a"] {
        assert_eq!(hostile.matches(tag).count(), harmless.matches(tag).count(), "{tag}");
    }
    assert_eq!(hostile.matches('"').count(), harmless.matches('"').count(), "an attribute was left");
    assert!(!hostile.contains(['\u{1b}', '\u{202e}']));
    assert!(!hostile.contains(" style=") && !hostile.contains(" onclick"), "the policy forbids what stands in attributes");
    assert!(!hostile.contains("http:") && !hostile.contains("https:"), "it points outside itself");
}

#[test]
fn names_do_not_reach_the_terminal_or_the_spreadsheet() {
    let hostile = report(9, HOSTILE);
    assert!(!shown(&hostile).contains(['\u{1b}', '\u{202e}', '\r', '\u{7}']));
    let csv = written(&hostile, |view, out| csv::write(view, out).unwrap());
    assert_eq!(csv.matches("\r\n").count(), 10);
    assert!(!csv.contains(",=") && !csv.contains(",\"="), "{csv}");
}

#[test]
fn a_large_hospital_is_shown_within_bounds() {
    let large = report(5000, "pump");
    let text = shown(&large);
    assert!(text.lines().count() < 1000, "{} lines", text.lines().count());
    assert!(text.contains("… and 4,960 more devices; use --format html or json"));
    let page = page(&large);
    assert!(page.len() < 8_000_000, "{} bytes", page.len());
    assert!(page.contains("… and 3,000 more devices"));
    assert!(page.contains("each box is a class of devices"));
}

#[test]
fn nothing_at_all_is_a_report_too() {
    let nothing = Report { inputs: Vec::new(), unseen: Vec::new(), ..report(0, "") };
    assert!(shown(&nothing).contains("0 devices"));
    assert!(page(&nothing).contains("No conversation between two devices"));
}
