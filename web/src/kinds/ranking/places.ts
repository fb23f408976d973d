// A ranking as a list of places, each with the names that share it; and what can be done with it. Pure: every function gives a new one.

export type Ranking = string[][];

/** The value as a ranking of these names; what is none of them, or comes twice, is left out. */
export function rankingOf(value: unknown, names: string[]): Ranking {
  if (!Array.isArray(value)) return [];
  const seen = new Set<string>();
  const known = (one: unknown): one is string => typeof one === 'string' && names.includes(one) && !seen.has(one) && seen.add(one) !== undefined;
  return value.map((group) => (Array.isArray(group) ? group.filter(known) : [])).filter((group) => group.length > 0);
}

/** The index of the place that a name has; -1: none yet. */
export const groupOf = (ranking: Ranking, name: string): number => ranking.findIndex((group) => group.includes(name));

/** Its place as people count: 1, 2, 2, 4. 0: none yet. */
export function placeOf(ranking: Ranking, name: string): number {
  const at = groupOf(ranking, name);
  return at < 0 ? 0 : 1 + ranking.slice(0, at).reduce((sum, group) => sum + group.length, 0);
}

export const unplaced = (ranking: Ranking, names: string[]): string[] => names.filter((name) => groupOf(ranking, name) < 0);

/** Without the name. */
export const taken = (ranking: Ranking, name: string): Ranking => ranking.map((group) => group.filter((one) => one !== name)).filter((group) => group.length > 0);

/** The name at the next free place; the last one left goes to the end by itself. */
export function placed(ranking: Ranking, name: string, names: string[]): Ranking {
  if (groupOf(ranking, name) >= 0) return ranking;
  const next = [...ranking, [name]];
  const left = unplaced(next, names);
  return left.length === 1 ? [...next, left] : next;
}

/** A card was pressed: to the next free place, or out of its own. Where all have one, the last stays: it could only come back. */
export function pressed(ranking: Ranking, name: string, names: string[]): Ranking {
  if (groupOf(ranking, name) < 0) return placed(ranking, name, names);
  const stays = ranking.at(-1)?.length === 1 && ranking.at(-1)![0] === name && unplaced(ranking, names).length === 0;
  return stays ? ranking : taken(ranking, name);
}

/** The name alone before the place `at` (0 … length) of the ranking as it stands. */
export function put(ranking: Ranking, name: string, at: number): Ranking {
  const marked = [...ranking.slice(0, at), ['\u0000'], ...ranking.slice(at)];
  return taken(marked, name).map((group) => (group[0] === '\u0000' ? [name] : group));
}

/** The name in the same place as those at `at`, in the order of the names. */
export function joined(ranking: Ranking, name: string, at: number, names: string[]): Ranking {
  const target = ranking[at];
  if (!target || target.includes(name)) return ranking;
  const grown = ranking.map((group, index) => (index === at ? [...group, '\u0000'] : group));
  return taken(grown, name).map((group) => (group.includes('\u0000') ? inOrder([...group.filter((one) => one !== '\u0000'), name], names) : group));
}

/** One place better (-1) or worse (+1): out of a shared place first, else past the neighbours. */
export function shifted(ranking: Ranking, name: string, by: 1 | -1): Ranking {
  const at = groupOf(ranking, name);
  const group = ranking[at];
  if (!group) return ranking;
  if (group.length > 1) return put(ranking, name, by < 0 ? at : at + 1);
  const to = at + by;
  if (to < 0 || to >= ranking.length) return ranking;
  return put(ranking, name, by < 0 ? to : to + 1);
}

/** Tied with the place above; a name that shares its place gets one of its own below it. */
export function tied(ranking: Ranking, name: string, names: string[]): Ranking {
  const at = groupOf(ranking, name);
  const group = ranking[at];
  if (!group) return ranking;
  if (group.length > 1) return put(ranking, name, at + 1);
  return at > 0 ? joined(ranking, name, at - 1, names) : ranking;
}

const inOrder = (group: string[], names: string[]): string[] => names.filter((name) => group.includes(name));

/** The answer that the places are: with an empty place at the end while somebody has none yet, which marks it as unfinished. */
export function given(places: Ranking, names: string[]): unknown {
  if (places.length === 0) return undefined;
  return unplaced(places, names).length > 0 ? [...places, []] : places;
}
