import { publicKeysOf, type PublicKeys, readSavedWorld } from "@crossguardian/world";
import { type Command } from "commander";

import { type Context, examples, type InstanceOptions, withInstance } from "../context.ts";
import { findDataDir } from "../instance.ts";
import { formatTokens } from "../parse-tokens.ts";
import { operatorPowers } from "./contracts.ts";

const draw = (keys: PublicKeys): string =>
  [
    ...keys.gateways.map(({ name, address, boxKey }) => `${name}\n  gateway key  ${address}\n  box key      ${boxKey}`),
    "submitting accounts",
    ...keys.accounts.map(({ chain, gateway, address, balanceWei }) => `  chain ${chain.padEnd(6)} ${address}  ${balanceWei === null ? "chain does not answer" : `${formatTokens(BigInt(balanceWei))} ether`}  (${gateway})`),
    `validators, ${keys.validators.threshold} must sign`,
    ...keys.validators.addresses.map((each) => `  ${each}`),
    `governors, ${keys.governors.threshold} must sign, ${keys.governors.keysHere} of their keys are on this machine`,
    ...keys.governors.addresses.map((each) => `  ${each}`),
    `pause key      ${keys.pauseKey ?? "not on this machine"}`,
  ].join("\n");

/** `keys show` */
export const registerKeys = (program: Command, { places, print }: Context): void => {
  const keys = program.command("keys").description("keys of an instance").addHelpText("after", examples(["keys show --config crossguardian.json"]));
  withInstance(keys.command("show"))
    .description("public parts only: gateways, submitting accounts with balances, validators, governors, pause key")
    .addHelpText("after", examples(["keys show --config crossguardian.json", "keys show --json"]))
    .action(async (options: InstanceOptions) => {
      const dataDir = findDataDir(places, options);
      const shown = await publicKeysOf(await operatorPowers(), readSavedWorld(dataDir), dataDir);
      print(options.json, shown, () => draw(shown));
    });
};
