import PDFDocument from 'pdfkit';
import type { Certificate } from '../../records/index.ts';
import { certificateFont } from './font.ts';
import { drawPage } from './page.ts';

/**
 * The certificate as PDF 1.7 on A4: tagged, in zh-CN, with the glyphs it uses embedded. Nothing in it but the
 * certificate's own words and its time of issue: the same certificate gives the same bytes.
 */
export async function renderCertificate(certificate: Certificate): Promise<Uint8Array> {
  const font = await certificateFont();
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const document = new PDFDocument({
    size: 'A4',
    margins: { top: 34, bottom: 28, left: 42, right: 42 },
    pdfVersion: '1.7',
    lang: 'zh-CN',
    tagged: true,
    displayTitle: true,
    // The standard fonts cannot write Chinese and would be named without being used.
    font: '',
    info: {
      Title: `${certificate.title.zh} · ${certificate.title.en}`,
      Author: certificate.issuer.zh,
      Creator: 'Medseal',
      Producer: 'Medseal',
      CreationDate: new Date(certificate.issuedAt),
    },
  });
  const chunks: Buffer[] = [];
  document.on('data', (chunk: Buffer) => chunks.push(chunk));
  document.on('end', () => resolve(Buffer.concat(chunks)));
  document.on('error', reject);
  document.registerFont('certificate', Buffer.from(font.buffer, font.byteOffset, font.byteLength));
  document.font('certificate');
  drawPage(document, certificate);
  document.end();
  return promise;
}
