import { describe, expect, it } from 'vitest';
import { createLogger } from './logger.ts';

function recording(now?: () => number): { lines: string[]; logger: ReturnType<typeof createLogger> } {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return {
    lines,
    logger: createLogger({
      level: 'info',
      organizationId: 'hospital-a',
      destination,
      ...(now === undefined ? {} : { now }),
    }),
  };
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

  it('writes the same failure once a minute, and how often it was meanwhile', () => {
    let at = 0;
    const { lines, logger } = recording(() => at);
    const fail = (code: string): void =>
      logger.error('round-failed', { error: Object.assign(new Error('x'), { code }) });

    for (; at < 60_000; at += 500) fail('ECONNREFUSED');
    fail('53100');
    fail('ECONNREFUSED');

    const written = lines.map((line) => JSON.parse(line) as { error: { code: string }; repeated?: number });
    expect(written.map(({ error, repeated }) => [error.code, repeated])).toEqual([
      ['ECONNREFUSED', undefined],
      ['53100', undefined],
      ['ECONNREFUSED', 119],
    ]);
  });

  it('writes every line that is about a request, or that is no failure', () => {
    const { lines, logger } = recording(() => 0);

    for (const requestId of ['r1', 'r1', 'r2']) logger.error('http.failed', { requestId });
    for (const _ of [1, 2]) logger.info('node.ready', {});

    expect(lines).toHaveLength(5);
  });

  it('remembers a bounded number of failures', () => {
    const { lines, logger } = recording(() => 0);

    for (let height = 0; height < 300; height += 1) logger.warn('x', { height });
    logger.warn('x', { height: 299 });
    logger.warn('x', { height: 0 });

    expect(lines).toHaveLength(301);
  });

  it('writes the number that gRPC gives as a code', () => {
    const { lines, logger } = recording();

    logger.warn('x', { error: Object.assign(new Error('denied'), { code: 7 }) });

    expect(lines[0]).toContain('"code":"7"');
  });
});
