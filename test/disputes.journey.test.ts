import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { expectStatus } from '../demo/client.ts';
import { clientOf, eventually, must } from '../demo/story.ts';
import type { CaseList, CaseView, FiledEvidence } from '../node/src/disputes/index.ts';
import { type Journey, root, startJourney, untilAnchored, untilPseudonymsKnown } from './journey/alliance.ts';
import { type Access, accessesOf, verifyOffline, writeTrustPolicy } from './journey/evidence.ts';
import { ask, type EnrolledPerson, enrol, grant, revoke, takeInPerson } from './journey/people.ts';
import { observation } from './journey/records.ts';

let journey: Journey;
let patient: EnrolledPerson;
let policy: string;

const officers = {
  'hospital-a': 'privacy@hospital-a',
  'hospital-b': 'privacy@hospital-b',
  regulator: 'regulator@regulator',
} as const;
type Organization = keyof typeof officers;

/** A call of an organisation's officer about cases. */
async function call<Body = CaseView>(who: Organization, method: string, path: string, body?: object) {
  const bearer = await journey.story.staff(officers[who]);
  const options = body === undefined ? { bearer } : { bearer, body };
  return clientOf(journey.story, who).call<Body>(method, `/disputes${path}`, options);
}

async function ok<Body = CaseView>(who: Organization, method: string, path: string, body?: object) {
  return expectStatus(await call<Body>(who, method, path, body), 200, 201);
}

/** Repeats what a document or a block that is still on its way refuses with 503. */
async function whenArrived(who: Organization, path: string, body?: object): Promise<CaseView> {
  return eventually(`${path} at ${who}`, async () => {
    const answer = await call(who, 'POST', path, body);
    return answer.status === 404 || answer.status === 503 ? undefined : expectStatus(answer, 200);
  });
}

async function until(who: Organization, caseId: string, state: string): Promise<CaseView> {
  return eventually(`${caseId} ${state} at ${who}`, async () => {
    const { status, body } = await call(who, 'GET', `/${caseId}`);
    return status === 200 && body.state === state ? body : undefined;
  });
}

/** The release to hospital B as the patient exported it from the own history. */
async function keptEntry(): Promise<Access> {
  const accesses = await accessesOf(journey.story, patient);
  const entry = accesses.find(
    ({ content: { auditEvent } }) =>
      auditEvent.subtype?.[0]?.code === 'disclose' && auditEvent.outcome === '0',
  );
  return must(entry, 'the release in the history');
}

/** The patient opens a case: about an entry of the history, or with nothing but the entry that they kept. */
async function openByPatient(by: 'number' | 'entry' = 'number'): Promise<string> {
  const kept = await keptEntry();
  const named = by === 'number' ? { patientSeq: kept.content.patientSeq } : {};
  const body = { ...named, grounds: '我没有去过仁和医院。', exhibits: [kept] };
  const { bearer } = patient;
  const answer = await clientOf(journey.story, 'hospital-a').call<CaseView>('POST', '/disputes', {
    bearer,
    body,
  });
  const { caseId } = expectStatus(answer, 201);
  for (const who of Object.keys(officers) as Organization[])
    await eventually(`the opening at ${who}`, async () => {
      const { status, body: view } = await call(who, 'GET', `/${caseId}`);
      return status === 200 && view.grounds !== undefined && view.state !== 'pending' ? view : undefined;
    });
  return caseId;
}

/** What the command line needs to speak for an organisation's officer. */
async function connectionOf(who: Organization): Promise<string[]> {
  const { story, folder } = journey;
  const [token, ca] = [join(folder, `${who}.token`), join(folder, `${who}.pem`)];
  writeFileSync(token, await story.staff(officers[who]), { mode: 0o600 });
  writeFileSync(ca, story.alliance.ca(who));
  return ['--node', story.alliance.apiUrl(who), '--ca', ca, '--token', token];
}

const script = join(root, 'scripts/case.ts');

/** `npm run case -- watch` of an organisation, which looks every second. */
async function watchAt(who: Organization) {
  const args = [script, 'watch', '--every', '1', ...(await connectionOf(who))];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill();
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  return (pattern: RegExp) =>
    eventually(`${pattern} at ${who}`, async () => (pattern.test(text) ? true : undefined));
}

