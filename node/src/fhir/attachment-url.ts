/**
 * Attachment.url is kept as data and never fetched by the node. Still, whoever opens the record may follow it, so
 * schemes that run or read something local, and hosts that mean "this machine", are refused (server-side request forgery).
 */
export function isSafeAttachmentUrl(text: string): boolean {
  if (/^urn:/i.test(text)) return true;
  if (!/^[a-z][a-z0-9+.-]*:/i.test(text)) return !text.startsWith('//') && !text.includes('..');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return false;
  return url.username === '' && url.password === '' && !isThisMachine(url.hostname);
}

/** The URL parser has already turned `0x7f.1`, `2130706433` and `[::ffff:127.0.0.1]` into their plain forms. */
function isThisMachine(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost') || host.endsWith('.localhost.')) return true;
  if (host.startsWith('[')) return isLocalIpv6(host.slice(1, -1));
  return /^(?:127|0)\.\d+\.\d+\.\d+$/.test(host) || host.startsWith('169.254.');
}

function isLocalIpv6(address: string): boolean {
  if (address === '::' || address === '::1' || /^fe[89ab]/.test(address)) return true;
  const mapped = /^::(?:ffff:)?([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
  if (!mapped) return false;
  const first = Number.parseInt(mapped[1] ?? '0', 16) >> 8;
  return first === 127 || first === 0 || mapped[1] === 'a9fe';
}
