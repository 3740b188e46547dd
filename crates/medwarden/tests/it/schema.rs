//! What is generated from definitions.

use crate::{clinic, folder, inspect, medwarden, text};

const CHECKED_IN: &str = include_str!("../../../../docs/schema/report-1.json");

#[test]
fn the_schema_that_is_checked_in_is_that_of_the_types() {
    // By value: the order of keys depends on what else is compiled beside the program.
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let now = text(&medwarden().arg("schema").output().unwrap().stdout);
    assert!(
        value(&now) == value(CHECKED_IN),
        "the report's types and docs/schema/report-1.json differ; when the change is meant (and a reader of the old form can \
         read the new), run: cargo run -p medwarden -- schema > docs/schema/report-1.json"
    );
}

/// Checks the words that the schema uses; others would be an error of the test.
fn check(schema: &serde_json::Value, root: &serde_json::Value, value: &serde_json::Value, at: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#')).unwrap();
        return check(target, root, value, at);
    }
    if let Some(any) = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(|any| any.as_array()) {
        let fits = |schema: &&serde_json::Value| std::panic::catch_unwind(|| check(schema, root, value, at)).is_ok();
        assert!(any.iter().any(|schema| fits(&schema)), "{at}: {value} is none of its forms");
        return;
    }
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{at}: {value}");
    }
    if let Some(word) = schema.get("const") {
        assert_eq!(word, value, "{at}");
    }
    let kinds: Vec<&str> = match &schema["type"] {
        serde_json::Value::Array(kinds) => kinds.iter().filter_map(|kind| kind.as_str()).collect(),
        kind => kind.as_str().into_iter().collect(),
    };
    let kind = match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "boolean",
        serde_json::Value::Number(_) => "number",
        serde_json::Value::String(_) => "string",
        serde_json::Value::Array(_) => "array",
        serde_json::Value::Object(_) => "object",
    };
    let fits = kinds.is_empty() || kinds.contains(&kind) || kind == "number" && kinds.contains(&"integer");
    assert!(fits, "{at}: {value} is no {kinds:?}");
    if let Some(object) = value.as_object() {
        for name in schema["required"].as_array().into_iter().flatten() {
            assert!(object.contains_key(name.as_str().unwrap()), "{at}: {name} is missing");
        }
        for (name, value) in object {
            let property = &schema["properties"][name];
            assert!(!property.is_null(), "{at}: {name} is not in the schema");
            check(property, root, value, &format!("{at}.{name}"));
        }
    }
    for (index, value) in value.as_array().into_iter().flatten().enumerate() {
        check(&schema["items"], root, value, &format!("{at}[{index}]"));
    }
}

#[test]
fn the_report_is_as_its_schema_says() {
    let folder = folder();
    let out = inspect(&[clinic(&folder).as_os_str(), "--format".as_ref(), "json".as_ref()]);
    let report: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let schema: serde_json::Value = serde_json::from_str(CHECKED_IN).unwrap();
    check(&schema, &schema, &report, "report");
}

#[test]
fn every_shell_has_completions_and_every_command_a_page() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let out = medwarden().args(["completions", shell]).output().unwrap();
        assert!(out.status.success());
        assert!(text(&out.stdout).contains("site-networks"), "{shell}");
    }
    let folder = folder();
    let folder = folder.join("man");
    assert!(medwarden().arg("manual").arg(&folder).status().unwrap().success());
    let page = std::fs::read_to_string(folder.join("medwarden-inspect.1")).unwrap();
    assert!(page.contains("Exit codes"), "{page}");
    assert!(folder.join("medwarden.1").exists());
}
