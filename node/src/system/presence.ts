import { canonicalJson } from '@medseal/evidence';
import { openPresence, type Presence } from '../adapters/postgres/presence.ts';
import type { Config } from '../config.ts';
import type { MemberProfile } from '../identity/index.ts';
import type { Logger } from '../lib/logger.ts';
import { announcedErasure, erasureChannel, type OpenedVersions } from '../records/index.ts';

/**
 * Takes this process' place among those of the node. All of them publish the same entry on the ledger: of two with
 * different certificates each would take the other's entry back, and partners would refuse one of them.
 */
export function enterReplicas(
  config: Config,
  { profile, opened, logger }: { profile: MemberProfile; opened: OpenedVersions; logger: Logger },
): Promise<Presence> {
  return openPresence({
    url: config.MEDSEAL_DATABASE_URL,
    registration: canonicalJson(profile),
    channel: erasureChannel,
    onNotice: (payload) => {
      const token = announcedErasure(payload);
      if (token !== undefined) opened.forget(token);
    },
    onLost: opened.suspend,
    onHeard: opened.resume,
    logger,
  });
}
