import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNetwork, type Ledger, startLedger } from '../../../../network/solo/src/index.ts';
import { connectLedger, type LedgerConnection } from './connect.ts';
import { blockByNumber, createLedger, type LedgerPort, type LedgerResult } from './contracts.ts';
import { type Loss, startLosingGateway } from './test/losing-gateway.ts';
import { connectionTo, organizations, probeDirectory, settingsIn, temporaryDirectory } from './test/solo.ts';

const directory = temporaryDirectory();
let solo: Ledger;
let connection: LedgerConnection;
let ledger: LedgerPort;

beforeAll(async () => {
  solo = await startLedger({ directory: directory.path, organizations, chaincodeDirectory: probeDirectory });
  connection = connectionTo(directory.path, solo.port);
  ledger = createLedger(connection);
});
afterAll(async () => {
  connection.close();
  await solo.close();
  directory.remove();
});

describe('a submitted transaction', () => {
  it('comes back with its id, its block and what the contract said', async () => {
    const { txId, blockNumber, result } = await ledger.submit('probe', 'put', ['a', '值']);

    expect(result).toBe('值');
    expect(await ledger.evaluate('probe', 'get', ['a'])).toBe('值');
    expect(await ledger.transactionStatus(txId)).toBe('valid');
    expect(await ledger.chainHeight()).toBe(blockNumber + 1);
    expect((await blockByNumber(connection, blockNumber)).length).toBeGreaterThan(1000);
  });

  it('that the chaincode refuses is LEDGER_REFUSED with its code', async () => {
    await expect(ledger.submit('probe', 'refuse', ['PROBE_NO: not so'])).rejects.toMatchObject({
      code: 'LEDGER_REFUSED',
      chaincodeCode: 'PROBE_NO',
    });
    await expect(ledger.evaluate('probe', 'refuse', ['PROBE_NO: not so'])).rejects.toMatchObject({
      code: 'LEDGER_REFUSED',
      chaincodeCode: 'PROBE_NO',
    });
    await expect(ledger.submit('probe', 'put', ['too few'])).rejects.toMatchObject({
      code: 'LEDGER_REFUSED',
      chaincodeCode: 'CHAINCODE_UNCODED',
    });
  });

  it('that loses against another is LEDGER_NOT_COMMITTED, and stands as invalid', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 12 }, () => ledger.submit('probe', 'bump', ['counter'])),
    );
    const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    const won = outcomes.length - lost.length;

    expect(lost.length).toBeGreaterThan(0);
    expect(lost.every(({ code }) => code === 'LEDGER_NOT_COMMITTED')).toBe(true);
    expect(lost.every(({ validationCode }) => validationCode === 11)).toBe(true);
    expect(await ledger.transactionStatus(lost[0].txId)).toBe('invalid');
    expect(await ledger.evaluate('probe', 'get', ['counter'])).toBe(String(won));
  });

  it('that nobody knows is absent', async () => {
    expect(await ledger.transactionStatus('00'.repeat(32))).toBe('absent');
  });
});

describe('a gateway that fails after a transaction was handed over', () => {
  const through = async (loss: Loss): Promise<{ attempt: Promise<LedgerResult>; close(): void }> => {
    const gateway = await startLosingGateway({ directory: directory.path, port: solo.port }, loss);
    const lossy = connectionTo(directory.path, gateway.port);
    const attempt = createLedger(lossy).submit('probe', 'put', [loss, '1']);
    const close = (): void => {
      lossy.close();
      gateway.close();
    };
    return { attempt, close };
  };

  it('is asked what became of it, so that what is committed counts as committed', async () => {
    const { attempt, close } = await through('answer');

    const { txId, blockNumber, result } = await attempt;

    expect(result).toBe('1');
    expect(await ledger.transactionStatus(txId)).toBe('valid');
    expect(await ledger.chainHeight()).toBe(blockNumber + 1);
    close();
  });

  it('leaves it unknown where no block brings it', async () => {
    const { attempt, close } = await through('request');

    const error = await attempt.catch((reason: unknown) => reason);

    expect(error).toMatchObject({ code: 'LEDGER_UNKNOWN', txId: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(await ledger.evaluate('probe', 'get', ['request'])).toBe('');
    close();
  });
});

describe('a ledger that cannot be reached', () => {
  it('commits nothing, answers nothing, and calls no transaction absent', async () => {
    const closed = await startLedger({
      directory: temporary.path,
      organizations,
      chaincodeDirectory: probeDirectory,
    });
    const lost = connectionTo(temporary.path, closed.port);
    await closed.close();
    const unreachable = createLedger(lost);

    await expect(unreachable.submit('probe', 'put', ['a', '1'])).rejects.toMatchObject({
      code: 'LEDGER_NOT_COMMITTED',
    });
    await expect(unreachable.evaluate('probe', 'get', ['a'])).rejects.toMatchObject({
      code: 'LEDGER_UNAVAILABLE',
    });
    await expect(unreachable.transactionStatus('00'.repeat(32))).rejects.toMatchObject({
      code: 'LEDGER_UNAVAILABLE',
    });
    await expect(unreachable.chainHeight()).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    lost.close();
  });

  const temporary = temporaryDirectory();
  afterAll(() => temporary.remove());
});

describe('a connection', () => {
  it('is not made with a key that Fabric does not take', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    const key = Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));

    for (const wrong of [key, Buffer.from('no key')])
      expect(() => connectLedger({ ...settingsIn(directory.path, solo.port), key: wrong })).toThrow(
        'LEDGER_SETTINGS_INVALID',
      );
  });
});

describe('an identity of another network', () => {
  it('is not served, though it claims the same MSP', async () => {
    const stranger = temporaryDirectory();
    await createNetwork({ directory: stranger.path, organizations });
    const { tlsRoot } = settingsIn(directory.path, solo.port);
    const foreign = connectLedger({ ...settingsIn(stranger.path, solo.port), tlsRoot });
    const port = createLedger(foreign);

    await expect(port.submit('probe', 'put', ['a', '1'])).rejects.toMatchObject({
      code: 'LEDGER_NOT_COMMITTED',
    });
    await expect(port.evaluate('probe', 'get', ['a'])).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    foreign.close();
    stranger.remove();
  });
});
