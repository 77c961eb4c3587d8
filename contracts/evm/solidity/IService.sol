// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// What the gateway calls on a registered service: these two functions and no other.
/// A service must check that msg.sender is its gateway and that the other end is a peer it lists.
interface IService {
    function onRequest(bytes32 from, uint64 index, string calldata func, bytes[] calldata args)
        external
        returns (bytes memory);

    function onReceipt(bytes32 to, uint64 index, uint8 status, bytes calldata result) external;
}
