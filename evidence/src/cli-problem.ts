import type { Text } from './report.ts';

/** Which of the two files could not be read. */
export type Subject = 'file' | 'policy';

const subjects: Record<Subject, Text> = {
  file: { zh: '存证文件', en: 'the evidence file' },
  policy: { zh: '信任策略', en: 'the trust policy' },
};
const again: Text = { zh: '请重新取得该文件。', en: 'Get the file again.' };
/** What is wrong with a file that was not judged, by code; else it is no file of ours. */
const problems: ReadonlyMap<string, Text> = new Map([
  [
    'UNREADABLE',
    { zh: '无法读取。请核对路径和权限。', en: 'cannot be read. Check the path and your permissions.' },
  ],
  ['BYTES_INVALID', { zh: `不是文本文件。${again.zh}`, en: `is no text. ${again.en}` }],
  [
    'JSON_INVALID',
    {
      zh: `不是完整的 JSON：为空、被截断，或是别的文件。${again.zh}`,
      en: `is no whole JSON: empty, cut short, or another file. ${again.en}`,
    },
  ],
  [
    'JSON_DUPLICATE_KEY',
    {
      zh: `中同一名称出现两次，可有两种读法，不予判断。${again.zh}`,
      en: `has a name twice and could be read in two ways. ${again.en}`,
    },
  ],
  [
    'PROOF_TOO_LARGE',
    { zh: '太大：存证文件不超过 64 MiB。', en: 'is too large: evidence has at most 64 MiB.' },
  ],
  [
    'POLICY_INVALID',
    {
      zh: '不是可用的信任策略；格式见 docs/formats/bundle.md，应由验证方自备。',
      en: "is no trust policy that can be used; docs/formats/bundle.md gives its form. It is the verifier's own.",
    },
  ],
]);

/** Three lines: the code, then what is wrong and what to do, in both languages. */
export function problemLines(
  { code, message }: { code: string; message: string },
  { subject, path }: { subject: Subject; path: string },
): string[] {
  const { zh, en } = problems.get(code) ?? { zh: `无法使用。${again.zh}`, en: `cannot be used. ${again.en}` };
  const name = subjects[subject];
  return [
    `无法判断 · CANNOT DECIDE [${code}]`,
    `${name.zh} ${path} ${zh}`,
    `${name.en} ${path} ${en} (${message})`,
  ];
}
