import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Resource } from '../fhir/index.ts';
import type { Pseudonym } from '../lib/brand.ts';
import { silentLogger } from '../lib/logger.ts';
import { unmatchedPatients } from './identity-store.ts';
import { resolvePseudonyms, runPseudonymWorker } from './pseudonym-worker.ts';
import { findPatient } from './release.ts';
import { asPatientId, createFixture, eraseByTwo, type Fixture, patient } from './test/fixture.ts';
import { createRecord, deleteRecord, updateRecord } from './write-one.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterAll(() => fixture.database.drop());

const system = 'urn:oid:2.16.156.10011.1.3';
const [lin, wang] = ['11010519491231002X', '440524188001010014'];
const withId = (value: string) => patient({ identifier: [{ system, value }] });
const pseudonym = (nationalId: string): Pseudonym => `pseudonym-of-${nationalId}` as Pseudonym;

async function create(value: string): Promise<string> {
  const { id } = await createRecord(
    { resource: withId(value) as Resource },
    { caller: fixture.clinician, deps: fixture.deps },
  );
  return id;
}

function resolve(
  pseudonymsOf = async (nationalIds: readonly string[]) => nationalIds.map(pseudonym),
): Promise<number> {
  return resolvePseudonyms({ ...fixture.deps, pseudonymsOf, logger: silentLogger });
}

describe('a patient’s pseudonym', () => {
  it('is not needed to take the patient in, and found later, when the regulator is back', async () => {
    const id = await create(lin);
    expect(await resolve(() => Promise.reject(new Error('the regulator is away')))).toBe(1);
    expect((await findPatient(pseudonym(lin), fixture.deps))?.patientId).toBeUndefined();
    expect(await unmatchedPatients(fixture.deps.db)).toBe(1);

    expect(await resolve()).toBe(0); // not yet: it waits a little longer each time
    fixture.clock.advance(600_000);
    expect(await resolve()).toBe(1);

    expect((await findPatient(pseudonym(lin), fixture.deps))?.patientId).toBe(id);
    expect(await resolve()).toBe(0);
    expect(await unmatchedPatients(fixture.deps.db)).toBe(0);
  });

  it('is asked for by one worker only', async () => {
    const id = await create(wang);
    let asked = 0;
    const pseudonymsOf = async (nationalIds: readonly string[]) => {
      asked += 1;
      return nationalIds.map(pseudonym);
    };

    await Promise.all([resolve(pseudonymsOf), resolve(pseudonymsOf), resolve(pseudonymsOf)]);

    expect(asked).toBe(1);
    expect((await findPatient(pseudonym(wang), fixture.deps))?.patientId).toBe(id);
  });

  it('is asked for together with those of others, and each finds the patient it belongs to', async () => {
    const values = ['110101199003071110', '110101199003072113', '110101199003073116'];
    const ids = [];
    for (const value of values) ids.push(await create(value));
    const asked: (readonly string[])[] = [];

    await resolve(async (nationalIds) => {
      asked.push(nationalIds);
      return nationalIds.map(pseudonym);
    });

    expect(asked).toHaveLength(1);
    expect(asked[0]?.toSorted()).toEqual(values.toSorted());
    for (const [at, value] of values.entries())
      expect((await findPatient(pseudonym(value), fixture.deps))?.patientId).toBe(ids[at]);
  });

  it('is asked for at once, and together with others where patients keep coming in', async () => {
    const [first, second, third] = ['110101199003075517', '110101199003076114', '110101199003076317'];
    const asked: (readonly string[])[] = [];
    const pseudonymsOf = async (nationalIds: readonly string[]) => {
      asked.push(nationalIds);
      return nationalIds.map(pseudonym);
    };
    const stop = new AbortController();
    await create(first);
    const running = runPseudonymWorker({ ...fixture.deps, pseudonymsOf, logger: silentLogger }, stop.signal);
    await expect.poll(() => asked, { timeout: 10_000 }).toEqual([[first]]);

    await create(second);
    await delay(800);
    await create(third);
    await expect.poll(() => asked.length, { timeout: 10_000 }).toBe(2);
    stop.abort();
    await running;

    expect(asked[1]?.toSorted()).toEqual([second, third]);
  });

  it('is asked for again where the answer left it out', async () => {
    const value = '110101199003074119';
    const id = await create(value);
    expect(await resolve(async () => [])).toBe(1);
    expect((await findPatient(pseudonym(value), fixture.deps))?.patientId).toBeUndefined();

    fixture.clock.advance(600_000);
    await resolve();

    expect((await findPatient(pseudonym(value), fixture.deps))?.patientId).toBe(id);
  });

  it('follows a corrected national id', async () => {
    const [wrong, right] = ['11010119900307803X', '110101199003074530'];
    const id = await create(wrong);
    await resolve();
    const resource = { ...withId(right), id } as Resource;

    await updateRecord({ resource, id, ifMatch: '1' }, { caller: fixture.clinician, deps: fixture.deps });

    expect((await findPatient(pseudonym(wrong), fixture.deps))?.patientId).toBeUndefined();
    await resolve();
    expect((await findPatient(pseudonym(right), fixture.deps))?.patientId).toBe(id);
  });

  it('leads to the new record after the old one was deleted', async () => {
    const value = '110101199003077213';
    const id = await create(value);
    await resolve();
    const context = { caller: fixture.clinician, deps: fixture.deps };
    await deleteRecord({ type: 'Patient', id, ifMatch: undefined }, context);

    expect((await findPatient(pseudonym(value), fixture.deps))?.patientId).toBeUndefined();
    const again = await create(value);
    await resolve();
    expect((await findPatient(pseudonym(value), fixture.deps))?.patientId).toBe(again);
  });

  it('leads nowhere after an erasure, and to the new record when the person comes back', async () => {
    const value = '110101199003073511';
    const id = await create(value);
    await resolve();
    await eraseByTwo(asPatientId(id), fixture.deps);

    expect((await findPatient(pseudonym(value), fixture.deps))?.patientId).toBeUndefined();
    const again = await create(value);
    await resolve();
    expect((await findPatient(pseudonym(value), fixture.deps))?.patientId).toBe(again);
  });
});
