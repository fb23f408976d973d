// The records and answers of the native HTTP API, field for field as the server sends them. Types only.
// Times are integer microseconds since 1970 UTC; ids are text. Those of the wizard are in types_wizard.ts.
export type * from './types_wizard';

export type Role = 'owner' | 'manager' | 'reviewer' | 'labeller';
export type ProjectState = 'running' | 'paused' | 'removed';
export type NoneReason = 'done' | 'leased' | 'paused' | 'deactivated' | 'quota' | 'not_a_member' | 'not_qualified';
export type Duplicates = 'keep' | 'skip' | 'refuse';

export type BlockKind = 'text' | 'markdown' | 'chat' | 'image' | 'audio' | 'table' | 'diff' | 'details';

/** A piece of a row as it is shown. `other` is the second column of a diff. */
export interface Block {
  kind: BlockKind;
  column: string;
  other: string;
  title: string;
}

/** One question. Each kind adds its own fields; `kinds/` knows them. `on` is the column it works on. */
export interface Question {
  kind: string;
  name: string;
  title: string;
  required: boolean;
  when?: { question: string; is: (string | number | boolean)[] } | null;
  on: string;
  [more: string]: unknown;
}

/** What a row asks: question → true, or the labels (ratings, criteria) that it offers. A question that is not named is not asked. */
export type Asks = Record<string, true | { labels: string[] }>;

/** What somebody answered: question name → answer in the form of its kind. */
export type Answers = Record<string, unknown>;

/** What is on or off in a project, and by how much. */
export interface ProjectSettings {
  /** The column that says what a row asks; empty: none. */
  asks?: string;
  suggestions: boolean;
  access: 'everyone' | 'members';
  gold: { on: boolean; lowest: number; highest: number };
  training: { on: boolean; examples: number; pass_at: number; least: number; most: number };
}

export interface Project {
  id: string;
  name: string;
  questions: Question[];
  text_column: string;
  guideline: string;
  guideline_version: number;
  overlap: number;
  lease_seconds: number;
  max_lease_seconds: number;
  max_leases: number;
  skip_limit: number;
  order: 'fifo' | 'random';
  state: ProjectState;
  version: number;
  created_at: number;
  /** Empty: the text column, and the rest of the row folded away. */
  content: Block[];
  settings: ProjectSettings;
  schema_version: number;
}

export interface Worker {
  id: string;
  name: string;
  kind: 'person' | 'model' | 'simulated';
  role: Role;
  active: boolean;
  created_at: number;
}

export interface Session {
  workspace: { id: string; name: string };
  worker: Worker;
  demo: boolean;
  version: string;
}

export interface Progress {
  tasks: number;
  done: number;
  open: number;
  skipped_out: number;
  answers: number;
  answers_wanted: number;
  leases: number;
  duplicates: number;
}

export interface Mine {
  answers: number;
  skips: number;
  leases: number;
  last_at: number | null;
}

export interface ProjectOverview {
  project: Project;
  progress: Progress | null;
  mine: Mine;
}

export interface WorkerProgress {
  worker: Worker;
  answers: number;
  skips: number;
  leases: number;
  last_at: number | null;
}

/** How far people agree: Krippendorff's alpha, or the measure that stands in its place where answers are no labels. */
export interface Agreement {
  alpha: number;
  low: number;
  high: number;
  tasks?: number;
  measure?: 'alpha' | 'gamma' | 'overlap' | 'word_error';
}

export interface ProjectProgress {
  progress: Progress;
  workers: WorkerProgress[];
  agreement: Agreement | null;
  agreement_computing: boolean;
  /** Of a project whose tasks come by the Scale API. */
  scale_type: string | null;
}

/** A picture or a sound of the project, by the name that a row gives it. */
export interface Media {
  url: string;
  type: string;
  width: number | null;
  height: number | null;
  seconds: number | null;
}

/** A blind candidate of a comparison: `name` is its place as shown (A, B, C, …), which is how answers name it. */
export interface Candidate {
  name: string;
  value: unknown;
}

/** A prediction that the project chose to show before the worker answers. `p`: how sure its model was, 0..1. */
export interface Suggestion {
  answer: unknown;
  source: string;
  p: number | null;
}

/** A task as its worker sees it. `candidates` and `suggestions` go by question, `media` by the value in the row. */
export interface TaskView {
  id: string;
  seq: number;
  content: Record<string, unknown>;
  candidates?: Record<string, Candidate[]>;
  suggestions?: Record<string, Suggestion>;
  media?: Record<string, Media>;
  /** Only in a project whose rows say what they ask. */
  asks?: Asks | null;
}

/** A task as its owner sees it; `load` = live leases + accepted answers. */
export interface Task extends TaskView {
  overlap: number;
  load: number;
  state: 'open' | 'skipped_out' | 'removed';
}

export interface LeaseView {
  id: string;
  task_id: string;
  deadline: number;
  round: number;
}

export interface LeasedTask {
  lease: LeaseView;
  task: TaskView;
  previous: { answers: Answers; comment?: string; flag?: boolean } | null;
}

/** What may go with answers: words and a flag for whoever leads the project, the version of the questions that were seen. */
export interface Extras {
  comment?: string;
  flag?: boolean;
  schema_version?: number;
  spent_ms?: number;
}

export interface None {
  reason: NoneReason;
  retry_after_s: number | null;
}

/** Where one stands in the training round: examples answered, or answers towards the qualification. */
export interface Standing {
  stage: 'new' | 'training' | 'qualifying' | 'qualified' | 'not_qualified';
  done: number;
  of: number;
}

