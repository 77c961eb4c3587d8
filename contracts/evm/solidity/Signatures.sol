// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// secp256k1 signatures of 65 bytes r || s || v, v 27 or 28, low s only.
library Signatures {
    uint256 private constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    error SignatureLength();
    error SignatureHighS();
    error SignatureV();
    error SignatureInvalid();

    function signerOf(bytes32 digest, bytes calldata signature) internal pure returns (address signer) {
        if (signature.length != 65) revert SignatureLength();
        bytes32 r = bytes32(signature[0:32]);
        bytes32 s = bytes32(signature[32:64]);
        uint8 v = uint8(signature[64]);
        if (uint256(s) > HALF_ORDER) revert SignatureHighS();
        if (v != 27 && v != 28) revert SignatureV();
        signer = ecrecover(digest, v, r, s);
        if (signer == address(0)) revert SignatureInvalid();
    }
}
