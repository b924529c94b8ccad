import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { audienceOf, loginStaff, passwordOf } from './login.ts';
import { staffAccounts } from './staff-accounts.ts';
import type { DemoAddresses } from './what-next.ts';

const usage = `Usage: npm run -s demo:token -- USER [--state FOLDER] > token

Signs a member of staff of the running demo in and prints the access token, good for 15 minutes at the own hospital's node.
以演示中某位医务人员的身份登录，输出访问令牌（15 分钟内有效）。

  --state FOLDER   the demo's folder (default .medseal/demo) · 演示的文件夹

USER: ${staffAccounts.map(({ username }) => username).join(', ')}`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        state: { type: 'string', default: '.medseal/demo' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const [username, ...others] = positionals;
    const isKnown = others.length === 0 && staffAccounts.some((account) => account.username === username);
    if (values.help || username === undefined || !isKnown) {
      (values.help ? console.log : console.error)(usage);
      return values.help ? 0 : 2;
    }
    console.log(await tokenOf(username, resolve(values.state)));
    return 0;
  } catch (error) {
    console.error(`✗ ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

async function tokenOf(username: string, folder: string): Promise<string> {
  const { issuer } = addressesIn(folder);
  const password = passwordOf(join(folder, 'identity-provider'), username);
  const audience = audienceOf(username.split('@')[1] ?? '');
  const login = loginStaff({ issuer, username, password, audience });
  const { accessToken } = await login.catch((error: unknown) => {
    // fetch says no more than that it failed; an answer of the provider is said by the sign-in itself.
    if (!(error instanceof TypeError)) throw error;
    throw new Error(
      `登录服务没有应答 · ${issuer} does not answer. 先启动演示 · Start the demo: npm run demo`,
    );
  });
  return accessToken;
}

function addressesIn(folder: string): DemoAddresses {
  try {
    return JSON.parse(readFileSync(join(folder, 'demo.json'), 'utf8')) as DemoAddresses;
  } catch {
    throw new Error(
      `${folder} 中没有运行到结束画面的演示 · no demo has run in ${folder} up to its last screen. 启动 · Start it: npm run demo -- --state ${folder}`,
    );
  }
}
