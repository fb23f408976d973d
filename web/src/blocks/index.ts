// The registry of content blocks: one component a kind, one lazy chunk each, mirroring kinds/. A new block is a file and a line here.
import type { Block, BlockKind, Project, TaskView } from '../lib/api/types';
import type { BlockView } from './block';

const LOADERS: Record<BlockKind, () => Promise<{ default: BlockView }>> = {
  audio: () => import('./AudioBlock.svelte'),
  chat: () => import('./ChatBlock.svelte'),
  details: () => import('./DetailsBlock.svelte'),
  diff: () => import('./DiffBlock.svelte'),
  image: () => import('./ImageBlock.svelte'),
  markdown: () => import('./MarkdownBlock.svelte'),
  table: () => import('./TableBlock.svelte'),
  text: () => import('./TextBlock.svelte'),
};
const loaded = new Map<string, BlockView>();

/** What of a row is shown: as the project says, else its text and the other columns folded. */
export function contentOf(project: Project): Block[] {
  if (project.content.length > 0) return project.content;
  const block = (kind: BlockKind, column: string): Block => ({ kind, column, other: '', title: '' });
  return [block('text', project.text_column), block('details', '')];
}

/** Whether a row has what a block shows. Rows of one project need not all have the same columns, and an empty text is nothing. */
export function isThere(block: Block, content: TaskView['content']): boolean {
  if (block.kind === 'details') return Object.keys(content).length > 0;
  const value = content[block.column];
  if (block.kind === 'text' || block.kind === 'markdown') return value !== undefined && value !== '';
  return value !== undefined || (block.other !== '' && content[block.other] !== undefined);
}

/** Brings the views of these blocks; after this `blockOf` gives them at once. Throws where this build does not know one. */
export async function loadBlocks(blocks: Block[]): Promise<void> {
  const kinds = [...new Set(blocks.map((one) => one.kind))].filter((kind) => !loaded.has(kind));
  await Promise.all(kinds.map(async (kind) => {
    const loader = LOADERS[kind];
    if (!loader) throw new Error(`unknown content block: ${kind}`);
    loaded.set(kind, (await loader()).default);
  }));
}

/** The view of that kind, which `loadBlocks` has brought. */
export function blockOf(kind: string): BlockView {
  const view = loaded.get(kind);
  if (!view) throw new Error(`content block not loaded: ${kind}`);
  return view;
}
