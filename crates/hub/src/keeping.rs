//! Records beside what is observed: which device each is of, kept up as devices change, and what follows for the papers of what came.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use inventory::{Node, Said};
use model::report::Device;
use records::follow::{Anchor, Held, Place, anchors_of_device, anchors_of_record, follow};
use records::{Record, import};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Act, Actor, RecordRow, StatementRow, new_id};

use crate::App;
use crate::intake::Answers;

/// A record with its row.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) row: RecordRow,
    pub(crate) record: Record,
}

impl Kept {
    /// A record that is not stored yet; its version is 0.
    pub(crate) fn new(site: &str) -> Self {
        let row = RecordRow { id: new_id("record"), site_id: site.to_owned(), anchors: "[]".into(), ..RecordRow::default() };
        Self { row, record: Record::default() }
    }

    /// As it is stored.
    pub(crate) fn of(row: RecordRow) -> store::Result<Self> {
        Ok(Self { record: serde_json::from_str(&row.doc)?, row })
    }

    /// It is stored.
    pub(crate) const fn is_there(&self) -> bool {
        self.row.version > 0
    }

    /// Says something else, and what is filtered by with it.
    pub(crate) fn say(&mut self, record: Record) -> store::Result<()> {
        let of = |field: &Option<String>| field.clone().unwrap_or_default();
        let title = [&record.name, &record.asset_tag, &record.maker, &record.model, &record.serial];
        self.row.title = title.into_iter().flatten().map(|text| text.to_lowercase()).collect::<Vec<_>>().join(" ");
        self.row.clinical_owner = of(&record.clinical_owner);
        self.row.it_owner = of(&record.it_owner);
        self.row.unit = of(&record.unit);
        self.row.state = record.state.map(|state| state.name().to_owned()).unwrap_or_default();
        self.row.tags = record.tags.iter().cloned().collect();
        self.row.doc = serde_json::to_string(&record)?;
        self.record = record;
        Ok(())
    }

    /// Is of this device from now on.
    pub(crate) fn place(&mut self, device: &Device) -> store::Result<()> {
        self.row.device_id = Some(device.id.to_string());
        self.row.anchors = serde_json::to_string(&anchors_of_device(device))?;
        Ok(())
    }

    /// Writes it.
    pub(crate) async fn write(&self, change: &mut store::Change) -> store::Result<()> {
        if self.is_there() { change.set_record(&self.row).await } else { change.add_record(&self.row).await }
    }

    /// What identifies its device: what was observed of it while it was its own, and what people wrote.
    fn anchors(&self) -> BTreeSet<Anchor> {
        let mut anchors: BTreeSet<Anchor> = serde_json::from_str(&self.row.anchors).unwrap_or_default();
        anchors.extend(anchors_of_record(&self.record));
        anchors
    }
}

/// All records of a site.
pub(crate) async fn of_site(app: &App, site: &str) -> store::Result<Vec<Kept>> {
    app.store.records_of_site(site).await?.into_iter().map(Kept::of).collect()
}

/// What a device was seen to be, as an import compares it.
pub(crate) fn seen(device: &Device) -> import::Seen {
    let value = |attribute: &Option<Box<model::report::Attribute>>| attribute.as_ref().map(|one| one.value.to_string());
    let values = [("maker", value(&device.maker)), ("model", value(&device.model)), ("serial", value(&device.serial))];
    import::Seen {
        macs: device.interfaces.iter().filter_map(|interface| interface.mac).collect(),
        values: values.into_iter().filter_map(|(field, value)| Some((field, value?))).collect(),
    }
}

