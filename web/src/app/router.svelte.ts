// Addresses: which page, and moving without a reload. The server answers each of these paths with the same index.html.

/** Pages of one project: /PAGE/PROJECT, and /PAGE/PROJECT/THING where a page shows one thing of it. */
export const PROJECT_PAGES = ['label', 'truth', 'mine', 'tasks', 'quality', 'progress', 'review', 'decide', 'disputes', 'gold'] as const;
/** Pages of the workspace: /PAGE. */
export const WORKSPACE_PAGES = ['new', 'team', 'account', 'log', 'scale'] as const;
export type ProjectPage = (typeof PROJECT_PAGES)[number];
export type WorkspacePage = (typeof WORKSPACE_PAGES)[number];

export type Route =
  | { page: 'enter' }
  | { page: 'home'; project: string | null }
  | { page: WorkspacePage }
  | { page: ProjectPage; project: string; thing?: string }
  | { page: 'lost' };

const isOf = <T extends string>(pages: readonly T[], name: string): name is T => (pages as readonly string[]).includes(name);

/** The route of a path. */
export function readRoute(path: string): Route {
  let parts: string[];
  try {
    parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  } catch {
    return { page: 'lost' }; // a stray % names nothing
  }
  const [first, second, third, ...rest] = parts;
  if (rest.length > 0) return { page: 'lost' };
  if (first !== undefined && second && isOf(PROJECT_PAGES, first)) return third === undefined ? { page: first, project: second } : { page: first, project: second, thing: third };
  if (third !== undefined) return { page: 'lost' };
  if (first === undefined) return { page: 'home', project: null };
  if (first === 'enter' && second === undefined) return { page: 'enter' };
  if (second === undefined && isOf(WORKSPACE_PAGES, first)) return { page: first };
  if (first === 'projects' && second) return { page: 'home', project: second };
  return { page: 'lost' };
}

export const place = $state({ route: readRoute(location.pathname) });

/** Goes to a path of ours. `replace` leaves no entry in the history. */
export function go(path: string, replace = false): void {
  history[replace ? 'replaceState' : 'pushState'](null, '', path);
  place.route = readRoute(location.pathname);
  scrollTo(0, 0);
}

/** Follows the browser's back and forward, and plain clicks on our own links. */
export function listenToLinks(): void {
  addEventListener('popstate', () => (place.route = readRoute(location.pathname)));
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin || link.pathname.startsWith('/api/')) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}

export const paths = {
  home: '/',
  new: '/new',
  project: (id: string) => `/projects/${encodeURIComponent(id)}`,
  label: (id: string) => `/label/${encodeURIComponent(id)}`,
  truth: (id: string) => `/truth/${encodeURIComponent(id)}`,
  /** A page of a project, and one thing on it; `ask` is what follows the question mark. */
  of: (page: ProjectPage, id: string, thing = '', ask = '') => `/${page}/${encodeURIComponent(id)}${thing && `/${encodeURIComponent(thing)}`}${ask && `?${ask}`}`,
};
