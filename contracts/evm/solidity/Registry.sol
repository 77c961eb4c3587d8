// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Governed} from "./Governed.sol";
import {LocalService, Pair, RemoteService, ServiceInfo} from "./Types.sol";

/// Who may speak with whom. Only governance writes here; a key is keccak256 of the id bxhID:chainID:serviceID.
abstract contract Registry is Governed {
    uint256 private constant MAX_ID_BYTES = 256;
    uint64 private constant MAX_CALL_GAS = 5_000_000;

    bytes32[] private keys;
    mapping(bytes32 key => string) private fullIds;

    event ServiceRegistered(bytes32 indexed key, string fullId, bytes32 chain, bytes32 account);
    event PairAllowed(bytes32 indexed from, bytes32 indexed to);
    event PairUnfrozen(bytes32 indexed from, bytes32 indexed to);
    event ChainClosed(bytes32 indexed chain);

    error IdLength();
    error ServiceInvalid();
    error ServiceUnknown(bytes32 key);

    /// Registers a service of this chain, or changes its terms; it never moves, its records lie in its contract.
    /// callGas: gas of each call into it.
    function registerLocalService(string calldata fullId, address service, uint64 callGas, bool ordered, bool asset)
        external
        onlySelf
    {
        bytes32 key = remember(fullId);
        address known = locals[key].account;
        if (
            (known != address(0) && known != service) || service.code.length == 0 || service == address(this)
                || callGas == 0 || callGas > MAX_CALL_GAS || remotes[key].chain != 0
                || (keyOf[service] != 0 && keyOf[service] != key)
        ) revert ServiceInvalid();
        keyOf[service] = key;
        locals[key] = LocalService(service, callGas, ordered, asset);
        emit ServiceRegistered(key, fullId, thisChain(), bytes32(uint256(uint160(service))));
    }

    /// Registers a service of another chain, or corrects it: that chain and its gateway contract.
    function registerRemoteService(string calldata fullId, bytes32 chain, bytes32 account) external onlySelf {
        bytes32 key = remember(fullId);
        if (chain == 0 || account == 0 || chain == thisChain() || locals[key].account != address(0)) {
            revert ServiceInvalid();
        }
        remotes[key] = RemoteService(chain, account);
        emit ServiceRegistered(key, fullId, chain, account);
    }

    /// Allows one direction between a service of this chain and one of another.
    function allowPair(bytes32 from, bytes32 to) external onlySelf {
        bool outward = locals[from].account != address(0);
        bytes32 near = outward ? from : to;
        bytes32 far = outward ? to : from;
        if (locals[near].account == address(0)) revert ServiceUnknown(near);
        if (remotes[far].chain == 0) revert ServiceUnknown(far);
        pairs[pairKey(from, to)].allowed = true;
        emit PairAllowed(from, to);
    }

    /// No new requests towards this chain; what is open still settles.
    function closeChain(bytes32 chain) external onlySelf {
        chainClosed[chain] = true;
        emit ChainClosed(chain);
    }

    /// Undoes a freeze, in both directions.
    function unfreezePair(bytes32 from, bytes32 to) external onlySelf {
        pairs[pairKey(from, to)].frozen = false;
        pairs[pairKey(to, from)].frozen = false;
        emit PairUnfrozen(from, to);
    }

    function services() external view returns (ServiceInfo[] memory infos) {
        infos = new ServiceInfo[](keys.length);
        for (uint256 i = 0; i < infos.length; ++i) {
            bytes32 key = keys[i];
            LocalService memory local = locals[key];
            infos[i] = ServiceInfo(key, fullIds[key], local.account != address(0), local, remotes[key]);
        }
    }

    function pairState(bytes32 from, bytes32 to) external view returns (Pair memory) {
        return pairs[pairKey(from, to)];
    }

    function remember(string calldata fullId) private returns (bytes32 key) {
        uint256 length = bytes(fullId).length;
        if (length == 0 || length > MAX_ID_BYTES) revert IdLength();
        key = keccak256(bytes(fullId));
        if (bytes(fullIds[key]).length == 0) {
            fullIds[key] = fullId;
            keys.push(key);
        }
    }
}
