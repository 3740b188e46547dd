import { describe, expect, test } from "vitest";
import { ago, clock, duration, knownZone, timeFormat } from "./time";

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
