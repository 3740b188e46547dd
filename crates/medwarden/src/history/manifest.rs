//! The manifest of history in the hub's state.

use lake::{BoxFuture, Change, Kind, Manifest, ManifestError, Mark, Segment, Want};
use serde_json::json;
use store::{Act, Actor, SegmentChange, SegmentFilter, SegmentRow, Store};

use crate::sensor::clock;

/// The manifest.
pub struct StateManifest(Store);

impl StateManifest {
    pub const fn new(store: Store) -> Self {
        Self(store)
    }

    async fn written(&self, change: Change) -> store::Result<()> {
        let acts = self.acts(&change).await?;
        let change = SegmentChange {
            add: change.add.into_iter().map(row).collect(),
            remove: change.remove,
            marks: change.marks.into_iter().map(|mark| (mark.sensor, mark.number)).collect(),
        };
        let mut acts = acts.into_iter();
        let Some(last) = acts.next_back() else {
            let mut writer = self.0.writer().await?;
            writer.change_segments(&change).await?;
            return writer.commit().await;
        };
        let mut transaction = self.0.begin(&Actor::hub("history"), clock::now()).await?;
        transaction.change_segments(&change).await?;
        for act in acts {
            transaction.note(&act).await?;
        }
        transaction.commit(last).await.map(|_| ())
    }

    /// What of a change is an act.
    async fn acts(&self, change: &Change) -> store::Result<Vec<Act>> {
        let mut acts: Vec<Act> = change.add.iter().filter_map(set_aside).collect();
        if change.add.is_empty() && !change.remove.is_empty() {
            let all = self.0.segments(&SegmentFilter::default()).await?;
            acts.extend(all.iter().filter(|segment| change.remove.contains(&segment.id)).map(dropped));
        }
        Ok(acts)
    }
}

impl Manifest for StateManifest {
    fn list(&self, want: Want) -> BoxFuture<'_, Result<Vec<Segment>, ManifestError>> {
        let filter = SegmentFilter {
            kind: want.kind.map(|kind| kind.name().to_owned()),
            tenant_id: want.tenant,
            site_ids: want.sites,
            from: want.from,
            before: want.before,
        };
        Box::pin(async move {
            let rows = self.0.segments(&filter).await.map_err(kept)?;
            Ok(rows.into_iter().filter_map(segment).collect())
        })
    }

    fn marks(&self) -> BoxFuture<'_, Result<Vec<Mark>, ManifestError>> {
        Box::pin(async move {
            let marks = self.0.segment_marks().await.map_err(kept)?;
            Ok(marks.into_iter().map(|(sensor, number)| Mark { sensor, number }).collect())
        })
    }

    fn commit(&self, change: Change) -> BoxFuture<'_, Result<(), ManifestError>> {
        Box::pin(async move { self.written(change).await.map_err(kept) })
    }
}

fn kept(error: store::Error) -> ManifestError {
    ManifestError::Kept(Box::new(error))
}

/// Setting a segment aside takes rows from what people see: it stands in the log and in the ledger.
fn set_aside(segment: &Segment) -> Option<Act> {
    let reason = segment.aside.as_ref()?;
    let Segment { id, path, rows, from, until, tenant, site, .. } = segment;
    tracing::error!(path, reason, rows, %from, %until, "a segment of history is broken and was set aside; restore its file from a backup");
    let details = json!({ "path": path, "reason": reason, "rows": rows, "from": from, "until": until });
    Some(Act::new("history.segment.set-aside", id).at(site).of(tenant).with(details))
}

/// Dropping what is too old is an act too. Putting segments together is none: the rows stay.
fn dropped(segment: &SegmentRow) -> Act {
    let SegmentRow { id, path, rows, first, last, tenant_id, site_id, .. } = segment;
    let details = json!({ "path": path, "rows": rows, "from": first, "until": last });
    Act::new("history.segment.drop", id).at(site_id).of(tenant_id).with(details)
}

fn row(segment: Segment) -> SegmentRow {
    SegmentRow {
        id: segment.id,
        kind: segment.kind.name().to_owned(),
        tenant_id: segment.tenant,
        site_id: segment.site,
        path: segment.path,
        first: segment.from,
        last: segment.until,
        taken: segment.taken,
        rows: segment.rows,
        bytes: segment.bytes,
        sha256: segment.sha256,
        schema_version: segment.schema,
        set_aside: segment.aside,
    }
}

/// A table that a newer program added is not this one's to read.
fn segment(row: SegmentRow) -> Option<Segment> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == row.kind)?;
    Some(Segment {
        id: row.id,
        kind,
        tenant: row.tenant_id,
        site: row.site_id,
        path: row.path,
        from: row.first,
        until: row.last,
        taken: row.taken,
        rows: row.rows,
        bytes: row.bytes,
        sha256: row.sha256,
        schema: row.schema_version,
        aside: row.set_aside,
    })
}
