// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Limits, LocalService, Pair, RemoteService} from "./Types.sol";

/// The gateway's storage and the two switches every entrance looks at.
abstract contract Store {
    /// One slot: read once by every entrance.
    struct Gate {
        bool entered;
        bool paused;
        uint8 threshold;
        uint64 epoch;
    }

    bytes32 public immutable relayGenesis;
    uint64 public immutable minTimeoutMs;
    uint64 public immutable maxTimeoutMs;
    uint32 public immutable window;
    uint32 public immutable maxResultBytes;
    uint32 public immutable reserveGas;

    /// Work after an inner call (receipt slot, cursor, event) must fit into the reserve; see reserveGas.
    uint256 private constant MIN_RESERVE_GAS = 60_000;
    uint256 private constant RESERVE_GAS_PER_RESULT_BYTE = 24;
    uint256 private constant MAX_RESULT_BYTES = 16_384;
    uint256 private constant MAX_WINDOW_INDEXES = 1 << 20;

    /// Steps a cursor takes in one go over indexes decided out of order, those after the first while the gas lasts; the next call takes the rest.
    uint256 internal constant MAX_CURSOR_STEPS = 256;
    /// Left by a cursor for the end of the transaction: what was decided stands, however far behind the cursor is.
    uint256 internal constant CURSOR_FLOOR_GAS = 20_000;
    /// Left by a cursor for each further entry of the batch, beside what a call of it needs.
    uint256 internal constant ENTRY_GAS = 80_000;

    Gate internal gate;
    mapping(bytes32 key => LocalService) internal locals;
    mapping(bytes32 key => RemoteService) internal remotes;
    mapping(address account => bytes32 key) public keyOf;
    mapping(bytes32 chain => bool) public chainClosed;
    mapping(bytes32 pair => Pair) internal pairs;
    mapping(bytes32 pair => mapping(uint64 index => bytes32)) internal commitments;
    /// Two bits per index (STATE_...), 128 indexes per word.
    mapping(bytes32 pair => mapping(uint256 word => uint256)) internal states;
    /// Non-zero exactly when the index is decided.
    mapping(bytes32 pair => mapping(uint64 index => bytes32)) internal receipts;

    event PairFrozen(bytes32 indexed from, bytes32 indexed to, uint64 index, bytes32 commitment, bytes32 claimed);
    /// Too little gas for the entry at this place of the batch: it and what follows stay undecided.
    event BatchStopped(uint256 position);

    error LimitsInvalid();
    error Reentered();
    error IsPaused();
    error LengthMismatch();

    constructor(bytes32 genesis, Limits memory limits) {
        if (
            genesis == 0 || limits.minTimeoutMs == 0 || limits.minTimeoutMs > limits.maxTimeoutMs || limits.window == 0
                || limits.window > MAX_WINDOW_INDEXES || limits.maxResultBytes > MAX_RESULT_BYTES
                || limits.reserveGas < MIN_RESERVE_GAS + RESERVE_GAS_PER_RESULT_BYTE * limits.maxResultBytes
        ) revert LimitsInvalid();
        relayGenesis = genesis;
        minTimeoutMs = limits.minTimeoutMs;
        maxTimeoutMs = limits.maxTimeoutMs;
        window = limits.window;
        maxResultBytes = limits.maxResultBytes;
        reserveGas = limits.reserveGas;
    }

    modifier nonReentrant() {
        if (gate.entered) revert Reentered();
        gate.entered = true;
        _;
        gate.entered = false;
    }

    function pairKey(bytes32 from, bytes32 to) internal pure returns (bytes32 key) {
        assembly ("memory-safe") {
            mstore(0x00, from)
            mstore(0x20, to)
            key := keccak256(0x00, 0x40)
        }
    }

    /// The gas rule (protocol.md "Destination contract"): with less, the inner call could be starved by whoever submits.
    function enoughGas(uint256 callGas) internal view returns (bool) {
        return gasleft() >= callGas * 64 / 63 + reserveGas;
    }

    /// Gas that a cursor leaves to `rest` further entries, each with a call of `callGas` (0: none).
    function floorGas(uint256 rest, uint256 callGas) internal view returns (uint256) {
        return CURSOR_FLOOR_GAS + rest * (ENTRY_GAS + (callGas == 0 ? 0 : callGas * 64 / 63 + reserveGas));
    }

    function stateOf(bytes32 pair, uint64 index) internal view returns (uint8) {
        return uint8((states[pair][index >> 7] >> ((index & 127) << 1)) & 3);
    }

    function thisChain() internal view returns (bytes32) {
        return bytes32(block.chainid);
    }

    function thisContract() internal view returns (bytes32) {
        return bytes32(uint256(uint160(address(this))));
    }
}
