//! Names under which the OpenAPI document refers to the shapes of the report; see `document::add_report_shapes`.

use std::borrow::Cow;

use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

macro_rules! shapes {
    ($($name:ident),*) => {$(
        #[doc = concat!("The report's ", stringify!($name), ".")]
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                RefOr::Ref(Ref::from_schema_name(stringify!($name)))
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )*};
}

shapes!(Device, Conversation, Finding, Isolation);
