import { defineConfig } from "vite";

// `npm run dev` serves the console from source and asks a running central for everything else.
const central = process.env.QUAYWATCH_CENTRAL ?? "http://127.0.0.1:8080";

export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: "es2022",
    // Inlined files would be data: addresses, which the content security policy allows for pictures only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1_200,
  },
  worker: { format: "es" },
  server: { proxy: { "/api": { target: central, changeOrigin: false } } },
});
