// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Endpoint} from "./Endpoint.sol";
import {Erc20} from "./Erc20.sol";
import {IGateway} from "./IGateway.sol";
import {IService} from "./IService.sol";
import {SafeErc20} from "./SafeErc20.sol";
import {WrappedToken} from "./WrappedToken.sol";
import {STATE_PENDING, STATE_ROLLED_BACK, STATUS_SUCCESS} from "./Types.sol";

/// Moves tokens between chains: lock and release of the home token, mint and burn of one wrapped token per peer.
/// What a peer may release is what was locked for it, so a compromised peer cannot take what others hold.
contract Vault is Endpoint, IService {
    /// One slot. burned: the tokens were wrapped ones, a refund mints them again.
    struct Pending {
        address owner;
        uint88 amount;
        bool burned;
    }

    uint8 private constant PRIORITY = 0;
    uint256 public constant MAX_AMOUNT = type(uint88).max;

    Erc20 public immutable homeToken;
    mapping(bytes32 peer => WrappedToken) public wrapped;
    mapping(bytes32 peer => uint256) public lockedFor;
    mapping(bytes32 to => mapping(uint64 index => Pending)) public pending;
    bool private entered;

    event Locked(bytes32 indexed to, uint64 index, address indexed owner, address receiver, uint256 amount);
    event Burned(bytes32 indexed to, uint64 index, address indexed owner, address receiver, uint256 amount);
    event Minted(bytes32 indexed from, uint64 index, address indexed receiver, uint256 amount);
    event Released(bytes32 indexed from, uint64 index, address indexed receiver, uint256 amount);
    event Refunded(bytes32 indexed to, uint64 index, address indexed owner, uint256 amount);

    error AmountInvalid(uint256 amount);
    error ReceiverInvalid();
    error ArgumentsInvalid();
    error NothingPending();
    error NotSettled();
    error LockedTooLittle(uint256 locked, uint256 needed);
    error Reentered();

    /// A token with hooks could otherwise be counted twice by the balance difference.
    modifier guarded() {
        if (entered) revert Reentered();
        entered = true;
        _;
        entered = false;
    }

    constructor(IGateway itsGateway, address itsAdmin, Erc20 token) Endpoint(itsGateway, itsAdmin) {
        homeToken = token;
    }

    /// Lists a vault of another chain and makes the token that stands for what is locked there.
    function listPeer(bytes32 peer, string calldata tokenName, string calldata tokenSymbol) external onlyAdmin {
        if (isPeer[peer]) return;
        list(peer);
        wrapped[peer] = new WrappedToken(tokenName, tokenSymbol);
    }

    /// Locks home tokens (as many as really arrive) and asks the peer to mint as many for receiver.
    function lock(bytes32 to, address receiver, uint256 amount, uint64 timeoutMs)
        external
        guarded
        returns (uint64 index)
    {
        if (!isPeer[to]) revert NotPeer(to);
        uint256 before = homeToken.balanceOf(address(this));
        SafeErc20.transferFrom(homeToken, msg.sender, address(this), amount);
        amount = homeToken.balanceOf(address(this)) - before;
        index = ask(to, "mint", receiver, amount, timeoutMs, false);
        lockedFor[to] += amount;
        emit Locked(to, index, msg.sender, receiver, amount);
    }

    /// Burns the peer's wrapped tokens and asks it to release as many of its own to receiver.
    function burn(bytes32 to, address receiver, uint256 amount, uint64 timeoutMs)
        external
        guarded
        returns (uint64 index)
    {
        if (!isPeer[to]) revert NotPeer(to);
        wrapped[to].burn(msg.sender, amount);
        index = ask(to, "release", receiver, amount, timeoutMs, true);
        emit Burned(to, index, msg.sender, receiver, amount);
    }

    function onRequest(bytes32 from, uint64 index, string calldata func, bytes[] calldata args)
        external
        onlyGateway
        guarded
        returns (bytes memory)
    {
        if (!isPeer[from]) revert NotPeer(from);
        if (args.length != 2 || args[0].length != 32 || args[1].length != 32) revert ArgumentsInvalid();
        address receiver = abi.decode(args[0], (address));
        uint256 amount = abi.decode(args[1], (uint256));
        if (receiver == address(0)) revert ReceiverInvalid();
        if (same(func, "mint")) {
            wrapped[from].mint(receiver, amount);
            emit Minted(from, index, receiver, amount);
        } else if (same(func, "release")) {
            unlock(from, receiver, amount);
            emit Released(from, index, receiver, amount);
        } else {
            revert UnknownFunction();
        }
        return "";
    }

    function onReceipt(bytes32 to, uint64 index, uint8 status, bytes calldata) external onlyGateway guarded {
        close(to, index, status != STATUS_SUCCESS);
    }

    /// Does what onReceipt could not, from the settled state of the gateway. Anyone may call; the refund goes to its owner.
    function claimRefund(bytes32 to, uint64 index) external guarded {
        (, uint8 state) = gateway.requestState(gateway.keyOf(address(this)), to, index);
        if (state == STATE_PENDING) revert NotSettled();
        close(to, index, state == STATE_ROLLED_BACK);
    }

    function ask(
        bytes32 to,
        string memory func,
        address receiver,
        uint256 amount,
        uint64 timeoutMs,
        bool burned
    ) private returns (uint64 index) {
        if (amount == 0 || amount > MAX_AMOUNT) revert AmountInvalid(amount);
        if (receiver == address(0)) revert ReceiverInvalid();
        bytes[] memory args = new bytes[](2);
        args[0] = abi.encode(receiver);
        args[1] = abi.encode(amount);
        index = gateway.request(to, func, args, timeoutMs, PRIORITY);
        pending[to][index] = Pending(msg.sender, uint88(amount), burned);
    }

    function close(bytes32 to, uint64 index, bool refund) private {
        Pending memory record = pending[to][index];
        if (record.owner == address(0)) revert NothingPending();
        delete pending[to][index];
        if (!refund) return;
        if (record.burned) wrapped[to].mint(record.owner, record.amount);
        else unlock(to, record.owner, record.amount);
        emit Refunded(to, index, record.owner, record.amount);
    }

    function unlock(bytes32 peer, address receiver, uint256 amount) private {
        uint256 locked = lockedFor[peer];
        if (locked < amount) revert LockedTooLittle(locked, amount);
        lockedFor[peer] = locked - amount;
        SafeErc20.transfer(homeToken, receiver, amount);
    }
}
