import { useComputedColorScheme } from "@mantine/core";
import cytoscape, { type ElementDefinition } from "cytoscape";
import { useEffect, useRef } from "react";
import type { Drawing } from "./fold";

// Cytoscape would add a style element of its own, which the content security policy refuses; app.css holds that rule instead.
const STYLE_ID = "__________cytoscape_stylesheet";

const IMPACT: Record<string, [light: string, dark: string]> = {
  life_sustaining: ["#a51111", "#e5484d"],
  therapy: ["#c2410c", "#fb8a5c"],
  monitoring: ["#a16207", "#e3b341"],
  diagnostic: ["#1d5fa8", "#69b1f5"],
  supporting: ["#5b6672", "#98a2ad"],
  not_clinical: ["#7a838c", "#7d868f"],
};

interface GraphProps {
  drawing: Drawing;
  open: (group: string) => void;
  device: (id: string) => void;
}

/** The drawing. Positions are computed here, once: groups on a circle, an open group's devices on rings in the middle. */
export default function Graph({ drawing, open, device }: GraphProps) {
  const box = useRef<HTMLDivElement>(null);
  const calls = useRef({ open, device });
  calls.current = { open, device };
  const dark = useComputedColorScheme("light") === "dark";

  useEffect(() => {
    const container = box.current;
    if (!container) return;
    if (!document.getElementById(STYLE_ID)) document.head.append(Object.assign(document.createElement("meta"), { id: STYLE_ID }));
    const graph = cytoscape({
      container,
      elements: elements(drawing, dark),
      layout: { name: "preset", fit: true, padding: 30 },
      style: style(dark),
      // Many elements: draw a picture while moving, and no labels.
      textureOnViewport: drawing.devices.length > 400,
      hideEdgesOnViewport: drawing.links.length > 1500,
      pixelRatio: drawing.devices.length > 1000 ? 1 : undefined,
      minZoom: 0.05,
      maxZoom: 4,
      boxSelectionEnabled: false,
      autoungrabify: drawing.devices.length > 400,
    });
    graph.on("tap", "node", (event) => {
      const { id, kind, group } = event.target.data() as { id: string; kind: string; group: string };
      if (kind === "device") calls.current.device(id);
      else if (kind === "group") calls.current.open(group);
    });
    const resize = new ResizeObserver(() => graph.resize());
    resize.observe(container);
    return () => {
      resize.disconnect();
      graph.destroy();
    };
  }, [drawing, dark]);

  return <div className="map" ref={box} role="img" aria-label={`Drawing of ${drawing.groups.length} groups and ${drawing.links.length} connections; the same stands in the tables below.`} />;
}

function elements({ groups, open, devices, links }: Drawing, dark: boolean): ElementDefinition[] {
  const closed = groups.filter((group) => group.id !== open);
  const radius = Math.max(devices.length > 0 ? ringRadius(devices.length) + 120 : 0, closed.length * 11, 200);
  const colour = (impact: string | undefined) => (IMPACT[impact ?? ""] ?? IMPACT.not_clinical)?.[dark ? 1 : 0];
  const around = closed.map((group, index): ElementDefinition => {
    const angle = (2 * Math.PI * index) / closed.length - Math.PI / 2;
    const size = 14 + 9 * Math.log10(1 + group.devices);
    const data = { id: `group:${group.id}`, group: group.id, kind: "group", label: `${group.label} (${group.devices})`, colour: colour(group.impact), size, side: sideOf(angle) };
    return { data, position: { x: radius * Math.cos(angle) * 1.7, y: radius * Math.sin(angle) } };
  });
  const middle = devices.map((one, index): ElementDefinition => ({ data: { id: one.id, kind: "device", label: one.label, colour: colour(one.impact), size: 16 }, position: spiral(index) }));
  const most = Math.max(1, links[0]?.conversations ?? 1);
  const lines = links
    .filter((link) => link.from !== link.to)
    .map((link): ElementDefinition => ({ data: { id: `${link.from}>${link.to}`, source: link.from, target: link.to, width: 1 + (4 * Math.log1p(link.conversations)) / Math.log1p(most), clear: link.phi ? 1 : 0 } }));
  return [...around, ...middle, ...lines];
}

/** Where a name has room beside its node on the circle. */
function sideOf(angle: number): "left" | "right" | "top" | "bottom" {
  if (Math.abs(Math.cos(angle)) > 0.2) return Math.cos(angle) > 0 ? "right" : "left";
  return Math.sin(angle) > 0 ? "bottom" : "top";
}

const STEP = 46;
const ringRadius = (count: number): number => STEP * Math.sqrt(count);

/** Evenly spread points, nearest first (the sunflower's arrangement). */
function spiral(index: number): { x: number; y: number } {
  const angle = index * Math.PI * (3 - Math.sqrt(5));
  const radius = STEP * 0.9 * Math.sqrt(index + 0.5);
  return { x: radius * Math.cos(angle), y: radius * Math.sin(angle) };
}

function style(dark: boolean): cytoscape.StylesheetJson {
  const [text, line, page] = dark ? ["#e6e9ed", "#6c757e", "#242424"] : ["#1f2429", "#98a2ad", "#ffffff"];
  return [
    { selector: "node", style: { "background-color": "data(colour)", width: "data(size)", height: "data(size)", label: "data(label)", color: text, "font-size": 13, "text-valign": "bottom", "text-margin-y": 4, "text-outline-color": page, "text-outline-width": 2, "min-zoomed-font-size": 5, "text-max-width": "140px", "text-wrap": "ellipsis" } },
    { selector: "node[side = 'right']", style: { "text-halign": "right", "text-valign": "center", "text-margin-y": 0, "text-margin-x": 5 } },
    { selector: "node[side = 'left']", style: { "text-halign": "left", "text-valign": "center", "text-margin-y": 0, "text-margin-x": -5 } },
    { selector: "node[side = 'top']", style: { "text-valign": "top", "text-margin-y": -4 } },
    { selector: "node[kind = 'device']", style: { "font-size": 10, "min-zoomed-font-size": 9 } },
    { selector: "edge", style: { width: "data(width)", "line-color": line, opacity: 0.55, "curve-style": "haystack" } },
    { selector: "edge[clear = 1]", style: { "line-color": dark ? "#fb8a5c" : "#c2410c" } },
  ] as cytoscape.StylesheetJson;
}
