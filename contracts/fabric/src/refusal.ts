/** A call that the chaincode refuses; `reason` is the name the Solidity contracts use for the same refusal. */
export class Refusal extends Error {
  readonly reason: string;

  constructor(reason: string, facts: Readonly<Record<string, string | number | bigint>> = {}) {
    const told = Object.entries(facts).map(([name, value]) => `${name} ${value.toString()}`);
    super([reason, ...told].join(" "));
    this.name = "Refusal";
    this.reason = reason;
  }
}

/** Refuses unless `holds`. */
export const demand = (holds: boolean, reason: string, facts?: Readonly<Record<string, string | number | bigint>>): void => {
  if (!holds) throw new Refusal(reason, facts);
};
