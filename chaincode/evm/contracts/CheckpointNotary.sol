// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Notary of the block hashes of Fabric channels, outside the alliance that runs them.
/// @notice Append-only. Each notary confirms (channel, height, block hash); at the threshold the value is final for ever.
/// Nobody owns the contract: the set of notaries changes only when the threshold of the present set asks for the same
/// next set. It holds no funds: nothing is payable, there is no receive and no fallback.
contract CheckpointNotary {
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
    mapping(bytes32 channelId => mapping(uint64 height => bytes32 blockHash)) private _final;
    /// The value each notary gave for a height; kept over changes of the set, so that nobody ever gives two.
    mapping(bytes32 channelId => mapping(uint64 height => mapping(address notary => bytes32 blockHash))) private _given;
    /// The first value anybody gave for a height that is not final.
    mapping(bytes32 channelId => mapping(uint64 height => bytes32 blockHash)) private _first;
    mapping(bytes32 subject => Tally) private _tallies;

    event Confirmed(bytes32 indexed channelId, uint64 indexed height, address indexed notary, bytes32 blockHash, uint64 setNumber);
    event Notarized(bytes32 indexed channelId, uint64 indexed height, bytes32 blockHash, uint64 setNumber, uint32 confirmations);
    /// A value that was refused: it contradicts what the same notary gave before, or what is final.
    event Equivocation(bytes32 indexed channelId, uint64 indexed height, address indexed notary, bytes32 held, bytes32 claimed);
    /// Two notaries give different values for a height: one of them has seen another ledger, or lies.
    event Disagreement(bytes32 indexed channelId, uint64 indexed height, address indexed notary, bytes32 first, bytes32 claimed);
    event SetConfirmed(uint64 indexed setNumber, address indexed notary, address[] notaries, uint32 threshold);
    event SetChanged(uint64 indexed setNumber, address[] notaries, uint32 threshold);

    error NotAuthorized(address caller);
    error BlockHashMissing();
    error HeightRegress(uint64 finalHeight);
    error AlreadyFinal();
    error AlreadyConfirmed();
    error SetInvalid();

    constructor(address[] memory initial, uint32 initialThreshold) {
        requireSet(initial, initialThreshold);
        install(initial, initialThreshold);
    }

    /// @notice Confirms that the block of `channelId` at `height` has `blockHash`.
    /// @return accepted False where the value was refused as a contradiction. Then nothing changed but the event
    /// Equivocation, which a revert would have taken back with it.
    function confirm(bytes32 channelId, uint64 height, bytes32 blockHash) external returns (bool accepted) {
        uint256 place = requireNotary();
        if (blockHash == 0) revert BlockHashMissing();
        bytes32 held = _final[channelId][height];
        if (held == blockHash) revert AlreadyFinal();
        if (held == 0) held = _given[channelId][height][msg.sender];
        if (held != 0 && held != blockHash) {
            emit Equivocation(channelId, height, msg.sender, held, blockHash);
            return false;
        }
        uint64 head = _head[channelId];
        if (height < head) revert HeightRegress(head - 1);
        record(channelId, height, blockHash, place);
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
    function headOf(bytes32 channelId) external view returns (bool exists, uint64 height, bytes32 blockHash) {
        uint64 head = _head[channelId];
        if (head == 0) return (false, 0, 0);
        return (true, head - 1, _final[channelId][head - 1]);
    }

    /// @notice The final block hash at a height, or zero.
    function blockHashOf(bytes32 channelId, uint64 height) external view returns (bytes32) {
        return _final[channelId][height];
    }

    /// @notice What a notary gave for a height, or zero.
    function givenBy(bytes32 channelId, uint64 height, address notary) external view returns (bytes32) {
        return _given[channelId][height][notary];
    }

    /// @notice How many of the present set have confirmed a value, and whether `notary` is one of them.
    function confirmationsOf(bytes32 channelId, uint64 height, bytes32 blockHash, address notary)
        external
        view
        returns (uint32 count, bool confirmed)
    {
        Tally storage current = _tallies[subjectOf(channelId, height, blockHash)];
        uint256 place = _placeOf[notary];
        return (current.count, place != 0 && (uint256(current.voters) & (1 << (place - 1))) != 0);
    }

    function notaries() external view returns (address[] memory) {
        return _notaries;
    }

    function isNotary(address account) external view returns (bool) {
        return _placeOf[account] != 0;
    }

    function record(bytes32 channelId, uint64 height, bytes32 blockHash, uint256 place) private {
        uint32 count = tally(subjectOf(channelId, height, blockHash), place);
        _given[channelId][height][msg.sender] = blockHash;
        bytes32 first = _first[channelId][height];
        if (first == 0) _first[channelId][height] = blockHash;
        else if (first != blockHash) emit Disagreement(channelId, height, msg.sender, first, blockHash);
        emit Confirmed(channelId, height, msg.sender, blockHash, setNumber);
        if (count < threshold) return;
        _final[channelId][height] = blockHash;
        _head[channelId] = height + 1;
        emit Notarized(channelId, height, blockHash, setNumber, count);
    }

    function tally(bytes32 subject, uint256 place) private returns (uint32) {
        Tally storage current = _tallies[subject];
        uint128 bit = uint128(1 << (place - 1));
        if (current.voters & bit != 0) revert AlreadyConfirmed();
        current.voters |= bit;
        current.count += 1;
        return current.count;
    }

    function subjectOf(bytes32 channelId, uint64 height, bytes32 blockHash) private view returns (bytes32) {
        return keccak256(abi.encode("block", setNumber, channelId, height, blockHash));
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
