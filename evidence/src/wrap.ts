/** Marks that begin no line in Chinese typesetting (GB/T 15834), and those that end none. */
const neverFirst = '，。；：！？、）」』》〉”’…·';
const neverLast = '（「『《〈“‘';
/** Colours of a terminal take no room. */
const colour = '\u001B\\[[0-9;]*m';
const pieces = new RegExp(
  `(?:${colour})*(?: +|[^ \\p{Script=Han}${neverFirst}${neverLast}\u001B]+|.)(?:${colour})*`,
  'gsu',
);

/** Columns that a text takes on a terminal: East Asian wide characters take two. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text.replaceAll(new RegExp(colour, 'g'), ''))
    columns += /[\p{Script=Han}\u3000-\u303F\uFF00-\uFF60]/u.test(character) ? 2 : 1;
  return columns;
}

/**
 * Breaks a line so that none is wider than `columns`: between words, and between Chinese characters but not before a mark that
 * begins no line. What follows stands below the text of the first, behind its indentation and its mark. A word that is longer
 * than a line, such as a hash, is left whole.
 */
export function wrapLine(line: string, columns: number): string[] {
  const [lead = ''] = new RegExp(`^ *(?:(?:${colour})*[✓✗○→!-](?:${colour})* )?`, 'u').exec(line) ?? [];
  const margin = ' '.repeat(columnsOf(lead));
  const rows: string[] = [];
  let row = lead;
  for (const piece of unbroken(line.slice(lead.length))) {
    if (row.trim() !== '' && row !== lead && columnsOf(row + piece.trimEnd()) > columns) {
      rows.push(row.trimEnd());
      row = margin + piece.trimStart();
    } else row += piece;
  }
  return [...rows, row.trimEnd()];
}

/** What must stay on one line: a word; a Chinese character with the marks that cling to it. */
function unbroken(text: string): string[] {
  const joined: string[] = [];
  for (const [piece] of text.matchAll(pieces)) {
    const before = joined.at(-1);
    const clings = neverFirst.includes(piece[0] ?? '') || neverLast.includes(before?.at(-1) ?? ' ');
    if (before !== undefined && clings) joined[joined.length - 1] = before + piece;
    else joined.push(piece);
  }
  return joined;
}
