import { get as getPlain } from 'node:http';
import { get as getSecure } from 'node:https';
import { parseJson } from '../../lib/strict-json.ts';

const timeoutMilliseconds = 3_000;
const largestBytes = 1_048_576;

/** Fetches one JSON document: no redirect is followed, 3 s and 1 MiB at most, `ca` instead of the system's roots. */
export function fetchJson(url: URL, ca: string | undefined): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const options = { timeout: timeoutMilliseconds, signal: AbortSignal.timeout(timeoutMilliseconds) };
    const get = url.protocol === 'https:' ? getSecure : getPlain;
    let hasAnswered = false;
    const request = get(url, { ...options, ...(ca === undefined ? {} : { ca }) }, (response) => {
      hasAnswered = true;
      if (response.statusCode !== 200) {
        request.destroy(new Error(`identity provider answered ${response.statusCode}`));
        return;
      }
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size > largestBytes) request.destroy(new Error('identity provider answered too much'));
      });
      response.on('error', reject);
      response.on('end', () => {
        try {
          resolve(parseJson(Buffer.concat(chunks)));
        } catch (error) {
          reject(error);
        }
      });
    });
    request.on('error', reject);
    // An answer that changes the protocol (101) ends the call without an error.
    request.on('close', () => {
      if (!hasAnswered) reject(new Error('identity provider did not answer'));
    });
  });
}
