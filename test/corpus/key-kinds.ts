import fc from 'fast-check';
import { derElements, derOf, derTag, onlyElement } from '../../evidence/src/der.ts';
import { concat, fromHex } from '../../evidence/src/index.ts';
import {
  bftChannel,
  hospitalB,
  type Orderer,
  orderers,
  orderersWith,
  regulator,
  singleChannel,
} from '../../evidence/test/alliance.ts';
import { organizationsOf } from '../../evidence/test/configuration.ts';
import {
  createOrganization,
  type Holder,
  type IssueOptions,
  type MspOptions,
  pemOf,
  serializedAs,
  signLedger,
  type TestOrganization,
} from '../../evidence/test/organizations.ts';
import { makeProof, policyOf, type TestLog } from '../../evidence/test/proof.ts';
import { authorityKinds, issuing, type KeyKind, memberKinds } from '../../evidence/test/signing.ts';
import { type CorpusCase, corpusCase } from './case.ts';
import { encoded } from './wire.ts';

type Expected = Parameters<typeof corpusCase>[3];
type Sign = (message: Uint8Array, holder: Holder) => Uint8Array;
export type Own = { organization: TestOrganization; client: Holder; peer: Holder };
type Question = { expected?: Expected; sign?: Sign; msp?: MspOptions; capabilities?: string[] };

const plainly: Sign = (message, { key }) => signLedger(key, message);

/** Members, authorities and orderers with keys of every kind that Fabric takes, and of some that it does not. */
export function keyKindCases(log: TestLog, { amount, seed }: { amount: number; seed: number }): CorpusCase[] {
  const asked = (
    name: string,
    own: Own,
    { expected, sign = plainly, msp, capabilities = ['V3_0'] }: Question,
  ) => {
    const channel = bftChannel({
      capabilities,
      applications: [
        { name: 'HospitalAMSP', msp: own.organization.msp(msp) },
        ...organizationsOf(hospitalB.organization, regulator.organization),
      ],
    });
    const proof = makeProof(channel, log, {
      transaction: {
        creator: own.client,
        endorsers: [own.peer, hospitalB.peer],
        bend: { endorse: sign, sign },
      },
      confirmation: {
        creator: own.client,
        endorsers: [own.peer, regulator.peer],
        bend: { endorse: sign, sign },
      },
    });
    return corpusCase(`key kinds: ${name}`, proof, JSON.stringify(policyOf(channel, log)), expected);
  };
  return [
    ...memberKinds.flatMap((kind) => memberCases(kind, asked)),
    ...authorityKinds.flatMap((kind) => authorityCases(kind, asked)),
    ...familyCases(asked),
    ...memberKinds.flatMap((kind) => ordererCases(kind, log)),
    ...bentCertificates({ amount, seed }).map(({ name, own }) => asked(name, own, {})),
  ];
}

type Ask = (name: string, own: Own, question: Question) => CorpusCase;

function hospital(
  kind: KeyKind,
  organization = createOrganization('HospitalAMSP'),
  options: IssueOptions = {},
): Own {
  return {
    organization,
    client: organization.issue({ role: 'client', kind, ...options }),
    peer: organization.issue({ role: 'peer', kind, ...options }),
  };
}

