import { canonicalJson, commit, fromHex, utf8 } from '@medseal/evidence';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { destroyKey, patientToken } from '../crypto/index.ts';
import { AppError } from '../lib/errors.ts';
import { silentLogger } from '../lib/logger.ts';
import {
  type ConsentView,
  consentEvidence,
  findRecordedConsents,
  outboxStatus,
  projectConsents,
  startConsentSubmitter,
  submitConsents,
} from './index.ts';
import {
  type ConsentFixture,
  createConsentFixture,
  createTestLedger,
  staff,
  type TestLedger,
  tenant,
} from './test/fixture.ts';

let fixture: ConsentFixture;
let ledger: TestLedger;
beforeAll(async () => {
  fixture = await createConsentFixture();
});
beforeEach(async () => {
  ledger = createTestLedger();
  await fixture.db.query(`update consent_outbox set state = 'confirmed'`);
});
afterAll(() => fixture.drop());

const terms = { recipients: ['hospital-b'], purposes: ['TREAT'], types: ['Observation'] };
type Row = { version: number; state: string; attempts: number; tx_id: string | null; code: string | null };

async function outbox({ ledger: { id } }: ConsentView): Promise<Row[]> {
  const { rows } = await fixture.db.query<Row>(
    'select version, state, attempts, tx_id, code from consent_outbox where ledger_id = $1 order by version',
    [id],
  );
  return rows;
}

function submit(): Promise<number> {
  return submitConsents({ db: fixture.db, ledger, clock: fixture.clock, logger: silentLogger });
}

async function project(): Promise<void> {
  for (const transaction of ledger.transactions) {
    await fixture.db.transaction((tx) => projectConsents(tx, transaction));
  }
}

const unknown = (txId?: string): Error => Object.assign(new AppError('LEDGER_UNKNOWN'), { txId });
const refused = (chaincodeCode: string): Error =>
  Object.assign(new AppError('LEDGER_REFUSED'), { chaincodeCode });

describe('what proves a version of a consent', () => {
  it('is its content and salt, of an ended version, too, until the patient is erased', async () => {
    const person = await fixture.enrol();
    const { id } = await fixture.grant(person, terms);
    await fixture.revoke(person, id);
    const deps = { db: fixture.db, keyStore: fixture.keyStore, tenant };
    const { rows } = await fixture.db.query<{ version: number; commitment: Uint8Array; leaf_id: string }>(
      'select version, commitment, leaf_id from consent order by recorded_at desc, version limit 2',
    );

    for (const { version, commitment, leaf_id } of rows) {
      const found = await consentEvidence({ id, version }, deps);
      if (found === undefined) throw new Error('no evidence');
      expect(commit('consent', found.content, fromHex(found.salt))).toEqual(new Uint8Array(commitment));
      expect(found).toMatchObject({ content: { version, consent: { id } }, leafId: BigInt(leaf_id) });
    }
    expect(rows.map(({ version }) => version)).toEqual([1, 2]);
    expect(await consentEvidence({ id, version: 3 }, deps)).toBeUndefined();
    expect(await consentEvidence({ id: 'another', version: 1 }, deps)).toBeUndefined();
    await destroyKey(fixture.db, patientToken(fixture.keyStore, person.patientId), fixture.clock.now());
    expect(await consentEvidence({ id, version: 1 }, deps)).toBeUndefined();
  });
});

