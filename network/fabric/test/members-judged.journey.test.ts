import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, utf8 } from '../../../evidence/src/bytes.ts';
import { EvidenceError } from '../../../evidence/src/errors.ts';
import { identify, isSignedBy, parseMsp } from '../../../evidence/src/fabric-msp.ts';
import { type ChainCase, certificateCases } from '../../../evidence/test/chain-cases.ts';
import { changedCertificates } from '../../../evidence/test/changed-certificates.ts';
import {
  changedAuthorities,
  changedLists,
  changedTexts,
  tangledChains,
} from '../../../evidence/test/changed-chains.ts';
import {
  createOrganization,
  type Holder,
  type MspOptions,
  type OrganizationOptions,
  signLedger,
  type TestOrganization,
} from '../../../evidence/test/organizations.ts';
import { ruleCases } from '../../../evidence/test/rule-cases.ts';
import { authorityKinds, issuing, type KeyKind, memberKinds } from '../../../evidence/test/signing.ts';
import { bentCertificates } from '../../../test/corpus/key-kinds.ts';
import { askFabric, hasGo, type MemberAnswer, type MemberQuestion } from './msp-judge.ts';

const recorded: unknown = JSON.parse(
  readFileSync(new URL('../../../evidence/test/vectors/members-judged.json', import.meta.url), 'utf8'),
);
const isSkipped = !hasGo();
if (isSkipped)
  console.warn(
    '\n⚠ SKIPPED: members judged by Fabric’s own code. Go is needed to build it, and there is none.\n',
  );

const message = utf8('message');

type Asking = { name: string; organization: TestOrganization; member: Holder };
type Question = { msp?: MspOptions; signature?: Uint8Array; capability?: 'V2_0' | 'V3_0' };

function asked({ name, organization, member }: Asking, question: Question = {}): MemberQuestion {
  const { msp = {}, signature = signLedger(member.key, message), capability = 'V3_0' } = question;
  const { serialized } = member;
  return { name, msp: organization.msp(msp), serialized, message, signature, capability };
}

type Verdict = { refusal: string | undefined; roles: readonly string[] };

/** What this verifier has against a signature, if anything, and the roles of who made it. */
function judged({ msp, serialized, signature, capability }: MemberQuestion): Verdict {
  try {
    const parsed = parseMsp(msp, capability === 'V3_0' ? ['ecdsa', 'ed25519'] : ['ecdsa']);
    const member = identify(new Map([[parsed.mspId, parsed]]), serialized, undefined);
    const holds = isSignedBy(member, message, signature);
    return { refusal: holds ? undefined : 'SIGNATURE', roles: member.roles };
  } catch (error) {
    if (error instanceof EvidenceError) return { refusal: error.code, roles: [] };
    throw error;
  }
}

/** On which questions Fabric and this verifier differ, and how many signatures both take. */
function compared(questions: readonly MemberQuestion[]) {
  const theirs = askFabric(questions);
  const ours = questions.map(judged);
  const named = (differs: (answer: MemberAnswer, verdict: Verdict) => boolean) =>
    questions.flatMap(({ name }, at) => {
      const [answer, verdict] = [theirs[at], ours[at]];
      if (answer === undefined || verdict === undefined || !differs(answer, verdict)) return [];
      return [`${name}: ${verdict.refusal ?? 'taken'}`];
    });
  return {
    answers: theirs.length,
    taken: theirs.filter(({ taken }, at) => taken && ours[at]?.refusal === undefined).length,
    // Rules that Fabric does not take stand in no channel's configuration.
    onlyOurs: named(({ taken, hasRules }, { refusal }) => refusal === undefined && !taken && hasRules),
    onlyFabrics: named(({ taken }, { refusal }) => refusal !== undefined && taken),
    theirs,
    otherRoles: named(
      ({ taken, roles }, verdict) =>
        taken && verdict.refusal === undefined && roles.join() !== verdict.roles.join(),
    ),
  };
}

function of(name: string, root: OrganizationOptions, kind: KeyKind = 'P-256', ed25519?: Uint8Array): Asking {
  const organization = createOrganization('HospitalAMSP', root);
  const member = organization.issue({ role: 'client', kind, ...(ed25519 && { ed25519 }) });
  return { name, organization, member };
}

function rootsAndMembers(): MemberQuestion[] {
  return authorityKinds.flatMap((kind) =>
    (['sha1', 'sha256', 'sha384', 'sha512'] as const).flatMap((hash) =>
      [...memberKinds, 'rsa' as const, 'secp256k1' as const].map((member) =>
        asked(of(`${member} under ${kind} with ${hash}`, { kind, hash }, member)),
      ),
    ),
  );
}

function signaturesOf(kind: (typeof memberKinds)[number]): MemberQuestion[] {
  const own = of(kind, {}, kind);
  const { key } = own.member;
  const good = signLedger(key, message);
  const families = ['', 'SHA2', 'SHA3', 'sha2', 'SHA256'].flatMap((hashFamily) =>
    ['sha256', 'sha384', 'sha512', 'sha3-256'].flatMap((hash) =>
      (['low', 'high'] as const).flatMap((form) =>
        (['V2_0', 'V3_0'] as const).map((capability) =>
          asked(
            { ...own, name: `${kind}: ${hash}, ${form}, family ${hashFamily}, ${capability}` },
            { msp: { hashFamily }, signature: signLedger(key, message, form, hash), capability },
          ),
        ),
      ),
    ),
  );
  const bent = [good.subarray(0, -1), concat(good, Uint8Array.of(0)), new Uint8Array(0)].concat(
    [0, 1, 3, good.length - 1].map((place) => good.map((byte, at) => (at === place ? byte ^ 1 : byte))),
  );
  return [
    ...families,
    ...bent.map((signature, at) => asked({ ...own, name: `${kind}: bent ${at}` }, { signature })),
  ];
}

