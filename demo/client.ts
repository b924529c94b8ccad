import { Agent, request as httpsRequest } from 'node:https';

export type ApiAnswer<Body = Record<string, unknown>> = {
  status: number;
  body: Body;
  /** The body as it came. */
  text: string;
  headers: Record<string, string | string[] | undefined>;
};

export type ApiClient = {
  call<Body = Record<string, unknown>>(
    method: string,
    path: string,
    options?: { body?: unknown; bearer?: string; headers?: Record<string, string> },
  ): Promise<ApiAnswer<Body>>;
  close(): void;
};

/** A client of one node's API that trusts its organisation's demo CA only. */
export function createClient(baseUrl: string, ca: string): ApiClient {
  const agent = new Agent({ ca, keepAlive: true, maxSockets: 16 });
  return {
    call: (method, path, options = {}) =>
      new Promise((resolve, reject) => {
        const body = options.body === undefined ? undefined : Buffer.from(JSON.stringify(options.body));
        const type = path.startsWith('/fhir/') ? 'application/fhir+json' : 'application/json';
        const request = httpsRequest(new URL(path, baseUrl), {
          agent,
          method,
          headers: {
            accept: type,
            ...(body === undefined ? {} : { 'content-type': type, 'content-length': body.length }),
            ...(options.bearer === undefined ? {} : { authorization: `Bearer ${options.bearer}` }),
            ...options.headers,
          },
        });
        request.once('error', reject);
        request.once('response', (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({
              status: response.statusCode ?? 0,
              body: text === '' ? {} : JSON.parse(text),
              text,
              headers: response.headers,
            });
          });
        });
        request.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/** The body of an answer with the wanted status; anything else throws what the node said. */
export function expectStatus<Body>(answer: ApiAnswer<Body>, ...wanted: number[]): Body {
  if (wanted.includes(answer.status)) return answer.body;
  throw new Error(`unexpected answer ${answer.status}: ${JSON.stringify(answer.body).slice(0, 400)}`);
}
