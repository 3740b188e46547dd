//! The map of conversations: who cares for patients on the left, what they send to beside them, the rest and the outside on the right.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use model::ClinicalImpact;
use model::report::{Conversation, Device, Encryption, Party, Scope};

use super::layout::{self, NODE, Node, Zone};
use super::page::{Page, html};
use crate::render::View;
use crate::render::view::{impact, is_external, is_housekeeping, product};
use crate::render::words::{self, UNKNOWN, thousands};

/// Devices that are drawn one by one; more are drawn as classes.
const MAX_NODES: usize = 200;
/// Names outside that are drawn one by one.
const MAX_OUTSIDE: usize = 20;
/// Conversations named in the tip of one line.
const MAX_TIPS: usize = 8;

/// Zones: name, column, and class for the style.
const ZONES: [(&str, usize, &str); 7] = [
    ("At the patient", 0, "life"),
    ("Diagnosis", 0, "diagnostic"),
    ("Clinical systems", 1, "diagnostic"),
    ("Supporting", 2, "supporting"),
    ("Not clinical", 2, "other"),
    ("Of unknown class", 1, "other"),
    ("Outside", 3, "outside"),
];
const OUTSIDE: usize = 6;

/// What a line says, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Phi,
    Outside,
    Weak,
    Management,
    Clinical,
    Other,
}

impl Kind {
    const ALL: [Self; 6] = [Self::Phi, Self::Outside, Self::Weak, Self::Management, Self::Clinical, Self::Other];

    fn of(conversation: &Conversation) -> Self {
        match conversation {
            c if !c.phi.is_empty() => Self::Phi,
            c if is_external(c) => Self::Outside,
            c if c.encryption == Encryption::Weak => Self::Weak,
            c if c.management => Self::Management,
            c if c.clinical.is_some() => Self::Clinical,
            _ => Self::Other,
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Phi => "phi",
            Self::Outside => "outside",
            Self::Weak => "weak",
            Self::Management => "management",
            Self::Clinical => "clinical",
            Self::Other => "other",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Phi => "patient data in the clear",
            Self::Outside => "with the outside",
            Self::Weak => "weak encryption",
            Self::Management => "administration",
            Self::Clinical => "clinical",
            Self::Other => "other",
        }
    }
}

/// What is drawn as one box.
struct Drawn {
    name: String,
    below: String,
    zone: usize,
    style: &'static str,
}

struct Line {
    kind: Kind,
    tips: Vec<String>,
}

/// Nodes and lines between them.
#[derive(Default)]
struct Graph {
    boxes: Vec<Drawn>,
    index: BTreeMap<String, usize>,
    lines: BTreeMap<(usize, usize), Line>,
}

/// Draws the map.
pub(super) fn map(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let (graph, by_class) = graph(view);
    if graph.lines.is_empty() {
        html!(page, "<p class=\"none\">No conversation between two devices was seen that a map would show.</p>\n");
        return Ok(());
    }
    let mut nodes: Vec<Node> = graph.boxes.iter().map(|one| Node { zone: one.zone, x: 0.0, y: 0.0 }).collect();
    let mut zones: Vec<(usize, Zone)> = Vec::new();
    for (zone, (_, column, _)) in ZONES.iter().enumerate() {
        let inside: Vec<usize> = nodes.iter().enumerate().filter(|(_, node)| node.zone == zone).map(|(index, _)| index).collect();
        if !inside.is_empty() {
            zones.push((zone, Zone { column: *column, nodes: inside, frame: [0.0; 4] }));
        }
    }
    let (names, mut zones): (Vec<usize>, Vec<Zone>) = zones.into_iter().unzip();
    let edges: Vec<(usize, usize)> = graph.lines.keys().copied().collect();
    let (width, height) = layout::place(&mut nodes, &mut zones, &edges);
    html!(
        page,
        "<figure><div class=\"panel\"><svg class=\"map\" width=\"",
        (width),
        "\" height=\"",
        (height),
        "\" viewBox=\"0 0 ",
        (width),
        " ",
        (height)
    );
    html!(page, "\" role=\"img\" aria-labelledby=\"map-title\"><title id=\"map-title\">Map of ", (graph.lines.len()));
    html!(page, " lines between ", (graph.boxes.len()), " boxes; the table below says the same in words</title>\n");
    tips(page)?;
    draw_zones(&names, &zones, page)?;
    draw_lines(&graph, &nodes, page)?;
    draw_boxes(&graph, &nodes, page)?;
    html!(page, "</svg>\n");
    legend(&graph, page)?;
    html!(page, "</div><figcaption>");
    if by_class {
        html!(page, "More than ", (MAX_NODES), " devices: each box is a class of devices. ");
    }
    let drawn = if by_class { view.devices.len() } else { graph.boxes.iter().filter(|one| one.zone != OUTSIDE).count() };
    if view.devices.len() > drawn {
        html!(page, (thousands((view.devices.len() - drawn) as u64)), " devices without such conversations are not drawn. ");
    }
    html!(page, "Address, name and time services are left out. Point at a box to see only its lines, at a line for what it is.");
    html!(page, "</figcaption></figure>\n");
    Ok(())
}

