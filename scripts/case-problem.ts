import { readFileSync } from 'node:fs';

/** A command line that cannot be carried out. */
export class WrongUse extends Error {}

/** The text of a file that an option names. */
export function textOf(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new WrongUse(`--${option}: 文件无法读取 · ${path} cannot be read`);
  }
}

/** The bearer token of a file: one word, which may be on a line of its own. */
export function tokenOf(path: string): string {
  const token = textOf('token', path).trim();
  if (!/^[!-~]+$/.test(token)) throw new WrongUse(`--token: 文件中没有令牌 · ${path} holds no token`);
  return token;
}

/** What the JSON file that an option names holds. */
export function jsonOf(option: string, path: string): unknown {
  const text = textOf(option, path);
  try {
    return JSON.parse(text);
  } catch {
    throw new WrongUse(`--${option}: 不是 JSON 文件 · ${path} is no JSON`);
  }
}

const unreachable = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
]);

/** One line for whatever went wrong before the node answered, and how the command ends. */
export function problemOf(error: unknown): { text: string; exitCode: number } {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof WrongUse) return { text: `${message}; npm run case -- --help`, exitCode: 2 };
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (unreachable.has(code))
    return {
      text: `节点没有应答 · the node does not answer (${code}). Does it run? Is --node right?`,
      exitCode: 1,
    };
  if (/CERT|SIGNATURE|ALTNAME|PEM|SSL/.test(code))
    return {
      text: `节点证书不为 --ca 所信任 · the node's certificate is not of the CA in --ca, or --ca is no certificate (${code})`,
      exitCode: 1,
    };
  return { text: message, exitCode: 1 };
}

/** What a node answered that refuses: status, code and its sentence, and what to do about the token. */
export function refusalText({ status, body }: { status: number; body: object }): string {
  const { code, detail } = { code: '', detail: '', ...body };
  const next = status === 401 ? ' 请重新登录取得令牌 · Sign in again at this very node for a new token.' : '';
  return `${status} ${code}: ${detail}${next}`;
}
