import { createHash } from 'node:crypto';
import { lookup } from 'node:dns';
import { Agent, type RequestOptions } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import { checkServerIdentity, connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { PeerError } from './errors.ts';
import { sharedLookup } from './shared-lookup.ts';

/** The node's own TLS identity, PEM. */
export type TlsIdentity = { certificate: string | Buffer; key: string | Buffer };
/** Who has to be on the other end of a connection. */
export type PeerIdentity = {
  /** Roots of the partner's organisation, PEM. */
  roots: readonly string[];
  /** SHA-256 of the partner's registered certificate (DER), lower-case hex. */
  tlsFingerprint: string;
};

type Connected = (error: Error | null, socket: Duplex) => void;

/**
 * Keeps connections to one partner open. A request gets a connection only after TLS 1.3 is up, the certificate chains to
 * the partner's roots and is the registered one; that nothing was written before does not hang on the order in which
 * Node flushes its buffers.
 */
export class PeerAgent extends Agent {
  readonly #identity: TlsIdentity;
  readonly #peer: PeerIdentity;
  readonly #handshakeMs: number;
  readonly #lookup: LookupFunction;

  constructor(options: {
    identity: TlsIdentity;
    peer: PeerIdentity;
    handshakeMs: number;
    maxSockets: number;
    lookup?: LookupFunction | undefined;
  }) {
    // No session cache: a resumed session is not checked against the registered certificate again.
    super({ keepAlive: true, maxSockets: options.maxSockets, maxCachedSessions: 0, scheduling: 'lifo' });
    this.#identity = options.identity;
    this.#peer = options.peer;
    this.#handshakeMs = options.handshakeMs;
    this.#lookup = sharedLookup(options.lookup ?? lookup);
  }

  override createConnection(options: RequestOptions, connected?: Connected): undefined {
    const socket = connect({
      host: options.hostname ?? options.host ?? '',
      port: Number(options.port ?? 443),
      servername: options.servername ?? '',
      lookup: this.#lookup,
      cert: this.#identity.certificate,
      key: this.#identity.key,
      ca: [...this.#peer.roots],
      minVersion: 'TLSv1.3',
      rejectUnauthorized: true,
      checkServerIdentity: (host, certificate) => this.#refusalOf(host, certificate),
    });
    awaitHandshake(socket, this.#handshakeMs, (error) => connected?.(error, socket));
    return undefined;
  }

  #refusalOf(host: string, certificate: PeerCertificate): Error | undefined {
    const fingerprint = createHash('sha256').update(certificate.raw).digest('hex');
    if (fingerprint !== this.#peer.tlsFingerprint) return new PeerError('PEER_CERTIFICATE');
    return checkServerIdentity(host, certificate);
  }
}

function awaitHandshake(socket: TLSSocket, timeoutMs: number, done: (error: Error | null) => void): void {
  const finish = (error: Error | null): void => {
    socket.off('secureConnect', onSecure).off('error', finish).off('timeout', onTimeout).setTimeout(0);
    // The socket may still report the same failure; the request has it already.
    if (error !== null) socket.on('error', () => {}).destroy();
    done(error);
  };
  const onSecure = (): void => finish(null);
  const onTimeout = (): void => finish(new PeerError('PEER_TIMEOUT'));
  socket
    .once('secureConnect', onSecure)
    .once('error', finish)
    .once('timeout', onTimeout)
    .setTimeout(timeoutMs);
}
