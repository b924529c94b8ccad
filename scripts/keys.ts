import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ristretto255 } from '@noble/curves/ed25519.js';
import { createKeyFile, openKeyFile } from '../node/src/adapters/keys/file.ts';

const usage = `npm run keys -- create --file FILE --passphrase-file FILE [--identity-service]
npm run keys -- show   --file FILE --passphrase-file FILE

create  新建节点密钥文件；口令文件不存在时一并生成
        makes a node's key file (MEDSEAL_KEY_FILE), and a passphrase (MEDSEAL_KEY_PASSPHRASE_FILE) where the file is not there
show    只显示公钥 · prints the public keys, never a secret
--identity-service  联盟身份服务（监管中心的节点）所用 · for the alliance's identity service, the regulator's node alone
Exit: 0 done, 1 refused, 2 wrong use`;

type Request = { command: 'create' | 'show'; file: string; passphraseFile: string; identityService: boolean };

process.exitCode = main(process.argv.slice(2));

function main(args: string[]): number {
  const request = requestOf(args);
  if (request === 'help') {
    console.log(usage);
    return 0;
  }
  if (typeof request === 'string') {
    console.error(`${request}\n\n${usage}`);
    return 2;
  }
  try {
    console.log(JSON.stringify(request.command === 'create' ? create(request) : show(request), undefined, 2));
    return 0;
  } catch (error) {
    console.error(`✗ ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

/** What is asked for; a text says what is wrong with it. */
function requestOf(args: string[]): Request | string {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        file: { type: 'string' },
        'passphrase-file': { type: 'string' },
        'identity-service': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const { file, 'passphrase-file': passphraseFile, 'identity-service': identityService } = values;
    const [command, ...others] = positionals;
    if (values.help) return 'help';
    if ((command !== 'create' && command !== 'show') || others.length > 0)
      return '要执行什么 · What to do: create or show';
    if (file === undefined) return '缺少 --file · --file is missing';
    if (passphraseFile === undefined) return '缺少 --passphrase-file · --passphrase-file is missing';
    return { command, file, passphraseFile, identityService };
  } catch (error) {
    const [what] = error instanceof Error ? error.message.split('. ') : [];
    return `参数有误 · ${what}`;
  }
}

function create({ file, passphraseFile, identityService }: Request): object {
  const passphrase = passphraseOf(passphraseFile);
  createKeyFile({ path: file, passphrase, pseudonymKey: identityService });
  return publicKeysOf(file, passphrase);
}

function show({ file, passphraseFile }: Request): object {
  return publicKeysOf(file, readPassphrase(passphraseFile));
}

/** The passphrase of the file; where there is none yet, one that nobody guesses. */
function passphraseOf(path: string): string {
  if (!existsSync(path))
    writeFileSync(path, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  return readPassphrase(path);
}

function readPassphrase(path: string): string {
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0)
    throw new Error(`他人可读口令文件 · others may read ${path}: chmod 600 ${path}`);
  return readFileSync(path, 'utf8').trim();
}

function publicKeysOf(path: string, passphrase: string): object {
  const keys = openKeyFile({ path, passphrase });
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const scalar = keys.voprfKey?.();
  return {
    file: path,
    logKey: hex(keys.publicKey('log')),
    messageKey: hex(keys.publicKey('message')),
    ...(scalar === undefined ? {} : { pseudonymPublicKey: hex(pseudonymKeyOf(scalar)) }),
  };
}

/** RFC 9497 §2.1: the scalar is little-endian (RFC 9496 §4.4), the key its multiple of the generator. */
function pseudonymKeyOf(scalar: Uint8Array): Uint8Array {
  return ristretto255.Point.BASE.multiply(
    BigInt(`0x${Buffer.from(scalar).reverse().toString('hex')}`),
  ).toBytes();
}
