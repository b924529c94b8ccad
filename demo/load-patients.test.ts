import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleFiles, readBundle } from './load-patients.ts';

const folder = mkdtempSync(join(tmpdir(), 'medseal-bundles-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

describe('a folder of bundles', () => {
  const bundle = { resourceType: 'Bundle', type: 'transaction', entry: [] };

  it('is read by name, packed or not', async () => {
    const second = file('b.json', JSON.stringify(bundle));
    const first = file('a.json.gz', gzipSync(JSON.stringify(bundle)));
    file('notes.txt', 'no bundle');

    expect(bundleFiles(folder)).toEqual([first, second]);
    for (const each of [first, second]) expect(await readBundle(each)).toEqual(bundle);
  });

  it('is refused in one line with the name of the file that is no bundle', async () => {
    const whole = gzipSync(JSON.stringify(bundle));
    for (const wrong of [
      file('empty.json', ''),
      file('patient.json', '{"resourceType":"Patient"}'),
      file('null.json', 'null'),
      file('text.json.gz', 'not packed'),
      file('cut.json.gz', whole.subarray(0, whole.length - 12)),
    ])
      await expect(readBundle(wrong)).rejects.toThrow(`${wrong} is no FHIR bundle in JSON`);
  });

  it('is refused when it is none or holds none', () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);

    expect(() => bundleFiles(empty)).toThrow(`no .json or .json.gz file in ${empty}`);
    expect(() => bundleFiles(join(folder, 'absent'))).toThrow('is no folder that can be read');
    expect(() => bundleFiles(file('a-file', ''))).toThrow('is no folder that can be read');
  });
});
