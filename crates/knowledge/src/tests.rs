//! The data files: all can be read, name only what exists, and hold together.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_file_can_be_read() {
    let path = Path::new("data");
    MacRegistry::parse(data::REGISTRIES, path).unwrap();
    Enterprises::parse(data::ENTERPRISES, path).unwrap();
    Makers::parse(data::MAKERS, path).unwrap();
    Classes::parse(data::CLASSES, path).unwrap();
    Services::parse(data::SERVICES, path).unwrap();
    RemoteTools::parse(data::REMOTE_TOOLS, path).unwrap();
    Credentials::parse(data::CREDENTIALS, path).unwrap();
    let support = Support::parse(data::SUPPORT, path).unwrap();
    assert_eq!(support.bad_patterns(), Vec::<String>::new());
    let rules = Rules::parse(data::RULES.iter().map(|(name, text)| (*text, Path::new(*name)))).unwrap();
    assert_eq!(rules.bad_patterns(), Vec::<String>::new());
}

#[test]
fn classes_named_exist() {
    let knowledge = Knowledge::builtin();
    let known: BTreeSet<&str> = knowledge.classes().map(|class| class.id.as_str()).collect();
    for class in knowledge.classes() {
        for other in class.peers.iter().chain(&class.stand_ins) {
            assert!(known.contains(other.as_str()), "{} names {other}", class.id);
        }
        assert!(class.if_isolated.ends_with('.'), "{}", class.id);
    }
    for named in knowledge.makers().classes() {
        assert!(known.contains(named), "makers.toml names {named}");
    }
    for (rule, attribute, value) in knowledge.rules().sayings() {
        if attribute == Attribute::Class {
            assert!(known.contains(value), "{rule} says {value}");
        }
        if attribute == Attribute::Maker && !value.contains('$') {
            assert_eq!(
                knowledge.makers().known(value),
                Some(value),
                "{rule}: add the maker to makers.toml or use its name there"
            );
        }
    }
}

#[test]
fn makers_of_addresses() {
    let knowledge = Knowledge::builtin();
    let of = |mac: &str| knowledge.maker_of(mac.parse().unwrap()).map(|r| (r.maker.to_owned(), r.kind));
    assert_eq!(of("00:09:fb:01:02:03"), Some(("Philips".to_owned(), RegistrantKind::Maker)));
    assert_eq!(of("5c:cf:7f:06:d9:02"), Some(("Espressif".to_owned(), RegistrantKind::NetworkModule)));
    assert_eq!(of("00:50:56:06:d9:02"), Some(("VMware".to_owned(), RegistrantKind::Virtual)));
    assert_eq!(of("52:54:00:06:d9:02").unwrap().1, RegistrantKind::Virtual);
    assert_eq!(of("02:54:00:06:d9:02"), None);
    assert_eq!(of("ff:ff:ff:ff:ff:ff"), None);
}

#[test]
fn services_and_tools_are_found() {
    let knowledge = Knowledge::builtin();
    assert!(knowledge.service("dicom", 4006).unwrap().carries.is_some());
    assert!(knowledge.service("ssh", 2222).unwrap().management);
    assert_eq!(knowledge.service("tcp", 104).unwrap().confidence, 50);
    assert!(knowledge.service("tcp", 1).is_none());
    assert_eq!(knowledge.remote_tool("router7.teamviewer.com.").unwrap().id, "teamviewer");
    assert_eq!(knowledge.remote_tool_on_port(5938).unwrap().id, "teamviewer");
    assert!(knowledge.remote_tool("notteamviewer.com").is_none());
}

