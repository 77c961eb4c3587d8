// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IGateway} from "./IGateway.sol";
import {IService} from "./IService.sol";

/// A service that does what its mode says, for attack tests.
contract Hostile is IService {
    enum Mode { Echo, Revert, Burn, ReturnBomb, RevertBomb, Garbage, Reenter, Work }

    IGateway public immutable gateway;
    Mode public mode;
    address public target;
    bytes public payload;
    uint256 public calls;
    uint256 public receipts;
    mapping(uint256 => uint256) private work;
    bool public innerDone;
    bytes public innerAnswer;

    constructor(IGateway itsGateway) {
        gateway = itsGateway;
    }

    function become(Mode next, address nextTarget, bytes calldata nextPayload) external {
        mode = next;
        target = nextTarget;
        payload = nextPayload;
    }

    function ask(bytes32 to, string calldata func, bytes[] calldata args, uint64 timeoutMs) external returns (uint64) {
        return gateway.request(to, func, args, timeoutMs, 0);
    }

    function askMany(bytes32 to, uint256 count, uint64 timeoutMs) external {
        for (uint256 i = 0; i < count; ++i) gateway.request(to, "echo", new bytes[](0), timeoutMs, 0);
    }

    function askPrivate(bytes32 to, bytes32 bodyHash, uint64 timeoutMs) external returns (uint64) {
        return gateway.requestPrivate(to, bodyHash, timeoutMs, 0);
    }

    function onRequest(bytes32, uint64, string calldata, bytes[] calldata args) external returns (bytes memory) {
        require(msg.sender == address(gateway), "stranger");
        ++calls;
        act();
        return args.length == 0 ? bytes("") : args[0];
    }

    function onReceipt(bytes32, uint64, uint8, bytes calldata) external {
        require(msg.sender == address(gateway), "stranger");
        ++receipts;
        act();
    }

    function act() private {
        if (mode == Mode.Revert) revert("refused by the service");
        if (mode == Mode.Burn) while (true) ++calls;
        if (mode == Mode.Work) for (uint256 i = 0; i < 120; ++i) work[i] = 1;
        if (mode == Mode.ReturnBomb) {
            assembly {
                mstore(0, 0x20)
                mstore(0x20, 250000)
                return(0, 250064)
            }
        }
        if (mode == Mode.RevertBomb) {
            assembly {
                revert(0, 250000)
            }
        }
        if (mode == Mode.Garbage) {
            assembly {
                mstore(0, not(0))
                mstore(0x20, not(0))
                return(0, 0x60)
            }
        }
        if (mode == Mode.Reenter) (innerDone, innerAnswer) = target.call(payload);
    }
}
