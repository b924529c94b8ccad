import { fstatSync } from 'node:fs';
import { parseArguments, usage } from './arguments.ts';
import { SoloError, textOf } from './errors.ts';
import { jsonLog } from './log.ts';
import { type Ledger, startLedger } from './start-ledger.ts';

try {
  const ledger = await startLedger({ ...parsed(), log: jsonLog, onFailure: () => process.exit(1) });
  stopWhenTold(ledger);
  jsonLog('ready', { port: ledger.port, genesisHash: ledger.genesisHash });
} catch (error) {
  jsonLog('failed', {
    code: error instanceof SoloError ? error.code : 'START_FAILED',
    message: textOf(error),
  });
  process.exit(1);
}

function parsed() {
  try {
    const { chaincodeDirectory, ...rest } = parseArguments(process.argv.slice(2));
    return chaincodeDirectory === undefined ? rest : { ...rest, chaincodeDirectory };
  } catch (error) {
    process.stderr.write(`${usage}\n`);
    throw error;
  }
}

/** Closes in order on SIGTERM, on SIGINT, and when a parent that holds our standard input is gone. */
function stopWhenTold(ledger: Ledger): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    ledger.close().then(
      () => process.exit(0),
      (error: unknown) => {
        jsonLog('failed', { message: textOf(error) });
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  const input = fstatSync(0);
  if (input.isFIFO() || input.isSocket()) process.stdin.once('end', stop).resume();
}