function memberCases(kind: (typeof memberKinds)[number], ask: Ask): CorpusCase[] {
  const own = hospital(kind);
  const forClient =
    (bend: (signature: Uint8Array) => Uint8Array): Sign =>
    (message, holder) =>
      holder === own.client ? bend(plainly(message, holder)) : plainly(message, holder);
  const refused = 'tampered TX_CREATOR_SIGNATURE';
  const isEdwards = kind === 'ed25519';
  const others = memberKinds.map((other) => hospital(other).client);
  return [
    ask(`members ${kind}`, own, { expected: 'valid' }),
    ask(`members ${kind} without V3_0`, own, {
      expected: isEdwards ? 'tampered IDENTITY_UNTRUSTED' : 'valid',
      capabilities: ['V2_0'],
    }),
    ask(`${kind} cut`, own, { expected: refused, sign: forClient((signature) => signature.subarray(0, -1)) }),
    ask(`${kind} with a byte more`, own, {
      expected: isEdwards ? refused : 'valid',
      sign: forClient((signature) => concat(signature, Uint8Array.of(1))),
    }),
    ask(`${kind} empty`, own, { expected: 'tampered', sign: forClient(() => new Uint8Array(0)) }),
    ask(`${kind} in the high half`, own, {
      expected: isEdwards ? 'valid' : refused,
      sign: (message, holder) => signLedger(holder.key, message, holder === own.client ? 'high' : 'low'),
    }),
    ...['sha384', 'sha512', 'sha3-256'].map((hash) =>
      ask(`${kind} over ${hash}`, own, {
        expected: isEdwards ? 'valid' : refused,
        sign: (message, { key }) => signLedger(key, message, 'low', key === own.client.key ? hash : 'sha256'),
      }),
    ),
    ...others.flatMap((thief, at) => [
      ask(
        `${kind} signed by ${memberKinds[at]}`,
        { ...own, client: { ...own.client, key: thief.key } },
        {
          expected: refused,
        },
      ),
      ask(
        `${kind} endorsed by ${memberKinds[at]}`,
        { ...own, peer: { ...own.peer, key: thief.key } },
        {
          expected: 'tampered ENDORSEMENT_SIGNATURE',
        },
      ),
    ]),
  ];
}

function authorityCases(kind: (typeof authorityKinds)[number], ask: Ask): CorpusCase[] {
  const organization = createOrganization('HospitalAMSP', { kind });
  const own = hospital('P-256', organization);
  const below = organization.intermediate('P-384');
  const lower = {
    organization,
    client: below.issue({ role: 'client' }),
    peer: below.issue({ role: 'peer', kind: 'P-521' }),
  };
  const intermediates = [below.authority];
  const strange = hospital('P-256', organization, { issuing: issuing(hospitalB.client.key) });
  const untrusted = 'tampered IDENTITY_UNTRUSTED';
  const hashes = ['sha1', 'sha256', 'sha384', 'sha512'] as const;
  return [
    ask(`root ${kind}`, own, { expected: 'valid' }),
    ask(`root ${kind}, intermediate`, lower, { expected: 'valid', msp: { intermediates } }),
    ask(`root ${kind}, intermediate left out`, lower, { expected: untrusted }),
    ask(`root ${kind}, signed by another`, strange, { expected: untrusted }),
    ask(`root ${kind} revokes`, own, {
      expected: 'tampered IDENTITY_REVOKED',
      msp: { revoked: [own.client.der] },
    }),
    ask(`root ${kind}, a list of another`, own, {
      expected: 'valid',
      msp: { revoked: [own.client.der], crlIssuing: issuing(hospitalB.client.key) },
    }),
    ...hashes.map((hash) =>
      ask(
        `root ${kind} with ${hash}`,
        hospital('P-256', createOrganization('HospitalAMSP', { kind, hash })),
        {
          expected: hash === 'sha1' ? withSha1(kind) : 'valid',
        },
      ),
    ),
  ];
}

/** Rules that name a family, and more of the same message after them. */
function spelled(hashFamily: string, after: string): MspOptions {
  return { hashFamily, suffix: encoded(8, fromHex(after)) };
}

/** Kinds that have no hash of their own to choose sign as ever. */
function withSha1(kind: KeyKind): Expected {
  if (kind === 'ed25519' || kind === 'rsa-pss') return 'valid';
  return 'tampered IDENTITY_UNTRUSTED';
}

