import { type Address, concat, type Hex, keccak256, toHex } from 'viem';
import { describe, expect, it } from 'vitest';
import { openChain } from '../test/chain.ts';
import { compile } from './compile.ts';
import { compiledAbi, notaryAbi, notaryBytecode, notaryRuntimeCode } from './contract.ts';

const hash = (text: string): Hex => keccak256(toHex(text));
const channel = hash('channel');
const other = hash('another channel');
/** The history that the tests' block of this hash stands on. */
const rootOf = (blockHash: Hex): Hex => keccak256(blockHash);
const digestOf = (blockHash: Hex, root = rootOf(blockHash)): Hex => keccak256(concat([blockHash, root]));
const zero: Hex = `0x${'0'.repeat(64)}`;
const names = ({ events }: { events: { name: string }[] }): string[] => events.map(({ name }) => name);
type Chain = Awaited<ReturnType<typeof openChain>>;

function at<Item>(list: readonly Item[], index: number): Item {
  const item = list[index];
  if (item === undefined) throw new Error(`no item ${index}`);
  return item;
}

const confirm = (chain: Chain, who: number, [id, height, block, root]: [Hex, bigint, Hex, Hex?]) =>
  chain.send(at(chain.accounts, who), 'confirm', [id, height, block, root ?? rootOf(block)]);
const final = (height: bigint, block: Hex) => [true, height, block, rootOf(block)];
const headOf = ({ client, contract }: Chain, channelId: Hex = channel) =>
  client.readContract({ address: contract, abi: notaryAbi, functionName: 'headOf', args: [channelId] });

describe('notary contract: recording', () => {
  it('makes a value final at the threshold, and says so once', async () => {
    const chain = await openChain(2, 3);

    const first = await confirm(chain, 0, [channel, 7n, hash('b7')]);
    const before = await headOf(chain);
    const second = await confirm(chain, 1, [channel, 7n, hash('b7')]);

    expect(names(first)).toEqual(['Confirmed']);
    expect(before).toEqual([false, 0n, zero, zero]);
    expect(names(second)).toEqual(['Confirmed', 'Notarized']);
    expect(at(second.events, 1).args).toEqual({
      channelId: channel,
      height: 7n,
      blockHash: hash('b7'),
      historyRoot: rootOf(hash('b7')),
      setNumber: 1n,
      confirmations: 2,
    });
    expect(await headOf(chain)).toEqual(final(7n, hash('b7')));
    await expect(confirm(chain, 2, [channel, 7n, hash('b7')])).rejects.toThrow('AlreadyFinal');
  });

  it('takes block 0, and keeps channels apart', async () => {
    const chain = await openChain(1, 1);

    await confirm(chain, 0, [channel, 0n, hash('genesis')]);
    await confirm(chain, 0, [other, 9n, hash('other')]);

    expect(await headOf(chain)).toEqual(final(0n, hash('genesis')));
    expect(await headOf(chain, other)).toEqual(final(9n, hash('other')));
  });

  it('refuses who is not a notary, also the account that deployed it', async () => {
    const chain = await openChain(2, 3);
    const [deployer] = await chain.client.getAddresses();

    await expect(confirm(chain, 3, [channel, 1n, hash('b1')])).rejects.toThrow('NotAuthorized');
    await expect(
      chain.send(deployer as Address, 'confirm', [channel, 1n, hash('b1'), rootOf(hash('b1'))]),
    ).rejects.toThrow('NotAuthorized');
    await expect(chain.send(deployer as Address, 'confirmSet', [chain.set, 3])).rejects.toThrow(
      'NotAuthorized',
    );
  });

  it('counts a notary once', async () => {
    const chain = await openChain(2, 3);
    await confirm(chain, 0, [channel, 1n, hash('b1')]);

    await expect(confirm(chain, 0, [channel, 1n, hash('b1')])).rejects.toThrow('AlreadyConfirmed');
    expect((await headOf(chain))[0]).toBe(false);
  });

  it('refuses heights below the last final one, and an empty hash or root', async () => {
    const chain = await openChain(1, 1);
    await confirm(chain, 0, [channel, 9n, hash('b9')]);

    await expect(confirm(chain, 0, [channel, 8n, hash('b8')])).rejects.toThrow('HeightRegress');
    await expect(confirm(chain, 0, [channel, 10n, zero])).rejects.toThrow('ValueMissing');
    await expect(confirm(chain, 0, [channel, 10n, hash('b10'), zero])).rejects.toThrow('ValueMissing');
    expect(await headOf(chain)).toEqual(final(9n, hash('b9')));
  });
});

