// How the front end is built: into the Python package, hashed under /assets/, nothing inlined (the server's CSP forbids it).
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

declare const process: { env: Record<string, string | undefined> };
const api = process.env.TAWSIM_API ?? 'http://127.0.0.1:8765';

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: process.env.TAWSIM_WEB_OUT ?? '../src/tawsim/server/static',
    emptyOutDir: true,
    // `light-dark()` is used as it is: older browsers are not served a guess.
    target: ['chrome123', 'edge123', 'firefox121', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { host: '127.0.0.1', proxy: { '/api': api } },
});
