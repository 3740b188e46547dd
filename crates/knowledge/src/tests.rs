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
