import type { KeyStore } from '../crypto/index.ts';
import type { Members, PeerPort } from '../identity/index.ts';
import type { OrganizationId } from '../lib/brand.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Database } from '../lib/sql.ts';
import type {
  AccessPort,
  BlockPort,
  ConsentPort,
  DecisionPort,
  ExchangePort,
  LedgerPort,
  LogPort,
} from './ports.ts';

/** What working on cases needs. */
export type DisputeDeps = {
  db: Database;
  keyStore: KeyStore;
  clock: Clock;
  logger: Logger;
  /** This organisation. */
  tenant: OrganizationId;
  members: Pick<Members, 'get' | 'list'>;
  ledger: LedgerPort;
  blocks: BlockPort;
  log: LogPort;
  access: AccessPort;
  decisions: DecisionPort;
  consents: ConsentPort;
  exchanges: ExchangePort;
  peers: PeerPort;
  /** How long the parties of a case opened here have to file. */
  answerSeconds: number;
  /** Called after a commit that left something to be submitted or delivered. */
  onQueued?: () => void;
};
