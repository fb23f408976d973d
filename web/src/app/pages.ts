// Which page stands at which address. Each is a script of its own that comes when it is first wanted.
import type { Component } from 'svelte';
import { speakMore } from '../lib/i18n.svelte';
import type { Route } from './router.svelte';

const PAGES: Partial<Record<Route['page'], () => Promise<{ default: Component<any> }>>> = {
  home: () => import('./home/Home.svelte'),
  new: () => import('./wizard/New.svelte'),
  label: () => import('./label/Label.svelte'),
  truth: () => import('./truth/TruthPage.svelte'),
  quality: () => import('./quality/QualityPage.svelte'),
  tasks: () => import('./tasks/TasksPage.svelte'),
  mine: () => import('./mine/Mine.svelte'),
  disputes: () => import('./disputes/Disputes.svelte'),
  review: () => import('./review/ReviewPage.svelte'),
  decide: () => import('./decide/DecidePage.svelte'),
  gold: () => import('./gold/GoldPage.svelte'),
  progress: () => import('./progress/ProgressPage.svelte'),
  log: () => import('./log/LogPage.svelte'),
  team: () => import('./team/TeamPage.svelte'),
  scale: () => import('./scale/ScalePage.svelte'),
  account: () => import('./account/AccountPage.svelte'),
};

/** A page, with the words that it says; null where there is none. */
export function loadPage(page: Route['page']): Promise<{ default: Component<any> }> | null {
  const found = PAGES[page]?.() ?? null;
  return found === null || page === 'home' || page === 'label' ? found : Promise.all([found, speakMore()]).then(([one]) => one);
}