describe('telling the ledger', () => {
  it('submits each version in turn, and confirms it from the block', async () => {
    const person = await fixture.enrol();
    const granted = await fixture.grant(person, terms);
    await fixture.revoke(person, granted.id);

    expect(await submit()).toBe(1);
    expect(await submit()).toBe(1);
    expect(await submit()).toBe(0);

    expect((await outbox(granted)).map(({ state }) => state)).toEqual(['submitted', 'submitted']);
    await project();
    expect(await outbox(granted)).toMatchObject([
      { version: 1, state: 'confirmed', tx_id: 'tx-0' },
      { version: 2, state: 'confirmed', tx_id: 'tx-1' },
    ]);
    const view = await fixture.consents.get({
      actor: staff(['clinician']),
      purpose: 'TREAT',
      consentId: granted.id,
    });
    expect(view.ledger).toMatchObject({ state: 'inactive', txId: 'tx-1', blockNumber: 2 });
  });

  it('puts nothing on the ledger but a random id, a salted commitment, a version and a state', async () => {
    const granted = await fixture.grant(await fixture.enrol(), terms);
    await submit();

    const written = JSON.parse(Buffer.from(ledger.transactions[0]?.writes[0]?.value ?? []).toString());
    expect(Object.keys(written).sort()).toEqual(['commitment', 'id', 'organizationId', 'status', 'version']);
    expect(written.id).toBe(granted.ledger.id);
  });

  it('asks before it submits again when the outcome is unknown, and finds it committed', async () => {
    const granted = await fixture.grant(await fixture.enrol(), terms);
    ledger.failNext(unknown('tx-0'), 'after');
    await submit();
    expect(await outbox(granted)).toMatchObject([
      { state: 'unknown', tx_id: 'tx-0', code: 'LEDGER_UNKNOWN' },
    ]);

    fixture.clock.advance(5_000);
    await submit();

    expect(ledger.submissions).toBe(1);
    expect(await outbox(granted)).toMatchObject([{ state: 'submitted', attempts: 2 }]);
  });

  it('submits again when the ledger says that nothing came', async () => {
    const granted = await fixture.grant(await fixture.enrol(), terms);
    ledger.failNext(unknown('tx-lost'), 'before');
    await submit();
    fixture.clock.advance(5_000);
    await submit();

    expect(ledger.submissions).toBe(2);
    expect(await outbox(granted)).toMatchObject([{ state: 'submitted', tx_id: 'tx-0' }]);
  });

  it('waits and asks again while the ledger does not answer', async () => {
    const granted = await fixture.grant(await fixture.enrol(), terms);
    ledger.failNext(unknown(), 'after');
    await submit();
    const { evaluate } = ledger;
    ledger.evaluate = () => Promise.reject(new AppError('LEDGER_NOT_COMMITTED'));
    for (let round = 0; round < 3; round += 1) {
      fixture.clock.advance(60_000);
      await submit();
    }
    expect(ledger.submissions).toBe(1);
    expect(await outbox(granted)).toMatchObject([{ state: 'unknown', attempts: 4 }]);

    ledger.evaluate = evaluate;
    fixture.clock.advance(60_000);
    await submit();
    expect(await outbox(granted)).toMatchObject([{ state: 'submitted' }]);
  });

  it('takes up what a worker left that died while it submitted', async () => {
    const granted = await fixture.grant(await fixture.enrol(), terms);
    const hanging = { ...ledger, submit: () => new Promise<never>(() => {}) };
    void submitConsents({ db: fixture.db, ledger: hanging, clock: fixture.clock, logger: silentLogger });
    while ((await outbox(granted))[0]?.state !== 'unknown');
    expect(await submit()).toBe(0);

    fixture.clock.advance(60_000);
    expect(await submit()).toBe(1);

    expect(await outbox(granted)).toMatchObject([{ state: 'submitted', tx_id: 'tx-0' }]);
  });

  it.each(['CONSENT_CONFLICT', 'CONSENT_CUSTODIAN', 'CONSENT_INACTIVE'])(
    'gives up after %s, and the consent stops counting',
    async (code) => {
      const granted = await fixture.grant(await fixture.enrol(), terms);
      ledger.failNext(refused(code), 'before');
      await submit();
      fixture.clock.advance(3_600_000);

      expect(await submit()).toBe(0);
      expect(await outbox(granted)).toMatchObject([{ state: 'refused', code }]);
      const view = await fixture.consents.get({
        actor: staff(['clinician']),
        purpose: 'TREAT',
        consentId: granted.id,
      });
      expect(view.ledger.state).toBe('mismatch');
      expect((await outboxStatus(fixture.db)).refused).toBeGreaterThan(0);
    },
  );

  it('goes on trying after a refusal that may pass', async () => {
    const granted = await fixture.grant(await fixture.enrol(), terms);
    ledger.failNext(refused('MEMBER_NOT_REGISTERED'), 'before');
    await submit();
    expect(await outbox(granted)).toMatchObject([{ state: 'unknown', code: 'MEMBER_NOT_REGISTERED' }]);

    fixture.clock.advance(5_000);
    await submit();
    expect(await outbox(granted)).toMatchObject([{ state: 'submitted', code: null }]);
  });

  it('lets each of many workers take its own share', async () => {
    const person = await fixture.enrol();
    for (let count = 0; count < 6; count += 1) await fixture.grant(person, terms);

    const taken = await Promise.all([submit(), submit(), submit()]);

    expect(taken.reduce((sum, count) => sum + count, 0)).toBe(6);
    expect(ledger.submissions).toBe(6);
    expect((await outboxStatus(fixture.db)).waiting).toBe(6);
  });

  it('works in the background, woken by a grant, and survives a failure', async () => {
    const granted = await fixture.grant(await fixture.enrol(), terms);
    const errors: string[] = [];
    let broken = true;
    const db = {
      query: ((text: string, values?: readonly unknown[]) =>
        broken
          ? Promise.reject(new Error('away'))
          : fixture.db.query(text, values)) as typeof fixture.db.query,
      select: fixture.db.select,
    };
    const logger = { ...silentLogger, error: (event: string) => void errors.push(event) };
    await using submitter = startConsentSubmitter(
      { db, ledger, clock: fixture.clock, logger },
      { intervalMilliseconds: 60_000 },
    );
    while (errors.length === 0) await fixture.db.query('select 1');

    broken = false;
    submitter.wake();
    while ((await outbox(granted))[0]?.state !== 'submitted');

    expect(errors).toContain('consent.submission-failed');
  });
});

