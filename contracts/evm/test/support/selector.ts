import { type Abi, type Hex, toFunctionSelector } from "viem";

/** First four bytes of a custom error, as they come through a contract that passes them on. */
export function errorSelector(abi: Abi, name: string): Hex {
  const error = abi.find((item) => item.type === "error" && item.name === name);
  if (error?.type !== "error") throw new Error(`no error ${name}`);
  return toFunctionSelector(`${name}(${error.inputs.map(({ type }) => type).join(",")})`);
}
