//! Segments: how one is written, read whole, and merged from several.

use std::fs::File;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{AsArray as _, BooleanArray, RecordBatch};
use arrow::compute::{SortColumn, SortOptions, filter_record_batch, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{SchemaRef, TimestampNanosecondType};
use model::Timestamp;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use sha2::{Digest as _, Sha256};

use crate::column::{Row, schema};
use crate::error::Error;
use crate::manifest::{Kind, SCHEMA, Segment};
use crate::row::{Event, Flow};

/// Rows of a row group: what is passed over, or read, as one.
pub(crate) const GROUP_ROWS: usize = 131_072;
/// Rows of a page: what is passed over inside a row group.
const PAGE_ROWS: usize = 8_192;
/// From so many rows on a segment has bloom filters; a smaller one is read in no time.
const BLOOM_ROWS: usize = 32_768;
/// Zstandard's level: 3 is what it is best at.
const LEVEL: i32 = 3;
/// Nanoseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000_000;

/// What the generic code needs to know of a table at run time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    pub(crate) kind: Kind,
    pub(crate) time: &'static str,
    begin: &'static str,
    pub(crate) order: &'static [&'static str],
    sought: fn() -> Vec<&'static str>,
    pub(crate) schema: fn() -> SchemaRef,
}

impl Table {
    pub(crate) const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Flow => Self::row::<Flow>("first"),
            Kind::Event => Self::row::<Event>("time"),
        }
    }

    const fn row<R: Row>(begin: &'static str) -> Self {
        let sought = || R::columns().iter().filter(|column| column.sought).map(|column| column.name).collect();
        Self { kind: R::KIND, time: R::TIME, begin, order: R::ORDER, sought, schema: schema::<R> }
    }

    /// In the order in which a segment has them.
    pub(crate) fn sorted(&self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let options = Some(SortOptions { descending: false, nulls_first: true });
        let column = |name: &&str| Some(SortColumn { values: batch.column_by_name(name)?.clone(), options });
        let columns: Vec<SortColumn> = self.order.iter().filter_map(column).collect();
        let indices = lexsort_to_indices(&columns, None)?;
        Ok(take_record_batch(batch, &indices)?)
    }

    /// The rows of each day, by day.
    pub(crate) fn by_day(&self, batch: &RecordBatch) -> Result<Vec<(i64, RecordBatch)>, Error> {
        let form = || Error::Form { column: self.time.to_owned() };
        let times = batch.column_by_name(self.time).and_then(|times| times.as_primitive_opt::<TimestampNanosecondType>());
        let days: Vec<i64> = times.ok_or_else(form)?.values().iter().map(|nanos| nanos.div_euclid(DAY)).collect();
        let mut all = days.clone();
        all.sort_unstable();
        all.dedup();
        if let [one] = all.as_slice() {
            return Ok(vec![(*one, batch.clone())]);
        }
        let of_day = |day: i64| {
            let mask: BooleanArray = days.iter().map(|of_row| Some(*of_row == day)).collect();
            Ok((day, filter_record_batch(batch, &mask)?))
        };
        all.into_iter().map(of_day).collect()
    }

    fn properties(&self, rows: usize) -> Result<WriterProperties, Error> {
        let schema = (self.schema)();
        let sorting = self.order.iter().filter_map(|name| {
            let index = i32::try_from(schema.index_of(name).ok()?).ok()?;
            Some(SortingColumn { column_idx: index, descending: false, nulls_first: true })
        });
        let mut builder = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(LEVEL)?))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_data_page_row_count_limit(PAGE_ROWS)
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_created_by(format!("medwarden history {SCHEMA}"))
            .set_sorting_columns(Some(sorting.collect()));
        if rows >= BLOOM_ROWS {
            for name in (self.sought)() {
                let column = ColumnPath::from(name);
                builder = builder.set_column_bloom_filter_enabled(column.clone(), true).set_column_bloom_filter_fpp(column, 0.01);
            }
        }
        Ok(builder.build())
    }
}

/// A file that is hashed as it is written.
struct Hashed {
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        self.bytes = self.bytes.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A segment that is being written.
pub(crate) struct Draft {
    table: Table,
    writer: ArrowWriter<Hashed>,
    path: PathBuf,
    rows: u64,
    from: Timestamp,
    until: Timestamp,
}

/// Whose segment it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Shelf {
    pub(crate) kind: Kind,
    pub(crate) tenant: String,
    pub(crate) site: String,
}

impl Draft {
    pub(crate) fn new(table: Table, (file, path): (File, PathBuf), expected_rows: usize) -> Result<Self, Error> {
        let hashed = Hashed { file: BufWriter::with_capacity(1 << 18, file), hash: Sha256::new(), bytes: 0 };
        let writer = ArrowWriter::try_new(hashed, (table.schema)(), Some(table.properties(expected_rows)?))?;
        Ok(Self { table, writer, path, rows: 0, from: Timestamp::MAX, until: Timestamp::MIN })
    }

    /// Adds rows, which follow those before in the table's order.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let times = |name: &str| batch.column_by_name(name).and_then(|array| array.as_primitive_opt::<TimestampNanosecondType>());
        let (begin, end) = (times(self.table.begin), times(self.table.time));
        // A flow whose last packet is before its first, as an exporter may claim, is within the range all the same.
        for times in [begin, end].into_iter().flatten() {
            self.from = self.from.min(Timestamp::from_nanos(arrow::compute::min(times).unwrap_or(i64::MAX)));
            self.until = self.until.max(Timestamp::from_nanos(arrow::compute::max(times).unwrap_or(i64::MIN)));
        }
        self.rows = self.rows.saturating_add(u64::try_from(batch.num_rows()).unwrap_or(u64::MAX));
        self.writer.write(batch)?;
        Ok(())
    }

    /// Ends the file, durably. It is at the returned path, and belongs to the segment's own.
    pub(crate) fn finish(self, shelf: &Shelf, day: i64, taken: Timestamp) -> Result<(PathBuf, Segment), Error> {
        let Self { writer, path, rows, from, until, .. } = self;
        let hashed = writer.into_inner()?;
        let folder_error = |source| Error::Folder { path: path.clone(), source };
        let file = hashed.file.into_inner().map_err(|error| folder_error(error.into_error()))?;
        file.sync_all().map_err(folder_error)?;
        let sha256: String = hashed.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let id = unique(&sha256);
        let Shelf { kind, tenant, site } = shelf.clone();
        let date = Timestamp::from_nanos(day.saturating_mul(DAY)).to_string();
        let date = date.get(..10).unwrap_or("unknown");
        let key = format!("kind={kind}/tenant={tenant}/site={site}/date={date}/{id}.parquet");
        let segment = Segment {
            id,
            kind,
            tenant,
            site,
            path: key,
            from,
            until,
            taken,
            rows,
            bytes: hashed.bytes,
            sha256,
            schema: SCHEMA,
            aside: None,
        };
        Ok((path, segment))
    }
}

/// An id that no other segment has, here or elsewhere.
fn unique(sha256: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u64(COUNT.fetch_add(1, Ordering::Relaxed));
    let own = hasher.finish();
    format!("{}{own:016x}", sha256.get(..16).unwrap_or_default())
}
