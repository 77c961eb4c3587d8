// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Erc20} from "./Erc20.sol";

/// A token for demonstrations: whoever deployed it mints.
contract TestToken is Erc20 {
    address public immutable minter;

    error NotMinter();

    constructor(string memory tokenName, string memory tokenSymbol) Erc20(tokenName, tokenSymbol) {
        minter = msg.sender;
    }

    function mint(address to, uint256 value) external {
        if (msg.sender != minter) revert NotMinter();
        create(to, value);
    }
}