#[test]
fn support_ends_on_a_day() {
    let knowledge = Knowledge::builtin();
    let product = |os: &str| knowledge.end_of_support(os).map(|end| end.product.as_str());
    assert_eq!(product("Windows build 6.1.7601"), Some("Windows 7 or Server 2008 R2"));
    assert_eq!(product("Windows Server 2008 R2 Standard 7601 Service Pack 1"), Some("Windows Server 2008 R2"));
    assert_eq!(product("Windows 10"), Some("Windows 10"));
    assert_eq!(product("Windows XP Embedded"), Some("Windows XP Embedded"));
    assert_eq!(product("Ubuntu Linux 16.04"), Some("Ubuntu 16.04"));
    assert_eq!(product("Windows NT 6.1"), Some("Windows 7 or Server 2008 R2"));
    assert_eq!(product("Linux"), None);
    assert_eq!(product("Windows"), None);
    let at = |day: &str| day.parse::<Timestamp>().unwrap();
    assert!(knowledge.unsupported_os("Windows 7 SP1", at("2020-01-14")).is_none());
    assert!(knowledge.unsupported_os("Windows 7 SP1", at("2020-01-15")).is_some());
}

/// A kind of mark, its field, its value, and what must be said.
type Case = (FactKind, &'static str, &'static str, &'static [(Attribute, &'static str)]);

/// What knowledge makes of marks, most confident claim of each attribute.
#[test]
fn marks_lead_to_claims() {
    use Attribute as A;
    use FactKind as K;
    let knowledge = Knowledge::builtin();
    let cases: &[Case] = &[
        (K::Os, "ntlm.version", "Windows build 6.1.7601", &[(A::Os, "Windows 7 or Server 2008 R2")]),
        (K::Os, "smb.native_os", "Windows NT 5.1", &[(A::Os, "Windows XP")]),
        (K::VendorClass, "dhcp.option60", "MSFT 5.0", &[(A::Os, "Windows")]),
        (
            K::VendorClass,
            "dhcp.option60",
            "Mfg=Hewlett Packard;Typ=Printer;Mod=HP LaserJet 400 M401n;Ser=ABCDE12345;",
            &[(A::Maker, "HP"), (A::Model, "HP LaserJet 400 M401n"), (A::Class, "printer"), (A::Serial, "ABCDE12345")],
        ),
        (
            K::ServerBanner,
            "ssh.server_software",
            "OpenSSH_7.4p1 Debian-10+deb9u7",
            &[(A::Software, "OpenSSH 7.4p1"), (A::Os, "Debian 9")],
        ),
        (
            K::UserAgent,
            "ssh.client_software",
            "OpenSSH_9.2p1 Debian-2+deb12u10",
            &[(A::Software, "OpenSSH 9.2p1"), (A::Os, "Debian 12")],
        ),
        (
            K::VendorClass,
            "dhcp.option60",
            "dhcpcd-9.4.1:Linux-6.1.21-v8+:aarch64:BCM2835",
            &[(A::Os, "Linux"), (A::Software, "dhcpcd 9.4.1")],
        ),
        (
            K::ImplementationVersion,
            "dicom.implementation-version",
            "CENTRICITY5.0",
            &[(A::Maker, "GE Healthcare"), (A::Class, "pacs"), (A::Software, "Centricity PACS 5.0")],
        ),
        (K::HttpRealm, "http.realm", "Orthanc Secure Area", &[(A::Software, "Orthanc"), (A::Class, "pacs")]),
        (
            K::SysDescr,
            "snmp.sysDescr",
            "APC Web/SNMP Management Card (MB:v4.1.0 PF:v6.4.0 PN:apc_hw05_aos_640.bin AF1:v6.4.0 MN:AP9630 HR:05 SN: ZA1140033921)",
            &[(A::Maker, "APC"), (A::Model, "AP9630"), (A::Firmware, "6.4.0"), (A::Serial, "ZA1140033921")],
        ),
        (K::ImplementationUid, "dicom.implementation-uid", "1.2.276.0.7230010.3.0.3.6.7", &[(A::Software, "DCMTK (OFFIS)")]),
        (K::DeviceType, "dicom.dataset.0008,0060", "CT", &[(A::Class, "ct")]),
        (K::HostName, "dhcp.option12", "HS110(EU)", &[(A::Maker, "TP-Link"), (A::Model, "HS110"), (A::Class, "smart_plug")]),
        (K::HostName, "mdns.host", "DCS-930LB1_1C7185", &[(A::Maker, "D-Link"), (A::Model, "DCS-930L"), (A::Class, "camera")]),
        (K::HostName, "dhcp.option12", "front-desk", &[]),
        (K::Upnp, "ssdp.type", "urn:Belkin:device:insight:1", &[(A::Maker, "Belkin"), (A::Model, "WeMo Insight Switch")]),
        (K::ServiceText, "mdns.txt", "md=BSB002", &[(A::Model, "Hue Bridge (BSB002)")]),
        (K::SysObjectId, "snmp.sysObjectID", "1.3.6.1.4.1.9.1.1208", &[(A::Maker, "Cisco")]),
        (K::SysObjectId, "snmp.sysObjectID", "1.3.6.1.4.1.8072.3.2.10", &[(A::Os, "Linux"), (A::Software, "Net-SNMP")]),
        (K::ServerName, "conversation.server", "api.xbcs.net", &[(A::Maker, "Belkin")]),
        (K::Model, "upnp.modelName", "IntelliVue MX800", &[(A::Maker, "Philips"), (A::Class, "patient_monitor")]),
    ];
    for (kind, field, value, expected) in cases {
        let claims = knowledge.claims(*kind, field, value);
        for (attribute, said) in *expected {
            let best = claims.iter().find(|claim| claim.attribute == *attribute).map(|claim| claim.value.as_ref());
            assert_eq!(best, Some(*said), "{field} {value}: {attribute:?}");
        }
        assert!(!expected.is_empty() || claims.is_empty(), "{field} {value}: {claims:?}");
    }
}