async function judge(caseId: string, outcome: string): Promise<void> {
  await whenArrived('regulator', `/${caseId}/examination`, {});
  await decide(caseId, outcome);
}

/** From the finding to the end. */
async function decide(caseId: string, outcome: string): Promise<void> {
  await until('regulator', caseId, 'examined');
  await whenArrived('regulator', `/${caseId}/decision`, { outcome, reasons: '依据比对结论。' });
  await until('regulator', caseId, 'decided');
  await whenArrived('regulator', `/${caseId}/closure`, {});
  for (const who of Object.keys(officers) as Organization[]) {
    await until(who, caseId, 'closed');
    await eventually(`all documents at ${who}`, async () => {
      const view = await ok(who, 'GET', `/${caseId}`);
      return view.decision === undefined || view.claims === undefined ? undefined : view;
    });
  }
}

async function archiveAt(who: Organization, caseId: string): Promise<string> {
  const archive = await eventually(`the whole archive at ${who}`, async () => {
    const found = await ok<{ members: Record<string, unknown> }>(who, 'GET', `/${caseId}/archive`);
    const view = await ok(who, 'GET', `/${caseId}`);
    const filed = view.filings.every(
      ({ organizationId, withheld }) => withheld || `filing/${organizationId}` in found.members,
    );
    return filed ? found : undefined;
  });
  return JSON.stringify(archive);
}

const findings = ({ claims }: CaseView): string[] =>
  (claims ?? []).map(({ claim, party, finding, by }) =>
    [claim, party, finding, by.join('+')].filter((part) => part).join(' '),
  );

beforeAll(async () => {
  // Only the cases that hospital B opens have a deadline that this test waits for.
  journey = await startJourney({
    settingsFor: (id) => ({ MEDSEAL_DISPUTE_ANSWER_SECONDS: id === 'hospital-b' ? '3' : '600' }),
  });
  const { story } = journey;
  const person = await takeInPerson(story, (reference) => [observation(reference), observation(reference)]);
  patient = await enrol(story, person);
  await untilPseudonymsKnown(journey);
  const granted = await grant(story, patient, {
    recipients: ['hospital-b'],
    purposes: ['TREAT'],
    types: ['Observation'],
  });
  await untilAnchored(story);
  await eventually('a release to hospital B', async () => {
    const { nationalId } = patient;
    const answer = await ask(story, 'clinician@hospital-b', { nationalId, types: ['Observation'] });
    return answer.outcome === 'permitted' && answer.records?.length === 2 ? true : undefined;
  });
  // What the patient takes back afterwards was granted when the records were given.
  await revoke(story, patient, granted.id);
  for (const id of ['hospital-a', 'hospital-b']) await untilAnchored(story, id);
  policy = await writeTrustPolicy(journey);
});
afterAll(() => journey?.stop());

