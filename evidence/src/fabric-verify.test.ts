import { describe, expect, test } from 'vitest';
import { respelledEnvelopes } from '../../test/corpus/respelled.ts';
import {
  bftChannel,
  hospitalA,
  hospitalB,
  members,
  orderers,
  regulator,
  singleChannel,
} from '../test/alliance.ts';
import { configEnvelope, organizationsOf } from '../test/configuration.ts';
import { assemble, blockOf, endorserTransaction } from '../test/ledger.ts';
import { createOrganization, type Holder, signLedger } from '../test/organizations.ts';
import { concat, hex } from './bytes.ts';
import { EvidenceError } from './errors.ts';
import { dataHashOf, parseBlock } from './fabric-block.ts';
import { verifyTransaction } from './fabric-endorsement.ts';
import { parseTransaction } from './fabric-transaction.ts';
import { channelTrust } from './fabric-trust.ts';
import { applyConfig, transactionsOf, verifyBlock } from './fabric-verify.ts';

const write = (key: string): [string, Uint8Array][] => [[key, Uint8Array.of(1)]];
const transaction = (key = 'a') =>
  endorserTransaction({
    creator: hospitalA.client,
    endorsers: members.map(({ peer }) => peer),
    writes: write(key),
  });
const single = singleChannel();
const bft = bftChannel();

