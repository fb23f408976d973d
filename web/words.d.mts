// What vite.config.ts knows of words.mjs.
import type { Plugin } from 'vite';

export const words: Plugin;
