import { defineConfig } from "@playwright/test";

// One hub, one story: the tests follow each other, and the first that fails ends it.
export default defineConfig({
  testDir: ".",
  workers: 1,
  fullyParallel: false,
  maxFailures: 1,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  outputDir: `${process.env.MEDWARDEN_OUT}/failed`,
  use: {
    launchOptions: { executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] },
    locale: "en-GB",
    // Not the site's zone: what shows the browser's is found.
    timezoneId: "Asia/Tokyo",
    screenshot: "only-on-failure",
  },
});
