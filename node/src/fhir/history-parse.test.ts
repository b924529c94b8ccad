import { describe, expect, it } from 'vitest';
import { FhirError } from './errors.ts';
import { parseEverything, parseHistory } from './history-parse.ts';

/** The stable code of a refusal, or `accepted`. */
function outcome(work: () => unknown): string {
  try {
    work();
    return 'accepted';
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    return error.code;
  }
}

describe('parseHistory and parseEverything', () => {
  it('read instants, pages and types', () => {
    const since = parseHistory(new URLSearchParams('_since=2024-01-01T00:00:00+08:00&_count=5')).since;

    expect(since).toBe(Date.parse('2023-12-31T16:00:00Z'));
    expect(
      parseEverything([
        ['_type', 'Observation,Condition'],
        ['start', '2024'],
        ['end', '2024'],
      ]),
    ).toMatchObject({
      types: ['Observation', 'Condition'],
      start: Date.UTC(2024, 0, 1),
      end: Date.UTC(2025, 0, 1),
    });
  });

  it.each([
    '_since=2024',
    '_since=yesterday',
    '_since=2024-02-30T00:00:00Z',
    '_count=1e9',
    '_cursor=',
    '_count=1&_count=1',
  ])('refuse _history?%s', (text) => {
    expect(outcome(() => parseHistory(new URLSearchParams(text)))).toBe('FHIR_PARAMETER_INVALID');
  });

  it.each(['_type=Basic', '_type=', 'start=x', 'end=2024-01-01T00:00:00Z'])(
    'refuse $everything?%s',
    (text) => {
      expect(outcome(() => parseEverything(new URLSearchParams(text)))).toBe('FHIR_PARAMETER_INVALID');
    },
  );

  it('refuse what they do not know', () => {
    expect(outcome(() => parseHistory([['_at', '2024']]))).toBe('FHIR_UNKNOWN_PARAMETER');
    expect(outcome(() => parseHistory([['start', '2024']]))).toBe('FHIR_UNKNOWN_PARAMETER');
    expect(outcome(() => parseEverything([['toString', '1']]))).toBe('FHIR_UNKNOWN_PARAMETER');
  });
});
