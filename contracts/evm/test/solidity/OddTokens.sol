// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// Keeps a tenth of every transfer.
contract FeeToken {
    mapping(address => uint256) public balanceOf;

    function mint(address to, uint256 value) external {
        balanceOf[to] += value;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        balanceOf[msg.sender] -= value;
        balanceOf[to] += value - value / 10;
        return true;
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        balanceOf[from] -= value;
        balanceOf[to] += value - value / 10;
        return true;
    }
}

/// Answers nothing, as some old tokens do.
contract SilentToken {
    mapping(address => uint256) public balanceOf;

    function mint(address to, uint256 value) external {
        balanceOf[to] += value;
    }

    function transfer(address to, uint256 value) external {
        balanceOf[msg.sender] -= value;
        balanceOf[to] += value;
    }

    function transferFrom(address from, address to, uint256 value) external {
        balanceOf[from] -= value;
        balanceOf[to] += value;
    }
}

/// Calls a hook before it moves tokens, and can refuse all transfers.
contract HookToken {
    mapping(address => uint256) public balanceOf;
    address public hookTarget;
    bytes public hookPayload;
    bool public hookDone;
    bool public refusing;

    function mint(address to, uint256 value) external {
        balanceOf[to] += value;
    }

    function setHook(address target, bytes calldata payload) external {
        hookTarget = target;
        hookPayload = payload;
    }

    function setRefusing(bool next) external {
        refusing = next;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        if (refusing) return false;
        balanceOf[msg.sender] -= value;
        balanceOf[to] += value;
        return true;
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        if (refusing) return false;
        if (hookTarget != address(0)) (hookDone,) = hookTarget.call(hookPayload);
        balanceOf[from] -= value;
        balanceOf[to] += value;
        return true;
    }
}
