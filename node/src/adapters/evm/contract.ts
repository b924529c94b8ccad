import { parseAbi } from 'viem';

/** What the node uses of the contract (chaincode/evm/contracts/CheckpointNotary.sol). */
export const notaryAbi = parseAbi([
  'function confirm(bytes32 channelId, uint64 height, bytes32 blockHash, bytes32 historyRoot) returns (bool accepted)',
  'function headOf(bytes32 channelId) view returns (bool exists, uint64 height, bytes32 blockHash, bytes32 historyRoot)',
  'function givenBy(bytes32 channelId, uint64 height, address notary) view returns (bytes32)',
  'function confirmationsOf(bytes32 channelId, uint64 height, bytes32 digest, address notary) view returns (uint32 count, bool confirmed)',
  'function isNotary(address account) view returns (bool)',
  'event Confirmed(bytes32 indexed channelId, uint64 indexed height, address indexed notary, bytes32 blockHash, bytes32 historyRoot, uint64 setNumber)',
  'event Notarized(bytes32 indexed channelId, uint64 indexed height, bytes32 blockHash, bytes32 historyRoot, uint64 setNumber, uint32 confirmations)',
  'error NotAuthorized(address caller)',
  'error ValueMissing()',
  'error HeightRegress(uint64 finalHeight)',
  'error AlreadyFinal()',
  'error AlreadyConfirmed()',
]);
