// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

// Entry kinds of the relay chain (protocol.md "Relay chain").
uint8 constant KIND_REQUEST = 1;
uint8 constant KIND_RECEIPT = 2;
uint8 constant KIND_CANCEL = 3;
uint8 constant KIND_VALIDATORS = 5;

// BitXHub TransactionStatus numbers.
uint8 constant STATUS_BEGIN = 0;
uint8 constant STATUS_BEGIN_ROLLBACK = 2;
uint8 constant STATUS_SUCCESS = 3;
uint8 constant STATUS_FAILURE = 4;
uint8 constant STATUS_ROLLBACK = 5;

// What requestState answers: undecided, committed, rolled back.
uint8 constant STATE_PENDING = 0;
uint8 constant STATE_COMMITTED = 1;
uint8 constant STATE_ROLLED_BACK = 2;

bytes32 constant REQUEST_TAG = keccak256("CrossGuardian.request.v1");

/// A relay block, as its validators sign it (protocol.md "Hashes").
struct BlockHeader {
    uint64 epoch;
    uint64 height;
    bytes32 prevHash;
    uint64 tick;
    bytes32 entriesRoot;
}

/// One entry of a relay block with its inclusion: siblings bottom-up, bit i of position set when our node is a right child at level i.
struct Entry {
    bytes32 from;
    bytes32 to;
    uint64 index;
    bytes32 requestHash;
    uint8 status;
    bytes32 resultHash;
    uint32 position;
    bytes32[] siblings;
}

/// What a REQUEST entry commits to; salt is ignored for public bodies.
struct Body {
    bytes32 srcChain;
    bytes32 srcContract;
    uint64 timeoutMs;
    uint8 priority;
    bool isPrivate;
    bytes32 salt;
    string func;
    bytes[] args;
}

/// Fixed at deployment. window: indexes between the lowest unsettled and the newest request of a pair.
struct Limits {
    uint64 minTimeoutMs;
    uint64 maxTimeoutMs;
    uint32 window;
    uint32 maxResultBytes;
    uint32 reserveGas;
}

struct LocalService {
    address account;
    uint64 callGas;
    bool ordered;
    bool asset;
}

struct RemoteService {
    bytes32 chain;
    bytes32 account;
}

/// One slot per directed pair.
struct Pair {
    bool allowed;
    bool frozen;
    uint64 outIndex;
    uint64 settledUpTo;
    uint64 inCursor;
}

struct ServiceInfo {
    bytes32 key;
    string fullId;
    bool isLocal;
    LocalService local;
    RemoteService remote;
}
