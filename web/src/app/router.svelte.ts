// Addresses: which page, and moving without a reload. The server answers each of these paths with the same index.html.

export type Route =
  | { page: 'enter' }
  | { page: 'home'; project: string | null }
  | { page: 'new' }
  | { page: 'label'; project: string }
  | { page: 'truth'; project: string }
  | { page: 'lost' };

/** The route of a path. */
export function readRoute(path: string): Route {
  let parts: string[];
  try {
    parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  } catch {
    return { page: 'lost' }; // a stray % names nothing
  }
  const [first, second, ...rest] = parts;
  if (rest.length > 0) return { page: 'lost' };
  if (first === undefined) return { page: 'home', project: null };
  if (first === 'enter' && second === undefined) return { page: 'enter' };
  if (first === 'new' && second === undefined) return { page: 'new' };
  if (first === 'projects' && second) return { page: 'home', project: second };
  if ((first === 'label' || first === 'truth') && second) return { page: first, project: second };
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
    go(link.pathname);
  });
}

export const paths = {
  home: '/',
  new: '/new',
  project: (id: string) => `/projects/${encodeURIComponent(id)}`,
  label: (id: string) => `/label/${encodeURIComponent(id)}`,
  truth: (id: string) => `/truth/${encodeURIComponent(id)}`,
};
