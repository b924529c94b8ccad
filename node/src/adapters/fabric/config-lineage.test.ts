import { EvidenceError } from '@medseal/evidence';
import { describe, expect, it } from 'vitest';
import { members, orderers, singleChannel } from '../../../../evidence/test/alliance.ts';
import { configEnvelope, organizationsOf } from '../../../../evidence/test/configuration.ts';
import { blockOf, endorserTransaction } from '../../../../evidence/test/ledger.ts';
import { configsBefore, trustAfter, trustFor } from './config-lineage.ts';

const channel = singleChannel();
const signerOf = (index: number) => ({ kind: 'single', orderer: orderers[index]!.orderer }) as const;

function transactions(number: number, lastConfig: number, orderer: number): Uint8Array {
  const { envelope } = endorserTransaction({
    creator: members[0]!.client,
    endorsers: members.map(({ peer }) => peer),
    writes: [['a', Uint8Array.of(1)]],
  });
  return blockOf({ number, lastConfig, envelopes: [envelope], signer: signerOf(orderer) });
}

/** A configuration that hands ordering to another organisation. */
function handover(number: number, sequence: number, by: number, to: number): Uint8Array {
  const next = organizationsOf(orderers[to]!.organization);
  const envelope = configEnvelope({ ...channel.config, sequence, orderers: next });
  return blockOf({ number, lastConfig: number, envelopes: [envelope], signer: signerOf(by) });
}

// 0 genesis, 1 transactions, 2 and 3 configurations one after the other, 4–5 transactions, 6 configuration, 7 transactions.
const blocks = [
  channel.genesis,
  transactions(1, 0, 0),
  handover(2, 1, 0, 1),
  handover(3, 2, 1, 2),
  transactions(4, 3, 2),
  transactions(5, 3, 2),
  handover(6, 3, 2, 3),
  transactions(7, 6, 3),
];
const fetchBlock = async (number: number): Promise<Uint8Array> => blocks[number]!;
const configAt = async (number: number) =>
  (await trustFor(blocks[number]!, channel.trust, fetchBlock)).configNumber;

describe('the configuration in force for a block', () => {
  it('is found from the pinned one, however many lie between', async () => {
    expect(await configAt(1)).toBe(0);
    expect(await configAt(5)).toBe(3);
    expect(await configAt(7)).toBe(6);
  });

  it('of a configuration block is the one before it', async () => {
    expect(await configAt(2)).toBe(0);
    expect(await configAt(3)).toBe(2);
    expect(await configAt(6)).toBe(3);
  });

  it('changes with a configuration block', async () => {
    const after = async (number: number) =>
      (await trustAfter(blocks[number]!, channel.trust, fetchBlock)).configNumber;

    expect([await after(0), await after(1), await after(3), await after(6), await after(7)]).toEqual([
      0, 0, 3, 6, 6,
    ]);
  });

  it('is reached over configuration blocks that a proof can carry', async () => {
    expect(await configsBefore(blocks[7]!, 0, fetchBlock)).toEqual([blocks[2], blocks[3], blocks[6]]);
    expect(await configsBefore(blocks[7]!, 2, fetchBlock)).toEqual([blocks[3], blocks[6]]);
    expect(await configsBefore(blocks[1]!, 0, fetchBlock)).toEqual([]);
  });

  it('cannot be forged by the source of the blocks', async () => {
    const forged = handover(6, 3, 0, 0);
    const lying = async (number: number) => (number === 6 ? forged : fetchBlock(number));

    await expect(trustFor(transactions(7, 6, 0), channel.trust, lying)).rejects.toThrow();
  });

  it('cannot leave one out', async () => {
    const lying = async (number: number) => (number === 5 ? transactions(5, 0, 2) : fetchBlock(number));

    await expect(trustFor(blocks[7]!, channel.trust, lying)).rejects.toBeInstanceOf(EvidenceError);
  });

  it('is not looked for without end', async () => {
    const lying = async (number: number) => transactions(number, number + 10, 0);

    await expect(trustFor(transactions(9, 8, 0), channel.trust, lying)).rejects.toThrow(
      'LEDGER_ANSWER_INVALID',
    );
  });
});
