//! Which device a person means.

use model::MacAddr;
use model::report::Device;

use super::View;
use super::view::{address, product};
use super::words::clean;

/// Candidates that an error lists.
const MAX_CANDIDATES: usize = 10;

/// The device is not clear.
#[derive(Debug)]
pub struct NotClear(String);

impl std::fmt::Display for NotClear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotClear {}

/// The one device of an id, MAC or IP address, name, title, serial number or UDI; upper and lower case are the same.
pub fn find<'a>(view: &View<'a>, asked: &str) -> Result<&'a Device, NotClear> {
    let wanted = asked.trim().to_lowercase();
    let mac = wanted.parse::<MacAddr>().ok().map(|mac| mac.to_string());
    let ip = wanted.parse::<std::net::IpAddr>().ok().map(|ip| ip.to_string());
    let is_it = |handle: &str| handle == wanted || Some(handle) == mac.as_deref() || Some(handle) == ip.as_deref();
    let exact = matching(view, is_it);
    match exact.as_slice() {
        [one] => return Ok(one),
        [] => {}
        several => return Err(NotClear(format!("{} devices are called {asked}: {}", several.len(), list(view, several)))),
    }
    let near = matching(view, |handle| !wanted.is_empty() && handle.contains(&wanted));
    Err(NotClear(match near.as_slice() {
        [] if view.devices.is_empty() => format!("no device is called {asked}; none was seen"),
        [] => format!("no device is called {asked}; there are {}", list(view, &view.devices)),
        near => format!("no device is called {asked}; near it are {}", list(view, near)),
    }))
}

fn matching<'a>(view: &View<'a>, is_it: impl Fn(&str) -> bool) -> Vec<&'a Device> {
    let hit = |device: &&Device| View::handles(device).any(|handle| is_it(&handle.to_lowercase()));
    view.devices.iter().copied().filter(hit).collect()
}

/// Candidates, a line each.
fn list(view: &View<'_>, devices: &[&Device]) -> String {
    let mut lines: Vec<String> = devices
        .iter()
        .take(MAX_CANDIDATES)
        .map(|device| {
            let line = format!("\n  {}  {}  {}  {}", device.id, view.call(device), address(device), product(device));
            line.lines().map(clean).collect::<Vec<_>>().join("\n")
        })
        .collect();
    if devices.len() > MAX_CANDIDATES {
        lines.push(format!("\n  … and {} more", devices.len() - MAX_CANDIDATES));
    }
    lines.concat()
}
