import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { PeerAgent, type PeerIdentity, type TlsIdentity } from './agent.ts';
import { PeerError } from './errors.ts';

export type { TlsIdentity } from './agent.ts';
export { type PeerCode, PeerError } from './errors.ts';

/** What of a member's registration a call needs. */
export type PeerMember = { organizationId: string; mspId: string; nodeUrl: string; tlsFingerprint: string };
export type PeerRequest = {
  member: PeerMember;
  method: 'POST';
  /** Path at the partner's registered URL. */
  path: string;
  fields: Readonly<Record<string, string>>;
  body: Uint8Array;
};
/** Header fields by lower-case name, each present once. */
export type PeerResponse = { status: number; fields: Record<string, string>; body: Uint8Array };
export type PeerClient = { send(request: PeerRequest): Promise<PeerResponse>; close(): void };

export type PeerClientOptions = {
  identity: TlsIdentity;
  /** Root certificates (PEM) of a member's MSP, from the channel's configuration. */
  rootsOf(mspId: string): Promise<readonly string[]> | readonly string[];
  /** For the whole call, the connection included. */
  timeoutMs?: number;
  maxResponseBytes?: number;
  maxConnections?: number;
  /** Instead of the system's resolver. */
  lookup?: LookupFunction;
};

/** A sealed reply of the largest size class, 16 MiB, is longer by its seal. */
const largestResponse = 16 * 1024 * 1024 + 1024;

type Limits = { timeoutMs: number; maxResponseBytes: number };
type Pool = { registration: string; agent: PeerAgent };

/**
 * Calls partners' nodes over mutual TLS 1.3, one pool of kept-alive connections a partner. Nothing is sent before the
 * partner's certificate is known to be the registered one. Throws PeerError; a status is never an error here.
 */
export function createPeerClient(options: PeerClientOptions): PeerClient {
  const pools = new Map<string, Pool>();
  const limits = {
    timeoutMs: options.timeoutMs ?? 10_000,
    maxResponseBytes: options.maxResponseBytes ?? largestResponse,
  };
  return {
    async send(request) {
      const { organizationId, mspId, nodeUrl, tlsFingerprint } = request.member;
      const peer = { roots: await options.rootsOf(mspId), tlsFingerprint };
      // Without roots of its own, TLS would trust every public certificate authority.
      if (peer.roots.length === 0) throw new PeerError('PEER_CERTIFICATE', { message: 'no roots' });
      const registration = JSON.stringify([nodeUrl, peer]);
      const agent = poolOf(pools, { organizationId, registration }, () => newAgent(options, peer, limits));
      return sendTwice(request, agent, limits);
    },
    close() {
      for (const { agent } of pools.values()) agent.destroy();
      pools.clear();
    },
  };
}

function newAgent(options: PeerClientOptions, peer: PeerIdentity, { timeoutMs }: Limits): PeerAgent {
  const { identity, lookup, maxConnections: maxSockets = 16 } = options;
  return new PeerAgent({ identity, peer, handshakeMs: timeoutMs, maxSockets, lookup });
}

/** The partner's pool; a changed registration gets a new one, and the connections made under the old one end. */
function poolOf(
  pools: Map<string, Pool>,
  { organizationId, registration }: { organizationId: string; registration: string },
  create: () => PeerAgent,
): PeerAgent {
  const known = pools.get(organizationId);
  if (known?.registration === registration) return known.agent;
  known?.agent.destroy();
  const agent = create();
  pools.set(organizationId, { registration, agent });
  return agent;
}

/** A kept connection may close under a request. The bytes may go out once more: a signed request counts only once. */
async function sendTwice(request: PeerRequest, agent: PeerAgent, limits: Limits): Promise<PeerResponse> {
  const deadline = AbortSignal.timeout(limits.timeoutMs);
  const first = await sendOnce(request, { agent, deadline, limits });
  if (first !== 'connection-was-stale') return first;
  const second = await sendOnce(request, { agent, deadline, limits });
  if (second !== 'connection-was-stale') return second;
  throw new PeerError('PEER_UNREACHABLE');
}

type Attempt = { agent: PeerAgent; deadline: AbortSignal; limits: Limits };

function sendOnce(
  { member, method, path, fields, body }: PeerRequest,
  { agent, deadline, limits }: Attempt,
): Promise<PeerResponse | 'connection-was-stale'> {
  return new Promise((resolve, reject) => {
    const url = new URL(path, new URL(member.nodeUrl).origin);
    const headers = { ...fields, 'content-length': String(body.length) };
    const call = httpsRequest(url, { agent, method, headers, signal: deadline, setHost: true });
    call.once('error', (cause) => {
      if (isStale(call, cause)) resolve('connection-was-stale');
      else reject(peerError(cause, deadline));
    });
    let hasAnswered = false;
    // An answer that changes the protocol (101) comes to nobody and ends the call without an error.
    call.once('close', () => {
      if (!hasAnswered) reject(new PeerError('PEER_INVALID_RESPONSE', { message: 'no response' }));
    });
    call.once('response', (response) => {
      hasAnswered = true;
      readResponse(response, limits.maxResponseBytes).then(resolve, (cause: unknown) => {
        call.destroy();
        reject(peerError(cause, deadline));
      });
    });
    call.end(body);
  });
}

async function readResponse(response: IncomingMessage, maxBytes: number): Promise<PeerResponse> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new PeerError('PEER_INVALID_RESPONSE', { message: 'too long' });
    chunks.push(chunk);
  }
  if (!response.complete) throw new PeerError('PEER_UNREACHABLE');
  return { status: response.statusCode ?? 0, fields: fieldsOf(response), body: Buffer.concat(chunks) };
}

/** A field that comes twice could be read in two ways: refused. */
function fieldsOf(response: IncomingMessage): Record<string, string> {
  const fields: Record<string, string> = Object.create(null);
  for (const [name, values] of Object.entries(response.headersDistinct)) {
    const [value, ...more] = values ?? [];
    if (value === undefined || more.length > 0) {
      throw new PeerError('PEER_INVALID_RESPONSE', { message: 'repeated field' });
    }
    fields[name] = value;
  }
  return fields;
}

function isStale(call: ClientRequest, cause: Error): boolean {
  return call.reusedSocket && 'code' in cause && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE');
}

const certificateCodes =
  /^(ERR_TLS_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_(CA|PURPOSE)|HOSTNAME_MISMATCH|PATH_LENGTH)/;

function peerError(cause: unknown, deadline: AbortSignal): PeerError {
  if (cause instanceof PeerError) return cause;
  if (deadline.aborted) return new PeerError('PEER_TIMEOUT', { cause });
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (certificateCodes.test(code)) return new PeerError('PEER_CERTIFICATE', { cause });
  if (code.startsWith('HPE_')) return new PeerError('PEER_INVALID_RESPONSE', { cause });
  return new PeerError('PEER_UNREACHABLE', { cause });
}
