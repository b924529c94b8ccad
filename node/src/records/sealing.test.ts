import { commitRecord } from '@medseal/evidence';
import { afterAll, describe, expect, it } from 'vitest';
import { openIndex, openRecord, sealingKeyOf } from '../crypto/index.ts';
import type { OrganizationId, PatientId } from '../lib/brand.ts';
import { byteaArray } from '../lib/bytea-array.ts';
import { silentLogger } from '../lib/logger.ts';
import { digestsIn, type SealedColumns, type VersionToSeal } from './seal-version.ts';
import { openSealing, sealHere, sealingThreads } from './sealing.ts';
import { startSealingThread } from './start-sealing-thread.ts';
import { observation } from './test/fixture.ts';

const tenant = 'hospital-a' as OrganizationId;
const owner = 'p1' as PatientId;
const key = sealingKeyOf(new Uint8Array(32).fill(7));
const closers: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closers) await close();
});

function versions(count: number): VersionToSeal[] {
  return Array.from({ length: count }, (_, at) => {
    const resource = { ...observation(owner), id: `o${at}`, note: [{ text: 'x'.repeat(at * 40) }] };
    const address = { tenant, type: 'Observation', id: `o${at}`, version: 1 };
    const index = JSON.stringify({ id: `o${at}`, owner, labels: [] });
    return { ...address, idToken: `token-${at}`, key, text: JSON.stringify(resource), index };
  });
}

/** The elements of a `bytea[]` parameter. */
function elements(array: Uint8Array): Uint8Array[] {
  const view = Buffer.from(array.buffer, array.byteOffset, array.length);
  const found: Uint8Array[] = [];
  for (let at = 20; at < view.length; ) {
    const length = view.readInt32BE(at);
    found.push(view.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
}

function expectSealed(sealed: SealedColumns, given: readonly VersionToSeal[]): void {
  const [wrappedKeys, indices, bodies] = [sealed.wrappedKeys, sealed.indices, sealed.bodies].map(elements);
  const digests = digestsIn(sealed);
  expect(digests).toHaveLength(given.length);
  given.forEach((one, at) => {
    const [wrappedKey = none, body = none, index = none] = [wrappedKeys?.[at], bodies?.[at], indices?.[at]];
    const { text, leafSalt } = openRecord({ wrappedKey, body }, { key, address: one });
    expect(text).toBe(one.text);
    expect(Buffer.from(digests[at] ?? none)).toEqual(Buffer.from(commitRecord(JSON.parse(text), leafSalt)));
    const address = { tenant, idToken: Buffer.from(one.idToken, 'latin1'), version: 1 };
    expect(JSON.parse(openIndex(index, { key, address }))).toEqual({ id: one.id, owner, labels: [] });
  });
}
const none = new Uint8Array(0);

function sealing(threads?: number): ReturnType<typeof openSealing> {
  const opened = openSealing(silentLogger, threads);
  closers.push(opened.close);
  return opened;
}

describe('sealing', () => {
  it('has no more threads in several processes together than in one', () => {
    for (const cores of [1, 2, 4, 64])
      for (const processes of [1, 2, 3, 8])
        expect(processes * sealingThreads(processes, cores)).toBeLessThanOrEqual(sealingThreads(1, cores));
    expect([sealingThreads(1, 2), sealingThreads(1, 8), sealingThreads(2, 8)]).toEqual([1, 2, 1]);
  });

  it('seals in the calling thread what opens as it was, and commits to it', async () => {
    const given = versions(30);

    expectSealed(await sealHere(given), given);
  });

  it('seals in another thread what opens as it was, and commits to it', async () => {
    const thread = startSealingThread(() => undefined);
    closers.push(thread.close);
    const given = versions(30);

    const sealed = await thread.seal(given);

    expectSealed(sealed ?? (await sealHere([])), given);
  });

  it('seals no two versions under the same content key', async () => {
    const { wrappedKeys } = await sealHere(versions(30));

    expect(new Set(elements(wrappedKeys).map((each) => Buffer.from(each).toString('hex'))).size).toBe(30);
  });

  it('keeps the order of many Bundles at a time, whoever seals them', async () => {
    const { seal } = sealing();
    const bundles = [versions(40), versions(1), versions(60), versions(40), versions(0), versions(50)];

    const sealed = await Promise.all(bundles.map(seal));

    bundles.forEach((given, at) => {
      expectSealed(sealed[at] as SealedColumns, given);
    });
  });

  it('works without any thread', async () => {
    const given = versions(30);

    expectSealed(await sealing(0).seal(given), given);
  });

  it('seals here what a thread that was lost did not answer', async () => {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const thread = startSealingThread(() => resolve());
    const answer = thread.seal(versions(30));

    await thread.close();
    await ended;

    expect(await answer).toBeUndefined();
  });

  it('refuses with the same error what a thread cannot seal', async () => {
    const thread = startSealingThread(() => undefined);
    closers.push(thread.close);
    const [first, ...rest] = versions(20);
    const given = [
      { ...(first as VersionToSeal), text: '{"resourceType":"Observation","bad name":1}' },
      ...rest,
    ];

    expect(await thread.seal(given)).toBeUndefined();
    await expect(sealing().seal(given)).rejects.toMatchObject({ code: 'COMMITMENT_INVALID' });
  });

  it('hands over columns in memory of their own, never that of a shared pool', () => {
    expect(byteaArray([new Uint8Array(4)]).buffer.byteLength).toBe(28);
  });
});