describe('a block', () => {
  test('of one orderer and of a BFT quorum verifies', () => {
    for (const { signer, trust } of [single, bft]) {
      const bytes = blockOf({
        number: 7,
        envelopes: [transaction('a').envelope, transaction('b').envelope],
        signer,
      });

      const { kind, transactions } = verifyBlock(bytes, trust);

      expect(kind).toBe('transactions');
      expect(transactions.map(({ txIndex, endorserMspIds }) => [txIndex, endorserMspIds.length])).toEqual([
        [0, 3],
        [1, 3],
      ]);
    }
  });

  test('that is too large or no block at all is refused before it is read', () => {
    expect(() => parseBlock(new Uint8Array(33 * 1024 * 1024))).toThrowError('BLOCK_TOO_LARGE');
    expect(() => parseBlock(Uint8Array.of(1, 2, 3))).toThrowError('BLOCK_MALFORMED');
    expect(() => parseBlock(new Uint8Array(0))).toThrowError('BLOCK_MALFORMED');
  });

  test('with bytes after it, or an unknown field, is refused', () => {
    const bytes = blockOf({ number: 7, envelopes: [transaction().envelope], signer: single.signer });

    expect(() => parseBlock(concat(bytes, Uint8Array.of(0x98, 0x06, 0x01)))).toThrowError('BLOCK_MALFORMED');
    expect(() => parseBlock(concat(bytes, bytes))).toThrowError('BLOCK_MALFORMED');
  });

  test('whose two envelopes were merged into one keeps its data hash and is refused all the same', () => {
    const [first, second] = [transaction('a').envelope, transaction('b').envelope];
    const whole = parseBlock(blockOf({ number: 7, envelopes: [first, second], signer: single.signer }));
    const merged = assemble({ ...whole, envelopes: [concat(first, second)] });

    expect(hex(parseBlock(merged).hash)).toBe(hex(whole.hash));
    expect(() => verifyBlock(merged, single.trust)).toThrowError('BLOCK_ENVELOPE_MALFORMED');
  });

  // What follows payload and signature: a field, a group with a payload in it, a payload that is a number.
  test.each([
    ['98 06 01', true],
    ['1b 0a 01 00 1c', true],
    ['08 01', true],
    ['1d 01 02 03 04 21 01 02 03 04 05 06 07 08', true],
    ['0a 01 00', false],
    ['98 06 01 12 01 00', false],
    ['1b 0a 01 00', false],
    ['1c', false],
    ['1d 01 02', false],
    ['1a 05 00', false],
    ['00 01', false],
    ['1e', false],
    ['98 06 80', false],
  ])('whose envelope goes on with %s is spoilt by what is not whole or out of place alone', (rest, taken) => {
    const appended = Uint8Array.from(rest.split(' '), (byte) => Number.parseInt(byte, 16));
    const envelopes = [transaction('a').envelope, concat(transaction('b').envelope, appended)];
    const bytes = blockOf({ number: 7, envelopes, signer: single.signer });

    if (taken) expect(verifyBlock(bytes, single.trust).transactions).toHaveLength(2);
    else expect(() => verifyBlock(bytes, single.trust)).toThrowError('BLOCK_ENVELOPE_MALFORMED');
  });

  test('whose envelopes were replaced no longer fits its data hash', () => {
    const whole = parseBlock(
      blockOf({ number: 7, envelopes: [transaction('a').envelope], signer: single.signer }),
    );

    expect(() =>
      verifyBlock(assemble({ ...whole, envelopes: [transaction('b').envelope] }), single.trust),
    ).toThrowError('BLOCK_DATA_HASH');
    expect(() => verifyBlock(assemble({ ...whole, envelopes: [] }), single.trust)).toThrowError(
      'BLOCK_MALFORMED',
    );
  });

  test('whose data hash was recomputed over replaced envelopes loses its orderers’ signature', () => {
    const whole = parseBlock(
      blockOf({ number: 7, envelopes: [transaction('a').envelope], signer: single.signer }),
    );
    const envelopes = [transaction('b').envelope];
    const forged = assemble({ ...whole, envelopes, dataHash: dataHashOf(envelopes) });

    expect(() => verifyBlock(forged, single.trust)).toThrowError('ORDERER_SIGNATURE');
  });

  test('under another number loses its orderers’ signature', () => {
    const whole = parseBlock(blockOf({ number: 7, envelopes: [transaction().envelope], signer: bft.signer }));

    expect(() => verifyBlock(assemble({ ...whole, number: 8 }), bft.trust)).toThrowError('ORDERER_SIGNATURE');
  });

  test('that does not follow the one before is refused', () => {
    const previous = parseBlock(
      blockOf({ number: 6, envelopes: [transaction().envelope], signer: single.signer }),
    );
    const next = (number: number, previousHash: Uint8Array) =>
      blockOf({ number, previousHash, envelopes: [transaction().envelope], signer: single.signer });

    expect(verifyBlock(next(7, previous.hash), single.trust, { previous }).block.number).toBe(7);
    expect(() => verifyBlock(next(7, previous.dataHash), single.trust, { previous })).toThrowError(
      'BLOCK_SUCCESSION',
    );
    expect(() => verifyBlock(next(8, previous.hash), single.trust, { previous })).toThrowError(
      'BLOCK_SUCCESSION',
    );
  });

  test('with a filter of another length than its transactions is refused', () => {
    const bytes = blockOf({
      number: 7,
      envelopes: [transaction().envelope],
      signer: single.signer,
      codes: [0, 0],
    });

    expect(() => verifyBlock(bytes, single.trust)).toThrowError('BLOCK_MALFORMED');
  });

  test('shows what its peer calls invalid, whose signatures are not held against it', () => {
    const badlyEndorsed = endorserTransaction({
      creator: hospitalA.client,
      endorsers: [],
      writes: write('a'),
    });
    const make = (code: number) =>
      blockOf({ number: 7, envelopes: [badlyEndorsed.envelope], signer: single.signer, codes: [code] });

    expect(verifyBlock(make(10), single.trust).transactions[0]).toMatchObject({
      validationCode: 10,
      endorserMspIds: [],
    });
    expect(() => verifyBlock(make(0), single.trust)).toThrowError('ENDORSEMENT_POLICY');
  });

  test('holds a committed transaction of a client whose certificate only Fabric can judge, and none that it did not sign', () => {
    const { organization } = hospitalA;
    const endorsers = members.map(({ peer }) => peer);
    const of = (options: object) =>
      blockOf({
        number: 7,
        envelopes: [
          endorserTransaction({ creator: hospitalA.client, endorsers, writes: write('a'), ...options })
            .envelope,
        ],
        signer: single.signer,
      });
    const strange = [
      { ...organization.issue({ role: 'client', kind: 'secp256k1' }), key: hospitalA.client.key },
      organization.issue({ role: 'client', critical: '1.2.3.4' }),
      organization.issue({ units: ['client', 'peer'] }),
      createOrganization('HospitalAMSP').issue({ role: 'client' }),
    ];

    for (const creator of strange)
      expect(verifyBlock(of({ creator }), single.trust).transactions).toHaveLength(1);
    for (const creator of strange)
      expect(() => verifyBlock(of({ creator, endorsers: endorsers.slice(1, 2) }), single.trust)).toThrowError(
        'ENDORSEMENT_POLICY',
      );
    const stranger = createOrganization('StrangerMSP').issue({ role: 'client' });
    expect(() => verifyBlock(of({ creator: stranger }), single.trust)).toThrowError('IDENTITY_UNKNOWN_MSP');
    expect(() => verifyBlock(of({ bend: { signature: Uint8Array.of(0x30, 0) } }), single.trust)).toThrowError(
      'TX_CREATOR_SIGNATURE',
    );
  });

  test('holds a committed transaction of members whose certificates have ended, as Fabric’s peers do not ask', () => {
    const ended = { notBefore: '2020-01-01', notAfter: '2020-06-01' };
    const endorsers = [hospitalA, hospitalB].map(({ organization }) =>
      organization.issue({ role: 'peer', ...ended }),
    );
    const creator = hospitalA.organization.issue({ role: 'client', ...ended });
    const of = (options: object) =>
      blockOf({
        number: 7,
        envelopes: [endorserTransaction({ creator, endorsers, writes: write('a'), ...options }).envelope],
        signer: single.signer,
      });

    expect(verifyBlock(of({}), single.trust).transactions).toHaveLength(1);
    expect(() => verifyBlock(of({ bend: { signature: Uint8Array.of(0x30, 0) } }), single.trust)).toThrowError(
      'TX_CREATOR_SIGNATURE',
    );
    const forged = (message: Uint8Array) => signLedger(hospitalB.client.key, message);
    expect(() => verifyBlock(of({ bend: { endorse: forged } }), single.trust)).toThrowError(
      'ENDORSEMENT_SIGNATURE',
    );
  });

  // An organisation's Endorsement policy is its own, and peers go by it.
  test('holds what whoever endorsed for enough organisations, which a proof does not', () => {
    const endorsers = [hospitalA.client, hospitalB.peer];
    const made = endorserTransaction({ creator: hospitalA.client, endorsers, writes: write('a') });
    const bytes = blockOf({ number: 7, envelopes: [made.envelope], signer: single.signer });

    expect(verifyBlock(bytes, single.trust).transactions).toHaveLength(1);
    expect(() => verifyTransaction(parseTransaction(made.envelope), single.trust, {})).toThrowError(
      'ENDORSER_ROLE',
    );
  });

  test('that cannot be judged is taken on the peer’s word only as far as an operator says, and named', () => {
    const bad = endorserTransaction({ creator: hospitalA.client, endorsers: [], writes: write('a') });
    const bytes = blockOf({
      number: 7,
      envelopes: [bad.envelope, transaction().envelope],
      signer: single.signer,
    });

    expect(verifyBlock(bytes, single.trust, { judgedAfter: 7 })).toMatchObject({
      unjudged: [{ txId: bad.txId, code: 'ENDORSEMENT_POLICY' }],
      transactions: [{ txId: bad.txId }, {}],
    });
    expect(() => verifyBlock(bytes, single.trust, { judgedAfter: 6 })).toThrowError('ENDORSEMENT_POLICY');
    const unsigned = blockOf({ number: 7, envelopes: [bad.envelope], signer: { kind: 'bft', signers: [] } });
    expect(() => verifyBlock(unsigned, single.trust, { judgedAfter: 7 })).toThrowError('ORDERER_QUORUM');
  });

  test('may hold an invalid transaction that cannot be read, but no valid one', () => {
    const config = configEnvelope(single.config);
    const envelopes = [transaction().envelope, config];

    const bytes = blockOf({ number: 7, envelopes, signer: single.signer, codes: [0, 2] });
    expect(verifyBlock(bytes, single.trust).transactions).toHaveLength(1);
    const valid = blockOf({ number: 7, envelopes, signer: single.signer, codes: [0, 0] });
    expect(() => verifyBlock(valid, single.trust)).toThrowError('TX_MALFORMED');
    expect(() => transactionsOf(parseBlock(valid))).toThrowError('TX_MALFORMED');
  });

  test('is followed whatever spelling a committed transaction is in, which has the effect that the peers gave it', () => {
    const { envelope } = transaction('a');
    const blockWith = (first: Uint8Array): Uint8Array =>
      blockOf({ number: 7, envelopes: [first, transaction('b').envelope], signer: single.signer });
    const [expected] = verifyBlock(blockWith(envelope), single.trust).transactions;
    const others = respelledEnvelopes(envelope);
    const refused = others.filter(({ envelope: other, label }) => {
      try {
        const [view] = verifyBlock(blockWith(other), single.trust).transactions;
        const { endorserMspIds: _, ...rest } = view ?? { endorserMspIds: [] };
        const { endorserMspIds: __, ...wanted } = expected ?? { endorserMspIds: [] };
        expect({ ...rest, writes: view?.writes.slice(0, 1) }, label).toEqual(wanted);
        return false;
      } catch (error) {
        if (error instanceof EvidenceError) return true;
        throw error;
      }
    });

    expect(others.length).toBeGreaterThan(60);
    // Neither do Fabric's orderers write an envelope so, nor do its peers take two actions.
    expect(refused.map(({ label }) => label)).toEqual([
      'respelled: envelope with a field twice',
      'respelled: envelope with fields in reverse',
      'respelled: envelope with a long varint',
      'respelled: transaction with a field twice',
    ]);
    for (const { envelope: other, label } of others)
      if (!/envelope with an unknown|endorse|twice|signature header/.test(label))
        expect(() => parseTransaction(other, 'one'), label).toThrowError('TX_MALFORMED');
  });

  test('may name its client in another spelling, and an endorser that is no identity beside enough that are', () => {
    const strange = (holder: Holder): Holder => ({
      ...holder,
      serialized: concat(holder.serialized, Uint8Array.of(0x98, 0x06, 1)),
    });
    const garbage = { ...hospitalB.peer, serialized: Uint8Array.of(0xff, 0xff) };
    const endorsers = [garbage, ...members.map(({ peer }) => peer)];
    const creator = strange(hospitalA.client);
    const made = endorserTransaction({ creator, endorsers, writes: write('a') });
    const bytes = blockOf({ number: 7, envelopes: [made.envelope], signer: single.signer });

    const [view] = verifyBlock(bytes, single.trust).transactions;

    expect(view).toMatchObject({ txId: made.txId, creatorMspId: 'HospitalAMSP' });
    expect(view?.endorserMspIds).toHaveLength(members.length);
    const forged = endorserTransaction({
      ...{ creator: strange(hospitalB.client), endorsers, writes: write('a') },
      bend: { signature: Uint8Array.of(0x30, 0) },
    });
    const block = blockOf({ number: 7, envelopes: [forged.envelope], signer: single.signer });
    expect(() => verifyBlock(block, single.trust)).toThrowError('TX_CREATOR_SIGNATURE');
  });

  test('may hold what writes nothing public and says nothing, whoever endorsed it: an organisation approves alone', () => {
    const peer = hospitalA.organization.issue({ role: 'peer', critical: '1.2.3.4' });
    const of = (options: object) =>
      blockOf({
        number: 7,
        envelopes: [
          endorserTransaction({ creator: hospitalA.client, endorsers: [peer], ...options }).envelope,
        ],
        signer: single.signer,
      });

    expect(verifyBlock(of({}), single.trust).transactions).toMatchObject([{ writes: [], event: undefined }]);
    expect(() => verifyBlock(of({ writes: write('a') }), single.trust)).toThrowError('IDENTITY_UNTRUSTED');
  });

  test('may hold an invalid transaction whose endorser or creator is no identity', () => {
    const garbage = { ...hospitalB.peer, serialized: Uint8Array.of(0xff, 0xff) };
    const strange = [
      { creator: hospitalA.client, endorsers: [garbage], shown: [0, 1] },
      { creator: garbage, endorsers: [hospitalA.peer], shown: [1] },
    ];
    for (const { creator, endorsers, shown } of strange) {
      const { envelope } = endorserTransaction({ creator, endorsers, writes: write('a') });
      const block = (code: number) =>
        blockOf({
          number: 7,
          envelopes: [envelope, transaction().envelope],
          signer: single.signer,
          codes: [code, 0],
        });

      expect(verifyBlock(block(10), single.trust).transactions.map(({ txIndex }) => txIndex)).toEqual(shown);
      expect(() => verifyBlock(block(0), single.trust)).toThrowError();
    }
  });

  test('is not made unverifiable by what a member says the time is', () => {
    const at = (time: string) =>
      endorserTransaction({ creator: hospitalA.client, endorsers: [], at: time, writes: write('b') })
        .envelope;
    for (const time of ['1975-01-01T00:00:00Z', '9999-12-31T23:59:59Z']) {
      const block = (codes: number[]) =>
        blockOf({ number: 7, envelopes: [at(time), transaction().envelope], signer: bft.signer, codes });

      expect(verifyBlock(block([10, 0]), bft.trust).transactions).toHaveLength(2);
      expect(verifyBlock(block([10, 10]), bft.trust).transactions).toHaveLength(2);
    }
  });

  test('is followed whether its orderers’ certificates have begun or ended, as Fabric’s peers do not ask', () => {
    const [first] = orderers;
    const signed = (notBefore: string, notAfter: string) =>
      blockOf({
        number: 7,
        envelopes: [transaction().envelope],
        signer: {
          kind: 'single',
          orderer: first!.organization.issue({ role: 'orderer', notBefore, notAfter }),
        },
      });

    expect(verifyBlock(signed('2026-12-01', '2030-01-01'), single.trust).kind).toBe('transactions');
    expect(verifyBlock(signed('2020-01-01', '2026-06-01'), single.trust).kind).toBe('transactions');
  });

  test('is not made unverifiable by an invalid first transaction that cannot be read', () => {
    const unreadable = configEnvelope(single.config);

    const bytes = blockOf({
      number: 7,
      envelopes: [unreadable, transaction().envelope],
      signer: single.signer,
      codes: [2, 0],
    });
    expect(verifyBlock(bytes, single.trust).transactions).toHaveLength(1);
    const nothingReadable = blockOf({
      number: 7,
      envelopes: [unreadable, unreadable],
      signer: single.signer,
      codes: [2, 2],
    });
    expect(verifyBlock(nothingReadable, single.trust).transactions).toEqual([]);
  });
});

