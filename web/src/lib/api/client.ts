// The one place that talks to the server: requests, errors, and one function a route. No state, no retries (lib/outbox retries).
import type {
  AnnotationView, Answers, Checked, Draft, Duplicates, Extras, ImportReport, LeasedTask, MyAnnotation, NewProject, NextTasks, Person, Plan, Project,
  ProjectChange, ProjectOverview, ProjectProgress, Proposed, Session, Submitted, Task, Template, TemplateHead, Truth, Worker,
  GuidelineHead, OnMisfits, SchemaChange, SchemaPreview, SuggestionSource,
} from './types';
import { BASE, send, takeAhead } from './ahead';

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

export async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const json = options.json === undefined ? '' : JSON.stringify(options.json);
  let answer: Response;
  try {
    answer = await (options.body === undefined ? takeAhead(method, path, json) : null)
      ?? await send(method, path, json || (options.body ?? null), json ? 'application/json' : 'application/octet-stream', options.keepalive ?? false);
  } catch (cause) {
    throw new NoConnection('no connection', { cause });
  }
  const told = Date.parse(answer.headers.get('Date') ?? '');
  if (Number.isFinite(told)) clockGap = told - Date.now();
  if (!answer.ok) {
    const error = await readError(answer);
    // The session has ended: one listener (app/session) shows the door. Signing in itself tells its caller alone.
    if (error.status === 401 && !path.startsWith('/session')) dispatchEvent(new CustomEvent(SIGNED_OUT, { detail: error }));
    throw error;
  }
  if (answer.status === 204) return undefined as T;
  try {
    return (await answer.json()) as T;
  } catch (cause) {
    throw new NoConnection('the answer was cut off', { cause });
  }
}

/** A body that goes out with its progress told (0..1), which `fetch` cannot. Headers and errors are those of `request`. */
function upload<T>(path: string, body: Blob, onprogress: (share: number) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const asked = new XMLHttpRequest();
    asked.open('POST', BASE + path);
    asked.setRequestHeader('Accept', 'application/json');
    asked.setRequestHeader('Tawsim-Client', 'web');
    asked.setRequestHeader('Content-Type', 'application/octet-stream');
    asked.upload.onprogress = ({ loaded, total }) => onprogress(total > 0 ? loaded / total : 0);
    const lost = (): void => reject(new NoConnection('no connection'));
    asked.onerror = asked.onabort = asked.ontimeout = lost;
    asked.onload = () => {
      if (asked.status >= 200 && asked.status < 300) {
        try {
          resolve(JSON.parse(asked.responseText) as T);
        } catch {
          lost();
        }
        return;
      }
      const wait = asked.getResponseHeader('Retry-After');
      const answer = new Response(asked.responseText, { status: asked.status, statusText: asked.statusText, headers: wait ? { 'Retry-After': wait } : {} });
      void readError(answer).then((error) => {
        if (error.status === 401) dispatchEvent(new CustomEvent(SIGNED_OUT, { detail: error }));
        reject(error);
      });
    };
    asked.send(body);
  });
}

export const get = <T>(path: string) => request<T>('GET', path);
export const post = <T>(path: string, json: unknown = {}, keepalive = false) => request<T>('POST', path, { json, keepalive });
export const part = encodeURIComponent;

/** `?a=1&b=2` of what is defined. */
export function query(values: Record<string, string | number | null | undefined>): string {
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
  /** Imports a file with its progress told. `tokens`: the column of lists of words that the texts are made of. */
  uploadFile: (id: string, file: Blob, name: string, tokens: string, onprogress: (share: number) => void) =>
    upload<ImportReport>(`/projects/${part(id)}/imports${query({ filename: name, tokens })}`, file, onprogress),
  uploadMedia: (id: string, name: string, file: Blob, onprogress: (share: number) => void) =>
    upload<unknown>(`/projects/${part(id)}/media${query({ name })}`, file, onprogress),
  uploadArchive: (id: string, name: string, file: Blob, onprogress: (share: number) => void) =>
    upload<unknown>(`/projects/${part(id)}/media/archive${query({ filename: name })}`, file, onprogress),
  exportUrl: (id: string, format: 'csv' | 'jsonl' | 'parquet') => `${BASE}/projects/${part(id)}/export?format=${format}`,

  next: (project: string, count: number) => post<NextTasks>(`/projects/${part(project)}/next`, { count }),
  submit: (lease: string, key: string, answers: Answers, extras: Extras = {}) => post<Submitted>(`/leases/${part(lease)}/submit`, { key, answers, ...extras }),
  /** One turn with the question's models. The same key gives the same candidates. */
  live: (lease: string, ask: { question: string; messages: { role: string; content: string }[]; key: string }) =>
    post<{ candidates: string[]; turn: number }>(`/leases/${part(lease)}/live`, ask),
  skip: (lease: string, reason: string, spent?: number) => post<unknown>(`/leases/${part(lease)}/skip`, { reason, ...(spent === undefined ? {} : { spent_ms: spent }) }),
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
  taskByNumber: (project: string, seq: number) =>
    get<{ tasks: Task[] }>(`/projects/${part(project)}/tasks${query({ after: seq - 1, limit: 1 })}`).then(({ tasks }) => tasks.find((one) => one.seq === seq) ?? null),
  setTaskOverlap: (task: string, overlap: number) => request<unknown>('PATCH', `/tasks/${part(task)}`, { json: { overlap } }),

  templates: (language: 'en' | 'ar') => get<{ templates: TemplateHead[] }>(`/wizard/templates${query({ language })}`),
  template: (id: string, language: 'en' | 'ar') => get<{ template: Template }>(`/wizard/templates/${part(id)}${query({ language })}`),
  /** What a file, or its head where `cut`, could become; with a template, that template on its columns. */
  propose: (head: Blob, ask: { filename: string; language?: 'en' | 'ar'; template?: string; cut: boolean }) =>
    request<Proposed>('POST', `/wizard/propose${query({ ...ask, cut: ask.cut ? 'true' : '' })}`, { body: head }),
  check: (ask: { plan: Plan; columns: string[] } | { toml: string; columns: string[] }) => post<Checked>('/wizard/check', ask),
  projectFileUrl: (id: string) => `${BASE}/projects/${part(id)}/tawsim.toml`,
  endpoints: () => get<{ endpoints: { name: string }[] }>('/endpoints'),

  /** What other questions or content would do to the answers there are; nothing is changed. */
  previewSchema: (project: string, change: SchemaChange) => post<SchemaPreview>(`/projects/${part(project)}/schema/preview`, change),
  changeSchema: (project: string, change: SchemaChange & { seen_version: number; on_misfits: OnMisfits; reopen_missing: boolean }) =>
    request<{ project: Project; reopened: number; preview: SchemaPreview }>('PUT', `/projects/${part(project)}/schema`, { json: change }),
  guidelines: (project: string) => get<{ guidelines: GuidelineHead[] }>(`/projects/${part(project)}/guidelines`),
  guideline: (project: string, version: number) => get<GuidelineHead & { text: string }>(`/projects/${part(project)}/guidelines/${version}`),
  suggestionSources: (project: string) => get<{ sources: SuggestionSource[] }>(`/projects/${part(project)}/suggestions`),

  people: () => get<{ workers: Person[] }>('/workers'),
  invite: (name: string, key: string) => post<{ worker: Worker; link: string }>('/workers', { key, name }),
};
