import { readFileSync } from 'node:fs';
import { Contract } from 'fabric-contract-api';
import { describe, expect, it } from 'vitest';
import { createChaincode, metadataFile } from '../test/chaincode.ts';
import { contracts } from './index.ts';

const system = 'org.hyperledger.fabric';
const hooks = new Set(Object.getOwnPropertyNames(Contract.prototype));

function callable(): string[] {
  return contracts.flatMap((contract) => {
    const instance = new contract();
    return Object.getOwnPropertyNames(Object.getPrototypeOf(instance))
      .filter((name) => !hooks.has(name))
      .map((name) => `${instance.getName()}:${name}`);
  });
}

type Metadata = {
  contracts: Record<
    string,
    {
      transactions: {
        name: string;
        parameters: { schema: { type: string; pattern?: string; enum?: string[]; maxLength?: number } }[];
      }[];
    }
  >;
};

describe('the contracts', () => {
  const metadata = JSON.parse(readFileSync(metadataFile, 'utf8')) as Metadata;

  it('have exactly the transactions that the metadata lists', () => {
    const listed = Object.entries(metadata.contracts)
      .filter(([name]) => name !== system)
      .flatMap(([name, { transactions }]) =>
        transactions.map((transaction) => `${name}:${transaction.name}`),
      );

    expect(callable().sort()).toEqual(listed.sort());
  });

  it('bound every argument by a pattern, a list or a length', () => {
    const parameters = Object.values(metadata.contracts).flatMap(({ transactions }) =>
      transactions.flatMap((transaction) => transaction.parameters),
    );

    expect(parameters.length).toBeGreaterThan(0);
    for (const { schema } of parameters) {
      expect(schema.type).toBe('string');
      expect(schema.pattern ?? schema.enum ?? schema.maxLength).toBeDefined();
      if (schema.pattern !== undefined) expect(schema.pattern).toMatch(/^\^.*\$$/);
    }
  });

  it.each([
    ['member:unknownTransaction'],
    ['member:constructor'],
    ['member:beforeTransaction'],
    ['consent:nothing'],
    ['anchor:#found'],
  ])('refuse %s', async (name) => {
    await expect(createChaincode().invoke('any', name)).rejects.toThrow(/^TRANSACTION_UNKNOWN: /);
  });

  it('refuse a contract that is not there and a wrong number of arguments', async () => {
    const { invoke } = createChaincode();

    await expect(invoke('any', 'other:get', 'x')).rejects.toThrow('not known');
    await expect(invoke('any', 'member:get')).rejects.toThrow('Expected 1 parameters');
    await expect(invoke('any', 'member:list', 'x')).rejects.toThrow('Expected 0 parameters');
  });
});
