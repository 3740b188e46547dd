import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// In development the page is served by Vite and the API by a hub: MEDWARDEN_HUB=http://127.0.0.1:8080 npm run dev
const hub = process.env.MEDWARDEN_HUB ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  // The hub puts a fresh nonce in its place with every answer; Mantine's style elements carry it.
  html: { cspNonce: "__CSP_NONCE__" },
  build: {
    target: "es2022",
    manifest: true,
    sourcemap: false,
    // Files, never data: URLs, so that the content security policy can stay at 'self'.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "/api": { target: hub, changeOrigin: false, secure: false } } },
  test: { include: ["src/**/*.test.ts"] },
} as Parameters<typeof defineConfig>[0]);
