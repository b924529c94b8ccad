import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type ApiClient, createClient } from '../demo/client.ts';
import type { CaseList } from '../node/src/disputes/index.ts';
import { printed, watchCases } from './case-print.ts';
import { jsonOf, problemOf, refusalText, textOf, tokenOf, WrongUse } from './case-problem.ts';

const usage = `npm run case -- COMMAND --node URL --ca FILE --token FILE [options]
纠纷：立案、提交、查看、裁定、导出；每条命令对应接口的一次调用。Disputes; each command is one call of the API.
  list [FILTER]                                    the cases you may see, how many there are, what you have to do next
  watch [FILTER] [--every SECONDS]                 the same, then each change until you end it; every 10 seconds
  show ID                                          one case: state, next step, deadline, claims
  open --access N --grounds TEXT [--entry FILE]    patient: entry N of the own access history
  open --entry FILE --grounds TEXT                 patient: an entry that you kept, whether or not it is still shown
  open --request ID [--partner ORG] --grounds TEXT [--entry FILE]   privacy officer: an exchange with a partner
  evidence ID [--out FILE]                         what this organisation would file
  file ID [--evidence FILE] [--entry FILE] [--statement TEXT]          file it, or what FILE holds
  filing ID [--out FILE]                           what this organisation filed, with the receipts for it, to be shown to anybody
  deliver ID                                       hand it to the regulator once more
  withdraw ID                                      take the case back
  examine ID [--without ORG]                       regulator; ORG's filing never arrived and the deadline has passed (two: ORG,ORG)
  decide ID --outcome upheld|partly-upheld|rejected --reasons TEXT · close ID      regulator
  export ID --out FILE                             the archive, for medseal-verify
FILTER: --state opened,overdue,… · --due overdue|soon · --ours (waiting for us) · --unseen (with news) · --limit N · --skip N
--entry names a file with one entry of an access history as the node gave it, or a list of up to four.
--node, --ca, --token: the node's API, a file with its CA, a file with the bearer token (so that it is in no list of processes).
--json prints what the node answered.
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
  'without',
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
  if (args.length === 0 || args.includes('--help') || args.includes('-h')) {
    (args.length === 0 ? console.error : console.log)(usage);
    return args.length === 0 ? 2 : 0;
  }
  try {
    const { positionals, options } = argumentsOf(args);
    return await run(callOf(positionals, options), { options, isWatch: positionals[0] === 'watch' });
  } catch (error) {
    const problem = problemOf(error);
    console.error(`✗ ${problem.text}`);
    return problem.exitCode;
  }
}

async function run(
  call: Call,
  { options, isWatch }: { options: Options; isWatch: boolean },
): Promise<number> {
  const { node, ca, token } = requiredOf(options);
  const client = createClient(node, textOf('ca', ca));
  const bearer = tokenOf(token);
  try {
    if (isWatch)
      return await watchCases(() => client.call<CaseList>('GET', call.path, { bearer }), everyOf(options));
    return await perform(call, { client, bearer, options });
  } finally {
    client.close();
  }
}

function requiredOf({ node, ca, token }: Options): { node: string; ca: string; token: string } {
  if (node === undefined || ca === undefined || token === undefined)
    throw new WrongUse('缺少 --node、--ca 或 --token · --node, --ca and --token are needed');
  if (!URL.canParse(node) || !node.startsWith('https:')) throw new WrongUse('--node takes a URL with https');
  return { node, ca, token };
}

/** Seconds between two looks; less would only burden the node. */
function everyOf({ every }: Options): number {
  return Math.max(1, Number(every ?? 10) || 10) * 1000;
}

function argumentsOf(args: string[]): { positionals: string[]; options: Options } {
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
  } catch (error) {
    throw new WrongUse(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error));
  }
}

function callOf([command = '', id, ...others]: string[], options: Options): Call {
  if (others.length > 0) throw new WrongUse(`one thing too many: ${others.join(' ')}`);
  if ((command === 'list' || command === 'watch') && id === undefined)
    return { method: 'GET', path: `/disputes${queryOf(options)}` };
  if (command === 'open' && id === undefined)
    return { method: 'POST', path: '/disputes', body: openingOf(options) };
  const { statement, outcome, reasons, evidence, without } = options;
  const post = (path: string, body: object = {}): Call => ({
    method: 'POST',
    path: `/disputes/${id}/${path}`,
    body,
  });
  const calls: Record<string, () => Call> = {
    show: () => ({ method: 'GET', path: `/disputes/${id}` }),
    evidence: () => ({ method: 'GET', path: `/disputes/${id}/evidence` }),
    filing: () => ({ method: 'GET', path: `/disputes/${id}/filing` }),
    export: () => ({ method: 'GET', path: `/disputes/${id}/archive` }),
    file: () =>
      post('filing', {
        ...(statement === undefined ? {} : { statement }),
        ...entriesOf(options),
        ...(evidence === undefined ? {} : { evidence: jsonOf('evidence', evidence) as object }),
      }),
    deliver: () => post('filing/delivery'),
    withdraw: () => post('withdrawal'),
    examine: () => post('examination', without === undefined ? {} : { without: without.split(',') }),
    decide: () => post('decision', { outcome, reasons }),
    close: () => post('closure'),
  };
  const made = Object.hasOwn(calls, command) ? calls[command] : undefined;
  if (made === undefined) throw new WrongUse(`没有这个命令 · no command ${command} here`);
  if (!/^[0-9a-f]{32}$/.test(id ?? ''))
    throw new WrongUse(
      `${command} 需要案件编号 · ${command} takes the id of a case, 32 hex digits; list shows them`,
    );
  return made();
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
  const kept = jsonOf('entry', entry);
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
    console.error(options.json ? JSON.stringify(answer.body) : `✗ ${refusalText(answer)}`);
    return 1;
  }
  const text = JSON.stringify(answer.body, undefined, 2);
  if (options.out !== undefined)
    writeFileSync(options.out, `${JSON.stringify(answer.body)}\n`, { mode: 0o600 });
  else if (options.json || /evidence$|archive$/.test(path) || (method === 'GET' && path.endsWith('/filing')))
    console.log(text);
  else console.log(printed(answer.body));
  return 0;
}
