//! Manifests of any size: as many sites like the community hospital as fit, and a clinic for the rest.

use std::fmt::Write as _;

use super::manifest::Manifest;

/// Devices of a generated site; what is over becomes visitors of the first.
const SITE: u32 = 2_500;

/// A manifest of so many devices.
///
/// # Panics
/// When the community hospital that comes with the lab is no manifest; a test reads it.
#[must_use]
pub fn manifest(devices: u32) -> String {
    let community = Manifest::parse(Manifest::shipped("community").expect("it ships")).expect("it is a manifest");
    let site = &community.sites[0];
    let (sites, size) = if devices < SITE { (1, devices) } else { (devices / SITE, SITE) };
    let over = devices - sites * size;
    let mut out = format!(
        "# Generated: {devices} devices in {sites} sites.\n[hospital]\nname = \"Generated hospital\"\ndomain = \"generated.example\"\n\
         space = \"10.0.0.0/8\"\nrate = {}\n\n",
        if devices > 10_000 { 0.1 } else { 1.0 }
    );
    let _ = writeln!(out, "[[site]]\nname = \"site\"\nrepeat = {sites}");
    out.push_str("buildings = [\n");
    for building in &site.buildings {
        let _ = writeln!(out, "    {{ name = {:?}, units = {:?} }},", building.name, building.units);
    }
    out.push_str("]\nsubnets = [\n");
    // 16,384 addresses a site at most: 400 sites of 2,500 devices fit into 10.0.0.0/8.
    for subnet in &site.subnets {
        let kind = if subnet.guests {
            ", guests = true"
        } else if subnet.dhcp {
            ", dhcp = true"
        } else {
            ""
        };
        let prefix = if subnet.guests { 22 } else { subnet.prefix.max(22) };
        let _ = writeln!(out, "    {{ name = {:?}, vlan = {}, prefix = {prefix}{kind} }},", subnet.name.get_ref(), subnet.vlan);
    }
    let names: Vec<&str> = site.subnets.iter().map(|subnet| subnet.name.get_ref().as_str()).collect();
    let _ = writeln!(out, "]\nswitches = [{{ name = \"core\", subnets = {names:?} }}]");
    out.push_str("mirrors = [{ name = \"core-span\", switches = [\"core\"] }]\n\n");
    out.push_str(&shares(site, size));
    if over > 0 {
        let _ = write!(
            out,
            "# What is left over.\n[[site]]\nname = \"rest\"\nsubnets = [{{ name = \"office\", vlan = 40, prefix = 20, dhcp = true }}]\n\
             switches = [{{ name = \"core\", subnets = [\"office\"] }}]\nmirrors = [{{ name = \"rest-span\", switches = [\"core\"] }}]\n\n\
             [[site.devices]]\nmodel = \"fortinet-fortigate-100f\"\nsubnet = \"office\"\n"
        );
        if over > 1 {
            let _ =
                write!(out, "\n[[site.devices]]\nmodel = \"dell-optiplex-win11\"\ncount = {}\nsubnet = \"office\"\n", over - 1);
        }
    }
    out
}

/// The community hospital's devices in proportion, so many in all: what every site needs is there once, computers make up the rest.
fn shares(site: &super::manifest::Site, size: u32) -> String {
    let all: u32 = site.devices.iter().map(|devices| devices.count).sum();
    let scaled = |count: u32| if count == 1 { 1 } else { (u64::from(count) * u64::from(size) / u64::from(all)) as u32 };
    let mut left = size;
    let counts: Vec<u32> = site
        .devices
        .iter()
        .map(|devices| {
            let count = scaled(devices.count).min(left);
            left -= count;
            count
        })
        .collect();
    let mut out = String::new();
    for (devices, count) in site.devices.iter().zip(counts) {
        let (model, subnet) = (devices.model.get_ref(), devices.subnet.get_ref());
        let count = if model == "dell-optiplex-win11" { count + left } else { count };
        if count == 0 {
            continue;
        }
        let _ = write!(out, "[[site.devices]]\nmodel = {model:?}\ncount = {count}\nsubnet = {subnet:?}\n");
        if let Some(unit) = &devices.unit {
            let _ = writeln!(out, "unit = {:?}", unit.get_ref());
        }
        out.push('\n');
    }
    out
}
