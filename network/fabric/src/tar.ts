const block = 512;

/** A POSIX ustar archive of plain files, the same bytes for the same files: owner, mode and time are constants. */
export function tar(files: readonly { name: string; content: Uint8Array }[]): Uint8Array {
  const parts = files.flatMap(({ name, content }) => {
    const padding = (block - (content.length % block)) % block;
    return [header(name, content.length), content, new Uint8Array(padding)];
  });
  return Buffer.concat([...parts, new Uint8Array(2 * block)]);
}

function header(name: string, size: number): Uint8Array {
  const bytes = Buffer.alloc(block);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
  bytes.write(name, 0, 100);
  bytes.write(octal(0o644, 8), 100);
  bytes.write(octal(0, 8), 108);
  bytes.write(octal(0, 8), 116);
  bytes.write(octal(size, 12), 124);
  bytes.write(octal(0, 12), 136);
  bytes.write('        0', 148); // the checksum counts as eight blanks; then the type: a plain file
  bytes.write('ustar\x0000', 257);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${octal(sum, 7)} `, 148);
  return bytes;
}
