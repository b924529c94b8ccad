import { describe, expect, it } from 'vitest';
import { parseArguments } from './arguments.ts';

describe('the command line', () => {
  it('needs a folder only', () => {
    const parsed = parseArguments(['--data', 'd']);

    expect(parsed).toMatchObject({
      directory: 'd',
      port: 0,
      host: '127.0.0.1',
      chaincodeDirectory: undefined,
    });
    expect(parsed.organizations.map(({ mspId }) => mspId)).toEqual([
      'HospitalAMSP',
      'HospitalBMSP',
      'HospitalCMSP',
      'RegulatorMSP',
    ]);
  });

  it('takes everything else', () => {
    const args = [
      '--data',
      'd',
      '--port',
      '7051',
      '--host',
      '::1',
      '--organizations',
      'a:AMSP',
      '--chaincode',
      'c',
    ];

    expect(parseArguments(args)).toEqual({
      directory: 'd',
      port: 7051,
      host: '::1',
      organizations: [{ organizationId: 'a', mspId: 'AMSP', name: 'a' }],
      chaincodeDirectory: 'c',
    });
  });

  it.each([
    [[]],
    [['--data', '']],
    [['--data', 'd', '--port', 'x']],
    [['--data', 'd', '--port', '70000']],
    [['--data', 'd', '--organizations', 'a']],
    [['--data', 'd', '--organizations', 'a:b:c']],
    [['--data', 'd', '--organizations', '']],
    [['--data', 'd', '--other']],
    [['--data', 'd', 'more']],
  ])('refuses %j', (args) => {
    expect(() => parseArguments(args)).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }));
  });
});
