import { type Crypto } from "@crossguardian/crypto";
import { type Hashes } from "@crossguardian/protocol";

import { type KeySlots } from "../key-slots.ts";

/** Powers that a chain's set-up is lent. */
export type ForeignPowers = { readonly crypto: Crypto; readonly hashes: Hashes; readonly slots: KeySlots };

/** Another chain, as a contract registers it: its word, its gateway contract, and the services that stand there. */
export type ForeignRemote = {
  readonly chain: string;
  readonly chainWord: Uint8Array;
  readonly contractWord: Uint8Array;
  readonly vault: string;
  readonly data: string | null;
};
