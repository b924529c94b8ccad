import { hex } from '@medseal/evidence';
import { ristretto255_oprf } from '@noble/curves/ed25519.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EvaluationDeps, evaluatePseudonyms } from './evaluate-pseudonyms.ts';
import { parseNationalId } from './national-id.ts';
import { createPseudonymClient } from './pseudonym.ts';
import { createIdentityFixture, type IdentityFixture } from './test/fixture.ts';

const { voprf } = ristretto255_oprf;
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const nationalId = '11010519491231002X';

/** A generator that makes RandomScalar (RFC 9497 §4.7.1, by hash_to_field) come out as `scalar`. */
function generatorOf(...scalars: string[]): () => Uint8Array {
  let at = 0;
  return () => {
    const little = bytes(scalars[at++ % scalars.length] ?? '');
    const minusOne = BigInt(`0x${hex(little.toReversed())}`) - 1n;
    return bytes(minusOne.toString(16).padStart(96, '0')).toReversed();
  };
}

describe('VOPRF(ristretto255, SHA-512), RFC 9497 Appendix A.1.2', () => {
  const keys = voprf.deriveKeyPair(new Uint8Array(32).fill(0xa3), bytes('74657374206b6579'));
  const blind = '64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706';
  const nonce = '222a5e897cf59db8145db8d16e597e8facb80ae7d4e26d9881aa6f61d645fc0e';
  const first = {
    input: '00',
    blinded: '863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945',
    evaluated: 'aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e',
    proof:
      'ddef93772692e535d1a53903db24367355cc2cc78de93b3be5a8ffcc6985dd066d4346421d17bf5117a2a1ff0fcb2a759f58a539dfbe857a40bce4cf49ec600d',
    output:
      'b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7da4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c',
  };
  const second = {
    input: '5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a',
    blinded: 'cc0b2a350101881d8a4cba4c80241d74fb7dcbfde4a61fde2f91443c2bf9ef0c',
    evaluated: '60a59a57208d48aca71e9e850d22674b611f752bed48b36f7a91b372bd7ad468',
    proof:
      '401a0da6264f8cf45bb2f5264bc31e109155600babb3cd4e5af7d181a2c9dc0a67154fabf031fd936051dec80b0b6ae29c9503493dde7393b722eafdf5a50b02',
    output:
      '8a9a2f3c7f085b65933594309041fc1898d42d0858e59f90814ae90571a6df60356f4610bf816f27afdd84f47719e480906d27ecd994985890e5f539e7ea74b6',
  };

  it('derives the key pair', () => {
    expect(hex(keys.secretKey)).toBe('e6f73f344b79b379f1a0dd37e07ff62e38d9f71345ce62ae3a9bc60b04ccd909');
    expect(hex(keys.publicKey)).toBe('c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e');
  });

  it.each([first, second])('matches the vector of input $input', (vector) => {
    const blinding = voprf.blind(bytes(vector.input), generatorOf(blind));
    const evaluation = voprf.blindEvaluateBatch(
      keys.secretKey,
      keys.publicKey,
      [blinding.blinded],
      generatorOf(nonce),
    );
    const item = { input: bytes(vector.input), ...blinding, evaluated: evaluation.evaluated[0]! };

    expect(hex(blinding.blinded)).toBe(vector.blinded);
    expect(evaluation.evaluated.map(hex)).toEqual([vector.evaluated]);
    expect(hex(evaluation.proof)).toBe(vector.proof);
    expect(hex(voprf.finalizeBatch([item], keys.publicKey, evaluation.proof)[0]!)).toBe(vector.output);
  });

  it('matches the vector of a batch of two', () => {
    const inputs = [bytes(first.input), bytes(second.input)];
    const blinds = [blind, nonce].map((scalar, at) => voprf.blind(inputs[at]!, generatorOf(scalar)));
    const items = blinds.map((item, at) => ({ ...item, input: inputs[at]! }));
    const proof = bytes(
      'cc203910175d786927eeb44ea847328047892ddf8590e723c37205cb74600b0a5ab5337c8eb4ceae0494c2cf89529dcf94572ed267473d567aeed6ab873dee08',
    );
    const { evaluated } = voprf.blindEvaluateBatch(
      keys.secretKey,
      keys.publicKey,
      blinds.map(({ blinded }) => blinded),
    );

    expect(blinds.map(({ blinded }) => hex(blinded))).toEqual([
      first.blinded,
      '90a0145ea9da29254c3a56be4fe185465ebb3bf2a1801f7124bbbadac751e654',
    ]);
    expect(evaluated.map(hex)).toEqual([
      first.evaluated,
      'cc5ac221950a49ceaa73c8db41b82c20372a4c8d63e5dded2db920b7eee36a2a',
    ]);
    const whole = items.map((item, at) => ({ ...item, evaluated: evaluated[at]! }));
    expect(voprf.finalizeBatch(whole, keys.publicKey, proof).map(hex)).toEqual([first.output, second.output]);
  });
});

