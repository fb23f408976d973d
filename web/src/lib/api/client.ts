// The one place that talks to the server: requests, errors, and one function a route. No state, no retries (lib/outbox retries).
import type {
  AnnotationView, Answers, Draft, Duplicates, Extras, ImportReport, LeasedTask, MyAnnotation, NewProject, NextTasks, Person, Project,
  ProjectChange, ProjectOverview, ProjectProgress, Session, Submitted, Task, Truth, Worker,
} from './types';

const BASE = '/api/v1';
export const SIGNED_OUT = 'tawsim-signed-out';

/** The server said no. `code` is one of TW-…; `retryAfter` is in seconds, where the server gave it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string,
    readonly details: Record<string, unknown>,
    readonly retryAfter: number | null,
  ) {
    super(message);
  }
}

/** No answer came: the network or the server is away, so what was asked may or may not have happened. */
export class NoConnection extends Error {}

let clockGap = 0;

/** The server's clock in ms, as its last answer told it (to a second). This machine's own clock may be wrong. */
export const serverNow = (): number => Date.now() + clockGap;

interface Options {
  body?: BodyInit;
  json?: unknown;
  keepalive?: boolean;
}

async function readError(answer: Response): Promise<ApiError> {
  const wait = Number(answer.headers.get('Retry-After'));
  const retryAfter = Number.isFinite(wait) && wait > 0 ? wait : null;
  try {
    const { error } = await answer.json();
    return new ApiError(answer.status, error.code, error.message, error.hint ?? '', error.details ?? {}, retryAfter);
  } catch {
    return new ApiError(answer.status, `HTTP-${answer.status}`, answer.statusText || `HTTP ${answer.status}`, '', {}, retryAfter);
  }
}

async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  // The server takes no change from a cookie alone: a foreign page cannot set this header.
  if (method !== 'GET') headers['Tawsim-Client'] = 'web';
  let body = options.body;
  if (options.json !== undefined) {
    headers['Content-Type'] = 'application/json';
    body = JSON.stringify(options.json);
  } else if (body !== undefined) headers['Content-Type'] = 'application/octet-stream';
  let answer: Response;
  try {
    answer = await fetch(BASE + path, { method, headers, body: body ?? null, keepalive: options.keepalive ?? false, cache: 'no-store' });
  } catch (cause) {
    throw new NoConnection('no connection', { cause });
  }
  const told = Date.parse(answer.headers.get('Date') ?? '');
  if (Number.isFinite(told)) clockGap = told - Date.now();
  if (!answer.ok) {
    const error = await readError(answer);
    // The session has ended: one listener (app/session) shows the door. Signing in itself tells its caller alone.
    if (error.status === 401 && !path.startsWith('/session')) dispatchEvent(new CustomEvent(SIGNED_OUT, { detail: error.message }));
    throw error;
  }
  if (answer.status === 204) return undefined as T;
  try {
    return (await answer.json()) as T;
  } catch (cause) {
    throw new NoConnection('the answer was cut off', { cause });
  }
}

const get = <T>(path: string) => request<T>('GET', path);
const post = <T>(path: string, json: unknown = {}, keepalive = false) => request<T>('POST', path, { json, keepalive });
const part = encodeURIComponent;

/** `?a=1&b=2` of what is defined. */
function query(values: Record<string, string | number | null | undefined>): string {
  const pairs = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return pairs.length ? '?' + new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])) : '';
}

/** All kept drafts that the caller may see: a labeller's own, an owner's everybody's. */
async function allDrafts(): Promise<Draft[]> {
  const found: Draft[] = [];
  let after: string | null = null;
  do {
    const page: { drafts: Draft[]; next: string | null } = await get(`/drafts${query({ limit: 500, after })}`);
    found.push(...page.drafts);
    after = page.next ?? null;
  } while (after !== null && found.length < 10_000);
  return found;
}

export const api = {
  signIn: (token: string) => post<Session>('/sessions', { token }),
  signOut: () => request<void>('DELETE', '/session'),
  session: () => get<Session>('/session'),

  projects: () => get<{ projects: ProjectOverview[] }>('/projects'),
  project: (id: string) => get<ProjectOverview>(`/projects/${part(id)}`),
  createProject: (project: NewProject) => post<{ project: Project }>('/projects', project),
  changeProject: (id: string, change: ProjectChange) => request<{ project: Project }>('PATCH', `/projects/${part(id)}`, { json: change }),
  progress: (id: string) => get<ProjectProgress>(`/projects/${part(id)}/progress`),
  truth: (id: string, ask: { question?: string; limit?: number; after?: number | string | null; order?: 'seq' | 'doubt' }) =>
    get<Truth>(`/projects/${part(id)}/truth${query(ask)}`),
  importFile: (id: string, file: File, duplicates: Duplicates, key: string) =>
    request<ImportReport>('POST', `/projects/${part(id)}/imports${query({ filename: file.name, duplicates, key })}`, { body: file }),
  exportUrl: (id: string, format: 'csv' | 'jsonl' | 'parquet') => `${BASE}/projects/${part(id)}/export?format=${format}`,

  next: (project: string, count: number) => post<NextTasks>(`/projects/${part(project)}/next`, { count }),
  submit: (lease: string, key: string, answers: Answers, extras: Extras = {}) => post<Submitted>(`/leases/${part(lease)}/submit`, { key, answers, ...extras }),
  /** One turn with the question's models. The same key gives the same candidates. */
  live: (lease: string, ask: { question: string; messages: { role: string; content: string }[]; key: string }) =>
    post<{ candidates: string[]; turn: number }>(`/leases/${part(lease)}/live`, ask),
  skip: (lease: string, reason: string) => post<unknown>(`/leases/${part(lease)}/skip`, { reason }),
  release: (lease: string, keepalive = false) => post<unknown>(`/leases/${part(lease)}/release`, {}, keepalive),
  heartbeat: (lease: string) => post<{ deadline: number }>(`/leases/${part(lease)}/heartbeat`),
  undo: (annotation: string, key: string) => post<LeasedTask>(`/annotations/${part(annotation)}/undo`, { key }),
  amend: (annotation: string, key: string, seenVersion: number, answers: Answers, extras: Extras = {}) =>
    post<{ annotation: AnnotationView }>(`/annotations/${part(annotation)}/versions`, { key, seen_version: seenVersion, answers, ...extras }),
  mine: (project: string, limit: number) => get<{ annotations: MyAnnotation[] }>(`/projects/${part(project)}/annotations/mine${query({ limit })}`),
  drafts: allDrafts,
  /** The draft's answer counts from now on. 409 where its task has no free slot. */
  adopt: (draft: string) => post<unknown>(`/drafts/${part(draft)}/adopt`),
  /** One task as it stands, or null if it is gone. */
  task: (project: string, id: string, seq: number) =>
    get<{ tasks: Task[] }>(`/projects/${part(project)}/tasks${query({ after: seq - 1, limit: 1 })}`).then(({ tasks }) => tasks.find((one) => one.id === id) ?? null),
  setTaskOverlap: (task: string, overlap: number) => request<unknown>('PATCH', `/tasks/${part(task)}`, { json: { overlap } }),

  people: () => get<{ workers: Person[] }>('/workers'),
  invite: (name: string, key: string) => post<{ worker: Worker; link: string }>('/workers', { key, name }),
  setActive: (worker: string, active: boolean) => post<unknown>(`/workers/${part(worker)}/${active ? 'activate' : 'deactivate'}`),
};
