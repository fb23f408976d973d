// A project before it is made: blank parts, what a row of it looks like to a labeller, lists from pasted text. Pure.
import type { Arrangement, Block, BlockKind, Plan, Project, Question, Row, TaskView } from '../../lib/api/types';
import type { Key } from '../../lib/i18n.svelte';
import { asJson } from '../../blocks/block';

export const KINDS = [
  'choice', 'choices', 'scale', 'number', 'text', 'spans', 'pairwise', 'ranking', 'rubric', 'chat', 'boxes', 'polygons', 'keypoints', 'segments',
] as const;
export type KindName = (typeof KINDS)[number];
export const BLOCKS: BlockKind[] = ['text', 'markdown', 'chat', 'image', 'audio', 'table', 'diff', 'details'];

/** What a question of a kind works on: the block that holds it. */
export const SURFACES: Partial<Record<string, BlockKind>> = {
  spans: 'text', chat: 'chat', boxes: 'image', polygons: 'image', keypoints: 'image', segments: 'audio',
};
const COMPARING = new Set(['pairwise', 'ranking']);
/** Kinds whose answers a later question can wait for. */
const WAITED = new Set(['choice', 'choices', 'scale']);

export const canBeWaitedFor = (question: Question): boolean => WAITED.has(question.kind);

/** What each kind has beside the fields of all questions. `columns` are those to compare; `say` gives the words of the example labels. */
function ownFields(kind: string, say: (key: Key) => string, columns: string[]): Record<string, unknown> {
  const labels = [say('w_example_yes'), say('w_example_no')];
  switch (kind) {
    case 'choice': return { labels, separator: '' };
    case 'choices': return { labels, at_least: 0, at_most: 0, separator: '' };
    case 'number': return { low: null, high: null, step: 0, unit: '' };
    case 'scale': return { low: 1, high: 5, titles: [] };
    case 'text': return { at_least: 0, at_most: 20_000, draft: '' };
    case 'spans': return { labels, overlap: true, relations: [] };
    case 'pairwise': return { candidates: columns.slice(0, 2), ties: true, steps: 1, format: 'text' };
    case 'ranking': return { candidates: columns, ties: true, format: 'text' };
    case 'rubric': return { criteria: [blankCriterion(say('w_example_criterion'))] };
    case 'chat': return { roles: ['assistant'], rating: { low: 1, high: 5 }, rewrite: false, comment: false, live: null };
    case 'segments': return { labels: [], transcript: true, overlap: true };
    default: return { labels };
  }
}

export interface Criterion { name: string; title: string; low: number; high: number; titles: string[]; reason: 'never' | 'optional' | 'always' }
export const blankCriterion = (name: string): Criterion => ({ name, title: '', low: 1, high: 5, titles: [], reason: 'never' });

/** A name that none of these has. */
export function freeName(wanted: string, taken: string[]): string {
  if (!taken.includes(wanted)) return wanted;
  for (let n = 2; ; n += 1) if (!taken.includes(`${wanted}_${n}`)) return `${wanted}_${n}`;
}

export function blankQuestion(kind: string, plan: Plan, columns: string[], say: (key: Key) => string): Question {
  const name = freeName(kind === 'choice' || kind === 'choices' ? 'label' : kind, plan.questions.map((one) => one.name));
  const surface = SURFACES[kind];
  const on = plan.content.find((one) => one.kind === surface)?.column ?? '';
  return { kind, name, title: '', required: true, when: null, on, ...ownFields(kind, say, columns) };
}

/** The question as another kind, with everything that both have. */
export function asKind(question: Question, kind: string, plan: Plan, columns: string[], say: (key: Key) => string): Question {
  const fresh = blankQuestion(kind, plan, columns, say);
  const kept = Object.fromEntries(Object.keys(fresh).filter((name) => name in question && name !== 'kind' && name !== 'on').map((name) => [name, question[name]]));
  const same = Array.isArray(kept.labels) && kept.labels.length === 0 ? { ...kept, labels: fresh.labels } : kept;
  return { ...fresh, ...same, kind };
}

export const blankBlock = (column: string): Block => ({ kind: 'text', column, other: '', title: '' });

export const blankPlan = (name: string): Plan => ({
  name, questions: [], content: [], text_column: 'text', guideline: '', guideline_file: '', overlap: 1, order: 'fifo', lease_seconds: 900,
  max_leases: 5, skip_limit: 3, settings: {}, data: {},
});

/** The plan with what another arrangement of the file shows and asks. */
export const arranged = (plan: Plan, one: Arrangement): Plan => ({
  ...plan, questions: one.questions, content: one.content, text_column: one.text_column,
  data: { ...(plan.data.file ? { file: plan.data.file } : {}), ...one.data },
});

