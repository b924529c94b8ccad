import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { Request } from 'express';
import { IdentityError, type Members, type PeerCertificate } from '../identity/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { createApp, mountAll } from './api-server.ts';
import { authenticatePeer } from './authenticate.ts';
import { type BodyRules, readBody } from './body.ts';
import type { Metrics } from './metrics.ts';
import { answerError } from './problem.ts';
import type { Mount } from './route-list.ts';
import { createHttpServer, type HttpServer, type Timeouts } from './server.ts';

/** The roots of one organisation's MSP as the channel's configuration has them, PEM. */
export type MspRoots = { mspId: string; roots: readonly string[] };

export type PeerServerOptions = {
  tls: { key: string | Buffer; cert: string | Buffer };
  mspRoots: readonly MspRoots[];
  members: Members;
  mounts: readonly Mount[];
  logger: Logger;
  metrics: Metrics;
  clock: Clock;
  timeouts?: Timeouts;
};

export type PeerServer = HttpServer & {
  /** Takes over the roots of a new channel configuration; connections made under old ones are checked again. */
  replaceRoots(mspRoots: readonly MspRoots[]): void;
};

type Root = { mspId: string; certificate: X509Certificate };

const longestChain = 5;
const peerBody: BodyRules = { limitOf: () => 1_048_576, encodings: [] };

/** The port for other members' nodes: TLS 1.3 with a client certificate under the channel's MSP roots, or no connection. */
export function createPeerServer(options: PeerServerOptions): PeerServer {
  let roots = readRoots(options.mspRoots);
  const certificateOf = (request: Request): PeerCertificate =>
    peerCertificate(request.socket as TLSSocket, roots);
  const app = createApp(options);
  app.use(authenticatePeer(options.members, certificateOf), readBody(peerBody));
  mountAll(app, options.mounts);
  app.use(answerError(options.logger));
  const context = (mspRoots: readonly MspRoots[]) => ({
    ...options.tls,
    ca: mspRoots.flatMap((msp) => [...msp.roots]),
    minVersion: 'TLSv1.3' as const,
  });
  const http = createHttpServer(app, {
    tls: { ...context(options.mspRoots), requestCert: true, rejectUnauthorized: true },
    ...(options.timeouts === undefined ? {} : { timeouts: options.timeouts }),
  });
  return {
    ...http,
    replaceRoots: (mspRoots) => {
      roots = readRoots(mspRoots);
      http.server.setSecureContext(context(mspRoots));
    },
  };
}

function readRoots(mspRoots: readonly MspRoots[]): Root[] {
  return mspRoots.flatMap(({ mspId, roots }) =>
    roots.map((pem) => ({ mspId, certificate: new X509Certificate(pem) })),
  );
}

/** TLS has verified the chain to some root; here it is said of which MSP that root is. */
function peerCertificate(socket: TLSSocket, roots: readonly Root[]): PeerCertificate {
  const chain = chainOf(socket.getPeerCertificate(true));
  const leaf = chain[0];
  if (!socket.authorized || leaf === undefined) throw new IdentityError('IDENTITY_PEER_UNKNOWN');
  const mspIds = roots
    .filter(({ certificate }) => chain.some((link) => isIssuedBy(link, certificate)))
    .map(({ mspId }) => mspId);
  return { fingerprint: leaf.fingerprint256.replaceAll(':', '').toLowerCase(), mspIds: [...new Set(mspIds)] };
}

function chainOf(certificate: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let link: DetailedPeerCertificate | undefined = certificate;
  while (link?.raw !== undefined && chain.length < longestChain) {
    chain.push(new X509Certificate(link.raw));
    link = link.issuerCertificate === link ? undefined : link.issuerCertificate;
  }
  return chain;
}

function isIssuedBy(link: X509Certificate, root: X509Certificate): boolean {
  return link.checkIssued(root) && link.verify(root.publicKey);
}
