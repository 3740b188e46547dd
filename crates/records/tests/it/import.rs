use records::Table;
use records::import::{Applied, Conflict, Decision, Known, Mapping, OnDifference, Outcome, Seen, plan};
use records::import::{Pages, netbox_page, snipe_it_page};
use serde_json::json;

use crate::said;

fn table(text: &str) -> Table {
    Table::read(text.as_bytes()).unwrap()
}

fn known(id: &str, fields: &[(&str, &str)]) -> Known {
    Known { id: id.to_owned(), record: said(fields), seen: None }
}

#[test]
fn headings_of_a_cmms_find_their_fields() {
    let columns = ["Asset No.", "Manufacturer", "Model", "S/N", "MAC Address", "Department", "colour", "Status", "Dept"];
    let mapping = Mapping::guess(&columns.map(str::to_owned));
    let found: Vec<&str> = columns.iter().map(|column| mapping.columns.get(*column).map_or("-", String::as_str)).collect();
    assert_eq!(found, ["asset_tag", "maker", "model", "serial", "macs", "unit", "-", "state", "-"]);
}

#[test]
fn a_dry_run_shows_every_change_and_does_nothing_that_is_not_plain() {
    let table = table(
        "Asset tag,Name,Unit,Contract end\n\
         A1,Pump,ICU,n/a\n\
         A2,Monitor,ICU,\n\
         A3,New,ER,2027-01-31\n\
         A4,Bad,ER,03/04/2027\n\
         A3,Again,ER,\n\
         A5,Same,,\n",
    );
    let known = [
        known("r1", &[("asset_tag", "a1"), ("unit", "ICU")]),
        known("r2", &[("asset_tag", "A2"), ("unit", "OR")]),
        known("r5", &[("asset_tag", "A5"), ("name", "Same")]),
    ];
    let mut mapping = Mapping::guess(&table.columns);
    let outcomes = |mapping: &Mapping| plan(&table, mapping, &known).iter().map(|line| line.outcome).collect::<Vec<_>>();
    use Outcome::{Create, Skip, Unchanged, Update, Wait};
    assert_eq!(outcomes(&mapping), [Wait, Wait, Create, Wait, Wait, Unchanged], "A1 is written otherwise");
    mapping.on_difference = OnDifference::Record;
    let lines = plan(&table, &mapping, &known);
    assert_eq!(outcomes(&mapping), [Update, Update, Create, Wait, Wait, Unchanged]);
    assert_eq!(lines[1].after, said(&[("asset_tag", "A2"), ("unit", "OR"), ("name", "Monitor")]));
    assert_eq!(lines[1].changes.len(), 1);
    assert!(matches!(&lines[3].conflicts[0], Conflict::Invalid { field, .. } if field == "contract_end"));
    assert_eq!(lines[4].conflicts, [Conflict::SameRecord { line: 3 }]);
    mapping.only_known = true;
    assert_eq!(outcomes(&mapping)[2], Skip);
    mapping.only_known = false;
    mapping.decided = [(2, Decision::Table), (3, Decision::Skip), (4, Decision::Table)].into();
    let lines = plan(&table, &mapping, &known);
    assert_eq!(lines[1].after.unit.as_deref(), Some("ICU"));
    assert_eq!(outcomes(&mapping), [Update, Update, Skip, Create, Create, Unchanged], "A3's first line is left out");
    assert_eq!(lines[3].after.contract_end, None);
}

#[test]
fn two_lines_of_one_record_add_up_where_somebody_says_so() {
    let table = table("Asset tag,Unit,Room\nA1,ICU,\nA1,,2.14\n");
    let mut mapping = Mapping::guess(&table.columns);
    mapping.decided = [(2, Decision::Table)].into();
    let lines = plan(&table, &mapping, &[known("r1", &[("asset_tag", "A1")])]);
    assert_eq!(lines[1].after, said(&[("asset_tag", "A1"), ("unit", "ICU"), ("room", "2.14")]));
}

#[test]
fn keys_of_several_records_and_records_that_are_not_there_wait() {
    let table = table("Asset tag,MAC\nA1,00:00:5e:00:53:02\n,00:00:5e:00:53:02\n");
    let mut known = [known("r1", &[("asset_tag", "A1")]), known("r2", &[("asset_tag", "A2")])];
    known[1].seen = Some(Seen { macs: ["00:00:5e:00:53:02".parse().unwrap()].into(), ..Seen::default() });
    let mut mapping = Mapping::guess(&table.columns);
    let lines = plan(&table, &mapping, &known);
    assert_eq!(lines[0].conflicts, [Conflict::SeveralRecords { records: vec!["r1".into(), "r2".into()] }]);
    assert_eq!((lines[0].outcome, lines[1].record.as_deref()), (Outcome::Wait, Some("r2")));
    mapping.decided = [(1, Decision::Into("r1".into()))].into();
    assert_eq!(plan(&table, &mapping, &known)[0].record.as_deref(), Some("r1"));
    mapping.decided = [(1, Decision::Into("gone".into()))].into();
    let lines = plan(&table, &mapping, &known);
    assert_eq!((lines[0].outcome, &lines[0].conflicts[0]), (Outcome::Wait, &Conflict::NoRecord { record: "gone".into() }));
}

