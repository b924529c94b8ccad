import { expectStatus } from '../demo/client.ts';
import { anchored } from '../demo/steps/take-in.ts';
import { clientOf } from '../demo/story.ts';
import { dataFolder, readBundles } from './bundles.ts';
import type { Bench, BenchOptions, Measure } from './harness.ts';
import { postBundles } from './ingest.ts';
import { openStage, type Stage } from './stage.ts';
import { percentile } from './statistics.ts';
import { fhirIdsOf } from './stored-patients.ts';

const hospital = 'hospital-a';
const recordsPerSecond = 200;
const recordsPerBundle = 20;

type Status = { ledger: { height: number }; log: { anchoredSize: number; oldestUnanchoredAt?: string } };

async function statusOf(stage: Stage): Promise<Status> {
  return expectStatus(await clientOf(stage.story, hospital).call<Status>('GET', '/status'), 200);
}

/** A transaction of new observations of one patient. */
function observations(patientId: string): object {
  const entry = Array.from({ length: recordsPerBundle }, (_, place) => ({
    request: { method: 'POST', url: 'Observation' },
    resource: {
      resourceType: 'Observation',
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
      subject: { reference: `Patient/${patientId}` },
      effectiveDateTime: '2026-01-01T08:00:00Z',
      valueQuantity: { value: 60 + place, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
    },
  }));
  return { resourceType: 'Bundle', type: 'transaction', entry };
}

/** Writes at the set pace for `seconds`; the ages of the oldest leaf not yet anchored, looked at all the while, in ms. */
async function paced(
  stage: Stage,
  patientId: string,
  seconds: number,
): Promise<{ ages: number[]; written: number }> {
  const bearer = await stage.token(`registrar@${hospital}`);
  const client = clientOf(stage.story, hospital);
  const body = observations(patientId);
  const pause = (1000 * recordsPerBundle) / recordsPerSecond;
  const until = performance.now() + seconds * 1000;
  const ages: number[] = [];
  let written = 0;
  const write = async (): Promise<void> => {
    for (let next = performance.now(); next < until; next += pause) {
      await new Promise((wake) => setTimeout(wake, Math.max(0, next - performance.now())));
      expectStatus(await client.call('POST', '/fhir/R4', { bearer, body }), 200);
      written += recordsPerBundle;
    }
  };
  const look = async (): Promise<void> => {
    while (performance.now() < until) {
      const { log } = await statusOf(stage);
      ages.push(log.oldestUnanchoredAt === undefined ? 0 : Date.now() - Date.parse(log.oldestUnanchoredAt));
      await new Promise((wake) => setTimeout(wake, 50));
    }
  };
  await Promise.all([write(), look()]);
  return { ages, written };
}

async function run(options: BenchOptions): Promise<Measure[]> {
  const stage = await openStage(['regulator', hospital]);
  const found = { lag: [] as number[], perTransaction: [] as number[], perSecond: [] as number[] };
  try {
    const { directory, patients } = await readBundles(dataFolder({ quick: true }), 0);
    await postBundles(stage, directory);
    const [bundle] = patients;
    if (bundle === undefined) throw new Error('no patient in the set');
    const [answer] = await postBundles(stage, [bundle]);
    const { ownId } = fhirIdsOf(bundle, answer ?? Buffer.of());
    await anchored(stage.story);
    for (let round = 0; round < options.rounds; round += 1) {
      const before = await statusOf(stage);
      const startedAt = performance.now();
      const { ages } = await paced(stage, ownId, options.quick ? 5 : 20);
      await anchored(stage.story);
      const after = await statusOf(stage);
      const leaves = after.log.anchoredSize - before.log.anchoredSize;
      found.lag.push(percentile(ages, 0.99));
      found.perTransaction.push(leaves / (after.ledger.height - before.ledger.height));
      found.perSecond.push((leaves * 1000) / (performance.now() - startedAt));
    }
  } finally {
    await stage.close();
  }
  const measure = (name: string, unit: string, values: number[]): Measure => ({
    bench: 'anchoring',
    measure: name,
    unit,
    values,
  });
  return [
    measure(`leaf to anchored at ${recordsPerSecond} records/s, p99`, 'ms', found.lag),
    measure('leaves a ledger block', '1', found.perTransaction),
    measure('leaves anchored, sustained at that pace', '1/s', found.perSecond),
  ];
}

export const bench: Bench = {
  name: 'anchoring',
  about: `records written at ${recordsPerSecond}/s while the log is anchored on the ledger`,
  run,
};
