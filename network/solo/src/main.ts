import { parseArguments, usage } from './arguments.ts';
import { SoloError, textOf } from './errors.ts';
import { jsonLog } from './log.ts';
import { type Ledger, startLedger } from './start-ledger.ts';

try {
  const ledger = await startLedger({ ...parsed(), log: jsonLog, onFailure: () => process.exit(1) });
  const stop = stopOnce(ledger);
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  jsonLog('ready', { port: ledger.port });
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

function stopOnce(ledger: Ledger): () => void {
  return () => {
    ledger.close().then(
      () => process.exit(0),
      (error: unknown) => {
        jsonLog('failed', { message: textOf(error) });
        process.exit(1);
      },
    );
  };
}
