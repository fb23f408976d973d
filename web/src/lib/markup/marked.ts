// Markdown → HTML of a few bare elements, within bounds of time and size. What it gives is not safe by itself: sanitise.ts is the guard.
// Nothing that was written disappears: HTML that is not shown as such stays on the page as text.
import { Lexer, Marked, Parser, type TokenizerAndRendererExtension, type Tokens } from 'marked';

/** Something that this file may not write as HTML; sanitise.ts finds its place by number and draws.ts puts it there. */
export type Piece =
  | { is: 'code'; text: string; language: string }
  | { is: 'maths'; tex: string; display: boolean }
  | { is: 'picture'; alt: string; address: string }
  | { is: 'address'; text: string };

/** Writes the mark of a piece's place; `block`: it stands between paragraphs, not within one. */
type Place = (piece: Piece, block?: boolean) => string;

export interface Source {
  html: string;
  pieces: Piece[];
  /** Some paragraphs were left as plain text, because they would have taken too long. */
  cut: boolean;
}

/** Why a text cannot be shown as Markdown. */
export class TooMuch extends Error {}

const MAX_PARTS = 6_000;
const MAX_SIGNS = 2_500;
const MAX_TEX = 3_000;
const MAX_BLOCK_MATHS = 300;
const BUDGET_MS = 1_000;
// Quotes in quotes and lists in lists, deeper than anybody writes and than a recursive parser can go.
const TOO_DEEP = /^(?:[ \t]*(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t]))){80}/m;
// Paired signs are looked for from each opening one: their number is what makes a paragraph slow.
const SIGNS = /[*_~[\]`$\\]/g;
const MATHS = /\$|\\\(|\\\[/;

// Plain elements of running text that may also be written as HTML. Their attributes are dropped.
const BARE = new Set(
  ('b strong i em u s del ins mark small sub sup br hr p div span blockquote ul ol li dl dt dd table caption thead tbody tfoot tr th td '
    + 'h1 h2 h3 h4 h5 h6 code pre kbd samp var q abbr cite details summary ruby rt rp').split(' '),
);

export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[sign]!);

// The page has its own first two levels of headings.
const level = (depth: number): number => Math.min(6, depth + 2);

/** HTML inside Markdown: known bare elements stay, everything else becomes the text that it was written as. */
export function bareHtml(raw: string): string {
  const text = (part: string) => part.replace(/</g, '&lt;').replace(/>/g, '&gt;');
  let out = '';
  let at = 0;
  for (const match of raw.matchAll(/<(\/?)([a-z][a-z0-9]{0,12})(?:[\s/][^<>]{0,500})?>/gi)) {
    out += text(raw.slice(at, match.index));
    at = match.index + match[0].length;
    const name = match[2]!.toLowerCase();
    const heading = /^h([1-6])$/.exec(name);
    if (!BARE.has(name)) out += text(match[0]);
    else out += `<${match[1]}${heading ? `h${level(Number(heading[1]))}` : name}>`;
  }
  return out + text(raw.slice(at));
}

// Prices are no formulas: what opens stands before a sign that is no space, what closes after one and before no digit.
const INLINE = /^(?:\$\$([^$]+?)\$\$|\$(?![\s$])((?:\\.|[^$\\\n])*?(?:\\.|[^\s$\\]))\$(?!\d)|\\\(([\s\S]+?)\\\)|\\\[([\s\S]+?)\\\])/;
const BLOCK = /^ {0,3}(?:\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\])[ \t]*(?:\n|$)/;

interface Maths extends Tokens.Generic {
  tex: string;
  display: boolean;
}

function mathsToken(type: string, match: RegExpExecArray | null, display: boolean): Maths | undefined {
  const tex = match?.slice(1).find((one) => one !== undefined);
  if (!match || tex === undefined || tex.length > MAX_TEX || tex.trim() === '') return undefined;
  return { type, raw: match[0], tex: tex.trim(), display };
}

/** The places of maths in a text, as tokens of marked. A formula is looked for in a window, so that a lone $ costs little. */
function mathsExtensions(place: Place, blocks: boolean): TokenizerAndRendererExtension[] {
  const draw = (token: Tokens.Generic) => place({ is: 'maths', tex: (token as Maths).tex, display: (token as Maths).display }, token.type === 'maths_block');
  const find = (source: string) => {
    const at = source.search(MATHS);
    return at < 0 ? undefined : at;
  };
  const block: TokenizerAndRendererExtension[] = [
    {
      name: 'maths_block',
      level: 'block',
      start: (source) => {
        const at = /\n {0,3}(?:\$\$|\\\[)/.exec(source.slice(0, 4_000))?.index;
        return at === undefined ? at : at + 1;
      },
      tokenizer: (source) => (/^ {0,3}(?:\$\$|\\\[)/.test(source) ? mathsToken('maths_block', BLOCK.exec(source.slice(0, MAX_TEX + 100)), true) : undefined),
      renderer: draw,
    },
  ];
  return [
    ...(blocks ? block : []),
    {
      name: 'maths',
      level: 'inline',
      start: find,
      tokenizer: (source) => {
        if (!/^(?:\$|\\[([])/.test(source)) return undefined;
        return mathsToken('maths', INLINE.exec(source.slice(0, MAX_TEX + 100)), source.startsWith('$$') || source.startsWith('\\['));
      },
      renderer: draw,
    },
  ];
}

function markedFor(place: Place, text: string): Marked {
  const made = new Marked({ gfm: true, breaks: true });
  made.use({
    renderer: {
      html: ({ text }) => bareHtml(text),
      code: ({ text, lang }) => place({ is: 'code', text, language: (lang ?? '').trim().split(/\s/)[0]!.slice(0, 30) }, true),
      heading({ tokens, depth }) {
        return `<h${level(depth)}>${this.parser.parseInline(tokens)}</h${level(depth)}>\n`;
      },
      image: ({ text, href }) => place({ is: 'picture', alt: text, address: href }),
      link({ href, tokens }) {
        const inner = this.parser.parseInline(tokens);
        if (/^https?:\/\//i.test(href)) return `<a href="${escaped(href)}">${inner}</a>`;
        return `${inner} ${place({ is: 'address', text: href })}`;
      },
      checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
    },
  });
  // Where lines beyond number begin a formula that never ends, each costs a look ahead: they are then read inside their paragraph.
  const begun = text.match(/^ {0,3}(?:\$\$|\\\[)/gm)?.length ?? 0;
  if (MATHS.test(text)) made.use({ extensions: mathsExtensions(place, begun <= MAX_BLOCK_MATHS) });
  return made;
}

/**
 * Reads Markdown. `nonce` marks the places of pieces: a text cannot guess it, so it cannot claim a place.
 * Throws TooMuch where the text is nested or divided beyond what can be shown in time.
 */
export function readMarkdown(text: string, nonce: string): Source {
  const clean = text.replace(/\r\n|\r/g, '\n');
  if (TOO_DEEP.test(clean)) throw new TooMuch('nested too deeply');
  const pieces: Piece[] = [];
  const place: Place = (piece, block) => {
    const name = block ? 'div' : 'span';
    return `<${name} data-place="${nonce}-${pieces.push(piece) - 1}"></${name}>`;
  };
  const { defaults } = markedFor(place, clean);
  const options = { ...defaults, walkTokens: null };
  const until = performance.now() + BUDGET_MS;
  const lexer = new Lexer(options);
  lexer.blockTokens(clean, lexer.tokens);
  if (lexer.inlineQueue.length > MAX_PARTS) throw new TooMuch('too many parts');
  let cut = false;
  for (const { src, tokens } of lexer.inlineQueue) {
    if (performance.now() < until && (src.length < MAX_SIGNS || (src.match(SIGNS)?.length ?? 0) < MAX_SIGNS)) lexer.inlineTokens(src, tokens);
    else {
      cut = true;
      tokens.push({ type: 'text', raw: src, text: src, escaped: false } as Tokens.Text);
    }
  }
  lexer.inlineQueue = [];
  return { html: Parser.parse(lexer.tokens, options), pieces, cut };
}
