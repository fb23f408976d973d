// Spans of two answers over one text: the runs between all their ends, and which spans only one has. Pure; code points.
import { readAnswer, type Relation, type Span } from '../../lib/spans/marks';

/** A run of text: spans of the first answer and of the second that lie over it. */
export interface Run { text: string; one: Span[]; other: Span[] }
export interface Piece { span: Span; in: 'one' | 'other' | 'both' }

const same = (a: Span, b: Span): boolean => a.start === b.start && a.end === b.end && a.label === b.label;

/** All spans of both, in the order of the text. */
export function piecesOf(one: unknown, other: unknown): Piece[] {
  const [left, right] = [readAnswer(one).spans, readAnswer(other).spans];
  const found: Piece[] = left.map((span) => ({ span, in: right.some((b) => same(span, b)) ? 'both' : 'one' }));
  found.push(...right.filter((span) => !left.some((a) => same(a, span))).map((span): Piece => ({ span, in: 'other' })));
  return found.sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
}

/** The text cut at every end of a span; joined the runs are the text again. */
export function runsOf(text: string, pieces: Piece[]): Run[] {
  const points = Array.from(text);
  const cuts = new Set([0, points.length]);
  for (const { span } of pieces) for (const at of [span.start, span.end]) if (at > 0 && at < points.length) cuts.add(at);
  const ends = [...cuts].sort((a, b) => a - b);
  return ends.slice(1).map((end, place) => {
    const start = ends[place]!;
    const over = pieces.filter(({ span }) => span.start < end && span.end > start);
    const of = (where: 'one' | 'other'): Span[] => over.filter((piece) => piece.in === where || piece.in === 'both').map((piece) => piece.span);
    return { text: points.slice(start, end).join(''), one: of('one'), other: of('other') };
  });
}

/** Relations in words that only one of the answers has: which, and from what to what. */
export function relationsOf(one: unknown, other: unknown): { in: 'one' | 'other' | 'both'; from: string; label: string; to: string }[] {
  const [left, right] = [readAnswer(one), readAnswer(other)];
  const name = ({ spans }: { spans: Span[] }, { from, to, label }: Relation): string => [spans[from], spans[to]].map((s) => `${s?.start}-${s?.end}-${s?.label}`).join('>') + label;
  const theirs = new Set(right.relations.map((r) => name(right, r)));
  const mine = new Set(left.relations.map((r) => name(left, r)));
  const said = (answer: { spans: Span[] }, r: Relation, where: 'one' | 'other' | 'both') => ({ in: where, from: answer.spans[r.from]?.text ?? '', label: r.label, to: answer.spans[r.to]?.text ?? '' });
  return [
    ...left.relations.map((r) => said(left, r, theirs.has(name(left, r)) ? 'both' : 'one')),
    ...right.relations.filter((r) => !mine.has(name(right, r))).map((r) => said(right, r, 'other')),
  ];
}
