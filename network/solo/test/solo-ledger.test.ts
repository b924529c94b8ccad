import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { EndorseError, type GatewayError } from '@hyperledger/fabric-gateway';
import { common, gateway as gatewayMessages, orderer, peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signingIdentity } from '../src/identity.ts';
import { type Ledger, layoutOf, startLedger } from '../src/index.ts';
import type { Log } from '../src/log.ts';
import { encode, fill, timestampOf } from '../src/protobuf.ts';
import { type Connection, connectTo, organizations, probeDirectory, temporaryDirectory } from './connect.ts';

const directory = temporaryDirectory();
const logged: { event: string; message: string }[] = [];
const log: Log = (event, fields = {}) => void logged.push({ event, message: String(fields['message']) });
let ledger: Ledger;
let connection: Connection;

const options = {
  directory: directory.path,
  organizations,
  chaincodeDirectory: probeDirectory,
  runMilliseconds: 1500,
  log,
};
beforeAll(async () => {
  ledger = await startLedger(options);
  connection = connectTo(directory.path, ledger.port, organizations[0]!);
});
afterAll(async () => {
  connection.close();
  await ledger.close();
  directory.remove();
});

const probe = () => connection.gateway.getNetwork('care').getContract('medseal', 'probe');
const evaluate = async (name: string, ...args: string[]) =>
  Buffer.from(await probe().evaluateTransaction(name, ...args)).toString();
async function caught(attempt: Promise<unknown>): Promise<GatewayError> {
  return attempt.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: unknown) => error as GatewayError,
  );
}
const details = ({ details: list }: GatewayError): string => list.map(({ message }) => message).join();

describe('at its start the ledger', () => {
  it('says loudly that its evidence binds nobody', () => {
    expect(logged[0]).toMatchObject({ event: 'warning', message: expect.stringContaining('binds nobody') });
  });

  it('refuses a folder in use, other organisations, and a port in use', async () => {
    await expect(startLedger(options)).rejects.toMatchObject({ code: 'DIRECTORY_IN_USE' });
    const other = temporaryDirectory();
    const small = { ...options, directory: other.path, organizations: organizations.slice(0, 1) };
    await expect(startLedger({ ...small, port: ledger.port })).rejects.toMatchObject({
      code: 'PORT_UNAVAILABLE',
    });
    await expect(startLedger({ ...options, directory: other.path })).rejects.toMatchObject({
      code: 'NETWORK_DIFFERENT',
    });
    const { organizations: _, ...without } = options;
    const empty = temporaryDirectory();
    await expect(startLedger({ ...without, directory: empty.path })).rejects.toMatchObject({
      code: 'NETWORK_INCOMPLETE',
    });
    other.remove();
    empty.remove();
  });

  it('refuses blocks of another network, and a chaincode that does not start', async () => {
    const other = temporaryDirectory();
    const start = { ...options, directory: other.path };
    await (await startLedger(start)).close();
    const { blocks } = layoutOf(other.path);
    const own = readFileSync(blocks);
    writeFileSync(blocks, readFileSync(layoutOf(directory.path).blocks));
    await expect(startLedger(start)).rejects.toMatchObject({ code: 'BLOCKS_CORRUPT' });
    writeFileSync(blocks, own);

    await expect(startLedger({ ...start, chaincodeDirectory: other.path })).rejects.toThrow();
    await (await startLedger(start)).close();
    other.remove();
  });
});

describe('what a peer offers and this ledger does not', () => {
  it.each(['other', 'privately'])('is refused to the chaincode: %s', async (name) => {
    expect(details(await caught(evaluate(name)))).toContain('the solo ledger does not offer');
  });

  it('has no key-level policies', async () => {
    expect(await evaluate('metadata', 'a')).toBe('0');
  });
});

describe('the chaincode process', () => {
  it('is started again after it ended, and the transaction fails', async () => {
    expect((await caught(evaluate('crash'))).code).toBe(14);
    await expect.poll(() => evaluate('get', 'a').catch(() => 'gone'), { timeout: 10_000 }).toBe('');
    expect(logged.some(({ message }) => message.includes('started again'))).toBe(true);
  });

  it('is ended and started again when a transaction does not end', async () => {
    const error = await caught(evaluate('spin'));

    expect(error.code).toBe(10);
    expect(error.message).toContain('timeout expired');
    await expect.poll(() => evaluate('get', 'a').catch(() => 'gone'), { timeout: 10_000 }).toBe('');
  });

  it('may refuse with a text of any length', async () => {
    const error = await caught(evaluate('refuse', `LONG: ${'拒绝'.repeat(5000)}`));

    expect(details(error)).toMatch(/^chaincode response 500, LONG: 拒绝/);
  });
});

