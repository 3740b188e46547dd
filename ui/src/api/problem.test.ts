import { expect, test } from "vitest";
import { asProblem, isTransient, ProblemError, problemOf } from "./problem";

test("a problem of the hub is taken as it is", () => {
  const said = { code: "owner-unknown", title: "No such person", detail: "nobody has the id p-9", what_to_do: "Choose a person from the list.", status: 422 };
  expect(problemOf(said, 422)).toMatchObject(said);
});

test("a proxy's HTML page becomes a problem with something to do", () => {
  const problem = problemOf("<html>Bad gateway</html>", 502);
  expect(problem.title).toBe("The hub answered 502");
  expect(problem.what_to_do).toBeTruthy();
});

test("fields of odd types do not reach the screen", () => expect(problemOf({ title: 7, detail: {} }, 403).title).toBe("Your role does not allow this"));

test("the code is the end of the type, as the hub writes it", () => {
  expect(problemOf({ type: "urn:medwarden:problem:no-right" }, 403).code).toBe("no-right");
});

test("only failures of the way are asked again", () => {
  expect(isTransient(new ProblemError(problemOf({}, 503)))).toBe(true);
  expect(isTransient(new ProblemError(problemOf({}, 404)))).toBe(false);
  expect(isTransient(new Error("no"))).toBe(false);
});

test("an error of the page's own is told too", () => expect(asProblem(new Error("boom")).detail).toBe("boom"));
