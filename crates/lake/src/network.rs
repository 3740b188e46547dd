//! `in_network(address, '10.0.4.0/24')`: whether an address, as rows have it, lies in a network.

use std::net::IpAddr;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, BooleanArray};
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::prelude::lit;
use ipnet::IpNet;

/// The function, for queries.
pub(crate) fn function() -> ScalarUDF {
    ScalarUDF::new_from_impl(InNetwork {
        signature: Signature::exact(vec![DataType::Utf8View, DataType::Utf8], Volatility::Immutable),
    })
}

/// A column of addresses lies in a network.
pub(crate) fn lies_in(column: Expr, network: IpNet) -> Expr {
    function().call(vec![column, lit(network.to_string())])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct InNetwork {
    signature: Signature,
}

impl ScalarUDFImpl for InNetwork {
    fn name(&self) -> &str {
        "in_network"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let refused = |why: &str| DataFusionError::Execution(format!("in_network: {why}"));
        let [addresses, network] = args.args.as_slice() else { return Err(refused("an address and a network are needed")) };
        let ColumnarValue::Scalar(ScalarValue::Utf8(Some(text))) = network else {
            return Err(refused("the network has to be written out, such as '10.0.4.0/24'"));
        };
        let network: IpNet = text.parse().map_err(|_| refused(&format!("`{text}` is no network such as 10.0.4.0/24")))?;
        let addresses: ArrayRef = addresses.to_array(args.number_rows)?;
        let addresses = addresses.as_string_view_opt().ok_or_else(|| refused("the address has to be text"))?;
        let lies = |address: &str| address.parse::<IpAddr>().is_ok_and(|address| network.contains(&address));
        let lie: BooleanArray = addresses.iter().map(|address| address.map(lies)).collect();
        Ok(ColumnarValue::Array(Arc::new(lie)))
    }
}
