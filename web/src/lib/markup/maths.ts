// Formulas by KaTeX, in a chunk of its own that is fetched when a text has one. Under a policy without inline styles: KaTeX
// builds its elements by script, and the few style attributes it would write are set as properties instead.
import katex from 'katex';
import 'katex/dist/katex.min.css';

interface Tree {
  attributes?: Record<string, string>;
  children?: Tree[];
  toNode(): Node;
}
// `katex.render` does the same in one step, but writes attributes that the policy stops.
const treeOf = (katex as unknown as { __renderToDomTree: (tex: string, options: object) => Tree }).__renderToDomTree;

const STYLE = 'data-style';

function renameStyles(node: Tree): void {
  if (node.attributes && 'style' in node.attributes) {
    node.attributes[STYLE] = node.attributes.style!;
    delete node.attributes.style;
  }
  node.children?.forEach(renameStyles);
}

/** Draws a formula into `place`. Throws KaTeX's ParseError where it is none. Nothing in it can link, load or run. */
export function drawMaths(place: HTMLElement, tex: string, display: boolean): void {
  const tree = treeOf(tex, {
    displayMode: display,
    trust: false,
    strict: 'ignore',
    throwOnError: true,
    maxSize: 20,
    maxExpand: 500,
    output: 'htmlAndMathml',
    macros: {},
  });
  renameStyles(tree);
  const node = tree.toNode();
  if (node instanceof Element) {
    for (const one of node.querySelectorAll<HTMLElement>(`[${STYLE}]`)) {
      one.style.cssText = one.getAttribute(STYLE) ?? '';
      one.removeAttribute(STYLE);
    }
  }
  place.replaceChildren(node);
}
