import { type Facts } from "./facts.ts";
import { type Finding, worstFirst } from "./finding.ts";
import { judgeChains } from "./judge-chains.ts";
import { judgeHouses } from "./judge-houses.ts";
import { judgeKeys } from "./judge-keys.ts";
import { judgeMachine } from "./judge-machine.ts";
import { judgeRelayChain } from "./judge-relay-chain.ts";
import { judgeTransfers } from "./judge-transfers.ts";

/** Every finding about an instance, worst first. */
export const examine = (facts: Facts): readonly Finding[] =>
  worstFirst([...judgeHouses(facts), ...judgeChains(facts), ...judgeRelayChain(facts), ...judgeMachine(facts), ...judgeKeys(facts), ...judgeTransfers(facts)]);
