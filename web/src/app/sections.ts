// The pages of a project and of the workspace: who sees them, in which order, under which key. The bar of tabs is drawn from here.
import type { Key } from '../lib/i18n.svelte';
import type { ProjectPage, WorkspacePage } from './router.svelte';
import type { may } from './session.svelte';

type Permission = Parameters<typeof may>[0];

export interface Section<Page> { page: Page; words: Key; who: Permission; /** The letter that goes there (g, then this one). */ letter: string }

export const PROJECT_SECTIONS: Section<ProjectPage>[] = [
  { page: 'label', words: 'tab_label', who: 'signed_in', letter: 'L' },
  { page: 'mine', words: 'tab_mine', who: 'signed_in', letter: 'M' },
  { page: 'review', words: 'tab_review', who: 'review', letter: 'R' },
  { page: 'decide', words: 'tab_decide', who: 'review', letter: 'D' },
  { page: 'tasks', words: 'tab_tasks', who: 'manage', letter: 'S' },
  { page: 'truth', words: 'tab_truth', who: 'manage', letter: 'T' },
  { page: 'progress', words: 'tab_progress', who: 'manage', letter: 'P' },
  { page: 'quality', words: 'tab_quality', who: 'manage', letter: 'Q' },
  { page: 'gold', words: 'tab_gold', who: 'manage', letter: 'K' },
  { page: 'disputes', words: 'tab_disputes', who: 'review', letter: 'X' },
];

export const WORKSPACE_SECTIONS: Section<WorkspacePage>[] = [
  { page: 'team', words: 'p_team', who: 'manage', letter: 'E' },
  { page: 'log', words: 'a_log', who: 'owner', letter: 'H' },
  { page: 'scale', words: 'sc_title', who: 'owner', letter: 'C' },
  { page: 'account', words: 'p_account', who: 'signed_in', letter: 'A' },
];
