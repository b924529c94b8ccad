import { inflateSync } from 'node:zlib';

/** What a certificate's file says: its streams, unpacked, and the text in the order in which it is written. */
export function readPdf(bytes: Uint8Array): { source: string; text: string; streams: string[] } {
  const file = Buffer.from(bytes);
  const source = file.toString('latin1');
  const streams: string[] = [];
  for (const match of source.matchAll(/\/Length (\d+)[^>]*>>\s*stream\n/g)) {
    const start = match.index + match[0].length;
    const raw = file.subarray(start, start + Number(match[1]));
    streams.push((match[0].includes('FlateDecode') ? inflateSync(raw) : raw).toString('latin1'));
  }
  const glyphs = streams.map(glyphsIn).find(({ length }) => length > 0) ?? [];
  const page = streams.filter((stream) => stream.includes(' TJ')).join('\n');
  const lines = [...page.matchAll(/\[([^\]]*)\] TJ/g)].map(([, shown = '']) =>
    [...shown.matchAll(/<([0-9a-f]+)>/g)]
      .flatMap(([, hex = '']) => hex.match(/.{4}/g) ?? [])
      .map((id) => glyphs[Number.parseInt(id, 16)] ?? '\uFFFD')
      .join(''),
  );
  return { source, text: lines.join('\n'), streams };
}

/** The characters of a ToUnicode map by glyph. */
function glyphsIn(stream: string): string[] {
  const glyphs: string[] = [];
  for (const [, first = '', list = ''] of stream.matchAll(/<([0-9a-f]+)> <[0-9a-f]+> \[([^\]]*)\]/g))
    for (const [at, [, code = '']] of [...list.matchAll(/<([0-9a-f ]*)>/g)].entries())
      glyphs[Number.parseInt(first, 16) + at] = Buffer.from(code.replaceAll(' ', ''), 'hex')
        .swap16()
        .toString('utf16le');
  return glyphs;
}
