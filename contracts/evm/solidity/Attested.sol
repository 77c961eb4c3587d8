// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Signatures} from "./Signatures.sol";
import {Store} from "./Store.sol";
import {BlockHeader, Entry, KIND_VALIDATORS} from "./Types.sol";

/// What relay validators attested: t of n signatures on a block once per batch, inclusion per entry, rotation by one epoch.
abstract contract Attested is Store {
    bytes32 private constant BLOCK_TYPE = keccak256(
        "Block(uint64 epoch,uint64 height,bytes32 prevHash,uint64 tick,bytes32 entriesRoot)"
    );
    bytes32 private constant DOMAIN_TYPE = keccak256("EIP712Domain(string name,string version,bytes32 salt)");
    uint256 private constant MAX_VALIDATORS = 64;
    uint256 private constant MAX_TREE_DEPTH = 32;
    uint64 private constant FIRST_EPOCH = 1;

    bytes32 private immutable blockDomain;
    address[] private validatorList;
    /// A member of the current set has the current epoch here.
    mapping(address validator => uint64 epoch) private memberEpoch;

    event EpochChanged(uint64 epoch, address[] validators, uint8 threshold);

    error WrongEpoch(uint64 expected, uint64 found);
    error TooFewSignatures(uint256 needed, uint256 found);
    error NotValidator(address signer);
    error SignersNotAscending();
    error NotIncluded(uint32 position);
    error ValidatorSetInvalid();

    constructor(bytes32 genesis, address[] memory initial, uint8 initialThreshold) {
        blockDomain = keccak256(
            abi.encode(DOMAIN_TYPE, keccak256("CrossGuardian Relay"), keccak256("1"), genesis)
        );
        install(FIRST_EPOCH, initial, initialThreshold);
    }

    /// Moves to the next validator set by one VALIDATORS entry of the current epoch; blocks of the old epoch lapse.
    function rotate(
        BlockHeader calldata header,
        bytes[] calldata signatures,
        address[] calldata newValidators,
        uint8 newThreshold,
        uint32 position,
        bytes32[] calldata siblings
    ) external nonReentrant {
        requireAttested(header, signatures);
        uint64 next = header.epoch + 1;
        bytes32 leaf = keccak256(
            abi.encodePacked(
                bytes1(0x00),
                abi.encode(KIND_VALIDATORS, relayGenesis, next, keccak256(abi.encode(newValidators)), newThreshold)
            )
        );
        requireIncluded(header.entriesRoot, leaf, position, siblings);
        install(next, newValidators, newThreshold);
    }

    function epoch() external view returns (uint64) {
        return gate.epoch;
    }

    function validators() external view returns (address[] memory members, uint8 threshold) {
        return (validatorList, gate.threshold);
    }

    /// The digest validators sign; also prevHash of the next block.
    function blockDigest(BlockHeader calldata header) public view returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(
                BLOCK_TYPE, header.epoch, header.height, header.prevHash, header.tick, header.entriesRoot
            )
        );
        return keccak256(abi.encodePacked(hex"1901", blockDomain, structHash));
    }

    /// Checks, in order: current epoch; enough signatures; each low-s, by a member, ascending (so no signer counts twice).
    function requireAttested(BlockHeader calldata header, bytes[] calldata signatures) internal view {
        uint64 current = gate.epoch;
        if (header.epoch != current) revert WrongEpoch(current, header.epoch);
        if (signatures.length < gate.threshold) revert TooFewSignatures(gate.threshold, signatures.length);
        bytes32 digest = blockDigest(header);
        address last = address(0);
        for (uint256 i = 0; i < signatures.length; ++i) {
            address signer = Signatures.signerOf(digest, signatures[i]);
            if (signer <= last) revert SignersNotAscending();
            if (memberEpoch[signer] != current) revert NotValidator(signer);
            last = signer;
        }
    }

    /// The leaf names this relay, chain and contract, so an entry made for another target is not included here.
    function requireEntry(bytes32 root, uint8 kind, Entry calldata entry) internal view {
        bytes32 genesis = relayGenesis;
        bytes32 leaf;
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore8(at, 0x00)
            mstore(add(at, 0x01), kind)
            mstore(add(at, 0x21), genesis)
            mstore(add(at, 0x41), chainid())
            mstore(add(at, 0x61), address())
            calldatacopy(add(at, 0x81), entry, 0xc0)
            leaf := keccak256(at, 0x141)
        }
        requireIncluded(root, leaf, entry.position, entry.siblings);
    }

    function requireIncluded(bytes32 root, bytes32 leaf, uint32 position, bytes32[] calldata siblings) internal pure {
        bytes32 node = leaf;
        uint256 depth = siblings.length;
        if (depth > MAX_TREE_DEPTH || uint256(position) >> depth != 0) revert NotIncluded(position);
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore8(at, 0x01)
            for { let i := 0 } lt(i, depth) { i := add(i, 1) } {
                let sibling := calldataload(add(siblings.offset, shl(5, i)))
                let isRight := and(shr(i, position), 1)
                mstore(add(at, add(0x01, shl(5, isRight))), node)
                mstore(add(at, sub(0x21, shl(5, isRight))), sibling)
                node := keccak256(at, 0x41)
            }
        }
        if (node != root) revert NotIncluded(position);
    }

    /// (n + f) / 2 < t <= n - f with f = (n - 1) / 3: two sets of t share an honest validator, and f may be silent.
    function install(uint64 next, address[] memory members, uint8 threshold) private {
        uint256 count = members.length;
        if (count == 0 || count > MAX_VALIDATORS) revert ValidatorSetInvalid();
        uint256 faulty = (count - 1) / 3;
        if (2 * uint256(threshold) <= count + faulty || threshold > count - faulty) revert ValidatorSetInvalid();
        address last = address(0);
        for (uint256 i = 0; i < count; ++i) {
            if (members[i] <= last) revert ValidatorSetInvalid();
            last = members[i];
            memberEpoch[last] = next;
        }
        validatorList = members;
        gate.epoch = next;
        gate.threshold = threshold;
        emit EpochChanged(next, members, threshold);
    }
}
