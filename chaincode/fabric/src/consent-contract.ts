import { canonicalJson } from '@medseal/evidence';
import { type Context, Contract } from 'fabric-contract-api';
import { ContractError } from './errors.ts';
import { type ConsentStatus, type LedgerConsent, recordConsent } from './rules/consent.ts';
import { readState, registeredCaller, writeState } from './state.ts';

/** Salted commitments to consents and whether they stand. */
export class ConsentContract extends Contract {
  constructor() {
    super('consent');
  }

  /** Records the next version of a consent kept by the caller. */
  async record(ctx: Context, ...[id, version, commitment, status]: ConsentArguments): Promise<string> {
    const { organizationId } = await registeredCaller(ctx);
    const existing = await readState<LedgerConsent>(ctx, 'consent', [id]);
    const next = { id, version: Number(version), commitment, status, organizationId };
    const consent = recordConsent(next, existing);
    if (consent === existing) return canonicalJson(existing);
    return writeState(ctx, { type: 'consent', attributes: [id], state: consent });
  }

  /** The latest version of one consent. */
  async get(ctx: Context, id: string): Promise<string> {
    const consent = await readState<LedgerConsent>(ctx, 'consent', [id]);
    if (consent === undefined) throw new ContractError('CONSENT_ABSENT', 'no consent of this id');
    return canonicalJson(consent);
  }

  override async unknownTransaction(): Promise<void> {
    throw new ContractError('TRANSACTION_UNKNOWN', 'contract consent has no such transaction');
  }
}

type ConsentArguments = [id: string, version: string, commitment: string, status: ConsentStatus];
