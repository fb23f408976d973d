// What a content block's view is handed. Types, and the small things that several views share.
import type { Component } from 'svelte';
import type { Block, Project, TaskView } from '../lib/api/types';
import type { Direction } from '../lib/bidi';

export interface BlockProps {
  block: Block;
  task: TaskView;
  /** How the worker turned the text: `auto` follows each paragraph. */
  turned: Direction;
  project: Project;
}

export type BlockView = Component<BlockProps>;

/** A value of a row, read as JSON where it is a text that holds some. */
export function asJson(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
