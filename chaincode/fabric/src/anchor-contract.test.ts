import { createHash } from 'node:crypto';
import { consistencyProof, formatCheckpoint, type HashReader, hex, rootHash } from '@medseal/evidence';
import { describe, expect, it } from 'vitest';
import { createChaincode, type TestChaincode } from '../test/chaincode.ts';
import { createMember, registerAll, regulator, type TestMember } from '../test/members.ts';
import { logOrigin, memberEntryDigest } from './rules/index.ts';

const hospital = createMember('hospital-a');
const other = createMember('hospital-b');

const leaves = Array.from({ length: 40 }, (_, index) =>
  createHash('sha256').update(`leaf ${index}`).digest(),
);
const forked = leaves.map((leaf, index) =>
  index === 2 ? createHash('sha256').update('forged').digest() : leaf,
);

function reader(hashes: Uint8Array[]): HashReader {
  return (level, index) => rootHash(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level));
}

function noteOf(
  treeSize: number,
  { hashes = leaves, signer = hospital, origin = logOrigin('hospital-a') } = {},
): string {
  const root = rootHash(hashes.slice(0, treeSize));
  return signer.signNote(formatCheckpoint({ origin, treeSize, rootHash: root }));
}

function proofOf(oldSize: number, newSize: number, hashes: Uint8Array[] = leaves): string {
  return JSON.stringify(consistencyProof(reader(hashes), oldSize, newSize).map(hex));
}

async function alliance(
  ...sizes: number[]
): Promise<TestChaincode & { append: (...args: string[]) => Promise<string> }> {
  const chaincode = createChaincode();
  await registerAll(chaincode, hospital, other);
  const append = (...args: string[]): Promise<string> =>
    chaincode.invoke(hospital.mspId, 'anchor:append', ...args);
  let last = 0;
  for (const size of sizes) {
    await append(noteOf(size), String(last), proofOf(last, size));
    last = size;
  }
  return { ...chaincode, append };
}

