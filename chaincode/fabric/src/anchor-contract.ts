import { canonicalJson } from '@medseal/evidence';
import { type Context, Contract } from 'fabric-contract-api';
import { ContractError } from './errors.ts';
import { appendAnchor, type LedgerAnchor, openAnchor } from './rules/anchor.ts';
import { sizeAttribute } from './rules/keys.ts';
import { readState, registeredCaller, writeState } from './state.ts';

/** Checkpoints of the members' logs, each proved to contain the one before it. */
export class AnchorContract extends Contract {
  constructor() {
    super('anchor');
  }

  /** Anchors a checkpoint of the caller's log; a log that was rewritten since the last one is refused. */
  async append(ctx: Context, note: string, oldSize: string, consistencyProof: string): Promise<string> {
    const { organizationId, logKey } = await registeredCaller(ctx);
    const next = openAnchor(note, organizationId, logKey);
    const size = sizeAttribute(next.treeSize);
    const anchor = appendAnchor({
      next,
      latest: await readState<LedgerAnchor>(ctx, 'anchor', [organizationId]),
      atSize: await readState<LedgerAnchor>(ctx, 'checkpoint', [organizationId, size]),
      oldSize: Number(oldSize),
      proof: JSON.parse(consistencyProof) as string[],
    });
    if (anchor !== next) return canonicalJson(anchor);
    await writeState(ctx, { type: 'checkpoint', attributes: [organizationId, size], state: anchor });
    return writeState(ctx, { type: 'anchor', attributes: [organizationId], state: anchor });
  }

  /** The latest anchored checkpoint of a member. */
  async latest(ctx: Context, organizationId: string): Promise<string> {
    return this.#found(await readState<LedgerAnchor>(ctx, 'anchor', [organizationId]));
  }

  /** The checkpoint a member anchored at exactly this size. */
  async get(ctx: Context, organizationId: string, size: string): Promise<string> {
    const attributes = [organizationId, sizeAttribute(Number(size))];
    return this.#found(await readState<LedgerAnchor>(ctx, 'checkpoint', attributes));
  }

  override async unknownTransaction(): Promise<void> {
    throw new ContractError('TRANSACTION_UNKNOWN', 'contract anchor has no such transaction');
  }

  #found(anchor: LedgerAnchor | undefined): string {
    if (anchor === undefined) throw new ContractError('ANCHOR_ABSENT', 'no such checkpoint is anchored');
    return canonicalJson(anchor);
  }
}
