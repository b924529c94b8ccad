import { type Abi, parseAbi } from 'viem';
import compiled from './contract.generated.json' with { type: 'json' };

/** What a deployment sends: what solc made of contracts/CheckpointNotary.sol (a test compiles it again and compares). */
export const notaryBytecode = compiled.bytecode as `0x${string}`;

/** The runtime code that an address with the contract holds. */
export const notaryRuntimeCode = compiled.deployedBytecode as `0x${string}`;

export const compiledAbi = compiled.abi as Abi;

/** The contract's interface, typed. */
export const notaryAbi = parseAbi([
  'constructor(address[] initial, uint32 initialThreshold)',
  'function confirm(bytes32 channelId, uint64 height, bytes32 blockHash, bytes32 historyRoot) returns (bool accepted)',
  'function confirmSet(address[] next, uint32 nextThreshold)',
  'function headOf(bytes32 channelId) view returns (bool exists, uint64 height, bytes32 blockHash, bytes32 historyRoot)',
  'function valueAt(bytes32 channelId, uint64 height) view returns (bytes32 blockHash, bytes32 historyRoot)',
  'function givenBy(bytes32 channelId, uint64 height, address notary) view returns (bytes32)',
  'function confirmationsOf(bytes32 channelId, uint64 height, bytes32 digest, address notary) view returns (uint32 count, bool confirmed)',
  'function notaries() view returns (address[])',
  'function isNotary(address account) view returns (bool)',
  'function threshold() view returns (uint32)',
  'function setNumber() view returns (uint64)',
  'event Confirmed(bytes32 indexed channelId, uint64 indexed height, address indexed notary, bytes32 blockHash, bytes32 historyRoot, uint64 setNumber)',
  'event Notarized(bytes32 indexed channelId, uint64 indexed height, bytes32 blockHash, bytes32 historyRoot, uint64 setNumber, uint32 confirmations)',
  'event Equivocation(bytes32 indexed channelId, uint64 indexed height, address indexed notary, bytes32 held, bytes32 blockHash, bytes32 historyRoot)',
  'event Disagreement(bytes32 indexed channelId, uint64 indexed height, address indexed notary, bytes32 first, bytes32 blockHash, bytes32 historyRoot)',
  'event SetConfirmed(uint64 indexed setNumber, address indexed notary, address[] notaries, uint32 threshold)',
  'event SetChanged(uint64 indexed setNumber, address[] notaries, uint32 threshold)',
  'error NotAuthorized(address caller)',
  'error ValueMissing()',
  'error HeightRegress(uint64 finalHeight)',
  'error AlreadyFinal()',
  'error AlreadyConfirmed()',
  'error SetInvalid()',
]);
