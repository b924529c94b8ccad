import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { organizations } from './organizations.ts';
import { must, type Story } from './story.ts';
import { bold, command, detail, line } from './terminal.ts';

/** Where a later command finds the running demo. */
export type DemoAddresses = { issuer: string; nodes: Record<string, string> };

const doctor = 'clinician@hospital-a';

/** What to do with the running alliance: addresses, commands to copy, how to stop. A test runs each command as printed. */
export function showWhatNext(story: Story): void {
  const { folder } = story.alliance;
  writeAddresses(story);
  line();
  line(bold('节点的接口地址（尚无网页） · APIs of the nodes (no web pages yet)'));
  for (const { organizationId, names } of organizations)
    detail(
      `${organizationId.padEnd(10)}  ${story.alliance.apiUrl(organizationId)}  ${names.zh} · ${names.en}`,
    );
  line();
  line(bold('在本文件夹中另开一个终端试一试 · To try, in another terminal in this folder'));
  showCommands(story);
  line();
  detail(`日志 · logs: ${join(folder, 'logs')}`);
  detail('文档 · documentation: README.md, docs/fhir.md, docs/disputes.md');
  line();
  line('按 Ctrl-C 停止；数据保留，--reset 清除 · Ctrl-C stops; data is kept, --reset clears it');
}

function showCommands(story: Story): void {
  const { folder } = story.alliance;
  const url = story.alliance.apiUrl('hospital-a');
  const { patientId } = must(story.patient, 'the patient');
  const file = (name: string): string => quoted(join(folder, name));
  const curl = `curl -sS --cacert ${file('ca.pem')}`;
  command('节点是否就绪', 'is the node ready', `${curl} ${url}/readyz`);
  command(
    '医生登录；令牌 15 分钟内有效',
    'sign in as a doctor; the token is good for 15 minutes',
    `npm run -s demo:token -- ${doctor} --state ${quoted(folder)} > ${file('token')}`,
  );
  command(
    '该患者的处方（FHIR R4）',
    "the patient's prescriptions (FHIR R4)",
    `${curl} -H "Authorization: Bearer $(cat ${file('token')})" "${url}/fhir/R4/MedicationRequest?patient=${patientId}&_count=2"`,
  );
  command(
    '离线核验刚才的证据包',
    'verify the evidence of a moment ago, offline',
    `npm run verify -- ${file('bundle.json')} --policy ${file('trust.json')}`,
  );
  command(
    '监管中心的纠纷列表',
    "the regulator's list of disputes",
    `npm run -s demo:token -- regulator@regulator --state ${quoted(folder)} > ${file('token')} && npm run case -- list --node ${story.alliance.apiUrl('regulator')} --ca ${file('ca.pem')} --token ${file('token')}`,
  );
}

function writeAddresses({ alliance }: Story): void {
  const ids = organizations.map(({ organizationId }) => organizationId);
  const addresses: DemoAddresses = {
    issuer: `http://localhost:${alliance.ports.identityProvider}`,
    nodes: Object.fromEntries(ids.map((id) => [id, alliance.apiUrl(id)])),
  };
  writeFileSync(join(alliance.folder, 'demo.json'), `${JSON.stringify(addresses, undefined, 2)}\n`);
  writeFileSync(join(alliance.folder, 'ca.pem'), ids.map((id) => alliance.ca(id)).join(''));
}

/** As a POSIX shell takes a path for one word. */
function quoted(path: string): string {
  return /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