describe('an orderer’s signature', () => {
  const envelopes = [transaction().envelope];
  const [first] = orderers;

  test('by a peer’s or client’s certificate of the right organisation is refused', () => {
    for (const role of ['peer', 'client', 'admin'] as const) {
      const orderer = first!.organization.issue({ role });
      const bytes = blockOf({ number: 7, envelopes, signer: { kind: 'single', orderer } });

      expect(() => verifyBlock(bytes, single.trust)).toThrowError('ORDERER_ROLE');
    }
  });

  test('by a certificate without a role, or with two, is refused', () => {
    for (const units of [[], ['orderer', 'peer']]) {
      const orderer = first!.organization.issue({ units });
      const bytes = blockOf({ number: 7, envelopes, signer: { kind: 'single', orderer } });

      expect(() => verifyBlock(bytes, single.trust)).toThrowError('IDENTITY_ROLE');
    }
  });

  test('under the MSP’s name but not from its root is refused', () => {
    const impostor = createOrganization(first!.organization.mspId).issue({ role: 'orderer' });
    const bytes = blockOf({ number: 7, envelopes, signer: { kind: 'single', orderer: impostor } });

    expect(() => verifyBlock(bytes, single.trust)).toThrowError('IDENTITY_UNTRUSTED');
  });

  test('by an organisation that orders nothing here is refused', () => {
    const bytes = blockOf({
      number: 7,
      envelopes,
      signer: { kind: 'single', orderer: orderers[1]!.orderer },
    });

    expect(() => verifyBlock(bytes, single.trust)).toThrowError('IDENTITY_UNKNOWN_MSP');
  });

  test('in its high form is refused', () => {
    const bytes = blockOf({
      number: 7,
      envelopes,
      signer: { kind: 'single', orderer: first!.orderer, form: 'high' },
    });

    expect(() => verifyBlock(bytes, single.trust)).toThrowError('ORDERER_SIGNATURE');
  });

  test('that is missing is refused', () => {
    const whole = parseBlock(blockOf({ number: 7, envelopes, signer: { kind: 'bft', signers: [] } }));

    expect(() => verifyBlock(assemble(whole), single.trust)).toThrowError('ORDERER_QUORUM');
    expect(() => verifyBlock(assemble({ ...whole, metadata: [] }), single.trust)).toThrowError(
      'ORDERER_QUORUM',
    );
    const garbage = [Uint8Array.of(0xff), ...whole.metadata.slice(1)];
    expect(() => verifyBlock(assemble({ ...whole, metadata: garbage }), single.trust)).toThrowError(
      'BLOCK_SIGNATURES_MALFORMED',
    );
  });

  test('under another configuration than the one in force is refused', () => {
    const bytes = blockOf({ number: 7, envelopes, signer: single.signer, lastConfig: 3 });

    expect(() => verifyBlock(bytes, single.trust)).toThrowError('BLOCK_LAST_CONFIG');
  });
});

