import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const kibibyte = 1024;

/** Resident bytes of a process, now and at most so far (where the system keeps that, else now). */
export function memoryOf(pid: number): { now: number; peak: number } {
  const status = `/proc/${pid}/status`;
  if (!existsSync(status)) {
    const now = Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)]).toString()) * kibibyte;
    return { now, peak: now };
  }
  const text = readFileSync(status, 'utf8');
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * kibibyte;
  return { now: field('VmRSS'), peak: field('VmHWM') };
}

/** Seconds of CPU that a process has used; 0 where the system does not tell. */
export function cpuSecondsOf(pid: number): number {
  const stat = `/proc/${pid}/stat`;
  if (!existsSync(stat)) return 0;
  // proc(5): fields 14 and 15, in clock ticks of 10 ms; the name in brackets may hold spaces.
  const fields = readFileSync(stat, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** A process and those that it started. */
export function withServing(pid: number): number[] {
  const children = `/proc/${pid}/task/${pid}/children`;
  if (!existsSync(children)) return [pid];
  return [pid, ...readFileSync(children, 'utf8').trim().split(' ').filter(Boolean).map(Number)];
}
