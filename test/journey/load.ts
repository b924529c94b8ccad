import { setTimeout as delay } from 'node:timers/promises';
import { type ApiAnswer, type ApiClient, createClient } from '../../demo/client.ts';
import type { Story } from '../../demo/story.ts';
import { ask, type FhirResource, type Person } from './people.ts';
import { observation } from './records.ts';

export const operationSystem = 'https://medseal.org/test/operation';

/** One Bundle that was sent; its records carry `key`. Without an answer nobody knows whether it was taken. */
export type Operation = { key: string; size: number; state: 'sent' | 'acknowledged' | 'refused' };

/** The one record that is updated again and again; the value of each version is its number. */
export type Counter = { id: string; acknowledged: number; attempted: number };

export type History = {
  operations: Operation[];
  counter: Counter;
  reads: number;
  /** Records that were acknowledged and then not found, or not as they were written. */
  violations: string[];
  /** What hospital B was told about the patient who revoked, and about the one who consents. */
  revoked: Map<string, number>;
  consented: Map<string, number>;
};

export type Load = { stop(): Promise<void>; acknowledged(): number };
export type LoadOptions = {
  story: Story;
  patient: Person;
  revoked: Person;
  random: () => number;
  /** Another process of hospital A than the one that the demo starts. */
  apiUrl?: string;
};

const writers = 3;
const readers = 2;

/** Clients that write, read and ask without a pause until they are stopped; each tries again when its node is gone. */
export function startLoad(history: History, options: LoadOptions): Load {
  const { story, apiUrl = story.alliance.apiUrl('hospital-a') } = options;
  const client = createClient(apiUrl, story.alliance.ca('hospital-a'));
  const before = count(history);
  let running = true;
  const again = async (work: () => Promise<boolean>): Promise<void> => {
    while (running) {
      const reached = await work().catch(() => false);
      if (!reached) await delay(50);
    }
  };
  const loops = [
    ...Array.from({ length: writers }, () => again(() => writeBundle(history, { ...options, client }))),
    ...Array.from({ length: readers }, () => again(() => readOne(history, { ...options, client }))),
    again(() => updateCounter(history, { ...options, client })),
    again(() => askFromB(history.revoked, story, options.revoked)),
    again(() => askFromB(history.consented, story, options.patient)),
  ];
  return {
    acknowledged: () => count(history) - before,
    stop: async () => {
      running = false;
      await Promise.all(loops);
      client.close();
    },
  };
}

const count = ({ operations }: History): number =>
  operations.filter(({ state }) => state === 'acknowledged').length;

type Work = LoadOptions & { client: ApiClient };

async function call<Body>(
  { story, client }: Work,
  { method, path, body, headers = {} }: { method: string; path: string; body?: object; headers?: object },
): Promise<ApiAnswer<Body>> {
  const bearer = await story.staff('clinician@hospital-a');
  const sent = body === undefined ? {} : { body };
  return client.call<Body>(method, path, { bearer, ...sent, headers: { ...headers } });
}

async function writeBundle(history: History, work: Work): Promise<boolean> {
  const size = 2 + Math.floor(work.random() * 5);
  const key = `op-${history.operations.length}`;
  const operation: Operation = { key, size, state: 'sent' };
  history.operations.push(operation);
  const resource = observation(`Patient/${work.patient.patientId}`, {
    identifier: [{ system: operationSystem, value: key }],
  });
  const entry = Array.from({ length: size }, () => ({
    request: { method: 'POST', url: 'Observation' },
    resource,
  }));
  const body = { resourceType: 'Bundle', type: 'transaction', entry };
  const { status } = await call(work, { method: 'POST', path: '/fhir/R4', body });
  if (status === 200) operation.state = 'acknowledged';
  else if (status < 500) operation.state = 'refused';
  return status === 200;
}

/** A search for one acknowledged Bundle finds all of it. */
async function readOne(history: History, work: Work): Promise<boolean> {
  const known = history.operations.filter(({ state }) => state === 'acknowledged');
  const operation = known[Math.floor(work.random() * known.length)];
  if (operation === undefined) return false;
  const identifier = encodeURIComponent(`${operationSystem}|${operation.key}`);
  const path = `/fhir/R4/Observation?patient=${work.patient.patientId}&identifier=${identifier}`;
  const { status, body } = await call<{ entry?: object[] }>(work, { method: 'GET', path });
  if (status !== 200) return false;
  const found = body.entry?.length ?? 0;
  if (found !== operation.size) history.violations.push(`${operation.key}: ${found} of ${operation.size}`);
  history.reads += 1;
  return true;
}

/** Reads the counter and writes the next version, if no other has come first. */
async function updateCounter({ counter, violations }: History, work: Work): Promise<boolean> {
  const path = `/fhir/R4/Observation/${counter.id}`;
  const { acknowledged } = counter; // before the read: another client may have its next version acknowledged meanwhile
  const { status, body } = await call<FhirResource>(work, { method: 'GET', path });
  if (status !== 200) return false;
  const found = versionOf(body);
  if (found === undefined || found < acknowledged || found > counter.attempted)
    violations.push(`version ${found}, acknowledged ${acknowledged}, tried ${counter.attempted}`);
  const version = (found ?? 0) + 1;
  counter.attempted = Math.max(counter.attempted, version);
  const next = { ...body, valueQuantity: { value: version } };
  const headers = { 'if-match': `W/"${version - 1}"` };
  const answer = await call(work, { method: 'PUT', path, body: next, headers });
  if (answer.status === 200) counter.acknowledged = Math.max(counter.acknowledged, version);
  return answer.status === 200;
}

/** The version of the counter, if its content is that version's. */
export function versionOf(resource: FhirResource): number | undefined {
  const version = Number((resource['meta'] as { versionId?: string }).versionId);
  const { value } = resource['valueQuantity'] as { value: number };
  return value === version ? version : undefined;
}

async function askFromB(outcomes: Map<string, number>, story: Story, person: Person): Promise<boolean> {
  const { nationalId } = person;
  const types = ['Observation'];
  const answer = await ask(story, 'clinician@hospital-b', { nationalId, types, count: 5 });
  const rule = answer.reasons?.[0]?.rule;
  const outcome = [answer.outcome, answer.code ?? rule].filter((part) => part !== undefined).join(' ');
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  return true;
}
