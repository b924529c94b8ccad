import { canonicalJson } from '@medseal/evidence';
import { findPatientKey } from '../crypto/index.ts';
import type { Assertion } from '../identity/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { Queryable } from '../lib/sql.ts';
import { appendVersion } from './append-version.ts';
import type { ConsentDeps } from './consent-deps.ts';
import { type ConsentRow, findById, lockById } from './consent-store.ts';
import { ConsentError } from './errors.ts';
import { type OpenedConsent, openConsentRow } from './open-consent.ts';
import { challengeText, parseRevocation, revocationChallenge } from './statement.ts';
import { consentToken } from './tokens.ts';
import type { ConsentView, RevocationStatement, Text } from './types.ts';
import { viewOf } from './view.ts';

const statementMilliseconds = 15 * 60_000;

export type RevocationDraft = { statement: RevocationStatement; challenge: string; summary: Text };
export type SignedRevocation = { patientId: PatientId; statement: unknown; assertion: Assertion };

/** What revoking this consent means, as the statement that the patient's passkey has to sign. */
export async function draftRevocation(
  { patientId, consentId }: { patientId: PatientId; consentId: string },
  deps: ConsentDeps,
): Promise<RevocationDraft> {
  const row = await findById(deps.db, consentToken(deps.keyStore, consentId));
  const opened = ownConsent(row, { patientId, deps });
  if (opened.consent.status !== 'active') throw new ConsentError('CONSENT_NOT_ACTIVE');
  const statement: RevocationStatement = {
    v: 1,
    type: 'medseal/consent-revocation',
    consentId,
    consentVersion: opened.content.version,
    custodian: deps.tenant,
    at: deps.clock.now().toISOString(),
  };
  return { statement, challenge: challengeText(revocationChallenge(statement)), summary };
}

/**
 * Ends a consent by the patient's signed word: a new, inactive version; nothing is deleted. From the commit on this node
 * denies what the consent opened. A repeated, identical revocation gives the stored one.
 */
export async function revokeConsent(signed: SignedRevocation, deps: ConsentDeps): Promise<ConsentView> {
  const statement = parseRevocation(signed.statement);
  const idToken = consentToken(deps.keyStore, statement.consentId);
  await deps.db.transaction((tx) => end(tx, { ...signed, statement, idToken }, deps));
  deps.onQueued?.();
  const row = await findById(deps.db, idToken);
  if (row === undefined) throw new ConsentError('CONSENT_NOT_FOUND');
  return viewOf(row, deps);
}

type Ending = Omit<SignedRevocation, 'statement'> & { statement: RevocationStatement; idToken: Uint8Array };

async function end(
  tx: Queryable,
  { patientId, statement, assertion, idToken }: Ending,
  deps: ConsentDeps,
): Promise<void> {
  // A revocation that we waited for has superseded the row that the statement saw; the next one sees its successor.
  const row = (await lockById(tx, idToken)) ?? (await lockById(tx, idToken));
  const { content, consent } = ownConsent(row, { patientId, deps });
  if (content.revocation !== null) {
    if (canonicalJson(content.revocation) === canonicalJson(statement)) return;
    throw new ConsentError('CONSENT_NOT_ACTIVE');
  }
  requireCurrent(statement, { version: content.version, deps });
  const key = await findPatientKey(tx, patientId, { keyStore: deps.keyStore, lock: 'share' });
  if (key === undefined || row === undefined) throw new ConsentError('CONSENT_NOT_FOUND');
  const challenge = revocationChallenge(statement);
  const verified = await deps.assertions.verifyAssertion(tx, { patientId, assertion, challenge });
  const ended = {
    v: 1 as const,
    version: content.version + 1,
    consent: { ...content.consent, status: 'inactive' },
    revocation: statement,
    assertion: verified,
  };
  await appendVersion(tx, { content: ended, consent, ledgerId: row.ledger_id, key, act: 'revoke' }, deps);
}

function requireCurrent(
  statement: RevocationStatement,
  { version, deps }: { version: number; deps: ConsentDeps },
): void {
  const age = deps.clock.now().getTime() - Date.parse(statement.at);
  if (statement.custodian !== deps.tenant || statement.consentVersion !== version) {
    throw new ConsentError('CONSENT_DRAFT_CHANGED');
  }
  if (age < 0 || age > statementMilliseconds) throw new ConsentError('CONSENT_DRAFT_EXPIRED');
}

/** The consent, when it is this patient's. Another's and an absent one are the same CONSENT_NOT_FOUND. */
function ownConsent(
  row: ConsentRow | undefined,
  { patientId, deps }: { patientId: PatientId; deps: ConsentDeps },
): OpenedConsent {
  const opened = row === undefined ? undefined : openConsentRow(row, deps);
  if (opened === undefined || opened.consent.patientId !== patientId) {
    throw new ConsentError('CONSENT_NOT_FOUND');
  }
  return opened;
}

const summary: Text = {
  zh: '我撤回这项授权。撤回后立即停止提供我的资料；已经提供的无法收回。授权和撤回的记录都会保留。',
  en: 'I take this consent back. From now on nothing more is given under it; what was given before cannot be called back. The consent and its revocation stay on record.',
};
