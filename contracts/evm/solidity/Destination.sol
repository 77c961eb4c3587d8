// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Attested} from "./Attested.sol";
import {IService} from "./IService.sol";
import {
    BlockHeader,
    Body,
    Entry,
    KIND_CANCEL,
    KIND_REQUEST,
    LocalService,
    REQUEST_TAG,
    RemoteService,
    STATUS_BEGIN,
    STATUS_BEGIN_ROLLBACK,
    STATUS_FAILURE,
    STATUS_ROLLBACK,
    STATUS_SUCCESS
} from "./Types.sol";

/// The destination side (protocol.md "Destination contract"): the one place where a transfer is decided, once.
abstract contract Destination is Attested {
    /// Marks an index decided while its call runs; no receipt hashes to it.
    bytes32 private constant EXECUTING = bytes32(uint256(1));

    event Receipt(
        bytes32 indexed from, bytes32 indexed to, uint64 index, bytes32 requestHash, uint8 status, bytes result
    );
    /// A proven entry left undecided: out of order, frozen, or its source is not the registered one.
    event Skipped(bytes32 indexed from, bytes32 indexed to, uint64 index, bytes4 reason);

    error EntryInvalid(uint64 index);
    error BodyMismatch(uint64 index);
    error ReceiptMismatch(uint64 index);
    /// Reasons in Skipped.
    error OutOfOrder();
    error Frozen();
    error SourceUnregistered();
    /// Reasons in the result of a FAILURE receipt.
    error UnknownService();
    error PairRefused();
    error PrivateRefused();

    /// Runs requests in the order given. Decided entries are skipped; a revert inside is a FAILURE receipt.
    /// With too little gas for the next call the batch stops before it: estimate gas from callGas, not by simulation.
    function execute(
        BlockHeader calldata header,
        bytes[] calldata signatures,
        Entry[] calldata entries,
        Body[] calldata bodies
    ) external nonReentrant returns (uint256 taken) {
        if (gate.paused) revert IsPaused();
        if (entries.length != bodies.length) revert LengthMismatch();
        requireAttested(header, signatures);
        bytes32 root = header.entriesRoot;
        for (; taken < entries.length; ++taken) {
            if (!executeOne(root, entries[taken], bodies[taken], entries.length - taken - 1)) {
                emit BatchStopped(taken);
                break;
            }
        }
    }

    /// Cancels undecided indexes for ever, at any index, also when paused or frozen.
    function cancel(BlockHeader calldata header, bytes[] calldata signatures, Entry[] calldata entries)
        external
        nonReentrant
    {
        requireAttested(header, signatures);
        for (uint256 i = 0; i < entries.length; ++i) {
            Entry calldata entry = entries[i];
            bytes32 pair = pairKey(entry.from, entry.to);
            if (receipts[pair][entry.index] != 0) continue;
            if (entry.status != STATUS_BEGIN_ROLLBACK || entry.resultHash != 0 || entry.index == 0) {
                revert EntryInvalid(entry.index);
            }
            requireEntry(header.entriesRoot, KIND_CANCEL, entry);
            decide(pair, entry, STATUS_ROLLBACK, "");
            advanceCursor(pair, floorGas(entries.length - i - 1, 0));
        }
    }

    /// Emits the receipt of a decided index again, for nodes that pruned the first.
    function reemit(
        bytes32 from,
        bytes32 to,
        uint64 index,
        uint8 status,
        bytes calldata result,
        bytes32 requestHash
    ) external {
        if (receipts[pairKey(from, to)][index] != receiptHashOf(requestHash, status, keccak256(result))) {
            revert ReceiptMismatch(index);
        }
        emit Receipt(from, to, index, requestHash, status, result);
    }

    /// keccak256(abi.encode(requestHash, status, keccak256(result))), or 0 when undecided.
    function receiptHash(bytes32 from, bytes32 to, uint64 index) external view returns (bytes32) {
        return receipts[pairKey(from, to)][index];
    }

    /// Every index up to this one is decided.
    function inCursor(bytes32 from, bytes32 to) external view returns (uint64) {
        return pairs[pairKey(from, to)].inCursor;
    }

    /// False when the gas left is too little for the call.
    function executeOne(bytes32 root, Entry calldata entry, Body calldata body, uint256 rest) private returns (bool) {
        bytes32 pair = pairKey(entry.from, entry.to);
        if (receipts[pair][entry.index] != 0) return true;
        if (entry.status != STATUS_BEGIN || entry.resultHash != 0 || entry.index == 0) revert EntryInvalid(entry.index);
        LocalService memory service = locals[entry.to];
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        requireEntry(root, KIND_REQUEST, entry);
        if (entry.requestHash != requestHashOf(entry, body)) revert BodyMismatch(entry.index);
        bytes4 reason = undecidable(pair, service.ordered, entry, body);
        if (reason != 0) {
            emit Skipped(entry.from, entry.to, entry.index, reason);
            return true;
        }
        reason = unanswerable(pair, service, body.isPrivate);
        if (reason != 0) {
            decide(pair, entry, STATUS_FAILURE, abi.encodePacked(reason));
        } else {
            bytes memory data = abi.encodeCall(IService.onRequest, (entry.from, entry.index, body.func, body.args));
            if (!enoughGas(service.callGas)) return false;
            receipts[pair][entry.index] = EXECUTING;
            (uint8 status, bytes memory result) = call(service, data);
            decide(pair, entry, status, result);
        }
        advanceCursor(pair, floorGas(rest, service.callGas));
        assembly {
            // Nothing of this entry is used again: memory, whose price grows by the square, is given back.
            mstore(0x40, free)
        }
        return true;
    }

    /// Why a proven entry may not be decided now; the relay's CANCEL ends it if that never changes.
    function undecidable(bytes32 pair, bool ordered, Entry calldata entry, Body calldata body)
        private
        returns (bytes4)
    {
        RemoteService storage source = remotes[entry.from];
        if (source.chain == 0 || source.chain != body.srcChain || source.account != body.srcContract) {
            return SourceUnregistered.selector;
        }
        if (pairs[pair].frozen) return Frozen.selector;
        if (ordered && pairs[pair].inCursor + 1 != entry.index) {
            advanceCursor(pair, floorGas(1, locals[entry.to].callGas));
            if (pairs[pair].inCursor + 1 != entry.index) return OutOfOrder.selector;
        }
        return 0;
    }

    /// Why there is no service to call: the source rolls back by a FAILURE receipt.
    function unanswerable(bytes32 pair, LocalService memory service, bool isPrivate) private view returns (bytes4) {
        if (service.account.code.length == 0) return UnknownService.selector;
        if (!pairs[pair].allowed) return PairRefused.selector;
        if (isPrivate && service.asset) return PrivateRefused.selector;
        return 0;
    }

    /// Copies at most maxResultBytes, whatever the service returns. A result longer than that is cut.
    function call(LocalService memory service, bytes memory data) private returns (uint8 status, bytes memory result) {
        address account = service.account;
        uint256 callGas = service.callGas;
        uint256 limit = maxResultBytes;
        bool done;
        assembly ("memory-safe") {
            done := call(callGas, account, 0, add(data, 0x20), mload(data), 0, 0)
            let start := 0
            let length := returndatasize()
            if done {
                // abi.encode(bytes): offset 0x20, length, data. Anything else counts as an empty result.
                let head := mload(0x40)
                switch lt(length, 0x40)
                case 1 { length := 0 }
                default {
                    returndatacopy(head, 0, 0x40)
                    let room := sub(length, 0x40)
                    length := mload(add(head, 0x20))
                    start := 0x40
                    if or(iszero(eq(mload(head), 0x20)), gt(length, room)) { length := 0 }
                }
            }
            if gt(length, limit) { length := limit }
            result := mload(0x40)
            mstore(result, length)
            returndatacopy(add(result, 0x20), start, length)
            mstore(0x40, and(add(add(result, length), 0x5f), not(0x1f)))
        }
        status = done ? STATUS_SUCCESS : STATUS_FAILURE;
    }

    function decide(bytes32 pair, Entry calldata entry, uint8 status, bytes memory result) private {
        receipts[pair][entry.index] = receiptHashOf(entry.requestHash, status, keccak256(result));
        emit Receipt(entry.from, entry.to, entry.index, entry.requestHash, status, result);
    }

    function advanceCursor(bytes32 pair, uint256 floor) private {
        uint64 before = pairs[pair].inCursor;
        uint64 cursor = before;
        for (uint256 steps = 0; steps < MAX_CURSOR_STEPS && (steps == 0 || gasleft() > floor); ++steps) {
            if (receipts[pair][cursor + 1] == 0) break;
            ++cursor;
        }
        if (cursor != before) pairs[pair].inCursor = cursor;
    }

    /// Recomputed from what is about to be called, never taken from the submitter.
    function requestHashOf(Entry calldata entry, Body calldata body) private pure returns (bytes32) {
        bytes32 bodyHash = body.isPrivate
            ? keccak256(abi.encode(body.salt, body.func, body.args))
            : keccak256(abi.encode(body.func, body.args));
        return keccak256(
            abi.encode(
                REQUEST_TAG,
                body.srcChain,
                body.srcContract,
                entry.from,
                entry.to,
                entry.index,
                bodyHash,
                body.timeoutMs,
                body.priority
            )
        );
    }

    function receiptHashOf(bytes32 requestHash, uint8 status, bytes32 resultHash) private pure returns (bytes32) {
        return keccak256(abi.encode(requestHash, status, resultHash));
    }
}
