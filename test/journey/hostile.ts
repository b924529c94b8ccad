import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from './alliance.ts';

/** Stands in every hostile value; no answer may repeat it. */
export const secret = 'zqSECRETqz';
/** Stands where a name is made up: an answer may say which name it does not know. */
export const strange = 'zqNAMEqz';

export type HostileBody = { name: string; body: Buffer | string; headers?: Record<string, string> };
export type Route = { method: string; path: string; port: 'api' | 'peer' };

const json = { 'content-type': 'application/json' };
const fhirJson = { 'content-type': 'application/fhir+json' };
const deep = 100_000;
const bomb = 50 * 1_048_576;

/** The routes of a node, as documented for its users; another test compares the table with the code. */
export function documentedRoutes(): Route[] {
  const [api = '', peer = ''] = apiErrors().split('## Limits')[0]?.split('On the peer port') ?? [];
  const routesIn = (text: string, port: Route['port']): Route[] =>
    [...text.matchAll(/^\| ([A-Z]+) \| `([^`]+)` \|/gm)].map(([, method = '', path = '']) => ({
      method,
      path,
      port,
    }));
  return [...routesIn(api, 'api'), ...routesIn(peer, 'peer')];
}

/** Codes that a client may meet, as documented. */
export function documentedCodes(): Set<string> {
  return new Set([...apiErrors().matchAll(/^\| `([A-Z_]+)` \| \d{3} \|/gm)].map(([, code = '']) => code));
}

function apiErrors(): string {
  return readFileSync(join(root, 'docs/formats/api-errors.md'), 'utf8');
}

let unfolding: Buffer | undefined;
/** 50 MiB of nothing in 50 KB. */
function gzipBomb(): Buffer {
  unfolding ??= gzipSync(Buffer.alloc(bomb, '['));
  return unfolding;
}

/** What no route takes as a body, whatever it expects. */
export function hostileBodies(): HostileBody[] {
  const text = (name: string, body: string | Buffer): HostileBody => ({ name, body, headers: json });
  const entity = `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Patient><id value="&e;${secret}"/></Patient>`;
  return [
    text('half an object', `{"${strange}":`),
    text('no JSON', secret),
    text('an array', `["${secret}"]`),
    text('a text', `"${secret}"`),
    text('a number', '42'),
    text('null', 'null'),
    text('a key twice', `{"a":"${secret}","a":1}`),
    text('a key twice, once escaped', `{"resourceType":"${secret}","resource\\u0054ype":"Patient"}`),
    text('__proto__', `{"__proto__":{"${strange}":"${secret}"}}`),
    text('constructor', `{"constructor":{"prototype":{"${strange}":"${secret}"}}}`),
    text('NUL', `{"a":"${secret}\\u0000"}`),
    text('half a surrogate pair', `{"a":"${secret}\\ud800"}`),
    text('a byte order mark', `\ufeff{"a":"${secret}"}`),
    text(
      'no UTF-8',
      Buffer.concat([Buffer.from(`{"a":"${secret}`), Buffer.of(0xff, 0xfe), Buffer.from('"}')]),
    ),
    text('a number that overflows', `{"${strange}":1e400}`),
    text('a number that loses digits', `{"${strange}":9007199254740993}`),
    text('NaN', `{"${strange}":NaN}`),
    text('deep arrays', '['.repeat(deep) + ']'.repeat(deep)),
    text('deep objects', `${`{"${strange}":`.repeat(deep / 5)}1${'}'.repeat(deep / 5)}`),
    { name: 'XML', body: entity, headers: { 'content-type': 'application/fhir+xml' } },
    text('XML that claims to be JSON', entity),
    { name: 'a form', body: `a=${secret}`, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    { name: 'another charset', body: '{}', headers: { 'content-type': 'application/json; charset=utf-16' } },
    { name: 'a gzip bomb', body: gzipBomb(), headers: { ...fhirJson, 'content-encoding': 'gzip' } },
    { name: 'no gzip', body: secret, headers: { ...json, 'content-encoding': 'gzip' } },
    { name: 'brotli', body: secret, headers: { ...json, 'content-encoding': 'br' } },
    {
      name: 'gzip twice',
      body: gzipSync(gzipSync('{}')),
      headers: { ...json, 'content-encoding': 'gzip, gzip' },
    },
  ];
}

/** Values of another JSON type than `value`. */
function otherTypes(value: unknown): unknown[] {
  const all = [null, 7, true, secret, [secret], { [strange]: secret }];
  const kind = (one: unknown): string => (Array.isArray(one) ? 'array' : one === null ? 'null' : typeof one);
  return all.filter((other) => kind(other) !== kind(value));
}

/** Copies of a body with one member of another type, at the top and one level below, or with one that nobody knows. */
export function withWrongTypes(body: Record<string, unknown>): HostileBody[] {
  const copies = Object.entries(body).flatMap(([name, value]) => [
    ...otherTypes(value).map((other) => ({
      name: `${name} of another type`,
      copy: { ...body, [name]: other },
    })),
    ...Object.entries(isObject(value) ? value : {}).flatMap(([inner, innerValue]) =>
      otherTypes(innerValue).map((other) => ({
        name: `${name}.${inner} of another type`,
        copy: { ...body, [name]: { ...(value as object), [inner]: other } },
      })),
    ),
  ]);
  return [...copies, { name: 'an unknown member', copy: { ...body, [strange]: secret } }].map(
    ({ name, copy }) => ({
      name,
      body: JSON.stringify(copy),
      headers: json,
    }),
  );
}

/** Copies of a body without one of its members. */
export function without(body: Record<string, unknown>, names: readonly string[]): HostileBody[] {
  return names.map((missing) => ({
    name: `no ${missing}`,
    body: JSON.stringify(Object.fromEntries(Object.entries(body).filter(([name]) => name !== missing))),
    headers: json,
  }));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a path may not have in the place of an id. */
export const hostileIds = [
  secret,
  '..',
  '.',
  '%2e%2e',
  '%252e%252e%252f',
  '..%2f..%2fetc%2fpasswd',
  '%00',
  '%ff',
  'a%0d%0aset-cookie:x',
  `'%20or%201=1--`,
  '__proto__',
  'constructor',
  `${secret}|x`,
  `${secret};x`,
  '\\..\\',
  'a'.repeat(4_000),
];

/** Queries that no search takes. */
export const hostileQueries = [
  `${strange}=${secret}`,
  '_count=1e9',
  '_count=-1',
  '_count=1000000000',
  '_count=NaN',
  '_count=1&_count=2',
  `_sort=${secret}`,
  `_sort=${Array.from({ length: 50 }, () => 'date').join(',')}`,
  '_include=*',
  '_include:iterate=Observation:subject',
  '_revinclude=*',
  `_has:Observation:patient:code=${secret}`,
  `subject:Patient.name=${secret}`,
  `subject.name=${secret}`,
  `_filter=${secret}`,
  `_content=${secret}`,
  `_query=${secret}`,
  `_lastUpdated=${secret}`,
  '_lastUpdated=gt99999-99-99',
  'date=2025-13-45',
  'date=2025-02-30',
  'date=zz2025',
  'code:above=1',
  `code=${Array.from({ length: 500 }, (_, at) => at).join(',')}`,
  `code=${'a'.repeat(9_000)}`,
  'code=%00',
  'code=%ff',
  'code=%ed%a0%80',
  'code=a%0d%0ab',
  `_cursor=${secret}`,
  `_elements=${secret}`,
  '_format=xml',
  `_summary=${secret}`,
  `_total=${secret}`,
  Array.from({ length: 60 }, (_, at) => `code=${at}`).join('&'),
];
