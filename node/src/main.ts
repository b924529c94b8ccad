import { setFlagsFromString } from 'node:v8';
import { readConfig } from './config.ts';
import { AppError } from './lib/errors.ts';
import { startSystem } from './system.ts';

// A Bundle of megabytes lives just long enough to be taken for something that stays, so the heap would grow to four times
// what is in use before it is cleared: this keeps a node within 512 MiB while it takes in, for a twentieth more CPU.
setFlagsFromString('--heap-growing-percent=50');

function print(event: string, fields: Record<string, string | number>): void {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
}

try {
  const system = await startSystem(readConfig());
  const stop = (): void => {
    system.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  print('ready', {
    organizationId: system.organizationId,
    apiPort: system.apiPort,
    peerPort: system.peerPort,
  });
} catch (error) {
  // The message of our own errors is written for an operator; of any other only its kind is said, since it may quote data.
  const known = error instanceof AppError;
  print('failed', {
    code: known ? error.code : 'START_FAILED',
    message: known
      ? error.message
      : `${(error as Error).name}: ${String((error as { code?: unknown }).code ?? 'unexpected')}`,
  });
  process.exit(1);
}
