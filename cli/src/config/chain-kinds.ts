import { type ChainKindName } from "@crossguardian/kernel";
import { InvalidArgumentError } from "commander";

const MAX_KINDS = 2;

/** Reads kinds of the gateways' chains, such as evm,fabric, out of those that are possible. The first is evm. */
export const chainKinds = (possible: readonly ChainKindName[]) => (text: string): readonly ChainKindName[] => {
  const names = text.split(",");
  const known = names.flatMap((name) => possible.filter((kind) => kind === name));
  if (known.length !== names.length || names.length > MAX_KINDS) throw new InvalidArgumentError(`one or two of ${possible.join(", ")}, with a comma between`);
  if (known[0] !== "evm") throw new InvalidArgumentError("the first kind, that of gateway A's chains, is evm");
  return known;
};
