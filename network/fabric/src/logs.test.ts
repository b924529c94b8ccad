import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { lastLines, linesAfter, logFilesOf } from './logs.ts';
import { heightIn } from './status.ts';

const directory = mkdtempSync(join(tmpdir(), 'medseal-logs-'));
const file = join(directory, 'logs', 'orderer-1.log');
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('logs', () => {
  it('that are not there are said to be missing', () => {
    expect(() => logFilesOf(directory)).toThrow(/there are no logs in/);
    mkdirSync(join(directory, 'logs'));
    writeFileSync(file, 'one\ntwo\nthree\n');

    expect(logFilesOf(directory)).toEqual([{ name: 'orderer-1', file }]);
    expect(() => logFilesOf(directory, '../secret')).toThrow(
      'there is no log ../secret; there are: orderer-1',
    );
  });

  it('are followed by whole lines, also when they are begun anew', () => {
    const { lines, end } = lastLines(file, 2);
    appendFileSync(file, 'four\nfi');
    const next = linesAfter(file, end);
    appendFileSync(file, 've\n');
    const last = linesAfter(file, next.end);
    writeFileSync(file, 'new\n');

    expect(lines).toEqual(['two', 'three']);
    expect(next.lines).toEqual(['four']);
    expect(last.lines).toEqual(['five']);
    expect(linesAfter(file, last.end).lines).toEqual(['new']);
  });
});

describe('the height of a ledger', () => {
  it('is read from the metrics of the channel, and nowhere else', () => {
    const metrics = [
      '# TYPE ledger_blockchain_height gauge',
      'ledger_blockchain_height{channel="other"} 3',
      'ledger_blockchain_height{channel="care"} 12',
    ].join('\n');

    expect(heightIn(metrics, 'care')).toBe(12);
    expect(heightIn(metrics, 'none')).toBeUndefined();
  });
});