/// Finds the device of each record of a site again. Safe to run twice, late, or after a crash.
pub(crate) async fn keep_up(app: &App, site: &str, answers: &Answers) -> store::Result<()> {
    let _one_at_a_time = app.following.lock().await;
    let kept = of_site(app, site).await?;
    if kept.is_empty() {
        app.intake.set_units(site, HashMap::new());
        return Ok(());
    }
    let anchors: Vec<BTreeSet<Anchor>> = kept.iter().map(Kept::anchors).collect();
    let held: Vec<Held<'_>> = kept
        .iter()
        .zip(&anchors)
        .map(|(one, anchors)| Held { id: &one.row.id, anchors, device: one.row.device_id.as_deref() })
        .collect();
    let devices: BTreeMap<&str, &Device> = answers.devices.iter().map(|device| (device.id.as_str(), device)).collect();
    let (mut moved, mut units) = (Vec::new(), HashMap::new());
    for (one, place) in kept.iter().zip(follow(&held, &answers.devices)) {
        let device = place.device.as_deref().and_then(|id| devices.get(id));
        let anchors =
            device.map_or_else(|| Ok(one.row.anchors.clone()), |device| serde_json::to_string(&anchors_of_device(device)))?;
        if let Some(device) = place.device.as_ref().filter(|_| !one.row.unit.is_empty()) {
            units.insert(device.clone(), one.row.unit.clone());
        }
        let conflict = place.conflict.as_ref().map(serde_json::to_string).transpose()?;
        if place.device != one.row.device_id || conflict != one.row.conflict || anchors != one.row.anchors {
            moved.push((one, place, conflict, anchors));
        }
    }
    app.intake.set_units(site, units);
    write_places(app, site, &moved).await
}

async fn write_places(app: &App, site: &str, moved: &[(&Kept, Place, Option<String>, String)]) -> store::Result<()> {
    let Some((last, rest)) = moved.split_last() else { return Ok(()) };
    let mut change = app.store.begin(&Actor::hub("records"), app.now()).await?;
    let act = |(one, place, _, _): &(&Kept, Place, Option<String>, String)| {
        let details = json!({ "from": one.row.device_id, "to": place.device, "conflict": place.conflict });
        Act::new("record.place", &one.row.id).at(site).with(details)
    };
    for one in moved {
        match change.place_record(&one.0.row.id, one.1.device.as_deref(), one.2.as_deref(), &one.3).await {
            // Somebody took it away meanwhile.
            Ok(()) | Err(store::Error::Absent(_)) => {}
            Err(error) => return Err(error),
        }
    }
    for one in rest {
        change.note(&act(one)).await?;
    }
    change.commit(act(last)).await?;
    app.tell(crate::events::Event::new("record", site));
    Ok(())
}

/// The same for what a handler changed. What goes wrong is done again with the next observation.
pub(crate) async fn keep_up_now(app: &App, site: &str) {
    let Some(answers) = app.intake.answers(site) else { return };
    let done = async {
        keep_up(app, site, &answers).await?;
        crate::papers::arrive(app, site, &answers).await
    };
    if let Err(error) = done.await {
        tracing::warn!(%error, site, "records could not be brought to their devices");
    }
}

/// What somebody said of which interfaces are one device, as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Statement {
    pub(crate) kind: StatementKind,
    /// MAC addresses, and IP addresses of what was only seen behind a router.
    pub(crate) interfaces: Vec<String>,
    /// Devices as they were called.
    pub(crate) devices: Vec<String>,
    pub(crate) by: String,
    pub(crate) why: String,
}

/// What was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StatementKind {
    /// They are one device.
    Merge,
    /// They are a device of their own.
    Split,
}

impl Statement {
    fn said(&self) -> Said {
        let nodes = self.interfaces.iter().filter_map(|text| node(text)).collect();
        match self.kind {
            StatementKind::Merge => Said::Together(nodes),
            StatementKind::Split => Said::Apart(nodes),
        }
    }
}

/// An interface by its MAC or IP address.
pub(crate) fn node(text: &str) -> Option<Node> {
    let mac = text.parse().ok().map(Node::Mac);
    mac.or_else(|| text.parse().ok().map(Node::Ip))
}

/// The interfaces of a device.
pub(crate) fn interfaces(device: &Device) -> Vec<String> {
    let macs = device.interfaces.iter().filter_map(|interface| interface.mac).map(|mac| mac.to_string());
    let alone = device.addresses.iter().filter(|address| address.mac.is_none()).map(|address| address.ip.to_string());
    let all: BTreeSet<String> = macs.chain(alone).collect();
    all.into_iter().collect()
}

/// What people say of a site's interfaces and was not taken back.
pub(crate) async fn said(app: &App, site: &str) -> store::Result<Vec<Said>> {
    let standing = |row: &StatementRow| row.undone.is_none();
    let rows = app.store.statements(site).await?;
    let read = |row: StatementRow| Ok(serde_json::from_str::<Statement>(&row.doc)?.said());
    rows.into_iter().filter(standing).map(read).collect()
}
