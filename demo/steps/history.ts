import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, factsOf, hex, sha256, utf8 } from '@medseal/evidence';
import { isInLog, isLogged, type LeafProof } from '../access-proof.ts';
import { expectStatus } from '../client.ts';
import { type Bundle, cosignaturesOf, courtPolicy, witnessQuorum } from '../court-policy.ts';
import { clientOf, type ListedMember, membersOf, must, type Story } from '../story.ts';
import { detail, heading, result } from '../terminal.ts';
import { anchored } from './take-in.ts';

type Access = {
  content: { v: 1; patientSeq: number; auditEvent: { outcome: string; recorded: string } };
  salt: string;
  evidence: LeafProof;
};
/** How often, a second apart, the demo asks for what a bundle gains with time; then the verifier says what is missing. */
const mostAsked = 25;

/** 6. The patient's access history, each entry with its proof; one disclosure verified offline, and forged copies refused. */
export async function showHistory(story: Story, root: string): Promise<void> {
  heading(
    6,
    '患者查看谁看过自己的病历：每次都有存证，被拒的也在内',
    'The patient sees who read what: every attempt has its proof, denied ones too',
  );
  await anchored(story);
  const members = await membersOf(story);
  const logKey = must(
    members.find(({ organizationId }) => organizationId === 'hospital-a')?.logKey,
    "hospital A's log key",
  );
  const accesses = await accessHistory(story);
  const places = accesses.map(({ content }) => content.patientSeq);
  const gap = places.findIndex((place, index) => place !== index + 1);
  if (gap >= 0) throw new Error(`the history has a gap at ${gap + 1}`);
  for (const access of accesses) requireProof(access, logKey);
  const denied = accesses.filter(({ content }) => content.auditEvent.outcome !== '0').length;
  if (denied < 3) throw new Error(`expected the denied attempts in the history, found ${denied}`);
  result(
    true,
    `${accesses.length} 次访问，无缺号，每次证明有效 · accesses without a gap, each proof valid (${denied} 次被拒 denied)`,
  );
  await verifyOffline(story, { root, members, path: disclosurePath(story, accesses) });
}

async function accessHistory(story: Story): Promise<Access[]> {
  const { patientId } = must(story.patient, 'the patient');
  const bearer = must(story.patientBearer, "the patient's session");
  const answer = await clientOf(story, 'hospital-a').call<{ accesses: Access[] }>(
    'GET',
    `/patients/${patientId}/accesses?count=500`,
    { bearer },
  );
  return expectStatus(answer, 200).accesses;
}

/** What the patient's own tool checks of an entry: content, leaf, place in the tree, the hospital's signature. */
function requireProof(access: Access, logKey: string): void {
  const { content, evidence } = access;
  if (evidence.state !== 'anchored') throw new Error(`access ${content.patientSeq} is not anchored`);
  if (!isLogged(access)) throw new Error(`access ${content.patientSeq} is not what was logged`);
  if (!isInLog(evidence, logKey)) throw new Error(`access ${content.patientSeq} is not in the log`);
}

/** Where the evidence of one record's disclosure to hospital B is: the patient's own history names request and record. */
function disclosurePath(story: Story, accesses: readonly Access[]): string {
  const { type, id, version } = must(story.releasedRecord, 'a released record');
  const reference = `${type}/${id}/_history/${version}`;
  const { requestId } = must(
    accesses
      .map(({ content }) => factsOf(content))
      .findLast(
        ({ instances, organizations }) =>
          organizations.includes('hospital-b') && instances.includes(reference),
      ),
    'the disclosure in the history',
  );
  return `/exchange/requests/${requestId}/hospital-b/${reference}/$proof`;
}

/** A bundle that strangers accept may be some seconds away: anchored, cosigned, and recorded by the outside notary. */
async function disclosureBundle(story: Story, path: string): Promise<string> {
  const bearer = must(story.patientBearer, "the patient's session");
  for (let asked = 1; ; asked += 1) {
    const answer = await clientOf(story, 'hospital-a').call<Bundle>('GET', path, { bearer });
    const isLast = asked === mostAsked;
    if (answer.status !== 409 || isLast) {
      const bundle = expectStatus(answer, 200);
      const isWhole = cosignaturesOf(bundle) >= witnessQuorum && bundle.notary !== undefined;
      if (isWhole || isLast) return JSON.stringify(bundle);
    }
    await new Promise((wake) => setTimeout(wake, 1_000));
  }
}

/** Runs `medseal-verify` on the bundle, on a copy with one bit of the record flipped, and on one that names another requester. */
async function verifyOffline(
  story: Story,
  { root, members, path }: { root: string; members: ListedMember[]; path: string },
): Promise<void> {
  const folder = story.alliance.folder;
  const files = {
    policy: join(folder, 'trust.json'),
    proof: join(folder, 'bundle.json'),
    forged: join(folder, 'bundle-forged.json'),
    redirected: join(folder, 'bundle-redirected.json'),
  };
  const proof = await disclosureBundle(story, path);
  writeFileSync(files.policy, JSON.stringify(await courtPolicy(story, { members, proof })));
  writeFileSync(files.proof, proof);
  writeFileSync(files.forged, flipOneBit(proof));
  writeFileSync(files.redirected, nameAnother(proof));
  const verify = (file: string) =>
    spawnSync(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        join(root, 'evidence/src/cli.ts'),
        file,
        '--policy',
        files.policy,
      ],
      { encoding: 'utf8' },
    );
  const good = verify(files.proof);
  if (good.status !== 0)
    throw new Error(`medseal-verify refused a valid proof: ${good.stdout}${good.stderr}`);
  for (const name of ['release', 'consent'])
    if (!good.stdout.includes(`✓ ${name}`))
      throw new Error(`the bundle does not prove the ${name}: ${good.stdout}`);
  result(
    true,
    'medseal-verify: 离线核验通过：给了谁、凭哪份患者授权 · bundle verified offline: given to whom, on which consent of the patient',
  );
  detail(good.stdout.trim());
  expectRefused(verify(files.forged), '改动一个比特的副本被识破 · a copy with one bit flipped is refused');
  expectRefused(
    verify(files.redirected),
    '把接收方改成另一家医院的副本被识破 · a copy that names another hospital as requester is refused',
  );
}

function expectRefused({ status, stdout }: { status: number | null; stdout: string }, text: string): void {
  if (status !== 1) throw new Error(`medseal-verify did not refuse a forged copy: exit ${status}`);
  result(true, text);
  for (const row of stdout.split('\n').filter((each) => each.includes('✗'))) detail(row.trim());
}

/** A receipt that says the record went to another hospital; the digest over the file fits again. */
function nameAnother(proof: string): string {
  const parsed = JSON.parse(proof) as { digest?: string; release: { receipt: { requester: string } } };
  parsed.release.receipt.requester = 'hospital-c';
  delete parsed.digest;
  const digest = hex(sha256(utf8(`medseal/bundle/v1\n${canonicalJson(parsed)}`)));
  return JSON.stringify({ ...parsed, digest });
}

/** Flips the lowest bit of one letter inside the first disclosed text of the record. */
function flipOneBit(proof: string): string {
  const parsed = JSON.parse(proof) as { disclosure: { elements: { name: string; value?: unknown }[] } };
  const element = must(
    parsed.disclosure.elements.find(({ name, value }) => name === 'status' && typeof value === 'string'),
    'the status element',
  );
  const text = String(element.value);
  element.value = String.fromCharCode(text.charCodeAt(0) ^ 1) + text.slice(1);
  return JSON.stringify(parsed);
}
