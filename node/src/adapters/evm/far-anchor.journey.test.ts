import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBase64, hex, notaryChannelId, parseBlock, parseEvmHeader } from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bftChannel } from '../../../../evidence/test/alliance.ts';
import { historyOf } from '../../../../evidence/test/notary.ts';
import { createLog, makeProof, policyOf } from '../../../../evidence/test/proof.ts';
import { packed } from '../../../../evidence/test/unpacked.ts';
import { createTestDatabase, type TestDatabase } from '../../../../test/database.ts';
import { keepBlocks } from '../../evidence-log/history-store.ts';
import { createHistoryTiles } from '../../evidence-log/index.ts';
import { notarize } from '../../evidence-log/notarize.ts';
import { manualClock } from '../../lib/clock.ts';
import { notaryPart } from '../../system/notary-part.ts';
import { createNotary } from './notary.ts';
import { startTestChain, type TestChain } from './test/chain.ts';

const confirmations = 2;
const cli = join(import.meta.dirname, '../../../../evidence/src/cli.ts');

describe('an anchor an hour of a busy channel below the notarized block', () => {
  let chain: TestChain;
  let databases: TestDatabase[];
  const folder = mkdtempSync(join(tmpdir(), 'medseal-far-anchor-'));

  beforeAll(async () => {
    [chain, ...databases] = await Promise.all([
      startTestChain({ size: 2, threshold: 2 }),
      createTestDatabase(),
      createTestDatabase(),
    ]);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await chain.stop();
    for (const { drop } of databases) await drop();
  });

  function verify(bundle: unknown, policy: object): { status: number | null; notary: unknown } {
    writeFileSync(join(folder, 'bundle.json'), JSON.stringify(bundle));
    writeFileSync(join(folder, 'trust.json'), JSON.stringify(policy));
    const args = [cli, join(folder, 'bundle.json'), '--policy', join(folder, 'trust.json'), '--json'];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string; code?: string }[] };
    const found = checks.find(({ name }) => name === 'notary');
    return { status, notary: found?.code ?? found?.status };
  }

  it('has a bundle that is valid with the outside notary (exit 0), by fifteen hashes', async () => {
    const channel = bftChannel();
    const log = createLog();
    const proof = makeProof(channel, log);
    const anchored = parseBlock(fromBase64(proof.anchor.block));
    const names = { channel: 'care', genesisHash: channel.genesisHash };
    const channelId = notaryChannelId(names.channel, names.genesisHash);
    const height = 18_011;
    const { hashes, head } = historyOf(height, [anchored]);
    const tiles = createHistoryTiles();
    const clock = manualClock('2026-01-01T00:00:00.000Z');
    const nodes = databases.map(({ db }, index) => {
      const notary = createNotary(chain.settings(index, confirmations));
      return { db, notary, tiles: createHistoryTiles(), channelId, clock, intervalMs: 60_000, confirmations };
    });
    for (const { db } of nodes)
      await keepBlocks(
        db,
        channelId,
        hashes.map((blockHash, at) => ({ height: at, blockHash })),
      );
    for (const node of nodes) expect(await notarize(node)).toEqual({ state: 'sent', height });
    await chain.mine(confirmations);
    for (const node of nodes) await notarize(node);

    const [{ db }] = databases as [TestDatabase];
    const part = await notaryPart(anchored.number, { ...names, db, tiles });
    if (part === undefined) throw new Error('no record is kept');
    expect(part.proof).toMatchObject({ height, historyRoot: hex(head.historyRoot) });
    expect(part.inclusionProof).toHaveLength(15);
    const notary = { proof: part.proof, inclusionProof: part.inclusionProof.map(hex) };
    const bundle = packed({ ...proof, notary });
    const { number } = parseEvmHeader(fromBase64(part.proof.header));
    const { hash } = await chain.client.getBlock({ blockNumber: BigInt(number) });
    const trustedHeaders = [{ number, hash: hash.slice(2) }];
    const trust = { chainId: chain.chainId, contract: chain.contract.slice(2), trustedHeaders };
    const asking = policyOf(channel, log, { notary: trust });

    expect(verify(bundle, asking)).toEqual({ status: 0, notary: 'passed' });
    const unheard = policyOf(channel, log, { notary: { ...trust, trustedHeaders: [] } });
    expect(verify(bundle, unheard)).toEqual({ status: 3, notary: 'skipped' });
    expect(verify(packed(proof), asking)).toEqual({ status: 3, notary: 'skipped' });
    const short = { ...notary, inclusionProof: notary.inclusionProof.slice(1) };
    expect(verify(packed({ ...proof, notary: short }), asking)).toEqual({
      status: 1,
      notary: 'NOTARY_HISTORY_LENGTH',
    });
  });
});
