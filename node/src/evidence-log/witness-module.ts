import { cosigner, type ForkProof, hex, witnessName } from '@medseal/evidence';
import type { KeyStore } from '../crypto/index.ts';
import type { Members, PeerPort } from '../identity/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Database } from '../lib/sql.ts';
import { cosignatureCollector, quorumOf, witnessesOf } from './cosign.ts';
import { latestCosignedNote } from './cosign-store.ts';
import { EvidenceLogError } from './errors.ts';
import { readTreeSize } from './leaf-store.ts';
import { createTileCache } from './tile-store.ts';
import { proveGrowth } from './tree.ts';
import { addCheckpoint, type WitnessAnswer } from './witness.ts';
import { claimSettler } from './witness-claims.ts';
import { listForks, listWitnessed } from './witness-store.ts';
import { startRounds, type WitnessPace } from './witness-worker.ts';

export type WitnessingDeps = {
  db: Database;
  keyStore: Pick<KeyStore, 'sign' | 'publicKey'>;
  organizationId: string;
  members: Pick<Members, 'list'>;
  peers: PeerPort;
  /** How many other members must cosign this node's checkpoints; undefined: more than half of them. */
  quorum: number | undefined;
  clock: Clock;
  logger: Logger;
  pace?: WitnessPace;
  graceMilliseconds?: number;
};

export type WitnessStatus = {
  /** Largest own checkpoint that a quorum cosigned. */
  cosignedSize: number;
  quorum: number;
  witnesses: number;
  /** Other members' logs as this node, as their witness, knows them. */
  logs: { organizationId: string; cosignedSize: number; openClaims: number; forked: boolean }[];
};

/** This node as a witness of the others' logs, and its own log under theirs. */
export type Witnessing = {
  /** C2SP tlog-witness add-checkpoint; throws EvidenceLogError WITNESS_… to refuse. */
  addCheckpoint(body: unknown): Promise<WitnessAnswer>;
  /** How this node's own log grew between two sizes, for a witness that has doubts. */
  proveGrowth(sizes: { oldSize: number; newSize: number }): Promise<string[]>;
  /** Forks that this node can prove to anybody. */
  forks(): Promise<{ organizationId: string; proof: ForkProof; foundAt: string }[]>;
  status(): Promise<WitnessStatus>;
  /** Asks the witnesses once for cosignatures of the latest anchored checkpoint. */
  collect(): Promise<void>;
  /** Takes up once what other logs have shown but not anchored, and reports forks. */
  settle(): Promise<void>;
  /** Does both in the background, while `isLead` says so: one process of the node is enough to ask the others'. */
  start(isLead?: () => boolean): { stop(): Promise<void> };
};

const defaultGrace = 2_000;

/** Builds the witness over the node's database, key and partners. */
export function createWitnessing(deps: WitnessingDeps): Witnessing {
  const { db, keyStore, organizationId, logger, pace } = deps;
  const tiles = createTileCache();
  const signer = cosigner(witnessName(organizationId), keyStore.publicKey('log'), (text) =>
    keyStore.sign('log', text),
  );
  const collect = cosignatureCollector({ ...deps, tiles });
  const settle = claimSettler({ ...deps, graceMilliseconds: deps.graceMilliseconds ?? defaultGrace });
  return {
    addCheckpoint: (body) => addCheckpoint(body, { ...deps, signer }),
    proveGrowth: async ({ oldSize, newSize }) => {
      if (oldSize < 1 || oldSize >= newSize || newSize > (await readTreeSize(db)))
        throw new EvidenceLogError('WITNESS_REQUEST_INVALID', { message: 'sizes' });
      return (await proveGrowth(db, tiles, [oldSize, newSize])).map(hex);
    },
    forks: () => listForks(db),
    status: async () => {
      const witnesses = (await witnessesOf(deps)).length;
      const cosignedSize = (await latestCosignedNote(db))?.treeSize ?? 0;
      const quorum = quorumOf(deps.quorum, witnesses);
      return { cosignedSize, quorum, witnesses, logs: await listWitnessed(db) };
    },
    collect,
    settle,
    start: (isLead = () => true) => {
      const rounds = [collect, settle].map((round) => async () => {
        if (isLead()) await round();
      });
      return startRounds(rounds, pace === undefined ? { logger } : { logger, pace });
    },
  };
}
