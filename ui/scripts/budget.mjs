// Fails where what a browser loads before it can show the first screen is more than 300 kB gzipped.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT = 300_000;
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

/** A chunk, all that it imports at once, and their style sheets. */
function first(key, files = new Set(["index.html"])) {
  const chunk = manifest[key];
  if (!chunk || files.has(chunk.file)) return files;
  files.add(chunk.file);
  for (const sheet of chunk.css ?? []) files.add(sheet);
  for (const next of chunk.imports ?? []) first(next, files);
  return files;
}

// The screen that most people open first counts too, though it is a chunk of its own.
const files = first("src/screens/home/Home.tsx", first("index.html"));
const sizes = [...files].map((file) => [file, gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length]);
const total = sizes.reduce((sum, [, size]) => sum + size, 0);
for (const [file, size] of sizes.sort((a, b) => b[1] - a[1])) console.log(`${String(size).padStart(8)}  ${file}`);
console.log(`${String(total).padStart(8)}  first load, gzipped, of at most ${LIMIT}`);
if (files.size < 3) throw new Error("the manifest names no first screen: has src/screens/home/Home.tsx moved?");
if (total > LIMIT) {
  console.error(`The first load is ${total - LIMIT} bytes over the limit: load what the first screen does not need with lazyRouteComponent or import().`);
  process.exit(1);
}
