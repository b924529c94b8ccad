import { ContractError } from '../errors.ts';

export type ConsentStatus = 'active' | 'inactive';

/** A consent as the ledger holds it: nothing of it can be traced to a person without the custodian's salt. */
export type LedgerConsent = {
  id: string;
  version: number;
  commitment: string;
  status: ConsentStatus;
  organizationId: string;
};

/** The consent after `consent:record`; the same request again gives the stored state. */
export function recordConsent(next: LedgerConsent, existing: LedgerConsent | undefined): LedgerConsent {
  if (existing === undefined) {
    if (next.version !== 1) throw new ContractError('CONSENT_VERSION', 'a new consent starts at version 1');
    return next;
  }
  if (existing.organizationId !== next.organizationId)
    throw new ContractError('CONSENT_CUSTODIAN', 'another organisation keeps this consent');
  if (next.version === existing.version) return sameVersion(next, existing);
  if (existing.status === 'inactive')
    throw new ContractError('CONSENT_INACTIVE', 'an inactive consent never changes again');
  if (next.version !== existing.version + 1)
    throw new ContractError('CONSENT_VERSION', `the next version is ${existing.version + 1}`);
  return next;
}

function sameVersion(next: LedgerConsent, existing: LedgerConsent): LedgerConsent {
  if (next.commitment !== existing.commitment || next.status !== existing.status)
    throw new ContractError(
      'CONSENT_CONFLICT',
      `version ${existing.version} was recorded with other content`,
    );
  return existing;
}
