import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FabricNetworkError } from './errors.ts';
import type { FabricOrganization } from './state.ts';

/** The members that a network begins with unless it is told others. */
export const founders: readonly FabricOrganization[] = [
  { organizationId: 'regulator', mspId: 'RegulatorMSP' },
  { organizationId: 'hospital-a', mspId: 'HospitalAMSP' },
  { organizationId: 'hospital-b', mspId: 'HospitalBMSP' },
  { organizationId: 'hospital-c', mspId: 'HospitalCMSP' },
];

export const usage = `Usage: npm run fabric:COMMAND -- [options]

  up                     build Fabric once, then start orderers, peers and chaincode servers; Ctrl-C stops them
  down                   stop the network; its ledger is kept
  status                 what runs, and how far each ledger is
  logs [NAME]            last lines of one program or of all
  add-org                take another organisation into the running channel
  upgrade-chaincode      bring another version of the chaincode into force

  --data FOLDER          where the network lives (default .medseal/fabric)
up:
  --ports NUMBER         first of the ports used (default 9100); the first start fixes it
  --organizations LIST   id:MspId,… (default the regulator and hospitals a, b, c); the first start fixes them
  --regulator ID         which of them is the regulator (default regulator)
logs:
  --lines NUMBER         how many of each (default 20)
  --follow               go on with what is written from now on
add-org:
  --name ID --msp MSPID  the new organisation, e.g. --name hospital-d --msp HospitalDMSP
upgrade-chaincode:
  --version VERSION      the new version, e.g. 1.1
  --source FOLDER        package to run (default the project's own chaincode)`;

export type FabricArguments = {
  command: string;
  name: string | undefined;
  directory: string;
  basePort: number;
  organizations: FabricOrganization[];
  regulatorId: string;
  lines: number;
  follow: boolean;
  organization: FabricOrganization;
  version: string;
  source: string | undefined;
  hosts: 'names' | undefined;
};

/** Parses the command line; throws one clear line on anything unknown. */
export function parseArguments(args: readonly string[], root: string): FabricArguments {
  const { values, positionals } = parse(args);
  const { source } = values;
  return {
    command: positionals[0] ?? '',
    name: positionals[1],
    directory: realFolder(resolve(root, values.data)),
    basePort: wholeNumber(values.ports, '--ports', [1024, 65_000]),
    organizations: organizationList(values.organizations),
    regulatorId: values.regulator,
    lines: wholeNumber(values.lines, '--lines', [1, 100_000]),
    follow: values.follow,
    organization: { organizationId: values.name, mspId: values.msp },
    version: values.version,
    source: source === undefined ? undefined : resolve(root, source),
    hosts: values['container-names'] ? 'names' : undefined,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        data: { type: 'string', default: '.medseal/fabric' },
        ports: { type: 'string', default: '9100' },
        regulator: { type: 'string', default: 'regulator' },
        organizations: {
          type: 'string',
          default: founders.map(({ organizationId, mspId }) => `${organizationId}:${mspId}`).join(),
        },
        lines: { type: 'string', default: '20' },
        follow: { type: 'boolean', default: false },
        name: { type: 'string', default: '' },
        msp: { type: 'string', default: '' },
        version: { type: 'string', default: '' },
        source: { type: 'string' },
        'container-names': { type: 'boolean', default: false },
      },
    });
  } catch (cause) {
    throw new FabricNetworkError(
      'ARGUMENT_INVALID',
      `${(cause as Error).message.split('. ')[0]}; npm run fabric:up -- --help`,
      { cause },
    );
  }
}

/** As the system names it: processes are recognised by the folder they run in. */
function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    const parent = dirname(folder); // not there yet
    return parent === folder ? folder : join(realFolder(parent), basename(folder));
  }
}

function organizationList(list: string): FabricOrganization[] {
  return list.split(',').map((pair) => {
    const [organizationId, mspId, ...rest] = pair.split(':');
    if (!organizationId || !mspId || rest.length > 0)
      throw new FabricNetworkError('ARGUMENT_INVALID', '--organizations takes id:MspId,id:MspId,…');
    return { organizationId, mspId };
  });
}

function wholeNumber(text: string, name: string, [least, most]: [number, number]): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new FabricNetworkError('ARGUMENT_INVALID', `${name} takes a whole number from ${least} to ${most}`);
  return value;
}
