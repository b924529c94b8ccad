import encodeQR from 'qr';
import type { Certificate } from '../../records/index.ts';

type Page = PDFKit.PDFDocument;
type Text = { zh: string; en: string };
type Box = { x: number; y: number; width: number };

const ink = '#111111';
const faint = '#555555';
const alarm = '#a80000';
const accent = '#1f4e79';
const qrSide = 104;
const gap = 16;

/** Draws the certificate from top to bottom, in reading order, which is also the order of its tags. */
export function drawPage(page: Page, certificate: Certificate): void {
  const root = page.struct('Document');
  page.addStructure(root);
  const { left, right } = page.page.margins;
  const width = page.page.width - left - right;
  const tagged = (kind: string, draw: () => void): void => {
    root.add(page.struct(kind, {}, draw));
  };
  const top = page.y;
  tagged('H1', () => title(page, certificate.title, { x: left, y: top, width: width - qrSide - gap }));
  tagged('P', () => issuer(page, certificate, { x: left, y: page.y + 2, width: width - qrSide - gap }));
  root.add(
    page.struct('Figure', { alt: certificate.qrText }, () =>
      drawQr(page, certificate.qrText, { x: left + width - qrSide, y: top }),
    ),
  );
  page.y = Math.max(page.y, top + qrSide) + 6;
  const { warning } = certificate;
  if (warning !== undefined) tagged('P', () => framed(page, warning, { x: left, y: page.y, width }));
  for (const fact of certificate.facts)
    tagged('P', () => drawFact(page, fact, { x: left, y: page.y, width }));
  page.y += 4;
  drawParts(page, certificate, { tagged, box: { x: left, y: page.y, width } });
  page.y += 4;
  const closing = { x: left, width };
  tagged('H2', () => heading(page, certificate.limits.heading, { ...closing, y: page.y }));
  tagged('P', () => drawLimits(page, certificate.limits.texts, { ...closing, y: page.y }));
  tagged('H2', () => heading(page, certificate.howToCheck.heading, { ...closing, y: page.y + 3 }));
  tagged('P', () => both(page, certificate.howToCheck.text, { ...closing, y: page.y }));
  root.end();
}

function write(page: Page, text: string, { x, y, width }: Box, style: { size: number; color: string }): void {
  page.fontSize(style.size).fillColor(style.color).text(text, x, y, { width, lineGap: 0 });
}

/** Chinese, and below it English, smaller. */
function both(page: Page, { zh, en }: Text, box: Box): void {
  write(page, zh, box, { size: 8, color: ink });
  write(page, english(en), { ...box, y: page.y }, { size: 7, color: faint });
}

/** The apostrophe of a Chinese font is as wide as a character. */
function english(text: string): string {
  return text.replaceAll('’', "'");
}

function heading(page: Page, { zh, en }: Text, box: Box): void {
  write(page, `${zh} · ${en}`, box, { size: 9, color: accent });
}

function title(page: Page, { zh, en }: Text, box: Box): void {
  write(page, zh, box, { size: 22, color: ink });
  write(page, en, { ...box, y: page.y - 2 }, { size: 12, color: faint });
}

function issuer(
  page: Page,
  { issuer: { zh, en, organizationId }, ...certificate }: Certificate,
  box: Box,
): void {
  const { issuedAt, verdict, sentence } = certificate;
  write(page, `出具机构 Issued by：${zh} · ${english(en)}（${organizationId}）`, box, {
    size: 8,
    color: ink,
  });
  write(page, `出具时间 Issued at：${issuedAt}`, { ...box, y: page.y }, { size: 8, color: ink });
  write(
    page,
    `结论 Verdict：${verdict.zh} · ${verdict.en}`,
    { ...box, y: page.y },
    { size: 9, color: accent },
  );
  both(page, sentence, { ...box, y: page.y });
}

function framed(page: Page, { zh, en }: Text, { x, y, width }: Box): void {
  const inner = { x: x + 6, y: y + 3, width: width - 12 };
  write(page, zh, inner, { size: 10, color: alarm });
  write(page, en, { ...inner, y: page.y }, { size: 9, color: alarm });
  page
    .lineWidth(1.2)
    .rect(x, y, width, page.y - y + 4)
    .stroke(alarm);
  page.y += 9;
}

const labelWidth = 170;

function drawFact(page: Page, { label, value }: Certificate['facts'][number], { x, y, width }: Box): void {
  write(page, `${label.zh} ${label.en}`, { x, y, width: labelWidth }, { size: 7.5, color: faint });
  const below = page.y;
  write(page, value, { x: x + labelWidth, y, width: width - labelWidth }, { size: 7.5, color: ink });
  page.y = Math.max(page.y, below) + 0.5;
}

type Frame = { tagged(kind: string, draw: () => void): void; box: Box };

/** Two columns: what held since anchoring on the right, the other three parts on the left. */
function drawParts(page: Page, { parts }: Certificate, { tagged, box }: Frame): void {
  const width = (box.width - gap) / 2;
  const longest = Math.max(...parts.map(({ checks }) => checks.length));
  let [left, right] = [box.y, box.y];
  for (const { heading: name, checks } of parts) {
    const isRight = checks.length === longest;
    const x = isRight ? box.x + width + gap : box.x;
    page.y = isRight ? right : left;
    tagged('H2', () => heading(page, name, { x, y: page.y, width }));
    for (const check of checks) tagged('P', () => drawCheck(page, check, { x, y: page.y, width }));
    if (isRight) right = page.y + 3;
    else left = page.y + 3;
  }
  page.y = Math.max(left, right);
}

type CheckLine = Certificate['parts'][number]['checks'][number];

function drawCheck(page: Page, { mark, text, detail }: CheckLine, { x, y, width }: Box): void {
  write(page, mark, { x, y, width: 10 }, { size: 8, color: ink });
  both(page, text, { x: x + 11, y, width: width - 11 });
  if (detail !== undefined)
    write(page, detail, { x: x + 11, y: page.y, width: width - 11 }, { size: 6.5, color: faint });
  page.y += 1;
}

function drawLimits(page: Page, limits: readonly Text[], { x, y, width }: Box): void {
  page.y = y;
  for (const { zh, en } of limits)
    write(page, `× ${zh} · ${english(en)}`, { x, y: page.y, width }, { size: 7.2, color: ink });
}

/** Level M: a fifteenth of it may be unreadable. Four modules around it stay white. */
function drawQr(page: Page, text: string, { x, y }: { x: number; y: number }): void {
  const modules = encodeQR(text, 'raw', { ecc: 'medium', border: 4 });
  const side = qrSide / modules.length;
  for (const [row, cells] of modules.entries())
    for (const [column, isDark] of cells.entries())
      if (isDark) page.rect(x + column * side, y + row * side, side, side);
  page.fill(ink);
}
