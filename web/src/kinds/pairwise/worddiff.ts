// Which words of one text are not in the other. The package is loaded when it is first asked for.

export interface Piece {
  text: string;
  differs: boolean;
}

const WORDS = /\s+|[\p{L}\p{M}\p{N}_\u0640'’-]+|[^\s\p{L}\p{M}\p{N}_]/gu;
// Beyond this many changes the marks would say nothing, and the search would take seconds.
const MOST_CHANGES = 3000;

/** `to` as pieces, with what `from` has not marked; null where the two have too little in common. */
export async function wordDiff(from: string, to: string): Promise<Piece[] | null> {
  const { diffArrays } = await import('diff');
  const changes = diffArrays(from.match(WORDS) ?? [], to.match(WORDS) ?? [], { maxEditLength: MOST_CHANGES, timeout: 500 });
  if (!changes) return null;
  return changes.filter((one) => !one.removed).map((one) => ({ text: one.value.join(''), differs: one.added === true }));
}
