import { randomUUID } from 'node:crypto';
import type { Client } from '@grpc/grpc-js';
import {
  CommitStatusError,
  type Contract,
  EndorseError,
  type Gateway,
  GatewayError,
  StatusCode,
} from '@hyperledger/fabric-gateway';
import { common, gateway as gatewayMessages, peer } from '@hyperledger/fabric-protos';
import { channelTrust, hex, verifyBlock } from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** A network with the probe contract installed; a real one fits as well as the solo ledger. */
export type ConformanceNetwork = {
  channel: string;
  chaincode: string;
  mspIds: readonly string[];
  /** Hash of the first block's header, hex. */
  genesisHash: string;
  connect(mspId: string): { gateway: Gateway; client: Client; close(): void };
  /** Ends and starts the peer that serves the clients, where that can be done. */
  restart?: () => Promise<void>;
  close(): Promise<void>;
};

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
/** A key nobody used, also on a network that lived before this run. */
const newKey = (name: string): string => `${name}-${randomUUID()}`;

/** What every ledger must do that this project runs on. */
export function ledgerConformance(name: string, open: () => Promise<ConformanceNetwork>): void {
  describe(`ledger conformance: ${name}`, () => {
    let network: ConformanceNetwork;
    let connection: ReturnType<ConformanceNetwork['connect']>;
    let probe: Contract;
    const mspId = (index: number): string => network.mspIds[index] ?? '';
    const connect = (): void => {
      connection = network.connect(mspId(0));
      probe = connection.gateway.getNetwork(network.channel).getContract(network.chaincode, 'probe');
    };
    const submit = async (transaction: string, ...args: string[]) =>
      text(await probe.submitTransaction(transaction, ...args));
    const evaluate = async (transaction: string, ...args: string[]) =>
      text(await probe.evaluateTransaction(transaction, ...args));
    const system = () => connection.gateway.getNetwork(network.channel).getContract('qscc');
    const height = async (): Promise<number> =>
      common.BlockchainInfo.deserializeBinary(
        await system().evaluateTransaction('GetChainInfo', network.channel),
      ).getHeight();
    const blocksUpTo = async (end: number, start = 0): Promise<common.Block[]> => {
      const blocks: common.Block[] = [];
      const events = await connection.gateway
        .getNetwork(network.channel)
        .getBlockEvents({ startBlock: BigInt(start) });
      for await (const block of events) {
        blocks.push(block);
        if ((block.getHeader()?.getNumber() ?? 0) + 1 >= end) break;
      }
      events.close();
      return blocks;
    };

    beforeAll(async () => {
      network = await open();
      connect();
    });
    afterAll(async () => {
      connection.close();
      await network.close();
    });

    describe('submitting', () => {
      it('returns what the contract returned, and what it wrote is read afterwards', async () => {
        const key = newKey('a');

        expect(await submit('put', key, 'würde 值')).toBe('würde 值');
        expect(await evaluate('get', key)).toBe('würde 值');
      });

      it('shows a transaction the state before it, not its own writes', async () => {
        expect(await submit('create', newKey('b'), 'x')).toBe('');
      });

      it('tells the contract who asks, in which transaction, at a time', async () => {
        const proposal = probe.newProposal('caller');
        const other = network.connect(mspId(1));
        const otherProbe = other.gateway.getNetwork(network.channel).getContract(network.chaincode, 'probe');

        expect(text(await proposal.evaluate())).toBe(`${mspId(0)} ${proposal.getTransactionId()} true`);
        expect(text(await otherProbe.evaluateTransaction('caller'))).toContain(mspId(1));
        other.close();
      });

      it('carries transient data to the contract and keeps it out of the block', async () => {
        const secret = newKey('secret');
        const proposal = probe.newProposal('transient', { transientData: { secret } });
        const transaction = await proposal.endorse();
        const status = await (await transaction.submit()).getStatus();
        const [block] = await blocksUpTo(Number(status.blockNumber) + 1, Number(status.blockNumber));

        expect(text(transaction.getResult())).toBe(secret);
        const stored = Buffer.from(block?.serializeBinary() ?? '');
        const proposalPayload = storedProposalPayload(stored);
        expect(proposalPayload.getTransientmapMap().getLength()).toBe(0);
      });
    });

    describe('refusals', () => {
      it('hand the contract’s text to the client when endorsing', async () => {
        const error = await caught(submit('refuse', 'PROBE_REFUSED: not today'));

        expect(error).toBeInstanceOf(EndorseError);
        expect((error as EndorseError).code).toBe(10);
        expect((error as EndorseError).details.map(({ message }) => message)).toContain(
          'chaincode response 500, PROBE_REFUSED: not today',
        );
      });

      it('hand the contract’s text to the client when evaluating', async () => {
        const error = await caught(evaluate('refuse', 'PROBE_REFUSED: not today'));

        expect(error).toBeInstanceOf(GatewayError);
        expect((error as GatewayError).details.map(({ message }) => message)).toContain(
          'chaincode response 500, PROBE_REFUSED: not today',
        );
      });

      it('meet a second creation of the same fact', async () => {
        const key = newKey('fact');
        await submit('create', key, '1');

        expect(await caught(submit('create', key, '2'))).toBeInstanceOf(EndorseError);
        expect(await evaluate('get', key)).toBe('1');
      });

      it('meet an unknown chaincode, an unknown channel and an unknown transaction', async () => {
        const elsewhere = connection.gateway.getNetwork('elsewhere').getContract(network.chaincode, 'probe');
        const nobody = connection.gateway.getNetwork(network.channel).getContract('nobody', 'probe');

        expect(await caught(elsewhere.submitTransaction('put', 'a', 'b'))).toBeInstanceOf(EndorseError);
        expect(await caught(nobody.submitTransaction('put', 'a', 'b'))).toBeInstanceOf(EndorseError);
        expect(await caught(submit('nothing'))).toBeInstanceOf(EndorseError);
      });

      it('meet a proposal dated 20 minutes off', async () => {
        for (const minutes of [-20, 20]) {
          const bytes = redated(probe.newProposal('get', { arguments: ['a'] }).getBytes(), minutes);
          const proposal = connection.gateway.newProposal(bytes);

          expect(await caught(proposal.endorse())).toBeInstanceOf(EndorseError);
        }
      });

      it('meet a transaction without a signature or with a foreign one', async () => {
        const transaction = await probe.newProposal('put', { arguments: [newKey('s'), '1'] }).endorse();
        const other = network.connect(mspId(1));
        const foreign = other.gateway.newTransaction(transaction.getBytes());

        // Signed by another member than the one the headers name.
        expect(await caught(foreign.submit())).toBeInstanceOf(GatewayError);
        const broken = connection.gateway.newSignedTransaction(
          transaction.getBytes(),
          new Uint8Array([0x30, 0]),
        );
        expect(await caught(broken.submit())).toBeInstanceOf(GatewayError);
        other.close();
      });
    });

    describe('concurrency', () => {
      it('lets one of two transactions win that read and write the same key (code 11)', async () => {
        const key = newKey('counter');
        const endorsed = [
          await probe.newProposal('bump', { arguments: [key] }).endorse(),
          await probe.newProposal('bump', { arguments: [key] }).endorse(),
        ];
        const statuses = await Promise.all(
          endorsed.map(async (transaction) => (await transaction.submit()).getStatus()),
        );

        expect(statuses.map(({ code }) => code).sort((a, b) => a - b)).toEqual([
          StatusCode.VALID,
          StatusCode.MVCC_READ_CONFLICT,
        ]);
        expect(await evaluate('get', key)).toBe('1');
      });

      it('refuses a transaction whose read is out of date by a whole block', async () => {
        const key = newKey('stale');
        const late = await probe.newProposal('bump', { arguments: [key] }).endorse();
        await submit('bump', key);
        const status = await (await late.submit()).getStatus();

        expect(status.code).toBe(StatusCode.MVCC_READ_CONFLICT);
        expect(status.successful).toBe(false);
      });

      it('refuses a transaction whose range has gained, lost or changed a key (code 12)', async () => {
        const changes: [string, string][] = [
          ['put', 'c'],
          ['remove', 'b'],
          ['put', 'b'],
        ];
        for (const [change, suffix] of changes) {
          const prefix = newKey('range');
          await submit('put', `${prefix}b`, '1');
          const late = await probe
            .newProposal('count', { arguments: [`${prefix}a`, `${prefix}z`, newKey('count')] })
            .endorse();
          await submit(change, `${prefix}${suffix}`, ...(change === 'put' ? ['2'] : []));
          const status = await (await late.submit()).getStatus();

          expect(status.code).toBe(StatusCode.PHANTOM_READ_CONFLICT);
        }
      });

      it('commits a transaction whose range stayed the same', async () => {
        const [prefix, into] = [newKey('calm'), newKey('count')];
        await submit('put', `${prefix}b`, '1');
        const late = await probe
          .newProposal('count', { arguments: [`${prefix}a`, `${prefix}z`, into] })
          .endorse();
        await submit('put', newKey('unrelated'), '1');

        expect((await (await late.submit()).getStatus()).code).toBe(StatusCode.VALID);
        expect(await evaluate('get', into)).toBe('1');
      });

      it('commits many transactions at once, each in exactly one block', async () => {
        const before = await height();
        const keys = Array.from({ length: 120 }, () => newKey('many'));
        const endorsed = await Promise.all(
          keys.map((key) => probe.newProposal('create', { arguments: [key, '1'] }).endorse()),
        );
        // A gateway that misses an orderer's answer reports a failure for what the others ordered; the blocks tell.
        await Promise.allSettled(endorsed.map((transaction) => transaction.submit()));
        const ids: string[] = [];
        for (let next = before; ids.length < keys.length; next += 1)
          ids.push(...(await blocksUpTo(next + 1, next)).flatMap(txIdsOf));

        expect(ids.sort()).toEqual(endorsed.map((transaction) => transaction.getTransactionId()).sort());
      });

      it('counts a transaction once that is submitted twice (code 9)', async () => {
        const key = newKey('twice');
        const transaction = await probe.newProposal('bump', { arguments: [key] }).endorse();
        const first = await (await transaction.submit()).getStatus();
        const again = connection.gateway.newTransaction(transaction.getBytes());
        // Orderers under BFT refuse what they ordered lately, others order it again for the peers to refuse.
        const refused = await again.submit().then(
          () => false,
          (error: unknown) => error instanceof GatewayError,
        );
        await submit('put', newKey('after'), '1');
        const blocks = await blocksUpTo(await height(), Number(first.blockNumber));
        const codes = blocks.flatMap((block) =>
          txIdsOf(block).flatMap((id, index) => (id === first.transactionId ? [codesOf(block)[index]] : [])),
        );

        expect(first.code).toBe(StatusCode.VALID);
        expect(codes).toEqual(refused ? [StatusCode.VALID] : [StatusCode.VALID, StatusCode.DUPLICATE_TXID]);
        expect(await evaluate('get', key)).toBe('1');
        const processed = peer.ProcessedTransaction.deserializeBinary(
          await system().evaluateTransaction('GetTransactionByID', network.channel, first.transactionId),
        );
        expect(processed.getValidationcode()).toBe(StatusCode.VALID);
      });

      it('refuses at commit what too few organisations endorsed (code 10)', async () => {
        const key = newKey('alone');
        const transaction = await probe
          .newProposal('put', { arguments: [key, '1'], endorsingOrganizations: [mspId(0)] })
          .endorse();
        const status = await (await transaction.submit()).getStatus();

        expect(status.code).toBe(StatusCode.ENDORSEMENT_POLICY_FAILURE);
        expect(await evaluate('get', key)).toBe('');
      });
    });

    describe('commit status', () => {
      it('waits for a transaction that is not there until the deadline, then says so', async () => {
        const transaction = await probe.newProposal('put', { arguments: [newKey('never'), '1'] }).endorse();
        const submitted = await transaction.submit();
        await submitted.getStatus();
        const request = gatewayMessages.SignedCommitStatusRequest.deserializeBinary(submitted.getBytes());
        const inner = gatewayMessages.CommitStatusRequest.deserializeBinary(request.getRequest_asU8());
        inner.setTransactionId('00'.repeat(32));
        const unsigned = new gatewayMessages.SignedCommitStatusRequest();
        unsigned.setRequest(inner.serializeBinary());
        const absent = connection.gateway.newCommit(unsigned.serializeBinary());
        const error = await caught(absent.getStatus({ deadline: Date.now() + 300 }));

        expect(error).toBeInstanceOf(CommitStatusError);
        expect((error as CommitStatusError).code).toBe(4);
      });

      it('is answered again and again for a committed transaction', async () => {
        const transaction = await probe.newProposal('put', { arguments: [newKey('asked'), '1'] }).endorse();
        const submitted = await transaction.submit();
        const first = await submitted.getStatus();

        expect(await submitted.getStatus()).toEqual(first);
      });
    });

    describe('queries', () => {
      it('page through more than a hundred keys in the order of their bytes', async () => {
        const prefix = newKey('page');
        await submit('fill', prefix, '250');
        const found = JSON.parse(await evaluate('range', prefix, `${prefix}~`)) as string[];

        expect(found.length).toBe(250);
        expect(found).toEqual([...found].sort());
        expect(found.at(-1)).toBe(`${prefix}0249=249`);
      });

      it('end exactly at a page', async () => {
        const prefix = newKey('hundred');
        await submit('fill', prefix, '100');

        expect(JSON.parse(await evaluate('range', prefix, `${prefix}~`))).toHaveLength(100);
        expect(JSON.parse(await evaluate('range', newKey('none'), newKey('none')))).toEqual([]);
      });

      it('find composite keys by their type', async () => {
        const type = newKey('type');
        for (const attribute of ['b', 'a', '値']) await submit('composite', type, attribute, '1');

        expect(JSON.parse(await evaluate('byType', type))).toEqual(['a', 'b', '値']);
      });

      it('tell the history of a key, newest first, deletions too', async () => {
        const key = newKey('history');
        await submit('put', key, '1');
        await submit('remove', key);
        await submit('put', key, '3');

        expect(JSON.parse(await evaluate('history', key))).toEqual(['3', '-', '1']);
        await submit('remove', key);
        expect(await evaluate('get', key)).toBe('');
      });
    });

    describe('events and blocks', () => {
      it('deliver the events of valid transactions, from a block on or after a transaction', async () => {
        const start = BigInt(await height());
        const channel = connection.gateway.getNetwork(network.channel);
        const payloads = ['1', '2', '3'].map(() => newKey('event'));
        for (const payload of payloads) await submit('announce', 'noted', payload);
        const take = async (options: object, count: number) => {
          const events = await channel.getChaincodeEvents(network.chaincode, options);
          const taken = [];
          for await (const event of events) if (taken.push(event) === count) break;
          events.close();
          return taken;
        };
        const all = await take({ startBlock: start }, 3);
        const checkpoint = {
          getBlockNumber: () => all[0]?.blockNumber,
          getTransactionId: () => all[0]?.transactionId,
        };

        expect(all.map(({ payload }) => text(payload))).toEqual(payloads);
        expect(all.every(({ eventName }) => eventName === 'noted')).toBe(true);
        expect((await take({ checkpoint }, 2)).map(({ payload }) => text(payload))).toEqual(
          payloads.slice(1),
        );
      });

      it('deliver a chain from block 0 that verifies against the pinned genesis block', async () => {
        const end = await height();
        const [genesis, ...blocks] = await blocksUpTo(end);
        let trust = channelTrust(genesis?.serializeBinary() ?? new Uint8Array(), network);
        let previous = { number: 0, hash: Buffer.from(network.genesisHash, 'hex') as Uint8Array };
        for (const block of blocks) {
          const verified = verifyBlock(block.serializeBinary(), trust, { previous });
          trust = verified.trust;
          previous = verified.block;
        }

        expect(previous.number).toBe(end - 1);
      });

      it('deliver the next block to one who waits for it', async () => {
        const next = await height();
        const waiting = blocksUpTo(next + 1, next);
        await submit('put', newKey('next'), '1');

        expect((await waiting).map((block) => block.getHeader()?.getNumber())).toEqual([next]);
      });

      it('deliver filtered blocks with the same ids and codes', async () => {
        const start = await height();
        await submit('announce', 'noted', newKey('filtered'));
        const [block] = await blocksUpTo(start + 1, start);
        const events = await connection.gateway
          .getNetwork(network.channel)
          .getFilteredBlockEvents({ startBlock: BigInt(start) });
        for await (const filtered of events) {
          const transactions = filtered.getFilteredTransactionsList();
          const event = transactions[0]
            ?.getTransactionActions()
            ?.getChaincodeActionsList()[0]
            ?.getChaincodeEvent();

          expect(transactions.map((entry) => entry.getTxid())).toEqual(block && txIdsOf(block));
          expect(event?.getEventName()).toBe('noted');
          expect(event?.getPayload_asU8().length).toBe(0);
          break;
        }
        events.close();
      });

      it('answer the query system chaincode', async () => {
        const transaction = await probe.newProposal('put', { arguments: [newKey('qscc'), '1'] }).endorse();
        const { blockNumber, transactionId } = await (await transaction.submit()).getStatus();
        const ask = (name: string, argument: string) =>
          system().evaluateTransaction(name, network.channel, argument);
        const byNumber = await ask('GetBlockByNumber', String(blockNumber));
        const absent = await caught(ask('GetTransactionByID', 'ff'.repeat(32)));

        expect(hex(await ask('GetBlockByTxID', transactionId))).toBe(hex(byNumber));
        expect(txIdsOf(common.Block.deserializeBinary(byNumber))).toContain(transactionId);
        expect((absent as GatewayError).details.map(({ message }) => message)).toContain(
          `chaincode response 500, Failed to get transaction with id ${'ff'.repeat(32)}, error no such transaction ID [${'ff'.repeat(32)}] in index`,
        );
        expect(await caught(ask('GetBlockByNumber', '999999999'))).toBeInstanceOf(GatewayError);
      });
    });

    describe('restart', () => {
      it('brings back the same blocks, state, history and status', async ({ skip }) => {
        if (network.restart === undefined) return skip();
        const key = newKey('kept');
        const transaction = await probe.newProposal('put', { arguments: [key, '1'] }).endorse();
        const status = await (await transaction.submit()).getStatus();
        await submit('put', key, '2');
        const look = async () => ({
          blocks: (await blocksUpTo(await height())).map((block) => hex(block.serializeBinary())),
          state: await evaluate('range', '', ''),
          history: await evaluate('history', key),
        });
        const before = await look();
        connection.close();
        await network.restart();
        connect();

        expect(await look()).toEqual(before);
        const processed = await system().evaluateTransaction(
          'GetTransactionByID',
          network.channel,
          status.transactionId,
        );
        expect(peer.ProcessedTransaction.deserializeBinary(processed).getValidationcode()).toBe(
          StatusCode.VALID,
        );
        expect(await submit('bump', key)).toBe('3');
      });
    });
  });
}

