const DECIMALS = 18;

/** The smallest units of an amount with at most 18 decimals, like "1.5". The form was checked by the caller. */
export const parseTokens = (text: string): bigint => {
  const [whole = "0", fraction = ""] = text.split(".");
  return BigInt(whole) * 10n ** BigInt(DECIMALS) + BigInt(fraction.padEnd(DECIMALS, "0").slice(0, DECIMALS));
};

/** Units as text with at most 18 decimals. */
export const formatTokens = (units: bigint): string => {
  const digits = units.toString().padStart(DECIMALS + 1, "0");
  const fraction = digits.slice(-DECIMALS).replace(/0+$/u, "");
  return fraction === "" ? digits.slice(0, -DECIMALS) : `${digits.slice(0, -DECIMALS)}.${fraction}`;
};
