import { isCleanText } from './primitives.ts';

/**
 * Checks Narrative.div against the XHTML subset of FHIR R4 narrative.html (txt-1, txt-2): an allow-list in one pass
 * over the text, so that no script, event handler, form, frame or outside object can be stored (stored XSS).
 */

const MAX_LENGTH = 256 * 1024;
const MAX_NESTING = 64;
const ELEMENTS = new Set(
  (
    'a abbr acronym address b bdo big blockquote br caption center cite code col colgroup dd del dfn dir div dl dt em h1 h2 h3 h4 ' +
    'h5 h6 hr i img ins kbd li ol p pre q s samp small span strike strong sub sup table tbody td tfoot th thead tr tt u ul var'
  ).split(' '),
);
const VOID_ELEMENTS = new Set(['br', 'col', 'hr', 'img']);
const ATTRIBUTES = new Set(
  (
    'abbr align alt axis border cellpadding cellspacing char charoff cite class colspan compact datetime dir frame headers height ' +
    'href hreflang id lang name nowrap rel rowspan rules scope span src start style summary title type valign width xml:lang xmlns'
  ).split(' '),
);
const XHTML = 'http://www.w3.org/1999/xhtml';
const TAG = /<(\/?)([A-Za-z][A-Za-z0-9]*)((?:\s+[A-Za-z:]{1,32}\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;
const ATTRIBUTE = /([A-Za-z:]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/g;
const COMMENT = /<!--(?:(?!--)[\s\S])*-->/y;
const ENTITY = /&(?:#(?:\d{1,7}|x[0-9A-Fa-f]{1,6})|[A-Za-z][A-Za-z0-9]{1,31});/y;
const SAFE_LINK = /^(?:https?:\/\/|mailto:|tel:|#|urn:|[\w./-]+$)/;
const SAFE_IMAGE = /^(?:#[\w.-]{1,64}|data:image\/(?:png|jpeg|gif);base64,[A-Za-z0-9+/]+={0,2})$/;
const SAFE_STYLE = /^[\w\s:;.,#%!'"()+-]*$/;
const ACTIVE_STYLE = /url\(|expression|behaviou?r|binding|import|javascript/i;

/** True if `div` is one well-formed XHTML div of the allowed elements and attributes, with some content. */
export function isSafeNarrative(div: unknown): boolean {
  if (typeof div !== 'string' || div.length > MAX_LENGTH || !isCleanText(div)) return false;
  const text = div.trim();
  const open: string[] = [];
  let hasContent = false;
  let position = 0;
  while (position < text.length) {
    const step = text[position] === '<' ? readMarkup(text, position, open) : readText(text, position);
    if (!step || (open.length === 0 && step.end < text.length)) return false;
    hasContent ||= step.isContent;
    position = step.end;
  }
  return open.length === 0 && hasContent;
}

type Step = { end: number; isContent: boolean };

function readText(text: string, start: number): Step | undefined {
  if (text[start] === '&') {
    const end = matchAt(ENTITY, text, start)?.end;
    return end === undefined ? undefined : { end, isContent: true };
  }
  let end = start;
  let isContent = false;
  for (; end < text.length && text[end] !== '<' && text[end] !== '&'; end += 1) {
    isContent ||= text.charCodeAt(end) > 32;
  }
  return { end, isContent };
}

function readMarkup(text: string, start: number, open: string[]): Step | undefined {
  if (text.startsWith('<!--', start)) {
    const comment = open.length > 0 ? matchAt(COMMENT, text, start) : undefined;
    return comment && { end: comment.end, isContent: false };
  }
  const tag = matchAt(TAG, text, start);
  if (!tag) return undefined;
  const [, closing, name = '', attributes = '', selfClosing] = tag.groups;
  const isValid = closing
    ? !attributes && !selfClosing && open.pop() === name
    : opens({ name, attributes, isFirst: start === 0, isClosed: selfClosing === '/' }, open);
  return isValid ? { end: tag.end, isContent: name === 'img' } : undefined;
}

function opens(
  tag: { name: string; attributes: string; isFirst: boolean; isClosed: boolean },
  open: string[],
): boolean {
  if (!ELEMENTS.has(tag.name) || (tag.isFirst && tag.name !== 'div')) return false;
  if (VOID_ELEMENTS.has(tag.name) && !tag.isClosed) return false;
  if (!tag.isClosed) open.push(tag.name);
  return open.length <= MAX_NESTING && areSafeAttributes(tag.name, tag.attributes, tag.isFirst);
}

function matchAt(
  pattern: RegExp,
  text: string,
  start: number,
): { end: number; groups: readonly string[] } | undefined {
  pattern.lastIndex = start;
  const match = pattern.exec(text);
  return match ? { end: start + match[0].length, groups: match } : undefined;
}

function areSafeAttributes(element: string, attributes: string, isFirst: boolean): boolean {
  let hasNamespace = false;
  for (const [, name = '', double, single] of attributes.matchAll(ATTRIBUTE)) {
    const value = double ?? single ?? '';
    if (!ATTRIBUTES.has(name) || !isSafeValue(element, name, value)) return false;
    hasNamespace ||= name === 'xmlns';
  }
  return hasNamespace || !isFirst;
}

function isSafeValue(element: string, name: string, value: string): boolean {
  switch (name) {
    case 'xmlns':
      return value === XHTML;
    case 'href':
      return element === 'a' && !hasNumericEntity(value) && SAFE_LINK.test(value.trim());
    case 'cite':
      return !hasNumericEntity(value) && SAFE_LINK.test(value.trim());
    case 'src':
      return element === 'img' && SAFE_IMAGE.test(value);
    case 'style':
      return SAFE_STYLE.test(value) && !ACTIVE_STYLE.test(value);
    default:
      return true;
  }
}

/** `&#106;avascript:` hides a scheme; a link needs `&amp;` at most. */
function hasNumericEntity(value: string): boolean {
  return /&(?!amp;)/.test(value);
}
