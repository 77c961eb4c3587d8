import { keyHashOf, publicKeyOf } from "@crossguardian/devnet";
import { fromHex, to0x } from "@crossguardian/kernel";

import { type ForeignKind } from "../foreign-chain.ts";
import { openUtxo } from "./open-utxo.ts";
import { startUtxo } from "./start-utxo-world.ts";

/** Bitcoin's rules, on bcoin's regtest in development. */
export const utxoKind: ForeignKind = {
  kind: "utxo",
  start: startUtxo,
  open: openUtxo,
  receiverOf: (user) => to0x(keyHashOf(publicKeyOf(fromHex(user.privateKey)))),
};