describe('notary contract: contradictions', () => {
  it('refuses a second value of one notary and shows both', async () => {
    const chain = await openChain(2, 3);
    await confirm(chain, 0, [channel, 5n, hash('b5')]);

    const outcome = await confirm(chain, 0, [channel, 5n, hash('forged')]);
    const counted = await confirm(chain, 1, [channel, 5n, hash('forged')]);

    expect(outcome.events).toEqual([
      {
        name: 'Equivocation',
        args: {
          channelId: channel,
          height: 5n,
          notary: at(chain.accounts, 0),
          held: digestOf(hash('b5')),
          blockHash: hash('forged'),
          historyRoot: rootOf(hash('forged')),
        },
      },
    ]);
    expect(names(counted)).toEqual(['Disagreement', 'Confirmed']);
    expect((await headOf(chain))[0]).toBe(false);
  });

  it('takes the history with the block: differing roots of one block never make up the threshold', async () => {
    const chain = await openChain(2, 3);
    await confirm(chain, 0, [channel, 5n, hash('b5')]);

    const other = await confirm(chain, 1, [channel, 5n, hash('b5'), hash('rewritten')]);
    const second = await confirm(chain, 0, [channel, 5n, hash('b5'), hash('rewritten')]);

    expect(names(other)).toEqual(['Disagreement', 'Confirmed']);
    expect(at(other.events, 0).args).toMatchObject({
      first: digestOf(hash('b5')),
      blockHash: hash('b5'),
      historyRoot: hash('rewritten'),
    });
    expect(names(second)).toEqual(['Equivocation']);
    expect((await headOf(chain))[0]).toBe(false);
    await confirm(chain, 2, [channel, 5n, hash('b5')]);
    expect(await headOf(chain)).toEqual(final(5n, hash('b5')));
    expect(names(await confirm(chain, 1, [channel, 5n, hash('b5'), hash('later')]))).toEqual([
      'Equivocation',
    ]);
  });

  it('lets one false notary not keep the others from agreeing', async () => {
    const chain = await openChain(2, 3);
    await confirm(chain, 0, [channel, 5n, hash('forged')]);

    await confirm(chain, 1, [channel, 5n, hash('b5')]);
    await confirm(chain, 2, [channel, 5n, hash('b5')]);

    expect(await headOf(chain)).toEqual(final(5n, hash('b5')));
  });

  it('refuses whatever contradicts a final value, and shows it', async () => {
    const chain = await openChain(2, 3);
    await confirm(chain, 0, [channel, 5n, hash('b5')]);
    await confirm(chain, 1, [channel, 5n, hash('b5')]);

    const outcome = await confirm(chain, 2, [channel, 5n, hash('forged')]);

    expect(names(outcome)).toEqual(['Equivocation']);
    expect(at(outcome.events, 0).args).toMatchObject({
      held: digestOf(hash('b5')),
      blockHash: hash('forged'),
    });
    expect(await headOf(chain)).toEqual(final(5n, hash('b5')));
  });
});

