// A list of labels as a tree of columns. Pure.
import { partsOf } from './finder';

export interface Branch {
  name: string;
  /** The label that ends here, if one does. */
  label: string | null;
  kids: Branch[];
}

const made = new WeakMap<string[], Map<string, Branch>>();

/** The root of the labels, in the question's order; made when it is first asked for. */
export function treeOf(labels: string[], separator: string): Branch {
  const known = made.get(labels) ?? new Map<string, Branch>();
  made.set(labels, known);
  const found = known.get(separator) ?? grow(labels, separator);
  known.set(separator, found);
  return found;
}

function grow(labels: string[], separator: string): Branch {
  const root: Branch = { name: '', label: null, kids: [] };
  const places = new Map<Branch, Map<string, Branch>>();
  for (const label of labels) {
    let at = root;
    for (const part of partsOf(label, separator)) {
      const kids = places.get(at) ?? new Map<string, Branch>();
      places.set(at, kids);
      let next = kids.get(part);
      if (!next) {
        next = { name: part, label: null, kids: [] };
        kids.set(part, next);
        at.kids.push(next);
      }
      at = next;
    }
    at.label = label;
  }
  return root;
}

/** The branches from the root along the names; shorter where one is not there. */
export function along(root: Branch, names: string[]): Branch[] {
  const found = [root];
  for (const name of names) {
    const next = found.at(-1)!.kids.find((one) => one.name === name);
    if (!next) break;
    found.push(next);
  }
  return found;
}