describe('pseudonyms', () => {
  let fixture: IdentityFixture;
  let deps: EvaluationDeps;
  beforeAll(async () => {
    fixture = await createIdentityFixture();
    const { secretKey, publicKey } = voprf.generateKeyPair();
    const { db, clock, log } = fixture;
    deps = { db, clock, evidence: { append: log.append }, secretKey, publicKey, dailyLimit: 200 };
  });
  afterAll(() => fixture.drop());

  const clientOf = (organizationId: string, publicKey = deps.publicKey) =>
    createPseudonymClient({
      publicKey,
      evaluate: (request) => evaluatePseudonyms(request, organizationId, deps),
    });

  it('gives a person one pseudonym at every hospital, and two persons two', async () => {
    const ids = [nationalId, '440524188001010014'];

    const atA = await clientOf('hospital-a').pseudonymsOf(ids);
    const atB = await clientOf('hospital-b').pseudonymsOf(ids.map((id) => id.toLowerCase()));

    expect(atA).toEqual(atB);
    expect(new Set(atA).size).toBe(2);
    expect(atA[0]).toMatch(/^[0-9a-f]{64}$/);
  });

  it('are as documented', async () => {
    const documented = voprf.deriveKeyPair(
      new Uint8Array(32).fill(0xa3),
      new TextEncoder().encode('test key'),
    );
    const evaluate = (request: { blinded: string[] }) =>
      evaluatePseudonyms(request, 'hospital-a', { ...deps, ...documented });
    const client = createPseudonymClient({ publicKey: documented.publicKey, evaluate });

    expect(await client.pseudonymsOf([nationalId])).toEqual([
      '29f430e00b3e74f546b6e94603eb6af820de49e9f54d4577c8e4802bc8a38a0a',
    ]);
  });

  it('shows the service nothing that two requests for one person have in common', async () => {
    const seen: string[] = [];
    const newClient = () =>
      createPseudonymClient({
        publicKey: deps.publicKey,
        evaluate: (request) => {
          seen.push(...request.blinded);
          return evaluatePseudonyms(request, 'hospital-a', deps);
        },
      });

    await newClient().pseudonymsOf([nationalId]);
    await newClient().pseudonymsOf([nationalId]);

    expect(seen).toHaveLength(2);
    expect(new Set(seen).size).toBe(2);
  });

  it('asks the service once for each person, however often they are asked about', async () => {
    let asked = 0;
    const client = createPseudonymClient({
      publicKey: deps.publicKey,
      evaluate: (request) => {
        asked += request.blinded.length;
        return evaluatePseudonyms(request, 'hospital-a', deps);
      },
    });
    const [other = ''] = people(1);

    const [first] = await client.pseudonymsOf([nationalId]);
    const again = await client.pseudonymsOf([other, nationalId, other, nationalId]);

    expect(asked).toBe(2);
    expect(again).toEqual([again[0], first, again[0], first]);
    expect(again[0]).not.toBe(first);
  });

  it('refuses an answer under another key, a swapped one and a cut one', async () => {
    const other = voprf.generateKeyPair();
    const client = (evaluate: (request: { blinded: string[] }) => Promise<unknown>) =>
      createPseudonymClient({ publicKey: deps.publicKey, evaluate });
    const answered = (request: { blinded: string[] }) => evaluatePseudonyms(request, 'hospital-a', deps);

    await expect(clientOf('hospital-a', other.publicKey).pseudonymsOf([nationalId])).rejects.toThrow(
      'IDENTITY_PSEUDONYM_PROOF_INVALID',
    );
    for (const forge of [
      async (request: { blinded: string[] }) =>
        evaluatePseudonyms(request, 'hospital-a', { ...deps, ...other }),
      async (request: { blinded: string[] }) => {
        const { evaluated, proof } = await answered(request);
        return { evaluated: evaluated.toReversed(), proof };
      },
      async (request: { blinded: string[] }) => ({ ...(await answered(request)), evaluated: [] }),
      async () => ({ evaluated: ['00'.repeat(32), '00'.repeat(32)], proof: '00'.repeat(64) }),
      async () => 'nothing',
    ]) {
      await expect(client(forge).pseudonymsOf([nationalId, '440524188001010014'])).rejects.toThrow(
        'IDENTITY_PSEUDONYM_PROOF_INVALID',
      );
    }
  });

  it.each([
    ['no element', { blinded: [] }],
    ['65 elements', { blinded: new Array(65).fill('00'.repeat(32)) }],
    ['the identity element', { blinded: ['00'.repeat(32)] }],
    ['no canonical element', { blinded: ['ff'.repeat(32)] }],
    ['a further field', { blinded: ['00'.repeat(32)], nationalId }],
    ['no object', null],
  ])('refuses a request with %s', async (_name, body) => {
    await expect(evaluatePseudonyms(body, 'hospital-a', deps)).rejects.toThrow(
      'IDENTITY_PSEUDONYM_REQUEST_INVALID',
    );
  });

  it('leaves evidence of each batch and none of whom it was about', async () => {
    const count =
      'select count(*)::int as count from administration_act a join evidence_leaf l using (leaf_id)';
    const before = await fixture.db.query<{ count: number }>(count);

    await clientOf('hospital-a').pseudonymsOf([nationalId]);

    expect((await fixture.db.query<{ count: number }>(count)).rows[0]?.count).toBe(
      (before.rows[0]?.count ?? 0) + 1,
    );
    const { rows } = await fixture.db.query<{ act: object }>('select act from administration_act limit 1');
    expect(rows[0]?.act).toEqual({
      kind: 'pseudonyms-evaluated',
      organizationId: 'hospital-a',
      count: expect.any(Number),
    });
  });

  it('stops a member at its daily limit, and only that member, until the next day', async () => {
    const greedy = clientOf('hospital-c');
    const crowd = people(5 * 64);
    const many = (part: number): string[] => crowd.slice(part * 64, (part + 1) * 64);
    const race = await Promise.allSettled([0, 1, 2, 3].map((part) => greedy.pseudonymsOf(many(part))));

    expect(race.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    await expect(greedy.pseudonymsOf(many(4))).rejects.toThrow('IDENTITY_PSEUDONYM_LIMIT');
    // Refused before anything is computed: what is no element is not even found out.
    const nothing = { blinded: Array.from({ length: 64 }, () => 'ff'.repeat(32)) };
    await expect(evaluatePseudonyms(nothing, 'hospital-c', deps)).rejects.toThrow('IDENTITY_PSEUDONYM_LIMIT');
    await expect(clientOf('hospital-b').pseudonymsOf([nationalId])).resolves.toHaveLength(1);
    fixture.clock.advance(86_400_000);
    await expect(greedy.pseudonymsOf([nationalId])).resolves.toHaveLength(1);
  });
});

/** Valid numbers of `count` people who do not exist (region 999999). */
function people(count: number): string[] {
  return Array.from({ length: count }, (_, at) => {
    const digits = `99999919800101${String(at).padStart(3, '0')}`;
    const checked = [...'0123456789X'].map((digit) => digits + digit).find(isNationalId);
    if (checked === undefined) throw new Error('no check digit fits');
    return checked;
  });
}

function isNationalId(text: string): boolean {
  try {
    parseNationalId(text);
    return true;
  } catch {
    return false;
  }
}
