import { commit, fromHex, hex } from '@medseal/evidence';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditEntry } from '../audit/index.ts';
import type { Database, Queryable } from '../lib/sql.ts';
import { createTestNode, proves, type TestNode } from './test/node.ts';

let node: TestNode;
beforeAll(async () => {
  node = await createTestNode();
});
afterAll(() => node.close());

function access(patientId: string | undefined, change: Partial<AuditEntry> = {}): AuditEntry {
  return {
    interaction: 'read',
    outcome: 'success',
    actor: {
      kind: 'staff',
      staffId: 'staff-number-1',
      displayName: 'Dr Wang',
      roles: ['clinician'],
      organizationId: 'hospital-a',
    },
    at: '2026-01-02T03:04:05.678Z',
    patientId,
    instances: ['Observation/o1'],
    ...change,
  };
}

/** Counts the commits of a database; `broken` makes them fail. */
function watched(db: Database): Database & { commits: number; broken: unknown[] } {
  const attempt = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    watching.commits += 1;
    const error = watching.broken.shift();
    if (error !== undefined) throw error;
    return work();
  };
  const watching = {
    commits: 0,
    broken: [] as unknown[],
    query: <Row extends object>(text: string, values?: readonly unknown[]) =>
      text.trim().startsWith('with')
        ? attempt(() => db.query<Row>(text, values))
        : db.query<Row>(text, values),
    select: db.select,
    transaction: <Result>(work: (tx: Queryable) => Promise<Result>) => attempt(() => db.transaction(work)),
  };
  return watching;
}

async function sequencesOf(patientId: string): Promise<number[]> {
  const page = await node.log.accessHistory(patientId, { from: 1, count: 500 });
  return page.map(({ content }) => content.patientSeq);
}

