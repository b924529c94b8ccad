import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openPolicy, policyDirectory } from './policy.ts';

type Outcome = { permit: boolean; rules: string[]; grants?: object[]; findings?: { rule: string }[] };

const policy = openPolicy();
const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true });
});

const consent = {
  id: 'c1',
  version: 1,
  patient: 'p1',
  custodian: 'hospital-a',
  status: 'active',
  ledger: 'active',
  signedAt: 900,
  recipients: ['hospital-b'],
  purposes: ['TREAT'],
  start: 900,
  end: 2000,
  types: ['Observation'],
  labels: [] as string[],
  instances: 'all',
  dataPeriod: null,
  exclusions: [] as object[],
};
const exclusion = {
  recipients: [],
  purposes: [],
  start: null,
  end: null,
  types: [],
  labels: ['PSY'],
  instances: [],
  dataPeriod: null,
};
const asked = {
  now: 1000,
  organization: 'hospital-a',
  actor: {
    kind: 'peer',
    organization: 'hospital-b',
    memberState: 'registered',
    roles: ['clinician'],
    patient: null,
  },
  request: { purpose: 'TREAT', action: 'read', types: ['Observation'] },
  patient: 'p1',
  ledger: { freshUntil: 1030 },
  consents: [consent] as unknown[],
};

function evaluate(input: unknown): Outcome {
  return policy.evaluate(input) as Outcome;
}

function folder(wasm: Uint8Array, digests: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'medseal-policy-'));
  directories.push(directory);
  writeFileSync(join(directory, 'policy.wasm'), wasm);
  writeFileSync(join(directory, 'policy.sha256'), digests);
  return directory;
}

const digestLine = (wasm: Uint8Array): string =>
  `${createHash('sha256').update(wasm).digest('hex')}  policy.wasm\n`;

describe('loading the policy', () => {
  it('has the digest that is pinned', () => {
    expect(digestLine(policy.wasm).startsWith(policy.digest)).toBe(true);
  });

  it('refuses a file with one flipped bit, wherever it is', () => {
    const digests = readFileSync(join(policyDirectory, 'policy.sha256'), 'utf8');
    for (const at of [0, 8, 5_000, 200_000, policy.wasm.length - 1]) {
      const wasm = Uint8Array.from(policy.wasm);
      wasm[at] = (wasm[at] ?? 0) ^ 1;

      expect(() => openPolicy(folder(wasm, digests))).toThrow('policy.wasm is not the one');
    }
  });

  it('refuses a pinned file that is no such policy, and a digest list without it', () => {
    const empty = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

    expect(() => openPolicy(folder(empty, digestLine(empty)))).toThrow('cannot be loaded');
    expect(() => openPolicy(folder(policy.wasm, 'policy.wasm\n'))).toThrow('malformed');
    expect(() => openPolicy(folder(policy.wasm, ''))).toThrow('malformed');
    expect(() => openPolicy(join(tmpdir(), 'medseal-nowhere'))).toThrow('ENOENT');
  });
});

describe('the compiled policy', () => {
  it('decides as the sources do', () => {
    expect(evaluate(asked)).toMatchObject({ permit: true, rules: ['consent.granted'] });
    expect(evaluate({ ...asked, consents: [] })).toMatchObject({ permit: false, rules: ['consent.none'] });
    expect(evaluate({ ...asked, now: 1031 })).toMatchObject({ permit: false, rules: ['ledger.stale'] });
  });

  const denials: [string, object, string][] = [
    ['another patient', { patient: 'p2' }, 'consent.other-patient'],
    ['another custodian', { custodian: 'hospital-c' }, 'consent.other-custodian'],
    ['a revoked consent', { status: 'inactive' }, 'consent.inactive'],
    ['a consent that the ledger ended', { ledger: 'inactive' }, 'consent.ledger-inactive'],
    ['a consent that the ledger knows otherwise', { ledger: 'mismatch' }, 'consent.ledger-mismatch'],
    ['evidence that never came', { ledger: 'pending', signedAt: 399 }, 'consent.evidence-overdue'],
    ['a consent to come', { start: 1001 }, 'consent.not-yet-valid'],
    ['an expired one', { end: 999 }, 'consent.expired'],
    ['another organisation', { recipients: ['hospital-c'] }, 'consent.other-organization'],
    ['another purpose', { purposes: ['HRESCH'] }, 'consent.other-purpose'],
    ['other types', { types: ['Condition'] }, 'consent.other-types'],
    ['an exclusion of everything', { exclusions: [{ ...exclusion, labels: [] }] }, 'consent.excluded'],
    ['a consent with a time that is none', { end: Number.NaN }, 'consent.malformed'],
    ['a consent with one member more', { actor: 'hospital-b' }, 'consent.malformed'],
  ];
  it.each(denials)('denies %s', (_what, changes, finding) => {
    const outcome = evaluate({ ...asked, consents: [{ ...consent, ...changes }] });

    expect(outcome).toMatchObject({ permit: false, rules: ['consent.none'] });
    expect(outcome.findings?.map(({ rule }) => rule)).toEqual([finding]);
  });

  it('sorts what is a set, so that an outcome has one text', () => {
    const input = { ...asked, request: { ...asked.request, types: ['Z', 'B', 'A', 'Observation', 'M'] } };
    const all = evaluate({
      ...input,
      consents: [{ ...consent, types: 'all', labels: ['SEX', 'ETH', 'PSY', 'HIV'] }],
    });

    expect(all.grants).toMatchObject([
      { types: ['A', 'B', 'M', 'Observation', 'Z'], labels: ['ETH', 'HIV', 'PSY', 'SEX'] },
    ]);
  });
});

