import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSafeNarrative } from './narrative.ts';

const div = (inner: string): string => `<div xmlns="http://www.w3.org/1999/xhtml">${inner}</div>`;

describe('isSafeNarrative', () => {
  it.each([
    ['text', 'Blood pressure 120/80'],
    ['markup', '<p class="x">A <b>bold</b> &amp; <i>slanted</i> word<br/>next &#8805; line</p>'],
    ['a table', '<table border="1"><tbody><tr><td colspan="2">1</td></tr></tbody></table>'],
    ['a link', '<a href="https://example.org/?a=1&amp;b=2">more</a>'],
    ['a contained image', '<img src="#photo" alt="x"/>'],
    ['an inline image', '<img src="data:image/png;base64,iVBORw0KGgo="/>'],
    ['a style', '<span style="color: #fff; width: 10%">x</span>'],
    ['a comment', 'x<!-- generated -->'],
    ['Chinese', '患者无不适'],
  ])('accepts %s', (_what, inner) => {
    expect(isSafeNarrative(div(inner))).toBe(true);
  });

  it.each([
    ['a script', '<script>alert(1)</script>'],
    ['a script in capitals', '<SCRIPT>alert(1)</SCRIPT>'],
    ['an event handler', '<p onclick="x()">a</p>'],
    ['an event handler after a slash', '<img/onerror="x()" src="#a"/>'],
    ['svg', '<svg onload="x()"></svg>'],
    ['a frame', '<iframe src="https://x.example"></iframe>'],
    ['an object', '<object data="x"></object>'],
    ['an embed', '<embed src="x"/>'],
    ['a form', '<form action="https://x.example"><input/></form>'],
    ['a style sheet', '<style>p{}</style>'],
    ['a base', '<base href="https://x.example"/>'],
    ['a link element', '<link rel="stylesheet" href="https://x.example"/>'],
    ['a meta refresh', '<meta http-equiv="refresh" content="0"/>'],
    ['math', '<math><maction actiontype="statusline"/></math>'],
    ['an image from outside', '<img src="https://x.example/pixel.gif"/>'],
    ['an svg image', '<img src="data:image/svg+xml;base64,PHN2Zz4="/>'],
    ['a link that runs', '<a href="javascript:alert(1)">x</a>'],
    ['a link that runs, hidden', '<a href="&#106;avascript:alert(1)">x</a>'],
    ['a link that runs, with a tab', '<a href="java&#9;script:alert(1)">x</a>'],
    ['a data link', '<a href="data:text/html,x">x</a>'],
    ['a style that loads', '<p style="background:url(https://x.example)">x</p>'],
    ['a style that runs', '<p style="width:expression(alert(1))">x</p>'],
    ['an escaped style', '<p style="w\\69 dth:x">x</p>'],
    ['a namespace trick', '<x:script xmlns:x="http://www.w3.org/1999/xhtml">1</x:script>'],
    ['a foreign namespace', '<p xmlns="http://www.w3.org/2000/svg">x</p>'],
    ['CDATA', '<![CDATA[<script>]]>'],
    ['a DTD', '<!DOCTYPE x [<!ENTITY a "b">]>'],
    ['a processing instruction', '<?xml-stylesheet href="x"?>'],
    ['an unclosed element', '<p>x'],
    ['crossed elements', '<b><i>x</b></i>'],
    ['an unquoted attribute', '<p class=x>a</p>'],
    ['an open quote', '<p class="x>a</p>'],
    ['a bare ampersand', 'a & b'],
    ['nothing but space', '  \n'],
    ['a lone surrogate', 'x\ud800'],
    ['NUL', 'x\u0000'],
    ['a direction override', 'x\u202ey'],
    ['an unclosed comment', 'x<!-- '],
    ['too deep a nesting', '<b>'.repeat(100) + '</b>'.repeat(100)],
  ])('refuses %s', (_what, inner) => {
    expect(isSafeNarrative(div(inner))).toBe(false);
  });

  it.each([
    ['no namespace', '<div>x</div>'],
    ['another root', '<p xmlns="http://www.w3.org/1999/xhtml">x</p>'],
    ['two roots', `${div('x')}${div('y')}`],
    ['text after the root', `${div('x')}y`],
    ['text before the root', `x${div('y')}`],
    ['a number', 5],
    ['nothing', ''],
  ])('refuses %s', (_what, text) => {
    expect(isSafeNarrative(text)).toBe(false);
  });

  it('takes time in proportion to the length of hostile texts', () => {
    const size = 100_000;
    const hostile = [
      div('<'.repeat(size)),
      div(`<p ${'a="1" '.repeat(size / 6)}`),
      div(`<p${' '.repeat(size)}`),
      div(`<p a${' '.repeat(size)}`),
      div(`<!--${'-'.repeat(size)}`),
      div(`<!--${'- '.repeat(size / 2)}`),
      div('&'.repeat(size)),
      div(`<a href="${'/'.repeat(size)}`),
      div(`<img src="data:image/png;base64,${'A'.repeat(size)}!"/>`),
      div('<b>'.repeat(size / 3)),
      div(`<p style="${'('.repeat(size)}">x</p>`),
    ];

    for (const text of hostile) {
      const startedAt = performance.now();
      isSafeNarrative(text);
      expect(performance.now() - startedAt).toBeLessThan(1000);
    }
  });

  it('lets no script, handler or outside source through, however it is put together', () => {
    const piece = fc.constantFrom(
      '<script>',
      '</script>',
      '<p ',
      'onload="x"',
      '>',
      '</p>',
      '<img ',
      'src="https://x.example"',
      '/>',
      '"',
      "'",
      '<',
      '&lt;',
      'x',
      ' ',
      '<!--',
      '-->',
      '<a href="javascript:x">',
      '</a>',
      '<b>',
      '</b>',
      '<svg>',
      '\u0000',
    );

    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = div(pieces.join(''));
        if (!isSafeNarrative(text)) return;
        const markup = text.replace(/<!--[\s\S]*?-->/g, '').match(/<[^>]*>/g) ?? [];
        expect(markup.join('')).not.toMatch(/script|onload|x\.example|svg/i);
      }),
      { numRuns: 5000 },
    );
  });
});
