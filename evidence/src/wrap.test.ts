import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnsOf, wrapLine } from './wrap.ts';

const text = fc
  .array(
    fc.constantFrom(
      'word',
      'a',
      '患者',
      '授权。',
      '（北京）',
      '，',
      ' ',
      '  ',
      '✓',
      'x'.repeat(12),
      '\u001B[2m3 s\u001B[0m',
    ),
  )
  .map((parts) => parts.join(''));

describe('a line on a narrow terminal', () => {
  it('is broken between words, below its text', () => {
    expect(wrapLine('   ✓ signature, seal and receipt verified', 24)).toEqual([
      '   ✓ signature, seal and',
      '     receipt verified',
    ]);
  });

  it('is broken between Chinese characters, never before a full stop', () => {
    expect(wrapLine('患者撤回授权。', 12)).toEqual(['患者撤回授', '权。']);
    expect(columnsOf('患者 ok。')).toBe(9);
  });

  it('stays as it is when there is room, and keeps a long word whole', () => {
    expect(wrapLine('  - short', 80)).toEqual(['  - short']);
    expect(wrapLine(`hash ${'f'.repeat(64)}`, 20)).toEqual(['hash', 'f'.repeat(64)]);
    expect(wrapLine('', 20)).toEqual(['']);
  });

  it('takes no room for colours', () => {
    expect(wrapLine('\u001B[1mabc def\u001B[0m', 7)).toEqual(['\u001B[1mabc def\u001B[0m']);
  });

  it('loses no character and is never wider than asked unless a word is', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 16, max: 60 }), (line, columns) => {
        const rows = wrapLine(line, columns);

        expect(rows.join('').replaceAll(' ', '')).toBe(line.replaceAll(' ', ''));
        for (const row of rows) if (columnsOf(row) > columns) expect(row.trim()).not.toMatch(/(word|a) \S/);
      }),
    );
  });
});