/// Boxes and lines; whether boxes are classes.
fn graph(view: &View<'_>) -> (Graph, bool) {
    let shown: Vec<&Conversation> = view.conversations.iter().copied().filter(|c| !is_housekeeping(c)).collect();
    let talking: BTreeSet<&str> =
        shown.iter().flat_map(|c| [&c.client, &c.server]).filter_map(|party| party.device.as_deref()).collect();
    let by_class = talking.len() > MAX_NODES;
    let mut classes: BTreeMap<Option<String>, usize> = BTreeMap::new();
    for device in &view.devices {
        *classes.entry(view.class(device)).or_default() += 1;
    }
    let serving = serving(&shown);
    let mut graph = Graph::default();
    for conversation in shown {
        let box_of = |graph: &mut Graph, party: &Party| match view.device_of(party) {
            Some(device) if by_class => Some(graph.class_box(view, device, &classes)),
            Some(device) => Some(graph.device_box(view, device, &serving)),
            None if party.scope == Scope::Outside => Some(graph.outside_box(view.party(party))),
            None => None,
        };
        let (Some(from), Some(to)) = (box_of(&mut graph, &conversation.client), box_of(&mut graph, &conversation.server)) else {
            continue;
        };
        if from != to {
            graph.connect(view, conversation, from, to);
        }
    }
    (graph, by_class)
}

/// Devices that more others ask than they ask themselves.
fn serving<'a>(conversations: &[&'a Conversation]) -> BTreeSet<&'a str> {
    let mut balance: BTreeMap<&str, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for conversation in conversations {
        if let (Some(client), Some(server)) = (&conversation.client.device, &conversation.server.device) {
            balance.entry(server).or_default().0.insert(client);
            balance.entry(client).or_default().1.insert(server);
        }
    }
    balance.into_iter().filter(|(_, (asked_by, asks))| asked_by.len() > asks.len()).map(|(device, _)| device).collect()
}

impl Graph {
    fn add(&mut self, key: String, make: impl FnOnce() -> Drawn) -> usize {
        let boxes = &mut self.boxes;
        *self.index.entry(key).or_insert_with(|| {
            boxes.push(make());
            boxes.len() - 1
        })
    }

    fn device_box(&mut self, view: &View<'_>, device: &Device, serving: &BTreeSet<&str>) -> usize {
        self.add(format!("d {}", device.id), || {
            let below = match (view.class(device), product(device)) {
                (Some(class), _) => class,
                (None, product) if product != UNKNOWN => product,
                (None, _) => UNKNOWN.to_owned(),
            };
            let (zone, style) = zone(impact(device), serving.contains(device.id.as_str()));
            Drawn { name: view.call(device), below, zone, style }
        })
    }

    fn class_box(&mut self, view: &View<'_>, device: &Device, classes: &BTreeMap<Option<String>, usize>) -> usize {
        let class = view.class(device);
        let count = classes.get(&class).copied().unwrap_or(0);
        self.add(format!("c {}", class.as_deref().unwrap_or("")), || {
            let (zone, style) = zone(impact(device), false);
            Drawn {
                name: class.unwrap_or_else(|| "class not known".to_owned()),
                below: words::count(count, "device"),
                zone,
                style,
            }
        })
    }

    fn outside_box(&mut self, name: String) -> usize {
        let outside = self.boxes.iter().filter(|one| one.zone == OUTSIDE).count();
        let known = self.index.contains_key(&format!("o {name}"));
        if outside >= MAX_OUTSIDE && !known {
            let make = || Drawn { name: "others outside".to_owned(), below: String::new(), zone: OUTSIDE, style: "outside" };
            return self.add("o".to_owned(), make);
        }
        self.add(format!("o {name}"), || Drawn { name, below: "outside".to_owned(), zone: OUTSIDE, style: "outside" })
    }

    fn connect(&mut self, view: &View<'_>, conversation: &Conversation, from: usize, to: usize) {
        let kind = Kind::of(conversation);
        let line = self.lines.entry((from, to)).or_insert(Line { kind, tips: Vec::new() });
        line.kind = line.kind.min(kind);
        if line.tips.len() < MAX_TIPS {
            let protection = words::encryption(conversation.encryption);
            let (client, server) = (view.party(&conversation.client), view.party(&conversation.server));
            line.tips.push(format!("{client} to {server}: {} ({}, {protection})", conversation.service, kind.words()));
        }
    }
}

