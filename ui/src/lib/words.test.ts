import { describe, expect, test } from "vitest";
import { bytes, impactLabel, percent, product, sentence, sureness } from "./words";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1500, "1.50 kB"],
  [123_456_789, "123 MB"],
  [5e18, "5000 PB"],
])("%d bytes", (count, said) => expect(bytes(count)).toBe(said));

describe("percent", () => {
  test("never rounds doubt away", () => expect(percent(0.999)).toBe("99 %"));
  test("never rounds something to nothing", () => expect(percent(0.001)).toBe("1 %"));
  test("all and nothing stay", () => expect([percent(1), percent(0)]).toEqual(["100 %", "0 %"]));
});

test("ids become words", () => {
  expect(sentence("clinical_engineering")).toBe("Clinical engineering");
  expect(sentence("ae_title")).toBe("AE title");
  expect(impactLabel("life_sustaining")).toBe("Life-sustaining");
  expect(impactLabel(undefined)).toBe("Not known");
});

test("confidence has a word, and below one half it is not known", () => {
  expect([0.95, 0.75, 0.5, 0.49].map(sureness)).toEqual(["sure", "fairly sure", "unsure", "not known"]);
});

test("maker and model do not say the maker twice", () => {
  expect(product("Zebra", "Zebra ZD421")).toBe("Zebra ZD421");
  expect(product("Baxter", "Spectrum IQ")).toBe("Baxter Spectrum IQ");
  expect(product(undefined, undefined)).toBe("");
});
