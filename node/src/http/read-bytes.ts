import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { gatherBytes } from '../lib/gather-bytes.ts';
import type { Place } from './body-room.ts';
import { HttpError } from './errors.ts';

const mostDiscarded = 64 * 1_048_576;
const discardMilliseconds = 10_000;

/**
 * Collects a body of at most `limit` bytes. A compressed one is counted as it unfolds, so a bomb costs no more than the
 * limit. The request is left open on failure: the answer must still reach the client.
 */
export function readBytes(
  request: IncomingMessage,
  { limit, isGzip, place }: { limit: number; isGzip: boolean; place: Pick<Place, 'hold'> },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const gunzip = isGzip ? createGunzip() : undefined;
    const source: Readable = gunzip === undefined ? request : request.pipe(gunzip);
    const gathered = gatherBytes();
    const finish = (act: () => void): void => {
      source.off('data', onData).off('end', onEnd);
      request.off('close', onClose);
      if (gunzip !== undefined) request.unpipe(gunzip);
      act();
      gunzip?.destroy();
    };
    const onData = (chunk: Buffer): void => {
      const isSound = gathered.add(chunk);
      try {
        if (!isSound) throw new HttpError('HTTP_BODY_FRAGMENTED');
        if (gathered.size > limit) throw new HttpError('HTTP_BODY_TOO_LARGE');
        place.hold(chunk.length);
      } catch (refusal) {
        finish(() => reject(refusal));
      }
    };
    const onEnd = (): void => finish(() => resolve(gathered.bytes()));
    const onClose = (): void => {
      if (!request.complete) finish(() => reject(new HttpError('HTTP_BODY_ABORTED')));
    };
    source.on('data', onData).on('end', onEnd);
    request.on('close', onClose);
    source.on('error', (cause) => finish(() => reject(new HttpError('HTTP_BODY_MALFORMED', { cause }))));
  });
}

/**
 * Has the connection of a client that wants it closed after the answer outlive the body that is still coming: closed
 * earlier, it is reset and the client never reads the answer (RFC 9112 §9.6). Called before the answer is sent.
 */
export function closeAfterBody(request: IncomingMessage, response: ServerResponse): void {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
  const isComing = !request.complete && (length !== '0' || coding !== undefined);
  if (response.shouldKeepAlive || !isComing) return;
  response.shouldKeepAlive = true;
  request.once('end', () => request.socket.end());
}

/**
 * Throws away what a refused client goes on sending, so that it can read the answer; but no more than 64 MiB or 10 s,
 * after which the connection is cut.
 */
export function discardRest(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete || request.destroyed) return;
  let discarded = 0;
  const cut = (): void => {
    request.socket.destroy();
  };
  const timer = setTimeout(cut, discardMilliseconds);
  timer.unref();
  request.on('close', () => clearTimeout(timer));
  request.on('end', () => clearTimeout(timer));
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > mostDiscarded) cut();
  });
  response.once('close', () => {
    if (request.complete) clearTimeout(timer);
  });
  request.resume();
}
