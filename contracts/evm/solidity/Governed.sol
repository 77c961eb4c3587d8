// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Signatures} from "./Signatures.sol";
import {Store} from "./Store.sol";

/// m-of-n governance over this contract, and the pause key, which can only stop.
abstract contract Governed is Store {
    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant GOVERNED_TYPE = keccak256("Governed(uint256 nonce,bytes[] calls)");
    uint256 private constant MAX_GOVERNORS = 32;

    address public immutable pauser;
    uint8 public immutable governanceThreshold;
    uint256 public governanceNonce;
    mapping(address account => bool) public isGovernor;

    event Paused();
    event Unpaused();
    event GovernedCalls(uint256 indexed nonce, bytes32 callsHash);

    error GovernorSetInvalid();
    error OnlySelf();
    error OnlyPauser();
    error NotGovernor(address signer);
    error TooFewGovernors(uint256 needed, uint256 found);
    error GovernorsNotAscending();
    error GovernedCallFailed(uint256 position, bytes reason);

    modifier onlySelf() {
        if (msg.sender != address(this)) revert OnlySelf();
        _;
    }

    constructor(address[] memory governors, uint8 threshold, address pauseKey) {
        uint256 count = governors.length;
        if (threshold == 0 || threshold > count || count > MAX_GOVERNORS || pauseKey == address(0)) {
            revert GovernorSetInvalid();
        }
        for (uint256 i = 0; i < count; ++i) {
            if (governors[i] == address(0) || isGovernor[governors[i]]) revert GovernorSetInvalid();
            isGovernor[governors[i]] = true;
        }
        governanceThreshold = threshold;
        pauser = pauseKey;
    }

    /// Runs calls on this contract in order, all or none. Signers ascending; the nonce makes a signature good for one use.
    function governed(bytes[] calldata calls, bytes[] calldata signatures) external {
        if (gate.entered) revert Reentered();
        uint256 nonce = governanceNonce++;
        bytes32 digest = governedDigest(nonce, calls);
        if (signatures.length < governanceThreshold) revert TooFewGovernors(governanceThreshold, signatures.length);
        address last = address(0);
        for (uint256 i = 0; i < signatures.length; ++i) {
            address signer = Signatures.signerOf(digest, signatures[i]);
            if (signer <= last) revert GovernorsNotAscending();
            if (!isGovernor[signer]) revert NotGovernor(signer);
            last = signer;
        }
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool done, bytes memory reason) = address(this).call(calls[i]);
            if (!done) revert GovernedCallFailed(i, reason);
        }
        emit GovernedCalls(nonce, digest);
    }

    /// EIP-712, domain "CrossGuardian Gateway" version "1" of this chain and contract, type Governed(uint256 nonce,bytes[] calls).
    function governedDigest(uint256 nonce, bytes[] calldata calls) public view returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            hashes[i] = keccak256(calls[i]);
        }
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPE, keccak256("CrossGuardian Gateway"), keccak256("1"), block.chainid, address(this))
        );
        bytes32 structHash = keccak256(abi.encode(GOVERNED_TYPE, nonce, keccak256(abi.encodePacked(hashes))));
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    /// Stops request and execute, never cancel or settle.
    function pause() external {
        if (msg.sender != pauser) revert OnlyPauser();
        gate.paused = true;
        emit Paused();
    }

    function unpause() external onlySelf {
        gate.paused = false;
        emit Unpaused();
    }

    function paused() external view returns (bool) {
        return gate.paused;
    }
}
