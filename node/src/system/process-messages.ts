import { z } from 'zod';

/** What a serving process tells the one that started it. */
export type ToParent =
  | { kind: 'ready'; fields: Record<string, string | number> }
  | { kind: 'failed'; code: string; message: string }
  | { kind: 'metrics-asked'; id: number }
  | { kind: 'metrics'; id: number; metrics: object[] };

/** What it is told. */
export type ToServing =
  | { kind: 'metrics-wanted'; id: number }
  | { kind: 'metrics-summed'; id: number; text: string };

const id = z.int();
const toParent: z.ZodType<ToParent> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), fields: z.record(z.string(), z.union([z.string(), z.number()])) }),
  z.object({ kind: z.literal('failed'), code: z.string(), message: z.string() }),
  z.object({ kind: z.literal('metrics-asked'), id }),
  z.object({ kind: z.literal('metrics'), id, metrics: z.array(z.looseObject({})) }),
]);
const toServing: z.ZodType<ToServing> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('metrics-wanted'), id }),
  z.object({ kind: z.literal('metrics-summed'), id, text: z.string() }),
]);

export const readToParent = (message: unknown): ToParent | undefined => toParent.safeParse(message).data;
export const readToServing = (message: unknown): ToServing | undefined => toServing.safeParse(message).data;
