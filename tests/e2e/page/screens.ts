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
      expect(await wider(page), `${name}, ${size}: wider than the window`).toEqual([]);
      await page.screenshot({ path: `${out}/${name}-${size}-${colorScheme}.png`, fullPage: true });
    }
    await spaced(page, async () => expect(await wider(page), `${name}, ${size}: wider than the window with the text spaced`).toEqual([]));
  }
  await page.setViewportSize(SIZES.desktop);
  await page.emulateMedia({ colorScheme: "light" });
}

/** What reaches over the window's right edge, the innermost elements first; nothing where the page is not wider than its window. */
async function wider(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    if (document.documentElement.scrollWidth <= window.innerWidth) return [];
    const over = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > window.innerWidth + 1);
    return over.reverse().slice(0, 5).map((one) => `${one.tagName.toLowerCase()} "${(one.textContent ?? "").trim().slice(0, 60)}"`);
  });
}

/** Does something while the text has the spacing of WCAG 2.2, 1.4.12: nothing may be lost then, nor with a font wider than ours. */
async function spaced(page: Page, act: () => Promise<void>): Promise<void> {
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }");
    document.adoptedStyleSheets = [sheet];
  });
  await act();
  await page.evaluate(() => {
    document.adoptedStyleSheets = [];
  });
}
