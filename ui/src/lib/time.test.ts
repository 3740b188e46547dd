import { describe, expect, test } from "vitest";
import { ago, clock, duration, knownZone, dayOf, startOfDay, timeFormat } from "./time";

describe("times in the site's zone", () => {
  test("a time is shown in the zone that is asked for, with its name", () => {
    expect(timeFormat("Europe/Berlin").full("2026-07-01T22:30:00Z")).toBe("2 Jul 2026 00:30 CEST");
    expect(timeFormat("UTC").full("2026-07-01T22:30:00.123456789Z")).toBe("1 Jul 2026 22:30 UTC");
  });
  test("midnight is 00:00, not 24:00", () => expect(timeFormat("UTC").exact("2026-01-01T00:00:05Z")).toContain("00:00:05"));
  test("what is no time is said to be not known", () => {
    expect(timeFormat("UTC").full("yesterday")).toBe("not known");
    expect(timeFormat("UTC").day(undefined)).toBe("not known");
  });
  test("a zone that nobody knows becomes UTC", () => {
    expect(knownZone("Mars/Olympus")).toBe("UTC");
    expect(knownZone("America/Chicago")).toBe("America/Chicago");
  });
});

describe("lengths of time", () => {
  test.each([
    [0, "0 seconds"],
    [1, "1 second"],
    [3600, "1 hour"],
    [93_784, "1 day 2 hours"],
  ])("%d s is %s", (seconds, said) => expect(duration(seconds)).toBe(said));
  test("ago and ahead", () => {
    const now = Date.parse("2026-01-02T00:00:00Z");
    expect(ago("2026-01-01T21:00:00Z", now)).toBe("3 hours ago");
    expect(ago("2026-01-02T00:05:00Z", now)).toBe("in 5 minutes");
    expect(ago("2026-01-01T23:59:30Z", now)).toBe("just now");
    expect(ago(null, now)).toBe("not known");
  });
  test("time left as a clock never runs below zero", () => {
    expect(clock(3909)).toBe("1:05:09");
    expect(clock(299.9)).toBe("04:59");
    expect(clock(-5)).toBe("00:00");
  });
});

test("a day begins at midnight of its zone, whatever the season", () => {
  expect(startOfDay("2026-03-02", "Europe/Berlin")).toBe("2026-03-01T23:00:00.000Z");
  expect(startOfDay("2026-07-02", "Europe/Berlin")).toBe("2026-07-01T22:00:00.000Z");
  expect(startOfDay("2026-03-02", "Asia/Kathmandu")).toBe("2026-03-01T18:15:00.000Z");
  expect(startOfDay("2026-03-02", "Pacific/Kiritimati")).toBe("2026-03-01T10:00:00.000Z");
  expect(startOfDay("2026-03-02", "Pacific/Niue")).toBe("2026-03-02T11:00:00.000Z");
  expect(startOfDay("2026-09-06", "America/Santiago")).toBe("2026-09-06T04:00:00.000Z");
  expect(startOfDay("not a day", "UTC")).toBe("1970-01-01T00:00:00.000Z");
  expect(dayOf("2026-03-01T23:30:00Z", "Europe/Berlin")).toBe("2026-03-02");
});