export interface NextTasks {
  leases: LeasedTask[];
  none: None | null;
  standing?: Standing | null;
}

/** What is told of a worked example once it was answered. */
export interface Told {
  right: boolean;
  score: number;
  expected: Answers;
  explanation: string;
}

export interface AnnotationView {
  id: string;
  task_id: string;
  version: number;
  state: 'accepted' | 'rejected' | 'withdrawn';
  late: boolean;
}

export interface Submitted {
  annotation: AnnotationView;
  repeated: boolean;
  training?: Told | null;
}

export interface MyAnnotation extends AnnotationView {
  lease_id: string;
  round: number;
  answers: Answers;
  comment: string;
  flag: boolean;
  guideline_version: number;
  created_at: number;
  task: TaskView;
}

export interface Draft {
  id: string;
  task_id: string;
  lease_id: string;
  worker_id: string;
  answers: Answers;
  created_at: number;
  adopted_as: string | null;
  project_id: string;
  worker_name: string;
  task: TaskView;
}

export interface ImportReport {
  id: string;
  source: string;
  rows: number;
  added: number;
  first_seq: number;
  duplicate_count: number;
  duplicates: { row: number; seq: number }[];
  repeated: boolean;
}

export interface NewProject {
  key: string;
  name: string;
  questions: Question[];
  text_column?: string;
  guideline?: string;
  overlap?: number;
  order?: 'fifo' | 'random';
  lease_seconds?: number;
  max_leases?: number;
  skip_limit?: number;
  content?: Block[];
  settings?: { suggestions?: boolean };
}

export type ProjectChange = { seen_version: number } & Partial<
  Pick<Project, 'state' | 'overlap' | 'guideline' | 'name' | 'lease_seconds' | 'max_leases' | 'skip_limit'>
> & { settings?: { [K in keyof ProjectSettings]?: Partial<ProjectSettings[K]> } };

/** Why a worker got their verdict. `code` chooses the sentence, the rest are its facts. */
export type Why =
  | { code: 'agrees' | 'near_chance' | 'against_truth' | 'nothing_shared' | 'one_label' | 'no_agreement' | 'borderline' | 'not_judged' }
  | { code: 'one_answer'; label: string; share: number }
  | { code: 'exchanges_labels'; labels: [string, string]; share: number; others: number }
  | { code: 'few_answers'; more_answers: number };

/** `accuracy` is what `Truth.measure` names; null where nothing is known, and its interval where the model has none. */
export interface WorkerTrust {
  worker: Worker;
  answers: number;
  accuracy: number | null;
  low: number | null;
  high: number | null;
  verdict: 'trusted' | 'careless' | 'mixes' | 'unsure';
  why: Why;
  confusion: number[][];
}

export interface TruthTask {
  task_id: string;
  seq: number;
  content: Record<string, unknown>;
  /** In the form of its kind; null while nobody has answered. Candidates have their own names. */
  label: unknown;
  p: number | null;
  votes: Record<string, number>;
  probabilities: Record<string, number>;
  answers: number;
  /** The 95 % interval of a number. */
  low: number | null;
  high: number | null;
  /** Pictures and sounds by the name in the row. */
  media?: Record<string, Media>;
}

export interface Truth {
  question: string;
  model: string;
  /** Why this model, in English; `why_code` (where the server sends it) lets the page say it in the reader's language. */
  why: string;
  why_code?: string;
  /** Numbers the model's choice rests on; which there are depends on the model. */
  why_facts?: { votes_a_task?: number; effective_votes_a_task?: number; copies?: number };
  labels: string[];
  /** What is measured of workers. */
  measure: string;
  /** Answers to an earlier form of the question that do not fit it any more. */
  misfits: number;
  tasks: TruthTask[];
  next: number | string | null;
  summary: { tasks: number; labelled: number; mean_p: number | null; sure: { threshold: number; tasks: number } };
  workers: WorkerTrust[];
  agreement: Agreement | null;
}

export type Person = Worker & { invited: boolean; /** Whether the caller may change them. */ mine: boolean };

/** New questions and content; one that is left out stays. `renamed`: question → old label → new label. */
export interface SchemaChange {
  questions?: unknown[];
  content?: unknown[];
  renamed?: Record<string, Record<string, string>>;
}

export type OnMisfits = 'refuse' | 'keep' | 'reopen';
export type MisfitCode = 'question_gone' | 'kind_changed' | 'column_changed' | 'label_gone' | 'not_asked' | 'no_fit' | 'others';

/** Answers that stop fitting for one reason; `what` is the label or column it is about, or the words of the kind. */
export interface MisfitReason {
  code: MisfitCode;
  what: string;
  answers: number;
  examples: { seq: number; answer: string }[];
}

/** What a change does to one question's answers. `tasks` lose one, `bare` of them all. */
export interface SchemaEffect {
  question: string;
  state: 'same' | 'changed' | 'new' | 'gone';
  kept: number;
  renamed: number;
  back: number;
  out: number;
  misfits: number;
  missing: number;
  tasks: number;
  bare: number;
  reasons: MisfitReason[];
}

export interface SchemaPreview {
  seen_version: number;
  nothing: boolean;
  answers: number;
  tasks: number;
  misfits: number;
  misfit_tasks: number;
  missing_tasks: number;
  reopens: number;
  reopens_missing: number;
  under_way: { leases: number; workers: number; ends: boolean };
  columns: { column: string; rows: number }[];
  questions: SchemaEffect[];
}

export interface GuidelineHead {
  version: number;
  at: number;
  by: string;
  size: number;
}

export interface SuggestionSource {
  source: string;
  question: string;
  suggestions: number;
}