describe('a BFT quorum', () => {
  const envelopes = [transaction().envelope];
  const signedBy = (signers: { id: number; orderer: (typeof orderers)[number]['orderer'] }[]) =>
    blockOf({ number: 7, envelopes, signer: { kind: 'bft', signers } });

  test('of two in four is too few, of three and four enough', () => {
    expect(() => verifyBlock(signedBy(orderers.slice(0, 2)), bft.trust)).toThrowError('ORDERER_QUORUM');
    expect(verifyBlock(signedBy(orderers.slice(1, 4)), bft.trust).kind).toBe('transactions');
    expect(verifyBlock(signedBy(orderers), bft.trust).kind).toBe('transactions');
  });

  test('does not count a number outside the consenters', () => {
    const outsider = [...orderers.slice(0, 2), { ...orderers[2]!, id: 9 }];

    expect(() => verifyBlock(signedBy(outsider), bft.trust)).toThrowError('ORDERER_UNKNOWN');
  });

  test('does not count one consenter twice, nor under another’s number', () => {
    const [one, two] = orderers;

    expect(() => verifyBlock(signedBy([one!, two!, one!, one!]), bft.trust)).toThrowError('ORDERER_QUORUM');
    expect(() =>
      verifyBlock(signedBy([one!, two!, { id: 3, orderer: one!.orderer }]), bft.trust),
    ).toThrowError('ORDERER_SIGNATURE');
  });

  // One of four may be hostile, and nobody signs how the metadata is written.
  test('holds whatever one orderer adds to the blocks that it hands on, and however it writes its own number', () => {
    const [one, two, three, four] = orderers;
    const ends = {
      ...four!,
      orderer: four!.organization.issue({ role: 'orderer', notAfter: '2020-06-01', notBefore: '2020-01-01' }),
    };
    const junk = [
      { ...one!, id: 9 },
      { ...two!, orderer: one!.orderer },
      { ...three!, orderer: hospitalA.peer },
      ends,
    ];
    const crowded = parseBlock(signedBy([...junk, one!, two!, three!, ...junk]));
    const [signatures = new Uint8Array(0), ...others] = crowded.metadata;
    const respelled = concat(Uint8Array.of(0x98, 6, 1), signatures, Uint8Array.of(0x12, 2, 0x98, 6, 0x12, 0));
    const whole = assemble({ ...crowded, metadata: [respelled, ...others] });

    expect(verifyBlock(assemble(crowded), bft.trust).transactions).toHaveLength(1);
    expect(() => verifyBlock(whole, bft.trust)).toThrowError('BLOCK_SIGNATURES_MALFORMED'); // not as Go reads it
    const readable = concat(Uint8Array.of(0x98, 6, 1), signatures, Uint8Array.of(0x12, 3, 0x98, 6, 1));
    expect(
      verifyBlock(assemble({ ...crowded, metadata: [readable, ...others] }), bft.trust).transactions,
    ).toHaveLength(1);
  });

  test('is not replaced by one orderer who signs with its certificate, nor the other way round', () => {
    const lone = blockOf({ number: 7, envelopes, signer: { kind: 'single', orderer: orderers[0]!.orderer } });

    expect(() => verifyBlock(lone, bft.trust)).toThrowError('BLOCK_SIGNATURES_MALFORMED');
    expect(() => verifyBlock(signedBy(orderers), single.trust)).toThrowError('BLOCK_SIGNATURES_MALFORMED');
  });
});

