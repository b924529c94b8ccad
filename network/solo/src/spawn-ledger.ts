import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SoloError } from './errors.ts';
import type { Organization } from './material/create-network.ts';

export type SpawnLedgerOptions = {
  directory: string;
  port?: number;
  organizations?: readonly Organization[];
  chaincodeDirectory?: string;
};

export type LedgerProcess = {
  pid: number;
  port: number;
  genesisHash: string;
  exited: Promise<void>;
  /** Ends it in order. */
  close(): Promise<void>;
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>;
};

/** Starts the ledger as a process of its own, which ends when this one does; resolves when it is ready. */
export async function spawnLedger(options: SpawnLedgerOptions): Promise<LedgerProcess> {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, ...argumentsOf(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ready = await untilReady(child);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  return { pid: child.pid ?? 0, ...ready, exited, close: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

function argumentsOf({
  directory,
  port = 0,
  organizations,
  chaincodeDirectory,
}: SpawnLedgerOptions): string[] {
  const list = organizations?.map(({ organizationId, mspId }) => `${organizationId}:${mspId}`).join();
  return [
    ...['--data', directory, '--port', String(port)],
    ...(list === undefined ? [] : ['--organizations', list]),
    ...(chaincodeDirectory === undefined ? [] : ['--chaincode', chaincodeDirectory]),
  ];
}

type LedgerEvent =
  | { event: 'ready'; port: number; genesisHash: string }
  | { event: 'failed' | 'warning' | 'error'; message?: string };

async function untilReady(child: ChildProcess): Promise<{ port: number; genesisHash: string }> {
  if (child.stdout === null) throw new SoloError('START_FAILED', 'the ledger has no output');
  let last = 'it ended without a word';
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as LedgerEvent;
    if (event.event === 'failed') last = event.message ?? last;
    if (event.event !== 'ready') continue;
    child.stdout.resume();
    return { port: event.port, genesisHash: event.genesisHash };
  }
  throw new SoloError('START_FAILED', `the ledger did not start: ${last}`);
}
