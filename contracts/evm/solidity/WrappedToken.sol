// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Erc20} from "./Erc20.sol";

/// Stands here for tokens locked at one peer vault; only the vault that made it mints and burns.
contract WrappedToken is Erc20 {
    address public immutable vault;

    error NotVault();

    modifier onlyVault() {
        if (msg.sender != vault) revert NotVault();
        _;
    }

    constructor(string memory tokenName, string memory tokenSymbol) Erc20(tokenName, tokenSymbol) {
        vault = msg.sender;
    }

    function mint(address to, uint256 value) external onlyVault {
        create(to, value);
    }

    function burn(address from, uint256 value) external onlyVault {
        destroy(from, value);
    }
}
