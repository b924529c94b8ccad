import fc from 'fast-check';
import { base64, concat, fromBase64, parseBlock } from '../../evidence/src/index.ts';
import type { TestChannel } from '../../evidence/test/alliance.ts';
import { blockOf } from '../../evidence/test/ledger.ts';
import { makeProof, policyOf, type TestLog } from '../../evidence/test/proof.ts';
import { type CorpusCase, corpusCase } from './case.ts';
import { levels, resigned, type Signers } from './respelled.ts';
import { edited, fieldsOf, respellings, varintBytes } from './wire.ts';

type Change = (message: Uint8Array) => Uint8Array;
type Mutation = { level: string; change: Change; signs: boolean };

/**
 * An envelope changed at random at any level of its messages, in a block that orderers signed: what one reader of protobuf or
 * of signatures takes and the other does not, shows. Always the same for one seed.
 */
export function mutatedEnvelopes(
  channel: TestChannel,
  log: TestLog,
  { amount, seed, signers }: { amount: number; seed: number; signers?: Signers },
): CorpusCase[] {
  const transaction = signers && { creator: signers.client, endorsers: [...signers.peers] };
  const valid = makeProof(channel, log, transaction && { transaction });
  const policy = JSON.stringify(policyOf(channel, log, { confirmation: 'optional' }));
  const { confirmation: _confirmation, ...unconfirmed } = valid;
  const [foreign, anchor] = parseBlock(fromBase64(valid.anchor.block)).envelopes as [Uint8Array, Uint8Array];
  return fc.sample(mutation, { numRuns: amount, seed }).map(({ level, change, signs }, number) => {
    const path = levels[level] ?? [];
    const changed = edited(anchor, path, change);
    const envelope = signs ? signedAnew(changed, path, signers) : changed;
    const block = blockOf({ number: 7, envelopes: [foreign, envelope], signer: channel.signer });
    const proof = { ...unconfirmed, anchor: { ...valid.anchor, block: base64(block) } };
    return corpusCase(`mutated envelope ${seed}-${number}: ${level}`, proof, policy);
  });
}

/** What is changed beyond a message cannot be signed anew. */
function signedAnew(envelope: Uint8Array, path: readonly number[], signers: Signers | undefined): Uint8Array {
  try {
    return resigned(envelope, path, signers);
  } catch {
    return envelope;
  }
}

const telling = fc.constantFrom(0, 1, 2, 8, 0x0a, 0x0b, 0x0c, 0x12, 0x1a, 0x80, 0x9b, 0x9c, 0xff);
const bytes = fc
  .array(fc.oneof(telling, fc.nat({ max: 255 })), { maxLength: 12 })
  .map((all) => Uint8Array.from(all));
const numbers = fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8, 11, 99, 2 ** 29 - 1, 2 ** 29, 2 ** 31 - 1);
const field = fc.tuple(numbers, fc.nat({ max: 7 }), bytes).map(([number, wire, content]) => {
  const head = Uint8Array.from(varintBytes(number * 8 + wire));
  return wire === 2 ? concat(head, Uint8Array.of(content.length), content) : concat(head, content);
});
const groups = fc
  .tuple(fc.constantFrom(1, 2, 100, 101, 10_000, 10_001, 10_002), bytes)
  .map(([depth, inside]) => concat(repeated([0x9b, 6], depth), inside, repeated([0x9c, 6], depth)));

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(fc.nat(), fc.nat({ max: 7 })).map(([at, bit]) => flipped(at, 1 << bit)),
  fc.tuple(fc.nat(), bytes).map(([at, more]) => inserted(at, more)),
  fc.nat().map(
    (at): Change =>
      (message) =>
        message.subarray(0, at % (message.length + 1)),
  ),
  fc.oneof(field, groups).map(
    (more): Change =>
      (message) =>
        concat(message, more),
  ),
  fc.oneof(field, groups).map(
    (more): Change =>
      (message) =>
        concat(more, message),
  ),
  fc.tuple(fc.nat(), field).map(([at, more]) => amongFields(at, more)),
  fc.constantFrom(...Object.values(respellings)),
);
const mutation: fc.Arbitrary<Mutation> = fc.record({
  level: fc.constantFrom(...Object.keys(levels)),
  change: change.map(
    (one): Change =>
      (message) =>
        unlessUnreadable(one, message),
  ),
  signs: fc.boolean(),
});

/** Changes of fields need a message; other bytes stay as they are. */
function unlessUnreadable(one: Change, message: Uint8Array): Uint8Array {
  try {
    return one(message);
  } catch {
    return message;
  }
}

function flipped(at: number, bit: number): Change {
  return (message) => message.map((byte, place) => (place === at % message.length ? byte ^ bit : byte));
}

function inserted(at: number, more: Uint8Array): Change {
  return (message) => {
    const place = at % (message.length + 1);
    return concat(message.subarray(0, place), more, message.subarray(place));
  };
}

function amongFields(at: number, more: Uint8Array): Change {
  return (message) => {
    const fields = fieldsOf(message).map((each) => each.bytes);
    return concat(...fields.toSpliced(at % (fields.length + 1), 0, more));
  };
}

function repeated(pair: readonly number[], times: number): Uint8Array {
  return Uint8Array.from({ length: pair.length * times }, (_, at) => pair[at % pair.length] ?? 0);
}
