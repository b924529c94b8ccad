import { type Context, Contract } from 'fabric-contract-api';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** Touches every part of the chaincode interface, so that a ledger can be tested through it. */
class Probe extends Contract {
  constructor() {
    super('probe');
  }

  async put(ctx: Context, key: string, value: string): Promise<string> {
    await ctx.stub.putState(key, Buffer.from(value));
    return value;
  }

  async get(ctx: Context, key: string): Promise<string> {
    return text(await ctx.stub.getState(key));
  }

  /** Refuses a second write, as an idempotent fact does. */
  async create(ctx: Context, key: string, value: string): Promise<string> {
    if ((await ctx.stub.getState(key)).length > 0) throw new Error('PROBE_EXISTS: the key has a value');
    await ctx.stub.putState(key, Buffer.from(value));
    return text(await ctx.stub.getState(key));
  }

  async bump(ctx: Context, key: string): Promise<string> {
    const next = String(Number(text(await ctx.stub.getState(key))) + 1);
    await ctx.stub.putState(key, Buffer.from(next));
    return next;
  }

  async remove(ctx: Context, key: string): Promise<string> {
    await ctx.stub.deleteState(key);
    return key;
  }

  async range(ctx: Context, start: string, end: string): Promise<string> {
    const found: string[] = [];
    for await (const { key, value } of ctx.stub.getStateByRange(start, end))
      found.push(`${key}=${text(value)}`);
    return JSON.stringify(found);
  }

  async count(ctx: Context, start: string, end: string, into: string): Promise<string> {
    let count = 0;
    for await (const _ of ctx.stub.getStateByRange(start, end)) count += 1;
    await ctx.stub.putState(into, Buffer.from(String(count)));
    return String(count);
  }

  /** Leaves the query after its first result. */
  async first(ctx: Context, start: string, end: string, into: string): Promise<string> {
    const iterator = await ctx.stub.getStateByRange(start, end);
    const { value } = await iterator.next();
    await iterator.close();
    await ctx.stub.putState(into, Buffer.from(value.key));
    return value.key;
  }

  async fill(ctx: Context, prefix: string, count: string): Promise<string> {
    for (let index = 0; index < Number(count); index += 1)
      await ctx.stub.putState(`${prefix}${String(index).padStart(4, '0')}`, Buffer.from(String(index)));
    return count;
  }

  async composite(ctx: Context, type: string, attribute: string, value: string): Promise<string> {
    await ctx.stub.putState(ctx.stub.createCompositeKey(type, [attribute]), Buffer.from(value));
    return value;
  }

  async byType(ctx: Context, type: string): Promise<string> {
    const found: string[] = [];
    for await (const { key } of ctx.stub.getStateByPartialCompositeKey(type, []))
      found.push(ctx.stub.splitCompositeKey(key).attributes.join());
    return JSON.stringify(found);
  }

  async history(ctx: Context, key: string): Promise<string> {
    const found: string[] = [];
    for await (const { value, isDelete } of ctx.stub.getHistoryForKey(key))
      found.push(isDelete ? '-' : text(value));
    return JSON.stringify(found);
  }

  async announce(ctx: Context, name: string, payload: string): Promise<string> {
    ctx.stub.setEvent(name, Buffer.from(payload));
    await ctx.stub.putState(`event-${payload}`, Buffer.from(payload));
    return payload;
  }

  async refuse(_ctx: Context, message: string): Promise<string> {
    throw new Error(message);
  }

  async caller(ctx: Context): Promise<string> {
    const { seconds } = ctx.stub.getTxTimestamp() as unknown as { seconds: number };
    return `${ctx.clientIdentity.getMSPID()} ${ctx.stub.getTxID()} ${Number(seconds) > 0}`;
  }

  async transient(ctx: Context): Promise<string> {
    return text(ctx.stub.getTransient().get('secret') ?? new Uint8Array());
  }

  async other(ctx: Context): Promise<string> {
    await ctx.stub.invokeChaincode('other', ['x'], '');
    return '';
  }

  async privately(ctx: Context): Promise<string> {
    return text(await ctx.stub.getPrivateData('collection', 'key'));
  }

  async metadata(ctx: Context, key: string): Promise<string> {
    return String((await ctx.stub.getStateValidationParameter(key))?.length ?? 0);
  }

  /** Keeps the only thread busy for ever. */
  async spin(): Promise<string> {
    for (;;);
  }

  async crash(): Promise<string> {
    process.exit(3);
  }
}

export const contracts = [Probe];