/// Where a device is drawn, and in which style.
const fn zone(impact: Option<ClinicalImpact>, serves: bool) -> (usize, &'static str) {
    match impact {
        None => (5, "other"),
        Some(ClinicalImpact::NotClinical) => (4, "other"),
        Some(ClinicalImpact::Supporting) => (3, "supporting"),
        Some(ClinicalImpact::Diagnostic) => (if serves { 2 } else { 1 }, "diagnostic"),
        Some(ClinicalImpact::Monitoring) => (if serves { 2 } else { 0 }, "monitoring"),
        Some(ClinicalImpact::Therapy) => (if serves { 2 } else { 0 }, "therapy"),
        Some(ClinicalImpact::LifeSustaining) => (if serves { 2 } else { 0 }, "life"),
    }
}

/// The points of the lines.
fn tips(page: &mut Page<'_>) -> io::Result<()> {
    html!(page, "<defs>");
    for kind in Kind::ALL {
        html!(
            page,
            "<marker id=\"tip-",
            (kind.class()),
            "\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
        );
        html!(
            page,
            "markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"tip ",
            (kind.class()),
            "\" d=\"M0 0L8 4L0 8z\"/></marker>"
        );
    }
    html!(page, "</defs>\n");
    Ok(())
}

fn draw_zones(names: &[usize], zones: &[Zone], page: &mut Page<'_>) -> io::Result<()> {
    for (name, zone) in names.iter().zip(zones) {
        let [x, y, width, height] = zone.frame;
        html!(
            page,
            "<rect class=\"zone\" rx=\"8\" x=\"",
            (x),
            "\" y=\"",
            (y),
            "\" width=\"",
            (width),
            "\" height=\"",
            (height),
            "\"/>"
        );
        let name = ZONES.get(*name).map_or("", |(name, _, _)| name);
        html!(page, "<text class=\"zone-name\" x=\"", (x + 12.0), "\" y=\"", (y + 20.0), "\">", (name), "</text>\n");
    }
    Ok(())
}

fn draw_lines(graph: &Graph, nodes: &[Node], page: &mut Page<'_>) -> io::Result<()> {
    let mut lines: Vec<_> = graph.lines.iter().collect();
    lines.sort_by_key(|(ends, line)| (std::cmp::Reverse(line.kind), **ends));
    for ((from, to), line) in lines {
        let (Some(a), Some(b)) = (nodes.get(*from), nodes.get(*to)) else { continue };
        let class = line.kind.class();
        html!(page, "<g class=\"edge ", (class), "\" data-from=\"", (from), "\" data-to=\"", (to), "\"><title>");
        html!(
            page,
            (line.tips.join("\n")),
            "</title><path marker-end=\"url(#tip-",
            (class),
            ")\" d=\"",
            (layout::line(a, b)),
            "\"/></g>\n"
        );
    }
    Ok(())
}

fn draw_boxes(graph: &Graph, nodes: &[Node], page: &mut Page<'_>) -> io::Result<()> {
    for (index, (one, node)) in graph.boxes.iter().zip(nodes).enumerate() {
        html!(page, "<g class=\"node ", (one.style), "\" data-node=\"", (index), "\"><title>", (one.name), ", ");
        html!(
            page,
            (one.below),
            "</title><rect rx=\"5\" x=\"",
            (node.x),
            "\" y=\"",
            (node.y),
            "\" width=\"",
            (NODE.0),
            "\" height=\""
        );
        html!(
            page,
            (NODE.1),
            "\"/><text x=\"",
            (node.x + 9.0),
            "\" y=\"",
            (node.y + 15.5),
            "\">",
            (short(&one.name, 23)),
            "</text>"
        );
        html!(
            page,
            "<text class=\"of\" x=\"",
            (node.x + 9.0),
            "\" y=\"",
            (node.y + 29.0),
            "\">",
            (short(&one.below, 31)),
            "</text></g>\n"
        );
    }
    Ok(())
}

/// At most so many characters.
fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

fn legend(graph: &Graph, page: &mut Page<'_>) -> io::Result<()> {
    let used: BTreeSet<Kind> = graph.lines.values().map(|line| line.kind).collect();
    html!(page, "<ul class=\"legend\">");
    for kind in used {
        html!(
            page,
            "<li><svg viewBox=\"0 0 38 12\" aria-hidden=\"true\"><g class=\"edge ",
            (kind.class()),
            "\"><path d=\"M2 6H36\"/></g></svg>"
        );
        html!(page, (kind.words()), "</li>");
    }
    html!(page, "</ul>");
    Ok(())
}