/// A maker that only a radio's address block names must not become the device's; neither must an agent's or toolkit's.
#[test]
fn parts_do_not_name_the_whole() {
    let knowledge = Knowledge::builtin();
    for number in ["8072", "2021", "311", "4413"] {
        let oid = format!("1.3.6.1.4.1.{number}.1");
        let makers = knowledge.claims(FactKind::SysObjectId, "snmp.sysObjectID", &oid);
        assert!(makers.iter().all(|claim| claim.attribute != Attribute::Maker), "{oid}: {makers:?}");
    }
}

#[test]
fn recogs_kinds_of_devices_are_our_classes() {
    let knowledge = Knowledge::builtin();
    for class in recog::CLASSES.iter().map(|(_, class)| class) {
        assert!(knowledge.class(class).is_some(), "{class}");
    }
}

#[test]
fn default_credentials_are_recognised_by_their_id() {
    let knowledge = Knowledge::builtin();
    assert!(knowledge.default_credential("snmp community", b"", b"public").is_some());
    assert!(knowledge.default_credential("http basic", b"", b"public").is_none());
    let known = knowledge.default_credential("telnet", b"root", b"").unwrap();
    assert!(known.id.starts_with("dc-"));
    assert!(knowledge.default_credential("http basic", b"admin", b"correct horse battery staple").is_none());
    assert!(knowledge.credentials().len() > 400);
}

/// The file must not give away what it was made from: nothing but hashes, ids, products and sources.
#[test]
fn the_credential_file_shows_no_secret() {
    for line in data::CREDENTIALS.lines().filter(|line| !line.starts_with('#') && !line.starts_with("salt ")) {
        let (hash, rest) = line.split_once('\t').unwrap();
        assert!(hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()));
        assert_eq!(rest.split('\t').count(), 3, "{line}");
    }
}