describe('attacks on the input', () => {
  const shadows: [string, unknown][] = [
    ['a subject beside the patient', { ...asked, subject: 'p1', patient: 'p2' }],
    [
      'a purpose at the top',
      { ...asked, purpose: 'TREAT', request: { ...asked.request, purpose: 'HRESCH' } },
    ],
    ['a verdict', { ...asked, permit: true, decision: { permit: true }, consents: [] }],
    ['roles of its own', { ...asked, actor: { ...asked.actor, role: 'clinician', roles: [] } }],
    ['an own __proto__', JSON.parse(`${JSON.stringify(asked).slice(0, -1)},"__proto__":{"permit":true}}`)],
    [
      'an actor with a __proto__',
      { ...asked, actor: JSON.parse('{"__proto__":{"kind":"staff"},"kind":"peer"}') },
    ],
    ['an array for an object', { ...asked, actor: Object.entries(asked.actor) }],
    ['a string for a list', { ...asked, request: { ...asked.request, types: 'Observation' } }],
    ['no consents at all', { ...asked, consents: undefined }],
    ['no input', undefined],
    ['null', null],
    ['false', false],
    ['zero', 0],
    ['an empty text', ''],
  ];
  it.each(shadows)('denies %s', (_what, input) => {
    expect(evaluate(input)).toMatchObject({ permit: false, rules: ['request.malformed'] });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -1, 1.5, 1e300, 2 ** 53, '1000', null, [1000], true])(
    'denies the time %s',
    (now) => {
      expect(evaluate({ ...asked, now }).rules).toEqual(['request.malformed']);
      expect(evaluate({ ...asked, ledger: { freshUntil: now } }).permit).toBe(false);
    },
  );

  it('never permits when one value of a permitted input is exchanged for one of another type', () => {
    const values: unknown[] = [null, true, false, 0, -1, 1.5, '', 'x', [], {}, [[]], [null], { a: 1 }];
    const places = [...leaves(asked, [])];
    // Of the right type, and of no matter to this request.
    const harmless = new Set([
      ...['actor.patient null', 'actor.patient "x"', 'consents.0.id "x"', 'consents.0.version 0'],
      ...['consents.0.signedAt 0', 'consents.0.start 0', 'consents.0.labels []', 'consents.0.exclusions []'],
      'consents.0.dataPeriod null',
    ]);
    for (const place of places) {
      for (const value of values) {
        const outcome = evaluate(replaced(asked, place, value));
        if (outcome.permit) expect(harmless).toContain(`${place.join('.')} ${JSON.stringify(value)}`);
      }
    }
    expect(places.length).toBeGreaterThan(25);
  });

  it('gives the same answer to any input that is not well formed', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(evaluate(JSON.parse(text)).rules).toEqual(['request.malformed']);
      }),
      { numRuns: 200 },
    );
  });

  it('refuses an input that is too large, and one that needs too much memory, and works on', () => {
    const large = { ...asked, request: { ...asked.request, types: Array(600_000).fill('Observation') } };
    expect(() => evaluate(large)).toThrow('too large');
    const wide = Array.from({ length: 4_000 }, (_, at) => ({ ...consent, id: `c${at}` }));
    const hungry = { ...asked, consents: wide };
    try {
      expect(evaluate(hungry).permit).toBe(true);
    } catch (error) {
      expect(error).toMatchObject({ code: 'POLICY_UNAVAILABLE' });
    }

    expect(evaluate(asked)).toMatchObject({ permit: true });
    expect(evaluate({ ...asked, consents: [] })).toMatchObject({ permit: false });
  });

  it('keeps nothing of one input for the next', () => {
    for (let round = 0; round < 50; round += 1) {
      expect(evaluate(asked).permit).toBe(true);
      expect(evaluate(undefined).permit).toBe(false);
      expect(evaluate({ ...asked, patient: 'p2' }).permit).toBe(false);
    }
  });

  it('decides with 20 provisions in well under a millisecond, in constant memory', () => {
    const many = {
      ...asked,
      consents: Array.from({ length: 20 }, (_, at) => ({
        ...consent,
        id: `c${at}`,
        exclusions: [exclusion],
      })),
    };
    evaluate(many);
    const before = process.memoryUsage().arrayBuffers;
    const started = performance.now();
    for (let round = 0; round < 500; round += 1) evaluate(many);

    expect((performance.now() - started) / 500).toBeLessThan(10);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
  });
});

describe('another version of the policy', () => {
  it('is evaluated when its bytes have its digest, and refused otherwise', () => {
    const wasm = Uint8Array.from([...policy.wasm, 0, 2, 1, 0x78]);
    const digest = digestLine(wasm).slice(0, 64);

    expect(policy.evaluateWith({ digest, wasm }, asked)).toEqual(policy.evaluate(asked));
    expect(policy.evaluateWith({ digest: policy.digest, wasm }, asked)).toEqual(policy.evaluate(asked));
    expect(() => policy.evaluateWith({ digest: '0'.repeat(64), wasm }, asked)).toThrow('not the one');
  });
});

function* leaves(value: unknown, path: string[]): Generator<string[]> {
  if (path.length > 0) yield path;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) yield* leaves(child, [...path, key]);
}

function replaced(value: unknown, [first, ...rest]: string[], replacement: unknown): unknown {
  if (first === undefined) return replacement;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  (copy as Record<string, unknown>)[first] = replaced(
    (value as Record<string, unknown>)[first],
    rest,
    replacement,
  );
  return copy;
}
