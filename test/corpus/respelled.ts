import { base64, concat, fromBase64, parseBlock, sha256 } from '../../evidence/src/index.ts';
import { hospitalA, members, type TestChannel } from '../../evidence/test/alliance.ts';
import { assemble, blockOf } from '../../evidence/test/ledger.ts';
import { type Holder, signLedger } from '../../evidence/test/organizations.ts';
import { makeProof, policyOf, type TestLog } from '../../evidence/test/proof.ts';
import type { UnpackedBundle } from '../../evidence/test/unpacked.ts';
import { type CorpusCase, corpusCase } from './case.ts';
import { edited, encoded, part, respellings } from './wire.ts';

const response = [1, 2, 1, 2, 2, 1];
/** Every message in an envelope that a verifier reads, by its path. */
export const levels: Record<string, number[]> = {
  envelope: [],
  payload: [1],
  header: [1, 1],
  'channel header': [1, 1, 1],
  'signature header': [1, 1, 2],
  timestamp: [1, 1, 1, 3],
  extension: [1, 1, 1, 7],
  'invoked chaincode': [1, 1, 1, 7, 2],
  transaction: [1, 2],
  action: [1, 2, 1],
  'action payload': [1, 2, 1, 2],
  'endorsed action': [1, 2, 1, 2, 2],
  endorsement: [1, 2, 1, 2, 2, 2],
  endorser: [1, 2, 1, 2, 2, 2, 1],
  'response payload': response,
  'chaincode action': [...response, 2],
  results: [...response, 2, 1],
  namespace: [...response, 2, 1, 2],
  'key set': [...response, 2, 1, 2, 2],
  write: [...response, 2, 1, 2, 2, 3],
  response: [...response, 2, 3],
  chaincode: [...response, 2, 4],
};
/** Messages around the envelopes; no signature covers how they are written. */
const blockLevels: Record<string, number[]> = {
  block: [],
  'block header': [1],
  'block data': [2],
  'block metadata': [3],
  signatures: [3, 1],
  signature: [3, 1, 2],
  'identifier header': [3, 1, 2, 3],
  'orderer metadata': [3, 1, 1],
};

/** Lists, of which protobuf has no fixed order or number: what is said twice may be too much. */
const lists = /(key set|results|block metadata) with/;

/** What nobody can have committed: Fabric's own programs write blocks and envelopes, and take one action. */
const unwritten =
  /: (block|block header|block data|block metadata) with|envelope with (?!an unknown)|transaction with a field twice/;
/** Signed by orderers, who do not sign it anew here. */
const unsigned = /(orderer metadata|identifier header) with/;

/** Every message of a proof's block in another spelling; the signatures around it are made anew by their owners. */
export function respelledCases(channel: TestChannel, log: TestLog): CorpusCase[] {
  const valid = makeProof(channel, log);
  const policy = JSON.stringify(policyOf(channel, log, { confirmation: 'optional' }));
  const { confirmation: _confirmation, ...unconfirmed } = valid;
  const block = fromBase64(valid.anchor.block);
  const withBlock = (bytes: Uint8Array): UnpackedBundle => ({
    ...unconfirmed,
    anchor: { ...valid.anchor, block: base64(bytes) },
  });
  const [foreign, anchor] = parseBlock(block).envelopes as [Uint8Array, Uint8Array];
  const inside = respelledEnvelopes(anchor).map(({ label, envelope }) => {
    const made = blockOf({ number: 7, envelopes: [foreign, envelope], signer: channel.signer });
    return corpusCase(label, withBlock(made), policy, verdictOn(label));
  });
  const around = product(blockLevels).flatMap(([label, path, change]) => {
    const made = edited(block, path, change);
    return unlessSame(block, made, corpusCase(label, withBlock(made), policy, verdictOn(label)));
  });
  const bystander = product({ 'foreign envelope': [], 'foreign payload': [1], 'foreign header': [1, 1, 1] });
  const beside = bystander.map(([label, path, change]) => {
    const envelope = edited(foreign, path, change);
    const made = blockOf({ number: 7, envelopes: [envelope, anchor], signer: channel.signer });
    return corpusCase(label, withBlock(made), policy, verdictOn(label));
  });
  return [
    ...inside,
    ...around,
    ...beside,
    corpusCase('reassembled', withBlock(assemble(parseBlock(block))), policy, 'valid'),
  ];
}

/** An envelope with each message in it in each other spelling, signed anew by its client and its endorsers. */
export function respelledEnvelopes(envelope: Uint8Array): { label: string; envelope: Uint8Array }[] {
  return product(levels).flatMap(([label, path, change]) => {
    const respelled = edited(envelope, path, change);
    if (Buffer.compare(envelope, respelled) === 0) return [];
    return [{ label, envelope: resigned(respelled, path) }];
  });
}

/** Members and orderers write what they sign as they like; nobody signs how signatures are listed. */
function verdictOn(label: string): 'tampered' | 'valid' | undefined {
  if (lists.test(label)) return undefined;
  return unwritten.test(label) || unsigned.test(label) ? 'tampered' : 'valid';
}

type Respelling = [label: string, path: number[], change: (message: Uint8Array) => Uint8Array];

function product(places: Record<string, number[]>): Respelling[] {
  return Object.entries(places).flatMap(([place, path]) =>
    Object.entries(respellings).map(
      ([name, change]): Respelling => [`respelled: ${place} with ${name}`, path, change],
    ),
  );
}

/** A message of one field has no other order. */
function unlessSame(before: Uint8Array, after: Uint8Array, made: CorpusCase): CorpusCase[] {
  return Buffer.compare(before, after) === 0 ? [] : [made];
}

/** Who signs a transaction. */
export type Signers = { client: Holder; peers: readonly Holder[] };
const usual: Signers = { client: hospitalA.client, peers: members.map(({ peer }) => peer) };

/** The envelope with the endorsements and the client's signature over what it now says; the endorsers saw the same proposal. */
export function resigned(
  envelope: Uint8Array,
  path: readonly number[],
  { client, peers }: Signers = usual,
): Uint8Array {
  if (path.length === 0) return envelope;
  const isEndorsed = path[1] === 1 || (path.length > 5 && path[5] === 1);
  const endorsed = isEndorsed ? endorsedAnew(answered(envelope), peers) : envelope;
  const signature = signLedger(client.key, part(endorsed, [1]));
  return concat(encoded(1, part(endorsed, [1])), encoded(2, signature));
}

function answered(envelope: Uint8Array): Uint8Array {
  const proposal = [part(envelope, [1, 1, 1]), part(envelope, [1, 2, 1, 1]), part(envelope, [1, 2, 1, 2, 1])];
  return edited(envelope, [...response, 1], () => sha256(concat(...proposal)));
}

function endorsedAnew(envelope: Uint8Array, peers: readonly Holder[]): Uint8Array {
  const payload = part(envelope, response);
  return edited(envelope, [1, 2, 1, 2, 2], (action) => {
    const head = path2(action);
    const endorsements = peers.map((peer) => {
      const signature = signLedger(peer.key, concat(payload, peer.serialized));
      return encoded(2, concat(encoded(1, peer.serialized), encoded(2, signature)));
    });
    return concat(head, ...endorsements);
  });
}

/** The endorsed response as it is written, without the endorsements. */
function path2(action: Uint8Array): Uint8Array {
  return encoded(1, part(action, [1]));
}
