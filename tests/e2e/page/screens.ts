/** What is asked of every screen, and its pictures. */
import { AxeBuilder } from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";
import { out } from "./hub";

const SIZES = { desktop: { width: 1360, height: 850 }, phone: { width: 390, height: 844 } };
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Collects what a page must never do: break its content security policy, throw, or ask another host. */
export function watch(page: Page, origin: string): string[] {
  const wrong: string[] = [];
  page.on("console", (message) => {
    // A refusal that the test provokes is told on the console by the browser itself.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) wrong.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith("data:")) wrong.push(`request to ${request.url()}`);
  });
  return wrong;
}

/** A screen in both schemes and both widths: nothing serious for axe, nothing wider than the window, and a picture. */
export async function inspect(page: Page, name: string): Promise<void> {
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      // Colours fade over; axe measures what is drawn at that moment.
      await page.waitForFunction(() => document.getAnimations().every((one) => one.playState !== "running"));
      const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
      const serious = violations.filter((one) => one.impact === "serious" || one.impact === "critical");
      expect(serious.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target} ${node.any[0]?.message ?? ""}`).join("; ")}`), `${name}, ${size}, ${colorScheme}`).toEqual([]);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(wider, `${name}, ${size}: wider than the window`).toBeLessThanOrEqual(0);
      await page.screenshot({ path: `${out}/${name}-${size}-${colorScheme}.png`, fullPage: true });
    }
  }
  await page.setViewportSize(SIZES.desktop);
  await page.emulateMedia({ colorScheme: "light" });
}
