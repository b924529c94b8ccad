import { describe, expect, it } from 'vitest';
import { isSafeAttachmentUrl } from './attachment-url.ts';

describe('isSafeAttachmentUrl', () => {
  it.each([
    'https://pacs.hospital.example/1',
    'http://10.1.2.3/wado',
    'urn:oid:1.2.3',
    'urn:uuid:x',
    'Binary/1',
    '/Binary/1',
    '#a',
  ])('keeps %s as data', (url) => {
    expect(isSafeAttachmentUrl(url)).toBe(true);
  });

  it.each([
    'file:///etc/passwd',
    'javascript:alert(1)',
    'data:text/html,x',
    'ftp://x.example/a',
    'gopher://x.example',
    'http://localhost/',
    'http://LOCALHOST:8080/',
    'https://a.localhost/',
    'http://127.0.0.1/',
    'http://127.1/',
    'http://0x7f000001/',
    'http://2130706433/',
    'http://0/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[fe80::1]/',
    'http://169.254.169.254/latest/meta-data',
    'http://[::ffff:169.254.169.254]/',
    'https://user:secret@x.example/',
    '//x.example/a',
    '../../etc/passwd',
    'http://',
  ])('refuses %s', (url) => {
    expect(isSafeAttachmentUrl(url)).toBe(false);
  });
});
