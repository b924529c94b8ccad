import { canonicalJson, hex, parseVerifierKey, sha256, utf8 } from '@medseal/evidence';
import { ContractError } from '../errors.ts';
import { logOrigin } from './keys.ts';

export type MemberKind = 'hospital' | 'pharmacy' | 'regulator' | 'research';
export type MemberState = 'saved' | 'registered' | 'disabled' | 'deleted';
export type MemberEvent = 'approve' | 'disable' | 'enable' | 'remove';

/** What an organisation says about itself. Keys are lower-case hex, except `logKey` (a C2SP verifier key). */
export type MemberContent = {
  organizationId: string;
  kind: MemberKind;
  names: { zh: string; en: string };
  nodeUrl: string;
  tlsFingerprint: string;
  sealingKey: string;
  logKey: string;
  messageKey: string;
};

/** A member as the ledger holds it. */
export type LedgerMember = MemberContent & { mspId: string; state: MemberState };

const patterns = {
  organizationId: /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
  kind: /^(?:hospital|pharmacy|regulator|research)$/,
  nodeUrl: /^https:\/\/(?:[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?$/,
  tlsFingerprint: /^[0-9a-f]{64}$/,
  sealingKey: /^[0-9a-f]{64}$/,
  logKey: /^[\x21-\x7e]{1,300}$/,
  messageKey: /^[0-9a-f]{64}$/,
};
const contentKeys = [...Object.keys(patterns), 'names'];
// One line of text a person can read: no control, format (bidi override) or separator characters.
const nameText = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]{1,200}$/u;

/** State × event → state; what is not listed is refused. The regulator alone raises these events. */
export const memberTransitions: Record<MemberState, Partial<Record<MemberEvent, MemberState>>> = {
  saved: { approve: 'registered', remove: 'deleted' },
  registered: { approve: 'registered', enable: 'registered', disable: 'disabled', remove: 'deleted' },
  disabled: { disable: 'disabled', enable: 'registered', remove: 'deleted' },
  deleted: { remove: 'deleted' },
};

/** Parses the argument of `member:save`; every field is required and no other is taken. */
export function parseMemberContent(json: string): MemberContent {
  const value = parseObject(json);
  if (Object.keys(value).length !== contentKeys.length) throw invalid('exactly the documented fields');
  const text = (field: keyof typeof patterns): string => {
    const entry = value[field];
    if (typeof entry !== 'string' || !patterns[field].test(entry)) throw invalid(field);
    return entry;
  };
  const organizationId = text('organizationId');
  return {
    organizationId,
    kind: text('kind') as MemberKind,
    names: parseNames(value['names']),
    nodeUrl: parseNodeUrl(text('nodeUrl')),
    tlsFingerprint: text('tlsFingerprint'),
    sealingKey: text('sealingKey'),
    logKey: parseLogKey(text('logKey'), organizationId),
    messageKey: text('messageKey'),
  };
}

function parseObject(json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw invalid('JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('a JSON object');
  return value as Record<string, unknown>;
}

// A port above 65535 or a number that is no address fits the pattern: every member that calls the node would fail at it.
function parseNodeUrl(url: string): string {
  if (!URL.canParse(url)) throw invalid('nodeUrl');
  return url;
}

function parseNames(value: unknown): { zh: string; en: string } {
  const { zh, en, ...rest } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  if (typeof zh !== 'string' || typeof en !== 'string' || Object.keys(rest).length > 0)
    throw invalid('names');
  if (![zh, en].every((name) => nameText.test(name) && name.trim() === name)) throw invalid('names');
  return { zh, en };
}

// A signed note names its key; a key under another log's name would let one member's note pass for another's.
function parseLogKey(vkey: string, organizationId: string): string {
  let name: string;
  try {
    name = parseVerifierKey(vkey).name;
  } catch {
    throw invalid('logKey');
  }
  if (name !== logOrigin(organizationId))
    throw invalid(`logKey, whose name must be ${logOrigin(organizationId)}`);
  return vkey;
}

function invalid(field: string): ContractError {
  return new ContractError('MEMBER_INVALID', `the member's entry needs ${field} in its documented form`);
}

/** Who says it, and what the ledger already holds on them. */
export type SaveRequest = {
  content: MemberContent;
  callerMspId: string;
  regulatorMspId: string;
  existing: LedgerMember | undefined;
  /** Organisation the caller's MSP already stands for. */
  callerOrganizationId: string | undefined;
};

/** The member after its own `save`. A changed entry waits for the regulator again; a disabled one stays disabled. */
export function saveMember(request: SaveRequest): LedgerMember {
  const { content, callerMspId, regulatorMspId, existing, callerOrganizationId } = request;
  if (existing !== undefined && existing.mspId !== callerMspId)
    throw new ContractError('MEMBER_NOT_OWN', `${content.organizationId} belongs to another MSP`);
  if (callerOrganizationId !== undefined && callerOrganizationId !== content.organizationId)
    throw new ContractError('MEMBER_MSP_TAKEN', `this MSP already stands for ${callerOrganizationId}`);
  const isRegulator = callerMspId === regulatorMspId;
  if ((content.kind === 'regulator') !== isRegulator)
    throw new ContractError(
      'MEMBER_KIND',
      'the kind regulator is for the MSP of the regulator, and only that',
    );
  if (existing?.state === 'deleted')
    throw new ContractError('MEMBER_STATE', `${content.organizationId} is deleted, which is final`);
  return { ...content, mspId: callerMspId, state: stateAfterSave(request, isRegulator) };
}

function stateAfterSave({ content, existing }: SaveRequest, isRegulator: boolean): MemberState {
  if (isRegulator) return 'registered';
  if (existing === undefined) return 'saved';
  if (existing.state === 'registered')
    return memberEntryDigest(existing) === memberEntryDigest(content) ? 'registered' : 'saved';
  return existing.state;
}

/** Names what a member says about itself: SHA-256 (hex) of the RFC 8785 JSON of its entry, without `mspId` and `state`. */
export function memberEntryDigest(entry: MemberContent): string {
  const said = Object.fromEntries(Object.entries(entry).filter(([field]) => contentKeys.includes(field)));
  return hex(sha256(utf8(canonicalJson(said))));
}

/** The member after an event raised by the regulator. */
export function moveMember(member: LedgerMember, event: MemberEvent): LedgerMember {
  if (member.kind === 'regulator' && event !== 'approve')
    throw new ContractError('MEMBER_STATE', 'the regulator itself stays registered');
  const state = memberTransitions[member.state][event];
  if (state === undefined)
    throw new ContractError(
      'MEMBER_STATE',
      `${event} is not possible: ${member.organizationId} is ${member.state}`,
    );
  return { ...member, state };
}
