import { Router } from 'express';
import { actorOf, requireStaff } from '../identity/index.ts';
import type { Metrics } from './metrics.ts';

/** Something the node cannot serve without: database, ledger freshness, policy, keys. Rejects when it is not there. */
export type HealthCheck = { name: string; check(): Promise<void> };

export type HealthDeps = {
  checks: readonly HealthCheck[];
  metrics: Metrics;
  /** The figures as text; those of all processes behind the same port. */
  metricsText(): Promise<string>;
  /** What `/status` says besides the checks: ids, counts, heights; nothing of a person. */
  status(): Promise<Record<string, unknown>>;
  isClosing(): boolean;
};

export type CheckResult = { name: string; state: 'up' | 'down' };

const checkMilliseconds = 2_000;

/** `/livez` (the process turns), `/readyz` (all checks are up), `/metrics` and `/status` (operators). */
export function healthRoutes(deps: HealthDeps): Router {
  const router = Router();
  const check = oneAtATime(() => runChecks(deps.checks));
  router.get('/livez', (_request, response) => {
    response.json({ status: 'live' });
  });
  router.get('/readyz', async (_request, response) => {
    const checks = await check();
    const isReady = !deps.isClosing() && checks.every(({ state }) => state === 'up');
    response.status(isReady ? 200 : 503).json({ status: isReady ? 'ready' : 'unready', checks });
  });
  router.get('/metrics', async (_request, response) => {
    requireOperator(response);
    response.type(deps.metrics.registry.contentType).send(await deps.metricsText());
  });
  router.get('/status', async (_request, response) => {
    requireOperator(response);
    response.json({ ...(await deps.status()), checks: await check() });
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
      const timer = Promise.withResolvers<never>();
      const timeout = setTimeout(
        () => timer.reject(new Error('the check takes too long')),
        checkMilliseconds,
      );
      try {
        await Promise.race([check(), timer.promise]);
        return { name, state: 'up' as const };
      } catch {
        // Why a dependency is down is in its own log lines; a probe is told only that it is.
        return { name, state: 'down' as const };
      } finally {
        clearTimeout(timeout);
      }
    }),
  );
}
