import { AnchorContract } from './anchor-contract.ts';
import { ConsentContract } from './consent-contract.ts';
import { DisputeContract } from './dispute-contract.ts';
import { MemberContract } from './member-contract.ts';

/** What `fabric-chaincode-node` runs; it adds its own system contract to this very array. */
export const contracts = [MemberContract, ConsentContract, AnchorContract, DisputeContract];
