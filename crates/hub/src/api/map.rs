//! Who talks to whom, by group.

use std::collections::{BTreeMap, HashMap, HashSet};

use axum::extract::State;
use model::report::Device;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Query;
use crate::App;
use crate::auth::{Caller, Right};
use crate::error::Answer;
use crate::intake::Units;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(map))
}

/// By what devices are put together.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum By {
    /// By class.
    #[default]
    Class,
    /// By unit, as people say; by where they say they stand where nobody says.
    Unit,
    /// By clinical impact.
    Zone,
}

/// Which map.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Site; all that the caller sees where absent.
    site: Option<String>,
    /// By what devices are put together: class, unit or zone (clinical impact).
    #[param(inline)]
    by: Option<By>,
    /// This group only, with its devices' peers.
    group: Option<String>,
}

/// Groups of devices, and what runs between them.
#[derive(Serialize, ToSchema)]
struct Map {
    /// Groups.
    groups: Vec<Group>,
    /// Devices.
    devices: Vec<Dot>,
    /// Who talks to whom.
    lines: Vec<Line>,
}

/// A group.
#[derive(Serialize, ToSchema)]
struct Group {
    /// Id; empty for what is not known.
    id: String,
    /// Devices in it.
    count: u64,
}

/// A device.
#[derive(Serialize, ToSchema)]
struct Dot {
    /// Id.
    id: String,
    /// Name, or address.
    name: String,
    /// Group.
    group: String,
    /// Class.
    class: Option<String>,
    /// Clinical impact.
    clinical_impact: Option<String>,
}

/// Conversations of two devices.
#[derive(Serialize, ToSchema)]
struct Line {
    /// Who asks.
    client: String,
    /// Who answers.
    server: String,
    /// Services, at most 8.
    services: Vec<String>,
    /// Conversations.
    count: u64,
    /// PHI is seen in the clear.
    phi: bool,
}

fn group_of<'a>(device: &'a Device, by: By, units: &'a Units) -> &'a str {
    let attribute = match by {
        By::Class => &device.class,
        By::Unit => &device.location,
        By::Zone => &device.clinical_impact,
    };
    let said = units.get(device.id.as_str()).filter(|_| matches!(by, By::Unit));
    said.map(String::as_str).or_else(|| Some(attribute.as_ref()?.value.as_str())).unwrap_or_default()
}

/// Who talks to whom.
#[utoipa::path(get, path = "/api/map", tag = "map", params(Wanted), responses((status = 200, body = Map)))]
async fn map(State(app): State<App>, caller: Caller, Query(wanted): Query<Wanted>) -> Answer<axum::Json<Map>> {
    let sites = caller.sites_or(&app, Right::ViewInventory, wanted.site.as_deref())?;
    let by = wanted.by.unwrap_or_default();
    let mut map = Map { groups: Vec::new(), devices: Vec::new(), lines: Vec::new() };
    let mut counts = BTreeMap::<String, u64>::new();
    for site in &sites {
        let answers = app.answers(site)?;
        let units = app.intake.units(site);
        let groups: Vec<&str> = answers.devices.iter().map(|device| group_of(device, by, &units)).collect();
        let mut at_site = HashMap::<&str, u64>::new();
        groups.iter().for_each(|group| *at_site.entry(group).or_default() += 1);
        at_site.into_iter().for_each(|(group, count)| *counts.entry(group.to_owned()).or_default() += count);
        let grouped = || answers.devices.iter().zip(&groups);
        let is_in = |group: &str| wanted.group.as_ref().is_none_or(|wanted| group == wanted);
        let members: HashSet<&str> = grouped().filter(|(_, group)| is_in(group)).map(|(one, _)| one.id.as_str()).collect();
        let mut lines = BTreeMap::<(&str, &str), Line>::new();
        for one in answers.conversations_of(members.iter().copied()) {
            let (Some(client), Some(server)) = (one.client.device.as_deref(), one.server.device.as_deref()) else { continue };
            let line = lines.entry((client, server)).or_insert_with(|| Line {
                client: client.to_owned(),
                server: server.to_owned(),
                services: Vec::new(),
                count: 0,
                phi: false,
            });
            line.count += 1;
            line.phi |= !one.phi.is_empty();
            if line.services.len() < 8 && !line.services.iter().any(|service| *service == one.service) {
                line.services.push(one.service.to_string());
            }
        }
        let peers: HashSet<&str> = lines.keys().flat_map(|(client, server)| [*client, *server]).collect();
        let is_shown = |id: &str, group: &str| is_in(group) || peers.contains(id);
        let dots = grouped().filter(|(device, group)| is_shown(&device.id, group));
        map.devices.extend(dots.map(|(device, group)| dot(device, (*group).to_owned())));
        map.lines.extend(lines.into_values());
    }
    map.groups = counts.into_iter().map(|(id, count)| Group { id, count }).collect();
    Ok(axum::Json(map))
}

fn dot(device: &Device, group: String) -> Dot {
    let value =
        |attribute: &Option<Box<model::report::Attribute>>| attribute.as_ref().map(|attribute| attribute.value.to_string());
    let address = device.addresses.first().map(|address| address.ip.to_string());
    Dot {
        id: device.id.to_string(),
        name: value(&device.name).or(address).unwrap_or_else(|| device.id.to_string()),
        group,
        class: value(&device.class),
        clinical_impact: value(&device.clinical_impact),
    }
}
