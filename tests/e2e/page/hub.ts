/** The hub that the tests talk to: the real program on a new data folder. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";

const need = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start the tests with tests/e2e/page/run`);
  return value;
};

export const work = need("MEDWARDEN_WORK");
export const out = need("MEDWARDEN_OUT");

export interface Hub {
  url: string;
  /** Its data folder. */
  data: string;
  stop: () => Promise<void>;
}

/** Starts it and waits until it says where it is. */
export async function startHub(): Promise<Hub> {
  const data = `${work}/data-${process.pid}`;
  mkdirSync(data, { mode: 0o700 });
  const child = spawn(need("MEDWARDEN_PROGRAM"), ["run", "--data", data, "--listen", "127.0.0.1:0", "--plain"], { stdio: ["ignore", "pipe", "pipe"] });
  const log: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => log.push(chunk.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the hub did not start in 30 s:\n${log.join("")}`)), 30_000);
    child.once("exit", (code) => reject(new Error(`the hub ended with ${code}:\n${log.join("")}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const found = /https?:\/\/\S+/.exec(line);
      if (!found) return;
      clearTimeout(timer);
      resolve(found[0]);
    });
  });
  return { url, data, stop: () => stop(child) };
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}

/** Runs the program beside the hub; what it said. */
export function run(...words: string[]): string {
  return execFileSync(need("MEDWARDEN_PROGRAM"), words, { encoding: "utf8" });
}
