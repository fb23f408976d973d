// The one place where text of a user becomes elements. A strict list of what may be; the rest stays as text or goes. Gives a
// fragment, never a string: nothing is parsed a second time. No other file imports DOMPurify (npm run lint).
import DOMPurify from 'dompurify';

const TAGS = (
  'a b strong i em u s del ins mark small sub sup br hr p div span blockquote ul ol li dl dt dd table caption thead tbody tfoot tr th td '
  + 'h3 h4 h5 h6 code pre kbd samp var q abbr cite details summary ruby rt rp'
).split(' ');

const PLACE = 'data-place';

const guard = DOMPurify(window);
guard.addHook('uponSanitizeAttribute', (node, data) => {
  // An address is only for links, and only one that a browser opens as a page.
  if (data.attrName === 'href' && (node.nodeName !== 'A' || !/^https?:\/\//i.test(data.attrValue))) data.keepAttr = false;
});

/** What the HTML holds, as a fragment of harmless elements without style, class, id or handlers. `places`: the marked places, by number. */
export function sanitise(html: string, nonce: string): { fragment: DocumentFragment; places: Map<number, HTMLElement> } {
  const fragment = guard.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ['href', 'start', PLACE],
    ALLOW_ARIA_ATTR: false,
    ALLOW_DATA_ATTR: false,
    ADD_URI_SAFE_ATTR: [PLACE, 'start'],
    ALLOWED_URI_REGEXP: /^https?:\/\//i,
    ALLOWED_NAMESPACES: ['http://www.w3.org/1999/xhtml'],
    RETURN_DOM_FRAGMENT: true,
  });
  const places = new Map<number, HTMLElement>();
  for (const node of fragment.querySelectorAll<HTMLElement>(`[${PLACE}]`)) {
    const [mine, index] = (node.getAttribute(PLACE) ?? '').split('-');
    node.removeAttribute(PLACE);
    if (mine === nonce) places.set(Number(index), node);
  }
  return { fragment, places };
}
