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
                   只演示，不等待；退出码 0 通过、1 失败
  --data FOLDER    load the FHIR bundles of a folder (.json, .json.gz) instead of the eight demo patients
                   改用该文件夹中的 FHIR 数据包
  --ledger NAME    solo: the embedded ledger (default); fabric: a real Fabric network, built once with Go
                   solo：内置单机账本（默认）；fabric：真实的 Fabric 网络
  --reset          remove what earlier runs left, then start
                   清除以前的数据后再启动
  --state FOLDER   where databases, keys and logs are kept (default .medseal/demo, with Fabric .medseal/demo-fabric)
                   数据库、密钥和日志所在文件夹
  --ports NUMBER   first of the 50 ports used (default 8440)
                   所用 50 个端口中的第一个
  -h, --help       this text · 本说明`;

const hint = 'npm run demo -- --help';

/** Parses the command line of the demo; throws an Error with one clear line on anything unknown. */
export function parseArguments(args: readonly string[], root: string): DemoOptions {
  const values = valuesOf(args);
  const basePort = Number(values.ports);
  if (!Number.isInteger(basePort) || basePort < 1024 || basePort > 65_000) {
    throw new Error(
      `--ports 取 1024 至 65000 的整数 · --ports takes a whole number from 1024 to 65000; ${hint}`,
    );
  }
  const { ledger } = values;
  if (ledger !== 'solo' && ledger !== 'fabric')
    throw new Error(`--ledger 取 solo 或 fabric · --ledger takes solo or fabric; ${hint}`);
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

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        check: { type: 'boolean', default: false },
        reset: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        ledger: { type: 'string', default: 'solo' },
        data: { type: 'string' },
        state: { type: 'string' },
        ports: { type: 'string', default: '8440' },
      },
    }).values;
  } catch (error) {
    const [what] = error instanceof Error ? error.message.split('. ') : [];
    throw new Error(`参数有误 · ${what}; ${hint}`);
  }
}