describe('anchoring', () => {
  it('takes every next checkpoint that contains the one before', async () => {
    const { invoke } = await alliance(1, 2, 3, 7, 8, 21, 40);

    const latest = await invoke(other.mspId, 'anchor:latest', 'hospital-a');

    expect(JSON.parse(latest)).toEqual({
      organizationId: 'hospital-a',
      origin: 'medseal.org/log/hospital-a',
      treeSize: 40,
      rootHash: hex(rootHash(leaves)),
      note: noteOf(40),
    });
    expect(await invoke(other.mspId, 'anchor:get', 'hospital-a', '40')).toBe(latest);
    expect(JSON.parse(await invoke(other.mspId, 'anchor:get', 'hospital-a', '7'))).toMatchObject({
      treeSize: 7,
    });
  });

  it('gives the stored state again for a checkpoint that is there, the latest or an older one', async () => {
    const { append, written } = await alliance(3, 8);

    expect(JSON.parse(await append(noteOf(8), '3', proofOf(3, 8)))).toMatchObject({ treeSize: 8 });
    expect(written()).toEqual([]);
    expect(JSON.parse(await append(noteOf(3), '0', '[]'))).toMatchObject({ treeSize: 3 });
    expect(written()).toEqual([]);
  });

  it('refuses a size below the latest', async () => {
    const { append } = await alliance(3, 8);

    await expect(append(noteOf(5), '3', proofOf(3, 5))).rejects.toThrow(/^ANCHOR_REGRESS: /);
  });

  it('refuses a proof from another size than the latest', async () => {
    const { append } = await alliance(3, 8);

    await expect(append(noteOf(21), '3', proofOf(3, 21))).rejects.toThrow(/^ANCHOR_STALE: /);
    await expect(append(noteOf(21), '0', '[]')).rejects.toThrow(/^ANCHOR_STALE: /);
  });

  it('refuses another root at an anchored size', async () => {
    const { append } = await alliance(3, 8);

    await expect(append(noteOf(8, { hashes: forked }), '3', proofOf(3, 8, forked))).rejects.toThrow(
      /^ANCHOR_FORK: /,
    );
    await expect(append(noteOf(3, { hashes: forked }), '0', '[]')).rejects.toThrow(/^ANCHOR_FORK: /);
  });

  const forks: [string, string, string][] = [
    ['a rewritten log with its own proof', noteOf(21, { hashes: forked }), proofOf(8, 21, forked)],
    ['a rewritten log with the honest proof', noteOf(21, { hashes: forked }), proofOf(8, 21)],
    ['an empty proof', noteOf(21), '[]'],
    ['a shortened proof', noteOf(21), JSON.stringify((JSON.parse(proofOf(8, 21)) as string[]).slice(1))],
    [
      'a lengthened proof',
      noteOf(21),
      JSON.stringify([...(JSON.parse(proofOf(8, 21)) as string[]), '0'.repeat(64)]),
    ],
  ];
  it.each(forks)('refuses %s', async (_what, note, proof) => {
    const { append } = await alliance(8);

    await expect(append(note, '8', proof)).rejects.toThrow(/^ANCHOR_FORK: /);
  });

  const strangers: [string, string, string][] = [
    ["another member's log", noteOf(3, { signer: other, origin: logOrigin('hospital-b') }), 'ANCHOR_ORIGIN'],
    ["the own log signed by another member's key", noteOf(3, { signer: other }), 'ANCHOR_SIGNER'],
    [
      'a note without signature',
      formatCheckpoint({
        origin: logOrigin('hospital-a'),
        treeSize: 3,
        rootHash: rootHash(leaves.slice(0, 3)),
      }),
      'ANCHOR_INVALID',
    ],
    ['a changed size under the old signature', noteOf(3).replace('\n3\n', '\n4\n'), 'ANCHOR_SIGNER'],
    ['text between checkpoint and signature', noteOf(3).replace('\n\n', '\n\nmore\n\n'), 'ANCHOR_INVALID'],
    ['free text', 'hello', 'ANCHOR_INVALID'],
    [
      'an empty log',
      hospital.signNote(
        formatCheckpoint({ origin: logOrigin('hospital-a'), treeSize: 0, rootHash: rootHash([]) }),
      ),
      'ANCHOR_INVALID',
    ],
  ];
  it.each(strangers)('refuses %s', async (_what, note, code) => {
    const { append } = await alliance();

    await expect(append(note, '0', '[]')).rejects.toThrow(new RegExp(`^${code}: `));
  });

  it('refuses a proof with the first checkpoint', async () => {
    const { append } = await alliance();

    await expect(append(noteOf(3), '0', `["${'0'.repeat(64)}"]`)).rejects.toThrow(/^ANCHOR_INVALID: /);
  });

  it.each([['["xyz"]'], ['{}'], [`[ "${'0'.repeat(64)}" ]`], [`["${'A'.repeat(64)}"]`], ['[]]']])(
    'refuses the proof text %s',
    async (proof) => {
      const { append } = await alliance(8);

      await expect(append(noteOf(21), '8', proof)).rejects.toThrow('Unable to validate parameter');
    },
  );

  it('is closed to a disabled member and to a stranger', async () => {
    const { append, invoke } = await alliance(3);
    await expect(invoke('X', 'anchor:append', noteOf(8), '3', proofOf(3, 8))).rejects.toThrow(
      /^MEMBER_NOT_REGISTERED: /,
    );
    await invoke(regulator.mspId, 'member:disable', 'hospital-a');

    await expect(append(noteOf(8), '3', proofOf(3, 8))).rejects.toThrow(/^MEMBER_NOT_REGISTERED: /);
  });

  it('goes on under a new log key once the regulator approved it', async () => {
    const { append, invoke } = await alliance(3);
    const renewed: TestMember = createMember('hospital-a');
    await invoke(hospital.mspId, 'member:save', renewed.json);
    await invoke(regulator.mspId, 'member:approve', 'hospital-a', memberEntryDigest(renewed.content));

    await expect(append(noteOf(8), '3', proofOf(3, 8))).rejects.toThrow(/^ANCHOR_SIGNER: /);
    expect(JSON.parse(await append(noteOf(8, { signer: renewed }), '3', proofOf(3, 8)))).toMatchObject({
      treeSize: 8,
    });
  });

  it('says so when nothing is anchored', async () => {
    const { invoke } = await alliance(3);

    await expect(invoke('any', 'anchor:latest', 'hospital-b')).rejects.toThrow(/^ANCHOR_ABSENT: /);
    await expect(invoke('any', 'anchor:get', 'hospital-a', '2')).rejects.toThrow(/^ANCHOR_ABSENT: /);
  });
});
