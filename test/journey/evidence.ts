import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LeafProof } from '../../demo/access-proof.ts';
import { expectStatus } from '../../demo/client.ts';
import { clientOf, membersOf, must, type Story, trustPolicy } from '../../demo/story.ts';
import { type Journey, root } from './alliance.ts';
import type { EnrolledPerson } from './people.ts';

export { isInLog, isLogged, type LeafProof } from '../../demo/access-proof.ts';
export { membersOf } from '../../demo/story.ts';

export type Access = {
  content: {
    v: 1;
    patientSeq: number;
    auditEvent: { outcome: string; subtype?: { code: string }[]; agent: { who: { display?: string } }[] };
  };
  salt: string;
  evidence: LeafProof;
};
export async function logKeyOf(story: Story, organizationId: string): Promise<string> {
  const members = await membersOf(story);
  return must(members.find((member) => member.organizationId === organizationId)?.logKey, 'the log key');
}

/** Everybody who looked at the patient's records at hospital A, as the patient sees it. */
export async function accessesOf(
  story: Story,
  { patientId, bearer }: Pick<EnrolledPerson, 'patientId' | 'bearer'>,
): Promise<Access[]> {
  const path = `/patients/${patientId}/accesses?count=500`;
  const answer = await clientOf(story, 'hospital-a').call<{ accesses: Access[] }>('GET', path, { bearer });
  return expectStatus(answer, 200).accesses;
}

/** Writes the trust policy of a verifier and resolves to its path. */
export async function writeTrustPolicy({ story, folder }: Journey): Promise<string> {
  const file = join(folder, 'trust.json');
  writeFileSync(file, JSON.stringify(trustPolicy(story, await membersOf(story))));
  return file;
}

/** Runs `medseal-verify` on a proof. */
export function verifyOffline(
  { folder }: Pick<Journey, 'folder'>,
  { proof, policy }: { proof: string; policy: string },
): { exit: number | null; text: string } {
  const file = join(folder, 'proof.json');
  writeFileSync(file, proof);
  const cli = join(root, 'evidence/src/cli.ts');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', cli, file, '--policy', policy],
    { encoding: 'utf8' },
  );
  return { exit: status, text: stdout + stderr };
}
