import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hex } from '@medseal/evidence';

export type MemberQuestion = {
  name: string;
  msp: Uint8Array;
  serialized: Uint8Array;
  message: Uint8Array;
  signature: Uint8Array;
  capability: 'V2_0' | 'V3_0';
};

const from = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export function hasGo(): boolean {
  return spawnSync('go', ['version']).status === 0;
}

/** What Fabric says of a member and its signature. */
export type MemberAnswer = {
  taken: boolean;
  roles: readonly string[];
  /** Whether it took the organisation's rules at all: else no channel has them. */
  hasRules: boolean;
  reason: string;
};

/** Whether Fabric's own membership code takes each signature, and whose; it is built from the pinned modules. */
export function askFabric(questions: readonly MemberQuestion[]): MemberAnswer[] {
  const folder = mkdtempSync(join(tmpdir(), 'medseal-msp-judge-'));
  try {
    for (const name of ['go.mod', 'go.sum']) copyFileSync(from(`../tools/${name}`), join(folder, name));
    copyFileSync(from('./msp-judge/main.go'), join(folder, 'main.go'));
    const env = { ...process.env, GOFLAGS: '-mod=mod -buildvcs=false' };
    execFileSync('go', ['build', '-o', 'judge', '.'], { cwd: folder, env, stdio: 'pipe' });
    const input = questions.map((question) => `${JSON.stringify(lineOf(question))}\n`).join('');
    const answers = execFileSync(join(folder, 'judge'), {
      input,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      // Fabric's own log.
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    return answers
      .trimEnd()
      .split('\n')
      .map((answer) => answerOf(JSON.parse(answer)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function answerOf({ Taken, Roles, Reason }: { Taken: boolean; Roles: string[] | null; Reason: string }) {
  return { taken: Taken, roles: Roles ?? [], hasRules: !Reason.startsWith('SETUP'), reason: Reason };
}

function lineOf({ msp, serialized, message, signature, capability }: MemberQuestion): object {
  return {
    Msp: hex(msp),
    Identity: hex(serialized),
    Message: hex(message),
    Signature: hex(signature),
    Capability: capability,
  };
}
