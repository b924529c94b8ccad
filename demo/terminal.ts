import { wrapLine } from '../evidence/src/wrap.ts';

/** What the demo prints with: plain lines without a terminal, colours and a moving progress bar on one. */
const colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
const paint = (code: number) => (text: string) => (colour ? `\u001B[${code}m${text}\u001B[0m` : text);

/** Below this many columns breaking lines helps nobody. */
const narrowest = 40;

export const green = paint(32);
export const red = paint(31);
export const bold = paint(1);
export const dim = paint(2);

/** One line; on a terminal that is too narrow for it, as many as it takes. */
export function line(text = ''): void {
  const { isTTY, columns } = process.stdout;
  for (const row of isTTY && columns >= narrowest ? wrapLine(text, columns) : [text]) console.log(row);
}

/** What somebody will copy: never broken by us, what it is for above it. */
export function command(zh: string, en: string, text: string): void {
  console.log(`     ${dim(`# ${zh} · ${en}`)}\n     ${text}`);
}

/** A step's heading: number, Chinese, English. */
export function heading(number: number, zh: string, en: string): void {
  line();
  line(bold(`${number}. ${zh}`));
  line(`   ${en}`);
}

/** One result under a step, with the time it took. */
export function result(passed: boolean, text: string, milliseconds?: number): void {
  const time = milliseconds === undefined ? '' : dim(`  ${formatDuration(milliseconds)}`);
  line(`   ${passed ? green('✓') : red('✗')} ${text}${time}`);
}

/** Further lines of the result above them. */
export function detail(text: string): void {
  for (const row of text.split('\n')) line(`     ${row}`.trimEnd());
}

export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** A bar that moves on a terminal; elsewhere a line at the end only. */
export function progress(
  label: string,
  total: number,
): { advance(by?: number): void; finish(note: string): void } {
  let done = 0;
  const draw = (): void => {
    if (!process.stdout.isTTY) return;
    const filled = total === 0 ? 24 : Math.round((24 * done) / total);
    process.stdout.write(`\r   ${label} ${'█'.repeat(filled)}${'░'.repeat(24 - filled)} ${done}/${total}`);
  };
  draw();
  return {
    advance: (by = 1) => {
      done += by;
      draw();
    },
    finish: (note) => {
      if (process.stdout.isTTY) process.stdout.write('\r\u001B[K');
      result(true, `${label}: ${note}`);
    },
  };
}
