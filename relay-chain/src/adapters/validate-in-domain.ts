import { type DomainPowers } from "@crossguardian/frontend";
import { type ValidatorConfig } from "@crossguardian/protocol";
import { tlsNameOf } from "@crossguardian/wire";
import { roleHostOf } from "./role-host.ts";
import { runValidator } from "./run-validator.ts";

/** Runs a validator as a domain. Control: "status". */
export const validateInDomain = async (powers: DomainPowers, config: ValidatorConfig): Promise<void> => {
  const connect = powers.streams.connect;
  const { validator, address, frozen, heights, isConnected, stop } = await runValidator({ ...(await roleHostOf(powers)), connect, tlsMin: tlsNameOf(powers.security.tlsMin) }, config);
  powers.gauge("relay.height", () => Number(validator.head().height));
  powers.gauge("relay.votes", () => validator.counts.votes);
  powers.gauge("relay.up", () => (isConnected() ? 1 : 0));
  powers.gauge("still.check", validator.checkingMs);
  powers.gauge("relay.refusals", () => validator.counts.refusals);
  powers.onControl("status", async () => ({
    height: validator.head().height,
    address,
    openTransfers: validator.openTransfers(),
    frozen: frozen(),
    heights: heights(),
    connected: isConnected(),
    ...validator.counts,
  }));
  powers.onStop(stop);
};
