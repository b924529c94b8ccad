import decodeQR from 'qr/decode.js';
import { describe, expect, it } from 'vitest';
import { certificate, notarized, soloVerdict } from '../../records/test/certificates.ts';
import { renderCertificate } from './render.ts';
import { readPdf } from './test/read-pdf.ts';

const squeezed = (text: string): string => text.replaceAll(/\s/g, '');

describe('the page of a certificate', () => {
  it('has every word of the certificate, in Chinese and in English, each with a glyph', async () => {
    const made = certificate({ bundle: notarized(), verdict: soloVerdict() });

    const { text } = readPdf(await renderCertificate(made));

    const { parts, limits, howToCheck, facts, warning, title, verdict, sentence, issuer } = made;
    const texts = [title, issuer, verdict, sentence, warning ?? title, howToCheck.heading, howToCheck.text];
    const lines = parts.flatMap(({ heading, checks }) => [heading, ...checks.map((check) => check.text)]);
    const page = squeezed(text);
    for (const { zh, en } of [
      ...texts,
      ...lines,
      limits.heading,
      ...limits.texts,
      ...facts.map((f) => f.label),
    ]) {
      expect(page).toContain(squeezed(zh));
      expect(page).toContain(squeezed(en.replaceAll('’', "'")));
    }
    for (const { value } of facts) expect(page).toContain(squeezed(value));
    expect(text).not.toContain('\uFFFD');
    expect(text).not.toContain('\u0000');
  });

  it('is one page, tagged, in Chinese, with a title and nothing of who made it or when beyond the time of issue', async () => {
    const made = certificate({ bundle: notarized(), verdict: soloVerdict() });
    const bytes = await renderCertificate(made);
    const { source } = readPdf(bytes);

    expect(source.startsWith('%PDF-1.7')).toBe(true);
    expect(source.match(/\/Type \/Page\n/g)).toHaveLength(1);
    expect(source).toContain('/Marked true');
    expect(source).toContain('/Lang (zh-CN)');
    expect(source).toContain('/DisplayDocTitle true');
    expect(source).not.toMatch(/PDFKit|Helvetica|\/JavaScript|\/URI/i);
    expect(bytes.length).toBeLessThan(100_000);
    expect(Buffer.from(await renderCertificate(made)).equals(Buffer.from(bytes))).toBe(true);
  });

  it('has a QR code that a camera reads as the digest of the bundle', async () => {
    const made = certificate();
    const { streams } = readPdf(await renderCertificate(made));
    const page = streams.find((stream) => stream.includes(' TJ')) ?? '';
    const squares = [...page.matchAll(/^([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re$/gm)].map((row) =>
      row.slice(1).map(Number),
    );
    const side = squares[0]?.[2] ?? 0;
    const left = Math.min(...squares.map(([x = 0]) => x));
    const top = Math.min(...squares.map(([, y = 0]) => y));
    const size = 4 * (8 + Math.round((Math.max(...squares.map(([x = 0]) => x)) - left) / side) + 1);
    const pixels = new Uint8Array(size * size * 4).fill(255);
    for (const [x = 0, y = 0] of squares) {
      const [column, row] = [Math.round((x - left) / side) + 4, Math.round((y - top) / side) + 4];
      for (let dy = 0; dy < 4; dy += 1)
        for (let dx = 0; dx < 4; dx += 1)
          pixels.fill(
            0,
            ((row * 4 + dy) * size + column * 4 + dx) * 4,
            ((row * 4 + dy) * size + column * 4 + dx) * 4 + 3,
          );
    }

    expect(decodeQR({ width: size, height: size, data: pixels })).toBe(made.qrText);
  });

  it('goes on on a second page where names are as long as they may be, and loses no word', async () => {
    const verdict = soloVerdict();
    const checks = verdict.checks.map((check) => ({ ...check, detail: 'OrganisationMSP, '.repeat(40) }));
    const issuer = { organizationId: 'a'.repeat(63), zh: '院'.repeat(120), en: 'Hospital '.repeat(13) };
    const long = certificate({ bundle: notarized(), issuer, verdict: { ...verdict, checks } });

    const { source, text } = readPdf(await renderCertificate(long));

    expect(source.match(/\/Type \/Page\n/g)).toHaveLength(2);
    for (const { zh } of [issuer, long.howToCheck.text, ...checks])
      expect(squeezed(text)).toContain(squeezed(zh));
  });
});