/// A folder for one test, removed at its end.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("medwarden-knowledge-{name}-{}", std::process::id()));
        std::fs::create_dir_all(path.join("rules")).unwrap();
        std::fs::create_dir_all(path.join("recog")).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> &Self {
        std::fs::write(self.0.join(name), text).unwrap();
        self
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_folder_adds_to_what_is_built_in() {
    let folder = Folder::new("adds");
    folder
        .write("oui.csv", "Registry,Assignment,Organization Name,Organization Address\nMA-L,0009FB,Acme Pumps Inc.,somewhere\n")
        .write("makers.toml", "[[maker]]\nname = 'Acme'\naliases = ['Acme Pumps']\nclasses = ['infusion_pump']\n")
        .write("services.tsv", "tcp\t9999\tc\t90\tAcme pump protocol\tpumps\tdoses\tour own notes\n")
        .write("enterprise-numbers.txt", "99999 Acme Pumps Inc.\n")
        .write(
            "rules/acme.toml",
            "[[rule]]\nid = 'acme'\non = ['user_agent']\nprefix = ['AcmePump/']\nsay = { maker = 'Acme Pumps' }\nconfidence = 90\nsource = 'ours'\n",
        )
        .write(
            "recog/x.xml",
            "<fingerprints matches='ftp.banner'><fingerprint pattern='^ACME (\\d+)'><description>Acme</description>\
             <param pos='0' name='hw.vendor' value='Acme Pumps'/><param pos='1' name='hw.product'/></fingerprint></fingerprints>",
        );
    let knowledge = Knowledge::with_folder(&folder.0).unwrap();
    let registrant = knowledge.maker_of("00:09:fb:00:00:01".parse().unwrap()).unwrap();
    assert_eq!((registrant.maker, registrant.clinical_classes), ("Acme", ["infusion_pump".to_owned()].as_slice()));
    assert_eq!(knowledge.service("tcp", 9999).unwrap().name, "Acme pump protocol");
    assert_eq!(knowledge.enterprise(99999), Some("Acme Pumps"));
    let first = |kind, field, value| knowledge.claims(kind, field, value).first().map(|claim| claim.value.to_string());
    assert_eq!(first(FactKind::UserAgent, "http.user-agent", "AcmePump/2"), Some("Acme".to_owned()));
    assert_eq!(first(FactKind::ServerBanner, "ftp.greeting", "ACME 7"), Some("Acme".to_owned()));
    assert_eq!(first(FactKind::VendorClass, "dhcp.option60", "MSFT 5.0"), Some("Windows".to_owned()));
}

#[test]
fn a_bad_file_is_named_with_its_line() {
    let folder = Folder::new("bad");
    folder.write("services.tsv", "# ours\nnonsense\n");
    let error = Knowledge::with_folder(&folder.0).unwrap_err();
    assert!(error.to_string().ends_with("services.tsv:2: not a service"), "{error}");
    folder.write("services.tsv", "").write("rules/x.toml", "[[rule]]\nid = 'x'\nwrong = 1\n");
    assert_eq!(Knowledge::with_folder(&folder.0).unwrap_err().line, Some(3));
    folder.write("rules/x.toml", "[[rule]]\nid = 'x'\non = ['os']\nregex = ['(']\nsay = {}\nconfidence = 1\nsource = ''\n");
    assert!(Knowledge::with_folder(&folder.0).unwrap_err().to_string().contains("x:"));
    assert!(Knowledge::with_folder(Path::new("/nonexistent")).is_err());
}

#[test]
fn everything_can_be_loaded_at_once() {
    assert!(Knowledge::builtin().load_all() > 30_000);
}

#[test]
fn checklists_are_for_classes_that_exist() {
    let knowledge = Knowledge::builtin();
    let items = super::checklists::Checklists::parse(data::CHECKLISTS, Path::new("checklists.toml")).unwrap();
    let everybodys: Vec<_> = items.of(None, None).collect();
    assert!(everybodys.len() > 8 && everybodys.iter().all(|item| item.classes.is_empty()));
    for class in knowledge.classes() {
        for item in items.of(Some(&class.id), None) {
            assert!(item.classes.iter().all(|class| knowledge.class(class).is_some()), "{}", item.id);
            assert!(!item.how.is_empty() && !item.source.is_empty());
        }
    }
    assert!(knowledge.checklist(Some("infusion_pump"), None).any(|item| item.id == "drug-library"));
    assert!(!knowledge.checklist(Some("ct"), None).any(|item| item.id == "drug-library"));
}