/** Every column that a plan names. */
export function columnsOf(plan: Plan): string[] {
  const named = [
    ...plan.content.flatMap((one) => [one.column, one.other]),
    ...plan.questions.flatMap((one) => [one.on, one.draft, ...(Array.isArray(one.candidates) ? one.candidates : [])]),
  ];
  return [...new Set(named.filter((one): one is string => typeof one === 'string' && one !== ''))];
}

/** What stands in pasted text: one a line, or one line with commas (Latin or Arabic), semicolons or tabs between. No repeats. */
export function listOf(text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/).map((one) => one.trim()).filter(Boolean);
  const parts = lines.length === 1 ? lines[0]!.split(/[,،;؛\t]/).map((one) => one.trim()).filter(Boolean) : lines;
  return [...new Set(parts)];
}

/** Ten thousand labels as one value: a list that is replaced and never changed in place need not be watched item by item. */
class Whole extends Array<string> {}
export const whole = (list: string[]): string[] => Whole.from(list);

/** The question with its labels as one value. */
export const light = (question: Question): Question => (Array.isArray(question.labels) ? { ...question, labels: whole(question.labels as string[]) } : question);

// ---- as a labeller will see it ----------------------------------------------------------------------------------------
/** The project that the plan would become, for the page of tasks. Questions get the column they work on. */
export function projectOf(plan: Plan): Project {
  const questions = plan.questions.map((one) => {
    const surface = SURFACES[one.kind];
    if (!surface || one.on) return one;
    return { ...one, on: plan.content.find((block) => block.kind === surface)?.column ?? plan.text_column };
  });
  return {
    ...plan, questions, id: 'preview', guideline_version: 1, max_lease_seconds: plan.lease_seconds, state: 'running', version: 1, created_at: 0,
    settings: { suggestions: plan.settings.suggestions ?? false, access: 'everyone', gold: { on: false, lowest: 0, highest: 0 }, training: { on: false, examples: 0, pass_at: 0, least: 1, most: 1 } }, schema_version: 1,
  };
}

/** The same order for the same row and question, without a pattern. */
function shuffled<T>(items: T[], seed: string): T[] {
  let state = [...seed].reduce((sum, letter) => Math.imul(sum ^ letter.codePointAt(0)!, 16777619), 2166136261);
  const next = (): number => {
    state = Math.imul(state ^ (state >>> 15), 2246822519) + 0x6d2b79f5;
    return (state >>> 0) / 2 ** 32;
  };
  const mixed = [...items];
  for (let at = mixed.length - 1; at > 0; at -= 1) {
    const other = Math.floor(next() * (at + 1));
    [mixed[at], mixed[other]] = [mixed[other]!, mixed[at]!];
  }
  return mixed;
}

function candidateValues(columns: string[], row: Row): unknown[] {
  if (columns.length !== 1) return columns.map((column) => row[column]);
  const list = asJson(row[columns[0]!]);
  return Array.isArray(list) ? list : [];
}

/**
 * The task of a row, with the columns that would leave the server and no other. Candidates are blind and mixed as they will be.
 * `media` gives data: addresses for names of pictures and sounds.
 */
export function taskOf(project: Project, plan: Plan, row: Row, seq: number, media: Map<string, string>): TaskView {
  const whole: Row = { ...row };
  const tokens = plan.data.tokens ? asJson(row[plan.data.tokens]) : null;
  if (Array.isArray(tokens)) whole[plan.text_column] = tokens.join(' ');
  const candidates: TaskView['candidates'] = {};
  const blind = new Set<string>();
  for (const one of project.questions) {
    if (!COMPARING.has(one.kind)) continue;
    const columns = one.candidates as string[];
    columns.forEach((column) => blind.add(column));
    candidates[one.name] = shuffled(candidateValues(columns, whole), `${seq}/${one.name}`).map((value, place) => ({ name: String.fromCharCode(65 + place), value }));
  }
  const blocks = project.content;
  const all = blocks.length === 0 || blocks.some((one) => one.kind === 'details' && !one.column);
  const shown = new Set([...blocks.flatMap((one) => [one.column, one.other]), ...project.questions.flatMap((one) => [one.on, String(one.draft ?? '')])]);
  // A column that is compared stays hidden, unless a block of its own shows it.
  if (!all) for (const block of blocks) blind.delete(block.column);
  const content = Object.fromEntries(Object.entries(whole).filter(([column]) => !blind.has(column) && (all || shown.has(column))));
  const surfaces = [...blocks.filter((one) => one.kind === 'image' || one.kind === 'audio').map((one) => one.column), ...project.questions.map((one) => one.on)];
  for (const column of surfaces) {
    const address = typeof content[column] === 'string' ? media.get(content[column]) : undefined;
    if (address) content[column] = address;
  }
  return { id: `preview-${seq}`, seq, content, candidates, suggestions: {}, media: {} };
}
