import { commitRecord, discloseRecord, type EvidenceBundle, evidenceBundle, hex } from '@medseal/evidence';
import type { ConsentEvidence, Decision, Permit, PreparedDecision } from '../consent/index.ts';
import type { LeafEvidence } from '../evidence-log/index.ts';
import type { Actor } from '../identity/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { OpenedVersion } from '../records/index.ts';
import { ExchangeError } from './errors.ts';
import type { ProofDeps } from './proof-ports.ts';
import { withheldNames } from './release.ts';
import { findExchanges } from './store.ts';
import type { ExchangeReceipt } from './types.ts';

/** One version of a record that was given to `partner` under one of its requests. */
export type DisclosureName = {
  requestId: string;
  partner: string;
  type: string;
  id: string;
  version: number;
};
/** Who asks for a proof, and the request as the audit names it. */
export type ProofCaller = { actor: Actor; requestId: string | undefined; query: string };

const overseers: ReadonlySet<string> = new Set(['privacy-officer', 'administrator', 'regulator']);
// What names the record that was given away. `meta` carries the sensitivity labels.
const naming: ReadonlySet<string> = new Set(['resourceType', 'id']);

type Disclosure = {
  receipt: ExchangeReceipt;
  patientId: PatientId;
  given: Permit;
  record: OpenedVersion;
  consent: ConsentEvidence | undefined;
};

/**
 * The file that proves to a stranger which version of a record this source gave to whom, on which decision and which
 * consent. Elements that the partner did not get are not in it; nor is what the policy does not show to the caller:
 * overseers who may not read the record get digests alone. What was not disclosed, is another's or erased, and what the
 * caller may not ask for, are the same EXCHANGE_NOT_FOUND. The attempt is on record before anything is answered.
 */
export async function proveDisclosure(
  name: DisclosureName,
  { caller, deps }: { caller: ProofCaller; deps: ProofDeps },
): Promise<EvidenceBundle> {
  const found = await findDisclosure(name, deps);
  const asked = found !== undefined && mayAsk(caller.actor, found.patientId) ? found : undefined;
  const prepared = asked === undefined ? undefined : await decide(asked, name, { caller, deps });
  await note({ name, found, prepared }, { caller, deps });
  if (asked === undefined || prepared === undefined) throw new ExchangeError('EXCHANGE_NOT_FOUND');
  return bundleOf(asked, prepared.decision, deps);
}

async function findDisclosure(
  { requestId, partner, type, id, version }: DisclosureName,
  deps: ProofDeps,
): Promise<Disclosure | undefined> {
  const rows = await findExchanges(deps.db, requestId);
  const row = rows.find((each) => each.direction === 'answered' && each.partner === partner);
  const receipt = row?.receipt;
  if (receipt?.permit !== true) return undefined;
  const given = await deps.decisions.permitGiven(receipt.decisionId);
  if (given === undefined) return undefined;
  const { patientId, decision } = given;
  const record = await deps.records.openVersion({ patientId, type, id, version });
  if (record === undefined) return undefined;
  if (!receipt.records.includes(hex(commitRecord(record.resource, record.contentSalt)))) return undefined;
  const consent = await consentFor(record, decision, deps);
  const own = consent?.patientId === patientId ? consent : undefined;
  return { receipt, patientId, given: decision, record, consent: own };
}

/** The consent whose grant released the record, where several consents made up the decision. */
async function consentFor(
  { descriptor }: OpenedVersion,
  given: Permit,
  { decisions, consents }: ProofDeps,
): Promise<ConsentEvidence | undefined> {
  const grant = given.grants.find(
    (each) => decisions.releases({ ...given, grants: [each] }, descriptor) === 'release',
  );
  const { consentId, consentVersion } = grant ?? {};
  if (consentId === undefined || consentVersion === undefined) return undefined;
  return consents.evidence({ id: consentId, version: consentVersion });
}

function mayAsk(actor: Actor, patientId: PatientId): boolean {
  if (actor.kind === 'patient') return actor.patientId === patientId;
  return isOverseer(actor);
}