describe('projecting consents', () => {
  const id = '0123456789abcdef0123456789abcdef';
  const consent = {
    id,
    version: 1,
    commitment: 'a'.repeat(64),
    status: 'active',
    organizationId: 'hospital-c',
  };
  const write = (value: unknown, key = `\u0000consent\u0000${id}\u0000`) => ({
    namespace: 'medseal',
    key,
    value: utf8(typeof value === 'string' ? value : canonicalJson(value)),
    isDelete: false,
  });
  const transaction = {
    ...{ txId: 'tx', blockNumber: 9n, validationCode: 0, timestamp: '2026-03-01T08:00:01.000Z' },
    writes: [write(consent)],
  };
  const projected = async (): Promise<unknown[]> =>
    (await fixture.db.query('select version, status from consent_ledger where ledger_id = $1', [id])).rows;

  it('ignores invalid transactions, other chaincodes and other keys', async () => {
    const ignored = [
      { ...transaction, validationCode: 11 },
      { ...transaction, writes: [{ ...write(consent), namespace: 'other' }] },
      { ...transaction, writes: [write(consent, '\u0000member\u0000hospital-c\u0000')] },
    ];
    for (const each of ignored) await projectConsents(fixture.db, each);

    expect(await projected()).toEqual([]);
  });

  it('gives the same projection when the blocks are read again', async () => {
    const ended = {
      ...transaction,
      txId: 'tx2',
      blockNumber: 10,
      timestamp: '2026-03-02T08:00:00.000Z',
      writes: [write({ ...consent, version: 2, commitment: 'b'.repeat(64), status: 'inactive' })],
    };
    for (const each of [transaction, ended]) await projectConsents(fixture.db, each);
    expect(await projected()).toEqual([{ version: 2, status: 'inactive' }]);

    for (const each of [transaction, ended]) await projectConsents(fixture.db, each);
    expect(await projected()).toEqual([{ version: 2, status: 'inactive' }]);
    // Every version stays findable by what any of them commits to.
    const versions = [
      { ...consent, at: '2026-03-01T08:00:01.000Z', txId: 'tx', blockNumber: 9 },
      {
        ...{ ...consent, version: 2, commitment: 'b'.repeat(64), status: 'inactive' },
        ...{ at: '2026-03-02T08:00:00.000Z', txId: 'tx2', blockNumber: 10 },
      },
    ];
    const { organizationId } = consent;
    const asked = { organizationId, digests: ['a'.repeat(64)], highestBlock: 10 };
    expect(await findRecordedConsents(fixture.db, asked)).toEqual(versions);
    expect(await findRecordedConsents(fixture.db, { ...asked, highestBlock: 9 })).toEqual([versions[0]]);
    expect(await findRecordedConsents(fixture.db, { ...asked, organizationId: 'hospital-a' })).toEqual([]);
  });

  const unreadable: [string, object][] = [
    ['no JSON', write('{')],
    ['duplicate members', write(`${canonicalJson(consent).slice(0, -1)},"status":"inactive"}`)],
    ['a deletion', { ...write(consent), isDelete: true }],
    ['a status nobody knows', write({ ...consent, status: 'proposed' })],
    ['another id than its key', write(consent, `\u0000consent\u0000${'f'.repeat(32)}\u0000`)],
    ['a commitment that is none', write({ ...consent, commitment: 'x' })],
  ];
  it.each(unreadable)('stops at %s', async (_what, each) => {
    await expect(projectConsents(fixture.db, { ...transaction, writes: [each as never] })).rejects.toThrow(
      'CONSENT_LEDGER_INVALID',
    );
  });
});
