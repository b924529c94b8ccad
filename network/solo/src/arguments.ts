import { parseArgs } from 'node:util';
import { SoloError, textOf } from './errors.ts';
import type { Organization } from './material/create-network.ts';

export type Arguments = {
  directory: string;
  port: number;
  host: string;
  organizations: Organization[];
  chaincodeDirectory: string | undefined;
};

export const usage = `Usage: node scripts/on-node24.mjs network/solo/src/main.ts --data DIR [--port P] [--host ADDRESS]
  [--organizations ID:MSPID,…] [--chaincode DIR]

Makes the network in DIR on first start, replays it on later ones.`;

const defaultOrganizations =
  'hospital-a:HospitalAMSP,hospital-b:HospitalBMSP,hospital-c:HospitalCMSP,regulator:RegulatorMSP';

/** Reads the command line; whatever is wrong with it is ARGUMENT_INVALID. */
export function parseArguments(args: readonly string[]): Arguments {
  const { data, port, host, organizations, chaincode } = valuesOf(args);
  if (data === undefined || data === '') throw new SoloError('ARGUMENT_INVALID', '--data DIR is missing');
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535)
    throw new SoloError('ARGUMENT_INVALID', `--port ${port} is not a port`);
  return {
    directory: data,
    port: Number(port),
    host,
    organizations: organizations.split(',').map(parseOrganization),
    chaincodeDirectory: chaincode,
  };
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        data: { type: 'string' },
        port: { type: 'string', default: '0' },
        host: { type: 'string', default: '127.0.0.1' },
        organizations: { type: 'string', default: defaultOrganizations },
        chaincode: { type: 'string' },
      },
    }).values;
  } catch (cause) {
    throw new SoloError('ARGUMENT_INVALID', textOf(cause), { cause });
  }
}

function parseOrganization(text: string): Organization {
  const [organizationId, mspId, ...rest] = text.split(':');
  if (!organizationId || !mspId || rest.length > 0)
    throw new SoloError('ARGUMENT_INVALID', `${text} is not ID:MSPID`);
  return { organizationId, mspId, name: organizationId };
}
