// The answer of a spans question and every change of it: canonical order, relations that follow their spans. Pure.
// Offsets are code points, end exclusive.

export interface Span {
  start: number;
  end: number;
  label: string;
  text: string;
}

export interface Relation {
  from: number;
  to: number;
  label: string;
}

export interface SpansAnswer {
  spans: Span[];
  relations: Relation[];
}

export interface RelationRule {
  label: string;
  from?: string[];
  to?: string[];
}

/** A changed answer, where the span at hand is now (-1: gone), and how many relations were lost with it. */
export interface Change {
  answer: SpansAnswer;
  at: number;
  lost: number;
}

export const NOTHING: SpansAnswer = { spans: [], relations: [] };

/** Order of texts by code points, as Python has it; `<` goes by UTF-16 units. */
function byPoints(a: string, b: string): number {
  if (a === b) return 0;
  let index = 0;
  while (index < a.length && index < b.length && a.charCodeAt(index) === b.charCodeAt(index)) index += 1;
  return (a.codePointAt(index) ?? -1) - (b.codePointAt(index) ?? -1);
}

const bySpan = (a: Span, b: Span): number => a.start - b.start || a.end - b.end || byPoints(a.label, b.label);
const byRelation = (a: Relation, b: Relation): number => a.from - b.from || a.to - b.to || byPoints(a.label, b.label);

/** Anything as an answer: what is not one is nothing. */
export function readAnswer(value: unknown): SpansAnswer {
  const given = value as Partial<SpansAnswer> | null | undefined;
  if (!Array.isArray(given?.spans)) return NOTHING;
  return { spans: given.spans, relations: Array.isArray(given.relations) ? given.relations : [] };
}

/** Does the rule allow a relation between spans with these labels? An empty list allows all. */
export function allows(rule: RelationRule, from: string, to: string): boolean {
  return (!rule.from?.length || rule.from.includes(from)) && (!rule.to?.length || rule.to.includes(to));
}

/** Sorted, without repeats; relations follow, and those that no rule allows go. `at` follows the span that it pointed to. */
function canonical(spans: Span[], relations: Relation[], at: number, rules: RelationRule[]): Change {
  const order = spans.map((_, index) => index).sort((a, b) => bySpan(spans[a]!, spans[b]!));
  const sorted: Span[] = [];
  const place = new Array<number>(spans.length);
  for (const index of order) {
    const last = sorted.at(-1);
    if (!last || bySpan(last, spans[index]!) !== 0) sorted.push(spans[index]!);
    place[index] = sorted.length - 1;
  }
  const moved = relations
    .map(({ from, to, label }) => ({ from: place[from] ?? -1, to: place[to] ?? -1, label }))
    .filter(({ from, to, label }) => from >= 0 && to >= 0 && from !== to
      && rules.some((rule) => rule.label === label && allows(rule, sorted[from]!.label, sorted[to]!.label)))
    .sort(byRelation)
    .filter((one, index, all) => index === 0 || byRelation(all[index - 1]!, one) !== 0);
  return { answer: { spans: sorted, relations: moved }, at: at < 0 ? -1 : place[at]!, lost: relations.length - moved.length };
}

export function addSpan(answer: SpansAnswer, span: Span, rules: RelationRule[]): Change {
  return canonical([...answer.spans, span], answer.relations, answer.spans.length, rules);
}

/** The span number `at` in another form: another label, other edges. */
export function changeSpan(answer: SpansAnswer, at: number, span: Span, rules: RelationRule[]): Change {
  return canonical(answer.spans.map((one, index) => (index === at ? span : one)), answer.relations, at, rules);
}

export function removeSpan(answer: SpansAnswer, at: number): Change {
  const kept = answer.relations.filter(({ from, to }) => from !== at && to !== at);
  const down = (index: number) => (index > at ? index - 1 : index);
  return {
    answer: { spans: answer.spans.filter((_, index) => index !== at), relations: kept.map(({ from, to, label }) => ({ from: down(from), to: down(to), label })) },
    at: -1,
    lost: answer.relations.length - kept.length,
  };
}

export function addRelation(answer: SpansAnswer, relation: Relation): SpansAnswer {
  if (answer.relations.some((one) => byRelation(one, relation) === 0)) return answer;
  return { spans: answer.spans, relations: [...answer.relations, relation].sort(byRelation) };
}

export function removeRelation(answer: SpansAnswer, at: number): SpansAnswer {
  return { spans: answer.spans, relations: answer.relations.filter((_, index) => index !== at) };
}

/** The first span that shares a character with start…end, other than number `but`; -1: none. */
export function overlapping(answer: SpansAnswer, start: number, end: number, but = -1): number {
  return answer.spans.findIndex((one, index) => index !== but && one.start < end && start < one.end);
}

/** The spans that hold the character at `point`, the shortest first. */
export function spansOver(answer: SpansAnswer, point: number): number[] {
  const length = (index: number): number => answer.spans[index]!.end - answer.spans[index]!.start;
  const found: number[] = [];
  answer.spans.forEach((one, index) => { if (one.start <= point && point < one.end) found.push(index); });
  return found.sort((a, b) => length(a) - length(b));
}

/** On which line under the text each span is drawn, so that those that overlap do not hide each other. Spans are sorted. */
export function lanesOf(spans: { start: number; end: number }[]): number[] {
  const ends: number[] = [];
  return spans.map(({ start, end }) => {
    let lane = ends.findIndex((taken) => taken <= start);
    if (lane < 0) lane = ends.length;
    ends[lane] = end;
    return lane;
  });
}
