import { createHash } from 'node:crypto';
import { hex, rootHash } from '@medseal/evidence';
import { expect, it } from 'vitest';
import { createFrontier } from './frontier.ts';

it('the frontier has the root of RFC 9162 at every size', () => {
  const frontier = createFrontier();
  const leaves: Uint8Array[] = [];
  expect(hex(frontier.root())).toBe(hex(rootHash([])));
  for (let at = 0; at < 130; at += 1) {
    const leaf = createHash('sha256').update(`leaf ${at}`).digest();
    leaves.push(leaf);
    frontier.add(leaf);

    expect([frontier.size, hex(frontier.root())]).toEqual([at + 1, hex(rootHash(leaves))]);
  }
});
