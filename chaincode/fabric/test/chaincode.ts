import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { contracts } from '../src/index.ts';

const require = createRequire(import.meta.url);
const ChaincodeFromContract = require('fabric-shim/lib/contract-spi/chaincodefromcontract.js');
const Bootstrap = require('fabric-shim/lib/contract-spi/bootstrap.js');
const { JSONSerializer } = require('fabric-contract-api');
// Refusals are what most tests ask for; the runtime's own lines about them say nothing new.
require('fabric-shim/lib/logger.js').setLevel('CRITICAL');

// The contract runtime parses the caller's certificate; a throw-away one without meaning.
const certificate = `-----BEGIN CERTIFICATE-----
MIIBdzCCAR2gAwIBAgIUGs+RoOL/UmN80cXaWE1L71CPBowwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGY2xpZW50MB4XDTI2MTEyMjE5MTY1MFoXDTM2MTExOTE5MTY1
MFowETEPMA0GA1UEAwwGY2xpZW50MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
azrVo6TfMfdexmnWrKWT6UKhs+rUgMgnsek4M6766dGLgqkYPLHpWvxvxv3T2MeQ
tRsFJEkektgrF6rw45ZUgaNTMFEwHQYDVR0OBBYEFGbpC55eGyBldTk3PMz9F/0d
FdkmMB8GA1UdIwQYMBaAFGbpC55eGyBldTk3PMz9F/0dFdkmMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhALRluu4pWiQXywrQJ/sISvShbX5wLyZG
QL8Z/sPwYjDBAiABb71YXgyox/XYpdN8igfwu5EY1kKnU+gvKc6rrvWG3w==
-----END CERTIFICATE-----`;

export const metadataFile = fileURLToPath(new URL('../contract-metadata/metadata.json', import.meta.url));

/** A refused transaction, as a peer reports it. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

export type TestChaincode = {
  /** Runs `contract:transaction` as a client of `mspId`; its writes count only if it succeeds. */
  invoke(mspId: string, name: string, ...args: string[]): Promise<string>;
  state: Map<string, Uint8Array>;
  /** The time that the next transactions claim. */
  setTime(at: string): void;
  /** Keys written by the last transaction. */
  written(): string[];
};

/** The contracts in Fabric's own contract runtime, with the metadata's checks, over a Map instead of a peer. */
export function createChaincode(): TestChaincode {
  const serializers = { transaction: 'json', serializers: { json: JSONSerializer } };
  const metadata = Bootstrap.loadAndValidateMetadata(metadataFile);
  const chaincode = new ChaincodeFromContract([...contracts], serializers, metadata, 'medseal', '1.0.0');
  const state = new Map<string, Uint8Array>();
  let writes = new Map<string, Uint8Array>();
  let time = new Date('2026-03-01T08:00:00.000Z');
  return {
    state,
    setTime: (at) => {
      time = new Date(at);
    },
    written: () => [...writes.keys()],
    invoke: async (mspId, name, ...args) => {
      writes = new Map();
      const stub = createStub({ mspId, args: [name, ...args], state, writes, time });
      const response: { status: number; message: string; payload: Uint8Array } = await chaincode.Invoke(stub);
      if (response.status !== 200) throw new Refused(response.message);
      for (const [key, value] of writes) state.set(key, value);
      return Buffer.from(response.payload).toString('utf8');
    },
  };
}

type StubOptions = {
  mspId: string;
  args: string[];
  state: Map<string, Uint8Array>;
  writes: Map<string, Uint8Array>;
  time: Date;
};

function createStub({ mspId, args, state, writes, time }: StubOptions): object {
  return {
    getBufferArgs: () => args.map((arg) => Buffer.from(arg, 'utf8')),
    getTxID: () => '0'.repeat(64),
    getChannelID: () => 'care',
    getDateTimestamp: () => time,
    getCreator: () => ({ mspid: mspId, idBytes: Buffer.from(certificate) }),
    // A peer answers with committed state only: a transaction never reads its own writes.
    getState: async (key: string) => state.get(key) ?? new Uint8Array(0),
    putState: async (key: string, value: Uint8Array) => {
      writes.set(key, value);
    },
    async *getStateByPartialCompositeKey(type: string, attributes: string[]) {
      const prefix = ['\u0000', type, '\u0000', ...attributes.flatMap((part) => [part, '\u0000'])].join('');
      for (const key of [...state.keys()].filter((candidate) => candidate.startsWith(prefix)).sort())
        yield { key, value: state.get(key) };
    },
  };
}