describe('recording accesses', () => {
  it('writes event, leaf and place together with the caller, or nothing', async () => {
    const { database, log } = node;
    await expect(
      database.db.transaction(async (tx) => {
        await log.recordAccess(tx, [access('rolled-back')]);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    expect(await sequencesOf('rolled-back')).toEqual([]);

    await database.db.transaction((tx) => log.recordAccess(tx, [access('rolled-back'), access(undefined)]));
    expect(await sequencesOf('rolled-back')).toEqual([1]);
  });

  it('gives each patient of a batch the next places in order', async () => {
    const { database, log } = node;
    const entries = ['m1', 'm2', 'm1', 'm1', 'm2'].map((patientId, at) =>
      access(patientId, { requestId: `r${at}` }),
    );
    await database.db.transaction((tx) => log.recordAccess(tx, entries));
    await database.db.transaction((tx) => log.recordAccess(tx, entries.slice(0, 1)));

    const history = await log.accessHistory('m1', { from: 2, count: 2 });
    expect(history.map(({ content }) => content.patientSeq)).toEqual([2, 3]);
    expect(history.map(({ content }) => JSON.stringify(content.auditEvent).match(/"r\d"/)?.[0])).toEqual([
      '"r2"',
      '"r3"',
    ]);
    expect(await sequencesOf('m1')).toEqual([1, 2, 3, 4]);
    expect(await sequencesOf('m2')).toEqual([1, 2]);
  });

  it('shows a patient every access, denied ones too, each with a proof that a verifier recomputes', async () => {
    const { database, ledger, log } = node;
    await database.db.transaction((tx) =>
      log.recordAccess(tx, [
        access('shown'),
        access('shown', { outcome: 'denied', reasons: ['consent-absent'] }),
      ]),
    );
    expect((await log.accessHistory('shown', { from: 1, count: 10 }))[0]?.evidence.state).toBe('pending');
    await log.anchorNow();
    await ledger.deliver(log, database.db);

    const history = await log.accessHistory('shown', { from: 1, count: 10 });

    expect(history.map(({ content }) => content.auditEvent['outcome'])).toEqual(['0', '4']);
    for (const { content, salt, evidence } of history) {
      expect(evidence.leaf.digest).toBe(hex(commit('access', content, fromHex(salt))));
      expect(evidence.leaf.kind).toBe('access');
      expect(proves(evidence, log.logKey)).toBe(true);
    }
    expect(await log.accessHistory('nobody', { from: 1, count: 10 })).toEqual([]);
  });

  it('keeps nothing readable about who did what to whom', async () => {
    const { database, log } = node;
    const canary = access('canary-patient', {
      query: 'canary-query',
      instances: ['Observation/canary-record'],
    });
    await database.db.transaction((tx) => log.recordAccess(tx, [canary]));

    const tables = ['audit_event', 'evidence_leaf', 'evidence_pending', 'access_sequence'];
    for (const table of tables) {
      const { rows } = await database.db.query<{ text: string }>(
        `select string_agg(t::text, ' ') as text from ${table} t`,
      );
      const text = rows[0]?.text ?? '';
      expect(text.length).toBeGreaterThan(0);
      for (const secret of ['canary', 'Dr Wang', 'staff-number-1'])
        expect(text.includes(Buffer.from(secret).toString('hex'))).toBe(false);
      expect(text).not.toContain('canary');
    }
  });

  it('refuses an entry that is no event before it is queued', async () => {
    await expect(node.log.accessWriter.write(access('../../etc'))).rejects.toEqual(
      expect.objectContaining({ code: 'AUDIT_ENTRY_INVALID' }),
    );
  });
});

describe('the access writer', () => {
  it('puts concurrent accesses into few commits and loses none', async () => {
    const db = watched(node.database.db);
    const { accessWriter } = node.restart({ db });

    await Promise.all(Array.from({ length: 600 }, (_, at) => accessWriter.write(access(`w${at % 7}`))));

    expect(db.commits).toBeLessThanOrEqual(4);
    for (let at = 0; at < 7; at += 1) {
      const sequences = await sequencesOf(`w${at}`);
      expect(sequences).toEqual(sequences.map((_, index) => index + 1));
    }
  });

  it('fails every access of a transaction that failed, and goes on with the next', async () => {
    const db = watched(node.database.db);
    const { accessWriter } = node.restart({ db });
    db.broken.push(new Error('disk full'));

    const results = await Promise.allSettled([1, 2, 3].map(() => accessWriter.write(access('failing'))));
    expect(results.map((result) => result.status === 'rejected' && result.reason.code)).toEqual(
      Array(3).fill('EVIDENCE_ACCESS_UNAVAILABLE'),
    );
    expect(await sequencesOf('failing')).toEqual([]);

    await accessWriter.write(access('failing'));
    expect(await sequencesOf('failing')).toEqual([1]);
  });

  it('tries once more after PostgreSQL broke a deadlock', async () => {
    const db = watched(node.database.db);
    const { accessWriter } = node.restart({ db });
    db.broken.push(Object.assign(new Error('deadlock detected'), { code: '40P01' }));

    await accessWriter.write(access('deadlocked'));

    expect(db.commits).toBe(2);
    expect(await sequencesOf('deadlocked')).toEqual([1]);
  });

  it('notices that another process has gone on with a sequence', async () => {
    const [one, two] = [node.restart().accessWriter, node.restart().accessWriter];
    for (const writer of [one, two, two, one, one]) await writer.write(access('shared'));
    await node.database.db.transaction((tx) => node.log.recordAccess(tx, [access('shared')]));
    await Promise.all([one.write(access('shared')), two.write(access('shared'))]);

    expect(await sequencesOf('shared')).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('is overtaken once, not each time, where another process writes the same sequence in turn', async () => {
    let overtaken = 0;
    const { db } = node.database;
    const counting: Database = {
      ...db,
      query: <Row extends object>(text: string, values?: readonly unknown[]) =>
        db.query<Row>(text, values).catch((error: unknown) => {
          overtaken += 1;
          throw error;
        }),
    };
    const writers = [1, 2].map(() => node.restart({ db: counting }).accessWriter);

    for (let at = 0; at < 20; at += 1) await writers[at % 2]?.write(access('in-turn'));

    expect(await sequencesOf('in-turn')).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
    expect(overtaken).toBeLessThanOrEqual(2);
    expect(overtaken).toBeGreaterThan(0);
  });

  it('refuses more than it can hold and everything after it was closed', async () => {
    const { accessWriter } = node.restart();
    const writes = Array.from({ length: 10_050 }, () => accessWriter.write(access('crowd')));

    const results = await Promise.allSettled(writes);
    const refused = results.filter(({ status }) => status === 'rejected').length;
    expect(refused).toBe(50);

    const last = accessWriter.write(access('last'));
    await accessWriter.close();
    await last;
    await expect(accessWriter.write(access('late'))).rejects.toEqual(
      expect.objectContaining({ code: 'EVIDENCE_ACCESS_UNAVAILABLE' }),
    );
    expect(await sequencesOf('late')).toEqual([]);
  });

  it('leaves no gap in a sequence, whatever runs beside it in whatever process', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            patient: fc.nat({ max: 2 }),
            replica: fc.nat({ max: 1 }),
            fate: fc.constantFrom('write', 'transact', 'roll back'),
          }),
          {
            minLength: 1,
            maxLength: 25,
          },
        ),
        async (acts) => {
          run += 1;
          const replicas = [node.restart(), node.restart()];
          await Promise.all(
            acts.map(async ({ patient, replica, fate }) => {
              const log = replicas[replica] ?? node.log;
              const entry = access(`run${run}-${patient}`);
              if (fate === 'write') return log.accessWriter.write(entry);
              const work = node.database.db.transaction(async (tx) => {
                await log.recordAccess(tx, [entry]);
                if (fate === 'roll back') throw new Error('rolled back');
              });
              return work.catch((error: Error) => {
                if (error.message !== 'rolled back') throw error;
              });
            }),
          );
          for (const patient of [0, 1, 2]) {
            const kept = acts.filter((act) => act.patient === patient && act.fate !== 'roll back').length;
            expect(await sequencesOf(`run${run}-${patient}`)).toEqual(
              Array.from({ length: kept }, (_, at) => at + 1),
            );
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});
