import { setTimeout as delay } from 'node:timers/promises';
import { type LedgerPort, type MemberProfile, registerSelf } from '../identity/index.ts';
import type { Logger } from '../lib/logger.ts';

const firstPauseMs = 200;
const maxPauseMs = 10_000;

/**
 * Publishes this organisation's entry on the ledger, again and again until it is there: the ledger may be away, or the
 * alliance not opened by its regulator yet. Until then partners refuse this node, and nothing else is affected.
 */
export async function runRegistration(
  profile: MemberProfile,
  { ledger, mspId, logger }: { ledger: LedgerPort; mspId: string; logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  for (let pause = firstPauseMs; !signal.aborted; pause = Math.min(pause * 2, maxPauseMs)) {
    try {
      const outcome = await registerSelf(profile, { ledger, mspId });
      logger.info('registration.done', { outcome });
      return;
    } catch (error) {
      logger.warn('registration.waits', { error });
      await delay(pause, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
    }
  }
}
