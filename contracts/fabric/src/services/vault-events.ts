import { concatBytes, utf8 } from "@crossguardian/kernel";
import { type FabricLog } from "@crossguardian/proof";
import { wordOf, wordOfBytes } from "@crossguardian/protocol";
import { type Call } from "../call.ts";

/** A move of assets at their destination, in the encoding of Vault.sol: (bytes32 indexed from, uint64 index, address indexed receiver, uint256 amount). */
export const movedLog = (
  { powers }: Pick<Call, "powers">,
  name: "Minted" | "Released",
  move: { readonly from: Uint8Array; readonly index: bigint; readonly receiver: Uint8Array; readonly amount: bigint },
): FabricLog => ({
  topics: [powers.hashes.keccak256(utf8(`${name}(bytes32,uint64,address,uint256)`)), move.from, wordOfBytes(move.receiver)],
  data: concatBytes([wordOf(move.index), wordOf(move.amount)]),
});
