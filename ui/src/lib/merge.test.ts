import { expect, test } from "vitest";
import { changes, clashes, rebase } from "./merge";

const base = { owner: "Ada", room: "12", tags: ["icu"], notes: null };

test("only what was changed is sent", () => {
  expect(changes(base, { ...base, room: "13" })).toEqual({ room: "13" });
  expect(changes(base, { ...base, tags: ["icu"] })).toEqual({});
});

test("an absent field and an empty one are the same", () => expect(changes({}, { notes: null })).toEqual({}));

test("changes to different fields do not clash", () => {
  expect(clashes(base, { ...base, room: "13" }, { ...base, owner: "Bo" })).toEqual([]);
  expect(rebase(base, { ...base, room: "13" }, { ...base, owner: "Bo" }, new Set())).toEqual({ ...base, room: "13", owner: "Bo" });
});

test("different changes to one field clash, and a person chooses", () => {
  const [mine, theirs] = [{ ...base, room: "13" }, { ...base, room: "14" }];
  expect(clashes(base, mine, theirs)).toEqual([{ field: "room", mine: "13", theirs: "14" }]);
  expect(rebase(base, mine, theirs, new Set(["room"])).room).toBe("14");
  expect(rebase(base, mine, theirs, new Set()).room).toBe("13");
});

test("the same change by both is no clash", () => expect(clashes(base, { ...base, room: "14" }, { ...base, room: "14" })).toEqual([]));
