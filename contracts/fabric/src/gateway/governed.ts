import { compareBytes, concatBytes, equalBytes, fromHex, toHex, utf8 } from "@crossguardian/kernel";
import { type Call } from "../call.ts";
import { demand } from "../refusal.ts";
import { hashWords, signerOf } from "./attested.ts";
import { pairKey, tables, ZERO32 } from "./store.ts";
import { type GatewayTerms } from "./terms.ts";
import { decodeGovernedCall, type GovernedCall } from "./governed-call.ts";

const EIP712_MARK = Uint8Array.of(0x19, 0x01);
const MAX_ID_BYTES = 256;

/** What a digest is made with. */
type GovernedCallOf = Pick<Call, "powers"> & { readonly terms: GatewayTerms };

/** What digests of governance and pause keys are bound to: this chain and this contract. */
const domainOf = (call: GovernedCallOf): Uint8Array => {
  const { keccak256 } = call.powers.hashes;
  return hashWords(call, [
    keccak256(utf8("EIP712Domain(string name,string version,uint256 chainId,bytes32 salt)")),
    keccak256(utf8("CrossGuardian Gateway")),
    keccak256(utf8("1")),
    call.terms.chain,
    call.terms.contract,
  ]);
};

/** EIP-712, domain "CrossGuardian Gateway" of this chain with the contract as salt, type Governed(uint256 nonce,bytes[] calls). */
export const governedDigest = (call: GovernedCallOf, nonce: bigint, calls: readonly string[]): Uint8Array => {
  const { keccak256 } = call.powers.hashes;
  const hashes = keccak256(concatBytes(calls.map((each) => keccak256(utf8(each)))));
  const struct = hashWords(call, [keccak256(utf8("Governed(uint256 nonce,bytes[] calls)")), nonce, hashes]);
  return keccak256(concatBytes([EIP712_MARK, domainOf(call), struct]));
};

/** As {@link governedDigest}, type Pause(uint256 nonce). */
export const pauseDigest = (call: GovernedCallOf, nonce: bigint): Uint8Array => {
  const { keccak256 } = call.powers.hashes;
  return keccak256(concatBytes([EIP712_MARK, domainOf(call), hashWords(call, [keccak256(utf8("Pause(uint256 nonce)")), nonce])]));
};

/** Next nonce of governed calls. */
export const governanceNonce = async ({ ledger }: Call): Promise<bigint> => (await tables.governance.get(ledger, ""))?.nonce ?? 0n;

const remember = async ({ ledger, powers }: Call, id: string): Promise<Uint8Array> => {
  const bytes = utf8(id).length;
  demand(bytes > 0 && bytes <= MAX_ID_BYTES, "IdLength");
  const key = powers.hashes.serviceKey(id);
  const keys = (await tables.serviceKeys.get(ledger, "")) ?? [];
  if (!keys.some((each) => equalBytes(each, key))) tables.serviceKeys.put(ledger, "", [...keys, key]);
  return key;
};

const registerLocal = async (call: Call, { id, name, ordered, asset }: Extract<GovernedCall, { do: "registerLocalService" }>): Promise<void> => {
  const { ledger, services, terms } = call;
  const key = await remember(call, id);
  const known = await tables.service.get(ledger, toHex(key));
  const holder = await tables.serviceOf.get(ledger, name);
  const isNew = known === null || known.local === name;
  demand(isNew && services.has(name) && (holder === null || equalBytes(holder.key, key)), "ServiceInvalid");
  tables.serviceOf.put(ledger, name, { key });
  tables.service.put(ledger, toHex(key), { id, local: name, ordered, asset, chain: terms.chain, contract: terms.contract });
};

const registerRemote = async (call: Call, { id, chain, contract }: Extract<GovernedCall, { do: "registerRemoteService" }>): Promise<void> => {
  const key = toHex(await remember(call, id));
  const known = await tables.service.get(call.ledger, key);
  const isForeign = !equalBytes(chain, ZERO32) && !equalBytes(contract, ZERO32) && !equalBytes(chain, call.terms.chain);
  demand(isForeign && (known === null || known.local === ""), "ServiceInvalid");
  tables.service.put(call.ledger, key, { id, local: "", ordered: false, asset: false, chain, contract });
};

const allowPair = async ({ ledger }: Call, from: Uint8Array, to: Uint8Array): Promise<void> => {
  const records = [await tables.service.get(ledger, toHex(from)), await tables.service.get(ledger, toHex(to))];
  const [near, far] = records[0]?.local === "" ? [records[1], records[0]] : [records[0], records[1]];
  demand(near !== null && near !== undefined && near.local !== "" && far?.local === "", "ServiceUnknown");
  const pair = pairKey(from, to);
  tables.pair.put(ledger, pair, { allowed: true, frozen: (await tables.pair.get(ledger, pair))?.frozen ?? false });
};

const run = async (call: Call, governed: GovernedCall): Promise<void> => {
  const { ledger } = call;
  switch (governed.do) {
    case "registerLocalService":
      return registerLocal(call, governed);
    case "registerRemoteService":
      return registerRemote(call, governed);
    case "allowPair":
      return allowPair(call, governed.from, governed.to);
    case "closeChain":
      tables.closed.put(ledger, toHex(governed.chain), { closed: true });
      return;
    case "unfreezePair":
      for (const pair of [pairKey(governed.from, governed.to), pairKey(governed.to, governed.from)]) {
        tables.pair.put(ledger, pair, { allowed: (await tables.pair.get(ledger, pair))?.allowed ?? false, frozen: false });
      }
      return;
    case "unpause":
      tables.gate.put(ledger, "", { paused: false, pauseNonce: (await tables.gate.get(ledger, ""))?.pauseNonce ?? 0n });
  }
};

/** Runs calls in order, all or none (Governed.sol). Signers ascending; the nonce makes a signature good for one use. */
export const governed = async (call: Call, calls: readonly string[], signatures: readonly Uint8Array[]): Promise<void> => {
  const { terms, ledger } = call;
  const nonce = await governanceNonce(call);
  tables.governance.put(ledger, "", { nonce: nonce + 1n });
  const digest = governedDigest(call, nonce, calls);
  demand(signatures.length >= terms.governanceThreshold, "TooFewGovernors", { needed: terms.governanceThreshold, found: signatures.length });
  let last = new Uint8Array(20);
  for (const each of signatures) {
    const signer = signerOf(call, digest, each);
    demand(compareBytes(last, signer) < 0, "GovernorsNotAscending");
    demand(terms.governors.some((governor) => equalBytes(governor, signer)), "NotGovernor", { signer: toHex(signer) });
    last = Uint8Array.from(signer);
  }
  for (const each of calls) await run(call, decodeGovernedCall(each));
};

/** Stops request and execute, never cancel or settle. One signature of the pause key stops once. */
export const pause = async (call: Call, signature: Uint8Array): Promise<void> => {
  const gate = await tables.gate.get(call.ledger, "");
  const nonce = gate?.pauseNonce ?? 0n;
  demand(equalBytes(signerOf(call, pauseDigest(call, nonce), signature), call.terms.pauser), "OnlyPauser");
  tables.gate.put(call.ledger, "", { paused: true, pauseNonce: nonce + 1n });
};

/** A key of 32 bytes from hexadecimal digits. */
export const keyFromHex = (text: string): Uint8Array => {
  demand(/^[0-9a-f]{64}$/u.test(text), "ArgumentsInvalid");
  return fromHex(text);
};