function familyCases(ask: Ask): CorpusCase[] {
  const refused = 'tampered TX_CREATOR_SIGNATURE';
  const own = hospital('P-384');
  const sha3: Sign = (message, { key }) =>
    signLedger(key, message, 'low', key === own.client.key || key === own.peer.key ? 'sha3-256' : 'sha256');
  const old = createOrganization('HospitalAMSP', { kind: 'rsa' });
  const sha1 = issuing(old.root.key, 'rsa', 'sha1');
  const selfSigned = createOrganization('HospitalAMSP', { kind: 'rsa', ownSignature: sha1 });
  const small = ['00'.repeat(32), `01${'00'.repeat(31)}`, `ee${'ff'.repeat(30)}7f`, '02'.repeat(32)];
  return [
    ask('SHA3', own, { expected: 'valid', sign: sha3, msp: { hashFamily: 'SHA3' } }),
    ask('SHA3 and what SHA2 signed', own, { expected: refused, msp: { hashFamily: 'SHA3' } }),
    ask('SHA2', own, { expected: 'valid', msp: { hashFamily: 'SHA2' } }),
    ask('SHA2 and what SHA3 signed', own, { expected: refused, sign: sha3, msp: { hashFamily: 'SHA2' } }),
    // Singular messages are merged, and the last of two texts counts (Go's proto.Unmarshal).
    ...[
      spelled('SHA3', '1206534841323536'),
      spelled('SHA2', '0a0453484133'),
      spelled('SHA2', '9806010a0453484133980601'),
    ].map((msp, at) => ask(`SHA3 in another spelling ${at}`, own, { expected: 'valid', sign: sha3, msp })),
    ...['0a0453484132', '0a00', '0a04534841330a0453484132'].map((after) =>
      ask(`SHA3 and ${after} after it`, own, { expected: 'valid', msp: spelled('SHA3', after) }),
    ),
    ask('SHA2 and a number as its field', own, { expected: 'valid', msp: spelled('SHA2', '0804') }),
    ask('SHA2 and a family that is no text', own, {
      expected: 'tampered IDENTITY_UNTRUSTED',
      msp: spelled('SHA2', '0a02c328'),
    }),
    ask('no family', own, { expected: 'valid', msp: { hashFamily: '' } }),
    ask('an unknown family', own, { expected: refused, msp: { hashFamily: 'SHA1' } }),
    ask('SHA3 and Ed25519', hospital('ed25519'), { expected: 'valid', msp: { hashFamily: 'SHA3' } }),
    ask('members RSA', hospital('rsa'), { expected: 'tampered IDENTITY_UNTRUSTED' }),
    ask('members of a curve that Fabric does not take', hospital('secp256k1'), {
      expected: 'tampered CERTIFICATE_MALFORMED',
    }),
    ask('a root that signed itself with SHA-1', hospital('P-256', selfSigned), { expected: 'valid' }),
    ask('a list signed with SHA-1', hospital('P-256', old), {
      expected: 'valid',
      msp: { revoked: [hospitalB.client.der], crlIssuing: sha1 },
    }),
    ...[hospital('P-256', old)].map((own) =>
      ask('a list signed with SHA-1 that names the client', own, {
        expected: 'tampered IDENTITY_REVOKED',
        msp: { revoked: [own.client.der], crlIssuing: sha1 },
      }),
    ),
    ...small.map((key) =>
      ask(`an Ed25519 key ${key.slice(0, 4)}`, hospital('P-256', undefined, { ed25519: fromHex(key) }), {
        sign: (message, holder) =>
          holder === hospitalB.peer || holder === regulator.peer
            ? plainly(message, holder)
            : concat(Uint8Array.of(1), new Uint8Array(63)),
        expected: key.startsWith('02') ? refused : 'tampered CERTIFICATE_MALFORMED',
      }),
    ),
  ];
}

function ordererCases(kind: (typeof memberKinds)[number], log: TestLog): CorpusCase[] {
  const [first] = orderers as [(typeof orderers)[number]];
  const capabilities = ['V3_0'];
  const single = singleChannel({ capabilities });
  const alone = first.organization.issue({ role: 'orderer', kind });
  const signed = (name: string, orderer: Holder, expected: Expected) =>
    corpusCase(
      `key kinds: ${name}`,
      makeProof({ ...single, signer: { kind: 'single', orderer } }, log),
      JSON.stringify(policyOf(single, log)),
      expected,
    );
  const numbered = orderersWith(kind);
  const quorum = bftChannel({ capabilities, numbered });
  const ordered = (name: string, signers: Orderer[], expected: Expected) =>
    corpusCase(
      `key kinds: ${name}`,
      makeProof({ ...quorum, signer: { kind: 'bft', signers } }, log),
      JSON.stringify(policyOf(quorum, log)),
      expected,
    );
  const swapped = numbered.map((each, at) => ({ ...each, orderer: numbered[(at + 1) % 4]!.orderer }));
  return [
    signed(`one orderer ${kind}`, alone, 'valid'),
    signed(
      `one orderer ${kind}, by another`,
      { ...alone, key: first.orderer.key },
      'tampered ORDERER_SIGNATURE',
    ),
    ordered(`orderers ${kind}`, numbered.slice(1), 'valid'),
    ordered(`orderers ${kind}, two of them`, numbered.slice(2), 'tampered ORDERER_QUORUM'),
    ordered(`orderers ${kind}, each for another`, swapped, 'tampered ORDERER_SIGNATURE'),
  ];
}

