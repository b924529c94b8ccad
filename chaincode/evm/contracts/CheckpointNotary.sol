// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Notary of the blocks of Fabric channels, outside the alliance that runs them.
/// @notice Append-only. Each notary confirms (channel, height, block hash, history root); at the threshold the value is
/// final for ever. The history root is that of the RFC 9162 tree over the hashes of the blocks 0 to height, so that any
/// earlier block can be proved by a path, however far below it is.
/// Nobody owns the contract: the set of notaries changes only when the threshold of the present set asks for the same
/// next set. It holds no funds: nothing is payable, there is no receive and no fallback.
contract CheckpointNotary {
    /// What is confirmed for a height.
    struct Value {
        bytes32 blockHash;
        bytes32 historyRoot;
    }

    /// Who of a set has confirmed one value: a bit for each place in the set.
    struct Tally {
        uint128 voters;
        uint32 count;
    }

    uint256 private constant MAX_NOTARIES = 100;

    address[] private _notaries;
    /// Place in the present set, from 1; 0 = not a notary.
    mapping(address notary => uint256 place) private _placeOf;
    uint32 public threshold;
    /// Number of the present set, from 1. Confirmations of an earlier set do not count in a later one.
    uint64 public setNumber;

    /// Height of the last final block plus 1; 0 = none.
    mapping(bytes32 channelId => uint64 heightPlusOne) private _head;
    mapping(bytes32 channelId => mapping(uint64 height => Value)) private _final;
    /// Digest of the value each notary gave for a height; kept over changes of the set, so that nobody ever gives two.
    mapping(bytes32 channelId => mapping(uint64 height => mapping(address notary => bytes32 digest))) private _given;
    /// Digest of the first value anybody gave for a height that is not final.
    mapping(bytes32 channelId => mapping(uint64 height => bytes32 digest)) private _first;
    mapping(bytes32 subject => Tally) private _tallies;

    event Confirmed(bytes32 indexed channelId, uint64 indexed height, address indexed notary, bytes32 blockHash, bytes32 historyRoot, uint64 setNumber);
    event Notarized(bytes32 indexed channelId, uint64 indexed height, bytes32 blockHash, bytes32 historyRoot, uint64 setNumber, uint32 confirmations);
    /// A value that was refused: it contradicts what the same notary gave before, or what is final (`held`, a digest).
    event Equivocation(bytes32 indexed channelId, uint64 indexed height, address indexed notary, bytes32 held, bytes32 blockHash, bytes32 historyRoot);
    /// Two notaries give different values for a height: one of them has seen another ledger, or lies. `first` is a digest.
    event Disagreement(bytes32 indexed channelId, uint64 indexed height, address indexed notary, bytes32 first, bytes32 blockHash, bytes32 historyRoot);
    event SetConfirmed(uint64 indexed setNumber, address indexed notary, address[] notaries, uint32 threshold);
    event SetChanged(uint64 indexed setNumber, address[] notaries, uint32 threshold);

    error NotAuthorized(address caller);
    error ValueMissing();
    error HeightRegress(uint64 finalHeight);
    error AlreadyFinal();
    error AlreadyConfirmed();
    error SetInvalid();

    constructor(address[] memory initial, uint32 initialThreshold) {
        requireSet(initial, initialThreshold);
        install(initial, initialThreshold);
    }

    /// @notice Confirms that the block of `channelId` at `height` has `blockHash`, and the blocks up to it `historyRoot`.
    /// @return accepted False where the value was refused as a contradiction. Then nothing changed but the event
    /// Equivocation, which a revert would have taken back with it.
    function confirm(bytes32 channelId, uint64 height, bytes32 blockHash, bytes32 historyRoot) external returns (bool accepted) {
        uint256 place = requireNotary();
        if (blockHash == 0 || historyRoot == 0) revert ValueMissing();
        Value memory value = Value(blockHash, historyRoot);
        bytes32 digest = digestOf(value);
        bytes32 held = heldFor(channelId, height, digest);
        if (held != 0 && held != digest) {
            emit Equivocation(channelId, height, msg.sender, held, blockHash, historyRoot);
            return false;
        }
        uint64 head = _head[channelId];
        if (height < head) revert HeightRegress(head - 1);
        record(channelId, height, value, place);
        return true;
    }

    /// @notice Confirms the next set of notaries; at the present set's threshold it replaces the present set.
    function confirmSet(address[] calldata next, uint32 nextThreshold) external {
        uint256 place = requireNotary();
        requireSet(next, nextThreshold);
        uint32 count = tally(keccak256(abi.encode("set", setNumber, next, nextThreshold)), place);
        emit SetConfirmed(setNumber, msg.sender, next, nextThreshold);
        if (count >= threshold) install(next, nextThreshold);
    }

    /// @notice The last final block of a channel.
    function headOf(bytes32 channelId)
        external
        view
        returns (bool exists, uint64 height, bytes32 blockHash, bytes32 historyRoot)
    {
        uint64 head = _head[channelId];
        if (head == 0) return (false, 0, 0, 0);
        Value storage value = _final[channelId][head - 1];
        return (true, head - 1, value.blockHash, value.historyRoot);
    }

    /// @notice The final value at a height, or zeros.
    function valueAt(bytes32 channelId, uint64 height) external view returns (bytes32 blockHash, bytes32 historyRoot) {
        Value storage value = _final[channelId][height];
        return (value.blockHash, value.historyRoot);
    }

    /// @notice Digest of what a notary gave for a height, keccak256(blockHash, historyRoot), or zero.
    function givenBy(bytes32 channelId, uint64 height, address notary) external view returns (bytes32) {
        return _given[channelId][height][notary];
    }

    /// @notice How many of the present set have confirmed the value with a digest, and whether `notary` is one of them.
    function confirmationsOf(bytes32 channelId, uint64 height, bytes32 digest, address notary)
        external
        view
        returns (uint32 count, bool confirmed)
    {
        Tally storage current = _tallies[subjectOf(channelId, height, digest)];
        uint256 place = _placeOf[notary];
        return (current.count, place != 0 && (uint256(current.voters) & (1 << (place - 1))) != 0);
    }

    function notaries() external view returns (address[] memory) {
        return _notaries;
    }

    function isNotary(address account) external view returns (bool) {
        return _placeOf[account] != 0;
    }

    /// Digest of the value that is final, else of the one the caller gave before, else zero.
    function heldFor(bytes32 channelId, uint64 height, bytes32 digest) private view returns (bytes32) {
        Value memory value = _final[channelId][height];
        if (value.blockHash == 0) return _given[channelId][height][msg.sender];
        bytes32 held = digestOf(value);
        if (held == digest) revert AlreadyFinal();
        return held;
    }

    function record(bytes32 channelId, uint64 height, Value memory value, uint256 place) private {
        bytes32 digest = digestOf(value);
        uint32 count = tally(subjectOf(channelId, height, digest), place);
        _given[channelId][height][msg.sender] = digest;
        bytes32 first = _first[channelId][height];
        if (first == 0) _first[channelId][height] = digest;
        else if (first != digest) emit Disagreement(channelId, height, msg.sender, first, value.blockHash, value.historyRoot);
        emit Confirmed(channelId, height, msg.sender, value.blockHash, value.historyRoot, setNumber);
        if (count < threshold) return;
        _final[channelId][height] = value;
        _head[channelId] = height + 1;
        emit Notarized(channelId, height, value.blockHash, value.historyRoot, setNumber, count);
    }

    function tally(bytes32 subject, uint256 place) private returns (uint32) {
        Tally storage current = _tallies[subject];
        uint128 bit = uint128(1 << (place - 1));
        if (current.voters & bit != 0) revert AlreadyConfirmed();
        current.voters |= bit;
        current.count += 1;
        return current.count;
    }

    function digestOf(Value memory value) private pure returns (bytes32) {
        return keccak256(abi.encode(value.blockHash, value.historyRoot));
    }

    function subjectOf(bytes32 channelId, uint64 height, bytes32 digest) private view returns (bytes32) {
        return keccak256(abi.encode("block", setNumber, channelId, height, digest));
    }

    function requireNotary() private view returns (uint256 place) {
        place = _placeOf[msg.sender];
        if (place == 0) revert NotAuthorized(msg.sender);
    }

    /// More than half must confirm, so that two values for one height cannot both find their number.
    function requireSet(address[] memory set, uint32 setThreshold) private pure {
        uint256 size = set.length;
        if (size == 0 || size > MAX_NOTARIES || setThreshold > size || uint256(setThreshold) * 2 <= size) revert SetInvalid();
        for (uint256 i = 0; i < size; i++) {
            if (set[i] == address(0)) revert SetInvalid();
            for (uint256 j = 0; j < i; j++) if (set[i] == set[j]) revert SetInvalid();
        }
    }

    function install(address[] memory next, uint32 nextThreshold) private {
        for (uint256 i = 0; i < _notaries.length; i++) delete _placeOf[_notaries[i]];
        for (uint256 i = 0; i < next.length; i++) _placeOf[next[i]] = i + 1;
        _notaries = next;
        threshold = nextThreshold;
        setNumber += 1;
        emit SetChanged(setNumber, next, nextThreshold);
    }
}
