import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';

const tools = fileURLToPath(new URL('../tools/', import.meta.url));
const hasGo = spawnSync('go', ['version']).status === 0;
if (!hasGo) console.warn('\n⚠ SKIPPED: the patch of the consensus library. Go is needed to test it.\n');

// Inside this repository, as where it is built for use: `git apply` is particular about that.
const own = fileURLToPath(new URL('../../../.medseal/', import.meta.url));
mkdirSync(own, { recursive: true });
const folder = mkdtempSync(join(own, 'smartbft-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!hasGo)('the consensus library as it is built', () => {
  it('goes on after aborted and late decisions, early view data, and a sync beside the view', async () => {
    await promisify(execFile)('sh', [join(tools, 'patch-smartbft.sh'), folder]);
    const test = 'internal/bft/liveness_test.go';
    cpSync(join(tools, 'smartbft', 'liveness_test.go'), join(folder, test));
    const names = [
      ...['ControllerGoesOn', 'ViewStillWaits', 'SyncThatFindsNothing', 'ViewChangerGoesOn'],
      ...['NextLeaderTakesViewData', 'ViewDataOfAnotherView', 'SyncLeaves', 'SyncForgets', 'ViewGets'],
    ];
    const { stdout } = await promisify(execFile)(
      'go',
      ['test', '-count=1', '-v', './internal/bft', '-run', `^Test(${names.join('|')})`],
      { cwd: folder, maxBuffer: 16 * 1024 * 1024 },
    );

    expect(stdout.match(/^--- PASS: Test/gm)).toHaveLength(names.length);
  });
});
