import { type Response, Router } from 'express';
import { actorOf, requireStaff } from '../identity/index.ts';
import { AppError } from '../lib/errors.ts';
import { exactPaths } from '../lib/exact-paths.ts';
import type { Metrics } from './metrics.ts';

/** Something the node cannot serve without: database, ledger freshness, policy, keys. Rejects when it is not there. */
export type HealthCheck = {
  name: string;
  check(): Promise<void>;
  /** Without it only partners are turned away. */
  only?: 'partners';
};

export type HealthDeps = {
  checks: readonly HealthCheck[];
  metrics: Metrics;
  /** The figures as text; those of all processes behind the same port. */
  metricsText(): Promise<string>;
  /** What `/status` says besides the checks: ids, counts, heights; nothing of a person. */
  status(): Promise<Record<string, unknown>>;
  isClosing(): boolean;
};

/** `problem` is a code, for operators. */
export type CheckResult = { name: string } & ({ state: 'up' } | { state: 'down'; problem: string });

const checkMilliseconds = 2_000;

/**
 * `/livez` (the process turns), `/readyz` (all checks are up), `/readyz/staff` (those up that the node's own people need: a
 * balancer that asked `/readyz` would keep them from their records while the ledger is away), `/metrics` and `/status`
 * (operators).
 */
export function healthRoutes(deps: HealthDeps): Router {
  const router = Router(exactPaths);
  const check = oneAtATime(() => runChecks(deps.checks));
  router.get('/livez', (_request, response) => {
    response.json({ status: 'live' });
  });
  const forPartners = new Set(deps.checks.filter(({ only }) => only === 'partners').map(({ name }) => name));
  const answer = (response: Response, checks: readonly CheckResult[]): void => {
    const isReady = !deps.isClosing() && checks.every(({ state }) => state === 'up');
    const states = checks.map(({ name, state }) => ({ name, state }));
    response.status(isReady ? 200 : 503).json({ status: isReady ? 'ready' : 'unready', checks: states });
  };
  router.get('/readyz', async (_request, response) => answer(response, await check()));
  router.get('/readyz/staff', async (_request, response) =>
    answer(
      response,
      (await check()).filter(({ name }) => !forPartners.has(name)),
    ),
  );
  router.get('/metrics', async (_request, response) => {
    requireOperator(response);
    response.type(deps.metrics.registry.contentType).send(await deps.metricsText());
  });
  router.get('/status', async (_request, response) => {
    requireOperator(response);
    const [status, checks] = await Promise.allSettled([inTime(deps.status()), check()]);
    if (checks.status === 'rejected') throw checks.reason;
    // Without its database a node still says what it lacks.
    if (status.status === 'fulfilled') response.json({ ...status.value, checks: checks.value });
    else if (checks.value.every(({ state }) => state === 'up')) throw status.reason;
    else response.status(503).json({ checks: checks.value });
  });
  return router;
}

function requireOperator(response: { locals: Record<string, unknown> }): void {
  if (actorOf(response).kind !== 'system') requireStaff(response, ['administrator', 'regulator']);
}

/** Whoever asks while an answer is being made gets that one: probes need no token, and each check costs a connection. */
function oneAtATime<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<Result> | undefined;
  return () => {
    running ??= work().finally(() => {
      running = undefined;
    });
    return running;
  };
}

async function runChecks(checks: readonly HealthCheck[]): Promise<CheckResult[]> {
  return Promise.all(
    checks.map(async ({ name, check }) => {
      try {
        await inTime(check());
        return { name, state: 'up' as const };
      } catch (error) {
        // Why a dependency is down is in its own log lines; whoever probes is told only that it is, an operator its code.
        return { name, state: 'down' as const, problem: codeOf(error) };
      }
    }),
  );
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : 'CHECK_FAILED';
}

async function inTime<Result>(work: Promise<Result>): Promise<Result> {
  const timer = Promise.withResolvers<never>();
  const timeout = setTimeout(() => timer.reject(new AppError('NO_ANSWER')), checkMilliseconds);
  try {
    return await Promise.race([work, timer.promise]);
  } finally {
    clearTimeout(timeout);
  }
}
