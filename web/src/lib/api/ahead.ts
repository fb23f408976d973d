// The first of all scripts: asks the server what the page will ask first, while the other scripts are still being read.
// `client.ts` takes each answer once, in place of a request of its own. Imports nothing, so that nothing is waited for.

export const BASE = '/api/v1';
/** How many tasks are asked for before the project says how many may be held. */
export const LEASES_AT_FIRST = 5;
/** How many of the last answers stand beside a task. */
export const LAST_ANSWERS = 10;
/** Whoever labels a project in one tab holds this lock. */
export const labelLock = (worker: string, project: string): string => `tawsim-label/${worker}/${project}`;

const FRESH_MS = 5_000; // an older answer is no longer what the server would say
const asked = new Map<string, { answer: Promise<Response>; at: number }>();
/** What is about to be asked ahead; empty where the page was quicker and asks itself. */
let coming = '';
const named = (method: string, path: string, json: string): string => `${method} ${path} ${json}`;

/** One request, as every request of ours goes out. */
export function send(method: string, path: string, body: BodyInit | null, type: string, keepalive: boolean): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  // The server takes no change from a cookie alone: a foreign page cannot set this header.
  if (method !== 'GET') headers['Tawsim-Client'] = 'web';
  if (body !== null) headers['Content-Type'] = type;
  return fetch(BASE + path, { method, headers, body, keepalive, cache: 'no-store' });
}

function ask(method: string, path: string, json = ''): Promise<Response> {
  const answer = send(method, path, json || null, 'application/json', false);
  answer.catch(() => undefined); // whoever takes it hears of it
  asked.set(named(method, path, json), { answer, at: performance.now() });
  return answer;
}

/** The same without taking it: for what is only made ready by it. */
export const lookAhead = async (method: string, path: string): Promise<unknown> => {
  const answer = await asked.get(named(method, path, ''))?.answer;
  return answer?.ok ? answer.clone().json() : null;
};

/** The answer to what was asked ahead; null where it was not, was taken before, or is no longer fresh. */
export function takeAhead(method: string, path: string, json: string): Promise<Response> | null {
  const name = named(method, path, json);
  if (name === coming) coming = '';
  const found = asked.get(name);
  asked.delete(name);
  return found && performance.now() - found.at < FRESH_MS ? found.answer : null;
}

/** Tasks are asked for once it is known who labels, and that no other tab does. */
async function askTasks(project: string, session: Promise<Response>): Promise<void> {
  const [path, json] = [`/projects/${project}/next`, JSON.stringify({ count: LEASES_AT_FIRST })];
  coming = named('POST', path, json);
  const answer = await session;
  if (!answer.ok) return;
  const { worker } = (await answer.clone().json()) as { worker: { id: string } };
  const { held } = navigator.locks ? await navigator.locks.query() : { held: [] };
  if (held?.some(({ name }) => name === labelLock(worker.id, decodeURIComponent(project)))) return;
  if (coming !== '') void ask('POST', path, json);
}

function askAhead(path: string): void {
  if (path === '/enter') return;
  const session = ask('GET', '/session');
  const project = /^\/label\/([^/]+)\/?$/.exec(path)?.[1];
  if (!project) return;
  void ask('GET', `/projects/${project}`);
  void ask('GET', `/projects/${project}/annotations/mine?limit=${LAST_ANSWERS}`);
  askTasks(project, session).catch(() => undefined);
}

askAhead(location.pathname);