async function caught(attempt: Promise<unknown>): Promise<unknown> {
  try {
    await attempt;
  } catch (error) {
    return error;
  }
  throw new Error('it was not refused');
}

function payloadsOf(block: common.Block): common.Payload[] {
  return (block.getData()?.getDataList_asU8() ?? []).map((bytes) =>
    common.Payload.deserializeBinary(common.Envelope.deserializeBinary(bytes).getPayload_asU8()),
  );
}

function txIdsOf(block: common.Block): string[] {
  return payloadsOf(block).map((payload) =>
    common.ChannelHeader.deserializeBinary(
      payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array(),
    ).getTxId(),
  );
}

function codesOf(block: common.Block): Uint8Array {
  return block.getMetadata()?.getMetadataList_asU8()[2] ?? new Uint8Array();
}

function storedProposalPayload(blockBytes: Uint8Array): peer.ChaincodeProposalPayload {
  const [payload] = payloadsOf(common.Block.deserializeBinary(blockBytes));
  const [action] = peer.Transaction.deserializeBinary(
    payload?.getData_asU8() ?? new Uint8Array(),
  ).getActionsList();
  const content = peer.ChaincodeActionPayload.deserializeBinary(
    action?.getPayload_asU8() ?? new Uint8Array(),
  );
  return peer.ChaincodeProposalPayload.deserializeBinary(content.getChaincodeProposalPayload_asU8());
}

/** The same proposal with another time, unsigned. */
function redated(bytes: Uint8Array, minutes: number): Uint8Array {
  const proposed = gatewayMessages.ProposedTransaction.deserializeBinary(bytes);
  const signed = proposed.getProposal() ?? new peer.SignedProposal();
  const proposal = peer.Proposal.deserializeBinary(signed.getProposalBytes_asU8());
  const header = common.Header.deserializeBinary(proposal.getHeader_asU8());
  const channelHeader = common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8());
  const timestamp = channelHeader.getTimestamp();
  timestamp?.setSeconds(timestamp.getSeconds() + minutes * 60);
  header.setChannelHeader(channelHeader.serializeBinary());
  proposal.setHeader(header.serializeBinary());
  signed.setProposalBytes(proposal.serializeBinary());
  signed.setSignature('');
  return proposed.serializeBinary();
}
