// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Erc20} from "./Erc20.sol";

/// Transfers that must succeed, also of tokens that answer nothing.
library SafeErc20 {
    error TransferFailed();

    function transfer(Erc20 token, address to, uint256 value) internal {
        run(address(token), abi.encodeCall(Erc20.transfer, (to, value)));
    }

    function transferFrom(Erc20 token, address from, address to, uint256 value) internal {
        run(address(token), abi.encodeCall(Erc20.transferFrom, (from, to, value)));
    }

    function run(address token, bytes memory data) private {
        (bool done, bytes memory answer) = token.call(data);
        if (!done || token.code.length == 0) revert TransferFailed();
        if (answer.length != 0 && (answer.length < 32 || abi.decode(answer, (uint256)) != 1)) revert TransferFailed();
    }
}
