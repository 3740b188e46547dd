//! Remote support tools and vendors' remote service platforms, by the names that they contact and the ports that they use.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use crate::error::Error;

/// A remote support tool.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteTool {
    /// Stable id, such as `teamviewer`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// It is a maker's own platform for serving its devices, not a general tool.
    #[serde(default)]
    pub vendor_service: bool,
    /// Names at or below which it is reached.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Ports that are its own, TCP or UDP.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Where this was learnt from.
    pub source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    tool: Vec<RemoteTool>,
}

/// All tools.
#[derive(Debug, Default)]
pub(crate) struct RemoteTools {
    tools: Vec<RemoteTool>,
    by_domain: HashMap<String, usize>,
    by_port: HashMap<u16, usize>,
}

impl RemoteTools {
    pub(crate) fn parse(text: &str, file: &Path) -> Result<Self, Error> {
        let mut tools = Self::default();
        tools.add(text, file)?;
        Ok(tools)
    }

    /// Adds another file; its domains and ports win.
    pub(crate) fn add(&mut self, text: &str, file: &Path) -> Result<(), Error> {
        let read: File = toml::from_str(text).map_err(|e| Error::of_toml(file, text, &e))?;
        for tool in read.tool {
            let at = self.tools.len();
            self.by_domain.extend(tool.domains.iter().map(|domain| (domain.to_lowercase(), at)));
            self.by_port.extend(tool.ports.iter().map(|port| (*port, at)));
            self.tools.push(tool);
        }
        Ok(())
    }

    /// The tool that a name belongs to.
    pub(crate) fn by_name(&self, name: &str) -> Option<&RemoteTool> {
        let lower = name.trim_end_matches('.').to_lowercase();
        let mut suffix = lower.as_str();
        loop {
            if let Some(at) = self.by_domain.get(suffix) {
                return self.tools.get(*at);
            }
            suffix = suffix.split_once('.')?.1;
        }
    }

    /// The tool that a port belongs to.
    pub(crate) fn by_port(&self, port: u16) -> Option<&RemoteTool> {
        self.tools.get(*self.by_port.get(&port)?)
    }
}
