/** Transaction of the gateway chaincode that takes several submissions. */
export const TOGETHER = "gateway:together";

const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every((each) => typeof each === "string");

/** Why each submission was refused, "" for those that were taken; an answer that does not read as that says nothing: the contract's events decide. */
export const decodeReasons = (untrusted: Uint8Array): readonly string[] => {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(untrusted));
    return isTexts(value) ? value.map((each) => each.slice(0, 200)) : [];
  } catch {
    return [];
  }
};
