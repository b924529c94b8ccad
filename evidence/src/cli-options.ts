// Not by import: that would load the streams of node:fs too, as long as it takes to judge half a bundle.
const { parseArgs } = process.getBuiltinModule('node:util');

export const usage = `medseal-verify FILE --policy TRUST.json [--json] [--show]

离线核验一个证据包、一份分叉证明或一件纠纷的卷宗。信任只来自验证方自备的信任策略。
Verifies one evidence bundle, one fork proof, or the archive of one case, without any network. Trust comes from the
policy alone, which is the verifier's own and never comes with the file.

  --policy FILE   信任策略 · the trust policy: the pinned channel, whose logs, witnesses, notary
  --json          以 JSON 输出结果 · prints the result as JSON
  --show          有效时另显示病历内容 · also prints the content of the record, if the proof is valid
  -h, --help      本说明 · this text

退出码 · Exit
  0  有效（分叉：成立） · valid (a fork: proved)
  1  被改动（分叉：不成立） · tampered (a fork: not proved)
  2  无法判断，或用法有误 · cannot decide, or wrong use
  3  有效，但策略要求的外部公证缺失或无法离线核验 · valid but the outside notary that the policy asks for is missing
     or cannot be checked offline`;

export type Options = { file: string; policy: string; json: boolean; show: boolean };

/** What the command line asks for; else what is wrong with it. */
export function optionsOf(args: string[]): Options | 'help' | { wrong: string } {
  const flag = { type: 'boolean', default: false } as const;
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        policy: { type: 'string' },
        json: flag,
        show: flag,
        help: { ...flag, short: 'h' },
      },
    });
    const { policy, json, show, help } = values;
    const [file, ...others] = positionals;
    if (help) return 'help';
    if (file === undefined) return { wrong: '没有给出要核验的文件 · no file to verify is given' };
    if (others.length > 0) return { wrong: '一次核验一个文件 · one file at a time' };
    if (policy === undefined)
      return { wrong: '缺少 --policy（信任策略） · --policy (the trust policy) is missing' };
    return { file, policy, json, show };
  } catch (error) {
    const [what] = error instanceof Error ? error.message.split('. ') : [];
    return { wrong: `参数有误 · ${what}` };
  }
}
