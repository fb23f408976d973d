// Markdown, maths and code of a user as nodes for the page: the one renderer. Loaded lazily (Markup.svelte); sanitise.ts is its guard.
import { directionOf, type Direction } from '../bidi';
import { t } from '../i18n.svelte';
import { readMarkdown, type Piece } from './marked';
import { sanitise } from './sanitise';

/** A formula that waits for KaTeX; its source stands in its place until then. */
export interface Formula {
  place: HTMLElement;
  tex: string;
  display: boolean;
}

export interface Rendered {
  fragment: DocumentFragment;
  formulas: Formula[];
  /** Parts were left as plain text, because they would have taken too long. */
  cut: boolean;
}

const MAX_FORMULAS = 400;
const LEAVES = 'p, h3, h4, h5, h6, dt, dd, summary, caption, td, th';
const HOLDERS = 'ul, ol, dl, blockquote, table, details';
const RTL_LETTER = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

function make(name: string, className: string, text = ''): HTMLElement {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

/** An address as text that keeps its own direction and cannot be pressed. */
function address(text: string): HTMLElement {
  const node = make('bdi', 'address', text.length > 300 ? `${text.slice(0, 300)}…` : text);
  node.dir = 'ltr';
  return node;
}

function codeBox(text: string, language: string): HTMLElement {
  const box = make('div', 'code');
  box.dir = 'ltr';
  const head = make('div', 'code-head');
  head.append(make('span', 'language', language));
  const copy = make('button', 'button quiet small', t('copy_code')) as HTMLButtonElement;
  copy.type = 'button';
  copy.dataset.copy = '';
  head.append(copy);
  const pre = make('pre', '');
  pre.tabIndex = 0; // it scrolls, so the keyboard must get there
  pre.setAttribute('role', 'group');
  pre.setAttribute('aria-label', t('code'));
  pre.append(make('code', '', text));
  box.append(head, pre);
  return box;
}

function put(place: HTMLElement, piece: Piece): Formula | null {
  if (piece.is === 'code') {
    place.replaceWith(codeBox(piece.text, piece.language));
    return null;
  }
  if (piece.is === 'address') {
    place.replaceWith(address(piece.text));
    return null;
  }
  if (piece.is === 'picture') {
    const box = make('span', 'picture');
    const alt = make('bdi', '', piece.alt);
    box.append(make('bdi', '', t('picture_not_loaded')), ' ', ...(piece.alt ? [alt, ' '] : []), address(piece.address));
    place.replaceWith(box);
    return null;
  }
  place.className = piece.display ? 'maths display' : 'maths';
  place.dir = 'ltr';
  place.replaceChildren(make('code', '', piece.tex));
  return { place, tex: piece.tex, display: piece.display };
}

/** Links open beside the page, tell nobody where they were, and show where they lead. */
function settleLink(link: HTMLAnchorElement): void {
  let url: URL | null = null;
  try {
    url = new URL(link.getAttribute('href') ?? '');
  } catch {
    // no address that a browser understands
  }
  if (!url || !/^https?:$/.test(url.protocol)) {
    const text = link.getAttribute('href');
    link.replaceWith(...link.childNodes, ...(text ? [' ', address(text)] : []));
    return;
  }
  link.target = '_blank';
  link.rel = 'noopener noreferrer';
  link.dir = 'auto';
  if (!(link.textContent ?? '').includes(url.host)) link.after(' ', address(url.host));
}

/** The direction of a list or a table: `auto` would not look into its parts, which have directions of their own. */
function plainDirection(text: string): Direction {
  const most = directionOf(text);
  if (most !== 'auto') return most;
  const first = /\p{L}/u.exec(text)?.[0];
  return first === undefined ? 'auto' : RTL_LETTER.test(first) ? 'rtl' : 'ltr';
}

/** An entry has the direction of its list, with the marks in one column; one that reads the other way has its mark beside its text. */
function settleItem(item: HTMLElement): void {
  const own = [...item.childNodes].filter((one) => !/^[UO]L$/.test(one.nodeName)).map((one) => one.textContent ?? '').join(' ');
  const direction = plainDirection(own);
  if (direction === 'auto' || direction === item.closest<HTMLElement>('ul, ol')?.dir) return;
  item.dir = direction;
  item.className = 'against';
}

function settleDirections(fragment: DocumentFragment, turned: Direction): void {
  const each = (selector: string, choose: (text: string) => Direction) => {
    for (const node of fragment.querySelectorAll<HTMLElement>(selector)) {
      if (!node.closest('.code, .maths')) node.dir = turned === 'auto' ? choose(node.textContent ?? '') : turned;
    }
  };
  each(LEAVES, directionOf);
  // Where a list or a table has no letters, those around it say how it runs.
  const whole = plainDirection(fragment.textContent ?? '');
  each(HOLDERS, (text) => (/\p{L}/u.test(text) ? plainDirection(text) : whole));
  if (turned === 'auto') for (const item of fragment.querySelectorAll('li')) settleItem(item);
  for (const node of fragment.querySelectorAll<HTMLElement>('div')) if (!node.className && !node.dir) node.dir = turned;
}

function settleTables(fragment: DocumentFragment): void {
  for (const table of fragment.querySelectorAll('table')) {
    const box = make('div', 'scroll');
    box.tabIndex = 0;
    box.setAttribute('role', 'group');
    box.setAttribute('aria-label', t('table'));
    table.replaceWith(box);
    box.append(table);
  }
}

/** Code that was written as HTML looks like any other. */
function settleCode(fragment: DocumentFragment): void {
  for (const pre of fragment.querySelectorAll('pre')) if (!pre.closest('.code')) pre.replaceWith(codeBox(pre.textContent ?? '', ''));
  for (const code of fragment.querySelectorAll<HTMLElement>('code, kbd, samp')) if (!code.closest('.code, .maths')) code.dir = 'ltr';
}

/** Renders Markdown. Throws where it cannot be done in bounds (marked.ts); the caller then shows the text as it is. */
export function render(text: string, turned: Direction): Rendered {
  const nonce = Array.from(crypto.getRandomValues(new Uint32Array(3)), (one) => one.toString(36)).join('');
  const { html, pieces, cut } = readMarkdown(text, nonce);
  const { fragment, places } = sanitise(html, nonce);
  const formulas: Formula[] = [];
  for (const [index, place] of places) {
    const piece = pieces[index];
    const formula = piece && put(place, piece);
    if (formula) formulas.push(formula);
  }
  settleCode(fragment);
  for (const link of fragment.querySelectorAll('a')) settleLink(link);
  settleDirections(fragment, turned);
  settleTables(fragment);
  return { fragment, formulas: formulas.slice(0, MAX_FORMULAS), cut: cut || formulas.length > MAX_FORMULAS };
}
