import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type ApiClient, createClient } from '../demo/client.ts';
import type { CaseList } from '../node/src/disputes/index.ts';
import { printed, watchCases } from './case-print.ts';

const usage = `npm run case -- COMMAND --node URL --ca FILE --token FILE [options]
  list [FILTER]                                    the cases you may see, how many there are, what you have to do next
  watch [FILTER] [--every SECONDS]                 the same, then each change until you end it; every 10 seconds
  show ID                                          one case: state, next step, deadline, claims
  open --access N --grounds TEXT [--entry FILE]    patient: entry N of the own access history
  open --entry FILE --grounds TEXT                 patient: an entry that you kept, whether or not it is still shown
  open --request ID [--partner ORG] --grounds TEXT [--entry FILE]   privacy officer: an exchange with a partner
  evidence ID [--out FILE]                         what this organisation would file
  file ID [--evidence FILE] [--entry FILE] [--statement TEXT]          file it, or what FILE holds
  withdraw ID                                      take the case back
  examine ID · decide ID --outcome upheld|partly-upheld|rejected --reasons TEXT · close ID      regulator
  export ID --out FILE                             the archive, for medseal-verify
FILTER: --state opened,overdue,… · --due overdue|soon · --ours (waiting for us) · --unseen (with news) · --limit N · --skip N
--entry names a file with one entry of an access history as the node gave it, or a list of up to four.
--token names a file with the bearer token, so that it is in no list of processes. --json prints what the node answered.
Exit: 0 done, 1 refused by the node, 2 wrong use`;

type Options = { [name in (typeof textOptions)[number]]?: string } & {
  [name in (typeof switches)[number]]: boolean;
};
type Call = { method: 'GET' | 'POST'; path: string; body?: object };

const textOptions = [
  'node',
  'ca',
  'token',
  'access',
  'request',
  'partner',
  'grounds',
  'evidence',
  'statement',
  'outcome',
  'reasons',
  'out',
  'entry',
  'state',
  'due',
  'limit',
  'skip',
  'every',
] as const;
const switches = ['json', 'ours', 'unseen'] as const;

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const parsed = argumentsOf(args);
  const call = parsed === undefined ? undefined : callOf(parsed.positionals, parsed.options);
  const { node, ca, token } = parsed?.options ?? {};
  if (parsed === undefined || call === undefined || !node || !ca || !token) {
    console.error(usage);
    return 2;
  }
  const client = createClient(node, readFileSync(ca, 'utf8'));
  const bearer = readFileSync(token, 'utf8').trim();
  const { options, positionals } = parsed;
  try {
    if (positionals[0] === 'watch')
      return await watchCases(() => client.call<CaseList>('GET', call.path, { bearer }), everyOf(options));
    return await perform(call, { client, bearer, options });
  } finally {
    client.close();
  }
}

/** Seconds between two looks; less would only burden the node. */
function everyOf({ every }: Options): number {
  return Math.max(1, Number(every ?? 10) || 10) * 1000;
}

function argumentsOf(args: string[]): { positionals: string[]; options: Options } | undefined {
  try {
    const text = Object.fromEntries(textOptions.map((name) => [name, { type: 'string' as const }]));
    const flags = Object.fromEntries(
      switches.map((name) => [name, { type: 'boolean' as const, default: false }]),
    );
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { ...text, ...flags },
    });
    return { positionals, options: values as Options };
  } catch {
    return undefined;
  }
}

function callOf([command, id, ...others]: string[], options: Options): Call | undefined {
  if (others.length > 0) return undefined;
  if ((command === 'list' || command === 'watch') && id === undefined)
    return { method: 'GET', path: `/disputes${queryOf(options)}` };
  if (command === 'open' && id === undefined)
    return { method: 'POST', path: '/disputes', body: openingOf(options) };
  if (id === undefined || !/^[0-9a-f]{32}$/.test(id)) return undefined;
  const { statement, outcome, reasons, evidence } = options;
  const post = (path: string, body: object = {}): Call => ({
    method: 'POST',
    path: `/disputes/${id}/${path}`,
    body,
  });
  const calls: Record<string, () => Call> = {
    show: () => ({ method: 'GET', path: `/disputes/${id}` }),
    evidence: () => ({ method: 'GET', path: `/disputes/${id}/evidence` }),
    export: () => ({ method: 'GET', path: `/disputes/${id}/archive` }),
    file: () =>
      post('filing', {
        ...(statement === undefined ? {} : { statement }),
        ...entriesOf(options),
        ...(evidence === undefined ? {} : { evidence: JSON.parse(readFileSync(evidence, 'utf8')) as object }),
      }),
    withdraw: () => post('withdrawal'),
    examine: () => post('examination'),
    decide: () => post('decision', { outcome, reasons }),
    close: () => post('closure'),
  };
  return calls[command ?? '']?.();
}

function openingOf(options: Options): object {
  const { access, request, partner, grounds } = options;
  const entries = entriesOf(options);
  if (request !== undefined)
    return { requestId: request, grounds, ...(partner === undefined ? {} : { partner }), ...entries };
  return { ...(access === undefined ? {} : { patientSeq: Number(access) }), grounds, ...entries };
}

function entriesOf({ entry }: Options): { exhibits?: unknown[] } {
  if (entry === undefined) return {};
  const kept = JSON.parse(readFileSync(entry, 'utf8')) as unknown;
  return { exhibits: Array.isArray(kept) ? kept : [kept] };
}

function queryOf({ state, due, ours, unseen, limit, skip }: Options): string {
  const asked = {
    state,
    due,
    limit,
    skip,
    awaiting: ours ? 'us' : undefined,
    unseen: unseen ? 'yes' : undefined,
  };
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(asked)) if (value !== undefined) given.set(name, value);
  return given.size === 0 ? '' : `?${given}`;
}

async function perform(
  { method, path, body }: Call,
  { client, bearer, options }: { client: ApiClient; bearer: string; options: Options },
): Promise<number> {
  const answer = await client.call(method, path, body === undefined ? { bearer } : { bearer, body });
  if (answer.status >= 300) {
    console.error(JSON.stringify(answer.body));
    return 1;
  }
  const text = JSON.stringify(answer.body, undefined, 2);
  if (options.out !== undefined)
    writeFileSync(options.out, `${JSON.stringify(answer.body)}\n`, { mode: 0o600 });
  else if (options.json || /evidence$|archive$/.test(path)) console.log(text);
  else console.log(printed(answer.body));
  return 0;
}
