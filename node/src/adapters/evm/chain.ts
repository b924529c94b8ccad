import type { Hex, PublicClient } from 'viem';
import type { PrivateKeyAccount } from 'viem/accounts';

/** What the parts of the adapter share. */
export type NotaryChain = {
  client: PublicClient;
  account: PrivateKeyAccount;
  contract: Hex;
  chainId: number;
  confirmations: number;
};

/** How many blocks back values of others and records are looked for at first. */
export const lookBack = 5_000n;
