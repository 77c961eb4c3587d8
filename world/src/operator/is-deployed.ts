import { type SavedWorld } from "../saved-world.ts";

/** Whether a chain's contracts stand: those of an EVM chain are written down; any other kind's are, once they were made, by the height before that. */
export const isDeployed = ({ deployments, chains }: Pick<SavedWorld, "deployments" | "chains">, chain: string): boolean => {
  const plan = chains.find(({ name }) => name === chain);
  return deployments.has(chain) || (plan?.foreign !== undefined && plan.deployHeight !== undefined);
};
