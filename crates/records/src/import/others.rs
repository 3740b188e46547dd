//! Answers of the REST interfaces of NetBox and Snipe-IT, as tables.

use serde_json::Value;

use crate::{MAX_ROWS, Table, TableError};

/// Pages put together.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    table: Table,
}

/// What follows a page: where the next one begins, if there is one.
pub type Next = Option<u64>;

impl Pages {
    /// The table; its columns bear the ids of fields, so that they map by themselves.
    ///
    /// # Errors
    /// [`TableError::Empty`].
    pub fn finish(self) -> Result<Table, TableError> {
        if self.table.rows.is_empty() { Err(TableError::Empty) } else { Ok(self.table) }
    }

    fn add(&mut self, columns: &[(&str, String)]) -> Result<(), TableError> {
        if self.table.columns.is_empty() {
            self.table.columns = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        }
        if self.table.rows.len() >= MAX_ROWS {
            return Err(TableError::TooLarge("200,000 rows"));
        }
        self.table.rows.push(columns.iter().map(|(_, value)| value.clone()).collect());
        Ok(())
    }
}

/// Takes in a page of NetBox's `GET /api/dcim/devices/?limit=…&offset=…`.
///
/// # Errors
/// The answer is not one of NetBox.
pub fn netbox_page(pages: &mut Pages, offset: u64, body: &[u8]) -> Result<Next, TableError> {
    let answer = parsed(body, "NetBox")?;
    let results = list(&answer, "results", "NetBox")?;
    for device in results {
        let mac = [&["primary_mac_address", "mac_address"][..], &["mac_address"]]
            .iter()
            .map(|path| text(device, path))
            .find(|mac| !mac.is_empty());
        pages.add(&[
            ("asset_tag", text(device, &["asset_tag"])),
            ("name", text(device, &["name"])),
            ("maker", text(device, &["device_type", "manufacturer", "name"])),
            ("model", text(device, &["device_type", "model"])),
            ("serial", text(device, &["serial"])),
            ("macs", mac.unwrap_or_default()),
            ("it_owner", text(device, &["tenant", "name"])),
            ("building", text(device, &["site", "name"])),
            ("room", text(device, &["location", "name"])),
            ("state", text(device, &["status", "value"])),
            ("tags", names(device, "tags")),
            ("notes", text(device, &["description"])),
        ])?;
    }
    let more = answer.get("next").is_some_and(|next| !next.is_null());
    Ok(following(offset, results.len(), more))
}

/// Takes in a page of Snipe-IT's `GET /api/v1/hardware?limit=…&offset=…`.
///
/// # Errors
/// The answer is not one of Snipe-IT.
pub fn snipe_it_page(pages: &mut Pages, offset: u64, body: &[u8]) -> Result<Next, TableError> {
    let answer = parsed(body, "Snipe-IT")?;
    // It says what went wrong with status 200.
    if text(&answer, &["status"]) == "error" {
        return Err(TableError::Answer(format!("Snipe-IT refuses: {}", text(&answer, &["messages"]))));
    }
    let rows = list(&answer, "rows", "Snipe-IT")?;
    for asset in rows {
        pages.add(&[
            ("asset_tag", text(asset, &["asset_tag"])),
            ("name", text(asset, &["name"])),
            ("maker", text(asset, &["manufacturer", "name"])),
            ("model", text(asset, &["model", "name"])),
            ("serial", text(asset, &["serial"])),
            ("macs", custom(asset, "MAC")),
            ("clinical_owner", text(asset, &["assigned_to", "name"])),
            ("vendor", text(asset, &["supplier", "name"])),
            ("contract_end", text(asset, &["warranty_expires", "date"])),
            ("building", text(asset, &["location", "name"])),
            ("state", text(asset, &["status_label", "status_meta"])),
            ("notes", text(asset, &["notes"])),
        ])?;
    }
    let total = answer.get("total").and_then(Value::as_u64).unwrap_or_default();
    let seen = offset.saturating_add(u64::try_from(rows.len()).unwrap_or(u64::MAX));
    Ok(following(offset, rows.len(), seen < total))
}

/// An empty page ends it whatever it says, so that no server can keep us asking.
fn following(offset: u64, count: usize, more: bool) -> Next {
    let count = u64::try_from(count).ok().filter(|count| *count > 0)?;
    more.then(|| offset.saturating_add(count))
}

fn parsed(body: &[u8], who: &str) -> Result<Value, TableError> {
    serde_json::from_slice(body).map_err(|error| TableError::Answer(format!("the answer is not {who}'s JSON: {error}")))
}

fn list<'v>(answer: &'v Value, name: &str, who: &str) -> Result<&'v [Value], TableError> {
    let list = answer.get(name).and_then(Value::as_array).map(Vec::as_slice);
    list.ok_or_else(|| TableError::Answer(format!("the answer is not {who}'s: it has no `{name}`")))
}

/// A value by its path; empty where there is none.
fn text(value: &Value, path: &[&str]) -> String {
    let found = path.iter().try_fold(value, |at, name| at.get(name));
    match found {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn names(value: &Value, list: &str) -> String {
    let list = value.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|one| text(one, &["name"])).collect::<Vec<_>>().join("; ")
}

/// The first custom field of Snipe-IT whose name has a word in it.
fn custom(asset: &Value, word: &str) -> String {
    let fields = asset.get("custom_fields").and_then(Value::as_object);
    let found = fields.into_iter().flatten().find(|(name, _)| name.to_uppercase().contains(word));
    found.map(|(_, field)| text(field, &["value"])).unwrap_or_default()
}
