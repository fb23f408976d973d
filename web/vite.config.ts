// How the front end is built: into the Python package, hashed under /assets/, nothing inlined (the server's CSP forbids it).
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';
import { aheadFirst, chunkOf } from './chunks.mjs';
import { words } from './words.mjs';

declare const process: { env: Record<string, string | undefined> };
const api = process.env.TAWSIM_API ?? 'http://127.0.0.1:8765';

// KaTeX names each face three times; every browser that is served here reads the first.
const oneFontFormat: Plugin = {
  name: 'one-font-format',
  enforce: 'pre',
  transform: (code, id) => (/katex[^?]*\.css/.test(id) ? code.replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\(["'](?:woff|truetype)["']\)/g, '') : null),
};

export default defineConfig({
  plugins: [aheadFirst, oneFontFormat, words, svelte()],
  build: {
    outDir: process.env.TAWSIM_WEB_OUT ?? '../src/tawsim/server/static',
    emptyOutDir: true,
    // `light-dark()` is used as it is: older browsers are not served a guess.
    target: ['chrome123', 'edge123', 'firefox121', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { output: { codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: chunkOf, debugName: 'first' }] } } },
  },
  server: { host: '127.0.0.1', proxy: { '/api': api } },
});
