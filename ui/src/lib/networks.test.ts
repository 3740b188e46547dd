import { expect, test } from "vitest";
import { readNetworks } from "./networks";

test("networks in any of the ways that people part them", () => {
  expect(readNetworks("10.20.0.0/16, 192.168.1.0/24\nfd00:12::/48")).toEqual({ good: ["10.20.0.0/16", "192.168.1.0/24", "fd00:12::/48"], bad: [] });
});

test.each(["10.0.0.0", "10.0.0.0/33", "300.1.1.0/24", "fd00::/129", "clinic", "12/8"])("%s is no network", (text) => {
  expect(readNetworks(text)).toEqual({ good: [], bad: [text] });
});

test("nothing is nothing", () => expect(readNetworks(" \n ")).toEqual({ good: [], bad: [] }));