describe('a case about an access', () => {
  it('is opened by the patient, answered by both hospitals, and every claim matches', async () => {
    const caseId = await openByPatient();
    const asked = await ok<CaseList>('hospital-b', 'GET', '?awaiting=us&due=soon');
    await whenArrived('hospital-a', `/${caseId}/filing`, { statement: '依授权提供。' });
    await whenArrived('hospital-b', `/${caseId}/filing`, {});
    const answered = await until('regulator', caseId, 'answered');
    await judge(caseId, 'rejected');
    const view = await ok('hospital-b', 'GET', `/${caseId}`);
    const own = await clientOf(journey.story, 'hospital-a').call<CaseView>('GET', `/disputes/${caseId}`, {
      bearer: patient.bearer,
    });

    const listed = await ok<CaseList>('hospital-b', 'GET', '?state=closed');
    const theirs = await clientOf(journey.story, 'hospital-a').call<CaseList>('GET', '/disputes', {
      bearer: patient.bearer,
    });

    expect(asked.tasks).toContainEqual(expect.objectContaining({ caseId, act: 'file', overdue: false }));
    expect(asked.counts.awaitingUs).toBe(asked.disputes.length);
    expect(listed).toMatchObject({ disputes: [{ caseId, state: 'closed' }] });
    expect(theirs.body.disputes[0]).toMatchObject({ caseId, state: 'closed', unseen: false });
    expect(theirs.body.summary.zh).toMatch(/\p{Script=Han}{2}/u);
    expect(answered.filings.map(({ late }) => late)).toEqual([false, false]);
    expect(findings(view)).toEqual([
      'entry hospital-a match',
      'entry hospital-b match',
      'decision hospital-a match',
      'consent hospital-a match',
      'request match',
      'person match',
      'purpose match',
      'outcome match',
      'records match',
      'receipt match',
      'exhibit hospital-a match',
    ]);
    expect(own.body).toMatchObject({ state: 'closed', decision: { outcome: 'rejected' } });
    expect(own.body.next.zh).toMatch(/\p{Script=Han}{5}/u);
  });

  it('leaves one file that the verifier checks, and no changed copy of it passes', async () => {
    const [{ caseId = '' } = {}] = (await ok<{ disputes: CaseView[] }>('regulator', 'GET', '')).disputes;
    const texts = await Promise.all([archiveAt('regulator', caseId), archiveAt('hospital-b', caseId)]);
    const [text = ''] = texts;
    const verify = (proof: string) => verifyOffline(journey, { proof, policy });
    const whole = verify(text);

    expect(texts[1]).toBe(text);
    expect(whole).toMatchObject({ exit: 0, text: expect.stringContaining('VALID') });
    expect(whole.text).not.toContain('仁和');
    const archive = JSON.parse(text);
    archive.members.decision.content.outcome = 'upheld';
    expect(verify(JSON.stringify(archive))).toMatchObject({
      exit: 1,
      text: expect.stringContaining('CASE_DIGEST'),
    });
  });

  it('can be followed and taken away from the command line', async () => {
    const [{ caseId = '' } = {}] = (await ok<{ disputes: CaseView[] }>('hospital-a', 'GET', '')).disputes;
    const node = await connectionOf('hospital-a');
    const out = join(journey.folder, 'out.json');
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [script, ...args, ...node], { encoding: 'utf8' });
    const shown = run('show', caseId);
    const listed = run('list', '--state', 'closed', '--limit', '1');
    const ours = run('list', '--ours', '--json');
    const misspelt = run('list', '--state', 'lost');
    const exported = run('export', caseId, '--out', out);
    const refused = run('decide', caseId, '--outcome', 'upheld', '--reasons', 'mine');

    expect(shown).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/closed.*结案.*The case is closed/s),
    });
    expect(exported.status).toBe(0);
    expect(verifyOffline(journey, { proof: readFileSync(out, 'utf8'), policy }).exit).toBe(0);
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('IDENTITY_FORBIDDEN') });
    expect(run('show', 'x').status).toBe(2);
    expect(listed).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(
        new RegExp(`${caseId}  closed.*结案.*共 1 件案件.*Cases: 1, open: 0`, 's'),
      ),
    });
    expect(JSON.parse(ours.stdout)).toMatchObject({ disputes: [], counts: { total: 1 }, tasks: [] });
    expect(misspelt).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('DISPUTE_REQUEST_INVALID'),
    });
  });

  it('shows a hospital that files something else than its log holds', async () => {
    const caseId = await openByPatient();
    await whenArrived('hospital-a', `/${caseId}/filing`, {});
    const evidence = await ok<FiledEvidence>('hospital-b', 'GET', `/${caseId}/evidence`);
    const altered = JSON.parse(JSON.stringify(evidence).replaceAll('TREAT', 'HPAYMT')) as FiledEvidence;
    await whenArrived('hospital-b', `/${caseId}/filing`, { evidence: altered });
    await until('regulator', caseId, 'answered');
    await judge(caseId, 'upheld');
    const view = await ok('hospital-a', 'GET', `/${caseId}`);

    expect(findings(view)).toEqual([
      'entry hospital-a match',
      'entry hospital-b altered hospital-b',
      'decision hospital-a match',
      'consent hospital-a match',
      ...['request', 'person', 'purpose', 'outcome', 'records'].map((claim) => `${claim} altered hospital-b`),
      'receipt altered hospital-b',
      'exhibit hospital-a match',
    ]);
    expect(verifyOffline(journey, { proof: await archiveAt('hospital-a', caseId), policy }).exit).toBe(0);
  });

  it('shows a hospital that withholds an entry which the patient kept', async () => {
    const caseId = await openByPatient('entry');
    const nothing = { treeSize: 0, access: null, decision: null, receipt: null, consents: [] };
    await whenArrived('hospital-a', `/${caseId}/filing`, { evidence: nothing });
    await whenArrived('hospital-b', `/${caseId}/filing`, {});
    await until('regulator', caseId, 'answered');
    await judge(caseId, 'upheld');
    const view = await ok('hospital-b', 'GET', `/${caseId}`);

    expect(view.subject).toMatchObject({
      kind: 'exchange',
      source: 'hospital-a',
      requester: 'hospital-b',
    });
    expect(findings(view)).toEqual(
      expect.arrayContaining([
        'entry hospital-a missing hospital-a',
        'consent hospital-a missing hospital-a',
        'exhibit hospital-a missing hospital-a',
      ]),
    );
    expect(verifyOffline(journey, { proof: await archiveAt('hospital-b', caseId), policy }).exit).toBe(0);
  });

  it('refuses an entry that was changed, and one that is another patient’s, alike with what is not there', async () => {
    const kept = await keptEntry();
    const { story } = journey;
    const stranger = await enrol(story, await takeInPerson(story));
    const open = (bearer: string, body: object) =>
      clientOf(story, 'hospital-a').call('POST', '/disputes', { bearer, body: { grounds: 'x', ...body } });
    const changed = { ...kept, content: { ...kept.content, patientSeq: 1_000 } };

    expect(await open(patient.bearer, { exhibits: [changed] })).toMatchObject({
      status: 422,
      body: { code: 'DISPUTE_EXHIBIT_INVALID' },
    });
    const foreign = await open(stranger.bearer, { exhibits: [kept] });
    const absent = await open(stranger.bearer, { patientSeq: 9_999 });
    expect(foreign).toMatchObject({ status: 404, body: { code: 'DISPUTE_ACCESS_UNKNOWN' } });
    expect([absent.status, absent.body.code]).toEqual([foreign.status, foreign.body.code]);
    expect(await open(patient.bearer, {})).toMatchObject({
      status: 400,
      body: { code: 'DISPUTE_REQUEST_INVALID' },
    });
  });

  it('goes on without a hospital that never answers, and shows the crossed deadline to all', async () => {
    const { rows } = await journey
      .database('hospital-b')
      .query<{ request_id: string }>("select request_id from exchange where outcome = 'permitted'");
    const body = { requestId: rows[0]?.request_id, grounds: '回执与记录不符。' };
    const told = await watchAt('hospital-a');
    const { caseId } = await ok('hospital-b', 'POST', '', body);
    await whenArrived('hospital-b', `/${caseId}/filing`, {});
    await eventually('the filing of hospital B on the ledger', async () => {
      const { filings } = await ok('hospital-b', 'GET', `/${caseId}`);
      return filings.length === 1 ? true : undefined;
    });
    // Whoever watches is told of the case that nobody here has looked at, and of its crossed deadline.
    await told(new RegExp(`${caseId}  overdue · 已过期限 overdue · 有新进展 news`));
    await told(new RegExp(`! ${caseId} 期限已过`));
    const overdue = await until('hospital-a', caseId, 'overdue');
    const crossed = await ok<CaseList>('hospital-a', 'GET', '?due=overdue');
    const line = crossed.disputes.find((each) => each.caseId === caseId);
    expect(line).toMatchObject({ awaited: ['hospital-a'], task: { act: 'file', overdue: true } });
    expect(crossed.counts.overdue).toBe(crossed.disputes.length);
    await judge(caseId, 'upheld');
    const view = await ok('hospital-b', 'GET', `/${caseId}`);

    expect(overdue).toMatchObject({ overdue: true, summary: { en: expect.stringContaining('deadline') } });
    expect(view).toMatchObject({ opener: 'hospital-b', openedFor: 'organization' });
    expect(findings(view)).toContain('entry hospital-a missing hospital-a');
    expect(findings(view)).not.toContain('entry hospital-b missing hospital-b');
    expect(verifyOffline(journey, { proof: await archiveAt('regulator', caseId), policy }).exit).toBe(0);
  });

  it('goes on without a filing that its hospital never hands over, and finds against that hospital', async () => {
    const { rows } = await journey
      .database('hospital-b')
      .query<{ request_id: string }>("select request_id from exchange where outcome = 'permitted'");
    const { caseId } = await ok('hospital-b', 'POST', '', {
      requestId: rows[0]?.request_id,
      grounds: '扣留。',
    });
    await whenArrived('hospital-b', `/${caseId}/filing`, {});
    // Hospital A's program is changed: it tells the ledger of its filing and never sends the document.
    const withholding = journey.database('hospital-a');
    await withholding.query(`create function keep_back() returns trigger language plpgsql as
      $$ begin new.next_attempt_at := 'infinity'; return new; end $$`);
    await withholding.query(`create trigger keep_back before insert on dispute_delivery for each row
      when (new.kind = 'filing') execute function keep_back()`);
    await whenArrived('hospital-a', `/${caseId}/filing`, {});
    await withholding.query('drop trigger keep_back on dispute_delivery');
    const { deadlineAt = '' } = await until('regulator', caseId, 'answered');
    await eventually('the deadline', async () => (Date.now() > Date.parse(deadlineAt) ? true : undefined));
    const plain = await call('regulator', 'POST', `/${caseId}/examination`, {});
    const notices = await ok('regulator', 'GET', `/${caseId}`);
    const connection = await connectionOf('regulator');
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [script, ...args, ...connection], { encoding: 'utf8' });
    const wrong = run('examine', caseId, '--without', 'hospital-b');
    const examined = run('examine', caseId, '--without', 'hospital-a');
    await until('regulator', caseId, 'examined');
    await decide(caseId, 'upheld');
    const view = await ok('hospital-b', 'GET', `/${caseId}`);
    const report = verifyOffline(journey, { proof: await archiveAt('hospital-b', caseId), policy });

    expect(plain).toMatchObject({ status: 503, body: { code: 'DISPUTE_INCOMPLETE' } });
    expect(notices.notices).toMatchObject([
      { en: expect.stringContaining('the node of hospital-a has to deliver it') },
    ]);
    expect(wrong).toMatchObject({ status: 1, stderr: expect.stringContaining('DISPUTE_NOT_WITHHELD') });
    expect(examined.status).toBe(0);
    expect(findings(view)).toEqual(
      expect.arrayContaining([
        'entry hospital-a withheld hospital-a',
        'entry hospital-b match',
        'purpose withheld hospital-a',
        'receipt withheld hospital-a',
      ]),
    );
    expect(run('show', caseId).stdout).toMatch(/扣留未交 · WITHHELD hospital-a/);
    expect(report).toMatchObject({
      exit: 0,
      text: expect.stringMatching(/未将材料交付监管方.*: hospital-a.*扣留未交 · WITHHELD – hospital-a/s),
    });
    expect(await archiveAt('hospital-a', caseId)).toBe(await archiveAt('regulator', caseId));
  });

  it('is nobody else’s to see, to file in or to decide', async () => {
    const [{ caseId = '' } = {}] = (await ok<{ disputes: CaseView[] }>('regulator', 'GET', '')).disputes;
    const foreign = await journey.story.staff('privacy@hospital-c');
    const other = await clientOf(journey.story, 'hospital-c').call('GET', `/disputes/${caseId}`, {
      bearer: foreign,
    });

    expect(other).toMatchObject({ status: 404, body: { code: 'DISPUTE_NOT_FOUND' } });
    expect(
      await call('hospital-a', 'POST', `/${caseId}/decision`, { outcome: 'upheld', reasons: 'x' }),
    ).toMatchObject({
      status: 403,
    });
    expect(await call('hospital-b', 'POST', `/${caseId}/filing`, {})).toMatchObject({ status: 409 });
  });
});