/** Who oversees exchanges at this organisation. */
export function isOverseer(actor: Actor): boolean {
  return actor.kind === 'staff' && actor.roles.some((role) => overseers.has(role));
}

function decide(
  { patientId, record }: Disclosure,
  { type }: DisclosureName,
  { caller, deps }: { caller: ProofCaller; deps: ProofDeps },
): Promise<PreparedDecision> {
  const request = {
    actor: caller.actor,
    patient: patientId,
    purpose: purposeOf(caller.actor),
    action: 'read' as const,
    types: [type, 'Consent'],
    requestedAt: deps.clock.now().toISOString(),
  };
  return deps.decisions.prepare(request, record.key);
}

function purposeOf(actor: Actor): string {
  return actor.kind === 'patient' ? 'PATRQT' : 'HOPERAT';
}

type Attempt = {
  name: DisclosureName;
  found: Disclosure | undefined;
  prepared: PreparedDecision | undefined;
};

async function note(
  { name, found, prepared }: Attempt,
  { caller, deps }: { caller: ProofCaller; deps: ProofDeps },
): Promise<void> {
  const { partner, type, id, version } = name;
  const entry = {
    ...caller,
    interaction: 'vread' as const,
    at: deps.clock.now().toISOString(),
    patientId: found?.patientId,
    purpose: purposeOf(caller.actor),
    instances: found === undefined ? [] : [`${type}/${id}/_history/${version}`],
    counterpart: partner,
  };
  if (prepared === undefined) {
    const reason = found === undefined ? 'EXCHANGE_NOT_FOUND' : 'IDENTITY_FORBIDDEN';
    await deps.access.write({ ...entry, outcome: 'denied', reasons: [reason] });
    return;
  }
  const { decisionId } = prepared.decision.receipt;
  await deps.access.write({ ...entry, outcome: 'success', decisionId }, prepared.record);
}

async function bundleOf(
  { receipt, given, record, consent }: Disclosure,
  decision: Decision,
  { decisions, proofs }: ProofDeps,
): Promise<EvidenceBundle> {
  const seesConsent = decisions.releases(decision, { type: 'Consent', id: '', labels: [] }) === 'release';
  const shown = seesConsent ? consent : undefined;
  const leafIds = [record.leafId, ...(shown === undefined ? [] : [shown.leafId])];
  // Both under one checkpoint, which the bundle holds once.
  const [own, agreed] = await proofs.proofsFor(leafIds);
  if (own?.state !== 'anchored' || (shown !== undefined && agreed?.state !== 'anchored'))
    throw new ExchangeError('EXCHANGE_PROOF_PENDING');
  const { leaf, leafIndex, inclusionProof, checkpoint, anchor, confirmation } = own;
  const withheld = withheldFrom(record, { given, decision });
  return evidenceBundle({
    disclosure: discloseRecord(record.resource, record.contentSalt, withheld),
    ...{ leaf, leafIndex, inclusionProof, checkpoint, anchor },
    release: { receipt, decision: given.receipt },
    ...(shown === undefined || agreed?.state !== 'anchored' ? {} : { consent: consentPart(shown, agreed) }),
    ...(await proofs.blocks({ anchor, confirmation })),
  });
}

function consentPart(
  { content, salt }: ConsentEvidence,
  { leaf, leafIndex, inclusionProof }: LeafEvidence & { state: 'anchored' },
): NonNullable<EvidenceBundle['consent']> {
  return { content, salt, leaf, leafIndex, inclusionProof };
}

/** What was withheld then, and what the caller may not see now. */
function withheldFrom(
  { resource, isShownBy }: OpenedVersion,
  { given, decision }: { given: Permit; decision: Decision },
): ReadonlySet<string> {
  if (!decision.permit || !isShownBy(decision))
    return new Set(Object.keys(resource).filter((element) => !naming.has(element)));
  return withheldNames(resource.resourceType, [...given.redactions, ...decision.redactions]);
}
