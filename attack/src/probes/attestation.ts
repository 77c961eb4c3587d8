import { gatewayAbi } from "@crossguardian/contracts-evm";
import { keyLabel, to0x } from "@crossguardian/kernel";
import { checkAttestation, relayGenesisDocument, relayGenesisHash } from "@crossguardian/protocol";
import { type Attestation, decodeMessage, type RelayHeader } from "@crossguardian/wire";
import { signAscending, validatorAddress, type World } from "@crossguardian/world";
import { encodeFunctionData } from "viem";

import { type Layer } from "../cell/layers.ts";
import { type GatewayProbe } from "../probe.ts";

const VALIDATOR_KEY = keyLabel("validator-key");
const CHAIN = "A";
const HEADER: RelayHeader = { epoch: 1n, height: 1_000_000n, prevHash: new Uint8Array(32), tickMs: 1_000_000n, entriesRoot: new Uint8Array(32).fill(7) };
/** Order of secp256k1's group (SEC 2). */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

type Signing = { readonly world: World; readonly genesis: Uint8Array; readonly sign: (header: RelayHeader, validators: readonly number[], genesis?: Uint8Array) => readonly Uint8Array[] };

const signingOf = (world: World): Signing => {
  const document = decodeMessage(relayGenesisDocument, world.terms.genesis);
  if (!document.ok) throw new Error("no genesis");
  const genesis = relayGenesisHash(world.hashes, document.value);
  const keyOf = (number: number): Uint8Array => world.crypto.deriveKey(world.slots.rootOf(`validator-${number}`), VALIDATOR_KEY);
  return { world, genesis, sign: (header, validators, other = genesis) => signAscending(world.crypto, world.hashes.blockDigest(other, header), validators.map(keyOf)) };
};

/** The same signature with s on the other side of the group's order (EIP-2). */
const high = (signature: Uint8Array): Uint8Array => {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32, 64)).toString("hex")}`);
  return Uint8Array.from([...signature.subarray(0, 32), ...Buffer.from((ORDER - s).toString(16).padStart(64, "0"), "hex"), (signature[64] ?? 27) === 27 ? 28 : 27]);
};

const withoutEpoch = (header: RelayHeader): RelayHeader => ({ ...header, epoch: header.epoch + 1n });

/** Relay blocks that t of n validators have not attested. The lab holds every key, also those an attacker cannot have. */
const FORGERIES: Readonly<Record<string, readonly [says: string, make: (signing: Signing) => Attestation]>> = {
  thresholdMinusOne: ["a relay block with one signature too few", ({ sign }) => ({ header: HEADER, signatures: sign(HEADER, [1, 2]) })],
  oneTwice: ["one validator's signature twice", ({ sign }) => ({ header: HEADER, signatures: sign(HEADER, [1, 2, 2]) })],
  stranger: ["a signature of somebody who is no validator", ({ sign, world, genesis }) => ({
    header: HEADER,
    signatures: [...sign(HEADER, [1, 2]), ...signAscending(world.crypto, world.hashes.blockDigest(genesis, HEADER), [world.crypto.deriveKey(world.slots.rootOf("pause"), VALIDATOR_KEY)])]
      .sort((left, right) => compare(signerOf(world, genesis, left), signerOf(world, genesis, right))),
  })],
  highS: ["signatures with a high s", ({ sign }) => ({ header: HEADER, signatures: sign(HEADER, [1, 2, 3]).map(high) })],
  zero: ["signatures of zeros", () => ({ header: HEADER, signatures: Array.from({ length: 3 }, () => new Uint8Array(65)) })],
  descending: ["signatures in another order", ({ sign }) => ({ header: HEADER, signatures: [...sign(HEADER, [1, 2, 3])].reverse() })],
  otherHeader: ["signatures of another block", ({ sign }) => ({ header: { ...HEADER, entriesRoot: new Uint8Array(32).fill(8) }, signatures: sign(HEADER, [1, 2, 3]) })],
  equivocation: ["signatures of two blocks of one height put together", ({ sign }) => ({
    header: HEADER, signatures: [...sign(HEADER, [1, 2]), ...sign({ ...HEADER, entriesRoot: new Uint8Array(32).fill(8) }, [3])],
  })],
  otherHeight: ["signatures of a block of another height", ({ sign }) => ({ header: { ...HEADER, height: 2n }, signatures: sign(HEADER, [1, 2, 3]) })],
  otherEpoch: ["a block of the next epoch, signed by this one's validators", ({ sign }) => ({ header: withoutEpoch(HEADER), signatures: sign(withoutEpoch(HEADER), [1, 2, 3]) })],
  otherRelay: ["signatures for another relay chain", ({ sign }) => ({ header: HEADER, signatures: sign(HEADER, [1, 2, 3], new Uint8Array(32).fill(9)) })],
};

const compare = (left: Uint8Array, right: Uint8Array): number => Buffer.compare(left, right);
const signerOf = (world: World, genesis: Uint8Array, signature: Uint8Array): Uint8Array =>
  world.crypto.secp256k1.recoverAddress(world.hashes.blockDigest(genesis, HEADER), signature.subarray(0, 64), (signature[64] ?? 27) - 27) ?? new Uint8Array(20);

const isTakenByGateway = ({ world, genesis }: Signing, attestation: Attestation): boolean => {
  const { topology, slots, crypto, hashes } = world;
  const validators = Array.from({ length: topology.validators }, (_, at) => validatorAddress(crypto, slots, `validator-${at + 1}`)).sort(compare);
  return checkAttestation({ hashes, secp256k1: crypto.secp256k1 }, genesis, { epoch: 1n, validators, threshold: topology.threshold }, attestation).ok;
};

/** Asks the contract on the chain, as a call that changes nothing. */
const isTakenByContract = async ({ world }: Signing, { header, signatures }: Attestation): Promise<boolean> => {
  const { epoch, height, prevHash, tickMs, entriesRoot } = header;
  const data = encodeFunctionData({
    abi: gatewayAbi, functionName: "execute",
    args: [{ epoch, height, prevHash: to0x(prevHash), tick: tickMs, entriesRoot: to0x(entriesRoot) }, signatures.map((each) => to0x(each)), [], []],
  });
  return Boolean(await world.rpcs.get(CHAIN)?.call("eth_call", [{ to: world.deployments.get(CHAIN)?.gateway, data }, "latest"]).then(() => true, () => false));
};

const accepted = async (signing: Signing, attestation: Attestation, layers: ReadonlySet<Layer>): Promise<boolean> => {
  // A verifier without proof check takes what looks like a block with signatures.
  if (layers.has("proof") && !isTakenByGateway(signing, attestation)) return false;
  return !layers.has("contract") || (await isTakenByContract(signing, attestation));
};

/** Relay blocks that were never attested, against the gateway that would hand them on and the contract that would execute them. */
export const attestationProbes = (world: World): readonly GatewayProbe[] => {
  const signing = signingOf(world);
  return Object.entries(FORGERIES).map(([name, [says, make]]) => ({
    id: `protocol.attestation-${name}`,
    group: "protocol",
    threat: "have a relay block believed that was not attested",
    says,
    layers: ["proof", "contract"],
    succeeds: async (layers) => accepted(signing, make(signing), layers),
  }));
};

/** Whether a block that t validators did sign is taken by both: else the refusals of the others show nothing. */
export const isHonestBlockTaken = async (world: World): Promise<boolean> => {
  const signing = signingOf(world);
  return accepted(signing, { header: HEADER, signatures: signing.sign(HEADER, [1, 2, 3]) }, new Set(["proof", "contract"]));
};