describe('the line of configurations', () => {
  const configBlock = (
    options: Partial<Parameters<typeof configEnvelope>[0]>,
    block: Partial<Parameters<typeof blockOf>[0]> = {},
  ) =>
    blockOf({
      number: 5,
      lastConfig: 5,
      envelopes: [configEnvelope({ ...single.config, sequence: 1, ...options })],
      signer: single.signer,
      ...block,
    });

  test('starts at the pinned genesis block and nowhere else', () => {
    const other = singleChannel({ channelId: 'other' });

    expect(() => channelTrust(other.genesis, { genesisHash: single.genesisHash })).toThrowError(
      'GENESIS_HASH',
    );
    const late = blockOf({ number: 1, envelopes: [configEnvelope(single.config)], signer: single.signer });
    expect(() => channelTrust(late, { genesisHash: hex(parseBlock(late).hash) })).toThrowError(
      'GENESIS_HASH',
    );
  });

  test('does not take other data under the pinned header', () => {
    const attackers = parseBlock(
      singleChannel({ orderers: organizationsOf(createOrganization('Orderer1MSP')) }).genesis,
    );
    const swapped = assemble({ ...parseBlock(single.genesis), envelopes: attackers.envelopes });

    expect(() => channelTrust(swapped, { genesisHash: single.genesisHash })).toThrowError('BLOCK_DATA_HASH');
  });

  test('goes on with a configuration that the orderers before it signed', () => {
    const next = applyConfig(
      single.trust,
      configBlock({ orderers: organizationsOf(orderers[1]!.organization) }),
    );

    expect(next).toMatchObject({ configNumber: 5, sequence: 1, genesisHash: single.genesisHash });
    const verified = verifyBlock(
      blockOf({
        number: 6,
        lastConfig: 5,
        envelopes: [transaction().envelope],
        signer: { kind: 'single', orderer: orderers[1]!.orderer },
      }),
      next,
    );
    expect(verified.trust).toBe(next);
  });

  test('yields the next trust when the listener meets it as a block', () => {
    const { kind, trust, transactions } = verifyBlock(configBlock({}), single.trust);

    expect([kind, transactions]).toEqual(['config', []]);
    expect(trust.configNumber).toBe(5);
  });

  test('does not take a configuration of an attacker’s own orderers', () => {
    const attacker = createOrganization('AttackerMSP');
    const orderer = attacker.issue({ role: 'orderer' });
    const forged = configBlock(
      { orderers: organizationsOf(attacker) },
      { signer: { kind: 'single', orderer } },
    );

    expect(() => applyConfig(single.trust, forged)).toThrowError('IDENTITY_UNKNOWN_MSP');
  });

  test('has no gap, no step back and no other channel', () => {
    expect(() => applyConfig(single.trust, configBlock({ sequence: 2 }))).toThrowError('CONFIG_LINEAGE');
    expect(() => applyConfig(single.trust, configBlock({ channelId: 'other' }))).toThrowError(
      'CHANNEL_MISMATCH',
    );
    const first = applyConfig(single.trust, configBlock({}));
    expect(() => applyConfig(first, configBlock({}))).toThrowError('CONFIG_LINEAGE');
    expect(() => applyConfig(single.trust, configBlock({}, { lastConfig: 0 }))).toThrowError(
      'BLOCK_LAST_CONFIG',
    );
    const plain = blockOf({ number: 5, envelopes: [transaction().envelope], signer: single.signer });
    expect(() => applyConfig(single.trust, plain)).toThrowError('CONFIG_MALFORMED');
  });

  // Each organisation writes its own rules, alone.
  test('with an organisation that cannot be judged stops nobody else: it has no members, and counts among all', () => {
    const { organization } = hospitalA;
    const others = organizationsOf(hospitalB.organization, regulator.organization);
    const endorsed = (endorsers: Holder[], creator = hospitalB.client) =>
      blockOf({
        number: 7,
        envelopes: [endorserTransaction({ creator, endorsers, writes: write('a') }).envelope],
        signer: single.signer,
      });
    // The last of two counts: Idemix.
    const msp = concat(organization.msp({}), Uint8Array.of(0x08, 1));
    const { trust } = singleChannel({ applications: [{ name: 'HospitalAMSP', msp }, ...others] });

    expect([...trust.applicationMsps.keys()]).toContain('HospitalAMSP');
    expect(verifyBlock(endorsed([hospitalB.peer, regulator.peer]), trust).transactions).toHaveLength(1);
    expect(
      verifyBlock(endorsed([hospitalB.peer, regulator.peer], hospitalA.client), trust).transactions,
    ).toHaveLength(1);
    expect(() => verifyBlock(endorsed([hospitalA.peer, regulator.peer]), trust)).toThrowError(
      'IDENTITY_UNTRUSTED',
    );
  });

  test('without NodeOUs has members without a role, who endorse for their organisation as for Fabric’s peers', () => {
    const msp = hospitalA.organization.msp({ nodeUnits: false });
    const others = organizationsOf(hospitalB.organization, regulator.organization);
    const { trust } = singleChannel({ applications: [{ name: 'HospitalAMSP', msp }, ...others] });
    const { envelope } = endorserTransaction({
      creator: hospitalA.client,
      endorsers: [hospitalA.peer, regulator.peer],
      writes: write('a'),
    });

    const block = blockOf({ number: 7, envelopes: [envelope], signer: single.signer });
    expect(verifyBlock(block, trust).transactions).toHaveLength(1);
    // Evidence rests on peers.
    expect(() => verifyTransaction(parseTransaction(envelope), trust, {})).toThrowError('ENDORSER_ROLE');
  });

  test('names each organisation once, and has consenters under BFT', () => {
    const twice = organizationsOf(hospitalB.organization, createOrganization('HospitalBMSP'));
    expect(() => singleChannel({ applications: [twice[0]!, { ...twice[1]!, name: 'second' }] })).toThrowError(
      'CONFIG_MALFORMED',
    );
    expect(() => bftChannel({ consenters: [] })).toThrowError('CONFIG_MALFORMED');
  });

  test('says when all keys lie on one machine', () => {
    expect(singleChannel({ consensus: 'solo' }).trust.ledger).toBe('solo');
    expect(single.trust.ledger).toBe('fabric');
  });
});
