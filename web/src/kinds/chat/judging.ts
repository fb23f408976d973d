// What is asked of a conversation and what was said of it: messages, ratings, turns. Pure; no drawing.
import type { Question, TaskView } from '../../lib/api/types';
import { readConversation, type Message } from '../../blocks/conversation';
import type { AnswerState } from '../kind';

export interface Said {
  rating?: string | number;
  rewrite?: string;
  comment?: string;
}

/** `chosen` is missing while nobody chose. */
export interface Turn {
  prompt: string;
  candidates: string[];
  chosen?: number;
}

/** The answer, perhaps unfinished. `pending`: a prompt that was sent under a key and has no answer yet; it goes with the answer. */
export interface Judged {
  messages: Record<string, Said>;
  turns?: Turn[];
  pending?: { prompt: string; key: string };
}

export interface Live {
  turns: number;
  candidates: number;
}

// The server's bounds (kinds/chat.py).
export const LONGEST_TEXT = 100_000;
export const LONGEST_COMMENT = 5_000;

export const liveOf = (question: Question): Live | null => {
  const live = question.live as Partial<Live> | null | undefined;
  return live ? { turns: live.turns ?? 8, candidates: live.candidates ?? 2 } : null;
};

/** The steps of a rating, in order: labels, or the numbers of a scale. Empty where none is asked. */
export function ratingsOf(question: Question): (string | number)[] {
  const rating = question.rating as { labels?: string[]; low?: number; high?: number } | null | undefined;
  if (!rating) return [];
  if (rating.labels) return rating.labels;
  const low = rating.low ?? 1;
  return Array.from({ length: Math.min(1_000, (rating.high ?? 5) - low + 1) }, (_, place) => low + place);
}

/** The digit key of a rating: the number itself on a scale of digits (10 is the key 0), else its place. Null: it has none. */
export function digitOf(ratings: (string | number)[], index: number): number | null {
  const rating = ratings[index];
  const digits = ratings.every((one) => typeof one === 'number' && one >= 0 && one <= 9);
  const ten = ratings[0] === 1 && ratings.length === 10 && typeof rating === 'number';
  if (digits) return rating as number;
  if (ten) return (rating as number) % 10;
  return index < 9 ? index + 1 : null;
}

/** The place of the rating that a digit stands for; -1 for none. */
export const ratingOfDigit = (ratings: (string | number)[], digit: number): number => ratings.findIndex((_, index) => digitOf(ratings, index) === digit);

export const conversationOf = (question: Question, task: TaskView): Message[] | null => readConversation(task.content[question.on]);

/** The places of the messages that are asked about, from 0. */
export function askedOf(question: Question, messages: Message[] | null): number[] {
  if (ratingsOf(question).length === 0 && !question.rewrite && !question.comment) return [];
  const roles = new Set(Array.isArray(question.roles) ? (question.roles as string[]) : ['assistant']);
  return (messages ?? []).flatMap(({ role }, place) => (roles.has(role) ? [place] : []));
}

export function asJudged(value: unknown): Judged {
  const given = value && typeof value === 'object' ? (value as Partial<Judged>) : {};
  const judged: Judged = { messages: given.messages ?? {} };
  if (given.turns) judged.turns = given.turns;
  if (given.pending) judged.pending = given.pending;
  return judged;
}

/** The value before anything was said: a place for each message that is asked about, so that `stateOf` knows how many there are. */
export function emptyValue(question: Question, task: TaskView): Judged {
  const messages = Object.fromEntries(askedOf(question, conversationOf(question, task)).map((place) => [String(place), {}]));
  return liveOf(question) ? { messages, turns: [] } : { messages };
}

/** The value with one thing said anew of a message; undefined or an empty text takes it back. */
export function said<Name extends keyof Said>(value: unknown, place: number, name: Name, given: Said[Name] | undefined): Judged {
  const judged = asJudged(value);
  const one: Said = { ...judged.messages[String(place)] };
  if (given === undefined || given === '') delete one[name];
  else one[name] = given;
  return { ...judged, messages: { ...judged.messages, [String(place)]: one } };
}

export function stateOf(question: Question, value: unknown): AnswerState {
  const { messages, turns, pending } = asJudged(value);
  const all = Object.values(messages);
  if (liveOf(question)) {
    if (pending || turns?.some((turn) => turn.chosen === undefined)) return 'unfinished';
    if (!turns?.length && all.every((one) => Object.keys(one).length === 0)) return 'blank';
  }
  if (ratingsOf(question).length === 0 || all.length === 0) return 'ready';
  if (all.every((one) => one.rating !== undefined)) return 'ready';
  return all.some((one) => Object.keys(one).length > 0) ? 'unfinished' : 'blank';
}
