import type { CheckListOf } from './check-list.ts';
import { refusal } from './errors.ts';
import type { ChannelTrust } from './fabric-trust.ts';
import type { TrustPolicy } from './trust-policy.ts';

type Question = {
  /** What the channel says of itself, where its configuration held. */
  ledger: ChannelTrust['ledger'] | undefined;
  policy: TrustPolicy;
  detail?: string;
};

/** Whether the ledger is in several hands, as the policy asks; skipped where nobody claims that it is. */
export function checkIndependence<Name extends string>(
  list: CheckListOf<Name>,
  name: Name,
  { ledger, policy, ...detail }: Question,
): void {
  if (policy.ledger === 'solo' || ledger === undefined) {
    list.skip(name);
    return;
  }
  list.run(name, () => {
    if (ledger === 'solo') throw refusal('LEDGER_KIND', 'all keys of this ledger lie on one machine');
    return { result: undefined, ...detail };
  });
}
