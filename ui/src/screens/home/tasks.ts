import type { Glass, Home, Right } from "../../api/shapes";
import { plural } from "../../lib/time";

/** Something that waits for the person who looks. */
export interface Task {
  title: string;
  why: string;
  to: string;
  severity?: string;
}

/** A use of break-glass, as far as it concerns its review. */
export type Reviewable = Pick<Glass, "is_running" | "is_overdue" | "review" | "is_own">;

type Answers = Pick<Home, "devices" | "administration" | "findings">;

const figure = (home: Answers, of: "devices" | "administration", id: string): number => home[of].figures.find((one) => one.id === id)?.count ?? 0;

/** What waits for somebody with these rights, the gravest first. */
export function tasksOf(home: Answers, may: (right: Right) => boolean, glass: Reviewable[] = []): Task[] {
  const tasks: Task[] = [];
  const owed = glass.filter((one) => !one.is_running && !one.review && !one.is_own);
  if (may("review_break_glass") && owed.length > 0) {
    const late = owed.filter((one) => one.is_overdue).length;
    tasks.push({ title: `Review ${plural(owed.length, "use")} of break-glass`, why: late > 0 ? `${late === 1 ? "One is" : `${late} are`} late.` : "Somebody took rights for a reason; somebody else looks at what was done.", to: "/break-glass", severity: late > 0 ? "high" : undefined });
  }
  if (figure(home, "devices", "devices") === 0) {
    if (may("feed")) tasks.push({ title: "Bring a capture, or connect a sensor", why: "Nothing was seen yet, so no question can be answered.", to: "/sensors" });
    return tasks;
  }
  if (may("work_findings")) {
    for (const { severity, count } of home.findings) {
      if (count > 0 && (severity === "critical" || severity === "high")) {
        tasks.push({ title: `Work on ${plural(count, `${severity} finding`)}`, why: "Open; its evidence still stands.", to: `/findings?severity=${severity}`, severity });
      }
    }
  }
  const defaults = figure(home, "administration", "default-credentials");
  if (may("work_findings") && defaults > 0) tasks.push({ title: `Have the password changed on ${plural(defaults, "device")}`, why: "A credential that the maker published was used.", to: "/findings?detector=default-credential" });
  return tasks;
}