#[test]
fn what_traffic_contradicts_is_shown() {
    let table = table("Asset tag,Model\nA1,Model Y\n");
    let mut known = [known("r1", &[("asset_tag", "A1")])];
    known[0].seen = Some(Seen { values: [("model", "Model Z".to_owned())].into(), ..Seen::default() });
    let lines = plan(&table, &Mapping::guess(&table.columns), &known);
    assert_eq!(lines[0].outcome, Outcome::Update);
    assert!(matches!(&lines[0].conflicts[0], Conflict::Observed { seen, .. } if seen == "Model Z"));
}

#[test]
fn a_mapping_that_does_not_fit_is_refused() {
    let table = table("A,B\n1,2\n");
    let of = |columns: serde_json::Value| serde_json::from_value::<Mapping>(json!({ "columns": columns })).unwrap();
    for wrong in [json!({ "C": "name" }), json!({ "A": "colour" }), json!({ "A": "name", "B": "name" }), json!({})] {
        assert!(of(wrong.clone()).check(&table).is_err(), "{wrong}");
    }
    of(json!({ "A": "name" })).check(&table).unwrap();
}

#[test]
fn undoing_keeps_what_somebody_wrote_since() {
    let before = said(&[("name", "Pump"), ("unit", "OR")]);
    let after = said(&[("name", "Pump"), ("unit", "ICU"), ("room", "2.14"), ("tags", "loan")]);
    let applied = Applied { record: "r1".into(), before: Some(before.clone()), after: after.clone() };
    assert_eq!(applied.undo(&after).record, Some(before));
    let now = said(&[("name", "Pump"), ("unit", "ER"), ("room", "2.14"), ("tags", "loan")]);
    let undone = applied.undo(&now);
    assert_eq!(undone.record, Some(said(&[("name", "Pump"), ("unit", "ER")])));
    assert_eq!(undone.kept.iter().map(|kept| kept.field.as_str()).collect::<Vec<_>>(), ["unit"]);
    let made = Applied { record: "r2".into(), before: None, after: after.clone() };
    assert_eq!(made.undo(&after).record, None);
    assert_eq!(made.undo(&now).record, Some(said(&[("unit", "ER")])));
}

/// In the form of NetBox's REST API (`/api/dcim/devices/`) as its documentation shows it.
#[test]
fn pages_of_netbox_become_a_table() {
    let device = json!({
        "id": 1, "name": "ct-1", "device_type": { "manufacturer": { "name": "Acme" }, "model": "CT 9" }, "serial": "S1",
        "asset_tag": "A1", "site": { "name": "Main" }, "location": { "name": "R 1" }, "tenant": null,
        "status": { "value": "active", "label": "Active" }, "tags": [{ "name": "loan" }], "primary_mac_address": null
    });
    let mut pages = Pages::default();
    let page = json!({ "count": 2, "next": "http://x/?offset=1", "results": [device] }).to_string();
    assert_eq!(netbox_page(&mut pages, 0, page.as_bytes()).unwrap(), Some(1));
    let page = json!({ "count": 2, "next": null, "results": [device] }).to_string();
    assert_eq!(netbox_page(&mut pages, 1, page.as_bytes()).unwrap(), None);
    let empty = json!({ "next": "http://x", "results": [] }).to_string();
    assert_eq!(netbox_page(&mut pages, 2, empty.as_bytes()).unwrap(), None, "no server keeps us asking");
    assert!(netbox_page(&mut pages, 0, b"<html>").is_err());
    let table = pages.finish().unwrap();
    let lines = plan(&table, &Mapping::guess(&table.columns), &[]);
    let wanted = [("asset_tag", "A1"), ("name", "ct-1"), ("maker", "Acme"), ("model", "CT 9"), ("serial", "S1")];
    let rest = [("building", "Main"), ("room", "R 1"), ("state", "in_service"), ("tags", "loan")];
    assert_eq!(lines[0].after, said(&[&wanted[..], &rest].concat()));
}

/// In the form of Snipe-IT's REST API (`/api/v1/hardware`) as its documentation shows it.
#[test]
fn pages_of_snipe_it_become_a_table() {
    let asset = json!({
        "id": 1, "name": "Pump", "asset_tag": "A1", "serial": "S1", "model": { "name": "P1" }, "manufacturer": { "name": "Acme" },
        "status_label": { "name": "Ready", "status_meta": "deployed" }, "supplier": { "name": "Acme Service" },
        "warranty_expires": { "date": "2027-01-31", "formatted": "x" }, "assigned_to": null, "location": { "name": "Main" },
        "custom_fields": { "MAC Address": { "field": "_snipeit_mac", "value": "00:00:5E:00:53:01" } }, "notes": null
    });
    let mut pages = Pages::default();
    let page = json!({ "total": 2, "rows": [asset] }).to_string();
    assert_eq!(snipe_it_page(&mut pages, 0, page.as_bytes()).unwrap(), Some(1));
    assert_eq!(snipe_it_page(&mut pages, 1, page.as_bytes()).unwrap(), None);
    let refused = json!({ "status": "error", "messages": "Unauthorized." }).to_string();
    assert!(snipe_it_page(&mut pages, 0, refused.as_bytes()).unwrap_err().to_string().contains("Unauthorized"));
    let table = pages.finish().unwrap();
    let lines = plan(&table, &Mapping::guess(&table.columns), &[]);
    assert_eq!(lines[0].after.macs.len(), 1);
    assert_eq!(lines[0].after.contract_end.unwrap().to_string(), "2027-01-31");
    assert_eq!(lines[1].conflicts, [Conflict::SameRecord { line: 1 }]);
}
