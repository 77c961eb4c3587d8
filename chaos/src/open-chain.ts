import { type ChainAccess, type ChainPlan, openAccess, type World } from "@crossguardian/world";

/** Opens a chain anew by the interfaces that its users have: what is read here is not what the oracle reads. */
export const openChain = (world: World, plan: ChainPlan): ChainAccess => {
  const access = openAccess({ ...world, chains: [plan] }).get(plan.name);
  if (access === undefined) throw new Error(`no way to chain ${plan.name}`);
  return access;
};
