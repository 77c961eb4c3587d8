import assert from "node:assert/strict";
import { test } from "node:test";
import { equalBytes, fromHex, toHex, utf8 } from "@crossguardian/kernel";
import fc from "fast-check";
import { makeFrontier, makeTreeHash, proveConsistency, proveInclusion, rootOf, verifyConsistency, verifyInclusion } from "../src/index.ts";
import { powers } from "./powers.ts";

const hash = makeTreeHash(powers.sha256);
const leavesOf = (count: number): Uint8Array[] => Array.from({ length: count }, (_, at) => hash.leaf(utf8(`record ${String(at)}`)));

// The definitions of RFC 6962 word by word, as an oracle: sections 2.1, 2.1.1 and 2.1.2.
const split = (n: number): number => 2 ** Math.ceil(Math.log2(n) - 1);
const mth = (d: readonly Uint8Array[]): Uint8Array => {
  if (d.length === 0) return powers.sha256(new Uint8Array(0));
  if (d.length === 1) return d[0]!;
  const k = split(d.length);
  return hash.node(mth(d.slice(0, k)), mth(d.slice(k)));
};
const path = (m: number, d: readonly Uint8Array[]): Uint8Array[] => {
  if (d.length === 1) return [];
  const k = split(d.length);
  return m < k ? [...path(m, d.slice(0, k)), mth(d.slice(k))] : [...path(m - k, d.slice(k)), mth(d.slice(0, k))];
};
const subproof = (m: number, d: readonly Uint8Array[], whole: boolean): Uint8Array[] => {
  if (m === d.length) return whole ? [] : [mth(d)];
  const k = split(d.length);
  return m <= k ? [...subproof(m, d.slice(0, k), whole), mth(d.slice(k))] : [...subproof(m - k, d.slice(k), false), mth(d.slice(0, k))];
};

test("the roots of the published Certificate Transparency test tree come out", () => {
  const data = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"].map((each) => hash.leaf(fromHex(each)));
  const roots = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ];
  for (const [size, root] of roots.entries()) assert.equal(toHex(rootOf(hash, data.slice(0, size))), root);
});

test("roots and proofs are those of the definitions in RFC 6962, and are accepted, for every tree up to 40 leaves", () => {
  for (let size = 1; size <= 40; size += 1) {
    const leaves = leavesOf(size);
    const root = rootOf(hash, leaves);
    assert.deepEqual(root, mth(leaves));
    assert.deepEqual(makeFrontier(hash, leaves).root(), root);
    for (let index = 0; index < size; index += 1) {
      const proof = proveInclusion(hash, leaves, index);
      assert.deepEqual(proof, path(index, leaves));
      assert.ok(verifyInclusion(hash, { size, root }, { index, leafHash: leaves[index]! }, proof));
    }
    for (let older = 1; older <= size; older += 1) {
      const proof = proveConsistency(hash, leaves, older);
      assert.deepEqual(proof, subproof(older, leaves, true));
      assert.ok(verifyConsistency(hash, { size: older, root: mth(leaves.slice(0, older)) }, { size, root }, proof));
    }
  }
});

test("no changed, missing, added or moved part of an inclusion proof is accepted", () => {
  fc.assert(fc.property(fc.integer({ min: 2, max: 70 }), fc.nat(), fc.nat(), fc.nat(), (size, indexSeed, nodeSeed, kind) => {
    const leaves = leavesOf(size);
    const head = { size, root: rootOf(hash, leaves) };
    const index = indexSeed % size;
    const leafHash = leaves[index]!;
    const proof = [...proveInclusion(hash, leaves, index)];
    const at = nodeSeed % proof.length;
    const other = (index + 1 + (nodeSeed % (size - 1))) % size;
    const changed = proof.map((node, each) => (each === at ? node.map((byte, i) => (i === 0 ? byte ^ 1 : byte)) : node));
    const attempts = [
      () => verifyInclusion(hash, head, { index, leafHash }, changed),
      () => verifyInclusion(hash, head, { index, leafHash }, proof.toSpliced(at, 1)),
      () => verifyInclusion(hash, head, { index, leafHash }, proof.toSpliced(at, 0, leafHash)),
      () => verifyInclusion(hash, head, { index: other, leafHash }, proof),
      () => verifyInclusion(hash, head, { index, leafHash: leaves[other]! }, proof),
      () => verifyInclusion(hash, { ...head, size: size * 2 + 1 }, { index, leafHash }, proof),
      () => verifyInclusion(hash, head, { index: -1, leafHash }, proof),
      () => verifyInclusion(hash, { ...head, size: 0.5 }, { index: 0, leafHash }, []),
    ];
    assert.equal(attempts[kind % attempts.length]!(), false);
  }), { numRuns: 600 });
});

test("no proof of consistency is accepted for a history that was changed, swapped or cut", () => {
  fc.assert(fc.property(fc.integer({ min: 2, max: 70 }), fc.nat(), fc.nat(), (size, olderSeed, changeSeed) => {
    const leaves = leavesOf(size);
    const older = 1 + (olderSeed % (size - 1));
    const forged = leaves.map((leaf, at) => (at === changeSeed % older ? hash.leaf(utf8("forged")) : leaf));
    const head = (of: readonly Uint8Array[]) => ({ size: of.length, root: rootOf(hash, of) });
    const seen = head(leaves.slice(0, older));
    assert.equal(verifyConsistency(hash, seen, head(forged), proveConsistency(hash, forged, older)), false);
    assert.equal(verifyConsistency(hash, head(leaves), seen, proveConsistency(hash, leaves, older)), false);
    const proof = proveConsistency(hash, leaves, older);
    for (let at = 0; at < proof.length; at += 1) {
      assert.equal(verifyConsistency(hash, seen, head(leaves), proof.toSpliced(at, 1)), false);
      const other = proof.map((node, each) => (each === at ? node.map((byte) => byte ^ 0x80) : node));
      assert.equal(verifyConsistency(hash, seen, head(leaves), other), false);
    }
    assert.equal(verifyConsistency(hash, seen, head(leaves), [...proof, leaves[0]!]), false);
  }), { numRuns: 200 });
});

test("a proof is not made for a record or size that the log does not have", () => {
  const leaves = leavesOf(5);
  for (const index of [-1, 5, 1.5, Number.NaN]) assert.throws(() => proveInclusion(hash, leaves, index), /audit\.proof\.range/u);
  for (const older of [0, 6, 2.5]) assert.throws(() => proveConsistency(hash, leaves, older), /audit\.proof\.range/u);
});

test("a leaf is no node: bytes of two hashes are not taken for the subtree over them", () => {
  const [left, right] = leavesOf(2) as [Uint8Array, Uint8Array];
  assert.ok(!equalBytes(hash.leaf(new Uint8Array([...left, ...right])), hash.node(left, right)));
});
