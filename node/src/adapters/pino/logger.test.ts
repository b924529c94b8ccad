import { describe, expect, it } from 'vitest';
import { createLogger } from './logger.ts';

function recording(): { lines: string[]; logger: ReturnType<typeof createLogger> } {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return { lines, logger: createLogger({ level: 'info', organizationId: 'hospital-a', destination }) };
}

describe('the logger', () => {
  it('writes one JSON line an event, whatever is in the fields', () => {
    const { lines, logger } = recording();

    logger.info('http.request', { requestId: 'r1', status: 200, note: 'a\nb\u001b[31m' });

    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toMatch(/\p{Cc}/u);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      msg: 'http.request',
      organization: 'hospital-a',
      status: 200,
    });
  });

  it('redacts what is named like a secret, omits objects and cuts long texts', () => {
    const { lines, logger } = recording();

    logger.warn('x', {
      accessToken: 's3cret',
      authorization: 's3cret',
      body: { name: '张三' },
      long: 'x'.repeat(500),
    });

    expect(lines[0]).not.toMatch(/s3cret|张三|x{201}/);
  });

  it('writes of an error its codes and frames, never its message', () => {
    const { lines, logger } = recording();
    const cause = Object.assign(new Error('Key (name)=(张三) already exists'), { code: '23505' });

    logger.error('failed', { error: new Error('could not save 张三', { cause }) });

    const { error } = JSON.parse(lines[0] ?? '') as { error: { frames: string[]; cause: { code: string } } };
    expect(lines[0]).not.toContain('张三');
    expect(error.cause.code).toBe('23505');
    expect(error.frames[0]).toMatch(/^at /);
  });
});
