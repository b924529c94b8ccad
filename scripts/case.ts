import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type ApiClient, createClient } from '../demo/client.ts';
import type { CaseView } from '../node/src/disputes/index.ts';

const usage = `npm run case -- COMMAND --node URL --ca FILE --token FILE [options]
  list                                             the cases you may see
  show ID                                          one case: state, next step, deadline, claims
  open --access N --grounds TEXT                   patient: entry N of the own access history
  open --request ID [--partner ORG] --grounds TEXT privacy officer: an exchange with a partner
  evidence ID [--out FILE]                         what this organisation would file
  file ID [--evidence FILE] [--statement TEXT]     file it, or what FILE holds
  withdraw ID                                      take the case back
  examine ID · decide ID --outcome upheld|partly-upheld|rejected --reasons TEXT · close ID      regulator
  export ID --out FILE                             the archive, for medseal-verify
--token names a file with the bearer token, so that it is in no list of processes. --json prints what the node answered.
Exit: 0 done, 1 refused by the node, 2 wrong use`;

type Options = { [name in (typeof textOptions)[number]]?: string } & { json: boolean };
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
] as const;

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
  try {
    return await perform(call, {
      client,
      bearer: readFileSync(token, 'utf8').trim(),
      options: parsed.options,
    });
  } finally {
    client.close();
  }
}

function argumentsOf(args: string[]): { positionals: string[]; options: Options } | undefined {
  try {
    const text = Object.fromEntries(textOptions.map((name) => [name, { type: 'string' as const }]));
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { ...text, json: { type: 'boolean', default: false } },
    });
    return { positionals, options: values as Options };
  } catch {
    return undefined;
  }
}

function callOf([command, id, ...others]: string[], options: Options): Call | undefined {
  if (others.length > 0) return undefined;
  if (command === 'list' && id === undefined) return { method: 'GET', path: '/disputes' };
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
        ...(evidence === undefined ? {} : { evidence: JSON.parse(readFileSync(evidence, 'utf8')) as object }),
      }),
    withdraw: () => post('withdrawal'),
    examine: () => post('examination'),
    decide: () => post('decision', { outcome, reasons }),
    close: () => post('closure'),
  };
  return calls[command ?? '']?.();
}

function openingOf({ access, request, partner, grounds }: Options): object {
  if (access !== undefined) return { patientSeq: Number(access), grounds };
  return { requestId: request, grounds, ...(partner === undefined ? {} : { partner }) };
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
  else print(answer.body);
  return 0;
}

function print(body: Record<string, unknown>): void {
  const { disputes } = body as { disputes?: CaseView[] };
  const views = disputes ?? [body as unknown as CaseView];
  for (const view of views) console.log(linesOf(view).join('\n'));
}

function linesOf(view: CaseView): string[] {
  const { caseId, state, overdue, parties, deadlineAt, summary, next, claims, waiting, decision } = view;
  return [
    `${caseId}  ${state}${overdue ? ' (overdue)' : ''}  ${parties.join(', ')}`,
    `  ${summary.zh} ${summary.en}`,
    `  → ${next.zh} ${next.en}`,
    ...(deadlineAt === undefined ? [] : [`  期限 · deadline ${deadlineAt}`]),
    ...(claims ?? []).map(
      ({ text, result, party, by }) =>
        `  ${text.zh} · ${text.en}${party === null ? '' : ` (${party})`}: ${result.zh} · ${result.en} ${by.join(', ')}`,
    ),
    ...(decision === undefined ? [] : [`  裁定 · decision: ${decision.outcome}`]),
    ...waiting.steps.map(({ step, state: at, code }) => `  … ${step}: ${at} ${code ?? ''}`),
    ...waiting.deliveries.map(({ kind, recipient, code }) => `  … ${kind} → ${recipient} ${code ?? ''}`),
  ];
}
