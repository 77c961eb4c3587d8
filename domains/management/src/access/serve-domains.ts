import { CodedError } from "@crossguardian/kernel";
import { decodeOrder } from "../response/decode-order.ts";
import { type Responder } from "../response/responder.ts";
import { OPERATOR, type Step, STEPS } from "../response/step.ts";
import { nameFacts, type OverseerPowers, type Watched } from "../watched.ts";
import { type OrderCall, type OrderDesk } from "./order-desk.ts";

/** What operators may have done to the domains of a house is done by these. */
export type ServedHouse = Pick<OverseerPowers, "tellLauncher"> & { readonly all: ReadonlyMap<string, Watched>; readonly responder: Responder };

/** The argument of a step's order: what `decodeOrder` reads, about the same domain and step as the order itself. */
const takeStep = ({ responder }: ServedHouse, step: Step) => async ({ resource, operator, argument, reason }: OrderCall): Promise<unknown> => {
  const order = decodeOrder(argument === "" ? JSON.stringify({ domain: resource, step }) : argument);
  if (!order.ok) throw new CodedError(order.failure.code, order.failure.facts);
  if (order.value.domain !== resource || order.value.step !== step) throw new CodedError("management.order.malformed", { domain: resource, step });
  const done = responder.respond(resource, step, { by: OPERATOR, says: reason, facts: { operator } }, order.value.cpuPercent);
  if (!done.ok) throw new CodedError(done.failure.code, done.failure.facts);
  return done.value;
};

/** Serves the steps of the response ladder, and an orderly restart. */
export const serveDomains = (desk: Pick<OrderDesk, "serve">, house: ServedHouse): void => {
  for (const step of STEPS) desk.serve(step, takeStep(house, step));
  desk.serve("restart", async ({ resource, operator, reason }) => {
    const watched = house.all.get(resource);
    if (watched === undefined) throw new CodedError("management.domain.unknown", { name: resource });
    if (watched.epoch === null) throw new CodedError("management.domain.absent", { name: resource });
    const facts = nameFacts(watched);
    house.tellLauncher({ type: "renew", ...facts, why: `${operator}: ${reason}` });
    return facts;
  });
};
