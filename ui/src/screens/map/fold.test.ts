import { expect, test } from "vitest";
import { fold } from "./fold";

const device = (id: string, group: string, clinical_impact?: string) => ({ id, name: id.toUpperCase(), group, clinical_impact });
const line = (client: string, server: string, count: number, phi = false) => ({ client, server, count, phi, services: ["HL7"] });
const map = {
  groups: [{ id: "pump", count: 2 }, { id: "server", count: 1 }, { id: "", count: 1 }],
  devices: [device("p1", "pump", "therapy"), device("p2", "pump", "life_sustaining"), device("s1", "server"), device("x", "")],
  lines: [line("p1", "s1", 2), line("p2", "s1", 3, true), line("x", "s1", 1), line("p1", "gone", 9)],
};

test("closed groups have one line between them, and the gravest impact of their devices", () => {
  const drawing = fold(map, undefined, (id) => id || "Not known");
  expect(drawing.devices).toEqual([]);
  expect(drawing.links[0]).toEqual({ from: "group:pump", to: "group:server", conversations: 5, phi: true, services: ["HL7"] });
  expect(drawing.groups.find((one) => one.id === "pump")?.impact).toBe("life_sustaining");
});

test("an open group shows its devices, each with its own lines", () => {
  const drawing = fold(map, "pump", (id) => id);
  expect(drawing.devices.map((one) => one.id)).toEqual(["p1", "p2"]);
  expect(drawing.links.map((one) => `${one.from}>${one.to}`)).toEqual(["p2>group:server", "p1>group:server", "group:unknown>group:server"]);
  expect(drawing.name("p1")).toBe("P1");
});

test("five thousand devices in thirty groups fold into few lines", () => {
  const devices = Array.from({ length: 5000 }, (_, index) => device(`d${index}`, `g${index % 30}`));
  const lines = Array.from({ length: 50_000 }, (_, index) => line(`d${index % 5000}`, `d${(index * 7) % 5000}`, 1));
  const drawing = fold({ groups: Array.from({ length: 30 }, (_, index) => ({ id: `g${index}`, count: 166 })), devices, lines }, undefined, (id) => id);
  expect(drawing.links.length).toBeLessThanOrEqual(900);
});