describe('notary contract: the set', () => {
  it('changes at the threshold of the present set only, and voids what the old set left open', async () => {
    const chain = await openChain(2, 3);
    const next = [at(chain.accounts, 1), at(chain.accounts, 4), at(chain.accounts, 5)];
    await confirm(chain, 1, [channel, 3n, hash('b3')]);

    const first = await chain.send(at(chain.accounts, 0), 'confirmSet', [next, 3]);
    await expect(chain.send(at(chain.accounts, 0), 'confirmSet', [next, 3])).rejects.toThrow(
      'AlreadyConfirmed',
    );
    const otherSet = await chain.send(at(chain.accounts, 1), 'confirmSet', [next, 2]);
    const second = await chain.send(at(chain.accounts, 1), 'confirmSet', [next, 3]);

    expect([names(first), names(otherSet)]).toEqual([['SetConfirmed'], ['SetConfirmed']]);
    expect(names(second)).toEqual(['SetConfirmed', 'SetChanged']);
    await expect(confirm(chain, 0, [channel, 3n, hash('b3')])).rejects.toThrow('NotAuthorized');
    await confirm(chain, 4, [channel, 3n, hash('b3')]);
    await confirm(chain, 5, [channel, 3n, hash('b3')]);
    expect((await headOf(chain))[0]).toBe(false);
    expect(names(await confirm(chain, 1, [channel, 3n, hash('other')]))).toEqual(['Equivocation']);
    await confirm(chain, 1, [channel, 3n, hash('b3')]);
    expect(await headOf(chain)).toEqual(final(3n, hash('b3')));
  });

  it.each([
    ['empty', (): [Address[], number] => [[], 0]],
    ['a threshold of half', (a: Address[]): [Address[], number] => [a.slice(0, 4), 2]],
    ['a threshold above the size', (a: Address[]): [Address[], number] => [a.slice(0, 2), 3]],
    ['one twice', (a: Address[]): [Address[], number] => [[at(a, 0), at(a, 1), at(a, 0)], 2]],
    ['the zero address', (): [Address[], number] => [[`0x${'0'.repeat(40)}`], 1]],
  ])('refuses a set: %s', async (_, setOf) => {
    const chain = await openChain(1, 1);

    await expect(chain.send(at(chain.accounts, 0), 'confirmSet', setOf(chain.accounts))).rejects.toThrow(
      'SetInvalid',
    );
  });

  it('takes no funds', async () => {
    const { client, contract, accounts } = await openChain(1, 1);

    await expect(
      client.sendTransaction({ account: at(accounts, 0), to: contract, value: 1n, chain: null }),
    ).rejects.toThrow();
    expect(await client.getBalance({ address: contract })).toBe(0n);
    expect(JSON.stringify(compiledAbi)).not.toContain('"payable"');
  });
});

describe('notary contract: what is deployed', () => {
  it('is what the compiler makes of the source, with the interface that callers use', async () => {
    const { contract, client } = await openChain(1, 1);
    const compiled = await compile();

    const signature = (item: { type: string; name?: string; inputs?: readonly { type: string }[] }): string =>
      `${item.type} ${item.name ?? ''}(${(item.inputs ?? []).map(({ type }) => type).join()})`;
    expect([compiled.bytecode, compiled.deployedBytecode]).toEqual([notaryBytecode, notaryRuntimeCode]);
    expect(await client.getCode({ address: contract })).toBe(notaryRuntimeCode);
    expect(notaryAbi.map(signature).sort()).toEqual((compiledAbi as typeof notaryAbi).map(signature).sort());
  });

  it('costs what docs/notary.md states', async () => {
    const chain = await openChain(2, 3);
    const gas: Record<string, bigint> = { deploy: chain.deploymentGas };

    gas['first'] = (await confirm(chain, 0, [channel, 7n, hash('b7')])).gasUsed;
    gas['final'] = (await confirm(chain, 1, [channel, 7n, hash('b7')])).gasUsed;
    gas['laterFirst'] = (await confirm(chain, 0, [channel, 8n, hash('b8')])).gasUsed;
    gas['laterFinal'] = (await confirm(chain, 1, [channel, 8n, hash('b8')])).gasUsed;
    const stated = {
      deploy: 1_290_900,
      first: 107_000,
      final: 133_000,
      laterFirst: 107_000,
      laterFinal: 116_000,
    };
    for (const [name, most] of Object.entries(stated)) {
      expect(Number(gas[name])).toBeLessThanOrEqual(most);
      expect(Number(gas[name])).toBeGreaterThan(most - 1_000);
    }
  });
});
