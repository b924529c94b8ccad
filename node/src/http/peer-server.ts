import { constants, X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { Request } from 'express';
import { IdentityError, type Members, type PeerCertificate, peerOf } from '../identity/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { createApp, mountAll } from './api-server.ts';
import { authenticatePeer } from './authenticate.ts';
import { type BodyRules, readBody } from './body.ts';
import type { Metrics } from './metrics.ts';
import { answerError } from './problem.ts';
import { limitCertificate } from './rate-limit.ts';
import type { Mount } from './route-list.ts';
import { createHttpServer, type HttpServer, type Timeouts } from './server.ts';
import { memberTurns, type Turns, takeTurns } from './turns.ts';

/** The certificate authorities of one organisation's MSP as the channel's configuration has them, PEM. */
export type MspRoots = { mspId: string; roots: readonly string[]; intermediates?: readonly string[] };

export type PeerServerOptions = {
  tls: { key: string | Buffer; cert: string | Buffer };
  mspRoots: readonly MspRoots[];
  members: Members;
  mounts: readonly Mount[];
  logger: Logger;
  metrics: Metrics;
  clock: Clock;
  timeouts?: Timeouts;
  /** Of one member. */
  requestsPerMinute?: number;
  turns?: Turns;
};

export type PeerServer = HttpServer & {
  /** Takes over the roots of a new channel configuration; connections made under old ones are checked again. */
  replaceRoots(mspRoots: readonly MspRoots[]): void;
};

type Issuer = { mspId: string; certificate: X509Certificate };

const peerBody: BodyRules = {
  limitOf: () => 1_048_576,
  encodings: [],
  // C2SP tlog-witness speaks in lines, not in JSON.
  textPaths: new Set(['/peer/witness/add-checkpoint']),
};

/** 200 a second, sustained: more than two busy hospitals exchange, less than keeps a node from its own people. */
const memberRequestsPerMinute = 12_000;

/** The port for other members' nodes: TLS 1.3 with a client certificate under the channel's MSP roots, or no connection. */
export function createPeerServer(options: PeerServerOptions): PeerServer {
  let issuers = readIssuers(options.mspRoots);
  const certificateOf = (request: Request): PeerCertificate =>
    peerCertificate(request.socket as TLSSocket, { issuers, now: options.clock.now() });
  const app = createApp(options);
  const limit = limitCertificate(options.requestsPerMinute ?? memberRequestsPerMinute);
  const turns = takeTurns(options.turns ?? memberTurns, (response) => peerOf(response).organizationId);
  app.use(limit, authenticatePeer(options.members, certificateOf), turns, readBody(peerBody));
  mountAll(app, options.mounts);
  app.use(answerError(options.logger));
  const context = (mspRoots: readonly MspRoots[]) => ({
    ...options.tls,
    ca: mspRoots.flatMap(authoritiesOf),
    minVersion: 'TLSv1.3' as const,
    // A resumed session would carry the verdict of TLS past a change of the channel's roots.
    secureOptions: constants.SSL_OP_NO_TICKET,
  });
  const http = createHttpServer(app, {
    tls: { ...context(options.mspRoots), requestCert: true, rejectUnauthorized: true },
    ...(options.timeouts === undefined ? {} : { timeouts: options.timeouts }),
  });
  return {
    ...http,
    replaceRoots: (mspRoots) => {
      issuers = readIssuers(mspRoots);
      http.server.setSecureContext(context(mspRoots));
    },
  };
}

function readIssuers(mspRoots: readonly MspRoots[]): Issuer[] {
  return mspRoots.flatMap((msp) =>
    authoritiesOf(msp).map((pem) => ({ mspId: msp.mspId, certificate: new X509Certificate(pem) })),
  );
}

function authoritiesOf({ roots, intermediates = [] }: MspRoots): string[] {
  return [...roots, ...intermediates];
}

/**
 * TLS has verified the chain to some root of the channel; here it is said whose authority issued the certificate. A
 * connection may outlive the certificate that it was made with.
 */
function peerCertificate(
  socket: TLSSocket,
  { issuers, now }: { issuers: readonly Issuer[]; now: Date },
): PeerCertificate {
  const leaf = socket.getPeerX509Certificate();
  if (!socket.authorized || leaf === undefined || hasExpired(leaf, now))
    throw new IdentityError('IDENTITY_PEER_UNKNOWN');
  const mspIds = issuers
    .filter(({ certificate }) => !hasExpired(certificate, now) && leaf.checkIssued(certificate))
    .filter(({ certificate }) => leaf.verify(certificate.publicKey))
    .map(({ mspId }) => mspId);
  const fingerprint = leaf.fingerprint256.replaceAll(':', '').toLowerCase();
  return { fingerprint, mspIds: [...new Set(mspIds)] };
}

function hasExpired({ validTo }: X509Certificate, now: Date): boolean {
  return !(Date.parse(validTo) >= now.getTime());
}
