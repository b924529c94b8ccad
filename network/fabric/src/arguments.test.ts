import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseArguments } from './arguments.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'medseal-arguments-')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the command line', () => {
  it('has a folder below the repository, four members and ports from 9100 on unless told otherwise', () => {
    expect(parseArguments(['up'], folder)).toMatchObject({
      command: 'up',
      directory: join(folder, '.medseal', 'fabric'),
      basePort: 9100,
      organizations: [
        { organizationId: 'regulator', mspId: 'RegulatorMSP' },
        { organizationId: 'hospital-a', mspId: 'HospitalAMSP' },
        { organizationId: 'hospital-b', mspId: 'HospitalBMSP' },
        { organizationId: 'hospital-c', mspId: 'HospitalCMSP' },
      ],
    });
  });

  it('names a folder as the system does, also one that is not there yet', () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'link'));

    expect(parseArguments(['up', '--data', 'link'], folder).directory).toBe(join(folder, 'real'));
    expect(parseArguments(['up', '--data', 'link/a/b'], folder).directory).toBe(
      join(folder, 'real', 'a', 'b'),
    );
  });

  it.each([
    [['up', '--port', '9100'], /Unknown option '--port'/],
    [['up', '--ports', '80'], /--ports takes a whole number from 1024 to 65000/],
    [['up', '--ports', '9100.5'], /--ports takes a whole number/],
    [['logs', '--lines', '0'], /--lines takes a whole number/],
    [['up', '--organizations', 'hospital-a'], /--organizations takes id:MspId/],
    [['up', '--organizations', 'a:B:C'], /--organizations takes id:MspId/],
  ])('refuses %j in one line', (args, message) => {
    expect(() => parseArguments(args, folder)).toThrow(message);
    expect(() => parseArguments(args, folder)).toThrow(/^[^\n]+$/);
  });
});
