import { canonicalJson } from '@medseal/evidence';
import type { Context } from 'fabric-contract-api';
import { ContractError } from './errors.ts';
import { compositeKey, type LedgerKeyType } from './rules/keys.ts';
import type { LedgerMember } from './rules/member.ts';

/** Reads one fact; undefined when the ledger holds none. Only this chaincode writes its namespace. */
export async function readState<State>(
  ctx: Context,
  type: LedgerKeyType,
  attributes: readonly string[],
): Promise<State | undefined> {
  const bytes = await ctx.stub.getState(compositeKey(type, attributes));
  return bytes.length === 0 ? undefined : (JSON.parse(new TextDecoder().decode(bytes)) as State);
}

/** Writes one fact as canonical JSON (RFC 8785) and returns that text. */
export async function writeState(
  ctx: Context,
  { type, attributes, state }: { type: LedgerKeyType; attributes: readonly string[]; state: object },
): Promise<string> {
  const text = canonicalJson(state);
  await ctx.stub.putState(compositeKey(type, attributes), new TextEncoder().encode(text));
  return text;
}

/** The organisation whose MSP signed the proposal, if it has an entry. */
export async function callerOrganization(ctx: Context): Promise<string | undefined> {
  const binding = await readState<{ organizationId: string }>(ctx, 'member-msp', [
    ctx.clientIdentity.getMSPID(),
  ]);
  return binding?.organizationId;
}

/** The caller as a member in good standing; anybody else may neither record nor anchor. */
export async function registeredCaller(ctx: Context): Promise<LedgerMember> {
  const organizationId = await callerOrganization(ctx);
  const member =
    organizationId === undefined ? undefined : await readState<LedgerMember>(ctx, 'member', [organizationId]);
  if (member?.state !== 'registered')
    throw new ContractError('MEMBER_NOT_REGISTERED', 'the caller is not a registered member of the alliance');
  return member;
}
