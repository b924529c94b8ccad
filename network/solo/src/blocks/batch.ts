/** When a block is cut; stands in the channel's configuration. A block stays below gRPC's usual limit of 4 MiB. */
export const batch = {
  maxTransactions: 50,
  timeoutMilliseconds: 50,
  maxTransactionBytes: 1024 * 1024,
  preferredBlockBytes: 1024 * 1024,
} as const;
