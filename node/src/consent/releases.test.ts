import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { releases } from './releases.ts';
import type { Decision, Grant, RecordDescriptor } from './types.ts';

const receipt = {} as Decision['receipt'];
const open: Grant = { types: 'all', labels: [], exclusions: [] };

function granting(...grants: Partial<Grant>[]): Decision {
  const filled = grants.map((grant) => ({ ...open, ...grant }));
  return { permit: true, grants: filled, redactions: [], obligations: [], receipt };
}

function record(changes: Partial<RecordDescriptor> = {}): RecordDescriptor {
  return { type: 'Observation', id: '1', date: '2024-06-15', labels: ['N'], ...changes };
}

describe('releasing one record', () => {
  it('withholds everything without a permit or a grant', () => {
    expect(releases({ permit: false, reasons: [], receipt }, record())).toBe('withhold');
    expect(releases(granting(), record())).toBe('withhold');
  });

  const cases: [string, Partial<Grant>, Partial<RecordDescriptor>, 'release' | 'withhold'][] = [
    ['any type of all', {}, { type: 'Anything' }, 'release'],
    ['a named type', { types: ['Observation'] }, {}, 'release'],
    ['a type not named', { types: ['Condition'] }, {}, 'withhold'],
    ['a named instance', { instances: ['Observation/1'] }, {}, 'release'],
    ['an instance of another type', { instances: ['Condition/1'] }, {}, 'withhold'],
    ['an instance not named', { instances: ['Observation/2'] }, {}, 'withhold'],
    ['a record without labels', {}, { labels: [] }, 'release'],
    ['an opened label', { labels: ['PSY'] }, { labels: ['PSY', 'R'] }, 'release'],
    ['a label not opened', {}, { labels: ['PSY'] }, 'withhold'],
    ['two labels of which one is opened', { labels: ['PSY'] }, { labels: ['PSY', 'HIV'] }, 'withhold'],
    [
      'the wider label, of another kind, beside the opened narrower',
      { labels: ['ETHUD'] },
      { labels: ['ETH', 'ETHUD', 'R'] },
      'withhold',
    ],
    [
      'the wider label beside the narrower, both opened',
      { labels: ['ETH', 'ETHUD'] },
      { labels: ['ETH', 'ETHUD', 'R'] },
      'release',
    ],
    [
      'the narrower label when only the wider is opened',
      { labels: ['ETH'] },
      { labels: ['ETH', 'ETHUD'] },
      'withhold',
    ],
    [
      'one narrower label beside another that is opened',
      { labels: ['ETHUD'] },
      { labels: ['ETH', 'ETHUD', 'OPIOIDUD'] },
      'withhold',
    ],
    ['restricted for no stated reason', {}, { labels: ['R'] }, 'withhold'],
    ['restricted and opened', { labels: ['R'] }, { labels: ['R'] }, 'release'],
    ['very restricted', { labels: ['R'] }, { labels: ['V'] }, 'withhold'],
    ['a label nobody knows', { labels: ['PSY', 'R'] }, { labels: ['TABOO'] }, 'withhold'],
    ['a label nobody knows, for those who see all', { labels: 'all' }, { labels: ['TABOO'] }, 'release'],
    ['a label named like a method', {}, { labels: ['constructor'] }, 'withhold'],
  ];
  it.each(cases)('decides on %s', (_what, grant, changes, expected) => {
    expect(releases(granting(grant), record(changes))).toBe(expected);
  });

  const periods: [string | undefined, Grant['dataPeriod'], 'release' | 'withhold'][] = [
    ['2024-06-15', { start: '2024-06-15', end: '2024-06-15' }, 'release'],
    ['2024-06-14', { start: '2024-06-15' }, 'withhold'],
    ['2024-06-16', { end: '2024-06-15' }, 'withhold'],
    ['2024-06-15T23:59:59+08:00', { end: '2024-06-15' }, 'release'],
    ['2024-06-15T00:00:00.000Z', { start: '2024-06-15' }, 'release'],
    ['2024-06', { start: '2024-06-01', end: '2024-06-30' }, 'withhold'],
    ['2024-06', { start: '2024-06-01', end: '2024-07-01' }, 'release'],
    ['2024', { start: '2024-01-01', end: '2024-12-31' }, 'release'],
    ['2024', { start: '2024-01-02' }, 'withhold'],
    [undefined, { start: '1900-01-01' }, 'withhold'],
    ['', { start: '1900-01-01' }, 'withhold'],
    ['June 2024', { start: '1900-01-01' }, 'withhold'],
    ['20240615', { start: '1900-01-01' }, 'withhold'],
  ];
  it.each(periods)('takes the day %s against the period %j', (date, dataPeriod, expected) => {
    const { date: _, ...undated } = record();
    const descriptor = date === undefined ? undated : { ...undated, date };

    expect(releases(granting({ dataPeriod: dataPeriod ?? {} }), descriptor)).toBe(expected);
  });

  const spans: [Partial<RecordDescriptor>, Grant['dataPeriod'], boolean, boolean][] = [
    // Whether a grant of the period releases it, and whether an exclusion of the period withholds it.
    [{ date: '2024-06-10', until: '2024-06-20' }, { start: '2024-06-10', end: '2024-06-20' }, true, true],
    [{ date: '2024-06-10', until: '2024-06-20' }, { end: '2024-06-19' }, false, true],
    [{ date: '2024-06-10', until: '2024-06-20' }, { start: '2024-06-11' }, false, true],
    [{ date: '2024-06-10', until: '2024-06-20' }, { start: '2024-06-20' }, false, true],
    [{ date: '2024-06-10', until: '2024-06-20' }, { start: '2024-06-21' }, false, false],
    [{ date: '2024-06-10', until: '2024-06-20' }, { end: '2024-06-09' }, false, false],
    [{ date: '2024-06-10', until: null }, { start: '2024-06-10' }, true, true],
    [{ date: '2024-06-10', until: null }, { end: '2100-01-01' }, false, true],
    [{ date: '2024-06-10', until: null }, { start: '2099-01-01' }, false, true],
    [{ date: '2024-06-10', until: 'soon' }, { start: '2000-01-01' }, false, true],
    [{ date: '2024-06-10', until: '2024' }, { end: '2024-12-30' }, false, true],
    [{ date: '2024-06-10', until: '2023-01-01' }, { end: '2024-06-09' }, false, false],
  ];
  it.each(spans)(
    'takes the whole of %j against the period %j',
    (changes, dataPeriod = {}, granted, excluded) => {
      const denied = granting({ exclusions: [{ dataPeriod }] });

      expect(releases(granting({ dataPeriod }), record(changes))).toBe(granted ? 'release' : 'withhold');
      expect(releases(denied, record(changes))).toBe(excluded ? 'withhold' : 'release');
    },
  );

  const exclusions: [
    string,
    Grant['exclusions'][number],
    Partial<RecordDescriptor>,
    'release' | 'withhold',
  ][] = [
    ['its type', { types: ['Observation'] }, {}, 'withhold'],
    ['another type', { types: ['Condition'] }, {}, 'release'],
    ['itself', { instances: ['Observation/1'] }, {}, 'withhold'],
    ['its label', { labels: ['PSY'] }, { labels: ['PSY'] }, 'withhold'],
    ['another label', { labels: ['HIV'] }, { labels: ['PSY'] }, 'release'],
    ['the wider label', { labels: ['ETH'] }, { labels: ['OPIOIDUD'] }, 'withhold'],
    ['the narrower label', { labels: ['OPIOIDUD'] }, { labels: ['ETH'] }, 'release'],
    ['restricted records, being very restricted', { labels: ['R'] }, { labels: ['V'] }, 'withhold'],
    ['its day', { dataPeriod: { start: '2024-06-15', end: '2024-06-15' } }, {}, 'withhold'],
    ['another day', { dataPeriod: { end: '2024-06-14' } }, {}, 'release'],
    ['a day its month may be', { dataPeriod: { end: '2024-06-14' } }, { date: '2024-06' }, 'withhold'],
    ['any day, having none', { dataPeriod: { end: '1950-01-01' } }, { date: '' }, 'withhold'],
    ['its type of another day', { types: ['Observation'], dataPeriod: { end: '2020-12-31' } }, {}, 'release'],
    ['its type and label', { types: ['Observation'], labels: ['PSY'] }, { labels: ['PSY'] }, 'withhold'],
    ['everything', {}, {}, 'withhold'],
  ];
  it.each(exclusions)('withholds what excludes %s', (_what, exclusion, changes, expected) => {
    const grant = { labels: 'all' as const, exclusions: [exclusion] };

    expect(releases(granting(grant), record(changes))).toBe(expected);
  });

  it('releases what any one grant covers', () => {
    const decision = granting({ types: ['Condition'] }, { types: ['Observation'], labels: ['PSY'] });

    expect(releases(decision, record({ labels: ['PSY'] }))).toBe('release');
    expect(releases(decision, record({ type: 'Condition', labels: ['PSY'] }))).toBe('withhold');
  });

  it('never releases more for an exclusion more, a grant less, or a label more on the record', () => {
    const label = fc.constantFrom('N', 'R', 'V', 'ETH', 'ETHUD', 'OPIOIDUD', 'PSY', 'HIV', 'X');
    const day = fc.constantFrom('2023', '2024-06', '2024-06-15', '2025-01-01T00:00:00Z', 'x');
    const bound = fc.constantFrom('2024-01-01', '2024-06-15', '2024-12-31');
    const period = fc.record({ start: bound, end: bound }, { requiredKeys: [] });
    const types = fc.subarray(['Observation', 'Condition'], { minLength: 1 });
    const exclusion = fc.record(
      { types, labels: fc.array(label, { minLength: 1 }), dataPeriod: period },
      { requiredKeys: [] },
    );
    const grant = fc.record(
      {
        types: fc.oneof(fc.constant('all' as const), types),
        labels: fc.array(label),
        exclusions: fc.array(exclusion),
        dataPeriod: period,
      },
      { requiredKeys: ['types', 'labels', 'exclusions'] },
    );
    const descriptor = fc.record({
      type: fc.constantFrom('Observation', 'Condition'),
      id: fc.constant('1'),
      date: day,
      labels: fc.array(label),
    });
    fc.assert(
      fc.property(
        fc.array(grant, { maxLength: 3 }),
        exclusion,
        label,
        descriptor,
        (grants, more, extra, about) => {
          if (releases(granting(...grants), about) === 'release') return;
          const tightened = grants.map((each) => ({ ...each, exclusions: [...each.exclusions, more] }));
          expect(releases(granting(...tightened), about)).toBe('withhold');
          expect(releases(granting(...grants.slice(1)), about)).toBe('withhold');
          const labelled = { ...about, labels: [...about.labels, extra] };
          if (!about.labels.includes('R')) expect(releases(granting(...grants), labelled)).toBe('withhold');
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
