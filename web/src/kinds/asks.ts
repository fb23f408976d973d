// What a row asks of a project's questions, as the page shows it; mirrors `narrowed` of tawsim/kinds/asks.py. Pure.
import type { Asks, Question } from '../lib/api/types';
import { labelsOf } from './options';

type Rule = { label: string; from: string[]; to: string[] };

/** The questions that are asked of a row, with the labels that it offers. All of them where nothing is said of it. */
export function askedOf(questions: Question[], asks: Asks | null | undefined): Question[] {
  if (!asks) return questions;
  const found: Question[] = [];
  for (const question of questions) {
    const ask = Object.hasOwn(asks, question.name) ? asks[question.name] : undefined;
    if (!ask || (question.when && !found.some((one) => one.name === question.when!.question))) continue;
    const one = ask === true ? question : narrowed(question, new Set(ask.labels));
    if (one) found.push(one);
  }
  // What this page knows of the questions may be older than the row: better all of them than none.
  return found.length > 0 ? found : questions;
}

/** Whether all that a row asks and offers is known here. */
export function covers(questions: Question[], asks: Asks | null | undefined): boolean {
  return Object.entries(asks ?? {}).every(([name, ask]) => {
    const question = questions.find((one) => one.name === name);
    return question !== undefined && (ask === true || ask.labels.every((one) => offers(question).includes(one)));
  });
}

/** What a question offers: labels, ratings of messages, criteria. */
function offers(question: Question): string[] {
  if (Array.isArray(question.criteria)) return (question.criteria as { name: string }[]).map((one) => one.name);
  return (question.rating as { labels?: string[] } | null | undefined)?.labels ?? labelsOf(question);
}

/** The question with only these on offer: labels, ratings of messages, criteria. Null where none of them is known here. */
function narrowed(question: Question, kept: Set<string>): Question | null {
  const rating = question.rating as { labels?: string[] } | null | undefined;
  if (Array.isArray(question.criteria)) {
    const criteria = (question.criteria as { name: string }[]).filter((one) => kept.has(one.name));
    return criteria.length > 0 ? { ...question, criteria } : null;
  }
  if (rating?.labels) {
    const labels = rating.labels.filter((one) => kept.has(one));
    return labels.length > 0 ? { ...question, rating: { labels } } : null;
  }
  const whole = labelsOf(question);
  const labels = whole.filter((one) => kept.has(one));
  if (labels.length === 0) return null;
  return { ...question, labels, palette: whole, ...counted(question, labels.length), ...joined(question, kept) };
}

/** As many of a set as it asks for, and no more than there are. */
function counted(question: Question, many: number): Partial<Question> {
  if (!('at_least' in question)) return {};
  return { at_least: Math.min(Number(question.at_least ?? 0), many), at_most: Math.min(Number(question.at_most ?? 0), many) };
}

/** The rules of relations that can still join two spans: one whose labels are all gone would join any. */
function joined(question: Question, kept: Set<string>): Partial<Question> {
  if (!Array.isArray(question.relations)) return {};
  const sides = (rule: Rule): Rule => ({ ...rule, from: rule.from.filter((one) => kept.has(one)), to: rule.to.filter((one) => kept.has(one)) });
  const relations = (question.relations as Rule[]).map((rule) => [rule, sides(rule)] as const).filter(([rule, left]) => (left.from.length > 0 || rule.from.length === 0) && (left.to.length > 0 || rule.to.length === 0));
  return { relations: relations.map(([, left]) => left) };
}
