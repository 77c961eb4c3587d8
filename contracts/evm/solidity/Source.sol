// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Attested} from "./Attested.sol";
import {IService} from "./IService.sol";
import {
    BlockHeader,
    Entry,
    KIND_RECEIPT,
    LocalService,
    Pair,
    REQUEST_TAG,
    STATE_COMMITTED,
    STATE_PENDING,
    STATE_ROLLED_BACK,
    STATUS_ROLLBACK,
    STATUS_SUCCESS
} from "./Types.sol";

/// The source side of a transfer (protocol.md "Source contract"): an index and a commitment per request, settled once by a receipt.
abstract contract Source is Attested {
    uint256 private constant MAX_BODY_BYTES = 16_384;

    event Request(
        bytes32 indexed from,
        bytes32 indexed to,
        uint64 index,
        bytes32 requestHash,
        bytes32 bodyHash,
        uint64 timeoutMs,
        uint8 priority,
        bool isPrivate,
        string func,
        bytes[] args
    );
    event Settled(bytes32 indexed from, bytes32 indexed to, uint64 index, uint8 status);
    event CallbackFailed(bytes32 indexed from, bytes32 indexed to, uint64 index, uint8 status);

    error NotService(address caller);
    error PrivateAsset();
    error PairNotAllowed();
    error PairIsFrozen();
    error ChainIsClosed();
    error TimeoutOutsideLimits(uint64 timeoutMs);
    error WindowFull(uint64 settledUpTo, uint64 outIndex);
    error BodyTooLarge(uint256 bodyBytes);
    error StatusInvalid(uint8 status);
    error ResultMismatch(uint64 index);

    /// Asks service `to` to run func(args). Only a registered service may call; the event carries the body.
    /// timeoutMs: milliseconds of relay tick after which the request may be cancelled at its destination.
    function request(bytes32 to, string calldata func, bytes[] calldata args, uint64 timeoutMs, uint8 priority)
        external
        returns (uint64 index)
    {
        bytes memory encoded = abi.encode(func, args);
        if (encoded.length > MAX_BODY_BYTES) revert BodyTooLarge(encoded.length);
        bytes32 bodyHash = keccak256(encoded);
        bytes32 from = keyOf[msg.sender];
        bytes32 requestHash;
        (index, requestHash) = open(from, to, bodyHash, timeoutMs, priority);
        emit Request(from, to, index, requestHash, bodyHash, timeoutMs, priority, false, func, args);
    }

    /// As request, with a body known only by its salted hash. Not for services that move assets.
    function requestPrivate(bytes32 to, bytes32 bodyHash, uint64 timeoutMs, uint8 priority)
        external
        returns (uint64 index)
    {
        bytes32 from = keyOf[msg.sender];
        if (locals[from].asset) revert PrivateAsset();
        bytes32 requestHash;
        (index, requestHash) = open(from, to, bodyHash, timeoutMs, priority);
        emit Request(from, to, index, requestHash, bodyHash, timeoutMs, priority, true, "", new bytes[](0));
    }

    /// Commits or rolls back requests by receipts of their destination contract. Settled entries are skipped.
    /// A receipt for another request than the committed one freezes the pair in both directions.
    function settle(
        BlockHeader calldata header,
        bytes[] calldata signatures,
        Entry[] calldata entries,
        bytes[] calldata results
    ) external nonReentrant returns (uint256 taken) {
        if (entries.length != results.length) revert LengthMismatch();
        requireAttested(header, signatures);
        for (; taken < entries.length; ++taken) {
            if (!settleOne(header.entriesRoot, entries[taken], results[taken], entries.length - taken - 1)) {
                emit BatchStopped(taken);
                break;
            }
        }
    }

    function requestState(bytes32 from, bytes32 to, uint64 index) external view returns (bytes32 commitment, uint8 state) {
        bytes32 pair = pairKey(from, to);
        return (commitments[pair][index], stateOf(pair, index));
    }

    function outIndex(bytes32 from, bytes32 to) external view returns (uint64) {
        return pairs[pairKey(from, to)].outIndex;
    }

    function settledUpTo(bytes32 from, bytes32 to) external view returns (uint64) {
        return pairs[pairKey(from, to)].settledUpTo;
    }

    function open(bytes32 from, bytes32 to, bytes32 bodyHash, uint64 timeoutMs, uint8 priority)
        private
        returns (uint64 index, bytes32 requestHash)
    {
        if (gate.entered) revert Reentered();
        if (gate.paused) revert IsPaused();
        if (from == 0) revert NotService(msg.sender);
        bytes32 pair = pairKey(from, to);
        Pair memory state = pairs[pair];
        if (!state.allowed) revert PairNotAllowed();
        if (state.frozen) revert PairIsFrozen();
        if (chainClosed[remotes[to].chain]) revert ChainIsClosed();
        if (timeoutMs < minTimeoutMs || timeoutMs > maxTimeoutMs) revert TimeoutOutsideLimits(timeoutMs);
        if (state.outIndex - state.settledUpTo >= window) {
            state.settledUpTo = advanceSettled(pair, state.settledUpTo, 0);
            if (state.outIndex - state.settledUpTo >= window) revert WindowFull(state.settledUpTo, state.outIndex);
        }
        index = ++state.outIndex;
        pairs[pair] = state;
        requestHash = keccak256(
            abi.encode(
                REQUEST_TAG, thisChain(), thisContract(), from, to, index, bodyHash, timeoutMs, priority
            )
        );
        commitments[pair][index] = requestHash;
    }

    /// False when the gas left is too little for the callback.
    function settleOne(bytes32 root, Entry calldata entry, bytes calldata result, uint256 rest) private returns (bool) {
        (bytes32 from, bytes32 to, uint64 index, uint8 status) = (entry.from, entry.to, entry.index, entry.status);
        if (status < STATUS_SUCCESS || status > STATUS_ROLLBACK) revert StatusInvalid(status);
        bytes32 pair = pairKey(from, to);
        if (stateOf(pair, index) != STATE_PENDING) return true;
        requireEntry(root, KIND_RECEIPT, entry);
        if (keccak256(result) != entry.resultHash) revert ResultMismatch(index);
        bytes32 commitment = commitments[pair][index];
        if (commitment == 0 || commitment != entry.requestHash) {
            pairs[pair].frozen = true;
            pairs[pairKey(to, from)].frozen = true;
            emit PairFrozen(from, to, index, commitment, entry.requestHash);
            return true;
        }
        return close(pair, entry, result, rest);
    }

    /// Changes the state, then calls the service in a frame of its own: whatever it does, the settled state stands.
    function close(bytes32 pair, Entry calldata entry, bytes calldata result, uint256 rest) private returns (bool) {
        (uint64 index, uint8 status) = (entry.index, entry.status);
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        LocalService memory service = locals[entry.from];
        bytes memory data = abi.encodeCall(IService.onReceipt, (entry.to, index, status, result));
        if (!enoughGas(service.callGas)) return false;
        uint256 state = status == STATUS_SUCCESS ? STATE_COMMITTED : STATE_ROLLED_BACK;
        states[pair][index >> 7] |= state << ((index & 127) << 1);
        emit Settled(entry.from, entry.to, index, status);
        (address account, uint256 callGas) = (service.account, service.callGas);
        bool done;
        assembly {
            // No answer is copied. Nothing of this entry is used again: memory, whose price grows by the square, is given back.
            done := call(callGas, account, 0, add(data, 0x20), mload(data), 0, 0)
            mstore(0x40, free)
        }
        if (!done) emit CallbackFailed(entry.from, entry.to, index, status);
        uint64 upTo = pairs[pair].settledUpTo;
        if (index == upTo + 1) pairs[pair].settledUpTo = advanceSettled(pair, upTo, floorGas(rest, callGas));
        return true;
    }

    function advanceSettled(bytes32 pair, uint64 upTo, uint256 floor) private view returns (uint64) {
        for (uint256 steps = 0; steps < MAX_CURSOR_STEPS && (steps == 0 || gasleft() > floor); ++steps) {
            if (stateOf(pair, upTo + 1) == STATE_PENDING) break;
            ++upTo;
        }
        return upTo;
    }
}
