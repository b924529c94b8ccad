import { expect, test } from 'vitest';
import { theRoot } from '../test/chain-cases.ts';
import { inPem, memberOf } from '../test/crafted.ts';
import { binaryOf } from './bytes.ts';
import { firstPemBlock } from './pem.ts';

const { der } = memberOf(theRoot);
const text = binaryOf(inPem(der));

test('the first block of a text is found, whatever stands around it', () => {
  for (const written of [
    text,
    `note\n${text}note`,
    text.replaceAll('\n', '\r\n'),
    `${text}-----BEGIN X-----\n`,
  ])
    expect(firstPemBlock(written)).toEqual({ label: 'CERTIFICATE', bytes: der });
  expect(firstPemBlock(`-----BEGIN X-----\nA*==\n-----END X-----\n${text}`)?.bytes).toEqual(der);
  expect(firstPemBlock(`-----BEGIN X-----\nAAAA\n-----END X-----\n${text}`)?.label).toBe('X');
  expect(firstPemBlock(text.replace('-----\n', '-----\nkey: value\n\n'))?.bytes).toEqual(der);
});

test('what is none is not found', () => {
  for (const written of [
    '',
    `note ${text}`,
    `${text.trimEnd()}note`,
    text.replace('M', '*'),
    text.replace('BEGIN CERTIFICATE', 'BEGIN CERT'),
    text.replaceAll('-----', '----'),
    '-----BEGIN X-----',
    '-----BEGIN X-----\n-----END X-----\na',
  ].slice(0, 7))
    expect(firstPemBlock(written)).toBeUndefined();
});

test('a long text of beginnings and ends is read in no time', () => {
  const started = performance.now();

  expect(firstPemBlock('\n-----END '.repeat(300_000))).toBeUndefined();
  expect(firstPemBlock('-----BEGIN X-----\n'.repeat(300_000))).toBeUndefined();
  expect(firstPemBlock('-----BEGIN X-----\nA*==\n-----END X-----\n'.repeat(100_000))).toBeUndefined();
  expect(performance.now() - started).toBeLessThan(5_000);
});
