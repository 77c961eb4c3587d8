import { bytesToHex, type Hex } from "viem";
import { mnemonicToAccount } from "viem/accounts";

/** The well-known development mnemonic: its keys are public, never fund them on a real chain. */
export const DEV_MNEMONIC = "test test test test test test test test test test test junk";

/** A funded account of every development chain. */
export type DevAccount = { readonly address: Hex; readonly privateKey: Hex };

/** The first `count` accounts of DEV_MNEMONIC at m/44'/60'/0'/0/i, the same on anvil and Ganache. */
export const devAccounts = (count: number): readonly DevAccount[] =>
  Array.from({ length: count }, (_, addressIndex) => {
    const account = mnemonicToAccount(DEV_MNEMONIC, { addressIndex });
    const { privateKey } = account.getHdKey();
    if (privateKey === null) throw new Error("a derived account has no private key");
    return { address: account.address, privateKey: bytesToHex(privateKey) };
  });