export type Bent = { name: string; own: Own };

/** Certificates in whose keys and algorithms bytes are changed, signed anew by their authority: what one reader takes shows. */
export function bentCertificates({ amount, seed }: { amount: number; seed: number }): Bent[] {
  const organization = createOrganization('HospitalAMSP', { kind: 'P-384', hash: 'sha384' });
  const sign = issuing(organization.root.key, 'P-384', 'sha384').sign;
  const holders = [...memberKinds, 'rsa' as const].map((kind) => hospital(kind, organization));
  return fc.sample(bends, { numRuns: amount, seed }).map(({ which, part, change }, number) => {
    const own = holders[which % holders.length] as Own;
    const der = resigned(own.client.der, { part, change, sign });
    const pem = pemOf('CERTIFICATE', der);
    const client = { ...own.client, der, pem, serialized: serializedAs('HospitalAMSP', pem) };
    return { name: `bent certificate ${number}: ${part}`, own: { ...own, client } };
  });
}

type Change = (bytes: Uint8Array) => Uint8Array;
const flipped = fc.tuple(fc.nat(), fc.nat({ max: 7 })).map(
  ([at, bit]): Change =>
    (bytes) =>
      bytes.map((byte, place) => (place === at % bytes.length ? byte ^ (1 << bit) : byte)),
);
const cut = fc.nat({ max: 40 }).map(
  (by): Change =>
    (bytes) => {
      const { tag, content } = onlyElement(bytes);
      return derOf(tag, content.subarray(0, Math.max(0, content.length - by)));
    },
);
const longer = fc.uint8Array({ minLength: 1, maxLength: 6 }).map(
  (more): Change =>
    (bytes) => {
      const { tag, content } = onlyElement(bytes);
      return derOf(tag, content, more);
    },
);
/** Another kind's algorithm, or parameters that are none. */
const swapped = fc
  .constantFrom(
    '301006072a8648ce3d020106052b81040022',
    '301306072a8648ce3d020106082a8648ce3d030107',
    '300506032b6570',
    '300706032b65700500',
    '300d06092a864886f70d0101010500',
    '300b06092a864886f70d010101',
    '300a06082a8648ce3d040302',
    '300c06082a8648ce3d0403030500',
    '300a06082a8648ce3d040303',
    '300d06092a864886f70d01010b0500',
    '300b06092a864886f70d01010c',
    '300d06092a864886f70d01010a3000',
  )
  .map(
    (algorithm): Change =>
      () =>
        fromHex(algorithm),
  );
const bends = fc.record({
  which: fc.nat({ max: 5 }),
  part: fc.constantFrom(
    'key',
    'key’s algorithm',
    'key’s bits',
    'both algorithms',
    'inner algorithm',
    'outer algorithm',
  ),
  change: fc.oneof(flipped, flipped, cut, longer, swapped),
});

type Resigning = { part: string; change: Change; sign: (message: Uint8Array) => Uint8Array };

function resigned(der: Uint8Array, { part, change, sign }: Resigning): Uint8Array {
  const [signed, stated] = derElements(onlyElement(der).content).map(({ whole }) => whole) as [
    Uint8Array,
    Uint8Array,
  ];
  const fields = derElements(onlyElement(signed).content).map(({ whole }) => whole);
  const changed = fields.map((field, at) => {
    if (at === 6) return part.startsWith('key') ? bentKey(field, part, change) : field;
    return at === 2 && /both|inner/.test(part) ? change(field) : field;
  });
  const anew = derOf(derTag.sequence, ...changed);
  const signature = derOf(derTag.bitString, Uint8Array.of(0), sign(anew));
  return derOf(derTag.sequence, anew, /both|outer/.test(part) ? change(stated) : stated, signature);
}

function bentKey(info: Uint8Array, part: string, change: Change): Uint8Array {
  if (part === 'key') return change(info);
  const [algorithm, bits] = derElements(onlyElement(info).content).map(({ whole }) => whole) as [
    Uint8Array,
    Uint8Array,
  ];
  return part === 'key’s bits'
    ? derOf(derTag.sequence, algorithm, change(bits))
    : derOf(derTag.sequence, change(algorithm), bits);
}
