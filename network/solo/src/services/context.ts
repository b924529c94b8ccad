import type { Chain } from '../chain.ts';
import type { Chaincode } from '../chaincode/supervise.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Network } from '../material/open-network.ts';
import type { Membership } from '../membership.ts';
import type { Orderer } from '../orderer.ts';
import type { OwnEndorsements } from '../own-endorsements.ts';

/** Everything the services work with. */
export type ServiceContext = {
  network: Network;
  membership: Membership;
  ownEndorsements: OwnEndorsements;
  chain: Chain;
  orderer: Orderer;
  chaincode: Chaincode;
  clock: Clock;
  log: Log;
};