function intermediatesAndLists(): MemberQuestion[] {
  return authorityKinds.flatMap((kind) => {
    const organization = createOrganization('HospitalAMSP', { kind });
    const member = organization.issue({ role: 'client' });
    const revoked = [member.der];
    return [
      asked({ name: `${kind} revokes`, organization, member }, { msp: { revoked } }),
      asked(
        { name: `${kind}, a list of another`, organization, member },
        { msp: { revoked, crlIssuing: issuing(createOrganization('HospitalBMSP').root.key) } },
      ),
      ...authorityKinds.map((lower) => {
        const below = organization.intermediate(lower);
        const name = `${lower} under ${kind}`;
        const of384 = below.issue({ role: 'client', kind: 'P-384' });
        return asked({ name, organization, member: of384 }, { msp: { intermediates: [below.authority] } });
      }),
    ];
  });
}

function rootsSignedWithSha1(): MemberQuestion[] {
  return (['rsa', 'P-256'] as const).map((kind) => {
    const { key } = createOrganization('HospitalAMSP', { kind }).root;
    return asked(of(`${kind} root signed with SHA-1`, { kind, ownSignature: issuing(key, kind, 'sha1') }));
  });
}

const small = [`01${'00'.repeat(31)}`, `ee${'ff'.repeat(30)}7f`, '02'.repeat(32)].map((key) => {
  const member = of(`Ed25519 ${key.slice(0, 4)}`, {}, 'P-256', fromHex(key));
  return asked(member, { signature: concat(Uint8Array.of(1), new Uint8Array(63)) });
});

describe.skipIf(isSkipped)('what a member signed, as Fabric’s own membership code judges it', () => {
  it('counts here, and nothing else: every kind of key, authority, hash, family and list', () => {
    const questions = [
      ...rootsAndMembers(),
      ...memberKinds.flatMap(signaturesOf),
      ...intermediatesAndLists(),
      ...rootsSignedWithSha1(),
      ...small,
    ];
    const { answers, taken, onlyOurs, onlyFabrics } = compared(questions);

    expect(answers).toBe(questions.length);
    expect(taken).toBeGreaterThan(200);
    expect(onlyOurs).toEqual([]);
    // On these OpenSSL and Go differ, so they are left out on purpose.
    expect(onlyFabrics).toEqual([
      'Ed25519 0100: CERTIFICATE_MALFORMED',
      'Ed25519 eeff: CERTIFICATE_MALFORMED',
    ]);
  }, 120_000);

  it('counts as there with keys and algorithms in another encoding', () => {
    const bent = bentCertificates({ amount: 600, seed: 20261129 }).map(({ name, own }) =>
      asked({ name, organization: own.organization, member: own.client }),
    );

    expect(compared(bent)).toMatchObject({ answers: 600, onlyOurs: [], onlyFabrics: [], otherRoles: [] });
  }, 120_000);

  it('counts as there whatever certificates, chains, units, lists and texts an organisation writes', () => {
    const questions = [...certificateCases(), ...ruleCases()].map(written);
    const { answers, taken, theirs, ...differences } = compared(questions);

    expect(answers).toBe(questions.length);
    expect(taken).toBeGreaterThan(300);
    const named = questions.map(({ name }, at) => [name, theirs[at] && saidOf(theirs[at])]);
    // What the unit tests hold against, where there is no Go.
    expect(Object.fromEntries(named)).toEqual(recorded);
    expect(differences).toEqual({ onlyOurs: [], onlyFabrics: [], otherRoles: [] });
  }, 120_000);

  it.each([
    ['certificates that are changed anywhere and signed anew', changedCertificates, 2_000],
    ['certificates of authorities that are changed so', changedAuthorities, 1_000],
    ['revocation lists that are changed so', changedLists, 1_000],
    ['chains that meet, end and go round', tangledChains, 1_500],
    ['texts that are changed', changedTexts, 1_500],
  ] as const)(
    'counts as there in %s',
    (_, changed, amount) => {
      const questions = changed({ amount, seed: 20261130 }).map(written);
      const { answers, taken, theirs: _answers, ...differences } = compared(questions);

      expect(answers).toBe(questions.length);
      expect(taken).toBeGreaterThan(amount / 20);
      expect(differences).toEqual({ onlyOurs: [], onlyFabrics: [], otherRoles: [] });
    },
    120_000,
  );
});

/** As the vectors have it: roles, null for nobody, or that no channel has the rules. */
function saidOf({ taken, roles, hasRules }: MemberAnswer): string | null {
  if (taken) return roles.join(' ');
  return hasRules ? null : 'no rules';
}

function written({ name, msp, serialized, key }: ChainCase): MemberQuestion {
  return { name, msp, serialized, message, signature: signLedger(key, message), capability: 'V3_0' };
}
