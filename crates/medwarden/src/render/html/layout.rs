//! Where the nodes of the map stand: columns of zones, each node near those that it talks to.

/// A node's width and height, and the room around it.
pub(super) const NODE: (f64, f64) = (188.0, 36.0);
/// Between two nodes of a zone.
const GAP: f64 = 8.0;
/// Around the nodes of a zone; above them is room for its name.
const PADDING: f64 = 12.0;
const NAME: f64 = 20.0;
/// Between two zones of a column, and two columns.
const ZONE_GAP: f64 = 18.0;
const COLUMN_GAP: f64 = 104.0;
/// Times that nodes move towards those they talk to.
const SWEEPS: usize = 6;

/// Something to place.
pub(super) struct Node {
    /// Zone, an index of the zones.
    pub zone: usize,
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
}

/// A zone with the nodes in it.
pub(super) struct Zone {
    /// Column, from the left.
    pub column: usize,
    /// Nodes in it from the top down, indices of the nodes.
    pub nodes: Vec<usize>,
    /// Left, top, width and height of its box.
    pub frame: [f64; 4],
}

impl Zone {
    fn height(&self) -> f64 {
        let nodes = self.nodes.len() as f64;
        nodes * NODE.1 + (nodes - 1.0).max(0.0) * GAP + 2.0 * PADDING + NAME
    }
}

/// Places all nodes; returns the width and height of the whole.
pub(super) fn place(nodes: &mut [Node], zones: &mut [Zone], edges: &[(usize, usize)]) -> (f64, f64) {
    let mut near: Vec<Vec<usize>> = nodes.iter().map(|_| Vec::new()).collect();
    for (from, to) in edges {
        for (one, other) in [(from, to), (to, from)] {
            if let Some(near) = near.get_mut(*one) {
                near.push(*other);
            }
        }
    }
    let size = stack(nodes, zones);
    for _ in 0..SWEEPS {
        let wish: Vec<f64> = near.iter().enumerate().map(|(node, near)| middle(nodes, node, near)).collect();
        let wish = |node: &usize| wish.get(*node).copied().unwrap_or_default();
        for zone in zones.iter_mut() {
            zone.nodes.sort_by(|a, b| wish(a).total_cmp(&wish(b)).then_with(|| a.cmp(b)));
        }
        stack(nodes, zones);
    }
    size
}

/// The middle height of those that a node talks to; its own where it talks to none.
fn middle(nodes: &[Node], node: usize, near: &[usize]) -> f64 {
    let heights: Vec<f64> = near.iter().filter_map(|other| nodes.get(*other)).map(|other| other.y).collect();
    if heights.is_empty() {
        return nodes.get(node).map_or(0.0, |node| node.y);
    }
    heights.iter().sum::<f64>() / heights.len() as f64
}

/// Sets zones under each other in their columns, and nodes under each other in their zones.
fn stack(nodes: &mut [Node], zones: &mut [Zone]) -> (f64, f64) {
    let mut columns: Vec<usize> = zones.iter().map(|zone| zone.column).collect();
    columns.sort_unstable();
    columns.dedup();
    let heights: Vec<f64> = columns
        .iter()
        .map(|column| {
            let of_column: Vec<f64> = zones.iter().filter(|zone| zone.column == *column).map(Zone::height).collect();
            of_column.iter().sum::<f64>() + ZONE_GAP * (of_column.len() as f64 - 1.0)
        })
        .collect();
    let tallest = heights.iter().copied().fold(0.0, f64::max);
    let wide = NODE.0 + 2.0 * PADDING;
    for (place, (column, height)) in columns.iter().zip(&heights).enumerate() {
        let x = 1.0 + place as f64 * (wide + COLUMN_GAP);
        let mut y = 1.0 + (tallest - height) / 2.0;
        for zone in zones.iter_mut().filter(|zone| zone.column == *column) {
            zone.frame = [x, y, wide, zone.height()];
            for (row, node) in zone.nodes.iter().enumerate() {
                if let Some(node) = nodes.get_mut(*node) {
                    (node.x, node.y) = (x + PADDING, y + PADDING + NAME + row as f64 * (NODE.1 + GAP));
                }
            }
            y += zone.height() + ZONE_GAP;
        }
    }
    let width = columns.len() as f64 * (wide + COLUMN_GAP) - COLUMN_GAP;
    (width.max(wide) + 2.0 + COLUMN_GAP / 2.0, tallest + 2.0)
}

/// The line between two nodes: side to side between columns, a bow to the right within one.
pub(super) fn line(from: &Node, to: &Node) -> String {
    let middle = |node: &Node| node.y + NODE.1 / 2.0;
    let (a, b) = (middle(from), middle(to));
    if (from.x - to.x).abs() < 1.0 {
        let right = from.x + NODE.0;
        let bow = right + 22.0 + ((a - b).abs() / 8.0).min(44.0);
        return format!("M{right:.0} {a:.1}C{bow:.0} {a:.1} {bow:.0} {b:.1} {right:.0} {b:.1}");
    }
    let (start, end) = if from.x < to.x { (from.x + NODE.0, to.x) } else { (from.x, to.x + NODE.0) };
    let bend = (end - start) * 0.5;
    format!("M{start:.0} {a:.1}C{:.0} {a:.1} {:.0} {b:.1} {end:.0} {b:.1}", start + bend, end - bend)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_stand_apart_and_inside_their_zones() {
        let mut nodes: Vec<Node> = (0..30).map(|n| Node { zone: n % 4, x: 0.0, y: 0.0 }).collect();
        let mut zones: Vec<Zone> =
            (0..4).map(|z| Zone { column: z / 2, nodes: (0..30).filter(|n| n % 4 == z).collect(), frame: [0.0; 4] }).collect();
        let edges: Vec<(usize, usize)> = (0..29).map(|n| (n, (n * 7) % 30)).collect();
        let (width, height) = place(&mut nodes, &mut zones, &edges);
        for (n, a) in nodes.iter().enumerate() {
            let [x, y, w, h] = zones[a.zone].frame;
            assert!(a.x >= x && a.y >= y && a.x + NODE.0 <= x + w && a.y + NODE.1 <= y + h);
            assert!(a.x + NODE.0 <= width && a.y + NODE.1 <= height);
            let apart = |b: &Node| (a.x - b.x).abs() >= NODE.0 || (a.y - b.y).abs() >= NODE.1;
            assert!(nodes.iter().skip(n + 1).all(apart));
        }
    }
}
