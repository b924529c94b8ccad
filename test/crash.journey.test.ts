import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectStatus } from '../demo/client.ts';
import { clientOf, eventually } from '../demo/story.ts';
import { type Journey, startJourney, untilAnchored, untilPseudonymsKnown } from './journey/alliance.ts';
import { type History, startLoad } from './journey/load.ts';
import { expectOwnLog } from './journey/log.ts';
import {
  ask,
  type EnrolledPerson,
  enrol,
  grant,
  postTransaction,
  revoke,
  takeInPerson,
} from './journey/people.ts';
import { leftOf } from './journey/processes.ts';
import { observation } from './journey/records.ts';
import { expectWrites } from './journey/writes.ts';

const seed = Number(process.env['MEDSEAL_TEST_SEED'] ?? Math.floor(Math.random() * 1e9));
const random = randomFrom(seed);
const victims = shuffled(['node', 'node', 'node', 'ledger', 'ledger', 'node and ledger', 'database']);
const hospital = 'hospital-a';

let journey: Journey;
let patient: EnrolledPerson;
let revoked: EnrolledPerson;
let history: History;

/** mulberry32: the same faults again for the same seed. */
function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item);
}

beforeAll(async () => {
  console.log(`seed ${seed}: MEDSEAL_TEST_SEED=${seed} repeats it; victims: ${victims.join(', ')}`);
  journey = await startJourney({
    only: ['regulator', hospital, 'hospital-b'],
    settingsFor: () => ({ MEDSEAL_LEDGER_LEASE_SECONDS: '5' }),
  });
  const { story } = journey;
  patient = await enrol(story, await takeInPerson(story));
  revoked = await enrol(story, await takeInPerson(story, (reference) => [observation(reference)]));
  const reference = `Patient/${patient.patientId}`;
  const [id = ''] = await postTransaction(story, [observation(reference, { valueQuantity: { value: 1 } })]);
  const terms = { recipients: ['hospital-b'], purposes: ['TREAT'], types: 'all' };
  await grant(story, patient, terms);
  const { id: ended } = await grant(story, revoked, terms);
  await untilPseudonymsKnown(journey);
  await untilAnchored(story);
  await eventually('the consent at work', async () =>
    (await outcomeFor(revoked)) === 'permitted' ? true : undefined,
  );
  await revoke(story, revoked, ended);
  history = {
    operations: [],
    counter: { id, acknowledged: 1, attempted: 1 },
    reads: 0,
    violations: [],
    revoked: new Map(),
    consented: new Map(),
  };
});
afterAll(() => journey?.stop());

async function outcomeFor({ nationalId }: EnrolledPerson): Promise<string> {
  const question = { nationalId, types: ['Observation'], count: 5 };
  const { outcome, reasons, code } = await ask(journey.story, 'clinician@hospital-b', question);
  return outcome === 'permitted' ? outcome : (reasons?.[0]?.rule ?? code ?? outcome);
}

async function killNode(): Promise<void> {
  await journey.alliance.processes.get(hospital)?.kill();
}
async function killLedger(): Promise<void> {
  await journey.alliance.processes.get('ledger')?.kill();
}
/** Ends the postmaster as a power cut would; its children end when they notice. */
async function killDatabase(): Promise<void> {
  const [pid] = readFileSync(join(journey.folder, 'postgres', 'postmaster.pid'), 'utf8')
    .split('\n')
    .map(Number);
  if (pid === undefined) throw new Error('PostgreSQL does not run');
  process.kill(pid, 'SIGKILL');
  expect(await leftOf([pid], 10_000)).toEqual([]);
}

async function killAndRestart(victim: string): Promise<void> {
  const { alliance } = journey;
  if (victim.includes('node')) await killNode();
  if (victim.includes('ledger')) await killLedger();
  if (victim === 'database') await killDatabase();
  await delay(random() * 400);
  if (victim.includes('ledger')) await alliance.startLedger();
  if (victim === 'database') await alliance.startDatabase();
  if (victim.includes('node')) await alliance.startNode(hospital);
  await eventually(
    'the readiness of the node',
    async () => {
      const { status } = await clientOf(journey.story, hospital)
        .call('GET', '/readyz')
        .catch(() => ({ status: 0 }));
      return status === 200 ? true : undefined;
    },
    60_000,
  );
}

/** The log has every leaf in its place, is what the ledger holds of it, and goes on being anchored. */
async function expectLog(anchoredBefore: number): Promise<number> {
  const { anchoredSize } = await untilAnchored(journey.story);
  const { rows } = await journey
    .database(hospital)
    .query<{ places: string; first: string; last: string; leaves: string }>(
      `select count(*) as places, min(leaf_index) as first, max(leaf_index) as last,
              (select count(*) from evidence_leaf) as leaves from evidence_index`,
    );
  const { places, first, last } = rows[0] ?? { places: 0, first: -1, last: -1 };
  expect([Number(first), Number(last)]).toEqual([0, Number(places) - 1]);
  expect(anchoredSize).toBeGreaterThan(anchoredBefore);
  await expectOwnLog(journey, hospital);
  return anchoredSize;
}

/** The revocation holds at every moment, and the consent works again. */
async function expectConsents(): Promise<void> {
  expect([...history.revoked.keys()].filter((outcome) => outcome.startsWith('permitted'))).toEqual([]);
  await eventually('the denial', async () => {
    const outcome = await outcomeFor(revoked);
    expect(outcome).not.toBe('permitted');
    return outcome === 'consent.none' ? true : undefined;
  });
  await eventually('the permit', async () =>
    (await outcomeFor(patient)) === 'permitted' ? true : undefined,
  );
}

describe('a hospital whose processes are killed under load', () => {
  let anchored = 0;

  it.each(victims.map((victim, at) => ({ victim, at: at + 1 })))(
    'has lost nothing after kill $at: $victim',
    async ({ victim }) => {
      const load = startLoad(history, { story: journey.story, patient, revoked, random });
      try {
        await eventually('the load at work', async () => (load.acknowledged() >= 10 ? true : undefined));
        await delay(300 + random() * 700);
        await killAndRestart(victim);
        const since = load.acknowledged();
        await eventually('further writes', async () => (load.acknowledged() > since + 5 ? true : undefined));
      } finally {
        await load.stop();
      }

      await expectWrites(history, { story: journey.story, patient });
      anchored = await expectLog(anchored);
      await expectConsents();
    },
  );

  it('was really under load, and tells nobody of other failures than that it was gone', async () => {
    const states = Map.groupBy(history.operations, ({ state }) => state);
    console.log(
      `acknowledged ${states.get('acknowledged')?.length}, unknown ${states.get('sent')?.length ?? 0}, reads ${history.reads}, ` +
        `counter ${history.counter.acknowledged}, revoked ${text(history.revoked)}, consented ${text(history.consented)}`,
    );
    const answer = await clientOf(journey.story, hospital).call('GET', '/livez');

    expect(states.get('acknowledged')?.length).toBeGreaterThan(10 * victims.length);
    expect(history.reads).toBeGreaterThan(10 * victims.length);
    expect(history.revoked.get('denied consent.none')).toBeGreaterThan(victims.length);
    expect(history.consented.get('permitted')).toBeGreaterThan(victims.length);
    expectStatus(answer, 200);
  });
});

function text(outcomes: ReadonlyMap<string, number>): string {
  return JSON.stringify(Object.fromEntries(outcomes));
}
