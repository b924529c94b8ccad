import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { wrapLine } from '../evidence/src/wrap.ts';

/** Ink of a line, by what it begins with. */
const bold = /^(?:\d\. |启动联盟|全部步骤通过)/u;
const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const lineHeight = 18;
const width = 1120;
/** What fits into the width, in columns of the font. */
const columns = 134;

/**
 * The picture of the README from what `npm run demo -- --check` printed, but for durations, which tell of the machine
 * (docs/performance.md has measured ones). The report of the verifier is shortened to what says to whom the record went,
 * and the verdict: it has twenty checks and more.
 */
export function demoPicture(output: string): string {
  const printed = output.trim().split('\n').map(withoutDuration);
  const lines = shortened(printed.filter((line) => !line.startsWith('>'))).flatMap((line) =>
    wrapLine(line, columns),
  );
  const height = lines.length * lineHeight + 36;
  const rows = lines.map((line, place) => rowOf(line, 36 + place * lineHeight));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace,Menlo,Consolas,'Noto Sans Mono CJK SC','Noto Sans CJK SC',monospace" font-size="13"><title>Output of npm run demo</title><rect width="${width}" height="${height}" rx="8" fill="#10202f"/>
${rows.join('\n')}
</svg>
`;
}

function withoutDuration(line: string): string {
  return line
    .replace(/ {2}\d[\d.]* m?s$/, '')
    .replace(/, \d+\/s$/, '')
    .replace(/，共 [\d.]+ m?s/, '');
}

/** Lines between the heading of the report and its verdict, but for the release. */
function shortened(lines: string[]): string[] {
  const [first, last] = [
    lines.findIndex((line) => line.trim() === '谁 · Who'),
    lines.findIndex((line) => line.trim() === '有效 · VALID'),
  ];
  if (first < 0 || last < 0) throw new Error('the output holds no report of the verifier');
  const report = lines.slice(first, last);
  const release = report.findIndex((line) => line.includes('✓ release'));
  const checks = report.filter((line) => /^ +[✓✗○] /u.test(line)).length;
  const kept = [
    `       … ${checks} 项核验，分四部分；其中 · ${checks} checks under four headings, among them`,
    ...report.slice(release, release + 2),
    '',
  ];
  return [...lines.slice(0, first), ...kept, ...lines.slice(last)];
}

function rowOf(line: string, y: number): string {
  const ink = bold.test(line) ? '#ffffff' : '#d6deeb';
  const text = line
    .replaceAll(/[&<>]/g, (mark) => escapes[mark] ?? mark)
    .replace(/^( *)([✓✗])/u, (_, lead: string, mark: string) => {
      const fill = mark === '✓' ? '#7fd88f' : '#ff8a80';
      return `${lead}<tspan fill="${fill}">${mark}</tspan>`;
    });
  return text === '' ? '' : `<text x="20" y="${y}" fill="${ink}" xml:space="preserve">${text}</text>`;
}

if (import.meta.main) {
  const file = fileURLToPath(new URL('../docs/images/demo.svg', import.meta.url));
  writeFileSync(file, demoPicture(readFileSync(0, 'utf8')));
  console.log(file);
}
