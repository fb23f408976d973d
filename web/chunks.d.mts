// The types of chunks.mjs, for the configuration.
import type { Plugin } from 'vite';

export declare function chunkOf(id: string, graph: { getModuleInfo: (id: string) => { importedIds: readonly string[] } | null }): string | null;
export declare const aheadFirst: Plugin;
