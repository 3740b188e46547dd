//! What a column of a table is, and rows as record batches and back. The tables themselves stand in `row`.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray as _, Int64Builder, RecordBatch, StringViewBuilder, TimestampNanosecondBuilder};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit, TimestampNanosecondType};
use model::Timestamp;

use crate::error::Error;
use crate::manifest::Kind;
use crate::row::Origin;

/// A row of a table.
pub trait Row: Clone + Default + Send + Sync + 'static {
    /// Which table.
    const KIND: Kind;
    /// The column whose time orders results.
    const TIME: &'static str;
    /// The columns by which a segment is sorted: one device's rows lie together, which makes them quick to find and small.
    const ORDER: &'static [&'static str];

    /// Where it comes from.
    fn origin(&self) -> &Origin;
    /// The time by which it is ordered, kept and dropped.
    fn time(&self) -> Timestamp;
    /// The earliest instant it speaks of.
    fn begin(&self) -> Timestamp;
    /// Its columns, in their order in a file.
    fn columns() -> &'static [Column<Self>];
}

/// A column of the table of `R`: its name and how it is read from a row and put into one.
pub struct Column<R: 'static> {
    pub(crate) name: &'static str,
    way: Way<R>,
    /// It is looked up by exact value, among many: a bloom filter pays.
    pub(crate) sought: bool,
}

type Get<R, T> = fn(&R) -> Option<T>;

enum Way<R: 'static> {
    Text(for<'a> fn(&'a R) -> Option<Cow<'a, str>>, fn(&mut R, Option<&str>)),
    Number(Get<R, i64>, fn(&mut R, Option<i64>)),
    Time(Get<R, Timestamp>, fn(&mut R, Option<Timestamp>)),
}

impl<R> Column<R> {
    pub(crate) const fn text(
        name: &'static str,
        get: for<'a> fn(&'a R) -> Option<Cow<'a, str>>,
        set: fn(&mut R, Option<&str>),
    ) -> Self {
        Self { name, way: Way::Text(get, set), sought: false }
    }

    pub(crate) const fn number(name: &'static str, get: Get<R, i64>, set: fn(&mut R, Option<i64>)) -> Self {
        Self { name, way: Way::Number(get, set), sought: false }
    }

    pub(crate) const fn time(name: &'static str, get: Get<R, Timestamp>, set: fn(&mut R, Option<Timestamp>)) -> Self {
        Self { name, way: Way::Time(get, set), sought: false }
    }

    pub(crate) const fn sought(mut self) -> Self {
        self.sought = true;
        self
    }

    fn field(&self) -> Field {
        let kind = match self.way {
            Way::Text(..) => DataType::Utf8View,
            Way::Number(..) => DataType::Int64,
            Way::Time(..) => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
        };
        Field::new(self.name, kind, true)
    }

    fn array(&self, rows: &[R]) -> ArrayRef {
        match self.way {
            Way::Text(get, _) => {
                let mut builder = StringViewBuilder::with_capacity(rows.len()).with_deduplicate_strings();
                rows.iter().for_each(|row| builder.append_option(get(row)));
                Arc::new(builder.finish())
            }
            Way::Number(get, _) => {
                let mut builder = Int64Builder::with_capacity(rows.len());
                rows.iter().for_each(|row| builder.append_option(get(row)));
                Arc::new(builder.finish())
            }
            Way::Time(get, _) => {
                let mut builder = TimestampNanosecondBuilder::with_capacity(rows.len()).with_timezone("UTC");
                rows.iter().for_each(|row| builder.append_option(get(row).map(Timestamp::nanos)));
                Arc::new(builder.finish())
            }
        }
    }

    /// Puts a whole column into the rows it belongs to.
    fn fill(&self, array: &ArrayRef, rows: &mut [R]) -> Option<()> {
        let at = rows.iter_mut().enumerate();
        match self.way {
            Way::Text(_, set) => {
                let values = array.as_string_view_opt()?;
                at.for_each(|(index, row)| set(row, values.is_valid(index).then(|| values.value(index))));
            }
            Way::Number(_, set) => {
                let values = array.as_primitive_opt::<Int64Type>()?;
                at.for_each(|(index, row)| set(row, values.is_valid(index).then(|| values.value(index))));
            }
            Way::Time(_, set) => {
                let values = array.as_primitive_opt::<TimestampNanosecondType>()?;
                let time = |index| values.is_valid(index).then(|| Timestamp::from_nanos(values.value(index)));
                at.for_each(|(index, row)| set(row, time(index)));
            }
        }
        Some(())
    }
}

/// The table's form.
pub(crate) fn schema<R: Row>() -> SchemaRef {
    Arc::new(Schema::new(R::columns().iter().map(Column::field).collect::<Vec<_>>()))
}

/// Rows as a record batch.
pub(crate) fn batch<R: Row>(rows: &[R]) -> Result<RecordBatch, Error> {
    let columns = R::columns().iter().map(|column| column.array(rows)).collect();
    Ok(RecordBatch::try_new(schema::<R>(), columns)?)
}

/// A record batch, in any order of columns, as rows. A column that is absent leaves what the row has by default.
pub(crate) fn rows<R: Row>(batch: &RecordBatch) -> Result<Vec<R>, Error> {
    let mut rows = vec![R::default(); batch.num_rows()];
    for column in R::columns() {
        let Some(array) = batch.column_by_name(column.name) else { continue };
        column.fill(array, &mut rows).ok_or_else(|| Error::Form { column: column.name.to_owned() })?;
    }
    Ok(rows)
}
