import { canonicalJson } from '@medseal/evidence';
import { type Context, Contract } from 'fabric-contract-api';
import { ContractError } from './errors.ts';
import type { LedgerAnchor } from './rules/anchor.ts';
import {
  closeDispute,
  type DisputeMoment,
  type DisputeParty,
  decideDispute,
  examineDispute,
  fileDispute,
  type LedgerDispute,
  lapseDispute,
  openDispute,
  withdrawDispute,
} from './rules/dispute.ts';
import { sizeAttribute } from './rules/keys.ts';
import type { LedgerMember } from './rules/member.ts';
import { readState, registeredCaller, writeState } from './state.ts';

/** Cases about accesses: who is concerned, until when they answer, and salted commitments to what they said. */
export class DisputeContract extends Contract {
  constructor() {
    super('dispute');
  }

  /** Opens a case. How far each party's log is anchored at this moment is read here, not told by the caller. */
  async open(ctx: Context, ...[id, partyIds, deadlineAt, commitment]: OpenArguments): Promise<string> {
    const moment = await momentOf(ctx);
    const existing = await readState<LedgerDispute>(ctx, 'dispute', [id]);
    const parties: DisputeParty[] = [];
    for (const organizationId of JSON.parse(partyIds) as string[])
      parties.push(await partyOf(ctx, organizationId));
    const dispute = openDispute({ ...moment, id, parties, deadlineAt, commitment, existing });
    return this.#write(ctx, dispute, existing);
  }

  /** A party files; the checkpoint that its proofs lead to must be on the ledger. */
  async file(ctx: Context, id: string, commitment: string, size: string): Promise<string> {
    const moment = await momentOf(ctx);
    const dispute = await this.#require(ctx, id);
    const attributes = [moment.caller.organizationId, sizeAttribute(Number(size))];
    const anchor = await readState<LedgerAnchor>(ctx, 'checkpoint', attributes);
    if (anchor === undefined)
      throw new ContractError('DISPUTE_CHECKPOINT', 'the caller has anchored no checkpoint of this size');
    const { treeSize, rootHash } = anchor;
    return this.#write(ctx, fileDispute(dispute, { ...moment, commitment, treeSize, rootHash }), dispute);
  }

  /** Marks that the deadline has passed without every filing. */
  async lapse(ctx: Context, id: string): Promise<string> {
    const moment = await momentOf(ctx);
    const dispute = await this.#require(ctx, id);
    return this.#write(ctx, lapseDispute(dispute, moment), dispute);
  }

  /** The regulator's finding on the case as it was at a step, without the filings that were never delivered. */
  async examine(ctx: Context, ...[id, commitment, step, withheldIds]: ExamineArguments): Promise<string> {
    const moment = await momentOf(ctx);
    const dispute = await this.#require(ctx, id);
    const withheld = JSON.parse(withheldIds) as string[];
    const next = examineDispute(dispute, { ...moment, commitment, step: Number(step), withheld });
    return this.#write(ctx, next, dispute);
  }

  /** The regulator's decision. */
  async decide(ctx: Context, id: string, commitment: string): Promise<string> {
    const moment = await momentOf(ctx);
    const dispute = await this.#require(ctx, id);
    return this.#write(ctx, decideDispute(dispute, { ...moment, commitment }), dispute);
  }

  /** The regulator ends a decided case. */
  async close(ctx: Context, id: string): Promise<string> {
    const moment = await momentOf(ctx);
    const dispute = await this.#require(ctx, id);
    return this.#write(ctx, closeDispute(dispute, moment), dispute);
  }

  /** The opener takes the case back before it is examined. */
  async withdraw(ctx: Context, id: string): Promise<string> {
    const moment = await momentOf(ctx);
    const dispute = await this.#require(ctx, id);
    return this.#write(ctx, withdrawDispute(dispute, moment), dispute);
  }

  /** One case. */
  async get(ctx: Context, id: string): Promise<string> {
    return canonicalJson(await this.#require(ctx, id));
  }

  override async unknownTransaction(): Promise<void> {
    throw new ContractError('TRANSACTION_UNKNOWN', 'contract dispute has no such transaction');
  }

  async #require(ctx: Context, id: string): Promise<LedgerDispute> {
    const dispute = await readState<LedgerDispute>(ctx, 'dispute', [id]);
    if (dispute === undefined) throw new ContractError('DISPUTE_ABSENT', 'no case of this id');
    return dispute;
  }

  async #write(ctx: Context, dispute: LedgerDispute, before: LedgerDispute | undefined): Promise<string> {
    if (dispute === before) return canonicalJson(dispute);
    return writeState(ctx, { type: 'dispute', attributes: [dispute.id], state: dispute });
  }
}

type OpenArguments = [id: string, partyIds: string, deadlineAt: string, commitment: string];
type ExamineArguments = [id: string, commitment: string, step: string, withheldIds: string];

/** Who calls and when. The time is the client's claim (docs/formats/chaincode.md, "Disputes"). */
async function momentOf(ctx: Context): Promise<DisputeMoment> {
  const { organizationId, kind } = await registeredCaller(ctx);
  // The kind regulator is for the MSP of the regulator, and only that (member:save).
  return { caller: { organizationId, isRegulator: kind === 'regulator' }, at: ctx.stub.getDateTimestamp() };
}

async function partyOf(ctx: Context, organizationId: string): Promise<DisputeParty> {
  const member = await readState<LedgerMember>(ctx, 'member', [organizationId]);
  if (member === undefined || member.state === 'saved' || member.kind === 'regulator')
    throw new ContractError('DISPUTE_PARTIES', 'a party is a member of the alliance, and not its regulator');
  const anchor = await readState<LedgerAnchor>(ctx, 'anchor', [organizationId]);
  return { organizationId, treeSize: anchor?.treeSize ?? 0, messageKey: member.messageKey };
}
