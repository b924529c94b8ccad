import { connect, type TLSSocket } from 'node:tls';

export type Answer = { status: number; body: Buffer };

/** One kept-alive HTTP/1.1 connection, one request at a time; far cheaper than a general client, so the server is what is measured. */
export type Connection = { send(request: Buffer | readonly Buffer[]): Promise<Answer>; close(): void };

export type Target = { url: string; ca: string; cert?: string; key?: string };

type Pending = { resolve(answer: Answer): void; reject(error: Error): void };

const endOfHead = '\r\n\r\n';

/** The bytes of a request. */
export function requestBytes(request: {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: Buffer;
}): Buffer[] {
  const { method, path, headers = {}, body } = request;
  const length = body === undefined ? [] : [`Content-Length: ${body.length}`];
  const lines = [...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), ...length];
  const head = [`${method} ${path} HTTP/1.1`, 'Host: localhost', ...lines].join('\r\n');
  return [Buffer.from(head + endOfHead, 'latin1'), ...(body === undefined ? [] : [body])];
}

/** Opens a TLS connection to `url`. */
export async function openConnection({ url, ...identity }: Target): Promise<Connection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), servername: 'localhost', ...identity });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve).once('error', reject);
  });
  socket.setNoDelay(true);
  let pending: Pending | undefined;
  const reader = createReader((answer) => {
    const waiting = pending;
    pending = undefined;
    waiting?.resolve(answer);
  });
  const fail = (error: Error): void => pending?.reject(error);
  socket.on('data', (chunk: Buffer) => {
    try {
      reader(chunk);
    } catch (error) {
      fail(error as Error);
    }
  });
  socket.on('error', fail).on('close', () => fail(new Error('the connection was closed')));
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        pending = { resolve, reject };
        write(socket, request);
      }),
    close: () => void socket.destroy(),
  };
}

function write(socket: TLSSocket, request: Buffer | readonly Buffer[]): void {
  socket.cork();
  for (const bytes of Buffer.isBuffer(request) ? [request] : request) socket.write(bytes);
  socket.uncork();
}

/** Puts answers together; the servers measured here send a Content-Length or no body. */
function createReader(take: (answer: Answer) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = [];
  let size = 0;
  let head: { status: number; start: number; end: number } | undefined;
  return (chunk) => {
    chunks.push(chunk);
    size += chunk.length;
    if (head === undefined) {
      if (chunks.length > 1) chunks = [Buffer.concat(chunks)];
      head = headOf(chunks[0] as Buffer);
    }
    if (head === undefined || size < head.end) return;
    const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
    const answer = { status: head.status, body: bytes.subarray(head.start, head.end) };
    chunks = [];
    size = 0;
    head = undefined;
    take(answer);
  };
}

function headOf(bytes: Buffer): { status: number; start: number; end: number } | undefined {
  const at = bytes.indexOf(endOfHead);
  if (at < 0) return undefined;
  const text = bytes.toString('latin1', 0, at);
  if (/^transfer-encoding:/im.test(text)) throw new Error('an answer in chunks');
  const start = at + endOfHead.length;
  const length = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0);
  return { status: Number(text.slice(9, 12)), start, end: start + length };
}
