import { common, peer } from '@hyperledger/fabric-protos';
import { blockHash, codesOf, envelopesOf, headerOf, signedBlock } from './blocks/block.ts';
import { openBlockFile } from './blocks/block-file.ts';
import { SoloError } from './errors.ts';
import { layoutOf } from './material/layout.ts';
import type { Network } from './material/open-network.ts';
import type { Membership } from './membership.ts';
import type { OwnEndorsements } from './own-endorsements.ts';
import { parse } from './protobuf.ts';
import { equal, sha256 } from './signature.ts';
import { createState, type StateView } from './state.ts';
import { type OpenedTransaction, openTransaction, type SubmittedTransaction } from './transaction.ts';
import { type ValidationCode, validateBlock } from './validate.ts';
import { createWaiters } from './waiters.ts';

export type Committed = { block: number; index: number; code: ValidationCode };

/** The chain of blocks with the state they make. */
export type Chain = {
  /** Number of blocks that are durable and applied. */
  readonly height: number;
  readonly lastHash: { current: Uint8Array; previous: Uint8Array };
  /** The state as of now; stands still while a transaction runs. */
  view(): StateView;
  find(txId: string): Committed | undefined;
  readBlock(number: number): Promise<common.Block>;
  /** Makes the next block of these transactions: judged, signed, fsynced, applied, then told to who waits. */
  commit(transactions: readonly SubmittedTransaction[]): Promise<void>;
  /** Resolves when the transaction is in a durable block. */
  whenCommitted(txId: string, signal: AbortSignal): Promise<Committed>;
  /** Resolves when block `number` is durable. */
  whenBlock(number: number, signal: AbortSignal): Promise<void>;
  /** Lets go of all who wait; the chain can still be read. */
  stopWaiting(): void;
  close(): Promise<void>;
};

/** Opens the block file and replays it; the first block of a new chain is the network's configuration. */
export async function openChain(
  network: Network,
  trust: Trust,
): Promise<{ chain: Chain; tornBytes: number }> {
  const ledger = new Ledger(network, trust);
  const path = layoutOf(network.directory).blocks;
  const { file, tornBytes } = await openBlockFile(path, (bytes) => ledger.replay(bytes));
  if (file.height === 0) {
    await file.append(network.genesis);
    ledger.replay(network.genesis);
  }
  return { chain: chainOf(ledger, file), tornBytes };
}

/** Whose signatures count. */
export type Trust = { membership: Membership; ownEndorsements: OwnEndorsements };

type File = Awaited<ReturnType<typeof openBlockFile>>['file'];

function chainOf(ledger: Ledger, file: File): Chain {
  const waiters = createWaiters();
  return {
    get height() {
      return ledger.height;
    },
    get lastHash() {
      return ledger.lastHash;
    },
    view: () => ledger.view(),
    find: (txId) => ledger.find(txId),
    readBlock: async (number) => parse(common.Block, await file.read(number), 'block'),
    commit: async (transactions) => {
      const { block, judged } = ledger.build(transactions.map(({ bytes }) => bytes));
      try {
        await file.append(block.serializeBinary());
      } catch (error) {
        waiters.close(); // nothing will be committed any more
        throw error;
      }
      ledger.apply(block, judged);
      waiters.wake();
    },
    whenCommitted: async (txId, signal) => {
      await waiters.until(() => ledger.find(txId) !== undefined, signal);
      const committed = ledger.find(txId);
      if (committed === undefined) throw new SoloError('LEDGER_CLOSED', 'the ledger is closing');
      return committed;
    },
    whenBlock: (number, signal) => waiters.until(() => ledger.height > number, signal),
    stopWaiting: () => waiters.close(),
    close: () => file.close(),
  };
}

type Judged = { transaction: OpenedTransaction; code: ValidationCode };

/** State and indexes in memory; every change to them comes from a block. */
class Ledger {
  height = 0;
  lastHash: { current: Uint8Array; previous: Uint8Array } = {
    current: new Uint8Array(),
    previous: new Uint8Array(),
  };
  readonly #network: Network;
  readonly #trust: Trust;
  readonly #state = createState();
  readonly #transactions = new Map<string, Committed>();

  constructor(network: Network, trust: Trust) {
    this.#network = network;
    this.#trust = trust;
  }

  view(): StateView {
    return this.#state.view(this.height);
  }

  find(txId: string): Committed | undefined {
    return this.#transactions.get(txId);
  }

  build(envelopes: readonly Uint8Array[]): { block: common.Block; judged: Judged[] } {
    const judged = validateBlock(envelopes, {
      state: this.view(),
      ...this.#trust,
      chaincode: this.#network.chaincode,
      mspIds: this.#network.organizations.map(({ mspId }) => mspId),
      isCommitted: (txId) => this.#transactions.has(txId),
    });
    const block = signedBlock({
      number: this.height,
      previousHash: this.lastHash.current,
      envelopes,
      codes: Uint8Array.from(judged, ({ code }) => code),
      orderer: this.#network.orderer.identity,
    });
    return { block, judged };
  }

  apply(block: common.Block, judged: readonly Judged[]): void {
    const number = headerOf(block).getNumber();
    for (const [index, { transaction, code }] of judged.entries()) {
      const { txId, timestamp, readWriteSet } = transaction;
      if (code !== peer.TxValidationCode.DUPLICATE_TXID)
        this.#transactions.set(txId, { block: number, index, code });
      if (code === peer.TxValidationCode.VALID)
        this.#state.apply(readWriteSet.writes, { block: number, transaction: index, txId, timestamp });
    }
    this.lastHash = { previous: headerOf(block).getPreviousHash_asU8(), current: blockHash(block) };
    this.height = number + 1;
  }

  /** Takes a block from the file, after checking that it is the next one. */
  replay(bytes: Uint8Array): void {
    const block = parse(common.Block, bytes, 'block');
    const header = headerOf(block);
    const envelopes = envelopesOf(block);
    const codes = codesOf(block);
    const sound =
      header.getNumber() === this.height &&
      equal(header.getPreviousHash_asU8(), this.lastHash.current) &&
      equal(header.getDataHash_asU8(), sha256(...envelopes)) &&
      codes.length === envelopes.length &&
      (this.height > 0 || equal(bytes, this.#network.genesis));
    if (!sound) throw new SoloError('BLOCKS_CORRUPT', `block ${this.height} is not the next of this chain`);
    const transactions = this.height === 0 ? [] : envelopes.map(openTransaction);
    this.apply(
      block,
      transactions.map((transaction, index) => ({ transaction, code: codes[index] ?? 255 })),
    );
  }
}
