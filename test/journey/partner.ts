import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../../demo/story.ts';
import { openKeyFile } from '../../node/src/adapters/keys/file.ts';
import { createPeerClient, type PeerClient } from '../../node/src/adapters/peers/http.ts';
import { membersIn, type PeerRequest, signPeerMessage } from '../../node/src/identity/index.ts';
import type { OrganizationId } from '../../node/src/lib/brand.ts';
import { systemClock } from '../../node/src/lib/clock.ts';
import type { Journey } from './alliance.ts';

/** Hospital B's own keys and certificate in the hands of a program that sends what it likes, where it likes. */
export type Partner = {
  /** A signed question for one person's records, as hospital B's node would send it. */
  question(pseudonym: string): Promise<PeerRequest>;
  /** Sends the very bytes to the process that listens on a peer port of hospital A; its status and code. */
  send(request: PeerRequest, port: number): Promise<[status: number, code: string | undefined]>;
  close(): void;
};

export function openPartner(journey: Journey): Partner {
  const { alliance } = journey;
  const own = join(alliance.folder, 'ledger', 'organizations', 'hospital-b', 'node');
  const file = (name: string): Buffer => readFileSync(join(own, name));
  const peers: PeerClient = createPeerClient({
    identity: { certificate: file('cert.pem'), key: file('key.pem') },
    rootsOf: () => [alliance.ca('hospital-a')],
  });
  const members = membersIn(journey.database('hospital-b'));
  const folder = join(alliance.folder, 'keys', 'hospital-b');
  const passphrase = readFileSync(join(folder, 'passphrase'), 'utf8');
  const keyStore = openKeyFile({ path: join(folder, 'node.key'), passphrase });
  return {
    question: async (pseudonym) => {
      const body = new TextEncoder().encode(JSON.stringify(questionAbout(pseudonym)));
      const signing = { organizationId: 'hospital-b', keyStore, clock: systemClock };
      const message = {
        member: must(await members.get('hospital-a' as OrganizationId), 'hospital A'),
        path: '/peer/exchange',
        body,
      };
      return signPeerMessage(message, signing).message;
    },
    send: async (request, port) => {
      const member = { ...request.member, nodeUrl: `https://localhost:${port}` };
      const { status, body } = await peers.send({ ...request, member });
      return [status, status === 200 ? undefined : codeIn(body)];
    },
    close: () => peers.close(),
  };
}

function questionAbout(pseudonym: string): object {
  return {
    v: 1,
    requestId: randomUUID(),
    pseudonym,
    purpose: 'TREAT',
    types: ['Observation'],
    count: 5,
    staff: { staffId: 'b-1', displayName: 'Wang Fang', roles: ['clinician'] },
  };
}

function codeIn(body: Uint8Array): string | undefined {
  return /"code":"([A-Z_]+)"/.exec(Buffer.from(body).toString('utf8'))?.[1];
}
