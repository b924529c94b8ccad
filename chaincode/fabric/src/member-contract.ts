import { canonicalJson } from '@medseal/evidence';
import { type Context, Contract } from 'fabric-contract-api';
import { acceptedRegulatorMspId } from './config.ts';
import { ContractError } from './errors.ts';
import {
  type LedgerMember,
  type MemberEvent,
  memberEntryDigest,
  moveMember,
  parseMemberContent,
  saveMember,
} from './rules/member.ts';
import { callerOrganization, readState, writeState } from './state.ts';

/** Who belongs to the alliance, with which keys, in which state. */
export class MemberContract extends Contract {
  constructor() {
    super('member');
  }

  /**
   * Names the regulator, once; its own MSP must ask. An organisation whose chaincode was told in
   * `MEDSEAL_REGULATOR_MSP` which MSP it accepts endorses no other, so a quorum of them decides and not who is first.
   */
  async initialize(ctx: Context, regulatorMspId: string): Promise<string> {
    const stored = await readState<Alliance>(ctx, 'alliance', ['regulator']);
    if (stored?.regulatorMspId === regulatorMspId) return canonicalJson(stored);
    if (stored !== undefined)
      throw new ContractError('ALLIANCE_INITIALIZED', 'the alliance has its regulator already');
    if (regulatorMspId !== (acceptedRegulatorMspId() ?? regulatorMspId))
      throw new ContractError('ALLIANCE_REGULATOR', 'this organisation accepts another regulator');
    if (ctx.clientIdentity.getMSPID() !== regulatorMspId)
      throw new ContractError('ALLIANCE_REGULATOR', 'the MSP to become the regulator must ask itself');
    return writeState(ctx, { type: 'alliance', attributes: ['regulator'], state: { regulatorMspId } });
  }

  /** Saves the caller's own entry; it counts after the regulator approved it. */
  async save(ctx: Context, json: string): Promise<string> {
    const content = parseMemberContent(json);
    const callerMspId = ctx.clientIdentity.getMSPID();
    const regulatorMspId = await this.#regulatorMspId(ctx);
    const callerOrganizationId = await callerOrganization(ctx);
    const existing = await readState<LedgerMember>(ctx, 'member', [content.organizationId]);
    const member = saveMember({ content, callerMspId, regulatorMspId, existing, callerOrganizationId });
    if (callerOrganizationId === undefined) {
      const state = { organizationId: content.organizationId };
      await writeState(ctx, { type: 'member-msp', attributes: [callerMspId], state });
    }
    return this.#write(ctx, member, existing);
  }

  /** The regulator admits a saved entry: the one that it saw, by its digest. */
  async approve(ctx: Context, organizationId: string, entryDigest: string): Promise<string> {
    return this.#move(ctx, organizationId, 'approve', entryDigest);
  }

  /** The regulator suspends a member. */
  async disable(ctx: Context, organizationId: string): Promise<string> {
    return this.#move(ctx, organizationId, 'disable');
  }

  /** The regulator lets a suspended member back in, with the entry that it saw. */
  async enable(ctx: Context, organizationId: string, entryDigest: string): Promise<string> {
    return this.#move(ctx, organizationId, 'enable', entryDigest);
  }

  /** The regulator ends a membership for good. */
  async remove(ctx: Context, organizationId: string): Promise<string> {
    return this.#move(ctx, organizationId, 'remove');
  }

  /** One member, in whatever state. */
  async get(ctx: Context, organizationId: string): Promise<string> {
    return canonicalJson(await this.#require(ctx, organizationId));
  }

  /** All members, deleted ones too, by organisation id. */
  async list(ctx: Context): Promise<string> {
    const members: unknown[] = [];
    for await (const { value } of ctx.stub.getStateByPartialCompositeKey('member', []))
      members.push(JSON.parse(new TextDecoder().decode(value)));
    return canonicalJson(members);
  }

  override async unknownTransaction(): Promise<void> {
    throw new ContractError('TRANSACTION_UNKNOWN', 'contract member has no such transaction');
  }

  async #move(
    ctx: Context,
    organizationId: string,
    event: MemberEvent,
    entryDigest?: string,
  ): Promise<string> {
    if (ctx.clientIdentity.getMSPID() !== (await this.#regulatorMspId(ctx)))
      throw new ContractError('ALLIANCE_REGULATOR', `${event} is for the regulator`);
    const member = await this.#require(ctx, organizationId);
    if (entryDigest !== undefined && entryDigest !== memberEntryDigest(member))
      throw new ContractError('MEMBER_CHANGED', `${organizationId} has changed its entry since`);
    return this.#write(ctx, moveMember(member, event), member);
  }

  async #write(ctx: Context, member: LedgerMember, before: LedgerMember | undefined): Promise<string> {
    const text = canonicalJson(member);
    if (before !== undefined && canonicalJson(before) === text) return text;
    return writeState(ctx, { type: 'member', attributes: [member.organizationId], state: member });
  }

  async #require(ctx: Context, organizationId: string): Promise<LedgerMember> {
    const member = await readState<LedgerMember>(ctx, 'member', [organizationId]);
    if (member === undefined) throw new ContractError('MEMBER_ABSENT', `no member ${organizationId}`);
    return member;
  }

  async #regulatorMspId(ctx: Context): Promise<string> {
    const alliance = await readState<Alliance>(ctx, 'alliance', ['regulator']);
    if (alliance === undefined)
      throw new ContractError('ALLIANCE_NOT_INITIALIZED', 'the alliance has no regulator yet');
    return alliance.regulatorMspId;
  }
}

type Alliance = { regulatorMspId: string };
