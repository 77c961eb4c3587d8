// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Endpoint} from "./Endpoint.sol";
import {IGateway} from "./IGateway.sol";
import {IService} from "./IService.sol";

/// Keeps values by key, answers "get" from listed peers, and asks other data services.
contract DataService is Endpoint, IService {
    struct Answered {
        uint8 status;
        bytes result;
    }

    uint8 private constant PRIORITY = 0;
    uint256 private constant MAX_KEY_BYTES = 256;
    uint256 private constant MAX_VALUE_BYTES = 1024;

    mapping(bytes key => bytes) private values;
    mapping(bytes32 to => mapping(uint64 index => Answered)) private answers;

    event ValueSet(bytes key, bytes value);
    event Asked(bytes32 indexed to, uint64 index, address indexed asker);
    event Answer(bytes32 indexed to, uint64 index, uint8 status, bytes result);

    error KeyUnknown();
    error ArgumentsInvalid();
    error TooLarge();

    constructor(IGateway itsGateway, address itsAdmin) Endpoint(itsGateway, itsAdmin) {}

    function listPeer(bytes32 peer) external onlyAdmin {
        list(peer);
    }

    function set(bytes calldata key, bytes calldata value) external {
        if (msg.sender != admin) revert NotAdmin();
        if (key.length > MAX_KEY_BYTES || value.length > MAX_VALUE_BYTES) revert TooLarge();
        values[key] = value;
        emit ValueSet(key, value);
    }

    /// Asks privately: bodyHash = keccak256(abi.encode(bytes32 salt, "get", [key])); salt and key go to the gateway sealed.
    function get(bytes32 to, bytes32 bodyHash, uint64 timeoutMs) external returns (uint64 index) {
        index = gateway.requestPrivate(to, bodyHash, timeoutMs, PRIORITY);
        emit Asked(to, index, msg.sender);
    }

    function getPublic(bytes32 to, bytes calldata key, uint64 timeoutMs) external returns (uint64 index) {
        index = call(to, "get", key, timeoutMs, PRIORITY);
    }

    /// The same as bulk (0), normal (1) or urgent (2): its asker chooses.
    function getPublicAs(bytes32 to, bytes calldata key, uint64 timeoutMs, uint8 priority)
        external
        returns (uint64 index)
    {
        index = call(to, "get", key, timeoutMs, priority);
    }

    /// Asks for any function; one the other side does not know fails there and rolls back here.
    function callPublic(bytes32 to, string calldata func, bytes calldata key, uint64 timeoutMs)
        external
        returns (uint64 index)
    {
        index = call(to, func, key, timeoutMs, PRIORITY);
    }

    function onRequest(bytes32 from, uint64, string calldata func, bytes[] calldata args)
        external
        view
        onlyGateway
        returns (bytes memory)
    {
        if (!isPeer[from]) revert NotPeer(from);
        if (!same(func, "get")) revert UnknownFunction();
        if (args.length != 1) revert ArgumentsInvalid();
        bytes memory value = values[args[0]];
        if (value.length == 0) revert KeyUnknown();
        return value;
    }

    function onReceipt(bytes32 to, uint64 index, uint8 status, bytes calldata result) external onlyGateway {
        answers[to][index] = Answered(status, result);
        emit Answer(to, index, status, result);
    }

    function valueOf(bytes calldata key) external view returns (bytes memory) {
        return values[key];
    }

    /// Status 0 while unanswered.
    function answerOf(bytes32 to, uint64 index) external view returns (uint8 status, bytes memory result) {
        Answered storage answered = answers[to][index];
        return (answered.status, answered.result);
    }

    function call(bytes32 to, string memory func, bytes calldata key, uint64 timeoutMs, uint8 priority)
        private
        returns (uint64 index)
    {
        bytes[] memory args = new bytes[](1);
        args[0] = key;
        index = gateway.request(to, func, args, timeoutMs, priority);
        emit Asked(to, index, msg.sender);
    }
}
