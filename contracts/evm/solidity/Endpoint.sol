// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IGateway} from "./IGateway.sol";

/// What every service shares: one gateway, one admin until sealed, a list of peers.
abstract contract Endpoint {
    IGateway public immutable gateway;
    address public immutable admin;
    bool public isSealed;
    mapping(bytes32 key => bool) public isPeer;

    event PeerListed(bytes32 indexed peer);
    event Sealed();

    error NotGateway();
    error NotAdmin();
    error NotPeer(bytes32 peer);
    error IsSealed();
    error UnknownFunction();

    modifier onlyGateway() {
        if (msg.sender != address(gateway)) revert NotGateway();
        _;
    }

    modifier onlyAdmin() {
        if (msg.sender != admin) revert NotAdmin();
        if (isSealed) revert IsSealed();
        _;
    }

    constructor(IGateway itsGateway, address itsAdmin) {
        gateway = itsGateway;
        admin = itsAdmin;
    }

    /// Ends the admin's powers for ever.
    function seal() external onlyAdmin {
        isSealed = true;
        emit Sealed();
    }

    function list(bytes32 peer) internal {
        isPeer[peer] = true;
        emit PeerListed(peer);
    }

    function same(string calldata a, string memory b) internal pure returns (bool) {
        return keccak256(bytes(a)) == keccak256(bytes(b));
    }
}