describe('hostile messages', () => {
  const unary = (method: string, bytes: Uint8Array): Promise<number> =>
    new Promise((resolve) => {
      connection.client.makeUnaryRequest(
        `/gateway.Gateway/${method}`,
        (value: Uint8Array) => Buffer.from(value),
        (value: Buffer) => value,
        bytes,
        (error) => resolve(error?.code ?? 0),
      );
    });

  it('are refused by every method, and the ledger goes on', async () => {
    const garbage = [new Uint8Array(), new Uint8Array([0xff, 0xff]), new Uint8Array(2000).fill(0x0a)];
    const half = encode(new gatewayMessages.EndorseRequest(), (request) => {
      request.setProposedTransaction(
        fill(new peer.SignedProposal(), (signed) => signed.setProposalBytes(new Uint8Array(50).fill(0x0a))),
      );
    });
    for (const method of ['Evaluate', 'Endorse', 'Submit', 'CommitStatus'])
      for (const bytes of [...garbage, half]) expect(await unary(method, bytes), method).toBeGreaterThan(0);

    expect(await evaluate('get', 'a')).toBe('');
  });

  it('larger than 4 MiB are refused', async () => {
    expect(await unary('Endorse', new Uint8Array(5 * 1024 * 1024))).toBe(8);
  });

  it('include transactions larger than a block may hold', async () => {
    const transaction = await probe()
      .newProposal('put', { arguments: [randomUUID(), 'x'.repeat(600 * 1024)] })
      .endorse();

    expect((await caught(transaction.submit())).message).toContain('larger than');
  });

  it('include an action that was put under another’s headers', async () => {
    const [one, two] = await Promise.all(
      ['1', '2'].map((value) =>
        probe()
          .newProposal('put', { arguments: [randomUUID(), value] })
          .endorse(),
      ),
    );
    const prepared = gatewayMessages.PreparedTransaction.deserializeBinary(one!.getBytes());
    const foreign = gatewayMessages.PreparedTransaction.deserializeBinary(two!.getBytes());
    const payloadOf = (from: gatewayMessages.PreparedTransaction) =>
      common.Payload.deserializeBinary(from.getEnvelope()?.getPayload_asU8() ?? new Uint8Array());
    const payload = payloadOf(prepared);
    payload.setData(payloadOf(foreign).getData_asU8());
    prepared.getEnvelope()?.setPayload(payload.serializeBinary());
    const crossed = connection.gateway.newTransaction(prepared.serializeBinary());

    expect((await caught(crossed.submit())).message).toContain('not that of the headers');
  });

  it('include an envelope with bytes that no verifier could read', async () => {
    const transaction = await probe()
      .newProposal('put', { arguments: [randomUUID(), '1'] })
      .endorse();
    const prepared = gatewayMessages.PreparedTransaction.deserializeBinary(transaction.getBytes());
    const envelope = prepared.getEnvelope() ?? new common.Envelope();
    // An unknown field after the payload's own: signed like the rest, dropped by whoever parses it.
    envelope.setPayload(Buffer.concat([envelope.getPayload_asU8(), Buffer.from([0x7a, 0x01, 0x00])]));
    const padded = connection.gateway.newTransaction(prepared.serializeBinary());

    expect((await caught(padded.submit())).message).toContain('one encoding');
  });
});

