//! The query engine: its bounds, and the tables that it sees.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::SortOptions;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::memory::MemorySourceConfig;
use datafusion::catalog::{
    CatalogProvider as _, CatalogProviderList as _, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider,
    Session, TableProvider,
};
use datafusion::common::config::TableParquetOptions;
use datafusion::datasource::TableType;
use datafusion::datasource::file_format::FileFormat as _;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::context::SessionContext;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream};
use datafusion::prelude::SessionConfig;

use crate::bounds::Bounds;
use crate::error::Error;
use crate::lake::Config;
use crate::manifest::Segment;
use crate::network;
use crate::place::Opened;
use crate::segment::Table;

/// Footers of segments that stay in memory.
const FOOTER_BYTES: usize = 32 << 20;
/// The engine's name for the place.
const PLACE: &str = "lake://history/";

/// Functions with which a short text makes a value of any length, which no memory pool would see.
const LEFT_OUT: [&str; 9] = ["repeat", "lpad", "rpad", "replace", "concat", "concat_ws", "overlay", "array_agg", "string_agg"];

/// The engine.
pub(crate) struct Engine {
    state: SessionState,
    runtime: Arc<RuntimeEnv>,
    place: ObjectStoreUrl,
}

impl Engine {
    pub(crate) fn new(opened: &Opened, config: &Config) -> std::result::Result<Self, Error> {
        let bytes = |mebibytes: u64| mebibytes.saturating_mul(1 << 20);
        let pool = usize::try_from(bytes(config.query_mebibytes)).unwrap_or(usize::MAX);
        let engine = |error| Error::of_engine(error, config.query_mebibytes);
        let place = ObjectStoreUrl::parse(PLACE).map_err(engine)?;
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(pool)))
            .with_temp_file_path(opened.scratch())
            .with_max_temp_directory_size(bytes(config.spill_mebibytes))
            .with_metadata_cache_limit(FOOTER_BYTES)
            .build_arc()
            .map_err(engine)?;
        runtime.register_object_store(place.as_ref(), Arc::clone(&opened.store));
        let mut session = SessionConfig::new().with_target_partitions(config.threads.max(1)).with_information_schema(false);
        let options = session.options_mut();
        options.execution.parquet.pushdown_filters = true;
        options.execution.parquet.reorder_filters = true;
        options.execution.enable_recursive_ctes = false;
        let mut builder =
            SessionStateBuilder::new().with_config(session).with_runtime_env(Arc::clone(&runtime)).with_default_features();
        // Numbers out of nothing, and files by name: neither is history.
        *builder.table_functions() = None;
        if let Some(functions) = builder.scalar_functions() {
            functions.retain(|function| !LEFT_OUT.contains(&function.name()));
            functions.push(Arc::new(network::function()));
        }
        if let Some(functions) = builder.aggregate_functions() {
            functions.retain(|function| !LEFT_OUT.contains(&function.name()));
        }
        Ok(Self { state: builder.build(), runtime, place })
    }

    /// A session of its own for one query.
    pub(crate) fn session(&self) -> SessionContext {
        let names = &self.state.config_options().catalog;
        let (catalogs, catalog) = (MemoryCatalogProviderList::new(), MemoryCatalogProvider::new());
        // Both are in memory, where putting one into the other cannot fail.
        let _ = catalog.register_schema(&names.default_schema, Arc::new(MemorySchemaProvider::new()));
        let _ = catalogs.register_catalog(names.default_catalog.clone(), Arc::new(catalog));
        let builder = SessionStateBuilder::new_from_existing(self.state.clone());
        SessionContext::new_with_state(builder.with_catalog_list(Arc::new(catalogs)).build())
    }

    /// A table of the segments and rows that a query may see.
    pub(crate) fn table(&self, table: Table, seen: Seen) -> Arc<History> {
        Arc::new(History { place: self.place.clone(), schema: (table.schema)(), seen })
    }

    /// The rows of several segments as one stream in the table's order.
    pub(crate) async fn merged(&self, table: Table, segments: &[Segment]) -> Result<SendableRecordBatchStream> {
        let schema = (table.schema)();
        let options = SortOptions { descending: false, nulls_first: true };
        let order = table.order.iter().map(|name| Ok(PhysicalSortExpr { expr: col(name, &schema)?, options }));
        let order: Vec<PhysicalSortExpr> = order.collect::<Result<_>>()?;
        let order = LexOrdering::new(order).ok_or_else(|| DataFusionError::Internal("a table without an order".to_owned()))?;
        let session = self.session();
        let groups = segments.iter().map(|segment| FileGroup::new(vec![file(segment)])).collect();
        let scan = FileScanConfigBuilder::new(self.place.clone(), Arc::new(ParquetSource::new(Arc::clone(&schema))))
            .with_file_groups(groups)
            .with_output_ordering(vec![order.clone()])
            .build();
        let files = ParquetFormat::default().create_physical_plan(&session.state(), scan).await?;
        let merge = SortPreservingMergeExec::new(order, files);
        merge.execute(0, session.task_ctx())
    }

    /// Memory that queries hold now.
    pub(crate) fn reserved_bytes(&self) -> usize {
        self.runtime.memory_pool.reserved()
    }
}

/// What a query may see: it was chosen by tenant and site before the engine is asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) segments: Vec<Segment>,
    pub(crate) buffered: Vec<RecordBatch>,
}

/// A table of history.
#[derive(Debug)]
pub(crate) struct History {
    place: ObjectStoreUrl,
    schema: SchemaRef,
    seen: Seen,
}

fn file(segment: &Segment) -> PartitionedFile {
    PartitionedFile::new(segment.path.clone(), segment.bytes)
}

impl History {
    /// The segments that can have rows within the filters, shared out between the threads.
    fn groups(&self, filters: &[Expr], threads: usize) -> Vec<FileGroup> {
        let bounds = Bounds::of(filters);
        let mut groups: Vec<FileGroup> = Vec::new();
        for (index, segment) in self.seen.segments.iter().filter(|segment| bounds.meet(segment)).enumerate() {
            match groups.get_mut(index % threads.max(1)) {
                Some(group) => group.push(file(segment)),
                None => groups.push(FileGroup::new(vec![file(segment)])),
            }
        }
        groups
    }
}

#[async_trait]
impl TableProvider for History {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// The engine pushes filters into the files by itself and takes away what is left over.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut parts: Vec<Arc<dyn ExecutionPlan>> = Vec::new();
        let groups = self.groups(filters, state.config().target_partitions());
        if !groups.is_empty() {
            let scan = FileScanConfigBuilder::new(self.place.clone(), Arc::new(ParquetSource::new(Arc::clone(&self.schema))))
                .with_projection_indices(projection.cloned())?
                .with_file_groups(groups)
                .build();
            let options = TableParquetOptions { global: state.config_options().execution.parquet.clone(), ..Default::default() };
            parts.push(ParquetFormat::default().with_options(options).create_physical_plan(state, scan).await?);
        }
        if !self.seen.buffered.is_empty() {
            let buffered = std::slice::from_ref(&self.seen.buffered);
            parts.push(MemorySourceConfig::try_new_exec(buffered, Arc::clone(&self.schema), projection.cloned())?);
        }
        match parts.len() {
            0 => {
                let schema = match projection {
                    Some(projection) => Arc::new(self.schema.project(projection)?),
                    None => Arc::clone(&self.schema),
                };
                Ok(Arc::new(EmptyExec::new(schema)))
            }
            1 => parts.pop().ok_or_else(|| DataFusionError::Internal("no part".to_owned())),
            _ => UnionExec::try_new(parts),
        }
    }
}
