import { isAbsolute, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { LedgerKind } from './ledger.ts';

export type DemoOptions = {
  /** Play every step without waiting and exit 0 or 1. */
  check: boolean;
  /** Remove what earlier runs left before starting. */
  reset: boolean;
  help: boolean;
  /** The embedded ledger, or a real Hyperledger Fabric network built from source. */
  ledger: LedgerKind;
  /** Folder of FHIR bundles (.json or .json.gz) to load instead of the committed set. */
  dataFolder: string | undefined;
  /** Folder that holds the demo's databases, keys and logs. */
  stateFolder: string;
  /** First of the 50 ports the demo uses. */
  basePort: number;
};

export const usage = `Usage: npm run demo -- [options]

  --check          play all steps without waiting, exit 0 or 1
  --data FOLDER    load the FHIR bundles of a folder (.json, .json.gz) instead of the eight demo patients
  --ledger NAME    solo: the embedded ledger (default); fabric: a real Fabric network, built once with Go
  --reset          remove what earlier runs left, then start
  --state FOLDER   where databases, keys and logs are kept (default .medseal/demo, with Fabric .medseal/demo-fabric)
  --ports NUMBER   first of the 50 ports used (default 8440)
  --help           this text`;

/** Parses the command line of the demo; throws an Error with one clear line on anything unknown. */
export function parseArguments(args: readonly string[], root: string): DemoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      check: { type: 'boolean', default: false },
      reset: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      ledger: { type: 'string', default: 'solo' },
      data: { type: 'string' },
      state: { type: 'string' },
      ports: { type: 'string', default: '8440' },
    },
  });
  const basePort = Number(values.ports);
  if (!Number.isInteger(basePort) || basePort < 1024 || basePort > 65_000) {
    throw new Error('--ports takes a whole number from 1024 to 65000');
  }
  const { ledger } = values;
  if (ledger !== 'solo' && ledger !== 'fabric') throw new Error('--ledger takes solo or fabric');
  const folder = (given: string): string => (isAbsolute(given) ? given : resolve(root, given));
  return {
    check: values.check,
    reset: values.reset,
    help: values.help,
    ledger,
    dataFolder: values.data === undefined ? undefined : folder(values.data),
    stateFolder: folder(values.state ?? (ledger === 'solo' ? '.medseal/demo' : '.medseal/demo-fabric')),
    basePort,
  };
}