describe('a request for blocks', () => {
  type Seek = {
    channel?: string;
    minutes?: number;
    start?: orderer.SeekPosition;
    stop?: orderer.SeekPosition;
  };
  const position = (number: number) =>
    fill(new orderer.SeekPosition(), (seek) =>
      seek.setSpecified(fill(new orderer.SeekSpecified(), (value) => value.setNumber(number))),
    );
  const newest = fill(new orderer.SeekPosition(), (seek) => seek.setNewest(new orderer.SeekNewest()));
  const oldest = fill(new orderer.SeekPosition(), (seek) => seek.setOldest(new orderer.SeekOldest()));

  /** Sends one request; block numbers and the final status. */
  function deliver(seek: Seek, forge = false) {
    const files = layoutOf(directory.path).organization('hospital-a');
    const identity = signingIdentity('HospitalAMSP', {
      certificate: readFileSync(files.client.certificate, 'utf8'),
      key: readFileSync(files.client.key, 'utf8'),
    });
    const payload = encode(new common.Payload(), (value) => {
      value.setHeader(
        fill(new common.Header(), (header) => {
          header.setChannelHeader(
            encode(new common.ChannelHeader(), (channelHeader) => {
              channelHeader.setChannelId(seek.channel ?? 'care');
              channelHeader.setTimestamp(timestampOf(new Date(Date.now() + (seek.minutes ?? 0) * 60_000)));
            }),
          );
          header.setSignatureHeader(
            encode(new common.SignatureHeader(), (signatureHeader) =>
              signatureHeader.setCreator(identity.serialized),
            ),
          );
        }),
      );
      value.setData(
        encode(new orderer.SeekInfo(), (info) => {
          if (seek.start !== undefined) info.setStart(seek.start);
          if (seek.stop !== undefined) info.setStop(seek.stop);
          info.setBehavior(orderer.SeekInfo.SeekBehavior.FAIL_IF_NOT_READY);
        }),
      );
    });
    const envelope = fill(new common.Envelope(), (value) => {
      value.setPayload(payload);
      value.setSignature(identity.sign(forge ? Buffer.from('other') : payload));
    });
    return new Promise<{ blocks: number[]; status: number }>((resolve, reject) => {
      const blocks: number[] = [];
      const call = connection.client.makeBidiStreamRequest(
        '/protos.Deliver/Deliver',
        (value: common.Envelope) => Buffer.from(value.serializeBinary()),
        (bytes: Buffer) => peer.DeliverResponse.deserializeBinary(bytes),
      );
      call.on('error', reject);
      call.on('data', (response: peer.DeliverResponse) => {
        const block = response.getBlock();
        if (block !== undefined) blocks.push(block.getHeader()?.getNumber() ?? -1);
        else {
          resolve({ blocks, status: response.getStatus() });
          call.end();
        }
      });
      call.write(envelope);
    });
  }

  const { SUCCESS, BAD_REQUEST, FORBIDDEN, NOT_FOUND } = common.Status;

  it('is answered from any position to any other', async () => {
    for (const key of ['1', '2', '3']) await probe().submitTransaction('put', randomUUID(), key);
    const { blocks: all } = await deliver({ start: oldest, stop: newest });
    const last = all.at(-1) ?? 0;

    expect(all).toEqual([...Array(last + 1).keys()]);
    expect(await deliver({ start: oldest, stop: oldest })).toEqual({ blocks: [0], status: SUCCESS });
    expect(await deliver({ start: newest, stop: newest })).toEqual({ blocks: [last], status: SUCCESS });
    expect(await deliver({ start: position(1), stop: position(2) })).toEqual({
      blocks: [1, 2],
      status: SUCCESS,
    });
    expect(await deliver({ start: position(last), stop: position(last + 5) })).toEqual({
      blocks: [last],
      status: NOT_FOUND,
    });
  });

  it('is refused when it makes no sense', async () => {
    expect((await deliver({ start: position(2), stop: position(1) })).status).toBe(BAD_REQUEST);
    expect((await deliver({ start: position(1_000_000), stop: position(2_000_000) })).status).toBe(NOT_FOUND);
    expect((await deliver({ start: oldest })).status).toBe(BAD_REQUEST);
    expect((await deliver({ stop: oldest })).status).toBe(BAD_REQUEST);
    expect((await deliver({ start: oldest, stop: newest, channel: 'x' })).status).toBe(NOT_FOUND);
  });

  it('is refused with a forged signature or far from its time', async () => {
    const seek = { start: oldest, stop: oldest };

    expect((await deliver(seek, true)).status).toBe(FORBIDDEN);
    for (const minutes of [-16, 16]) expect((await deliver({ ...seek, minutes })).status).toBe(BAD_REQUEST);
  });
});

describe('while it closes', () => {
  it('commits what it took, tells who waits, and takes nothing more', async () => {
    const other = temporaryDirectory();
    const closing = await startLedger({ ...options, directory: other.path });
    const client = connectTo(other.path, closing.port, organizations[1]!);
    const contract = client.gateway.getNetwork('care').getContract('medseal', 'probe');
    const submitted = await contract.submitAsync('put', { arguments: ['a', '1'] });
    const status = submitted.getStatus();
    await closing.close();

    expect((await status).successful).toBe(true);
    await expect(contract.submitTransaction('put', 'b', '2')).rejects.toBeInstanceOf(EndorseError);
    client.close();
    const again = await startLedger({ ...options, directory: other.path });
    const back = connectTo(other.path, again.port, organizations[1]!);
    const value = await back.gateway
      .getNetwork('care')
      .getContract('medseal', 'probe')
      .evaluateTransaction('get', 'a');
    expect(Buffer.from(value).toString()).toBe('1');
    back.close();
    await again.close();
    other.remove();
  });
});
