import type { KeyStore } from '../crypto/index.ts';
import type { Members } from '../identity/index.ts';
import type { OrganizationId } from '../lib/brand.ts';
import type { Clock } from '../lib/clock.ts';
import type { Database } from '../lib/sql.ts';
import type { Decisions } from './decisions.ts';
import type { AccessPort, AssertionPort, EvidencePort } from './ports.ts';

/** What granting, revoking and reading consents needs. */
export type ConsentDeps = {
  db: Database;
  keyStore: KeyStore;
  clock: Clock;
  /** This organisation: the custodian of every consent kept here. */
  tenant: OrganizationId;
  members: Pick<Members, 'get'>;
  /** Decides who may read consents. */
  decisions: Pick<Decisions, 'decide'>;
  evidence: EvidencePort;
  access: AccessPort;
  assertions: AssertionPort;
  /** Called after a commit that put something into the outbox. */
  onQueued?: () => void;
};
