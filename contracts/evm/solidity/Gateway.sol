// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Attested} from "./Attested.sol";
import {Destination} from "./Destination.sol";
import {Governed} from "./Governed.sol";
import {Registry} from "./Registry.sol";
import {Source} from "./Source.sol";
import {Store} from "./Store.sol";
import {Limits} from "./Types.sol";

/// The contract of a chain: source and destination of transfers, trusting proofs and never the caller.
contract Gateway is Source, Destination, Registry {
    uint256 private constant MAX_VIEW_INDEXES = 4096;

    error ViewTooWide();

    constructor(
        bytes32 genesis,
        address[] memory governors,
        uint8 governorThreshold,
        address pauseKey,
        address[] memory initialValidators,
        uint8 validatorThreshold,
        Limits memory limits
    )
        Store(genesis, limits)
        Governed(governors, governorThreshold, pauseKey)
        Attested(genesis, initialValidators, validatorThreshold)
    {}

    /// Bit i (byte i / 8, from the lowest bit) is set when index base + i is decided here.
    function decidedWindow(bytes32 from, bytes32 to, uint64 base, uint64 count) external view returns (bytes memory bits) {
        if (count > MAX_VIEW_INDEXES) revert ViewTooWide();
        bytes32 pair = pairKey(from, to);
        bits = new bytes((count + 7) / 8);
        for (uint64 i = 0; i < count; ++i) {
            if (receipts[pair][base + i] != 0) mark(bits, i);
        }
    }

    /// As decidedWindow, for requests that left here and are settled.
    function settledWindow(bytes32 from, bytes32 to, uint64 base, uint64 count) external view returns (bytes memory bits) {
        if (count > MAX_VIEW_INDEXES) revert ViewTooWide();
        bytes32 pair = pairKey(from, to);
        bits = new bytes((count + 7) / 8);
        for (uint64 i = 0; i < count; ++i) {
            if (stateOf(pair, base + i) != 0) mark(bits, i);
        }
    }

    function mark(bytes memory bits, uint64 bit) private pure {
        bits[bit >> 3] |= bytes1(uint8(1 << (bit & 7)));
    }
}
