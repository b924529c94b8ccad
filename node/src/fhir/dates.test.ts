import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { searchTimeRange, timeRange } from './dates.ts';

const instant = fc.date({
  min: new Date('1800-01-01T00:00:00Z'),
  max: new Date('2199-12-30T23:59:59.999Z'),
  noInvalidDate: true,
});

describe('timeRange', () => {
  it.each([
    ['2024', '2024-01-01T00:00:00Z', '2025-01-01T00:00:00Z'],
    ['2024-02', '2024-02-01T00:00:00Z', '2024-03-01T00:00:00Z'],
    ['2024-12', '2024-12-01T00:00:00Z', '2025-01-01T00:00:00Z'],
    ['2024-02-29', '2024-02-29T00:00:00Z', '2024-03-01T00:00:00Z'],
    ['2024-02-29T23:59:59+08:00', '2024-02-29T15:59:59Z', '2024-02-29T16:00:00Z'],
    ['2024-01-01T00:00:00.5Z', '2024-01-01T00:00:00.500Z', '2024-01-01T00:00:00.600Z'],
    ['2024-01-01T00:00:00.123456Z', '2024-01-01T00:00:00.123Z', '2024-01-01T00:00:00.124Z'],
    ['2016-12-31T23:59:60Z', '2016-12-31T23:59:59.999Z', '2017-01-01T00:00:00.999Z'],
  ])('reads %s as the time from %s to before %s', (text, start, end) => {
    expect(timeRange(text)).toEqual([Date.parse(start), Date.parse(end)]);
  });

  it.each([
    '2024-00',
    '2024-13',
    '2024-1',
    '24-01-01',
    '2023-02-29',
    '1900-02-29',
    '2024-04-31',
    '2024-01-00',
    '1799',
    '2200',
    '0000',
    '9999-12-31',
    '2024-01-01T',
    '2024-01-01T10',
    '2024-01-01T10:00:00',
    '2024-01-01T24:00:00Z',
    '2024-01-01T10:60:00Z',
    '2024-01-01T10:00:61Z',
    '2024-01-01T10:00:00+14:01',
    '2024-01-01T10:00:00+8',
    '2024-01-01T10:00:00z',
    ' 2024',
    '2024 ',
    '2024-01-01T10:00:00.Z',
    '',
    '٢٠٢٤',
  ])('refuses %j', (text) => {
    expect(timeRange(text)).toBeUndefined();
  });

  it('reads back every instant, in any zone', () => {
    fc.assert(
      fc.property(instant, fc.integer({ min: -14 * 60, max: 14 * 60 }), (date, offset) => {
        const local = new Date(date.getTime() + offset * 60_000);
        fc.pre(local.getUTCFullYear() >= 1800 && local.getUTCFullYear() <= 2199);
        const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
        const zone = `${offset < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;

        expect(timeRange(local.toISOString().replace('Z', zone))).toEqual([
          date.getTime(),
          date.getTime() + 1,
        ]);
      }),
    );
  });

  it('gives a span that holds every more precise one of the same beginning', () => {
    fc.assert(
      fc.property(instant, (date) => {
        const iso = date.toISOString();
        const spans = [iso.slice(0, 4), iso.slice(0, 7), iso.slice(0, 10), `${iso.slice(0, 19)}Z`, iso].map(
          (text) => timeRange(text),
        );

        for (const [index, span] of spans.entries()) {
          const wider = spans[index - 1];
          if (wider && span) expect(wider[0] <= span[0] && span[1] <= wider[1]).toBe(true);
          expect(span && span[0] <= date.getTime() && date.getTime() < span[1]).toBe(true);
        }
      }),
    );
  });

  it('answers any text, and only calendar dates with a span', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{4}-\d{2}-\d{2}$/)), (text) => {
        const span = timeRange(text);
        if (span && text.length === 10) expect(new Date(span[0]).toISOString().slice(0, 10)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('searchTimeRange', () => {
  it('also reads minutes, and times without a zone', () => {
    expect(searchTimeRange('2024-01-01T10:30')).toEqual([
      Date.UTC(2024, 0, 1, 10, 30),
      Date.UTC(2024, 0, 1, 10, 31),
    ]);
    expect(searchTimeRange('2024-01-01T10:30:05')).toEqual([
      Date.UTC(2024, 0, 1, 10, 30, 5),
      Date.UTC(2024, 0, 1, 10, 30, 6),
    ]);
  });
});
