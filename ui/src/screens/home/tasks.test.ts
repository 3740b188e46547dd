import { expect, test } from "vitest";
import { tasksOf } from "./tasks";

const answer = (figures: Record<string, number>) => ({ figures: Object.entries(figures).map(([id, count]) => ({ id, label: id, count })), missing: [] });
const seen = {
  devices: answer({ devices: 60 }),
  administration: answer({ "default-credentials": 2 }),
  findings: [{ severity: "critical", count: 1 }, { severity: "high", count: 0 }, { severity: "low", count: 9 }],
};

test("who works on findings is told of the grave ones that there are", () => {
  const tasks = tasksOf(seen, () => true);
  expect(tasks.map((task) => task.title)).toEqual(["Work on 1 critical finding", "Have the password changed on 2 devices"]);
});

test("nobody is told of what their role may not do", () => expect(tasksOf(seen, () => false)).toEqual([]));

test("where nothing was seen there is one thing to do, for those who may", () => {
  const nothing = { ...seen, devices: answer({ devices: 0 }) };
  expect(tasksOf(nothing, (right) => right === "feed")).toHaveLength(1);
  expect(tasksOf(nothing, (right) => right === "work_findings")).toEqual([]);
});

test("reviews of break-glass are owed by others, and the late ones are grave", () => {
  const used = { is_running: false, is_overdue: true, review: null, is_own: false } as const;
  const titles = (glass: Parameters<typeof tasksOf>[2], right = "review_break_glass") => tasksOf(seen, (one) => one === right, glass).map((task) => `${task.title}, ${task.severity ?? "not grave"}`);
  expect(titles([used, { ...used, is_overdue: false }])).toEqual(["Review 2 uses of break-glass, high"]);
  expect(titles([{ ...used, is_overdue: false }])).toEqual(["Review 1 use of break-glass, not grave"]);
  expect(titles([{ ...used, is_own: true }, { ...used, is_running: true }])).toEqual([]);
  expect(titles([used], "feed")).toEqual([]);
});
