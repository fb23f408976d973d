// Records of the wizard, field for field as the server sends them: a plan, what a file proposes, templates. Types only.
import type { Block, Question } from './types';

/** A project that is not made yet: what stands in a `tawsim.toml`. `data` says what its import has to do. */
export interface Plan {
  name: string;
  questions: Question[];
  content: Block[];
  text_column: string;
  guideline: string;
  guideline_file: string;
  overlap: number;
  order: 'fifo' | 'random';
  lease_seconds: number;
  max_leases: number;
  skip_limit: number;
  settings: { suggestions?: boolean };
  data: Record<string, string>;
}

/** A sentence in both languages. */
export type InBoth = Record<'en' | 'ar', string>;

/** What a column was read as, and why. */
export interface Reading {
  column: string;
  role: string;
  why: InBoth;
  values: string[];
}

/** One arrangement of a file: what is shown and asked, and which columns hold a known answer. */
export interface Arrangement {
  layout: string;
  what: InBoth;
  text_column: string;
  content: Block[];
  questions: Question[];
  known: { question: string; column: string }[];
  data: Record<string, string>;
  notes: (InBoth & { code: string })[];
}

export interface FileProposal extends Arrangement {
  rows: number;
  whole: boolean;
  columns: Reading[];
  alternatives: Arrangement[];
}

export type Row = Record<string, unknown>;

export interface Proposed {
  proposal: FileProposal;
  plan: Plan;
  rows: Row[];
}

/** What is wrong with a plan and where: in `table` ("", content, question, settings, data), the `place`-th of its kind. */
export interface Fault {
  table: string;
  place: number | null;
  field: string;
  where: string;
  message: string;
  hint: string;
  line: number | null;
}

export interface Checked {
  ok: boolean;
  errors: Fault[];
  plan: Plan | null;
  toml: string;
}

export interface TemplateHead {
  id: string;
  language: 'en' | 'ar';
  group: string;
  title: string;
  what: string;
  kinds: string[];
  blocks: string[];
}

/** A whole template. `media`: name → data URI of the pictures and sounds that its sample rows name. */
export interface Template extends TemplateHead {
  plan: Plan;
  rows: Row[];
  media: Record<string, string>;
}
