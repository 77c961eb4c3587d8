// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// What a service calls on its gateway.
interface IGateway {
    function request(bytes32 to, string calldata func, bytes[] calldata args, uint64 timeoutMs, uint8 priority)
        external
        returns (uint64 index);

    function requestPrivate(bytes32 to, bytes32 bodyHash, uint64 timeoutMs, uint8 priority)
        external
        returns (uint64 index);

    function requestState(bytes32 from, bytes32 to, uint64 index)
        external
        view
        returns (bytes32 commitment, uint8 state);

    function keyOf(address service) external view returns (bytes32);
}
