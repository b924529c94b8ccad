import type { KeyStore } from '../crypto/index.ts';
import type { OrganizationId, PatientId } from '../lib/brand.ts';
import type { Clock } from '../lib/clock.ts';
import type { Database, Queryable } from '../lib/sql.ts';
import type { OpenedVersions } from './opened-versions.ts';
import type { AccessPort, ConsentPort, LogPort } from './ports.ts';
import type { Seal } from './sealing.ts';

/** What records need to work. */
export type RecordsDeps = {
  db: Database;
  keyStore: KeyStore;
  clock: Clock;
  /** This organisation; bound to every sealed row. */
  tenant: OrganizationId;
  /** Absolute URL of the FHIR API, without a slash at its end. */
  baseUrl: string;
  consent: ConsentPort;
  log: LogPort;
  access: AccessPort;
  /** `sealHere`, or what `openSealing` gives. */
  seal: Seal;
  /** Spares opening again what was opened lately. */
  opened: OpenedVersions;
  /** What other modules remove of a patient, in the transaction that erases them. */
  forget: readonly ((tx: Queryable, patientId: PatientId) => Promise<void>)[];
};
