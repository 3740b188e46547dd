import { createTheme, type CSSVariablesResolver } from "@mantine/core";

/** Shades are chosen so that text on them, and they on the page, have a contrast of 4.5 to 1 at least in both schemes (WCAG 2.2, 1.4.3). */
export const theme = createTheme({
  primaryColor: "blue",
  primaryShade: { light: 8, dark: 8 },
  defaultRadius: "sm",
  cursorType: "pointer",
  respectReducedMotion: true,
  focusRing: "auto",
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SFMono-Regular", Menlo, Consolas, "Liberation Mono", monospace',
  headings: { sizes: { h1: { fontSize: "1.5rem", lineHeight: "1.25" }, h2: { fontSize: "1.15rem", lineHeight: "1.3" }, h3: { fontSize: "1rem", lineHeight: "1.4" } } },
  components: {
    Anchor: { defaultProps: { underline: "always" } },
    CloseButton: { defaultProps: { "aria-label": "Close" } },
    Modal: { defaultProps: { centered: true } },
    Tooltip: { defaultProps: { events: { hover: true, focus: true, touch: true }, multiline: true, maw: 360 } },
  },
});

export const variables: CSSVariablesResolver = (theme) => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#525a63",
    "--mantine-color-placeholder": "#616970",
    "--mantine-color-anchor": theme.colors.blue?.[8] ?? "#1971c2",
    "--mantine-color-error": "#b42318",
  },
  dark: {
    "--mantine-color-dimmed": "#b4b9c0",
    "--mantine-color-placeholder": "#a5abb3",
    "--mantine-color-anchor": "#84bdf4",
    "--mantine-color-error": "#ff9c96",
  },
});
